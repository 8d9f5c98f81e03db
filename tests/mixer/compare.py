#!/usr/bin/env python3
"""Random scores through patchrun and through the slow mixer: every bit and event must agree.

usage: compare.py FIRST LAST [--keep FOLDER] [patchrun options]
       compare.py --scores FIRST LAST FOLDER

Job number FIRST to LAST of random_job.py is written as a score; patchrun renders it, with trace,
ladder and stems, and slow_mixer.py does the same from docs/mixer.md. Compared are the output in 16
and 24 bits, the contributions of every voice and bus by their hashes, what happened, and the
costs. Needs xxhash (python3-xxhash). With --scores, they are only written.
"""

import json
import os
import subprocess
import sys
import tempfile
import wave

import random_job
from slow_mixer import Mixer, complete_job

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.normpath(os.path.join(HERE, "..", ".."))
PATCHRUN = os.environ.get("PATCHRUN", os.path.join(ROOT, "bin", "patchrun"))
PATCHES = {
    "../tests/mixer/from-zero": {"pitch": [100.0, 440.0]},
    "voice": {"pitch": [110.0, 440.0, 1000.0], "bright": [0.0, 0.75]},
    "coin": {},
    "chord": {},
    "wind": {},
}
EFFECTS = ("echo-bus", "radio")
POLICIES = {"oldest": "oldest", "quietest": "quietest", "refuse": "none"}
POLICIES["lowest-priority"] = "lowest_priority"


def info_of(name):
    path = os.path.normpath(os.path.join(ROOT, "fixtures", name + ".sx"))
    text = subprocess.run([PATCHRUN, "--info=json", path], check=True, capture_output=True).stdout
    return path, json.loads(text)


def defaults_of(info):
    return {p["name"]: p["default"] for p in info["params"]}


def extra_sources():
    patches, effects = [], []
    for name, safe in PATCHES.items():
        path, info = info_of(name)
        defaults = defaults_of(info)
        pitch = next((p for p in ("freq", "pitch") if p in defaults), None)
        patch = {"kind": "patch", "file": path, "channels": info["channels"]}
        patch.update(gate="gate" in defaults, pitch=pitch, defaults=defaults, tail=15)
        patch["safe"] = {p: v for p, v in safe.items() if p in defaults}
        patch["ranges"] = {p["name"]: [p["low"], p["high"]] for p in info["params"]}
        patches.append(patch)
    for name in EFFECTS:
        path, info = info_of(name)
        effects.append({"effect": path, "inputs": info["inputs"], "defaults": defaults_of(info)})
    return {"patches": patches, "effects": effects}


# --- what a score cannot say is taken out of the job ---


def sayable(job):
    """Names come before their use; one sound is named by its play; parameters go by voice."""
    named, plays, kept = set(), {}, []
    for command in job["commands"]:
        if command["verb"] == "play":
            command["name"] = command["name"] or "u%d" % command["order"]
            named.add(command["name"])
            plays[command["order"]] = command
        if "sound" in command:
            name = plays[command["sound"]]["name"] if command["sound"] in plays else ""
            if not name.startswith("u"):
                continue
            del command["sound"]
            command["name"] = name
        if command["verb"] == "set" and ("name" in command or command["param"] == "none"):
            continue
        if command["verb"] != "play" and command.get("name") and command["name"] not in named:
            continue
        kept.append(command)
    job["commands"] = kept
    return job


# --- the job as a score ---


def target(job, command):
    if "bus" in command and command["verb"] != "send":
        return job["buses"][command["bus"]]["name"]
    return str(command["voice"]) if "voice" in command else command["name"]


def rate(value):
    return "%d/4294967296" % value


def loop(value):
    return "(%d %d)" % tuple(value) if isinstance(value, list) else value


