"""What the kit covers: every op, every module, every rule of the mixer, every diagnostic and refusal."""

import glob
import json
import os
import re

import kit


def text_of(*names):
    with open(os.path.join(kit.ROOT, *names), encoding="utf-8") as file:
        return file.read()


def all_cases():
    return [case for path in kit.case_files() for case in kit.read_file(path)]


def programs_of(cases):
    for case in cases:
        if case.kind == "vm" and not case.name.startswith("refused/"):
            yield kit.Program(case.program)


def ops(cases):
    """By name; every op that is called in some program."""
    table = kit.op_table()
    used = set().union(*(program.ops() for program in programs_of(cases)))
    return [row["name"] for row in table.values()], [table[number]["name"] for number in used]


def opcodes(cases):
    listed = re.search(r"enum vm_opcode \{(.*?)\}", text_of("vm", "format.h"), re.S).group(1)
    names = {int(number): name for name, number in re.findall(r"VM_(\w+) = (\d+)", listed)}
    used = {i[0] for program in programs_of(cases) for i in program.instructions()}
    return list(names.values()), [names[number] for number in used if number in names]


def modules(cases):
    """A module without a program of its own has no case: none may."""
    wanted = []
    for path in glob.glob(os.path.join(kit.ROOT, "vm", "*", "modules.def")):
        with open(path, encoding="utf-8") as file:
            wanted += re.findall(r'^MODULE\([^"]*"([^"]+)"', file.read(), re.M)
    return wanted, {case.name.split("/")[0] for case in cases if case.kind == "vm"}


def rules(cases):
    """README.md has the list; each section of docs/mixer.md up to 10 must be in it."""
    listed = re.findall(r"^\| `([0-9][0-9.]*[a-z0-9.-]+)` \|", text_of("conformance", "README.md"), re.M)
    sections = re.findall(r"^#+ ([0-9.]+) ", text_of("docs", "mixer.md"), re.M)
    wanted = listed + [s for s in sections if not any(r.startswith(s + ".") for r in listed) and s != "11"]
    used = {rule for case in cases for rule in case.rules}
    return wanted + sorted(used - set(listed)), used & set(listed)


def diagnostics(_cases):
    """Each code has a fixture with its text, or tests/broken.sh makes one."""
    wanted = ["E%04d" % int(n) for n in re.findall(r"^DIAG\((\d+),", text_of("text", "diagnostics.def"), re.M)]
    fixtures = glob.glob(os.path.join(kit.ROOT, "fixtures", "broken", "E*.txt"))
    found = {os.path.basename(path)[:5] for path in fixtures}
    found |= {"E" + n for n in re.findall(r"^    (\d{4})\) ", text_of("tests", "broken.sh"), re.M)}
    return wanted, found


def refusals(_cases):
    """Each code stands as what some case gives."""
    rows = re.findall(r"^REFUSAL\((\d+), (\w+),", text_of("vm", "refusals.def"), re.M)
    given = text_of("conformance", "vm", "refused.ladders").split("\n")
    return [name for _, name in rows], [name for number, name in rows if "error " + number in given]


PARTS = {
    "modules": modules,
    "ops": ops,
    "opcodes": opcodes,
    "mixer rules": rules,
    "diagnostics": diagnostics,
    "refusals": refusals,
}


def report(as_json):
    cases, result = all_cases(), {}
    for part, look in PARTS.items():
        wanted, found = look(cases)
        missing = [name for name in wanted if name not in set(found)]
        result[part] = {"of": len(wanted), "covered": len(wanted) - len(missing), "missing": missing}
    whole = all(not row["missing"] and row["of"] for row in result.values())
    if as_json:
        print(json.dumps(result, indent=1))
        return 0 if whole else 1
    for part, row in result.items():
        print("%-12s %4d of %4d" % (part, row["covered"], row["of"]))
        for name in row["missing"]:
            print("  not covered: %s" % name)
    return 0 if whole else 1
