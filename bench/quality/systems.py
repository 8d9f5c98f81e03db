"""Filters against their formulas, the ladder's pitch, oversampling, sample players, envelopes, reverbs. Prints
tables; see docs/quality.md. Arguments: those parts only.

What patchrun does not know, an older one, is told of and left out."""
import sys

import numpy as np
from scipy.io import wavfile

import measure
import players

SR = measure.SR
repatch = players.Repatch()


def render(node, frames, *options, defs=""):
    """The left side; None, and a line that says so, where patchrun refuses."""
    try:
        return repatch.render(node, frames, *options, defs=defs)
    except RuntimeError as e:
        print("left out: %s" % str(e).strip().splitlines()[-1])
        return None


def impulse_response(node, seconds, level=1.0):
    """Of a node made from `(input.mono)`; the left side of stereo."""
    n = int(SR * seconds)
    x = np.zeros(n, dtype=np.float32)
    x[0] = level
    wavfile.write(players.work("impulse.wav"), int(SR), x)
    y = render(node, n, "--input", players.work("impulse.wav"))
    return None if y is None else y / level


# ---- filters ----

def prewarped(f, cutoff):
    """s/w0 of a bilinear transform that is exact at the cutoff."""
    return 1j * np.tan(np.pi * f / SR) / np.tan(np.pi * cutoff / SR)


GAIN = 10 ** (12 / 20)  # of the equaliser bands
A = GAIN ** 0.5
FILTERS = [
    ("filter.lopass", "q", lambda s, q: 1 / (s * s + s / q + 1)),
    ("filter.hipass", "q", lambda s, q: s * s / (s * s + s / q + 1)),
    ("filter.bandpass", "q", lambda s, q: s / q / (s * s + s / q + 1)),
    ("filter.notch", "q", lambda s, q: (s * s + 1) / (s * s + s / q + 1)),
    ("filter.peak", "q", lambda s, q: (1 - s * s) / (s * s + s / q + 1)),
    ("filter.allpass", "q", lambda s, q: (s * s - s / q + 1) / (s * s + s / q + 1)),
    ("filter.bell", "q", lambda s, q: (s * s + s * A / q + 1) / (s * s + s / (A * q) + 1)),
    ("filter.loshelf", "q", lambda s, q: A * (s * s + s * A ** 0.5 / q + A) / (A * s * s + s * A ** 0.5 / q + 1)),
    ("filter.hishelf", "q", lambda s, q: A * (A * s * s + s * A ** 0.5 / q + 1) / (s * s + s * A ** 0.5 / q + A)),
    ("filter.onepole", None, lambda s, q: 1 / (s + 1)),
    ("filter.onepole.hi", None, lambda s, q: s / (s + 1)),
    ("filter.ladder", "res", lambda s, q: (1 + 2 * q) / ((1 + s) ** 4 + 4 * q)),
]
SETTINGS = {"q": (0.7071, 10.0), "res": (0.0, 0.9), None: (0.0,)}


def filters():
    size = 1 << 18  # of a Fourier transform; the frequencies are its
    at = np.unique(np.round(20 * 1000 ** np.linspace(0, 1, 1000) * size / SR).astype(int))
    f = at * SR / size
    print("filters: furthest from the formula, 20 Hz to 20 kHz, where it is above -80 dB: dB; degrees")
    for name, port, h in FILTERS:
        for cutoff in (50.0, 1000.0, 10000.0, 20000.0):
            for q in SETTINGS[port]:
                more = " (%s %g)" % (port, q) if port else ""
                more += " (gain %.9g)" % GAIN if name in ("filter.bell", "filter.loshelf", "filter.hishelf") else ""
                y = impulse_response("(%s (input.mono) (cutoff %g)%s)" % (name, cutoff, more), 4, 1 / 1024)
                if y is None:
                    continue
                want, got = h(prewarped(f, cutoff), q), np.fft.rfft(y, size)[at]
                use = np.abs(want) > 1e-4
                ratio = got[use] / want[use]
                print("| %s | %g | %s | %.4f | %.3f |" % (name, cutoff, q or "", np.abs(20 * np.log10(np.abs(ratio))).max(),
                                                         np.degrees(np.abs(np.angle(ratio))).max()))


# ---- the ladder's pitch ----

PITCHES = [27.5, 110.0, 440.0, 1760.0, 3520.0, 7040.0, 10000.0, 14080.0]


