"""Row 4: 32 voices of two sines, the second the first one's phase, and its own by feedback:
    m = sin(2 pi b + 0.5 (m1 + m2) / 2), y = sin(2 pi a + 1.5 m), b twice as fast as a; 60 s, stereo.
Ours damps the feedback by the mean of two frames; peers may feed back the last frame alone, which is less."""
import math

import kit

TITLE = "32 voices of 2-operator FM with feedback, pan; 60 s stereo"
SECONDS = kit.seconds(60)
FREQ = [round(55 + 13.7 * i, 2) for i in range(32)]
RATIO, INDEX, FEEDBACK = 2, 1.5, 0.5
VOLUME = 8
PAN = [4 + 8 * i for i in range(32)]
Q = [p if p <= 127 else p - 1 for p in PAN]  # the mixer's gains, docs/mixer.md 3.1
LEFT = [VOLUME / 255 * math.sqrt((254 - q) / 254) for q in Q]
RIGHT = [VOLUME / 255 * math.sqrt(q / 254) for q in Q]
VOICES = list(zip(FREQ, LEFT, RIGHT))
BOUNDS = kit.Bounds(level=0.7, reach=2, bins=1.5, share=0.97, floor=50.0)


def ours(row):
    row.write("fm.sx", "(patch (params (freq (unit hz) (range 20 2000) (default a2)))\n"
              "  (output (osc.fm (freq freq) (ratio %g) (index %g) (feedback %g))))\n" % (RATIO, INDEX, FEEDBACK))
    row.write("fms.sx", '(score fm)\n(quantise off)\n(voices 32)\n(end %gs)\n(patch fm "fm.sx" :tail 60t)\n' % SECONDS + "".join(
        "(play fm :set (freq %ghz) :volume %d :pan %d)\n" % (f, VOLUME, p) for f, p in zip(FREQ, PAN)))
    yield row.ours("a score of 32 plays", "fms.sx")


def limit(row):
    row.write("voices.h", "".join("static const float %s[32] = {%s};\n" % (n, ", ".join("%.9ef" % x for x in v)) for n, v in
                                  (("freqs", FREQ), ("lefts", LEFT), ("rights", RIGHT))))
    yield row.limit()


def faust_program(mean, sine, phase="os.phasor(1, %s)"):
    back = "(_ <: _, _' :> _) * %g" % (FEEDBACK / 2) if mean else "*(%g)" % FEEDBACK
    text = 'import("stdfaust.lib");\n'
    text += sine
    text += "op(f, x) = sine(%s + x / (2 * ma.PI));\n" % (phase % "f")
    text += "voice(f) = op(f, %g * (op(%g * f) ~ (%s)));\n" % (INDEX, RATIO, back)
    for i, (f, a, b) in enumerate(VOICES):
        text += "v(%d) = voice(%g) <: *(%.9g), *(%.9g);\n" % (i, f, a, b)
    return text + "process = par(i, 32, v(i)) :> _, _;\n"


SINES = {
    "sin": "sine(x) = sin(2 * ma.PI * x);\n",
    "table": "sine(x) = rdtable(65536, os.sinwaveform(65536), int(65536 * x) & 65535);\n",
}


def faust(row):
    for form, mean, sine, ways in (("mean of two frames, table", True, "table", ["scalar -O3", "scalar -Ofast"]),
                                   ("last frame, table", False, "table", ["scalar -O3", "scalar -Ofast", "vector -Ofast"]),
                                   ("last frame, sin", False, "sin", ["scalar -Ofast", "vector -Ofast", "scalar, fast maths, -Ofast"])):
        yield from row.faust(form, faust_program(mean, SINES[sine]), round(SECONDS * kit.SR), 2, ways)


def interp(row):
    yield row.faust_interpreter("last frame, table", faust_program(False, SINES["table"]), round(SECONDS * kit.SR), 2)


