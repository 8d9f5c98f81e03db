"""Row 2: 16 voices. Naive saw; state-variable low-pass at 1500 + 1000 LFO Hz, computed every frame, Q 3; ADSR of
10 ms, 100 ms, 0.6, 200 ms on a gate of 1 Hz; gain and pan. 120 s, stereo.

Control rate is in the peers' favour: theirs move the cutoff or the envelope once a block. Their segments may be
straight where ours fall as (1 - t)^4: a straight one is cheaper, and the check of the course allows it."""
import math

import kit

TITLE = "16 voices of naive saw, low-pass moved by an LFO, ADSR, pan; 120 s stereo"
SECONDS = kit.seconds(120)
BOUNDS = kit.Bounds(level=1.0, bins=2.0, share=0.94, floor=45.0)
FREQ = [round(55 * 2 ** (i * 3.17 / 12), 2) for i in range(16)]
LFO = [3 + 0.25 * i for i in range(16)]
VOLUME = 24
PAN = [8 + 16 * i for i in range(16)]
Q = [p if p <= 127 else p - 1 for p in PAN]  # the mixer's gains, docs/mixer.md 3.1
LEFT = [VOLUME / 255 * math.sqrt((254 - q) / 254) for q in Q]
RIGHT = [VOLUME / 255 * math.sqrt(q / 254) for q in Q]
VOICES = list(zip(FREQ, LFO, LEFT, RIGHT))


def ours(row):
    row.write("voice.sx", row.read("voice.sx"))
    plays = "".join("(play voice :set (freq %ghz lfo %ghz) :volume %d :pan %d)\n" % (f, l, VOLUME, p)
                    for f, l, p in zip(FREQ, LFO, PAN))
    row.write("voices.sx", '(score voices)\n(quantise off)\n(end %gs)\n(patch voice "voice.sx" :tail 60t)\n' % SECONDS + plays)
    yield row.ours("a score of 16 plays", "voices.sx")


def limit(row):
    row.write("voices.h", "".join("static const float %s[16] = {%s};\n" % (n, ", ".join("%.9ef" % x for x in v)) for n, v in
                                  (("freqs", FREQ), ("lfos", LFO), ("lefts", LEFT), ("rights", RIGHT))))
    yield row.limit()


def faust_program(filter, lfo, saw):
    text = 'import("stdfaust.lib");\n'
    text += "gate = os.lf_squarewavepos(1);\nenv = en.adsr(0.01, 0.1, 0.6, 0.2, gate);\n"
    for i, (f, l, a, b) in enumerate(VOICES):
        text += "voice(%d) = %s : %s * env <: *(%.9g), *(%.9g);\n" % (
            i, saw % f, filter % ("1500 + 1000 * " + lfo % l), a, b)
    return text + "process = par(i, 16, voice(i)) :> _, _;\n"


SVF = "fi.svf.lp(%s, 3)"
FAUST = {
    "svf, table LFO": (SVF, "os.osc(%g)", "(os.phasor(1, %.9g) * 2 - 1)"),
    "svf, sin LFO": (SVF, "sin(2 * ma.PI * os.phasor(1, %g))", "(os.phasor(1, %.9g) * 2 - 1)"),
    "svf, recursive LFO": (SVF, "os.oscrs(%g)", "os.lf_saw(%.9g)"),
    "resonlp, table LFO": ("fi.resonlp(%s, 3, 1)", "os.osc(%g)", "(os.phasor(1, %.9g) * 2 - 1)"),
    # a control rate by hand: the tangent of every 64th frame, held
    "svf, cutoff held 64 frames": ("fi.svf.lp(ba.sAndH(every64, %s), 3)", "os.osc(%g)", "(os.phasor(1, %.9g) * 2 - 1)"),
}


def faust(row):
    for form, parts in FAUST.items():
        text = faust_program(*parts)
        if "every64" in text:
            text += "every64 = ba.pulse(64);\n"
        ways = ["scalar -O3", "scalar -Ofast", "vector -Ofast", "vector 64, fast maths, -Ofast"]
        ways = ways if form == "svf, table LFO" else ways[1:3]
        yield from row.faust(form, text, round(SECONDS * kit.SR), 2, ways)


def interp(row):
    yield row.faust_interpreter("svf, table LFO", faust_program(*FAUST["svf, table LFO"]), round(SECONDS * kit.SR), 2)


def sc_envelope(d, rate, gate):
    segments = (1, 0.01, 5, 0, 0.6, 0.1, 5, -5, 0, 0.2, 5, -5)
    return d.ugen("EnvGen", rate, gate, 1, 0, 1, 0, 0, 3, 2, -99, *segments)


def sc_voice(d, f, l, a, b, filter, env_rate, env=None):
    saw = d.ugen("LFSaw", d.AR, f, 0)
    cutoff = d.mul_add(d.ugen("SinOsc", d.KR, l, 0), 1000, 1500)
    y = d.ugen(filter, d.AR, saw, cutoff, 1 / 3)
    if env is None:
        env = sc_envelope(d, env_rate, d.ugen("LFPulse", d.KR, 1, 0, 0.5))
    y = d.op(y, "*", env)
    return d.op(y, "*", a), d.op(y, "*", b)


