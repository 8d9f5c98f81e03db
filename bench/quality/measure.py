"""What the quality bench measures with. Everything in double; signals at 48 kHz.

`measure.py` alone tests the meters on signals whose answer is known.
"""
import numpy as np
from scipy import linalg, signal

SR = 48000.0
IMAGE = 28e3  # images of what lies from half the rate to here are not heard either
HEARD = 20e3  # what lies above is counted neither as sound nor as alias


def db(power):
    return 10 * np.log10(np.maximum(power, 1e-30))


def blackman_harris7(n):
    """Seven terms (Albrecht 2001): side lobes below -180 dB, main lobe 7 bins a side."""
    a = [0.27105140069342, -0.43329793923448, 0.21812299954311, -0.06592544638803, 0.01081174209837,
         -0.00077658482522, 0.00001388721735]
    t = 2 * np.pi * np.arange(n) / n
    return sum(c * np.cos(k * t) for k, c in enumerate(a))


LOBE = 8  # bins
_windows = {}


def power_spectrum(y):
    """Power by bin; a line of amplitude a sums to a^2/2 over the bins of its lobe."""
    n = len(y)
    if n not in _windows:
        w = blackman_harris7(n)
        _windows[n] = w / np.sqrt(n * np.sum(w * w) / 2)
    return np.abs(np.fft.rfft(y * _windows[n])) ** 2


def a_weight(f):
    """IEC 61672 A-weighting as a factor of power."""
    f2 = np.asarray(f, dtype=float) ** 2
    r = 12194.0 ** 2 * f2 ** 2 / ((f2 + 20.6 ** 2) * np.sqrt((f2 + 107.7 ** 2) * (f2 + 737.9 ** 2)) * (f2 + 12194.0 ** 2))
    return (r * 10 ** (2.0 / 20)) ** 2


# ---- frequency ----

def frequency(y, near):
    """Of the line nearest to `near` Hz: phase of two windowed parts, half the length apart; of ever longer parts from
    64 turns on, as half a turn more between the two parts is not told from half a turn less."""
    n = min(len(y), 1 << int(np.ceil(np.log2(64 * SR / near))))
    while True:
        h = n // 2
        for _ in range(3):
            w = blackman_harris7(h) * np.exp(-2j * np.pi * near / SR * np.arange(h))
            a, b = np.sum(y[:h] * w), np.sum(y[h:2 * h] * w)
            near += np.angle(b * np.conj(a) * np.exp(-2j * np.pi * ((near / SR * h) % 1.0))) / (2 * np.pi * h) * SR
        if n == len(y):
            return near
        n = min(2 * n, len(y))


def cents(f, want):
    return 1200 * np.log2(f / want)


# ---- a held note ----

def held_note(y, f0):
    """What is a harmonic of f0 below 20 kHz and what is not. y: a power of two of frames, settled.

    alias:    power of all else from 10 Hz to 20 kHz, dB under the harmonics' (DC is neither)
    weighted: the same, both through the A-weighting
    loudest:  the strongest bin of all else, dB under the fundamental
    level:    amplitudes of the harmonics below 24 kHz
    """
    f0 = frequency(y, f0)
    p, bin_hz = power_spectrum(y), SR / len(y)
    f = np.arange(len(p)) * bin_hz
    nearest = np.maximum(np.round(f / f0), 1) * f0
    line = np.abs(f - nearest) <= LOBE * bin_hz
    heard = (f >= 10) & (f < HEARD)
    w = a_weight(f)
    other = heard & ~line
    share = np.mean(~line[heard])  # of the band that the lobes leave to see
    k = np.arange(1, int(SR / 2 / f0) + 1)
    at = np.round(k * f0 / bin_hz).astype(int)
    lobes = np.minimum(at[:, None] + np.arange(-LOBE, LOBE + 1), len(p) - 1)
    level = np.sqrt(2 * p[lobes].sum(1))
    lobe_peak = _windows[len(y)].sum() ** 2 / 4
    return {
        "f0": f0,
        "alias": db(p[other].sum() / share / p[heard & line].sum()),
        "weighted": db((p * w)[other].sum() / share / (p * w)[heard & line].sum()),
        "loudest": db(p[other].max() / lobe_peak) - 20 * np.log10(level[0]),
        "level": level,
    }


def treble(level, f0, series, lo, hi):
    """The harmonic from lo to hi Hz that lies furthest from the series, dB, the fundamental as the series has it."""
    k = np.arange(1, len(level) + 1)
    want = series(k)
    use = (k * f0 >= lo) & (k * f0 <= hi) & (want > 1e-3 * want[0] / k)
    if not use.any():
        return 0.0
    d = 20 * np.log10(np.maximum(level[use], 1e-9) / want[use] * want[0] / max(level[0], 1e-9))
    return d[np.argmax(np.abs(d))]


# ---- a sweep ----

