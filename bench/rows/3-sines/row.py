"""Row 3: 256 sines of 40 + 37.3 i Hz, each of amplitude 1/256, summed; 60 s, mono."""
import kit

TITLE = "256 sines of 40 + 37.3 i Hz, summed; 60 s mono"
SECONDS = kit.seconds(60)
FREQ = [40 + 37.3 * i for i in range(256)]
AMP = 1 / 256
BOUNDS = kit.Bounds(level=0.5, reach=2, bins=1.0, share=0.98, floor=40.0)


def ours(row):
    nodes = " ".join("(osc.sine (freq %ghz))" % f for f in FREQ)
    row.write("bank.sx", "(patch (output (gain (mix %s) (amp %.9g))))\n" % (nodes, AMP))
    yield row.ours("a patch of 256 oscillators", "bank.sx", "--seconds", str(SECONDS))
    row.write("partial.sx", "(patch (params (freq (unit hz) (range 1 24000) (default a4)))\n"
              "  (output (gain (osc.sine (freq freq)) (amp %.9g))))\n" % (AMP * 2 ** 0.5))
    row.write("partials.sx", '(score partials)\n(quantise off)\n(voices 256)\n(end %gs)\n(patch partial "partial.sx" :tail 60t)\n' % SECONDS + "".join(
        "(play partial :set (freq %ghz))\n" % f for f in FREQ))
    yield row.ours("a score of 256 voices, stereo", "partials.sx", out="voices.wav")


def limit(row):
    yield row.limit()


def faust(row):
    table = "os.osc(40 + 37.3 * i)"
    forms = {"osc: table": (table, ["scalar -Ofast", "vector -Ofast"]),
             "oscrs: recursive": ("os.oscrs(40 + 37.3 * i)", ["scalar -Ofast"]),
             "sin of phasor": ("sin(2 * ma.PI * os.phasor(1, 40 + 37.3 * i))", ["vector -Ofast"])}
    for form, (osc, ways) in forms.items():
        yield from row.faust(form, 'import("stdfaust.lib");\nprocess = sum(i, 256, %s) * %.9g;\n' % (osc, AMP), round(SECONDS * kit.SR), 1, ways)


def interp(row):
    yield row.faust_interpreter("osc", 'import("stdfaust.lib");\nprocess = sum(i, 256, os.osc(40 + 37.3 * i)) * %.9g;\n' % AMP,
                                round(SECONDS * kit.SR), 1)


def sc(row):
    klang = kit.Def("klang")
    inputs = [x for f in FREQ for x in (f, AMP, 0)]
    klang.out(klang.ugen("Klang", klang.AR, 1, 0, *inputs))
    fsin = kit.Def("fsin")
    fsin.out(fsin.op(fsin.sum(fsin.ugen("FSinOsc", fsin.AR, f, 0) for f in FREQ), "*", AMP))
    sins = kit.Def("sins")
    sins.out(sins.op(sins.sum(sins.ugen("SinOsc", sins.AR, f, 0) for f in FREQ), "*", AMP))
    plug = ["OscUGens", "LFUGens", "BinaryOpUGens", "IOUGens", "MulAddUGens"]
    for block in (64, 256, 1024):
        yield row.sc("Klang", [klang.bytes()], [(0, kit.s_new("klang", 1000))], SECONDS, 1, block)
    yield row.sc("Klang", [klang.bytes()], [(0, kit.s_new("klang", 1000))], SECONDS, 1, 256, plugins=plug)
    yield row.sc("256 FSinOsc", [fsin.bytes()], [(0, kit.s_new("fsin", 1000))], SECONDS, 1, 64, memory=65536)
    yield row.sc("256 SinOsc", [sins.bytes()], [(0, kit.s_new("sins", 1000))], SECONDS, 1, 64, memory=65536)


def csound(row):
    # adsynt2: one opcode for the bank; its tables hold factors of the frequency and amplitudes
    tables = "f1 0 16384 10 1\nf2 0 256 -2 %s\nf3 0 256 -2 %s\n" % (
        " ".join("%.9g" % f for f in FREQ), " ".join("1" for _ in FREQ))
    for ksmps in (64, 256, 1024):
        for opcode in ("adsynt", "adsynt2"):
            yield row.csound(opcode, "instr 1\na1 %s %.9g, 1, 1, 2, 3, 256, 0\nout a1\nendin" % (opcode, AMP),
                             tables + "i1 0 %g\n" % SECONDS, 1, ksmps)
    notes = "".join("i1 0 %g %.9g\n" % (SECONDS, f) for f in FREQ)
    yield row.csound("256 oscil", "instr 1\na1 oscil %.9g, p4, 1\nout a1\nendin" % AMP, "f1 0 16384 10 1\n" + notes, 1, 256)
    yield row.csound("256 poscil", "instr 1\na1 poscil %.9g, p4, 1\nout a1\nendin" % AMP, "f1 0 16384 10 1\n" + notes, 1, 256)


def chuck(row):
    text = "Gain sum => dac; %.9g => sum.gain; SinOsc s[256];\n" % AMP
    text += "for (0 => int i; i < 256; i++) { s[i] => sum; 40 + 37.3 * i => s[i].freq; }\n%g::second => now;\n" % SECONDS
    yield row.chuck("256 SinOsc", text, SECONDS, 1)


def pd(row):
    p = kit.Pd()
    p.file(p.obj("*~ %.9g" % AMP, p.sum(p.obj("osc~ %.9g" % f) for f in FREQ)))
    yield row.pd("256 osc~", p, SECONDS)


SYSTEMS = {"patchrun": ours, "limit": limit, "Faust": faust, "Faust interp": interp, "SuperCollider": sc, "Csound": csound,
           "ChucK": chuck, "Pure Data": pd}
WHY_NOT = {"SoX": "a channel for each sine, then remix: 0.75 s of CPU for each second of sound, left out",
           "FluidSynth": "plays samples: no oscillators"}
