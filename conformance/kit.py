"""What the runner, the updater and the coverage report share: cases, ladders, programs.

A vm file (vm/*.requests) is requests as they go through the pipe, one after the other. A mixer file
(mixer/*.cases) is text: "case NAME rules=A,B" and then the lines of the request; a program named
there is a file of programs/. Beside each lies NAME.ladders: "case NAME" and then what must come out.
"""

import glob
import math
import os
import re
import struct

import xxhash

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
TICK = 800
WIDTH = {"16": 4, "24": 6}  # bytes of a frame; 8 of all others


class Case:
    """A request and what it takes to read the reply."""

    def __init__(self, name, kind, request, frames, frame_bytes):
        self.name, self.kind, self.request = name, kind, request
        self.frames, self.frame_bytes = frames, frame_bytes
        self.rules = []
        self.program = b""  # vm
        self.text = b""  # mixer

    def size(self):
        return self.frames * self.frame_bytes


# --- bytecode, as bytecode(5) has it ---


class Program:
    def __init__(self, data):
        self.sections = dict(sections_of(data))
        self.names = self.sections.get("NAME", b"")
        stat = self.sections["STAT"]
        self.channels = struct.unpack_from("<I", stat, 12)[0]
        ports = self.sections.get("PORT", b"")
        kinds = [struct.unpack_from("<H", ports, at)[0] for at in range(0, len(ports), 12)]
        self.inputs = kinds.count(2)
        self.params = {p[0]: p[1:] for p in self.read_params()}

    def name(self, at):
        return self.names[at : self.names.index(b"\0", at)].decode()

    def read_params(self):
        for name, _, _, low, high, default, _ in self.rows("PARM", "<IHHfffI"):
            yield self.name(name), low, high, default

    def rows(self, section, form):
        return struct.iter_unpack(form, self.sections.get(section, b""))

    def instructions(self):
        """Of each: opcode, argument, rate, the words of an op that has some, input registers."""
        code, at, ops = self.sections["CODE"], 0, op_table()
        while at < len(code):
            opcode, inputs, outputs, rate, argument = struct.unpack_from("<BBBBI", code, at)
            count = ops[argument]["words"] if opcode == 4 else 0
            words = struct.unpack_from("<%dI" % (count + inputs), code, at + 8)
            yield opcode, argument, rate, words[:count], words[count:]
            at += 8 + 4 * (count + inputs + outputs)

    def ops(self):
        return {i[1] for i in self.instructions() if i[0] == 4}

    # P of docs/mixer.md, section 8

    def table_length(self, number):
        at, tables = 0, self.sections["TABL"]
        for _ in range(number):
            at += 4 + 4 * struct.unpack_from("<I", tables, at)[0]
        return struct.unpack_from("<I", tables, at)[0]

    def op_cost(self, row, words, inputs, constants):
        how, *numbers = row["cost"]
        if how == "PER_VALUE":
            return numbers[0] + numbers[1] * self.table_length(words[-1])
        if how == "PER_INPUT":
            base, each, which, most = numbers
            wholes = math.ceil(abs(constants.get(inputs[which], most)))
            return base + each * min(max(wholes, 1), most)
        return numbers[0]

    def cost(self):
        ops, total, register = op_table(), 0, 1
        values = [value for (value,) in self.rows("CNST", "<f")]
        curves = [row[2] for row in self.rows("PARM", "<IHHfffI")]
        constants = {}
        for opcode, argument, rate, words, inputs in self.instructions():
            cost = {3: 12 if inputs else 0, 5: 4}.get(opcode, 0)
            if opcode == 1:
                constants[register] = values[argument]
            elif opcode == 2:
                cost = 64 if curves[argument] else 16
            elif opcode == 4:
                cost = self.op_cost(ops[argument], words, inputs, constants)
            total += cost << rate
            register += {1: 1, 2: 1, 3: 1, 4: ops[argument]["outputs"] if opcode == 4 else 0}.get(opcode, 0)
        return total


def sections_of(data):
    at = 24
    while at < len(data):
        tag, size = data[at : at + 4].decode(), struct.unpack_from("<I", data, at + 4)[0]
        yield tag, data[at + 8 : at + 8 + size]
        at += 8 + (size + 3) // 4 * 4


