"""Row 1: a sine of 441.7 Hz, amplitude 0.5; 600 s, mono. Near to a test of writing files."""
import kit

TITLE = "one sine of 441.7 Hz; 600 s mono"
SECONDS = kit.seconds(600)
FREQ = 441.7
BOUNDS = kit.Bounds(level=0.2, reach=2, bins=0.5, share=0.98, floor=40.0)


def ours(row):
    row.write("sine.sx", "(patch (output (gain (osc.sine (freq %ghz)) (amp 0.5))))\n" % FREQ)
    yield row.ours("a patch", "sine.sx", "--seconds", str(SECONDS))


def limit(row):
    yield row.limit()


def faust(row):
    for form, osc in (("osc: table", "os.osc(%g)"), ("oscrs: recursive", "os.oscrs(%g)"), ("sin of phasor", "sin(2 * ma.PI * os.phasor(1, %g))")):
        yield from row.faust(form, 'import("stdfaust.lib");\nprocess = %s * 0.5;\n' % (osc % FREQ), round(SECONDS * kit.SR), 1,
                             ["scalar -Ofast", "vector -Ofast"] if form[0] == "o" else ["vector -Ofast", "vector 64, fast maths, -Ofast"])


def interp(row):
    yield row.faust_interpreter("osc", 'import("stdfaust.lib");\nprocess = os.osc(%g) * 0.5;\n' % FREQ, round(SECONDS * kit.SR), 1)


def sc(row):
    plug = ["OscUGens", "LFUGens", "BinaryOpUGens", "IOUGens"]
    for name in ("SinOsc", "FSinOsc"):
        d = kit.Def("sine")
        d.out(d.op(d.ugen(name, d.AR, FREQ, 0), "*", 0.5))
        for block in (64, 1024) if name == "SinOsc" else (1024,):
            yield row.sc(name, [d.bytes()], [(0, kit.s_new("sine", 1000))], SECONDS, 1, block)
        yield row.sc(name, [d.bytes()], [(0, kit.s_new("sine", 1000))], SECONDS, 1, 1024, plugins=plug)


def csound(row):
    for opcode in ("oscil 0.5, %g, 1", "poscil 0.5, %g, 1", "oscils 0.5, %g, 0"):
        for ksmps in (64, 1024):
            yield row.csound(opcode.split()[0], "instr 1\na1 %s\nout a1\nendin" % (opcode % FREQ), "f1 0 16384 10 1\ni1 0 %g\n" % SECONDS, 1, ksmps)


def chuck(row):
    yield row.chuck("SinOsc", "SinOsc s => dac; %g => s.freq; 0.5 => s.gain;\n%g::second => now;\n" % (FREQ, SECONDS), SECONDS, 1)


def pd(row):
    p = kit.Pd()
    p.file(p.obj("*~ 0.5", p.obj("osc~ %g" % FREQ)))
    yield row.pd("osc~", p, SECONDS)


def sox(row):
    kit.need("sox")
    words = ["-n", "-r", str(kit.SR), "-b", "16", "-c", "1", "sox.wav", "synth", str(SECONDS), "sine", str(FREQ)]
    yield kit.Candidate("SoX", "synth, vol", ["sox", "-D", *words, "vol", "0.5"], "sox.wav")
    yield kit.Candidate("SoX", "synth, vol, buffer of 128 KiB", ["sox", "-D", "--buffer", "131072", *words, "vol", "0.5"], "sox.wav")


SYSTEMS = {"patchrun": ours, "limit": limit, "Faust": faust, "Faust interp": interp, "SuperCollider": sc, "Csound": csound,
           "ChucK": chuck, "Pure Data": pd, "SoX": sox}
WHY_NOT = {"FluidSynth": "plays samples: no oscillators"}
