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
    batch = "".join('(sound fx "fx-%04d.wav" :set (%s))\n' % (i + 1, " ".join("%s %.9g" % (n, f[n]) for n in NAMES)) for i, f in enumerate(fx))
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
        [kit.PATCHRUN, "effect.pbc", "-o", "%s/fx-%04d.wav" % (out, i + 1), "--quiet", "--seconds", "0.5",
         *(w for n in NAMES for w in ("--set", "%s=%.9g" % (n, f[n])))] for i, f in enumerate(fx[:EACH])], out + "/fx-%04d.wav")


def limit(row):
    fx = numbers(row)
    row.write("numbers.h", "".join("static const float %ss[%d] = {%s};\n" % (n, COUNT, ", ".join("%.9ef" % f[n] for f in fx)) for n in NAMES))
    out = folder(row, "limit-fx")
    yield from grouped("one", [row.limit("limit.c", out, out=out + "/fx-%04d.wav")])


def faust(row):
    fx = numbers(row)
    text = 'import("stdfaust.lib");\n' + "".join('p_%s = nentry("%s", %g, 0, 100000, 0.000001);\n' % (n, n, RANGES[n][0]) for n in NAMES)
    text += ("freq = p_from + (p_to - p_from) * ba.time / 24000;\nt = max(0, 1 - ba.time / (p_time * 48000));\n"
             "process = (os.phasor(1, freq) * 2 - 1 + no.noise * p_noise) : fi.svf.lp(p_cutoff, 0.70710678) * (%g * t * t * t * t);\n" % AMP)
    biquad = text.replace("fi.svf.lp(p_cutoff, 0.70710678)", "fi.resonlp(p_cutoff, 0.70710678, 1)")
    line = lambda out, i: "%s/fx-%04d.wav %s\n" % (out, i + 1, " ".join("%s %.9g" % (n, fx[i][n]) for n in NAMES))
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
        saw = d.ugen("LFSaw", d.AR, d.ugen("Line", rate, d["from"], d["to"], 0.5, 0), 0)
        x = d.op(saw, "+", d.op(d.ugen("WhiteNoise", d.AR), "*", d["noise"]))
        y = d.ugen("LPF", d.AR, x, d["cutoff"])
        env = d.ugen("EnvGen", rate, 1, AMP, 0, 1, 2, 1, 1, -99, -99, 0, d["time"], 5, -5)
        d.out(d.op(y, "*", env))
        return d.bytes()

    notes = [(i * 0.5, kit.s_new("fx", 1000 + i, **f)) for i, f in enumerate(fx)]
    for name, rate, block in (("kr", 1, 64), ("ar", 2, 64), ("kr", 1, 320)):
        yield from grouped("one", [row.sc("envelopes %s, one file" % name, [definition(rate)], notes, SECONDS, 1, block, plugins=plug)])
    out = folder(row, "sc-each")
    commands = []
    for i in range(EACH):
        c = row.sc("each-%04d" % (i + 1), [definition(1)], [(0, kit.s_new("fx", 1000, **fx[i]))], 0.5, 1, 320, plugins=plug, out="%s/fx-%04d.wav" % (out, i + 1))
        commands.append(c.command)
    yield from each("SuperCollider", "its plug-ins alone", commands, out + "/fx-%04d.wav")


def csound(row):
    fx = numbers(row)
    instr = ("instr 1\nkf line p4, 0.5, p5\na1 phasor kf\na2 rand p7\na3 butterlp a1 * 2 - 1 + a2, p6\nkenv transeg %g, p8, -5, 0\n"
             "out a3 * kenv\nendin" % AMP)
    note = lambda at, f: "i1 %g 0.5 %s\n" % (at, " ".join("%.9g" % f[n] for n in NAMES))
    for ksmps in (32, 96, 240):
        yield from grouped("one", [row.csound("one file", instr, "".join(note(i * 0.5, f) for i, f in enumerate(fx)), 1, ksmps)])
    out = folder(row, "csound-each")
    commands = []
    for i in range(EACH):
        commands.append(row.csound("each-%04d" % (i + 1), instr, note(0, fx[i]), 1, 96, out="%s/fx-%04d.wav" % (out, i + 1)).command)
    yield from each("Csound", "ksmps 96", commands, out + "/fx-%04d.wav")


def chuck(row):
    fx = numbers(row)
    text = "SawOsc s => LPF f => Gain g => dac; Noise n => f; 0.70710678 => f.Q;\n"
    for name in NAMES:
        values = ["%.7g" % f[name] for f in fx]
        text += "[%s] @=> float p_%s[];\n" % (", ".join(v if "." in v else v + ".0" for v in values), name)
    text += ("for (0 => int i; i < %d; i++) {\n  0 => s.phase; p_cutoff[i] => f.freq; p_noise[i] => n.gain;\n"
             "  for (0 => int k; k < 24000; k + 96 => k) {\n    p_from[i] + (p_to[i] - p_from[i]) * k / 24000.0 => s.freq;\n"
             "    1 - k / (p_time[i] * 48000) => float t; if (t < 0) 0 => t; %g * t * t * t * t => g.gain;\n    96::samp => now;\n  }\n}\n" % (COUNT, AMP))
    yield from grouped("one", [row.chuck("one file, 96 frames a step", text, SECONDS, 1)])


