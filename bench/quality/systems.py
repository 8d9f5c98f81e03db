"""Filters against their formulas; reverbs: decay, modes. Prints tables; see docs/quality.md.

What patchrun does not know, an older one, is told of and left out."""
import numpy as np
from scipy.io import wavfile

import measure
import players

SR = measure.SR
repatch = players.Repatch()


def impulse_response(node, seconds):
    """Of a node made from `(input.mono)`; the left side of stereo."""
    n = int(SR * seconds)
    x = np.zeros(n, dtype=np.float32)
    x[0] = 1.0
    wavfile.write(players.work("impulse.wav"), int(SR), x)
    try:
        return repatch.render(node, n, "--input", players.work("impulse.wav"))
    except RuntimeError as e:
        print("left out: %s" % str(e).strip().splitlines()[-1])
        return None


# ---- filters ----

def prewarped(f, cutoff):
    """s/w0 of a bilinear transform that is exact at the cutoff."""
    return 1j * np.tan(np.pi * f / SR) / np.tan(np.pi * cutoff / SR)


FILTERS = [
    ("filter.lopass", lambda s, q: 1 / (s * s + s / q + 1)),
    ("filter.hipass", lambda s, q: s * s / (s * s + s / q + 1)),
    ("filter.bandpass", lambda s, q: s / q / (s * s + s / q + 1)),
    ("filter.onepole", lambda s, q: 1 / (s + 1)),
]


def filters():
    f = 20 * 1000 ** np.linspace(0, 1, 200)
    print("filters: furthest from the formula, 20 Hz to 20 kHz, where it is above -80 dB: dB; degrees")
    for name, h in FILTERS:
        for cutoff in (50.0, 1000.0, 10000.0, 20000.0):
            for q in (0.7071, 10.0) if name != "filter.onepole" else (None,):
                y = impulse_response("(%s (input.mono) (cutoff %g)%s)" % (name, cutoff, " (q %g)" % q if q else ""), 4)
                if y is None:
                    continue
                want, got = h(prewarped(f, cutoff), q), measure.response(y, f)
                use = np.abs(want) > 1e-4
                ratio = got[use] / want[use]
                print("| %s | %g | %s | %.4f | %.3f |" % (name, cutoff, q or "", np.abs(20 * np.log10(np.abs(ratio))).max(),
                                                         np.degrees(np.abs(np.angle(ratio))).max()))


# ---- reverbs ----

REVERBS = [
    ("reverb.fdn", "(reverb.fdn (input.mono) (decay %g) (high 1) (low 1) (mix 1))"),
    ("reverb.plate", "(reverb.plate (input.mono) (decay %g) (damping 23500) (mix 1))"),
]


def reverbs():
    print("\nreverbs: decay asked, without damping; seconds to -60 dB, whole and by octave; peaks a Hz of the spectrum from "
          "100 to 400 Hz; strongest line of the late tail over the median, dB (noise: see the last row)")
    for name, node in REVERBS:
        for decay in (0.5, 1.5, 4.0):
            y = impulse_response(node % decay, 2 * decay + 0.5)
            if y is None:
                continue
            bands = [measure.t60(y, b) for b in (125, 250, 500, 1000, 2000, 4000, 8000)]
            print("| %s | %g | %.3f | %s | %.2f | %.1f |" % (name, decay, measure.t60(y), " | ".join("%.3f" % b for b in bands),
                                                            measure.modes(y, 100, 400), measure.peakiness(y, 500, 8000, 0.25 * decay)))
    rng = np.random.default_rng(1)
    n = int(3.5 * SR)
    y = rng.standard_normal(n) * np.exp(-6.9078 / 1.5 * np.arange(n) / SR)
    bands = [measure.t60(y, b) for b in (125, 250, 500, 1000, 2000, 4000, 8000)]
    print("| decaying noise | 1.5 | %.3f | %s | %.2f | %.1f |" % (measure.t60(y), " | ".join("%.3f" % b for b in bands),
                                                                 measure.modes(y, 100, 400), measure.peakiness(y, 500, 8000, 0.375)))


if __name__ == "__main__":
    filters()
    reverbs()
