#!/usr/bin/env python3
"""Makes pairs of sounds that differ in a known way, and says what patchdiff must find.

pairs.py FOLDER         writes NAME-a.wav, NAME-b.wav and NAME.json for each pair
pairs.py --judge FOLDER NAME REPORT.json
                        compares patchdiff's report with what is known

What is expected comes from the samples themselves, computed here.
"""
import json
import math
import struct
import sys
import wave

RATE = 48000


class Random:
    """xorshift64*, so that every run has the same samples."""

    def __init__(self, seed):
        self.x = seed * 0x9E3779B97F4A7C15 & (1 << 64) - 1 | 1

    def next(self):
        self.x ^= self.x >> 12
        self.x = self.x ^ self.x << 25 & (1 << 64) - 1
        self.x ^= self.x >> 27
        return (self.x * 0x2545F4914F6CDD1D & (1 << 64) - 1) >> 11

    def between(self, low, high):
        return low + (high - low) * self.next() / (1 << 53)


def tone(frames, hz, level):
    return [level * math.sin(2 * math.pi * hz * n / RATE) for n in range(frames)]


def bell(frames, seed):
    """Partials that decay, with noise at the attack: no period to be misled by."""
    r = Random(seed)
    parts = [(r.between(200, 4000), r.between(1, 9), r.between(0.02, 0.1)) for _ in range(7)]
    out = []
    for n in range(frames):
        t = n / RATE
        x = sum(level * math.exp(-decay * t) * math.sin(2 * math.pi * hz * t) for hz, decay, level in parts)
        out.append(x + 0.05 * math.exp(-60 * t) * r.between(-1, 1))
    return out


def to16(x):
    return [max(-32768, min(32767, int(math.floor(abs(v) * 32768 + 0.5)) * (1 if v >= 0 else -1))) for v in x]


def stereo(left, right):
    return [v for pair in zip(left, right) for v in pair]


def write(path, samples, channels=1, rate=RATE):
    with wave.open(path, "wb") as f:
        f.setnchannels(channels)
        f.setsampwidth(2)
        f.setframerate(rate)
        f.writeframes(struct.pack("<%dh" % len(samples), *samples))


def write_float(path, samples):
    """One channel of 32-bit floats; the wave module has none."""
    data = struct.pack("<%df" % len(samples), *samples)
    fmt = struct.pack("<HHIIHH", 3, 1, RATE, 4 * RATE, 4, 32)
    body = b"WAVEfmt " + struct.pack("<I", 16) + fmt + b"data" + struct.pack("<I", len(data)) + data
    with open(path, "wb") as f:
        f.write(b"RIFF" + struct.pack("<I", len(body)) + body)


