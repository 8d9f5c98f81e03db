"""Row 5: 1,000 effects of 0.5 s, each with numbers of its own: a naive saw that falls in a straight line, with
noise, through a low-pass (Q 0.7071), under (1 - t)^4. In one process, and as a process each.

Ours draws the numbers by voice.random, of the seed: --variations 1000 writes 1,000 files in one process. A batch,
where this patchrun has one, and a score, which makes one file, are given the numbers drawn, as the others are. Where a system writes one file only, the effects stand in it one after another.
A process each is tried on the first 100, and counted as 1,000."""
import json
import os
import shutil

import numpy as np

import kit

TITLE = "1,000 effects of 0.5 s: falling saw and noise, low-pass, decay; mono"
SECONDS = 500
COUNT, EACH = 1000, 100
RANGES = {"from": (300, 3000), "to": (60, 300), "cutoff": (500, 6000), "noise": (0.05, 0.5), "time": (0.2, 0.5)}
NAMES = list(RANGES)
AMP = 0.4


def float_wav(path):
    data = open(path, "rb").read()
    return float(np.frombuffer(data[data.index(b"data") + 8:][:4], "<f4")[0])


def numbers(row):
    """Of each effect: its numbers, by name, as ours draws them of seeds 0, 1, ..."""
    row.write("draw.sx", row.read("draw.sx"))
    if not os.path.exists(row.path("numbers.json")):
        u = []
        for which in range(5):
            row.call(kit.PATCHRUN, "draw.sx", "-o", "u.wav", "--quiet", "--bits", "float", "--frames", "1", "--variations", str(COUNT), "--set", "which=%d" % which)
            u.append([float_wav(row.path("u-%04d.wav" % (i + 1))) for i in range(COUNT)])
        for i in range(COUNT):
            os.unlink(row.path("u-%04d.wav" % (i + 1)))
        all = [{n: lo + (hi - lo) * u[k][i] for k, (n, (lo, hi)) in enumerate(RANGES.items())} for i in range(COUNT)]
        row.write("numbers.json", json.dumps(all))
    return json.load(open(row.path("numbers.json")))


def grouped(group, candidates):
    for c in candidates:
        c.group = group
        if group == "each":
            c.share = EACH / COUNT
        c.form = ("1,000 processes: " if group == "each" else "one process: ") + c.form
        yield c


RAM = "/dev/shm/repatch-bench-%d" % os.getpid()


def folder(row, name):
    """In memory where that can be: a thousand files written over and over measure the file system, not who writes."""
    path = row.path(name)
    if os.path.islink(path):
        os.unlink(path)
    if os.path.isdir("/dev/shm") and os.access("/dev/shm", os.W_OK) and not os.path.isdir(path):
        os.makedirs(os.path.join(RAM, name), exist_ok=True)
        os.symlink(os.path.join(RAM, name), path)
    os.makedirs(path, exist_ok=True)
    return name


def finish(row):
    shutil.rmtree(RAM, True)
    for name in os.listdir(row.work):
        if os.path.islink(row.path(name)) and not os.path.exists(row.path(name)):
            os.unlink(row.path(name))


def each(system, form, commands, out):
    return grouped("each", [kit.Candidate(system, form, None, out, commands=commands)])


