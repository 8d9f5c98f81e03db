"""Row 6: 16 looped samples of 44,100 Hz at different rates, linear interpolation, pan; 120 s, stereo. Sources,
limit and Faust's program are those of bench/looped, whose looped.sh goes through more of Faust's formulations.

Where a peer's fast player interpolates by a cubic, that is taken as well: it is what its users would write."""
import math
import os
import re

import kit

TITLE = "16 looped samples, interpolated, pan; 120 s stereo"
SECONDS = 120
LOOPED = os.path.join(kit.HERE, "looped")
# cubics differ from lines at the highs
BOUNDS = kit.Bounds(level=0.5, reach=2, bins=1.5, share=0.97, floor=40.0)


def voices():
    """(frames, frames of the sample a frame of ours, left, right)"""
    text = open(os.path.join(LOOPED, "voices.h")).read()
    rows = re.findall(r"\{(\d+), (\d+), (\d+), (\d+), \d+\}", text)
    for length, step, volume, pan in (tuple(map(int, r)) for r in rows):
        q = pan if pan <= 127 else pan - 1
        yield length, step / 1048576, volume / 255 * math.sqrt((254 - q) / 254), volume / 255 * math.sqrt(q / 254)


VOICES = list(voices())
HEADERS = [os.path.join(LOOPED, "voices.h"), os.path.join(LOOPED, "frames.h"), os.path.join(kit.HERE, "wav.h")]


def make(row):
    source = os.path.join(LOOPED, "make.c")
    row.build("make", [source, *HEADERS], "gcc", "-std=gnu11", "-O2", source, "-o", "make", "-lm")
    if not os.path.exists(row.path("voices.lib")) or os.path.getmtime(row.path("voices.lib")) < os.path.getmtime(row.path("make")):
        row.call("./make")


def ours(row):
    make(row)
    yield row.ours("a score of 16 plays", "looped.sx")


def limit(row):
    make(row)
    yield row.limit(os.path.join(LOOPED, "limit.c"))


def faust(row):
    kit.need("faust", "g++")
    make(row)
    main = os.path.join(LOOPED, "faust_main.cpp")
    for name, read, phase, precision, optimise in (("double, tables", "table", "real", "-double", "-Ofast"),
                                                  ("single, tables, whole-numbered phase", "table", "counted", "-single", "-Ofast"),
                                                  ("single, tables, whole-numbered phase, -O3", "table", "counted", "-single", "-O3")):
        this = "faust-" + kit.slug(name)
        row.write(this + ".dsp", 'import("looped.lib");\nprocess = mix(%s, %s);\n' % (read, phase))
        row.build(this + ".cpp", [row.path(this + ".dsp"), os.path.join(LOOPED, "looped.lib")], "faust", "-I", LOOPED, "-I", ".", "-lang", "cpp",
                  precision, "-o", this + ".cpp", this + ".dsp")
        row.build(this, [row.path(this + ".cpp"), main, *HEADERS], "g++", "-std=c++17", optimise, "-march=native", "-I", LOOPED, "-DBLOCK=512",
                  '-DPROGRAM="%s"' % row.path(this + ".cpp"), "-DTABLES=1", "-DDOUBLE=%d" % (precision == "-double"), "-o", this, main, "-lsndfile")
        yield kit.Candidate("Faust", name, ["./" + this, this + ".wav"], this + ".wav")


def sc_voice(d, player, buf, step, frames, a, b):
    if player == "PlayBuf":  # buffer, rate, trigger, start, loop, done
        y = d.ugen("PlayBuf", d.AR, buf, step, 1, 0, 1, 0)
    else:
        at = d.ugen("Phasor", d.AR, 0, step, 0, frames, 0)
        y = d.ugen("BufRd", d.AR, buf, at, 1, 2)
    return d.op(y, "*", a), d.op(y, "*", b)