def figures(a, b, channels, scale):
    """First, largest and RMS difference of the frames both have."""
    n = min(len(a), len(b)) // channels * channels
    d = [(b[i] - a[i]) / scale for i in range(n)]
    where = [i for i in range(n) if d[i] != 0]
    if not where:
        return {}
    largest = max(range(n), key=lambda i: abs(d[i]))
    return {
        "first": where[0] // channels,
        "first_channel": where[0] % channels,
        "differing": len({i // channels for i in where}),
        "last": where[-1] // channels,
        "largest_db": 20 * math.log10(abs(d[largest])),
        "largest_frame": largest // channels,
        "rms_db": 10 * math.log10(sum(v * v for v in d) / n),
    }


def make(folder):
    f = bell(24000, 1)
    a, other = to16(f), to16(bell(24000, 2))
    noise = Random(3)
    pairs = {}

    def pair(name, x, y, kind, channels=1, rate_b=RATE, channels_b=None, **more):
        write("%s/%s-a.wav" % (folder, name), x, channels)
        write("%s/%s-b.wav" % (folder, name), y, channels_b or channels, rate_b)
        same_shape = rate_b == RATE and (channels_b or channels) == channels
        pairs[name] = dict(kind=kind, **more)
        if same_shape:
            pairs[name].update(figures(x, y, channels, 32768.0))

    pair("same", a, a, "same")
    for shift in (1, 17, 4800):
        pair("later-%d" % shift, a, [0] * shift + a, "shift", shift=shift, within="same")
        pair("earlier-%d" % shift, [0] * shift + a, a, "shift", shift=-shift, within="same")
        pair("cut-%d" % shift, a, ([0] * shift + a)[: len(a)], "shift", shift=shift, within="same")
    pair("gain", a, to16([v * 0.5011872336272722 for v in f]), "gain", gain_db=[-6.0])
    pair("louder", to16([v * 0.25 for v in f]), to16([v * 0.3 for v in f]), "gain",
         gain_db=[20 * math.log10(1.2)])
    pair("polarity", a, [-v for v in a], "polarity", gain=[-1.0])
    pair("polarity-gain", a, to16([v * -0.5 for v in f]), "gain", gain=[-0.5])
    pair("lsb", a, [v + (noise.next() & 1) - (noise.next() & 1) * (v > 0) for v in a], "lsb")
    pairs["lsb"]["kind"] = "lsb"
    pair("offset", a, [v + 200 for v in a], "offset", offset_steps=200)
    pair("gain-offset", a, [int(math.floor(v * 0.5 + 300.5)) for v in a], "gain+offset", gain=[0.5])
    pair("length", a, a + [0] * 100, "length")
    pair("silent", a, [0] * len(a), "silent")
    pair("new", a, other, "new sound")
    pair("late-part", a, a[:12000] + [0] * 7 + a[12000:-7], "parts", parts=[("shift", 7)])
    # Something within a piece that goes on: what moves, ends; what is new, does not cancel.
    under = [0.3 * v for v in bell(40000, 5)]
    note = [0.25 * v * (1 - n / 9000) for n, v in enumerate(bell(9000, 6))]
    burst = [noise.between(-0.1, 0.1) for _ in range(9000)]
    blip = [0.25 * v * (1 - n / 5000) for n, v in enumerate(bell(5000, 7))]

    def piece(*sounds):
        mixed = list(under)
        for at, sound, level in sounds:
            for n, v in enumerate(sound):
                mixed[at + n] += level * v
        return to16(mixed)

    one = piece((12000, note, 1))
    for by in (480, -480, 61, 8000, -6000):
        pair("moved%+d" % by, one, piece((12000 + by, note, 1)), "parts", parts=[("moved", by)])
    pair("moved-stereo", stereo(one, to16(under)), stereo(piece((12100, note, 1)), piece((12600, note, 0))), "parts",
         channels=2, parts=[("moved", 100)])
    pair("moved-and-louder", one, piece((12480, note, 1.1)), "new sound", parts=[("new sound", None)])
    pair("another-note", one, piece((12000, bell(9000, 8), 0.25)), "new sound", parts=[("new sound", None)])
    pair("burst", one, piece((12000, note, 1), (12000, burst, 1)), "new sound", parts=[("new sound", None)])
    pair("two-moved", piece((5000, note, 1), (30000, blip, 1)), piece((5500, note, 1), (29900, blip, 1)), "parts",
         parts=[("moved", 500), ("moved", -100)])
    rest = [0] * 6000
    pair("one-softer", to16(blip) + rest + to16(note) + rest, to16(blip) + rest + to16([v / 2 for v in note]) + rest,
         "parts", parts=[("gain", 0.5)])
    pair("one-less", to16(blip) + rest + to16(note) + rest, to16(blip) + rest + [0] * 9000 + rest, "parts",
         parts=[("b silent", None)])
    pair("one-of-two", piece((5000, note, 1), (30000, blip, 1)), piece((5500, note, 1), (30000, burst, 1)),
         "new sound", parts=[("moved", 500), ("new sound", None)])
    pair("shift-gain", a, [0] * 17 + to16([v * 0.7 for v in f]), "shift", shift=17, within="gain",
         gain_db=[20 * math.log10(0.7)])
    pair("shift-polarity", a, [0] * 17 + [-v for v in a], "shift", shift=17, within="polarity")
    left, right = a, other
    pair("pan", stereo(left, right), stereo(to16([v * 0.5 for v in f]), right), "gain", channels=2,
         gain_db=[20 * math.log10(0.5), 0.0])
    pair("one-inverted", stereo(left, right), stereo(left, [-v for v in right]), "polarity", channels=2,
         gain=[1.0, -1.0])
    pair("swapped", stereo(left, right), stereo(right, left), "swapped", channels=2)
    pair("stereo-later", stereo(left, right), [0, 0] * 31 + stereo(left, right), "shift", channels=2, shift=31,
         within="same")
    pair("rate", a, a, "shape", rate_b=44100)
    pair("channels", a, stereo(a, a), "shape", channels_b=2)
    pair("one-value", a, a[:20000] + [a[20000] + 1000] + a[20001:], "new sound")
    long = to16(tone(48000, 1000, 0.5))
    pair("tone-phase", long, to16([0.5 * math.sin(2 * math.pi * 1000 * n / RATE + 0.3) for n in range(48000)]),
         "new sound")
    # Clipped on the way: what is at full scale says nothing of the gain.
    pair("gain-clipped", to16([v * 2 for v in f]), to16([v * 12 for v in f]), "gain",
         gain_db=[20 * math.log10(6)])
    x = [struct.unpack("<f", struct.pack("<f", v))[0] for v in f]
    y = [struct.unpack("<f", struct.pack("<f", v * 0.7))[0] for v in x]
    write_float(folder + "/float-gain-a.wav", x)
    write_float(folder + "/float-gain-b.wav", y)
    pairs["float-gain"] = dict(kind="gain", gain_db=[20 * math.log10(0.7)], **figures(x, y, 1, 1.0))
    with open(folder + "/pairs.json", "w") as out:
        json.dump(pairs, out, indent=1)
    print("\n".join(pairs))


def judge(folder, name, report):
    wanted = json.load(open(folder + "/pairs.json"))[name]
    got = json.load(open(report))
    faults = []

    def equal(what, x, y):
        if x != y:
            faults.append("%s: %r, wanted %r" % (what, x, y))

    def near(what, x, y, by):
        if x is None or abs(x - y) > by:
            faults.append("%s: %r, wanted %r" % (what, x, y))

    equal("kind", got["kind"], wanted["kind"])
    equal("same", got["same"], wanted["kind"] == "same")
    if "first" in wanted:
        equal("first frame", got["first"]["frame"], wanted["first"])
        equal("first tick", got["first"]["tick"], wanted["first"] // 800)
        equal("first channel", got["first"]["channel"], wanted["first_channel"])
        equal("frames that differ", got["frames_differing"], wanted["differing"])
        equal("last frame", got["last_frame"], wanted["last"])
        equal("largest frame", got["largest"]["frame"], wanted["largest_frame"])
        near("largest", got["largest"]["db"], wanted["largest_db"], 1e-6)
        near("rms", got["rms_db"], wanted["rms_db"], 1e-6)
    if "shift" in wanted:
        equal("shift", got["shift_frames"], wanted["shift"])
        equal("with", got["with"], wanted["within"])
    for i, gain in enumerate(wanted.get("gain", [])):
        near("gain", got["gain"][i], gain, 1e-3)
    for i, db in enumerate(wanted.get("gain_db", [])):
        near("gain in dB", 20 * math.log10(abs(got["gain"][i])), db, 0.01)
    for i, (kind, what) in enumerate(wanted.get("parts", [])):
        part = got.get("parts", [])[i:] or [{"kind": None}]
        part = part[0]
        equal("part", part["kind"], kind)
        if kind in ("shift", "moved"):
            equal("part's shift", part.get("shift_frames"), what)
        if kind == "gain":
            near("part's gain", part["gain"][0], what, 1e-3)
    equal("parts", len(got.get("parts", [])), len(wanted.get("parts", got.get("parts", []))))
    if "offset_steps" in wanted:
        near("offset", got["offset"][0] * 32768, wanted["offset_steps"], 0.01)
    print("\n".join(faults))
    return 1 if faults else 0


if __name__ == "__main__":
    if sys.argv[1] == "--judge":
        sys.exit(judge(*sys.argv[2:]))
    make(sys.argv[1])
