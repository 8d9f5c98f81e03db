#!/usr/bin/python3
"""tests/mixer/slow_mixer.py behind the pipe: a mixer that shares no line with ours.

usage: slow_engine.py -- VM-ENGINE [ARGUMENT...]

What programs play it asks of another engine. It answers mixer requests only.
"""

import os
import struct
import sys

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "tests", "mixer")]

import slow_mixer  # pylint: disable=wrong-import-position
from kit import Program  # pylint: disable=wrong-import-position
from pipe import Engine, Refused  # pylint: disable=wrong-import-position

KINDS = {"play", "refuse", "steal", "cut", "release", "end", "ignore", "answer"}


class Unreadable(Exception):
    pass


# --- programs ---


class Programs:
    """Instances, played by the other engine."""

    def __init__(self, command):
        self.engine = Engine(command, 600)
        self.bytes, self.read = {}, {}

    def add(self, name, data):
        self.bytes[name], self.read[name] = data, Program(data)

    def play(self, name, frames, seed, serial, changes, inputs):
        ordered = sorted(changes, key=lambda change: change[0])  # stable
        events = "".join("%d %s %s %d\n" % (f, p, v.hex(), g) for f, p, v, g in ordered).encode()
        flat = [x for frame in zip(*inputs) for x in frame]
        sound = struct.pack("<%df" % len(flat), *flat)
        channels = self.read[name].channels
        sizes = (len(self.bytes[name]), len(events), len(sound), frames, seed, serial)
        request = b"vm slow %d %d %d %d %d %d\n" % sizes + self.bytes[name] + events + sound
        reply, _ = self.engine.ask(request, 4 * channels * frames)
        samples = struct.unpack("<%df" % (channels * frames), reply)
        return [list(samples[c::channels]) for c in range(channels)]

    def play_far(self, name, frames, *how):
        """Where it does not stay finite, NaN from there on: only what is heard counts."""
        try:
            return self.play(name, frames, *how)
        except Refused:
            good, bad = 0, frames
        while bad - good > 1:
            middle = (good + bad) // 2
            try:
                self.play(name, middle, *how)
                good = middle
            except Refused:
                bad = middle
        channels = self.play(name, good, *how)
        return [channel + [float("nan")] * (frames - good) for channel in channels]

    def patch(self, source, frames, seed, serial, changes):
        return self.play_far(source["program"], frames, seed, serial, changes, [])

    def effect(self, bus, seed, serial, changes, inputs):
        return self.play(bus["effect"], len(inputs[0]), seed, serial, changes, inputs)


# --- the request as a job (tests/mixer/JOB.md) ---


def loop_points(text):
    return [int(n) for n in text.split(":")]


class Reader:
    def __init__(self, programs):
        self.programs = programs
        self.job = {"sources": [], "buses": [], "commands": [], "frames": 0}
        self.output = "16"
        self.plays = 0

    def read(self, text):
        at = 0
        while at < len(text):
            end = text.index(b"\n", at)
            line, at = text[at:end].decode(), end + 1
            if line.startswith("x "):
                self.job["sources"][-1]["frames"] += [int(n) for n in line[2:].split()]
                continue
            word, *rest = line.split()
            pairs = dict(pair.split("=", 1) for pair in rest)
            if word == "program":
                size = int(pairs["bytes"])
                self.programs.add(pairs["name"], text[at : at + size])
                at += size + 1
            else:
                self.line(word, pairs)
        self.finish()
        return self.job

    def line(self, word, pairs):
        if word in ("mixer", "sample", "patch", "bus", "play"):
            getattr(self, "line_" + word)(pairs)
        elif word == "with":
            self.line_with(pairs)
        else:
            self.command(word, pairs)

    def line_mixer(self, pairs):
        self.output = pairs.get("output", "16")
        self.job["policy"] = pairs.get("policy", "oldest")
        for key in ("voices", "seed", "budget"):
            if key in pairs:
                self.job[key] = int(pairs[key])

    def line_sample(self, pairs):
        sample = {"kind": "sample", "name": pairs["name"], "frames": []}
        sample["rate"] = int(pairs.get("rate", 48000))
        sample["length"] = int(pairs["length"])
        sample["loop"] = loop_points(pairs["loop"]) if "loop" in pairs else None
        self.job["sources"].append(sample)

    def line_patch(self, pairs):
        program = self.programs.read[pairs["program"]]
        params = program.params.items()
        patch = {"kind": "patch", "name": pairs["name"], "program": pairs["program"]}
        patch.update(channels=program.channels, tail=int(pairs.get("tail", 15)), cost=program.cost())
        patch.update(gate="gate" in pairs, gate_name=pairs.get("gate"), pitch=pairs.get("pitch"))
        patch["defaults"] = {name: default for name, (_, _, default) in params}
        patch["ranges"] = {name: [low, high] for name, (low, high, _) in params}
        if patch["gate_name"] not in (None, "gate"):
            raise Unreadable("a gate that is not called gate")
        self.job["sources"].append(patch)

    def line_bus(self, pairs):
        bus = {"name": pairs["name"], "to": pairs.get("to", -1)}
        bus.update(volume=int(pairs.get("volume", 255)), pan=int(pairs.get("pan", 128)))
        if "effect" in pairs:
            program = self.programs.read[pairs["effect"]]
            bus.update(effect=pairs["effect"], inputs=program.inputs, cost=program.cost())
            bus["defaults"] = {name: row[2] for name, row in program.params.items()}
        self.job["buses"].append(bus)

    def bus_number(self, name):
        return [bus["name"] for bus in self.job["buses"]].index(name)

    def line_play(self, pairs):
        names = [source["name"] for source in self.job["sources"]]
        play = {"verb": "play", "order": self.plays, "parts": []}
        play["source"] = names.index(pairs.pop("source"))
        self.plays += 1
        for key, value in pairs.items():
            if key == "loop":
                play[key] = value if value in ("sample", "off") else loop_points(value)
            elif key == "bus":
                play[key] = self.bus_number(value)
            elif key == "base":
                play[key] = float.fromhex(value)
            else:
                play[key] = value if key == "name" else int(value)
        self.job["commands"].append(play)

    def line_with(self, pairs):
        if "to" in pairs:
            part = {"verb": "send", "bus": self.bus_number(pairs["to"]), "amount": int(pairs["amount"])}
        else:
            part = {"verb": "set", "param": pairs["param"], "value": float.fromhex(pairs["value"])}
            part["frames"] = int(pairs.get("glide", 0))
        self.job["commands"][-1]["parts"].append(part)

    def command(self, verb, pairs):
        command = {"verb": verb, "frames": 0}
        for key, value in pairs.items():
            if key in ("ramp", "fade", "glide"):
                command["frames"] = int(value)
            elif key == "to":
                command["bus"] = self.bus_number(value)
            elif key == "bus":
                command["bus"] = self.bus_number(value)
            elif key in ("name", "param"):
                command[key] = value
            elif key == "value" and verb == "set":
                command[key] = float.fromhex(value)
            else:
                command[key] = int(value)
        self.job["commands"].append(command)

    def finish(self):
        for bus in self.job["buses"]:
            bus["to"] = -1 if bus["to"] == -1 else self.bus_number(bus["to"])
        for source in self.job["sources"]:
            if source["kind"] == "sample":
                given, length = source["frames"] or [0], source.pop("length")
                source["frames"] = [given[i % len(given)] for i in range(length)]