def sc(row):
    make(row)
    loads = [(0, kit.osc_message("/b_allocRead", i, "s%d.wav" % i, 0, 0)) for i in range(16)]
    plug = ["DelayUGens", "OscUGens", "LFUGens", "BinaryOpUGens", "IOUGens", "TriggerUGens", "MulAddUGens"]
    for player, block in (("PlayBuf", 64), ("PlayBuf", 512), ("BufRd", 512)):
        one = kit.Def("v", buf=0, step=1, frames=1, a=0, b=0)
        one.out(*sc_voice(one, player, one["buf"], one["step"], one["frames"], one["a"], one["b"]))
        notes = loads + [(0, kit.s_new("v", 1000 + i, buf=i, step=s, frames=n, a=a, b=b)) for i, (n, s, a, b) in enumerate(VOICES)]
        yield row.sc(player + (", linear" if player == "BufRd" else ", cubic"), [one.bytes()], notes, SECONDS, 2, block)
        if block == 512:
            yield row.sc(player + (", linear" if player == "BufRd" else ", cubic"), [one.bytes()], notes, SECONDS, 2, block, plugins=plug)


def csound(row):
    make(row)
    tables = "".join('f%d 0 0 -1 "s%d.wav" 0 0 0\n' % (i + 1, i) for i in range(16))
    notes = "".join("i1 0 %d %d %.12g %d %.9g %.9g\n" % (SECONDS, i + 1, s, n, a, b) for i, (n, s, a, b) in enumerate(VOICES))
    forms = {
        "lposcil": "a1 lposcil 1, p5 * sr / 44100, 0, p6, p4",
        "loscil": "a1 loscil 1, p5 * sr / 44100, p4, 1, 1, 0, p6",
        "phasor and tablei": "ap phasor p5 * sr / p6\na1 tablei ap * p6, p4",
    }
    for name, opcode in forms.items():
        for ksmps in (64, 512):
            yield row.csound(name, "instr 1\n%s\nouts a1 * p7, a1 * p8\nendin" % opcode, tables + notes, 2, ksmps)


def chuck(row):
    make(row)
    text = "SndBuf s[16]; Gain l[16]; Gain r[16];\n"
    for i, (n, s, a, b) in enumerate(VOICES):
        text += ('"s%d.wav" => s[%d].read; 1 => s[%d].loop; 1 => s[%d].interp; %.12g => s[%d].rate; s[%d] => l[%d] => dac.left; '
                 "s[%d] => r[%d] => dac.right; %.9g => l[%d].gain; %.9g => r[%d].gain;\n" % (i, i, i, i, s * kit.SR / 44100, i, i, i, i, i, a, i, b, i))
    yield row.chuck("SndBuf, linear", text + "%d::second => now;\n" % SECONDS, SECONDS, 2)


def pd(row):
    """tabread4~ reads four points: the table holds three more of the loop."""
    make(row)
    p = kit.Pd()
    left, right = [], []
    start = p.obj("loadbang")
    for i, (n, s, a, b) in enumerate(VOICES):
        x = kit_wav(row.path("s%d.wav" % i))
        row.write("t%d.wav" % i, kit_wav_bytes(list(x[-1:]) + list(x) + list(x[:2])))
        p.obj("table t%d %d" % (i, n + 3))
        p.connect(p.msg("read -resize t%d.wav t%d" % (i, i), start), p.obj("soundfiler"))
        at = p.obj("+~ 1", p.obj("*~ %d" % n, p.obj("phasor~ %.12g" % (s * kit.SR / n))))
        y = p.obj("tabread4~ t%d" % i, at)
        left.append(p.obj("*~ %.9g" % a, y))
        right.append(p.obj("*~ %.9g" % b, y))
    p.file(p.sum(left), p.sum(right))
    yield row.pd("tabread4~, cubic", p, SECONDS)


def kit_wav(path):
    import numpy as np
    data = open(path, "rb").read()
    at = data.index(b"data")
    size = int.from_bytes(data[at + 4:at + 8], "little")
    return np.frombuffer(data[at + 8:at + 8 + size], "<i2")


def kit_wav_bytes(x):
    import struct
    return (b"RIFF" + struct.pack("<I", 36 + 2 * len(x)) + b"WAVEfmt " + struct.pack("<IHHIIHH", 16, 1, 1, 44100, 88200, 2, 16) +
            b"data" + struct.pack("<I", 2 * len(x)) + struct.pack("<%dh" % len(x), *x))


SYSTEMS = {"patchrun": ours, "limit": limit, "Faust": faust, "SuperCollider": sc, "Csound": csound, "ChucK": chuck, "Pure Data": pd}
WHY_NOT = {"Faust interp": "its tables come from a foreign function, which it cannot call",
           "SoX": "changes speed by its resampler alone, and cannot loop such a length of parts of a mix",
           "FluidSynth": "pitches are cents, pans tenths of a per cent: not these rates and places; four points or seven"}
