"""Renders oscillators with Repatch and with its peers, each at 48 kHz into float samples.

Every player gives the same two things:
    notes(osc, freqs, frames)     an array a note, from frame `SKIP` of its life on
    sweep(osc, lo, octaves, seconds)  the sound, and the frequency of each frame as the player had it

SuperCollider runs as scsynth without a sound card, its synth definitions written here; Csound and Faust are
told in their own languages.
"""
import atexit
import os
import re
import shutil
import struct
import subprocess
import sys
import tempfile

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))
from osc import osc_bundle, osc_message  # pylint: disable=wrong-import-position

ROOT = os.path.normpath(os.path.join(HERE, "..", ".."))
os.makedirs(os.path.join(ROOT, "build", "bench", "quality"), exist_ok=True)
WORK = tempfile.mkdtemp(dir=os.path.join(ROOT, "build", "bench", "quality"))
atexit.register(shutil.rmtree, WORK, True)
PATCHRUN = os.environ.get("PATCHRUN", os.path.join(ROOT, "bin", "patchrun"))
SR = 48000
SKIP = SR  # frames: what leaks and settles has done so


def work(name):
    return os.path.join(WORK, name)


def write(name, text):
    with open(work(name), "w" if isinstance(text, str) else "wb") as f:
        f.write(text)
    return work(name)


def call(*args):
    env = dict(os.environ, LC_ALL="C", QT_QPA_PLATFORM="offscreen")
    r = subprocess.run(args, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=WORK, env=env)
    if r.returncode:
        raise RuntimeError("%s: %s" % (" ".join(args), r.stdout.decode(errors="replace")[-2000:]))