def play(job, c):
    words = ["play", job["sources"][c["source"]]["name"], ":at %df" % c["frame"]]
    if c["voice"] is not None:
        words.append(":voice %d" % c["voice"])
    words.append(":as %s :volume %d :pan %d" % (c["name"], c["volume"], c["pan"]))
    words.append(":priority %d :fade %df" % (c["priority"], c["fade"]))
    if job["sources"][c["source"]]["kind"] == "sample" or c["rate"] != 1 << 32:
        words.append(":pitch " + rate(c["rate"]))
    if c["loop"] != "sample":
        words.append(":loop " + loop(c["loop"]))
    if c["bus"] >= 0:
        words.append(":bus " + job["buses"][c["bus"]]["name"])
    if c["length"] is not None:
        words.append(":for %df" % c["length"])
    if c["serial"] >= 0:
        words.append(":serial %d" % c["serial"])
    sends = [p for p in c["parts"] if p["verb"] == "send"]
    sets = [p for p in c["parts"] if p["verb"] == "set"]
    if sends:
        names = ["%s %d" % (job["buses"][s["bus"]]["name"], s["amount"]) for s in sends]
        words.append(":send (%s)" % " ".join(names))
    if sets:
        words.append(":set (%s)" % " ".join("%s %r" % (s["param"], s["value"]) for s in sets))
    return "(%s)" % " ".join(words)


def line(job, c):
    verb = c["verb"]
    if verb == "play":
        return play(job, c)
    words = [verb, target(job, c)]
    if verb in ("set_volume", "set_pan"):
        words.append("%d" % c["value"])
    elif verb == "set_pitch":
        words.append(rate(c["rate"]))
    elif verb == "set":
        words.append("%s %r" % (c["param"], c["value"]))
    elif verb == "send":
        words.append("%s %d" % (job["buses"][c["bus"]]["name"], c["amount"]))
    words.append(":at %df" % c["frame"])
    if c.get("frames"):
        words.append("%s %df" % (":fade" if verb == "stop" else ":ramp", c["frames"]))
    return "(%s)" % " ".join(words)


def bus_line(job, bus):
    words = ["bus", bus["name"]]
    if bus.get("effect"):
        words.append('"%s"' % bus["effect"])
    if bus["to"] >= 0:
        words.append(":to " + job["buses"][bus["to"]]["name"])
    words.append(":volume %d :pan %d" % (bus["volume"], bus["pan"]))
    return "(%s)" % " ".join(words)


def source_line(source):
    if source["kind"] == "patch":
        return '(patch %s "%s")' % (source["name"], source["file"])
    return '(sample %s "%s" :loop %s)' % (
        source["name"],
        source["file"],
        loop(source["loop"]) if source["loop"] else "off",
    )


def score_of(job):
    lines = ["(score random)", "(quantise off)", "(voices %d)" % job["voices"]]
    lines.append("(steal %s)" % POLICIES[job["policy"]])
    lines.append("(seed %d)" % job["seed"])
    if job["budget"]:
        lines.append("(budget %d)" % job["budget"])
    lines.append("(end %df)" % job["frames"])
    lines += [bus_line(job, bus) for bus in job["buses"]]
    lines += [source_line(source) for source in job["sources"]]
    lines += [line(job, command) for command in job["commands"]]
    return "\n".join(lines) + "\n"


# --- both ---


def render(score, folder, bits, options):
    files = {k: os.path.join(folder, k) for k in ("out.wav", "trace", "ladder", "stems")}
    command = [PATCHRUN, score, "-o", files["out.wav"], "--bits", str(bits), "--quiet"]
    command += ["--trace", files["trace"], "--hash-ladder", files["ladder"]]
    done = subprocess.run(command + options, capture_output=True, text=True, check=False)
    if done.returncode not in (0, 1) or not os.path.exists(files["out.wav"]):
        raise RuntimeError(done.stderr)
    with wave.open(files["out.wav"]) as sound:
        samples = sound.readframes(sound.getnframes())
    with open(files["trace"], encoding="utf-8") as trace:
        header, *events = [json.loads(text) for text in trace]
    with open(files["ladder"], encoding="utf-8") as ladder:
        return samples, header, events, ladder.read()


def add_costs(job, header):
    for given, cost in zip(job["sources"], header["sources"]):
        given["cost"] = cost.get("cycles", 0)
    for given, cost in zip(job["buses"], header["buses"]):
        given["cost"] = cost.get("cycles", 0)


KINDS = {"play", "refuse", "steal", "cut", "release", "end", "ignore", "answer"}


