"""What the rows are made with: candidates, one a formulation of a row for a system; their inputs in each
system's own form; and the check that two of them do the same work."""
import os
import shlex
import shutil
import struct
import subprocess

import numpy as np

from osc import osc_bundle, osc_message

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
SHORT = float(os.environ.get("SHORT", "1"))
WORK = os.path.join(ROOT, "build", "bench", "speed" if SHORT == 1 else "speed-short")
PATCHRUN = os.path.realpath(os.environ.get("PATCHRUN", os.path.join(ROOT, "bin", "patchrun")))
PATCHC = os.path.join(os.path.dirname(PATCHRUN), "patchc")
SR = 48000


def seconds(whole):
    """What a row takes of its length: all, or a part, for a quick look."""
    return whole / SHORT if whole % SHORT else int(whole / SHORT)


class Missing(Exception):
    """Why a system cannot do a row here."""


class Candidate:
    """A formulation of a row for a system. A command of words, or a list of commands, run one after
    another; what it writes; how many of the row's pieces it does of all (1,000 processes are many)."""

    def __init__(self, system, form, command, out, note="", share=1.0, commands=None, env=None):
        self.system, self.form, self.out, self.note, self.share = system, form, out, note, share
        self.command, self.commands = command, commands
        self.env = env or {}  # variables of its environment
        self.check = None  # (ok, text), after it


