"""Row 7, ours alone: every stock sound, 32 seeds each, a second of each: the patches in fixtures/ and
fixtures/scores/patches/ that take no input. A process a sound, as a build does it."""
import glob
import os
import subprocess

import numpy as np

import kit

SEEDS = 32


def sounds():
    for path in sorted(glob.glob(os.path.join(kit.ROOT, "fixtures", "*.sx")) + glob.glob(os.path.join(kit.ROOT, "fixtures", "scores", "patches", "*.sx"))):
        info = subprocess.run([kit.PATCHRUN, path, "--info"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout.decode()
        if info and "input" not in info.splitlines()[0]:
            yield path


SOUNDS = list(sounds())
TITLE = "%d stock sounds, %d seeds each, a second of each" % (len(SOUNDS), SEEDS)
SECONDS = len(SOUNDS) * SEEDS


def name(path):
    return os.path.basename(path)[:-3]


def ours(row):
    os.makedirs(row.path("out"), exist_ok=True)
    yield kit.Candidate("patchrun", "a process a sound, --variations 32", None, "out/*", commands=[
        [kit.PATCHRUN, path, "-o", "out/%s.wav" % name(path), "--quiet", "--seconds", "1", "--variations", str(SEEDS)] for path in SOUNDS])


def check(row, reference, candidate):
    wrong, silent = [], []
    for path in SOUNDS:
        for i in range(SEEDS):
            x = kit.read_wav(row.path("out/%s-%02d.wav" % (name(path), i + 1)))
            if len(x) != kit.SR:
                wrong.append(name(path))
            if not np.any(x):
                silent.append(name(path))
    return not wrong, "%d sounds, %d frames each" % (len(SOUNDS) * SEEDS, kit.SR) + (
        ", some silent: %s" % sorted(set(silent)) if silent else "") + ("; WRONG: %s" % sorted(set(wrong)) if wrong else "")


SYSTEMS = {"patchrun": ours}
WHY_NOT = {}