def ours(row):
    fx = numbers(row)
    text = row.read("effect.sx")
    row.write("effect.sx", text)
    begin, end = text.index("  (params"), text.index("  (def freq")
    drawn = "".join("  (def %s (voice.random (low %g) (high %g)))\n" % (n, *RANGES[n]) for n in NAMES)
    row.write("drawn.sx", text[:begin] + drawn + text[end:])
    c = row.ours("--variations 1000, drawn by the seed, 1,000 files", "drawn.sx", "--seconds", "0.5", "--variations", str(COUNT),
                 out=folder(row, "patchrun") + "/fx.wav")
    c.out = "patchrun/fx-%04d.wav"
    yield from grouped("one", [c])
    batch = "".join('(sound fx "fx-%04d.wav" :seed %d :set (%s))\n' % (i + 1, i, " ".join("%s %.9g" % (n, f[n]) for n in NAMES)) for i, f in enumerate(fx))
    row.write("batch.sx", '(batch "effects")\n(default :seconds 0.5)\n(patch fx "effect.sx")\n' + batch)
    c = row.ours("a batch, 1,000 files", "batch.sx", out=folder(row, "batch"))
    c.out = "batch/fx-%04d.wav"
    try:
        row.call(kit.PATCHRUN, "batch.sx", "-o", "batch", "--quiet")
        yield from grouped("one", [c])
    except RuntimeError:
        pass  # this patchrun has no batches
    plays = "".join("(play fx :at %gs :pan 0 :set (%s))\n" % (i * 0.5, " ".join("%s %.9g" % (n, f[n]) for n in NAMES)) for i, f in enumerate(fx))
    row.write("effects.sx", '(score effects)\n(quantise off)\n(voices 4)\n(end %ds)\n(patch fx "effect.sx")\n' % SECONDS + plays)
    yield from grouped("one", [row.ours("a score of 1,000 plays, one file", "effects.sx", out="effects.wav")])
    row.call(kit.PATCHC, "effect.sx", "-o", "effect.pbc")
    out = folder(row, "patchrun-each")
    yield from each("patchrun", "bytecode, --set", [
        [kit.PATCHRUN, "effect.pbc", "-o", "%s/fx-%04d.wav" % (out, i + 1), "--quiet", "--seconds", "0.5", "--seed", str(i),
         *(w for n in NAMES for w in ("--set", "%s=%.9g" % (n, f[n])))] for i, f in enumerate(fx[:EACH])], out + "/fx-%04d.wav")


def limit(row):
    fx = numbers(row)
    row.write("numbers.h", "".join("static const float %ss[%d] = {%s};\n" % (n, COUNT, ", ".join("%.9ef" % f[n] for f in fx)) for n in NAMES))
    out = folder(row, "limit-fx")
    yield from grouped("one", [row.limit("limit.c", out, out=out + "/fx-%04d.wav")])


def faust(row):
    fx = numbers(row)
    text = 'import("stdfaust.lib");\n' + "".join('p_%s = nentry("%s", %g, 0, 100000, 0.000001);\n' % (n, n, RANGES[n][0]) for n in NAMES)
    text += ('seed = nentry("seed", 1, 0, 100000, 1);\n'  # no.noise is the same in each effect, this is not
             "noise = (+(12345 + 2 * int(seed)) ~ *(1103515245)) / 2147483647.0;\n"
             "freq = p_from + (p_to - p_from) * ba.time / 24000;\nt = max(0, 1 - ba.time / (p_time * 48000));\n"
             "process = (os.phasor(1, freq) * 2 - 1 + noise * p_noise) : fi.svf.lp(p_cutoff, 0.70710678) * (%g * t * t * t * t);\n" % AMP)
    biquad = text.replace("fi.svf.lp(p_cutoff, 0.70710678)", "fi.resonlp(p_cutoff, 0.70710678, 1)")
    line = lambda out, i: "%s/fx-%04d.wav %s seed %d\n" % (out, i + 1, " ".join("%s %.9g" % (n, fx[i][n]) for n in NAMES), 37 * i)
    best = None
    for form, program in (("svf", text), ("resonlp", biquad)):
        for way in ("scalar -Ofast", "vector -Ofast"):
            out = folder(row, "faust-%s-%s-fx" % (form, kit.slug(way)))
            row.write(out + ".list", "".join(line(out, i) for i in range(COUNT)))
            c = next(row.faust(form, program, 24000, 1, [way], block=480, arguments=[out + ".list"], out=out + "/fx-%04d.wav", effects=True))
            best = c.command[0] if form == "svf" and way == "scalar -Ofast" else best
            yield from grouped("one", [c])
    out = folder(row, "faust-each")
    for i in range(EACH):
        row.write("%s/%04d.list" % (out, i + 1), line(out, i))
    yield from each("Faust", "svf, scalar -Ofast", [[best, "%s/%04d.list" % (out, i + 1)] for i in range(EACH)], out + "/fx-%04d.wav")


