"""broken - shows that the check of row 2 can fail: renders it with what is named wrong, and demands that each is
refused, and the right one not. Needs what `speed` built. Exit: 0; 1 if a fault was not noticed."""
import re
import sys

import kit
import speed

module = speed.load("2-voices")
row = kit.Row("2", "voices", "broken")
row.source = row.source.replace("broken", "2-voices")
row.write("voice.sx", row.read("voice.sx"))
list(module.ours(row))
VOICE, SCORE = row.read("voice.sx"), open(row.path("voices.sx")).read()
FREQ = "freq %ghz" % module.FREQ[5]


def sharp(factor):
    return lambda m: "freq %ghz" % (float(m.group(1)) * factor)


FAULTS = {
    "nothing": (VOICE, SCORE),
    "a voice a quarter-tone sharp": (VOICE, SCORE.replace(FREQ, "freq %ghz" % (module.FREQ[5] * 2 ** (0.5 / 12)))),
    "all a tenth of a semitone sharp": (VOICE, re.sub(r"freq ([0-9.]+)hz", sharp(2 ** (0.1 / 12)), SCORE)),
    "no filter": (VOICE.replace("(filter.lopass saw (cutoff cutoff) (q 3))", "saw"), SCORE),
    "a cutoff that stands still": (VOICE.replace("(math.mul (osc.sine (freq lfo)) 1000)", "0"), SCORE),
    "a q of 0.7": (VOICE.replace("(q 3)", "(q 0.7)"), SCORE),
    "no envelope": (VOICE.replace(" (amp env)", ""), SCORE),
    "the sides swapped": (VOICE, re.sub(r":pan (\d+)", lambda m: ":pan %d" % (255 - int(m.group(1))), SCORE)),
    "a voice missing": (VOICE, "".join(line for line in SCORE.splitlines(True) if FREQ not in line)),
    "a second missing": (VOICE, SCORE.replace("(end 120s)", "(end 119s)")),
}


def main():
    missed, right = [], None
    for name, (voice, score) in FAULTS.items():
        if name != "nothing" and (voice, score) == FAULTS["nothing"]:
            raise SystemExit("broken: '%s' breaks nothing" % name)
        row.write("voice.sx", voice)
        row.write("voices.sx", score)
        row.call(kit.PATCHRUN, "voices.sx", "-o", "patchrun.wav", "--quiet")
        sound = kit.Sound(kit.read_wav(row.path("patchrun.wav")))
        right = sound if right is None else right
        ok, text = kit.same_work(right, sound, module.BOUNDS)
        print("%-32s %s" % (name, text), flush=True)
        if ok != (name == "nothing"):
            missed.append(name)
    print("not noticed: %s" % ", ".join(missed) if missed else "all noticed")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