# --- the reply ---


class Mixer(slow_mixer.Mixer):
    """Which contributions went to the mix, for stems."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.direct = {}

    def note_heard(self, sound, left, right):
        super().note_heard(sound, left, right)
        if sound.bus < 0:
            self.direct[sound.voice, self.frame] = [left, right]


def output_of(mixer, how):
    """The bytes that were asked for."""
    if how in ("16", "24", "float"):
        return mixer.output(how)
    what, number = how.split(":")
    if what == "bus":
        return pack_integers(mixer.buses[int(number)].contributions)
    values = []
    if what == "voice":
        for tick, heard in enumerate(mixer.heard_by_tick):
            frames = min(slow_mixer.TICK, mixer.frames - tick * slow_mixer.TICK)
            values += heard.get(int(number), [0] * (2 * frames))
        return pack_integers(values)
    for frame in range(mixer.frames):
        values += mixer.direct.get((int(number), frame), [0, 0])
    return struct.pack("<%df" % len(values), *[n / slow_mixer.FULL for n in values])


def pack_integers(values):
    return struct.pack("<%di" % len(values), *values)


def told(event, names):
    """An event as README.md writes it; None: not told."""
    kind = event["event"]
    if kind not in KINDS:
        return None
    if kind == "answer":
        return "answer playing=%d" % event["playing"]
    if kind == "ignore":
        return kind
    words = [kind] if kind == "refuse" else [kind, "voice=%d" % event["voice"]]
    words.append("source=" + names[event["source"]])
    if kind == "play":
        words.append("serial=%d" % event["serial"])
    if kind == "end":
        words.append("reason=" + event["reason"])
    return " ".join(words)


def log_of(mixer, job):
    names = [source["name"] for source in job["sources"]]
    lines = []
    for at, event in enumerate(mixer.events):
        text = told(event, names)
        if text:
            lines.append((event["frame"] // slow_mixer.TICK, 0, at, "%d %s" % (event["frame"], text)))
    for cost in mixer.costs:
        blame = -1 if cost["blame"] is None else cost["blame"]
        text = "%d cost voices=%d cycles=%d commands=%d over=%d blame=%d" % (
            cost["tick"] * slow_mixer.TICK,
            cost["voices_active"],
            cost["mix_cycles"],
            cost["audio_commands"],
            cost["over"],
            blame,
        )
        lines.append((cost["tick"], 1, 0, text))
    return "".join(line[3] + "\n" for line in sorted(lines))


def answer(words, stream, command):
    if words[0] != "mixer":
        sizes = sum(int(n) for n in words[2:5])
        stream.read(sizes)
        return b"error this engine is a mixer only\n"
    text = stream.read(int(words[2]))
    programs = Programs(command)
    reader = Reader(programs)
    try:
        job = reader.read(text)
        job["frames"] = int(words[3])
        job = slow_mixer.complete_job(job, "")
        mixer = Mixer(job, programs.patch, programs.effect)
        mixer.run()
        data, log = output_of(mixer, reader.output), log_of(mixer, job).encode()
    except (slow_mixer.MixerError, Unreadable, KeyError, ValueError) as problem:
        return b"error %s\n" % str(problem).replace("\n", " ").encode()
    finally:
        programs.engine.kill()
    return b"ok %d %d\n" % (len(data), len(log)) + data + log


def main(arguments):
    if len(arguments) < 2 or arguments[0] != "--":
        sys.exit(__doc__)
    for line in sys.stdin.buffer:
        sys.stdout.buffer.write(answer(line.decode().split(), sys.stdin.buffer, arguments[1:]))
        sys.stdout.buffer.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
