"""Held notes: aliases, treble. Prints one table for saws, squares and pulses; see docs/quality.md."""
import sys

import numpy as np

import measure
import players

FRAMES = 1 << 18
PARTS = [0.2764, 0.3820, 0.6180, 0.7236]


def note(midi):
    """The frequency nearest to a MIDI note's whose period is a whole number of frames and one of PARTS, all far
    from any small fraction: its aliases fall between its harmonics."""
    period = players.SR / (440 * 2 ** ((midi - 69) / 12))
    near = [int(period) + i + part for i in (-1, 0, 1) for part in PARTS]
    return float(np.float32(players.SR / min(near, key=lambda p: abs(p - period))))


def series(shape):
    if shape == "saw":
        return lambda k: 2 / (np.pi * k)
    if shape == "triangle":
        return lambda k: np.where(k % 2, 8 / (np.pi * k) ** 2, 0)
    width = 0.5 if shape == "square" else 0.25
    return lambda k: np.abs(4 / (np.pi * k) * np.sin(np.pi * k * width))


def measure_all(rows, shape, midi):
    freqs = [note(m) for m in midi]
    table = {}
    for row in rows:
        player = players.installed(row[0])
        if not player:
            print("not installed: %s" % row[0])
            continue
        sys.stderr.write("%s %s %s\n" % (row[0], row[1], shape))
        cells = []
        for f, y in zip(freqs, player.notes(row[2], freqs, FRAMES)):
            m = measure.held_note(y, f)
            m["cents"] = measure.cents(m["f0"], f)
            m["to15k"] = measure.treble(m["level"], m["f0"], series(shape), 0, 15e3)
            m["to18k"] = measure.treble(m["level"], m["f0"], series(shape), 0, 18e3)
            m["to20k"] = measure.treble(m["level"], m["f0"], series(shape), 0, 20e3)
            cells.append(m)
        table[row[0] + " " + row[1]] = cells
    return freqs, table


def show(shape, midi, freqs, table):
    names = list(table)
    for key, title in (("alias", "all aliases below 20 kHz, dB under the harmonics below 20 kHz"),
                       ("weighted", "the same, A-weighted"), ("loudest", "loudest alias, dB under the fundamental"),
                       ("to15k", "the harmonic below 15 kHz furthest from the Fourier series, dB"),
                       ("to18k", "the same below 18 kHz"), ("to20k", "the same below 20 kHz"), ("cents", "cents off")):
        print("\n%s: %s" % (shape, title))
        print("| note | Hz | " + " | ".join(names) + " |")
        print("| --- " * (len(names) + 2) + "|")
        for i, m in enumerate(midi):
            v = [table[n][i][key] for n in names]
            print("| %d | %.2f | " % (m, freqs[i]) + " | ".join("%.1f" % x if key != "cents" else "%.3f" % x for x in v) + " |")
        if key in ("alias", "weighted", "loudest"):
            ours = np.array([c[key] for c in table[names[0]]])
            for n in names[1:]:
                lead = np.array([c[key] for c in table[n]]) - ours
                lost = [str(m) for m, d in zip(midi, lead) if d <= 0]
                print("%s: behind by %.1f dB at least (note %d), %.1f in the middle; better than ours at: %s" % (
                    n, lead.min(), midi[lead.argmin()], np.median(lead), " ".join(lost) or "no note"))


def main():
    step = int(sys.argv[1]) if len(sys.argv) > 1 else 1
    midi = list(range(21, 128, step))
    for shape, rows in (("saw", players.SAWS), ("square", players.SQUARES), ("pulse", players.PULSES),
                        ("triangle", players.TRIANGLES)):
        freqs, table = measure_all(rows, shape, midi)
        show(shape, midi, freqs, table)


if __name__ == "__main__":
    main()