def biquad(f):
    w = 2 * np.pi * f / kit.SR
    a, c = np.sin(w) / (2 * 0.70710678), np.cos(w)
    return [2 * c / (1 + a), -(1 - a) / (1 + a), (1 - c) / 2 / (1 + a), (1 - c) / (1 + a), (1 - c) / 2 / (1 + a)]


def pd(row):
    fx = numbers(row)
    row.write("fx.txt", "".join("%s;\n" % " ".join("%.7g" % v for v in (f["from"], f["to"], f["time"] * 1000, f["noise"], *biquad(f["cutoff"]))) for f in fx))
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
    line = p.obj("vline~")
    p.connect(p.msg("$1 \\, $2 500", p.obj("pack f f", u, (u, 1))), line)
    env = p.obj("vline~")
    p.connect(p.msg("1 \\, 0 $1", (u, 2)), env)
    saw = p.obj("-~ 1", p.obj("*~ 2", p.obj("phasor~", line)))
    noise = p.obj("*~", p.obj("noise~"), (u, 3))
    x = p.obj("biquad~", p.obj("+~", saw, noise))
    p.connect(p.obj("pack f f f f f", *((u, 4 + k) for k in range(5))), x)
    e2 = p.obj("*~", env, env)
    e4 = p.obj("*~", e2, e2)
    p.file(p.obj("*~ %g" % AMP, p.obj("*~", x, e4)))
    yield from grouped("one", [row.pd("one file", p, SECONDS)])


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


# ---- the check: each effect by itself ----

EDGES = [0, 250, 500, 1000, 2000, 4000, 8000, 24000]


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
    p = np.abs(np.fft.rfft(x.astype(float) * np.hanning(len(x)))) ** 2
    f = np.arange(len(p)) * kit.SR / len(x)
    return np.array([np.sum(p[(f >= a) & (f < b)]) for a, b in zip(EDGES, EDGES[1:])]) + 1e-12


def centre(x):
    """Of the power along time, in frames, of its low part: how the saw falls and dies."""
    p = x.astype(float) ** 2
    return np.sum(np.arange(len(p)) * p) / np.sum(p)


def measure(x):
    return len(x), 10 * np.log10(np.mean(x.astype(float) ** 2) + 1e-12), 10 * np.log10(bands(x)), centre(x), crossings(x)


def crossings(x):
    """Falling steps of the saw in the first 0.1 s, by its strongest slope: from where it started."""
    part = x[:4800].astype(float) * np.hanning(4800)
    p = np.abs(np.fft.rfft(part, 32768)) ** 2
    f = np.arange(len(p)) * kit.SR / 32768
    return np.sum(p[f < 6000] * f[f < 6000]) / np.sum(p[f < 6000])


def check(row, reference, candidate):
    if not hasattr(reference, "pieces"):
        reference.pieces = [measure(x) for x in pieces(row, reference.out)]
    theirs = [measure(x) for x in pieces(row, candidate.out)] if candidate is not reference else reference.pieces
    want = EACH if getattr(candidate, "group", "") == "each" else COUNT
    if candidate is reference:
        ok = len(theirs) == COUNT and all(t[0] == 24000 for t in theirs)
        return ok, "%d sounds of 24000 frames" % len(theirs) + ("" if ok else "; WRONG")
    wrong = [i for i, (a, b) in enumerate(zip(reference.pieces, theirs)) if differ(a, b)]
    text = "%d sounds, %d of them off" % (len(theirs), len(wrong))
    # pd's and scsynth's last effect may lack a block
    ok = want <= len(theirs) <= want + 1 and len(wrong) <= want // 100
    return ok, text + ("" if ok else "; WRONG: e.g. number %s" % [i + 1 for i in wrong[:3]])


def differ(a, b):
    loud = a[2] > a[2].max() - 25
    return (abs(a[0] - b[0]) > 1024 or abs(a[1] - b[1]) > 1.5 or np.any(np.abs(a[2] - b[2])[loud] > 3) or abs(a[3] - b[3]) > 1200
            or abs(np.log2(a[4] / b[4])) > 0.15)


SYSTEMS = {"patchrun": ours, "limit": limit, "Faust": faust, "SuperCollider": sc, "Csound": csound, "ChucK": chuck, "Pure Data": pd, "SoX": sox}
WHY_NOT = {"Faust interp": "row 2 tells its speed; its host would have to be written", "FluidSynth": "plays samples: no oscillators"}
