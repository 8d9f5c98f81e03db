"""Fast sweeps: aliases of a frequency that moves by octaves a second. See docs/quality.md."""
import sys

import numpy as np

import measure
import players

SWEEPS = [(440.0, 5, 1.0), (14080.0, -5, 1.0), (440.0, 5, 0.25), (14080.0, -5, 0.25)]  # Hz, octaves, seconds


def main():
    for shape, rows in (("saw", players.SAWS), ("square", players.SQUARES), ("pulse", players.PULSES)):
        for lo, octaves, seconds in SWEEPS:
            print("\n%s, %g Hz, %g octaves in %g s: aliases below 20 kHz, dB under the harmonics, by octave from "
                  "440 Hz; all; by how much ours leads, of all segments the least, at Hz, and the median; where it is "
                  "not ahead, Hz: dB" % (shape, lo, octaves, seconds))
            ours = None
            for row in rows:
                player = players.installed(row[0])
                if not player:
                    continue
                y, f = player.sweep(row[2], lo, octaves, seconds)
                m = measure.sweep_alias(y, f)
                power = 10 ** (m[:, 1] / 10)
                octave = np.minimum(np.log2(m[:, 0] / 440).astype(int), 4)
                cells = [measure.db(power[octave == o].mean()) if (octave == o).any() else np.nan for o in range(5)]
                if ours is None:
                    ours = m
                text = "%-14s %-16s" % row[:2] + " ".join("%7.1f" % c for c in cells) + "  all %6.1f" % measure.db(power.mean())
                if row is not rows[0]:
                    lead = m[:, 1] - ours[:, 1]
                    text += "  lead %5.1f at %5.0f, %5.1f  %s" % (
                        lead.min(), m[lead.argmin(), 0], np.median(lead),
                        " ".join("%.0f: %.1f" % (x, d) for x, d in zip(m[:, 0], lead) if d <= 0) or "no segment")
                print(text, flush=True)


if __name__ == "__main__":
    main()