def sc(row):
    one = kit.Def("v", f=440, l=1, a=0, b=0)
    one.out(*sc_voice(one, one["f"], one["l"], one["a"], one["b"], "RLPF", one.KR))
    notes = [(0, kit.s_new("v", 1000 + i, f=f, l=l, a=a, b=b)) for i, (f, l, a, b) in enumerate(VOICES)]
    for block in (64, 256, 512):
        yield row.sc("16 synths, RLPF", [one.bytes()], notes, SECONDS, 2, block)
    ar = kit.Def("w", f=440, l=1, a=0, b=0)
    ar.out(*sc_voice(ar, ar["f"], ar["l"], ar["a"], ar["b"], "RLPF", ar.AR))
    yield row.sc("16 synths, EnvGen.ar", [ar.bytes()], [(0, kit.s_new("w", 1000 + i, f=f, l=l, a=a, b=b)) for i, (f, l, a, b) in enumerate(VOICES)], SECONDS, 2, 64)
    whole = kit.Def("all")
    sides = list(zip(*[sc_voice(whole, f, l, a, b, "RLPF", whole.KR) for f, l, a, b in VOICES]))
    whole.out(whole.sum(sides[0]), whole.sum(sides[1]))
    plug = ["OscUGens", "LFUGens", "FilterUGens", "BinaryOpUGens", "IOUGens", "TriggerUGens", "UnaryOpUGens", "MulAddUGens"]
    for block in (64, 256):
        yield row.sc("one synth of 16", [whole.bytes()], [(0, kit.s_new("all", 1000))], SECONDS, 2, block)
        yield row.sc("one synth of 16", [whole.bytes()], [(0, kit.s_new("all", 1000))], SECONDS, 2, block, plugins=plug)


CSOUND_ENV = {
    "looptseg": "kenv looptseg 1, 0, 0, 0, 0.01, 0, 1, 0.1, -5, 0.6, 0.39, 0, 0.6, 0.2, -5, 0, 0.3",
    "table": "kenv oscil 1, 1, 2",
}


def csound(row):
    score = "f1 0 16384 10 1\nf2 0 16384 16 0 164 0 1 1638 -5 0.6 6390 0 0.6 3277 -5 0 4915 0 0\n"
    score += "".join("i1 0 %g %.9g %g %.9g %.9g\n" % (SECONDS, f, l, a, b) for f, l, a, b in VOICES)
    for name, filter in (("lowpass2", "a2 lowpass2 a1, kcut, 3"), ("rbjeq", "a2 rbjeq a1, kcut, 1, 3, 1, 0"),
                         ("bqrez", "a2 bqrez a1, kcut, 3"), ("zdf_2pole", "a2 zdf_2pole a1, kcut, 3, 0"),
                         ("zdf_2pole, a-rate", "a2 zdf_2pole a1, a(kcut), 3, 0")):
        for ksmps in (32, 64, 256) if name == "lowpass2" else (64,):
            for env in CSOUND_ENV if name == "lowpass2" else ("table",):
                body = ("instr 1\na1 phasor p4\na1 = a1 * 2 - 1\nklfo oscil 1000, p5, 1\nkcut = 1500 + klfo\n%s\n%s\n"
                        "outs a2 * kenv * p6, a2 * kenv * p7\nendin" % (filter, CSOUND_ENV[env]))
                yield row.csound("%s, envelope by %s" % (name, env), body, score, 2, ksmps)


def chuck(row):
    for samples in (256,):
        text = "SawOsc s[16]; LPF f[16]; ADSR e[16]; Gain l[16]; Gain r[16]; float lfo[16];\n"
        for i, (f, l, a, b) in enumerate(VOICES):
            text += ("s[%d] => f[%d] => e[%d]; e[%d] => l[%d] => dac.left; e[%d] => r[%d] => dac.right; %g => lfo[%d];"
                     " %.9g => s[%d].freq; %.9g => l[%d].gain; %.9g => r[%d].gain;\n" % (i, i, i, i, i, i, i, l, i, f, i, a, i, b, i))
        text += ("for (0 => int i; i < 16; i++) { 3 => f[i].Q; e[i].set(10::ms, 100::ms, 0.6, 200::ms); }\n"
                 "now => time begin; -1 => int gate;\n"
                 "while (now - begin < %g::second) {\n"
                 "  (now - begin) / 1::second => float t;\n"
                 "  (t - Math.floor(t) < 0.5) => int on;\n"
                 "  if (on != gate) { on => gate; for (0 => int i; i < 16; i++) { if (on) e[i].keyOn(); else e[i].keyOff(); } }\n"
                 "  for (0 => int i; i < 16; i++) 1500 + 1000 * Math.sin(2 * pi * lfo[i] * t) => f[i].freq;\n"
                 "  %d::samp => now;\n}\n" % (SECONDS, samples))
        yield row.chuck("LPF, cutoff every %d frames" % samples, text, SECONDS, 2)


SYSTEMS = {"patchrun": ours, "limit": limit, "Faust": faust, "Faust interp": interp, "SuperCollider": sc, "Csound": csound,
           "ChucK": chuck}
WHY_NOT = {"Pure Data": "vcf~, also with rzero~ for the zeros it lacks, has another response (7 % of the bins off); biquad~ is not moved by a signal",
           "SoX": "its filters have a fixed cutoff", "FluidSynth": "plays samples: no oscillators"}
