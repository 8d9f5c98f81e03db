#!/usr/bin/env python3
"""Which branches were taken: tests/coverage/table.py TREE LEAST FOLDER... of a tree built with
--coverage. Prints each line with branches never taken, then a table by file and folder; ends with 1
when a folder has less than LEAST per cent of its branches taken. Folders behind `--` are only told of.

A branch is one of gcov's: a way out of a condition of the source. Code that is compiled several times
(a header's functions, an op's loops at each width) counts once: its branch is taken when it is in any
of them. Where they have not the same branches, because one knows a condition when it is compiled,
those with most stand for all. An assertion's failing is no branch."""
import json
import os
import re
import subprocess
import sys
from collections import defaultdict


def gcov(tree, folders):
    """What gcov says of every object of the folders, a value each."""
    notes = [os.path.join(at, name)[len(tree) + 1:] for folder in folders
             for at, _, names in os.walk(os.path.join(tree, "build", folder))
             for name in names if name.endswith(".gcno")]
    tool = os.environ.get("GCOV", "gcov")
    for i in range(0, len(notes), 50):
        run = subprocess.run([tool, "--json-format", "--stdout", "--branch-probabilities", *notes[i:i + 50]],
                             cwd=tree, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True)
        for line in run.stdout.splitlines():
            yield json.loads(line)


def gather(tree, folders):
    """lines[file][line]: was it reached; branches[file][line]: (function, shape) to a list of counts."""
    lines = defaultdict(lambda: defaultdict(bool))
    branches = defaultdict(lambda: defaultdict(dict))
    for unit in gcov(tree, folders):
        for source in unit["files"]:
            name = os.path.normpath(source["file"])
            if name.split("/")[0] not in folders:
                continue
            starts = {f["name"]: f["start_line"] for f in source["functions"]}
            for line in source["lines"]:
                number, counts = line["line_number"], [b["count"] for b in line["branches"]]
                lines[name][number] |= line["count"] > 0
                if counts:
                    shape = starts.get(line.get("function_name")), len(counts)
                    had = branches[name][number].setdefault(shape, [0] * len(counts))
                    branches[name][number][shape] = [a + b for a, b in zip(had, counts)]
    return lines, branches


def chosen(shapes):
    """The counts of a line's branches, of each function the ones with most branches that ran."""
    best = {}
    for (function, size), counts in shapes.items():
        rank = any(counts), size
        if function not in best or rank > best[function][0]:
            best[function] = rank, counts
    return [count for _, counts in best.values() for count in counts]


def percent(part, whole):
    return "%6.1f" % (100 * part / whole) if whole else "     -"


def row(name, sums):
    reached, lines, taken, branches = sums
    print("%-36s %6d %s %8d %s %6d" % (name, lines, percent(reached, lines), branches, percent(taken, branches),
                                       branches - taken))


def main(tree, least, *folders):
    checked = folders[:folders.index("--")] if "--" in folders else folders
    folders = [f for f in folders if f != "--"]
    lines, branches = gather(tree.rstrip("/"), folders)
    sums = {}
    for name in sorted(lines):
        text = open(os.path.join(tree, name), encoding="utf-8").read().split("\n")
        taken = known = 0
        for number, shapes in sorted(branches[name].items()):
            if re.search(r"\bassert\(", text[number - 1]):
                continue
            counts = chosen(shapes)
            never = counts.count(0)
            known += len(counts)
            taken += len(counts) - never
            if never:
                print("%s:%d: %d of %d never taken: %s" % (name, number, never, len(counts), text[number - 1].strip()))
        sums[name] = sum(lines[name].values()), len(lines[name]), taken, known
    head = "\n%-36s %6s %6s %8s %6s %6s" % ("", "lines", "%", "branches", "%", "never")
    print(head)
    for name in sums:
        row(name, sums[name])
    print(head)
    low = []
    for folder in folders:
        whole = [sum(column) for column in zip(*(s for name, s in sums.items() if name.split("/")[0] == folder))]
        row(folder + "/", whole)
        if folder in checked and whole[2] * 100 < float(least) * whole[3]:
            low.append(folder)
    for folder in low:
        print("%s/: less than %s %% of its branches are taken" % (folder, least))
    return 1 if low else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