def read_wav(path):
    """Float samples, frames by channels. Reads no more of RIFF than these players write."""
    data = np.memmap(path, dtype=np.uint8, mode="r")
    assert bytes(data[:4]) == b"RIFF", path
    at, channels = 12, 1
    while True:
        name, size = bytes(data[at:at + 4]), struct.unpack("<I", bytes(data[at + 4:at + 8]))[0]
        if name == b"fmt ":
            channels, rate = struct.unpack("<HI", bytes(data[at + 10:at + 16]))
            bits = struct.unpack("<H", bytes(data[at + 22:at + 24]))[0]
            assert rate == SR and bits == 32, path
        if name == b"data":
            body = data[at + 8:at + 8 + min(size, len(data) - at - 8) // (4 * channels) * 4 * channels]
            return np.array(body).view("<f4").reshape(-1, channels)
        at += 8 + size + size % 2


# ---- Repatch ----

class Repatch:
    name = "Repatch"
    FREQ = 32768.0  # a sample of the frequency's own file is Hz over this

    def installed(self):
        return os.access(PATCHRUN, os.X_OK)

    def version(self):
        return subprocess.run([PATCHRUN, "--version"], stdout=subprocess.PIPE).stdout.decode().split()[-1]

    def render(self, node, frames, *options, defs=""):
        patch = write("note.sx", """(patch (params (pitch (unit hz) (range 10 20000) (default 440)
            (curve exponential))) %s (output %s))""" % (defs, node))
        call(PATCHRUN, patch, "-o", work("note.wav"), "--bits", "float", "--quiet", "--frames", str(frames), *options)
        return read_wav(work("note.wav"))[:, 0].astype(float)

    def notes(self, osc, freqs, frames):
        for f in freqs:
            yield self.render(osc, SKIP + frames, "--set", "pitch=%.9g" % f)[SKIP:]

    def sweep(self, osc, lo, octaves, seconds):
        glide = "pitch=%.9g@0s~%.9gs" % (lo * 2 ** octaves, seconds)
        both = [self.render(node, int(SR * seconds), "--set", "pitch=%.9g" % lo, "--set", glide)
                for node in (osc, "(math.mul pitch (b %.12g))" % (1 / self.FREQ))]
        return both[0], both[1] * self.FREQ


# ---- SuperCollider ----

def synthdef(name, consts, params, ugens):
    """A SuperCollider synth definition, version 2. ugens: (name, rate, [(ugen, output) or (-1, constant)], rates
    of its outputs, special index)."""
    p = lambda s: bytes([len(s)]) + s.encode()
    d = b"SCgf" + struct.pack(">ih", 2, 1) + p(name)
    d += struct.pack(">i", len(consts)) + b"".join(struct.pack(">f", c) for c in consts)
    d += struct.pack(">i", len(params)) + b"".join(struct.pack(">f", v) for _, v in params)
    d += struct.pack(">i", len(params)) + b"".join(p(n) + struct.pack(">i", i) for i, (n, _) in enumerate(params))
    d += struct.pack(">i", len(ugens))
    for ugen, rate, inputs, outputs, special in ugens:
        d += p(ugen) + struct.pack(">biih", rate, len(inputs), len(outputs), special)
        d += b"".join(struct.pack(">ii", *i) for i in inputs) + bytes(outputs)
    return d + struct.pack(">h", 0)


class SuperCollider:
    name = "SuperCollider"
    FREQ = 32768.0

    def installed(self):
        return bool(shutil.which("scsynth"))

    def version(self):
        out = subprocess.run(["scsynth", "-v"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT).stdout.decode()
        return re.search(r"scsynth ([0-9.]+)", out).group(1)

    def run(self, definition, name, synths, channels, seconds, block=64):
        score = osc_bundle(0, osc_message("/d_recv", definition))
        score += osc_bundle(0, *[osc_message("/s_new", name, 1000 + i, 0, 0, *s) for i, s in enumerate(synths)])
        score += osc_bundle(seconds, osc_message("/c_set", 0, 0))
        write("score.osc", score)
        call("scsynth", "-z", str(block), "-o", str(channels), "-i", "0", "-N", "score.osc", "_", "sc.wav", str(SR), "WAV", "float")
        return read_wav(work("sc.wav"))

    def notes(self, osc, freqs, frames):
        """osc: (ugen, constant inputs after the frequency)"""
        ugen, more = osc
        consts = list(more) or [0.0]
        d = synthdef("n", consts, [("freq", 440.0), ("out", 0.0)], [
            ("Control", 0, [], [0, 0], 0),
            (ugen, 2, [(0, 0)] + [(-1, i) for i in range(len(more))], [2], 0),
            ("Out", 2, [(0, 1), (1, 0)], [], 0)])
        y = self.run(d, "n", [("freq", float(f), "out", float(i)) for i, f in enumerate(freqs)], len(freqs),
                     (SKIP + frames) / SR + 0.1)
        for i in range(len(freqs)):
            yield y[SKIP:SKIP + frames, i].astype(float)

    def sweep(self, osc, lo, octaves, seconds):
        ugen, more = osc
        consts = list(more) + [float(lo), float(lo * 2 ** octaves), float(seconds), 1.0, 0.0, 1 / self.FREQ]
        at = len(more)
        line = ("XLine", 2, [(-1, at), (-1, at + 1), (-1, at + 2), (-1, at + 4)], [2], 0)
        d = synthdef("s", consts, [("out", 0.0)], [
            line,
            (ugen, 2, [(0, 0)] + [(-1, i) for i in range(len(more))], [2], 0),
            ("BinaryOpUGen", 2, [(0, 0), (-1, at + 5)], [2], 2),
            ("Out", 2, [(-1, at + 4), (1, 0), (2, 0)], [], 0)])
        y = self.run(d, "s", [()], 2, seconds + 0.1, 1)[:int(SR * seconds)].astype(float)
        return y[:, 0], y[:, 1] * self.FREQ


# ---- Csound ----

class Csound:
    name = "Csound"
    FREQ = 32768.0

    def installed(self):
        return bool(shutil.which("csound"))

    def version(self):
        out = subprocess.run(["csound", "--version"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT).stdout.decode()
        return re.search(r"version ([0-9.]+)", out).group(1)

    def run(self, ksmps, channels, body, score):
        write("c.orc", "sr = %d\nksmps = %d\nnchnls = %d\n0dbfs = 1\ninstr 1\n%s\nendin\n" % (SR, ksmps, channels, body))
        write("c.sco", score + "e\n")
        call("csound", "-d", "-m0", "-W", "-f", "-o", "c.wav", "c.orc", "c.sco")
        return read_wav(work("c.wav"))

    def notes(self, osc, freqs, frames):
        """osc: an opcode call with %s for the frequency"""
        seconds = (SKIP + frames) / SR + 0.1
        y = self.run(32, len(freqs), "a1 %s\noutch p5, a1" % (osc % "p4"),
                     "".join("i1 0 %.6f %.9g %d\n" % (seconds, f, i + 1) for i, f in enumerate(freqs)))
        for i in range(len(freqs)):
            yield y[SKIP:SKIP + frames, i].astype(float)

    def sweep(self, osc, lo, octaves, seconds):
        body = "kf expon p4, p3, p5\na1 %s\na2 = a(kf) / %g\nouts a1, a2" % (osc % "kf", self.FREQ)
        y = self.run(1, 2, body, "i1 0 %.9g %.9g %.9g\n" % (seconds, lo, lo * 2 ** octaves)).astype(float)
        y = y[:int(SR * seconds)]
        return y[:, 0], y[:, 1] * self.FREQ


# ---- Faust ----

class Faust:
    """In double (faust -double): single loses to itself in the phase."""
    name = "Faust"

    def installed(self):
        return bool(shutil.which("faust") and shutil.which("g++"))

    def version(self):
        out = subprocess.run(["faust", "--version"], stdout=subprocess.PIPE).stdout.decode()
        return re.search(r"Version ([0-9.]+)", out).group(1)

    def program(self, osc):
        name = "faust-" + re.sub(r"[^A-Za-z0-9]+", "-", osc)
        write(name + ".dsp", 'import("stdfaust.lib");\nprocess(freq) = %s;\n' % osc)
        call("faust", "-double", "-cn", "osc", "-a", os.path.join(HERE, "faust_main.cpp"), "-o", name + ".cpp", name + ".dsp")
        call("g++", "-O2", "-o", name, name + ".cpp")
        return work(name)

    def run(self, program, freq):
        r = subprocess.run([program], input=np.asarray(freq, dtype="<f8").tobytes(), stdout=subprocess.PIPE, check=True)
        return np.frombuffer(r.stdout, dtype="<f8")

    def notes(self, osc, freqs, frames):
        """osc: an expression in `freq`"""
        program = self.program(osc)
        for f in freqs:
            yield self.run(program, np.full(SKIP + frames, f))[SKIP:].astype(np.float32).astype(float)

    def sweep(self, osc, lo, octaves, seconds):
        n = int(SR * seconds)
        f = lo * 2 ** (octaves * np.arange(n) / n)
        return self.run(self.program(osc), f).astype(np.float32).astype(float), f


# ---- what is compared ----

PLAYERS = [Repatch(), SuperCollider(), Csound(), Faust()]

SAWS = [
    ("Repatch", "osc.saw", "(osc.saw (freq pitch))"),
    ("SuperCollider", "Saw", ("Saw", ())),
    ("SuperCollider", "BlitB3Saw", ("BlitB3Saw", (0.99,))),
    ("Csound", "vco2", "vco2 1, %s, 0"),
    ("Faust", "sawtooth", "os.sawtooth(freq)"),
    ("Faust", "saw4", "os.saw4(freq)"),
    ("Faust", "polyblep_saw", "os.polyblep_saw(freq)"),
]
SQUARES = [
    ("Repatch", "osc.pulse", "(osc.pulse (freq pitch))"),
    ("SuperCollider", "Pulse", ("Pulse", (0.5,))),
    ("SuperCollider", "BlitB3Square", ("BlitB3Square", (0.99,))),
    ("Csound", "vco2 10", "vco2 1, %s, 10"),
    ("Faust", "square", "os.square(freq)"),
    ("Faust", "squareN(4)", "os.squareN(4, freq)"),
    ("Faust", "polyblep_square", "os.polyblep_square(freq)"),
]
PULSES = [  # a quarter of the turn high; BlitB3 and PolyBLEP have no width
    ("Repatch", "osc.pulse", "(osc.pulse (freq pitch) (width 0.25))"),
    ("SuperCollider", "Pulse", ("Pulse", (0.25,))),
    ("Csound", "vco2 2", "vco2 1, %s, 2, 0.25"),
    ("Faust", "pulsetrain", "os.pulsetrain(freq, 0.25)"),
    ("Faust", "pulsetrainN(4)", "os.pulsetrainN(4, freq, 0.25)"),
]
TRIANGLES = [
    ("Repatch", "osc.triangle", "(osc.triangle (freq pitch))"),
    ("SuperCollider", "BlitB3Tri", ("BlitB3Tri", (0.99, 0.99))),
    ("Csound", "vco2 12", "vco2 1, %s, 12"),
    ("Faust", "triangle", "os.triangle(freq)"),
    ("Faust", "polyblep_triangle", "os.polyblep_triangle(freq)"),
]


def installed(name):
    """The player of that name, or None."""
    return next((p for p in PLAYERS if p.name == name and p.installed()), None)
