"""rows.py - what every row of the module table must have, and what its example must sound like.

    PATCHC=bin/patchc PATCHRUN=bin/patchrun rows.py FOLDER

prints lines "ok NAME WHAT" or "bad NAME WHAT", with tabs between. FOLDER is for files of passage.
NAME is a module's or, for what holds of a row before it is a module, an op's or a family's."""
import json
import os
import re
import subprocess
import sys

PATCHC, PATCHRUN = os.environ["PATCHC"], os.environ["PATCHRUN"]
WORK = sys.argv[1]
FAMILY_ID = dict(osc=1, noise=2, filter=3, env=4, math=5, structure=6, delay=7, dynamics=8, shape=9,
                 control=10, physical=11)
BARE = ("math", "structure", "delay")  # families whose modules may have names without a prefix
LOUD, QUIET = 1.0, 10 ** (-26 / 20)
DISTINCT = 8  # samples that differ: fewer are no sound, or one of a bit
SOUND_IN = [None, "golden/coin.flac", "golden/chord.flac"]  # by channels


def run(*command, text=None):
    return subprocess.run(command, input=text, capture_output=True, text=True)


def rows_of_files():
    """(id, ENUM, name, family) of every MODULE row."""
    for family in FAMILY_ID:
        path = f"vm/{family}/modules.def"
        if os.path.exists(path):
            for row in re.finditer(r'^MODULE\((0x[0-9a-f]+), (\w+), "([^"]+)"', open(path).read(), re.M):
                yield int(row[1], 16), row[2], row[3], family


def ops_of_files():
    """name: (state words, memory, id) of every OP row."""
    ops = {}
    for family in FAMILY_ID:
        path = f"vm/{family}/ops.def"
        for row in re.finditer(r"^OP\(([^\"]+),", open(path).read() if os.path.exists(path) else "", re.M):
            field = [f.strip() for f in row[1].split(",")]
            ops[field[1]] = (int(field[4]), field[6], int(field[0]))
    return ops


OPS = ops_of_files()
USED = set()  # of them by the examples


def latency(problems, module):
    """It is in frames: a number, or a law in which sr makes frames of seconds."""
    said = module["latency"]
    if re.fullmatch(r"[0-9]+", said):
        return
    if not re.search(r"\bsr\b", said):
        problems.append("the latency is neither a number of frames nor a law with sr in it")
    if re.search(r"[0-9.] ?(m?s|seconds?|milliseconds?)\b", said):
        problems.append("the latency is not in frames")
    given = [p["name"] for p in module["inputs"] if p.get("unit") == "s" and p["name"] in said.split()]
    if given and not re.search(r": [0-9]+ unless given$", said):
        problems.append("the latency does not say how many frames it is unless something is given")


def texts(problems, module):
    """What can be read without playing it."""
    for field in ("summary", "recurrence", "latency", "example"):
        if not module[field].strip():
            problems.append(f"no {field}")
    if module["summary"].endswith("."):
        problems.append("the summary ends in a full stop")
    if len(module["summary"]) > 72:
        problems.append("the summary is over 72 characters")
    for port in module["inputs"] + module["outputs"]:
        if not re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", port["name"]):
            problems.append(f"port '{port['name']}' is not lower-case words with _ between")
        if not port["help"] or port["help"].endswith("."):
            problems.append(f"the help of '{port['name']}' is empty or ends in a full stop")
        if port.get("unit") == "Hz" and port.get("high", 0) > 48000:
            problems.append(f"'{port['name']}' goes beyond 48 kHz")
        if "default" in port and "low" in port and not port["low"] <= port["default"] <= port["high"]:
            problems.append(f"the default of '{port['name']}' is out of its range")
    latency(problems, module)
    if not module["outputs"] and module["name"] != "output":
        problems.append("no outputs")


def state_of(program, nodes):
    """Does a node of these keep anything from frame to frame? By its instructions, but for those
    that change its rate."""
    node = None
    for line in program.splitlines():
        if line.startswith(".node"):
            node = line.split('"')[1]
        call = re.match(r"CALL_OP +(\w+)", line)
        if node in nodes and call:
            words, memory, _ = OPS[call[1]]
            if memory in ("RING", "RING_TABLE") or (words and memory not in ("UP", "DOWN")):
                return True
        if node in nodes and line.startswith("WRITE_PORT"):
            return True
    return False