def sc(row):
    fx = numbers(row)
    plug = ["OscUGens", "LFUGens", "FilterUGens", "BinaryOpUGens", "IOUGens", "TriggerUGens", "NoiseUGens", "MulAddUGens"]

    def definition(rate):
        d = kit.Def("fx", **{n: RANGES[n][0] for n in NAMES})
        saw = d.ugen("LFSaw", d.AR, d.ugen("Line", rate, d["from"], d["to"], 0.5, 0), 1)
        x = d.op(saw, "+", d.op(d.ugen("WhiteNoise", d.AR), "*", d["noise"]))
        y = d.ugen("LPF", d.AR, x, d["cutoff"])
        t = d.ugen("Line", rate, 1, 0, d["time"], 2)  # and frees the synth at its end
        t2 = d.op(t, "*", t)
        d.out(d.op(y, "*", d.op(d.op(t2, "*", t2), "*", AMP)), ugen="OffsetOut")
        return d.bytes()

    notes = [(i * 0.5, kit.s_new("fx", 1000 + i, **f)) for i, f in enumerate(fx)]
    for name, rate, block in (("kr", 1, 64), ("ar", 2, 64), ("kr", 1, 128), ("kr", 1, 256)):
        yield from grouped("one", [row.sc("envelopes %s, one file" % name, [definition(rate)], notes, SECONDS, 1, block, plugins=plug)])
    out = folder(row, "sc-each")
    commands = []
    for i in range(EACH):
        c = row.sc("each-%04d" % (i + 1), [definition(1)], [(0, kit.s_new("fx", 1000, **fx[i]))], 0.5, 1, 128, plugins=plug, out="%s/fx-%04d.wav" % (out, i + 1))
        commands.append(c.command)
    yield from each("SuperCollider", "its plug-ins alone", commands, out + "/fx-%04d.wav")


def csound(row):
    fx = numbers(row)
    instr = ("instr 1\nkf line p4, 0.5, p5\na1 phasor kf\na2 rand p7, p9\na3 butterlp a1 * 2 - 1 + a2, p6\nkt linseg 1, p8, 0\nkt2 = kt * kt\n"
             "out a3 * (kt2 * kt2 * %g)\nendin" % AMP)

    def note(i, at):  # the last number is a seed of its own
        return "i1 %g 0.5 %s %.6f\n" % (at, " ".join("%.9g" % fx[i][n] for n in NAMES), (i + 0.5) / COUNT)

    for ksmps in (32, 96, 240):
        yield from grouped("one", [row.csound("one file", instr, "".join(note(i, i * 0.5) for i in range(COUNT)), 1, ksmps)])
    # its built-in opcodes are enough: it loads, when it starts, all plug-ins there are
    os.makedirs(row.path("no-plugins"), exist_ok=True)
    for ksmps in (96, 240):
        out = folder(row, "csound-each-%d" % ksmps)
        commands = [row.csound("each-%04d" % (i + 1), instr, note(i, 0), 1, ksmps, out="%s/fx-%04d.wav" % (out, i + 1)).command for i in range(EACH)]
        for c in each("Csound", "ksmps %d, no plug-ins" % ksmps, commands, out + "/fx-%04d.wav"):
            c.env = {"OPCODE6DIR64": row.path("no-plugins")}
            yield c


def chuck(row):
    fx = numbers(row)
    text = ""
    for name in NAMES:
        values = ["%.7g" % f[name] for f in fx]
        text += "[%s] @=> float p_%s[];\n" % (", ".join(v if "." in v else v + ".0" for v in values), name)
    # a filter for each effect: the state of the one before, with other coefficients, is a click
    text += ("for (0 => int i; i < %d; i++) {\n  SawOsc s => LPF f => Gain g => dac; Noise n => f; 0.70710678 => f.Q;\n"
             "  p_cutoff[i] => f.freq; p_noise[i] => n.gain;\n"
             "  for (0 => int k; k < 24000; k + 96 => k) {\n    p_from[i] + (p_to[i] - p_from[i]) * k / 24000.0 => s.freq;\n"
             "    1 - k / (p_time[i] * 48000) => float t; if (t < 0) 0 => t; %g * t * t * t * t => g.gain;\n    96::samp => now;\n  }\n"
             "  g =< dac;\n}\n" % (COUNT, AMP))
    yield from grouped("one", [row.chuck("one file, 96 frames a step", text, SECONDS, 1)])


