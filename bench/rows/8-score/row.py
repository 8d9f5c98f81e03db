"""Row 8, ours alone: a score of 16 voices, 10 minutes, made from a seed: some 5 notes a second of eight patches and
three samples, so that voices are stolen all the time; buses with echo, reverb and a master."""
import json
import os
import random

import kit

TITLE = "a score of 16 voices with steals, buses and reverb; 10 minutes stereo"
SECONDS = 600
PATCHES = {"bass": (40, 110), "lead": (220, 880), "pluck": (110, 880), "keys": (110, 660), "bell": (330, 1320), "brass": (110, 440),
           "flute": (330, 990), "strings": (82, 440)}
SAMPLES = ["kick", "snare", "hat"]


def ours(row):
    scores = os.path.join(kit.ROOT, "fixtures", "scores")
    rng = random.Random(6)
    text = ['(score ten-minutes)', "(quantise off)", "(voices 16)", "(seed 6)", "(end %ds)" % SECONDS,
            '(bus room "%s/patches/reverb.sx" :to master)' % scores, '(bus echo "%s/../echo-bus.sx" :to master)' % scores,
            '(bus master "%s/patches/master.sx")' % scores]
    for name in PATCHES:
        text.append('(patch %s "%s/patches/%s.sx" :volume 90 :bus master :send (room 80 echo 40) :tail 2t)' % (name, scores, name))
    for name in SAMPLES:
        text.append('(sample %s "%s/samples/%s.wav" :volume 120 :bus master :send (room 40))' % (name, scores, name))
    at, n = 0.0, 0
    while at < SECONDS - 1:
        if rng.random() < 0.3:
            text.append("(play %s :at %.4fs :pan %d)" % (rng.choice(SAMPLES), at, rng.randrange(256)))
        else:
            name = rng.choice(list(PATCHES))
            lo, hi = PATCHES[name]
            text.append("(note %s %.2fhz %.3fs :at %.4fs :pan %d)" % (name, lo * (hi / lo) ** rng.random(), 1 + 6 * rng.random(), at, rng.randrange(256)))
        at += rng.expovariate(5)
        n += 1
    row.write("ten-minutes.sx", "\n".join(text) + "\n")
    yield row.ours("%d notes" % n, "ten-minutes.sx")


def check(row, reference, candidate):
    """As long as asked, heard throughout, and voices were stolen."""
    x = kit.read_wav(row.path(candidate.out))
    if not os.path.exists(row.path("steals.json")):
        row.call(kit.PATCHRUN, "ten-minutes.sx", "--trace", "trace.jsonl", "--quiet", "--to", "60s")
        with open(row.path("trace.jsonl")) as f:
            row.write("steals.json", json.dumps(sum('"steal"' in line for line in f)))
        os.unlink(row.path("trace.jsonl"))
    steals = json.load(open(row.path("steals.json")))
    quiet = float((kit.levels(x[:, 0], 48000) < kit.levels(x[:, 0], 48000).max() - 30).mean())
    ok = len(x) == SECONDS * kit.SR and steals > 10 and quiet < 0.1
    return ok, "%d frames, %d steals in the first minute, %.0f %% of seconds quiet" % (len(x), steals, 100 * quiet) + ("" if ok else "; WRONG")


SYSTEMS = {"patchrun": ours}
WHY_NOT = {}