def ladder():
    print("\nladders that oscillate: cents off the cutoff asked, amplitude")
    print("| | " + " | ".join("%g" % f for f in PITCHES) + " |")

    def show(name, sounds):
        cells = []
        for f, y in zip(PITCHES, sounds):
            y = y[-(1 << 17):]
            level = np.sqrt(2 * np.mean(y ** 2))
            cells.append("%+.2f, %.2g" % (measure.cents(measure.frequency(y, f), f), level) if level > 1e-6 else "silent")
        print("| %s | %s |" % (name, " | ".join(cells)))

    n = 8 * int(SR)
    for res in (1.02, 1.1, 1.25):
        sounds = [render("(filter.ladder (env.decay (time 1ms)) (cutoff %g) (res %g))" % (f, res), n) for f in PITCHES]
        show("filter.ladder, res %g" % res, sounds)
    sounds = [render("(filter.ladder (env.decay (time 1ms)) (cutoff %g) (res 1.1) (oversample 4))" % f, n) for f in PITCHES]
    show("the same, 1.1, (oversample 4)", sounds)
    csound = players.installed("Csound")
    for opcode in ("moogladder ax, p4, 1.1", "moogvcf2 ax, p4, 1.1") if csound else ():
        try:
            y = csound.run(1, len(PITCHES), "ax mpulse 1, 0\na1 %s\noutch p5, a1" % opcode,
                           "".join("i1 0 8 %.9g %d\n" % (f, i + 1) for i, f in enumerate(PITCHES)))
            show("Csound " + opcode, [np.nan_to_num(y[:, i].astype(float)) for i in range(len(PITCHES))])
        except RuntimeError:
            print("left out: %s" % opcode)


# ---- oversampling ----