def biquad(f):
    w = 2 * np.pi * f / kit.SR
    a, c = np.sin(w) / (2 * 0.70710678), np.cos(w)
    return [2 * c / (1 + a), -(1 - a) / (1 + a), (1 - c) / 2 / (1 + a), (1 - c) / (1 + a), (1 - c) / 2 / (1 + a)]


def pd(row):
    fx = numbers(row)
    row.write("fx.txt", "".join("%s;\n" % " ".join("%.7g" % v for v in (f["from"], f["to"], f["time"] * 1000, f["noise"], *biquad(f["cutoff"]))) for f in fx))
    for ramp in ("line~", "vline~"):
        p = kit.Pd()
        fields = p.obj("text define fx")
        start = p.obj("t b b", p.obj("loadbang"))
        p.connect(p.msg("read fx.txt", (start, 1)), fields)
        beat = p.obj("metro 500", start)
        count = p.obj("f", beat)
        p.connect(p.obj("+ 1", count), count, 1)
        get = p.obj("text get fx", count)
        p.connect(count, get)
        p.cables.pop()
        u = p.obj("unpack f f f f f f f f f", get)
        line = p.obj(ramp)
        p.connect(p.msg("\\$1 \\, \\$2 500", p.obj("pack f f", u, (u, 1))), line)
        env = p.obj(ramp)
        p.connect(p.msg("1 \\, 0 \\$1", (u, 2)), env)
        saw = p.obj("phasor~", line, p.msg("0", beat))
        saw = p.obj("-~ 1", p.obj("*~ 2", saw))
        noise = p.obj("*~", p.obj("noise~"), (u, 3))
        x = p.obj("biquad~", p.obj("+~", saw, noise))
        p.connect(p.obj("pack f f f f f", *((u, 4 + k) for k in range(5))), x)
        p.connect(p.msg("set 0 0", beat), x)  # no state of the effect before: with other coefficients it is a click
        e2 = p.obj("*~", env, env)
        e4 = p.obj("*~", e2, e2)
        p.file(p.obj("*~ %g" % AMP, p.obj("*~", x, e4)))
        yield from grouped("one", [row.pd("one file, " + ramp, p, SECONDS)])


def sox(row):
    kit.need("sox")
    fx = numbers(row)
    out = folder(row, "sox-each")
    commands = []
    for i, f in enumerate(fx[:EACH]):
        fade = ["fade", "t", "0", "%.6f" % f["time"], "%.6f" % f["time"]]
        commands.append(["sox", "-D", "-n", "-r", str(kit.SR), "-b", "16", "-c", "2", "%s/fx-%04d.wav" % (out, i + 1), "synth", "0.5",
                         "sawtooth", "%.6f:%.6f" % (f["from"], f["to"]), "whitenoise", "remix", "1v%g,2v%.6f" % (AMP, AMP * f["noise"]),
                         "lowpass", "-2", "%.6f" % f["cutoff"], "0.70710678q", *fade * 4, "pad", "24000s@%.6f" % f["time"], "trim", "0", "0.5"])
    yield from each("SoX", "fade by t, four times", commands, out + "/fx-%04d.wav")


# ---- the check: each effect by itself, against ours of other noise ----
# What is measured of an effect depends on its noise, most where there is little else: a band's power has a deviation of up
# to 1.3 dB. So it is compared with the mean of SEEDS renderings of ours, and may be away from it by TOLERANCE and three of
# its own deviations. An engine with noise of its own, and nothing wrong, is then off in 0 to 1 effects of 1,000.

EDGES = [0, 250, 500, 1000, 2000, 4000, 8000, 24000]
SEEDS = range(1, 9)
MEASURES = ["level"] + ["%d Hz" % e for e in EDGES[:-1]] + ["time", "octaves"]
TOLERANCE = np.array([1.0] + [1.5] * 7 + [600, 0.1])  # dB; dB of an octave or so; frames; octaves
AS_A_WHOLE = np.array([0.5] + [0.75] * 7 + [240, 0.04])  # the same, of the median of all effects
QUIET = 25  # dB under its loudest, a band counts as empty


