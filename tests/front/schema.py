"""The JSON Schema and patchc agree: over patches made from a fixed seed, right ones and ones with a
fault somewhere. What patchc takes is valid. What is valid patchc takes, unless what is wrong is
between the parts of the patch: names, cables, types, files, sums, the size of a number that is
written in a string. Arguments: the schema, a folder to work in, how many rounds. PATCHC names the program."""
import copy
import json
import os
import random
import subprocess
import sys

import jsonschema

patchc = os.environ.get("PATCHC", "bin/patchc")
work = sys.argv[2]
schema = json.load(open(sys.argv[1]))
jsonschema.Draft202012Validator.check_schema(schema)
validator = jsonschema.Draft202012Validator(schema)
random.seed(20261121)

# What a schema cannot say: see --explain.
BETWEEN = {
    "E0203", "E0204", "E0205", "E0206", "E0207", "E0208", "E0209", "E0214", "E0215", "E0216", "E0217",
    "E0218", "E0222", "E0224", "E0228", "E0301", "E0302", "E0303", "E0304", "E0305", "E0306", "E0307", "E0401", "E0402",
    "E0404",
}
# Those only where a number is in a string, where an array adds up, or where ends of a range meet.
NUMBERS = {"E0109", "E0211", "E0212", "E0220", "E0229", "E0231"}

SEEDS = [
    {"nodes": {"o": {"type": "osc.saw", "params": {"freq": [110, "a2", "lfo"]}, "oversample": 2},
               "lfo": {"type": "osc.sine", "params": {"freq": "5hz"}},
               "out": {"type": "output", "params": {"in": "o"}}}},
    {"params": {"pitch": {"unit": "hz", "range": [20, 2000], "default": "a4", "glide": "20ms",
                          "curve": "exponential"}, "level": "-6db", "time": {"unit": "ms"},
                "gate": {"unit": "gate"}, "mod": 0.5, "loud": {"unit": "db", "curve": "exponential"},
                "far": {"unit": "khz", "default": 2}, "part": {"unit": "%", "range": [5, "60%"]}},
     "nodes": {"o": {"type": "osc.saw", "params": {"freq": "pitch"},
                     "unison": {"copies": 3, "detune": 12.5, "width": "50%"}},
               "e": {"type": "env.adsr", "params": {"gate": "gate", "attack": "5ms"}},
               "g": {"type": "gain", "params": {"in": "o", "amp": ["e", "level"]}},
               "out": {"type": "output"}},
     "connections": [{"from": ["g", "out"], "to": ["out", "in"]}]},
    {"nodes": {"l": {"type": "math.lookup", "params": {"a": 0.5, "table": {"table": [1, "2hz", "a4"]},
                                                       "interp": "step"}},
               "p": {"type": "env.points", "params": {"points": {"table": [[0, 0], ["10ms", 1]]},
                                                      "sustain": 2}},
               "x": {"type": "filter.lopass", "params": {"in": ["l", "p"], "cutoff": "1khz"},
                     "unison": 2, "comment": "no such thing"},
               "out": {"type": "output", "params": {"in": ["l", "p.out"]}}}},
    {"comment": "used", "$schema": "x",
     "defs": {"v": {"params": {"freq": "440hz", "unison": 1},
                    "outputs": {"level": ["e", 0.5], "two": "s"},
                    "nodes": {"s": {"type": "osc.pulse", "params": {"freq": "freq", "width": "30%"}},
                              "e": {"type": "env.decay"},
                              "out": {"type": "output", "params": {"in": "s", "left": 0.5}}}}},
     "nodes": {"n": {"type": "v", "params": {"freq": ["110hz", 5]}, "oversample": 4},
               "out": {"type": "output", "params": {"in": ["n", "n.level"]}}},
     "connections": [{"from": ["n.two"], "to": ["out"]}]},
    {"nodes": {"t": {"type": "delay.multitap", "params": {"in": "s",
                     "taps": {"table": [["10ms", "50%", -1], ["20ms", "-6db", 1]]}}},
               "s": {"type": "osc.supersaw", "unison": {"copies": 2}},
               "q": {"type": "noise.pink"}, "out": {"type": "output", "params": {"in": ["t", "q"]}}}},
    {"uses": [{"file": "used.sx", "as": "w"}, {"file": "used.sx"}],
     "nodes": {"a": {"type": "w", "unison": 2}, "b": {"type": "used", "params": {"freq": 220}},
               "out": {"type": "output", "params": {"in": ["a", "b"]}}}},
]
ATOMS = [0, 1, 2, 2.0, 3, 4, 8, 16, 17, 0.5, -1, -0.0, 1e9, 1.1e9, -3e4, 24000, 1e40, True, False, None, "",
         "2", "2.0", "4", "a4", "-6db", "50%", "120%", "5ms", "5 ms", "1e999", "440hz", "1.2.3", ".5", "5.",
         "+5", "5q", "o", "o.out", "o.nothing", "e", "lfo.out.out", "two words", "ä", "type", "left",
         "step", "linear", "exponential", "hz", "none", "db", "gate", "osc.sine", "gain", "output",
         "input", "v", "used.sx", [], [1], ["a4"], [1, 2], [2, 1], [-1, 1], [[1, 2], [3]], [[1], [2]], {},
         {"table": [1, 2]}, {"table": []}, {"table": [[1, 2], [3, 4]]}, {"table": 1}, {"table": [1, [2]]},
         {"sample": "no.wav"}, {"sample": "no.wav", "channel": "up"}, {"copies": 3}, {"copies": "3"},
         {"copies": 3, "width": 0}, {"detune": 5}, {"copies": 2, "width": 2}, {"unit": "hz"},
         {"unit": "gate", "default": 1}, {"type": "osc.sine"}, {"type": "noise.white", "unison": 2},
         {"type": "input", "oversample": 2}, {"from": ["o"], "to": ["out"]}]