def sweep_alias(y, f, length=1024, most=0.6):
    """Power below 20 kHz that is no harmonic of a moving fundamental, dB under the harmonics'; by segment.

    y is compared with an additive reference in double: harmonics k of the phase that f, the frequency of each
    frame as the player had it, adds up to. Each harmonic's amplitude and phase may move within a segment of
    `length` frames as a polynomial, fitted by least squares: so delays, filters and drift of the player are no
    aliases. It has 4 terms and one more for each 48th of an octave, since a sweep of 20 octaves a second moves a
    harmonic by 0.4 octaves within a segment, across what a player's filter makes of the treble: with 4 for all,
    that reads as aliases of -65 dB. It has fewer where the unknowns would exceed `most` of the frames; where that
    leaves no 4, the segment is left out.
    A harmonic fades out of the reference between 24 and 28 kHz, whose images lie above 20 kHz: beyond, its image
    is an alias, however smoothly it goes on. The rest is scaled up by what a fit of so many unknowns takes from
    noise.
    Gives middle frequency and dB for each segment."""
    phase = np.concatenate([[0.0], np.cumsum(f[:-1])]) / SR
    w = blackman_harris7(length)
    x = np.linspace(-1, 1, length)
    freq = np.fft.rfftfreq(length, 1 / SR)
    heard = (freq > 10) & (freq < HEARD)
    power = lambda s: np.sum(np.abs(np.fft.rfft(s * w)[heard]) ** 2)
    rows = []
    for start in range(0, len(y) - length + 1, length // 2):
        part = slice(start, start + length)
        middle = start + length // 2
        k = np.arange(1, int(np.ceil(IMAGE / f[part].min())))
        lines = 2 * len(k) + 1
        octaves = abs(np.log2(f[start + length - 1] / f[start]))
        terms = min(4 + int(48 * octaves), int(most * length / lines))
        if terms < 4:
            continue
        p = 2 * np.pi * ((phase[part, None] - phase[middle]) * k)
        there = np.sin(np.pi / 2 * np.clip((IMAGE - f[part, None] * k) / (IMAGE - SR / 2), 0, 1)) ** 2
        basis = np.hstack([there * np.cos(p), there * np.sin(p), np.ones((length, 1))])
        shape = np.polynomial.legendre.legvander(x, terms - 1)
        basis = (basis[:, :, None] * shape[:, None, :]).reshape(length, -1)
        square = basis.T @ basis
        square[np.diag_indices(len(square))] += 1e-11 * length  # a harmonic that has all but left the reference
        fit = basis @ linalg.solve(square, basis.T @ y[part], assume_a="pos")
        rows.append((f[middle], db(power(y[part] - fit) / (1 - terms * lines / length) / power(fit))))
    return np.array(rows)


# ---- linear systems ----

def response(h, f):
    """Of an impulse response h at f Hz."""
    return np.array([np.sum(h * np.exp(-2j * np.pi * x / SR * np.arange(len(h)))) for x in np.atleast_1d(f)])


def snr(y, ideal, gain=True):
    """dB of the ideal over what differs from it; by default a gain is allowed."""
    g = np.dot(y, ideal) / np.dot(ideal, ideal) if gain else 1.0
    return db(g * g * np.dot(ideal, ideal) / np.sum((y - g * ideal) ** 2))


def octave_band(y, middle):
    """Butterworth, six poles a side, run once forwards; ring time far below any reverb's."""
    lo, hi = middle / np.sqrt(2), min(middle * np.sqrt(2), 0.49 * SR)
    return signal.sosfilt(signal.butter(6, [lo, hi], "bandpass", fs=SR, output="sos"), y)


def t60(h, middle=None, hi=-5.0, lo=-35.0):
    """Seconds to -60 dB: Schroeder's backward integral, a line through its -5 to -35 dB, by octave band if asked.
    Needs a response that has decayed: h is cut where it falls to its noise."""
    h = octave_band(h, middle) if middle else h
    energy = np.cumsum(h[::-1] ** 2)[::-1]
    d = db(energy / energy[0])
    use = np.flatnonzero((d <= hi) & (d >= lo))
    slope = np.polyfit(use / SR, d[use], 1)[0]
    return -60.0 / slope


def modes(h, lo, hi):
    """Peaks a Hz of |spectrum| between lo and hi Hz, 3 dB above what parts them: of a response whose resonances are
    narrower than their distances nearly all of them."""
    n = 1 << int(np.ceil(np.log2(len(h))) + 2)
    s = db(np.abs(np.fft.rfft(h * np.hanning(2 * len(h))[len(h):], n)) ** 2)
    f = np.fft.rfftfreq(n, 1 / SR)
    return len(signal.find_peaks(s[(f >= lo) & (f < hi)], prominence=3)[0]) / (hi - lo)


def loudest_mode(h, start, length=1 << 16, side=150):
    """The strongest line of a late part of a response, 150 Hz to 11 kHz, over the mean of the bins around it, dB: of
    Gaussian noise 10 log10(ln of the number of lines), 10 dB; of a metallic tail more."""
    s = np.abs(np.fft.rfft(h[start:start + length] * np.hanning(length))) ** 2
    mean = np.convolve(s, np.ones(2 * side + 1) / (2 * side + 1), "same")
    return db((s / mean)[200:15000].max())


# ---- the meters themselves ----

def additive_saw(f, phase=0.0, top=24e3, fade=1e3):
    """The rising saw, band-limited exactly, for a frequency by frame; harmonics fade out below `top`, as one that
    stops at once is a click."""
    p = phase + np.concatenate([[0.0], np.cumsum(f[:-1])]) / SR
    y = np.zeros(len(f))
    for k in range(1, int(top / f.min()) + 1):
        a = np.sin(np.pi / 2 * np.clip((top - k * f) / fade, 0, 1)) ** 2
        y -= a * np.sin(2 * np.pi * ((k * p) % 1.0)) * 2 / (np.pi * k)
    return y


def close(what, got, want, within):
    assert abs(got - want) <= within, "%s: %g, not %g within %g" % (what, got, want, within)


def test():
    n = 1 << 18
    t = np.arange(n) / SR
    f0 = 441.123456
    y = additive_saw(np.full(n, f0))
    m = held_note(y, 441.0)
    close("frequency", m["f0"], f0, 1e-7)
    close("frequency", frequency(np.sin(2 * np.pi * 1761 * t), 1760.0), 1761, 1e-7)
    assert m["alias"] < -160, m["alias"]
    close("treble", treble(m["level"], f0, lambda k: 2 / np.pi / k, 1, 18e3), 0, 1e-6)
    m = held_note(y + 1e-4 * np.sin(2 * np.pi * 1000.3 * t), f0)
    k = np.arange(1, int(HEARD / f0) + 1)
    close("alias", m["alias"], db(1e-8 / np.sum((2 / np.pi / k) ** 2)), 0.25)  # lobes: share is of a broad spectrum
    close("loudest", m["loudest"], 20 * np.log10(1e-4 * np.pi / 2), 0.5)
    noise = np.random.default_rng(1).standard_normal(n) * 1e-5
    m = held_note(y + noise, f0)
    close("noise", m["alias"], db(1e-10 * HEARD / 24e3 / np.sum((2 / np.pi / k) ** 2 / 2)), 0.1)
    for seconds in (1, 0.25):
        f = 440 * 2 ** (5 * np.arange(int(48000 * seconds)) / SR / seconds)
        y = additive_saw(f, top=IMAGE, fade=12e3)
        clean = sweep_alias(y, f)[:, 1]
        print("sweep in %g s: the meter's floor %.1f dB at most, %.1f of all, %.1f in the middle" % (
            seconds, clean.max(), db(np.mean(10 ** (clean / 10))), np.median(clean)))
        rows = sweep_alias(y + 1e-4 * np.sin(2 * np.pi * 3333.3 * t[:len(f)]), f)
        close("sweep", np.median(rows[:, 1]), db(1e-8 / 2 / np.mean(y ** 2)), 2)
        images = additive_saw(f, top=SR - 4e3) - y
        low = signal.firwin(1023, HEARD, fs=SR)
        heard = lambda s: np.mean(signal.fftconvolve(s, low, "same")[len(f) // 2:] ** 2)
        rows = sweep_alias(y + 1e-3 * images, f)
        close("images", db(np.mean(10 ** (rows[len(rows) // 2:, 1] / 10))), db(1e-6 * heard(images) / heard(y)), 3)
    close("a line of -60 dB", snr(np.sin(t * 3000) + 1e-3 * np.cos(t * 3000), np.sin(t * 3000)), 60, 0.1)
    rng = np.random.default_rng(2)
    h = rng.standard_normal(4 * 48000) * np.exp(-6.9078 / 1.5 * np.arange(4 * 48000) / SR)
    for band in (None, 250, 1000, 8000):
        close("t60", t60(h, band), 1.5, 0.06)
    h = rng.standard_normal(1 << 17) * 10 ** (-3 / 4 * np.arange(1 << 17) / SR)
    close("lines of noise", loudest_mode(h, 48000), 10, 2)
    t, few = np.arange(1 << 20) / SR, rng.uniform(100, 200, 60)
    h2 = sum(np.sin(2 * np.pi * (f * t % 1.0)) for f in few) * 10 ** (-3 / 15 * t)
    close("modes a Hz", modes(h2, 100, 200), 0.6, 0.1)
    ring = np.sin(2 * np.pi * 1000 * np.arange(1 << 17) / SR) * 10 ** (-3 / 4 * np.arange(1 << 17) / SR)
    assert loudest_mode(h + 0.3 * ring, 48000) > 20
    print("the meters are right")


if __name__ == "__main__":
    test()