def sc_voice(d, f, a, b):
    m = d.ugen("SinOscFB", d.AR, d.op(f, "*", RATIO) if isinstance(f, tuple) else RATIO * f, FEEDBACK)
    y = d.ugen("SinOsc", d.AR, f, d.op(m, "*", INDEX))
    return d.op(y, "*", a), d.op(y, "*", b)


def sc(row):
    one = kit.Def("v", f=440, a=0, b=0)
    one.out(*sc_voice(one, one["f"], one["a"], one["b"]))
    notes = [(0, kit.s_new("v", 1000 + i, f=f, a=a, b=b)) for i, (f, a, b) in enumerate(VOICES)]
    whole = kit.Def("all")
    sides = list(zip(*[sc_voice(whole, *v) for v in VOICES]))
    whole.out(whole.sum(sides[0]), whole.sum(sides[1]))
    plug = ["OscUGens", "LFUGens", "BinaryOpUGens", "IOUGens", "MulAddUGens"]
    for block in (64, 512):
        yield row.sc("32 synths", [one.bytes()], notes, SECONDS, 2, block)
        yield row.sc("one synth of 32", [whole.bytes()], [(0, kit.s_new("all", 1000))], SECONDS, 2, block, memory=65536)
    yield row.sc("32 synths", [one.bytes()], notes, SECONDS, 2, 256, plugins=plug)


def csound(row):
    score = "f1 0 16384 10 1\n" + "".join("i1 0 %g %.9g %.9g %.9g\n" % (SECONDS, f, a, b) for f, a, b in VOICES)
    # the modulator alone needs ksmps 1; the carrier goes by blocks (all at ksmps 1: 6 s and more)
    split = ("opcode fb, a, ki\nsetksmps 1\nkf, ifb xin\nam init 0\nap phasor kf\nam tablei ap + am * ifb, 1, 1, 0, 1\nxout am\nendop\n"
             "instr 1\nam fb p4 * %g, %.9g\nap phasor p4\na1 tablei ap + am * %.9g, 1, 1, 0, 1\nouts a1 * p5, a1 * p6\nendin" % (
                 RATIO, FEEDBACK / (2 * math.pi), INDEX / (2 * math.pi)))
    for ksmps in (64, 256):
        yield row.csound("modulator one frame at a time", split, score, 2, ksmps)


def chuck(row):
    text = "SinOsc m[32]; SinOsc c[32]; Phasor p[32]; Phasor q[32]; Gain fb[32]; Gain ix[32]; Gain l[32]; Gain r[32];\n"
    for i, (f, a, b) in enumerate(VOICES):
        n = {"i": i, "f": f, "f2": f * RATIO, "fb": FEEDBACK / (2 * math.pi), "ix": INDEX / (2 * math.pi), "a": a, "b": b}
        text += ("%(f2).9g => p[%(i)d].freq; %(f).9g => q[%(i)d].freq; 1 => m[%(i)d].sync; 1 => c[%(i)d].sync; "
                 "p[%(i)d] => m[%(i)d] => fb[%(i)d] => m[%(i)d]; %(fb).9g => fb[%(i)d].gain; q[%(i)d] => c[%(i)d]; "
                 "m[%(i)d] => ix[%(i)d] => c[%(i)d]; %(ix).9g => ix[%(i)d].gain; "
                 "c[%(i)d] => l[%(i)d] => dac.left; c[%(i)d] => r[%(i)d] => dac.right; %(a).9g => l[%(i)d].gain; %(b).9g => r[%(i)d].gain;\n" % n)
    yield row.chuck("SinOsc, phase by Phasor", text + "%g::second => now;\n" % SECONDS, SECONDS, 2)


SYSTEMS = {"patchrun": ours, "limit": limit, "Faust": faust, "Faust interp": interp, "SuperCollider": sc, "Csound": csound, "ChucK": chuck}
WHY_NOT = {"Pure Data": "feedback of one frame would need blocks of one frame", "SoX": "no modulation of phase",
           "FluidSynth": "plays samples: no oscillators"}