def ours(events):
    for e in events:
        if e["event"] in KINDS:
            yield e["frame"], e["event"], e.get("voice"), e.get("source"), e.get("playing")


def theirs(job, events):
    for e in events:
        if e["event"] in KINDS:
            source = e.get("source")
            name = job["sources"][source]["name"] if isinstance(source, int) else source
            yield e["frame"], e["event"], e.get("voice"), name, e.get("playing")


def simple(event):
    """What both tell of an event: who is asked or ignored is not always a voice."""
    frame, kind, voice, source, playing = event
    if kind in ("ignore", "answer", "refuse"):
        return frame, kind, None, None, playing
    return frame, kind, voice, source, None


def costs(events):
    keys = ("voices_active", "mix_cycles", "audio_commands")
    return [tuple(e[k] for k in keys) + (bool(e.get("over_budget")), e.get("blame"))
            for e in events if e["event"] == "cost"]


def slow_costs(lines):
    keys = ("voices_active", "mix_cycles", "audio_commands")
    return [tuple(e[k] for k in keys) + (bool(e["over"]), e["blame"]) for e in lines]


def slow_ladder(mixer):
    import xxhash  # only a comparison needs it

    text = "repatch-ladder 1\n"
    for entry in mixer.ladder():
        text += "%d" % entry["tick"]
        for key, data in entry.items():
            if key != "tick":
                text += " %s=%016x" % (key, xxhash.xxh3_64_intdigest(bytes.fromhex(data)))
        text += "\n"
    return text


def first_difference(a, b):
    return next((i for i, (x, y) in enumerate(zip(a, b)) if x != y), min(len(a), len(b)))


def differ(what, a, b):
    if a == b:
        return False
    at = first_difference(a, b)
    print("  %s differ at %d of %d and %d" % (what, at, len(a), len(b)))
    if not isinstance(a, bytes):
        print("    patchrun: %s\n    slow:     %s" % (a[at : at + 2], b[at : at + 2]))
    return True


def write_score(number, extra, folder):
    job = sayable(random_job.make(number, extra))
    random_job.write_samples(job, folder)
    score = os.path.join(folder, "score.sx")
    with open(score, "w", encoding="utf-8") as file:
        file.write(score_of(job))
    return job, score


def compare(number, extra, folder, options):
    job, score = write_score(number, extra, folder)
    samples, header, events, ladder = render(score, folder, 16, options)
    samples24, _, _, _ = render(score, folder, 24, options)
    add_costs(job, header)
    with open(os.path.join(folder, "job.json"), "w", encoding="utf-8") as file:
        json.dump(job, file)
    mixer = Mixer(complete_job(job))
    mixer.run()
    happened = [simple(e) for e in ours(events)]
    wanted = [simple(e) for e in theirs(job, mixer.events)]
    found = [
        differ("events", happened, wanted),
        differ("costs", costs(events), slow_costs(mixer.costs)),
        differ("16-bit outputs", samples, mixer.output("16")),
        differ("24-bit outputs", samples24, mixer.output("24")),
        differ("ladders", ladder.split("\n"), slow_ladder(mixer).split("\n")),
    ]
    return any(found)


def write_scores(first, last, folder):
    extra = extra_sources()
    for number in range(int(first), int(last) + 1):
        place = os.path.join(folder, str(number))
        os.makedirs(place, exist_ok=True)
        write_score(number, extra, place)
    return 0


def main(arguments):
    if arguments[0] == "--scores":
        return write_scores(*arguments[1:])
    first, last, *options = arguments
    keep = None
    if "--keep" in options:
        at = options.index("--keep")
        keep = options[at + 1]
        del options[at : at + 2]
    extra = extra_sources()
    failed = 0
    for number in range(int(first), int(last) + 1):
        with tempfile.TemporaryDirectory() as scratch:
            folder = scratch
            if keep:
                folder = os.path.join(keep, str(number))
                os.makedirs(folder, exist_ok=True)
            if compare(number, extra, folder, options):
                print("job %d differs" % number)
                failed += 1
    print("%d jobs, %d differ" % (int(last) - int(first) + 1, failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