class Row:
    """The kit in one row's folder. Everything a row writes lies there, and its commands run there."""

    def __init__(self, number, name, folder):
        self.number, self.name, self.folder = number, name, folder
        self.work = os.path.join(WORK, folder)
        self.source = os.path.join(HERE, "rows", folder)
        os.makedirs(self.work, exist_ok=True)

    def path(self, name):
        return os.path.join(self.work, name)

    def read(self, name):
        with open(os.path.join(self.source, name)) as f:
            return f.read()

    def write(self, name, text):
        data = text.encode() if isinstance(text, str) else text
        path = self.path(name)
        if not os.path.exists(path) or open(path, "rb").read() != data:
            with open(path, "wb") as f:
                f.write(data)
        return name

    def call(self, *words):
        r = subprocess.run(words, cwd=self.work, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if r.returncode:
            raise RuntimeError("%s: %s" % (" ".join(words), r.stdout.decode(errors="replace")[-2000:]))
        return r.stdout.decode(errors="replace")

    def build(self, target, inputs, *words):
        """Runs it when the target is older than an input or was built in another way."""
        path, stamp = self.path(target), self.path(target + ".by")
        if os.path.exists(path) and os.path.exists(stamp) and open(stamp).read() == shlex.join(words):
            if all(os.path.getmtime(i) <= os.path.getmtime(path) for i in inputs):
                return target
        self.call(*words)
        with open(stamp, "w") as f:
            f.write(shlex.join(words))
        return target

    # ---- systems ----

    def ours(self, form, file, *options, out="patchrun.wav", note=""):
        return Candidate("patchrun", form, [PATCHRUN, file, "-o", out, "--quiet", *options], out, note)

    def limit(self, source="limit.c", *arguments, out="limit.wav", libs=()):
        if SHORT != 1:
            raise Missing("has its whole length alone")
        path = source if os.path.isabs(source) else os.path.join(self.source, source)
        if "avx2" not in open("/proc/cpuinfo").read() or not shutil.which("gcc"):
            raise Missing("no AVX2 or no gcc here")
        self.build("limit", [path, os.path.join(HERE, "wav.h")], "gcc", "-std=gnu11", "-O3", "-march=native",
                   "-Wall", "-Wextra", "-I", HERE, "-I", self.work, path, "-o", "limit", "-Wl,--as-needed", *libs, "-lm")
        return Candidate("limit", "AVX2", ["./limit", *(arguments or (out,))], out)

    FAUST = {  # options of faust, of g++
        "scalar -O3": ([], ["-O3"]),
        "scalar -Ofast": ([], ["-Ofast"]),
        "double -O3": (["-double"], ["-O3"]),
        "double -Ofast": (["-double"], ["-Ofast"]),
        "vector -O3": (["-vec", "-lv", "0", "-vs", "32"], ["-O3"]),
        "vector -Ofast": (["-vec", "-lv", "0", "-vs", "32"], ["-Ofast"]),
        "vector 64 -Ofast": (["-vec", "-lv", "1", "-vs", "64"], ["-Ofast"]),
        "vector 64, fast maths, -Ofast": (["-vec", "-lv", "1", "-vs", "64", "-fm", "def"], ["-Ofast"]),
        "scalar, fast maths, -Ofast": (["-fm", "def"], ["-Ofast"]),
    }

    def faust(self, form, program, frames, channels, ways=None, block=512, arguments=None, out=None, effects=False):
        """A candidate for each way to compile it."""
        need("faust", "g++")
        name = "faust-" + slug(form)
        self.write(name + ".dsp", program)
        for way in ways or self.FAUST:
            options, optimise = self.FAUST[way]
            this = name + "-" + slug(way)
            self.build(this + ".cpp", [self.path(name + ".dsp")], "faust", "-lang", "cpp", *options,
                       "-o", this + ".cpp", name + ".dsp")
            if "-fm" in options:  # Faust's architecture files define its fast functions so
                text = open(self.path(this + ".cpp")).read()
                if "faust/dsp/fastmath.cpp" not in text:
                    with open(self.path(this + ".cpp"), "w") as f:
                        f.write('#include <faust/dsp/fastmath.cpp>\n' + text)
            self.build(this, [self.path(this + ".cpp"), os.path.join(HERE, "faust_main.cpp")],
                       "g++", "-std=c++17", *optimise, "-march=native", "-I", HERE, "-DBLOCK=%d" % block,
                       "-DFRAMES=%d" % frames, "-DCHANNELS=%d" % channels, "-DEFFECTS=%d" % effects,
                       '-DPROGRAM="%s"' % self.path(this + ".cpp"), os.path.join(HERE, "faust_main.cpp"), "-o", this)
            wav = out or this + ".wav"
            yield Candidate("Faust", "%s, %s" % (form, way), ["./" + this, *(arguments or (wav,))], wav)

    def faust_interpreter(self, form, program, frames, channels, double=False):
        need("g++", "faust")
        name = "interp-" + slug(form)
        self.write(name + ".dsp", program)
        source = os.path.join(HERE, "faust_interp.cpp")
        if not os.path.exists("/usr/include/faust/dsp/interpreter-dsp.h"):
            raise Missing("no headers of libfaust")
        self.build("faust-interp", [source], "g++", "-std=c++17", "-O3", "-march=native", "-I", HERE, source,
                   "-o", "faust-interp", "-lfaust")
        out = name + ".wav"
        words = ["./faust-interp", name + ".dsp", str(frames), str(channels), out] + (["-double"] if double else [])
        return Candidate("Faust interp", form, words, out, "compiling counted")

    def sc(self, form, definitions, messages, seconds, channels, block=64, memory=None, plugins=None, out=None):
        """messages: (seconds, message) in ascending order."""
        need("scsynth")
        name = "sc-" + slug(form) + "-%d" % block
        score = b"".join(osc_bundle(0, osc_message("/d_recv", d)) for d in definitions)
        times = sorted({t for t, _ in messages})
        by = {t: [] for t in times}
        for t, m in messages:
            by[t].append(m)
        score += b"".join(osc_bundle(t, *by[t]) for t in times) + osc_bundle(seconds, osc_message("/c_set", 0, 0))
        self.write(name + ".osc", score)
        out = out or name + ".wav"
        words = ["scsynth", "-D", "0", "-z", str(block), "-o", str(channels), "-i", "0", "-w", "512", "-n", "4096"]
        words += ["-m", str(memory)] if memory else []
        words += ["-U", self.sc_plugins(plugins)] if plugins else []
        words += ["-N", name + ".osc", "_", out, str(SR), "WAV", "int16"]
        form += ", blocks of %d" % block + (", its plug-ins alone" if plugins else "")
        return Candidate("SuperCollider", form, words, out)

    def sc_plugins(self, names):
        """A folder of those plug-ins alone: scsynth loads, when it starts, all there are."""
        folder = "plugins"
        os.makedirs(self.path(folder), exist_ok=True)
        for n in names:
            link = self.path(os.path.join(folder, n + ".so"))
            if not os.path.lexists(link):
                os.symlink("/usr/lib/SuperCollider/plugins/%s.so" % n, link)
        return folder

    def csound(self, form, orchestra, score, channels, ksmps, out=None, options=()):
        need("csound")
        name = "csound-" + slug(form) + "-%d" % ksmps
        self.write(name + ".orc", "sr = %d\nksmps = %d\nnchnls = %d\n0dbfs = 1\n%s\n" % (SR, ksmps, channels, orchestra))
        self.write(name + ".sco", score + "e\n")
        out = out or name + ".wav"
        words = ["csound", "-d", "-m0", "-W", "-s", "-b", "8192", "-B", "8192", *options, "-o", out, name + ".orc", name + ".sco"]
        return Candidate("Csound", form + ", ksmps %d" % ksmps, words, out)

    def chuck(self, form, body, seconds, channels):
        need("chuck")
        name = "chuck-" + slug(form)
        out = name + ".wav"
        writer = "WvOut2" if channels == 2 else "WvOut"
        end = 'dac => %s file => blackhole; "%s" => file.wavFilename;\n' % (writer, out)
        self.write(name + ".ck", end + body + "\nfile.closeFile();\n")
        return Candidate("ChucK", form, ["chuck", "--silent", "--srate:%d" % SR, "--channels:%d" % channels, name + ".ck"], out)

    def pd(self, form, patch, seconds):
        need("pd")
        name = "pd-" + slug(form)
        out = name + ".wav"
        self.write(name + ".pd", patch.text(out, seconds))
        return Candidate("Pure Data", form, ["pd", "-nrt", "-batch", "-nogui", "-noprefs", "-noaudio", "-r", str(SR), "-open", name + ".pd"], out)


def need(*programs):
    for p in programs:
        if not shutil.which(p):
            raise Missing("no %s here; make setup-bench" % p)


def slug(text):
    return "".join(c if c.isalnum() else "-" for c in text.lower()).replace("--", "-").strip("-")


# ---- SuperCollider: synth definitions, version 2, and scores of OSC messages ----

class Def:
    """Builds a synth definition. A value is a number, or (ugen, output)."""
    IR, KR, AR = 0, 1, 2
    OPS = {"+": 0, "-": 1, "*": 2, "/": 4}

    def __init__(self, name, **params):
        self.name, self.params, self.consts, self.ugens = name, list(params.items()), [], []
        if params:
            self.ugens.append(("Control", 0, [], [0] * len(params), 0))

    def __getitem__(self, param):
        return (0, [n for n, _ in self.params].index(param))

    def value(self, v):
        if isinstance(v, tuple):
            return v
        v = float(np.float32(v))
        if v not in self.consts:
            self.consts.append(v)
        return (-1, self.consts.index(v))

    def rate(self, v):
        return self.ugens[v[0]][3][v[1]] if v[0] >= 0 else 0

    def ugen(self, name, rate, *inputs, outputs=1, special=0):
        self.ugens.append((name, rate, [self.value(i) for i in inputs], [rate] * outputs, special))
        return (len(self.ugens) - 1, 0)

    def op(self, a, op, b):
        a, b = self.value(a), self.value(b)
        return self.ugen("BinaryOpUGen", max(self.rate(a), self.rate(b)), a, b, special=self.OPS[op])

    def mul_add(self, a, m, c):
        a, m, c = self.value(a), self.value(m), self.value(c)
        return self.ugen("MulAdd", self.rate(a), a, m, c)

    def sum(self, values):
        values = list(values)
        while len(values) > 1:
            n = min(4, len(values))
            if n == 2:
                new = self.op(values[0], "+", values[1])
            else:
                new = self.ugen("Sum%d" % n, self.AR, *values[:n])
            values = values[n:] + [new]
        return values[0]

    def out(self, *channels, ugen="Out"):
        """OffsetOut begins on the frame of its note, Out with the block that frame lies in."""
        self.ugens.append((ugen, self.AR, [self.value(0), *channels], [], 0))

    def bytes(self):
        p = lambda s: bytes([len(s)]) + s.encode()
        d = b"SCgf" + struct.pack(">ih", 2, 1) + p(self.name)
        d += struct.pack(">i", len(self.consts)) + b"".join(struct.pack(">f", c) for c in self.consts)
        d += struct.pack(">i", len(self.params)) + b"".join(struct.pack(">f", v) for _, v in self.params)
        d += struct.pack(">i", len(self.params)) + b"".join(p(n) + struct.pack(">i", i) for i, (n, _) in enumerate(self.params))
        d += struct.pack(">i", len(self.ugens))
        for name, rate, inputs, outputs, special in self.ugens:
            d += p(name) + struct.pack(">biih", rate, len(inputs), len(outputs), special)
            d += b"".join(struct.pack(">ii", *i) for i in inputs) + bytes(outputs)
        return d + struct.pack(">h", 0)


def s_new(name, node, **params):
    flat = [x for k, v in params.items() for x in (k, float(v))]
    return osc_message("/s_new", name, node, 1, 0, *flat)


# ---- Pure Data: patches ----

class Pd:
    """Builds a patch. obj() gives the number of an object; `outs` are what goes to the file."""

    def __init__(self):
        self.lines, self.cables, self.count, self.arrays = [], [], 0, 0

    def add(self, line):
        self.lines.append(line)
        self.count += 1
        return self.count - 1

    def obj(self, text, *inputs):
        """Inputs: objects, or (object, outlet); None for an inlet without a cable."""
        o = self.add("#X obj 10 10 %s;" % text)
        for inlet, i in enumerate(inputs):
            if i is not None:
                self.connect(i, o, inlet)
        return o

    def msg(self, text, source=None):
        m = self.add("#X msg 10 10 %s;" % text)
        if source is not None:
            self.connect(source, m, 0)
        return m

    def connect(self, source, to, inlet=0):
        source, outlet = source if isinstance(source, tuple) else (source, 0)
        self.cables.append("#X connect %d %d %d %d;" % (source, outlet, to, inlet))

    def sum(self, signals):
        """Cables into one inlet are summed by pd: one object holds the sum."""
        s = self.obj("+~ 0")
        for i in signals:
            self.connect(i, s, 0)
        return s

    def file(self, *channels):
        self.writer = self.obj("writesf~ %d 16000000" % len(channels), *channels)

    def text(self, out, seconds):
        bang = self.obj("loadbang")
        order = self.obj("t b b b", bang)
        wait = self.obj("delay %.9g" % (seconds * 1000), order)
        stop = self.obj("t b b", wait)
        # writesf~ writes in a thread of its own: it gets a large buffer, and time, without sound, to end
        self.msg("\\; pd quit", self.obj("delay 2000000", stop))
        self.msg("\\; pd dsp 0", stop)
        self.connect(self.msg("stop", (stop, 1)), self.writer)
        self.connect(self.msg("start", (order, 1)), self.writer)
        self.connect(self.msg("open -wave -bytes 2 %s" % out, (order, 2)), self.writer)
        self.msg("\\; pd dsp 1", (order, 2))
        return "#N canvas 0 0 400 400 12;\n" + "\n".join(self.lines + self.cables) + "\n"


# ---- the check ----

def read_wav(path):
    """Frames by channels, full scale 1."""
    data = np.memmap(path, dtype=np.uint8, mode="r")
    if bytes(data[:4]) not in (b"RIFF", b"RF64"):
        raise ValueError("no WAV file")
    at, channels, bits = 12, 1, 16
    while at + 8 <= len(data):
        name, size = bytes(data[at:at + 4]), struct.unpack("<I", bytes(data[at + 4:at + 8]))[0]
        if name == b"fmt ":
            channels, rate = struct.unpack("<HI", bytes(data[at + 10:at + 16]))
            bits = struct.unpack("<H", bytes(data[at + 22:at + 24]))[0]
            if rate != SR or bits != 16:
                raise ValueError("%d frames a second, %d bits" % (rate, bits))
        if name == b"data":
            frames = min(size, len(data) - at - 8) // (2 * channels)
            body = np.array(data[at + 8:at + 8 + frames * 2 * channels])
            return (body.view("<i2").reshape(-1, channels) / np.float32(32768)).astype(np.float32)
        at += 8 + size + size % 2
    raise ValueError("no sound in it")


SIZE = 32768  # frames of a Fourier transform: bins of 1.46 Hz


def power(x):
    """Mean power spectrum."""
    window = np.hanning(SIZE).astype(np.float32)
    total = np.zeros(SIZE // 2 + 1)
    count = max(1, len(x) // SIZE)
    some = range(0, count, 1 + count // 128)
    for i in some:
        part = x[i * SIZE:(i + 1) * SIZE]
        part = np.pad(part, (0, SIZE - len(part))) * window
        total += np.abs(np.fft.rfft(part)) ** 2
    return total / len(some)


def around(p, reach):
    """Each bin with its neighbours."""
    return np.convolve(p, np.ones(2 * reach + 1), "same")


def levels(x, window=2400):
    """dB by 50 ms, held above 40 dB under the loudest."""
    n = len(x) // window
    e = np.sqrt(np.mean(np.square(x[:n * window].reshape(n, window)), 1, dtype=float))
    return 20 * np.log10(np.maximum(e, e.max() * 0.01 + 1e-9))


class Bounds:
    """How far a system may be from ours and still do the same work."""

    def __init__(self, frames=1024, level=1.0, reach=2, bins=1.5, share=0.97, windows=3.0, late=0.2, floor=50.0, compare=None):
        self.frames = frames    # in length
        self.level = level      # dB, of the RMS of each channel
        self.reach = reach      # bins to either side that count as one, of 1.46 Hz
        self.bins = bins        # dB, each of the bins within `floor` dB of the largest,
        self.floor = floor
        self.share = share      # but for this share of them
        self.windows = windows  # dB, each 50 ms
        self.late = late        # but for this share of them


class Sound:
    """What the check needs of a sound, measured once."""

    def __init__(self, x):
        self.frames, self.channels = len(x), x.shape[1]
        if self.channels == 2 and np.array_equal(x[:, 0], x[:, 1]):
            self.channels = 1
        sides = [np.ascontiguousarray(x[:, c]) for c in range(self.channels)]
        self.rms = [np.sqrt(np.mean(np.square(s), dtype=float)) for s in sides]
        self.power = [power(s) for s in sides]
        self.levels = [levels(s) for s in sides]
        self.begin = [s[:20 * SR].copy() for s in sides]


def same_work(ours, theirs, b):
    """(ok, what was measured). Two sounds as Sound."""
    if theirs.frames < SIZE:
        return False, "WRONG: %d frames" % theirs.frames
    if theirs.channels != ours.channels:
        return False, "WRONG: %d channels" % theirs.channels
    wrong, off = [], theirs.frames - ours.frames
    if abs(off) > b.frames:
        wrong.append("length")
    level = share = late = 0.0
    for c in range(ours.channels):
        rms = 20 * np.log10((theirs.rms[c] + 1e-10) / ours.rms[c])
        level = rms if abs(rms) > abs(level) else level
        p, q = ours.power[c], theirs.power[c]
        pa, qa = around(p, b.reach), around(q, b.reach)
        lines = pa > pa.max() * 10 ** (-b.floor / 10)
        apart = np.abs(10 * np.log10((qa[lines] + 1e-20) / pa[lines])) > b.bins
        # where ours has next to nothing, theirs must not have more
        more = np.sum(q[~lines]) / (np.sum(q) + 1e-20) - np.sum(p[~lines]) / np.sum(p)
        if more > 0.02:
            wrong.append("%.0f %% of its power between ours" % (100 * more))
        share = max(share, np.mean(apart))
        n = min(len(ours.levels[c]), len(theirs.levels[c]))
        late = max(late, np.mean(np.abs(ours.levels[c][:n] - theirs.levels[c][:n]) > b.windows))
    if abs(level) > b.level:
        wrong.append("level")
    if share > 1 - b.share:
        wrong.append("spectrum")
    if late > b.late:
        wrong.append("course")
    n = min(len(ours.begin[0]), len(theirs.begin[0]))
    error = sum(np.mean(np.square(x[:n] - y[:n])) for x, y in zip(ours.begin, theirs.begin))
    snr = 10 * np.log10(sum(np.mean(np.square(x[:n])) for x in ours.begin) / (error + 1e-20))
    text = "length %+d, level %+.2f dB, %.1f %% of bins, %.0f %% of windows off, %.0f dB SNR in 20 s" % (
        off, level, 100 * share, 100 * late, snr)
    return not wrong, text + ("; WRONG: " + ", ".join(dict.fromkeys(wrong)) if wrong else "")