KEYS = ["oversample", "unison", "params", "type", "comment", "freq", "freqs", "in", "table", "curve",
        "range", "default", "glide", "unit", "file", "as", "defs", "uses", "outputs", "connections",
        "nodes", "a.b", "out", "gate", "mix", "1st", "from", "to", "copies", "width", "detune", "cable"]


def places(value, path=()):
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from places(inner, path + (key,))


def mutated(patch):
    patch = copy.deepcopy(patch)
    path = random.choice(list(places(patch)))
    if not path:
        patch[random.choice(KEYS)] = copy.deepcopy(random.choice(ATOMS))
        return patch
    holder = patch
    for key in path[:-1]:
        holder = holder[key]
    what = random.randrange(5)
    if what == 0:
        del holder[path[-1]]
    elif what == 1 and isinstance(holder, dict):
        holder[random.choice(KEYS)] = copy.deepcopy(random.choice(ATOMS))
    elif what == 1:
        holder.append(copy.deepcopy(random.choice(ATOMS)))
    elif what == 2 and isinstance(holder, dict):
        holder[random.choice(KEYS)] = holder.pop(path[-1])
    else:
        holder[path[-1]] = copy.deepcopy(random.choice(ATOMS))
    return patch


def refusals(patch):
    """Code and text of each error; none: patchc takes it."""
    text = json.dumps(patch, indent=1, ensure_ascii=False)
    path = os.path.join(work, "schema-test.json")
    open(path, "w").write(text)
    done = subprocess.run([patchc, "--check", "--diagnostics", "json", path], capture_output=True, text=True)
    assert done.returncode in (0, 1), done
    lines = text.split("\n")
    return [(e["code"], lines[e["line"] - 1][e["column"] - 1:]) for e in map(json.loads, done.stderr.splitlines())]


wrong = 0


def fail(*verdict):
    global wrong
    wrong = 1
    return verdict


def check(patch):
    valid = validator.is_valid(patch)
    errors = refusals(patch)
    if not errors and not valid:
        print("patchc takes what the schema does not:", json.dumps(patch))
        print([e.message[:150] for e in validator.iter_errors(patch)][:3])
        return fail(valid, not errors)
    for code, at in errors if valid else []:
        in_string = code in NUMBERS and (at[:1] in '"[' or "range" in json.dumps(patch))
        in_sum = code in NUMBERS and "[" in json.dumps(patch["nodes"])
        if code not in BETWEEN and not in_string and not in_sum:
            print("the schema takes what patchc does not:", code, at[:40], json.dumps(patch))
            return fail(valid, not errors)
    return valid, not errors


open(os.path.join(work, "used.sx"), "w").write(
    "(patch (params (freq (unit hz) (default 110))) (output (osc.saw freq)))")
open(os.path.join(work, "schema-test.sx"), "w").write("(patch (output 1))")
counts = {}
modules = json.loads(subprocess.run([patchc, "--modules=json"], capture_output=True).stdout)["modules"]
rounds = int(sys.argv[3]) if len(sys.argv) > 3 else 1  # more of it, when one wants to look for longer
for module in modules:  # an input of every module is given some of each
    for port in random.sample(module["inputs"], min(rounds, len(module["inputs"]))):
        for value in random.sample(ATOMS, 2 * rounds):
            patch = {"nodes": {"m": {"type": module["name"], "params": {port["name"]: value}},
                               "o": {"type": "osc.sine"}, "out": {"type": "output", "params": {"in": "o"}}}}
            verdict = check(patch)
            counts[verdict] = counts.get(verdict, 0) + 1
for i in range(600 * rounds):
    patch = random.choice(SEEDS) if i >= len(SEEDS) else SEEDS[i]
    for _ in range(random.choice((1, 1, 1, 2)) if i >= len(SEEDS) else 0):
        patch = mutated(patch)
    verdict = check(patch)
    counts[verdict] = counts.get(verdict, 0) + 1
assert counts[True, True] > 100 and counts[False, False] > 300, counts
print(counts)
sys.exit(wrong)