def sound(problems, module, program):
    """One second of the example."""
    wav = f"{WORK}/example.wav"
    channels = len(re.findall(r"^\.input", program, re.M))
    given = ["--input", SOUND_IN[channels]] if channels else []
    played = run(PATCHRUN, f"{WORK}/example.pbc", *given, "--seconds", "1", "-o", wav)
    if played.returncode:
        problems.append("the example does not play: " + played.stderr.strip())
        return
    stats = dict(f.split("=") for f in run("build/tests/tools/audio_stats", wav).stdout.split())
    if not stats:
        problems.append("build/tests/tools/audio_stats does not run")
        return
    if float(stats["peak"]) < QUIET:
        problems.append(f"the example's peak is {stats['peak']}: under -26 dBFS")
    if float(stats["peak"]) >= LOUD or int(stats["clipped"]):
        problems.append("the example clips")
    if int(stats["values"]) < DISTINCT:
        problems.append(f"the example has only {stats['values']} different samples")


LINES, COLUMNS = 4, 100


def example(problems, module):
    lines = module["example"].split("\n")
    if len(lines) > LINES or max(map(len, lines)) > COLUMNS:
        problems.append(f"the example has more than {LINES} lines or {COLUMNS} columns")
    path = f"{WORK}/example.pbc"
    compiled = run(PATCHC, "-", "-o", path, text=module["example"])
    if compiled.returncode:
        problems.append("the example does not compile: " + compiled.stderr)
        return
    graph = json.loads(run(PATCHC, "--emit", "json", "-", text=module["example"]).stdout)
    nodes = {n for n, node in graph["nodes"].items() if node["type"] == module["name"]}
    if not nodes:
        problems.append("the example does not use the module")
    program = run(PATCHC, "-d", path).stdout
    USED.update(re.findall(r"^CALL_OP +(\w+)", program, re.M))
    if state_of(program, nodes) and not module["stable"]:
        problems.append("it keeps state, but does not say where it is stable")
    if state_of(program, nodes) and not module["source"]:
        problems.append("it keeps state, but does not say where it comes from")
    sound(problems, module, program)


def names(module, row):
    """The scheme of names and ids."""
    number, enum, name, family = row
    problems = []
    if not re.fullmatch(r"[a-z][a-z0-9]*(\.[a-z0-9]+)*", name):
        problems.append("the name is not words with dots between")
    if enum != re.sub(r"[^A-Z0-9]", "_", name.upper()):
        problems.append(f"its ENUM is {enum}")
    if "." not in name and family not in BARE:
        problems.append("the name has no prefix")
    if number >> 8 not in (0, FAMILY_ID[family]):
        problems.append(f"id {number:#06x} is not of its family")
    if module["family"] != family:
        problems.append("patchc names another family")
    return problems


def say(name, problems):
    for problem in problems:
        print("bad", name, " | ".join(problem.split("\n")), sep="\t")
    if not problems:
        print("ok", name, "", sep="\t")


def lowerings():
    text = ""
    for folder, _, files in os.walk("compiler"):
        for file in files:
            if file.endswith((".c", ".h")):
                text += open(os.path.join(folder, file)).read()
    return text


def main():
    modules = {m["name"]: m for m in json.loads(run(PATCHC, "--modules=json").stdout)["modules"]}
    rows = list(rows_of_files())
    if len(rows) != len(modules):
        say("families", [f"{len(rows)} rows in vm/*/modules.def, {len(modules)} modules"])
    for row in rows:
        module = modules[row[2]]
        problems = names(module, row)
        texts(problems, module)
        if module["example"]:
            example(problems, module)
        say(module["name"], problems)
    for index, what in ((0, "id"), (1, "ENUM"), (2, "name")):
        values = [row[index] for row in rows]
        twice = sorted({str(v) for v in values if values.count(v) > 1})
        say(f"{what}s", [f"twice: {', '.join(twice)}"] if twice else [])
    ids = [op[2] for op in OPS.values()]
    say("op-ids", ["an op's id stands twice"] if len(set(ids)) < len(ids) else [])
    text = lowerings()
    # A macro may paste the name: VM_OP_svf_##what##_coeff.
    for first, last in re.findall(r"VM_OP_(\w*)##\w+(?:##(\w+))?", text):
        USED.update(op for op in OPS if op.startswith(first) and op.endswith(last))
    unused = [op for op in OPS if op not in USED and not re.search(rf"VM_OP_{op}\b|[(,] ?{op}\)", text)]
    say("ops", [f"no module is lowered to {op}" for op in unused])


main()
