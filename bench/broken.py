"""broken - shows that the checks of rows 2 and 5 can fail: renders them with what is named wrong, and demands that
each is refused, and the right one not. Needs what `speed` built. ROWS="5": that row only.
Exit: 0; 1 if a fault was not noticed."""
import os
import re
import sys

import kit
import speed


def made(number, folder, *files):
    """The row's module, and its kit in a folder of its own, where ours has written what it plays."""
    module = speed.load(folder)
    row = kit.Row(number, folder.split("-")[1], "broken" if number == "2" else "broken-" + number)
    row.source = os.path.join(kit.HERE, "rows", folder)
    for f in files:
        row.write(f, row.read(f))
    list(module.ours(row))
    return module, row


def sharp(factor):
    return lambda m: "freq %ghz" % (float(m.group(1)) * factor)


def voices():
    """(name, ok, text) of each fault of row 2; the first is none."""
    module, row = made("2", "2-voices", "voice.sx")
    voice, score = row.read("voice.sx"), open(row.path("voices.sx")).read()
    freq = "freq %ghz" % module.FREQ[5]
    faults = {
        "nothing": (voice, score),
        "a voice a quarter-tone sharp": (voice, score.replace(freq, "freq %ghz" % (module.FREQ[5] * 2 ** (0.5 / 12)))),
        "all a tenth of a semitone sharp": (voice, re.sub(r"freq ([0-9.]+)hz", sharp(2 ** (0.1 / 12)), score)),
        "no filter": (voice.replace("(filter.lopass saw (cutoff cutoff) (q 3))", "saw"), score),
        "a cutoff that stands still": (voice.replace("(math.mul (osc.sine (freq lfo)) 1000)", "0"), score),
        "a q of 0.7": (voice.replace("(q 3)", "(q 0.7)"), score),
        "no envelope": (voice.replace(" (amp env)", ""), score),
        "the sides swapped": (voice, re.sub(r":pan (\d+)", lambda m: ":pan %d" % (255 - int(m.group(1))), score)),
        "a voice missing": (voice, "".join(line for line in score.splitlines(True) if freq not in line)),
        "a second missing": (voice, score.replace("(end 120s)", "(end 119s)")),
    }
    right = None
    for name in faults:
        render(row, faults, name, "voice.sx", "voices.sx")
        sound = kit.Sound(kit.read_wav(row.path("patchrun.wav")))
        right = right or sound
        yield name, *kit.same_work(right, sound, module.BOUNDS)


def effects():
    """The same of row 5. Each has noise of its own."""
    module, row = made("5", "5-effects", "effect.sx")
    effect, score = row.read("effect.sx"), open(row.path("effects.sx")).read()
    plays = score[score.index("(play"):].splitlines(True)
    head = score[:score.index("(play")]

    def times(name, factor):
        return re.sub(r"\b%s ([0-9.]+)" % name, lambda m: "%s %.9g" % (name, float(m.group(1)) * factor), score)

    def decay(shape):
        return effect.replace("(env.decay (time time))", shape)

    def silent(every):
        return head + "".join(p for i, p in enumerate(plays) if i % every)

    def moved(by):
        return re.sub(r":at ([0-9.]+)s", lambda m: ":at %.9gs" % (float(m.group(1)) + by), score)

    at = re.compile(r":at [0-9.]+s")
    turned = head + "".join(at.sub(at.search(p).group(), q) for p, q in zip(plays, plays[1:] + plays[:1]))
    line = "(env.line (from 1) (to 0) (time time))"
    faults = {
        "nothing": (effect, score),
        "no filter": (effect.replace("(filter.lopass (mix", "(math.add 0 (mix").replace(" (cutoff cutoff)))", "))"), score),
        "a cutoff a quarter higher": (effect, times("cutoff", 1.25)),
        "a q of 1.2": (effect.replace("(cutoff cutoff)))", "(cutoff cutoff) (q 1.2)))"), score),
        "no noise": (effect.replace("(amp noise)", "(amp 0)"), score),
        "half the noise": (effect, times("noise", 0.5)),
        "no saw": (effect.replace("(mix saw (gain", "(mix 0 (gain"), score),
        "no decay": (decay("1"), score),
        "a decay of (1 - t)^3": (decay("(math.mul %s (math.mul %s %s))" % (line, line, line)), score),
        "a decay a sixth longer": (effect, times("time", 7 / 6)),
        "a saw that rises": (effect.replace("(from from) (to to)", "(from to) (to from)"), score),
        "a saw that stands still": (effect.replace("(to to)", "(to from)"), score),
        "a saw that falls to twice the pitch": (effect, times("to", 2)),
        "a saw from a semitone higher": (effect, times("from", 2 ** (1 / 12))),
        "all 0.7 dB louder": (effect.replace("(amp 0.4)", "(amp 0.4336)"), score),
        "all 10 ms late": (effect, moved(0.01)),
        "the effects in another order": (effect, turned),
        "2 of 100 effects silent": (effect, silent(50)),
        "the last missing": (effect, score.replace("(end 500s)", "(end 499.5s)")),
    }
    expected = module.expected(row)
    for name in faults:
        render(row, faults, name, "effect.sx", "effects.sx", "--seed", "99")
        yield name, *module.compare(expected, module.measured(row, "patchrun.wav"), module.COUNT)
    module.finish(row)


def render(row, faults, name, patch, score, *options):
    texts = faults[name]
    if name != "nothing" and texts == faults["nothing"]:
        raise SystemExit("broken: '%s' breaks nothing" % name)
    row.write(patch, texts[0])
    row.write(score, texts[1])
    row.call(kit.PATCHRUN, score, "-o", "patchrun.wav", "--quiet", *options)


def main():
    missed, rows = [], os.environ.get("ROWS", "2 5").split()
    for number, faults in (("2", voices), ("5", effects)):
        if number not in rows:
            continue
        print("row %s" % number)
        for name, ok, text in faults():
            print("%-36s %s" % (name, text), flush=True)
            if ok != (name == "nothing"):
                missed.append("row %s: %s" % (number, name))
    print("not noticed: %s" % ", ".join(missed) if missed else "all noticed")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