def op_table(cache={}):  # pylint: disable=dangerous-default-value
    """By id: name, outputs, how it costs, and how many words CALL_OP has between argument and inputs."""
    row = re.compile(r"^OP\((\d+), (\w+), \d+, (\d+), \d+, (\d), (\w+), (\d+|\w+\([^)]*\)),", re.M)
    memory = {"RING": 1, "TAP": 1, "TABLE": 1, "RING_TABLE": 2}
    for path in glob.glob(os.path.join(ROOT, "vm", "*", "ops.def")) if not cache else ():
        with open(path, encoding="utf-8") as file:
            for number, name, outputs, key, loop, cost in row.findall(file.read()):
                parts = re.findall(r"\w+", cost if "(" in cost else "NUMBER " + cost)
                numbers = [int(n) for n in parts[1:] if n.isdecimal()]  # a limit by name is not needed
                cache[int(number)] = {
                    "name": name,
                    "outputs": int(outputs),
                    "cost": [parts[0]] + numbers,
                    "words": int(key) + memory.get(loop, 0),
                }
    return cache


# --- cases ---


def channels_of(data):
    try:
        return Program(data).channels
    except (KeyError, ValueError, struct.error, UnicodeDecodeError):
        return 1  # one that will be refused


def read_vm_file(path):
    with open(path, "rb") as file:
        data = file.read()
    at = 0
    while at < len(data):
        end = data.index(b"\n", at)
        words = data[at:end].decode().split()
        sizes = [int(n) for n in words[2:5]]
        after = end + 1 + sum(sizes)
        program = data[end + 1 : end + 1 + sizes[0]]
        case = Case(words[1], "vm", data[at:after], int(words[5]), 4 * channels_of(program))
        case.program = program
        yield case
        at = after


def put_programs(lines):
    """The text of a mixer request: comments out, programs in."""
    out, frames, output = [], None, "16"
    for line in lines:
        word = line.split(" ", 1)[0]
        if word == "mixer":
            pairs = dict(pair.split("=", 1) for pair in line.split()[1:])
            frames, output = int(pairs.pop("frames")), pairs.get("output", "16")
            line = " ".join(["mixer"] + ["%s=%s" % pair for pair in pairs.items()])
        if word == "program":
            name = dict(pair.split("=", 1) for pair in line.split()[1:])["name"]
            with open(os.path.join(HERE, "programs", name + ".pbc"), "rb") as file:
                program = file.read()
            out.append(b"program name=%s bytes=%d\n%s\n" % (name.encode(), len(program), program))
        elif line and not line.startswith("#"):
            out.append(line.encode() + b"\n")
    return b"".join(out), frames, output


def mixer_case(name, rules, lines):
    text, frames, output = put_programs(lines)
    if frames is None:
        raise ValueError("%s: no line 'mixer' with its frames" % name)
    request = b"mixer %s %d %d\n%s" % (name.encode(), len(text), frames, text)
    case = Case(name, "mixer", request, frames, WIDTH.get(output, 8))
    case.rules, case.text = rules, text
    return case


def read_mixer_file(path):
    with open(path, encoding="utf-8") as file:
        chunks = re.split(r"^case ", file.read(), flags=re.M)[1:]
    stem = os.path.basename(path).rsplit(".", 1)[0]
    for chunk in chunks:
        head, *lines = chunk.split("\n")
        name, *pairs = head.split()
        rules = [r for pair in pairs for r in pair.split("=", 1)[1].split(",")]
        yield mixer_case("%s/%s" % (stem, name), rules, lines)


def case_files():
    return sorted(
        glob.glob(os.path.join(HERE, "vm", "*.requests"))
        + glob.glob(os.path.join(HERE, "mixer", "*.cases"))
    )


def read_file(path):
    return list((read_vm_file if path.endswith(".requests") else read_mixer_file)(path))


# --- ladders ---


def ladder(case, data, log=None):
    """What must come out, as lines: a hash of each tick's bytes; what the mixer tells."""
    step, lines = TICK * case.frame_bytes, []
    key = "out" if case.kind == "vm" else "mix"
    for tick in range((case.frames + TICK - 1) // TICK):
        part = data[tick * step : (tick + 1) * step]
        lines.append("%d %s=%016x" % (tick, key, xxhash.xxh3_64_intdigest(part)))
    return lines + ["> " + line for line in (log or "").splitlines()]


def refused(text):
    """What stands for a case that must be refused; the code where the engine says it: 'refused 7 at ...'."""
    code = re.match(r"refused (\d+)", text)
    return ["error %s" % code.group(1) if code else "error"]


def is_refused(lines):
    return len(lines) == 1 and lines[0].startswith("error")


def ladder_path(path):
    return path.rsplit(".", 1)[0] + ".ladders"


def read_ladders(path):
    ladders, lines = {}, []
    with open(path, encoding="utf-8") as file:
        for line in file.read().splitlines():
            if line.startswith("case "):
                ladders[line[5:]] = lines = []
            else:
                lines.append(line)
    return ladders


def write_ladders(path, ladders):
    with open(path, "w", encoding="utf-8") as file:
        for name, lines in ladders.items():
            file.write("case %s\n%s" % (name, "".join(line + "\n" for line in lines)))