def oversampling():
    print("\n(oversample N): furthest from flat to 20 kHz, dB; loudest alias below 20 kHz of a sine made within, dB; loudest "
          "image of a sine that goes in, dB under it")
    n = 1 << 14
    sine = "(osc.sine (freq (math.mul %.17g 16))%s)"
    for times in (2, 4, 8):
        over = " (oversample %d)" % times
        h = impulse_response("(gain (input.mono) 1%s)" % over, 0.5)
        flat = np.abs(20 * np.log10(np.abs(measure.response(h, np.arange(0, 20001, 125.0))))).max()
        alias = image = -300.0
        for f in np.arange(28000.0, 24000.0 * times, 935.0):
            back = abs(f - SR * round(f / SR))
            if back <= 20000:
                y = render(sine % (f / 16, over), 2 * n)[n:]
                alias = max(alias, 20 * np.log10(np.abs(y).max()))
        for tone in (1000.0, 9000.0, 15000.0, 20000.0):
            for k in range(1, times // 2 + 1):
                for f in (k * SR - tone, k * SR + tone):
                    if f <= times * SR / 2:  # moved to 7 kHz within, where nothing else comes
                        within = "(def all (patch (params (in)) (output (math.mul in %s))))" % (sine % ((f - 7000) / 16, ""))
                        y = render("(all (osc.sine (freq %g))%s)" % (tone, over), 2 * n, defs=within)[n:]
                        image = max(image, 20 * np.log10(2 * np.abs(np.sum(y * np.hanning(n) * np.exp(
                            -2j * np.pi * 7000 / SR * np.arange(n)))) / np.sum(np.hanning(n)) / 0.5))
        print("| %d | %.5f | %.1f | %.1f |" % (times, flat, alias, image))


# ---- sample players ----

READ = [np.float32(x) for x in (0.31, 0.7317, 0.9999)]


def error(y, f):
    """dB of what is no sine of f Hz, over the sine: its amplitude and phase are free."""
    t = 2 * np.pi * f / SR * np.arange(len(y))
    basis = np.stack([np.cos(t), np.sin(t)], 1)
    fit = basis @ np.linalg.lstsq(basis, y, rcond=None)[0]
    return measure.db(np.sum((y - fit) ** 2) / np.sum(fit ** 2))


def samples():
    tones = [100.0, 441.0, 1000.0, 3000.0, 6000.0, 10000.0, 15000.0, 19000.0]
    print("\nsample players, read 0.31, 0.7317 and 0.9999 times as fast: what is no sine, dB; and left of a tone of "
          "15 kHz read twice as fast")
    print("| | " + " | ".join("%g" % f for f in tones) + " | 30000 |")
    wav = players.work("tone.wav")

    def tone(f):
        wavfile.write(wav, int(SR), np.sin(2 * np.pi * f / SR * np.arange(4 * int(SR))).astype(np.float32))

    def show(name, play):
        cells = []
        for f in tones:
            tone(f)
            cells.append("%.1f" % max(error(play(rate)[4800:43200], f * float(rate)) for rate in READ))
        tone(15000.0)
        cells.append("%.1f" % measure.db(2 * np.mean(play(2.0)[4800:43200] ** 2)))
        print("| %s | %s |" % (name, " | ".join(cells)))

    for how in ("linear", "cubic", "sinc"):
        show("osc.sample " + how, lambda rate: render('(osc.sample (sample "tone.wav") (rate %.9g) (interpolation %s))' % (rate, how), 48000))
    csound = players.installed("Csound")
    for size in (2, 4, 8, 64, 1024) if csound else ():
        show("diskin2, %d frames" % size, lambda rate: csound.run(
            32, 1, 'a1 diskin2 "%s", %.9g, 0, 0, 0, %d\nouts a1' % (wav, rate, size), "i1 0 1\n")[:, 0].astype(float))


# ---- envelopes ----

def envelopes():
    print("\nenvelopes: frames asked; frames until the end is reached")
    asked = [1, 2, 7, 48, 480, 4801, 48000, 480001]
    print("| | " + " | ".join("%d" % n for n in asked) + " |")
    for name, node, end in (("env.adsr attack", "(env.adsr (attack %s) (decay 10))", 1.0),
                            ("env.adsr decay", "(env.adsr (attack 0) (decay %s) (sustain 0))", 0.0),
                            ("env.decay", "(env.decay (time %s))", 0.0),
                            ("env.ahdsr attack", "(env.ahdsr (attack %s) (hold 1) (attack_curve -3))", 1.0),
                            ("env.ahdsr decay", "(env.ahdsr (attack 0) (decay %s) (sustain 0.5))", 0.5),
                            ("env.line", "(env.line (from 0) (to 1) (time %s) (curve 4))", 1.0),
                            ("env.points", "(env.points (points (table (0 1) (%s 0.25))))", 0.25)):
        cells = []
        for n in asked:
            y = render(node % ("%.12g" % (n / SR)), n + 4800)
            if y is None:
                break
            at = np.flatnonzero(y == np.float32(end))
            cells.append(str(at[0]) if len(at) else "never")
        print("| %s | %s |" % (name, " | ".join(cells)))


# ---- reverbs ----

REVERBS = [
    ("reverb.fdn", "(reverb.fdn (input.mono) (decay %g) (high 1) (wet 1))",
     "(reverb.fdn (input.mono) (decay 4) (wet 1) (mod %g))"),
    ("reverb.plate", "(reverb.plate (input.mono) (decay %g) (high 1) (wet 1))",
     "(reverb.plate (input.mono) (decay 4) (wet 1) (mod %g))"),
]
BANDS = (125, 250, 500, 1000, 2000, 4000, 8000)


def shaped_noise(h, rng):
    """Gaussian noise that has the levels and decays of h, by octave."""
    y = np.zeros(len(h))
    for b in BANDS:
        part = measure.octave_band(rng.standard_normal(len(h)), b) * np.exp(-6.9078 / measure.t60(h, b) * np.arange(len(h)) / SR)
        y += part * np.sqrt(np.sum(measure.octave_band(h, b) ** 2) / np.sum(part ** 2))
    return y


def reverbs():
    print("\nreverbs, highs as long: decay asked, seconds; to -60 dB, whole and by octave, over what was asked")
    for name, node, _ in REVERBS:
        for decay in (0.5, 1.0, 1.5, 3.0, 4.0, 10.0):
            y = impulse_response(node % decay, 1.2 * decay + 0.5)
            if y is not None:
                print("| %s | %g | %.3f | %s |" % (name, decay, measure.t60(y) / decay,
                                                  " | ".join("%.3f" % (measure.t60(y, b) / decay) for b in BANDS)))
    for name, node, _ in REVERBS:  # resonances of 0.07 Hz, which do not move
        y = impulse_response(node.replace("(wet 1)", "(wet 1) (mod 0)") % 30.0, 36)
        if y is not None:
            print("| %s, mod 0 | 30 | %.3f | resonances a Hz, 100 to 400 Hz: %.2f |" % (name, measure.t60(y) / 30, measure.modes(y, 100, 400)))
    rng = np.random.default_rng(1)
    y = rng.standard_normal(int(3.5 * SR)) * np.exp(-6.9078 / 1.5 * np.arange(int(3.5 * SR)) / SR)
    print("| decaying noise | 1.5 | %.3f | %s |" % (measure.t60(y) / 1.5,
                                                   " | ".join("%.3f" % (measure.t60(y, b) / 1.5) for b in BANDS)))
    print("\nreverbs as they come, 4 s: loudest line of 1.4 s of the tail, 150 Hz to 11 kHz, over the mean of 150 bins a side, dB, "
          "from 0.5, 1, 2 and 3 s on, beside its own 60 dB, s; of noise of the same levels and decays by octave: median of 20, loudest")
    of = lambda h: [measure.loudest_mode(h, int(t * SR)) for t in (0.5, 1, 2, 3)]

    def show(name, y):
        noise = np.array([of(shaped_noise(y, rng)) for _ in range(20)])
        print("| %s | %.1f | %s | %s | %s |" % (name, measure.t60(y), " ".join("%.1f" % x for x in of(y)), " ".join(
            "%.1f" % x for x in np.median(noise, 0)), " ".join("%.1f" % x for x in noise.max(0))))

    for name, _, node in REVERBS:
        for mod in ("", ", mod 0.5"):
            y = impulse_response(node % 0.5 if mod else node.replace(" (mod %g)", ""), 5)
            if y is not None:
                show(name + mod, y)
    csound = players.installed("Csound")
    for opcode in ("reverbsc a1, a1, 0.92, 12000", "freeverb a1, a1, 0.93, 0.3") if csound else ():
        y = csound.run(32, 2, "a1 mpulse 1, 0\naL, aR %s\nouts aL, aR" % opcode, "i1 0 5\n")[:, 0].astype(float)
        show("Csound " + opcode, y)


PARTS = {"filters": filters, "ladder": ladder, "oversampling": oversampling, "samples": samples, "envelopes": envelopes,
         "reverbs": reverbs}

if __name__ == "__main__":
    for part in sys.argv[1:] or PARTS:
        PARTS[part]()
        sys.stdout.flush()