def pieces(row, out):
    if "%" in out:
        for i in range(COUNT):
            path = row.path(out % (i + 1))
            if not os.path.exists(path):
                return
            yield kit.read_wav(path)[:, 0]
    else:
        whole = kit.read_wav(row.path(out))[:, 0]
        for i in range(round(len(whole) / 24000)):
            yield whole[i * 24000:(i + 1) * 24000]


def bands(x):
    p = np.abs(np.fft.rfft(x * np.hanning(len(x)))) ** 2
    f = np.arange(len(p)) * kit.SR / len(x)
    b = 10 * np.log10(np.array([np.sum(p[(f >= a) & (f < b)]) for a, b in zip(EDGES, EDGES[1:])]) + 1e-12)
    return np.maximum(b, b.max() - QUIET)


def centre(x):
    """Of the power along time, in frames: how it dies."""
    p = x ** 2
    return np.sum(np.arange(len(p)) * p) / (np.sum(p) + 1e-12)


def begin(x):
    """The centre of the spectrum of the first 0.1 s, in octaves: where the saw starts."""
    p = np.abs(np.fft.rfft(x[:4800] * np.hanning(4800), 32768)) ** 2
    f = np.arange(len(p)) * kit.SR / 32768
    return np.log2(np.sum(p[f < 6000] * f[f < 6000]) / (np.sum(p[f < 6000]) + 1e-12) + 1)


def measure(x):
    """Nothing, of what has not the length of an effect, within an engine's block."""
    if abs(len(x) - 24000) > 1024:
        return np.full(len(MEASURES), np.nan)
    x = x.astype(float)
    return np.array([10 * np.log10(np.mean(x ** 2) + 1e-12), *bands(x), centre(x), begin(x)])


def measured(row, out):
    return np.array([measure(x) for x in pieces(row, out)]).reshape(-1, len(MEASURES))


def expected(row):
    """Mean and deviation of what is measured of each effect, of ours as a score."""
    all = []
    for seed in SEEDS:
        row.call(kit.PATCHRUN, "effects.sx", "-o", "expected.wav", "--quiet", "--seed", str(seed))
        all.append(measured(row, "expected.wav"))
    os.unlink(row.path("expected.wav"))
    return np.mean(all, 0), np.std(all, 0, ddof=1)


def compare(expected, theirs, want):
    """(ok, what was found)."""
    mean, deviation = (e[:len(theirs)] for e in expected)
    # one file's last effect may end with a block more
    ok, text = want <= len(theirs) <= want + 1, "%d sounds" % len(theirs)
    apart = theirs[:len(mean)] - mean
    with np.errstate(invalid="ignore"):  # what is no number is off
        off = ~np.all(np.abs(apart) <= TOLERANCE + 3 * deviation, 1)
    text += ", %d of them off" % np.sum(off)
    if np.sum(off) > want // 100:
        ok, text = False, text + ": e.g. number %s" % (np.flatnonzero(off)[:3] + 1).tolist()
    b = mean[:, 1:-2]
    apart[:, 1:-2][b < b.max(1, keepdims=True) - QUIET + 0.01] = np.nan  # empty bands are no measure of the whole
    whole = np.nanmedian(apart[~off], 0) if np.sum(~off) > want // 2 else np.full(len(MEASURES), np.nan)
    for name, x, most in zip(MEASURES, whole, AS_A_WHOLE):
        if abs(x) > most:
            ok, text = False, text + ", %+.2f %s" % (x, name)
    return ok, text + ("" if ok else "; WRONG")


def check(row, reference, candidate):
    if not hasattr(reference, "expected"):
        reference.expected = expected(row)
    return compare(reference.expected, measured(row, candidate.out), EACH if getattr(candidate, "group", "") == "each" else COUNT)


SYSTEMS = {"patchrun": ours, "limit": limit, "Faust": faust, "SuperCollider": sc, "Csound": csound, "ChucK": chuck, "Pure Data": pd, "SoX": sox}
WHY_NOT = {"Faust interp": "row 2 tells its speed; its host would have to be written", "FluidSynth": "plays samples: no oscillators"}
