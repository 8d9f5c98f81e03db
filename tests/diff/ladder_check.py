#!/usr/bin/env python3
"""ladder_check.py SOUND LADDER: is LADDER what docs/mixer.md says of this patch played on SOUND, a
WAV of one channel and 16 bits:

    (patch (def in (input.mono)) (def half (gain in (amp 0.5))) (output half))

Computed from the sound alone; single precision halves exactly."""
import struct
import sys
import wave

import xxhash

with wave.open(sys.argv[1]) as f:
    count = f.getnframes()
    samples = struct.unpack("<%dh" % count, f.readframes(count))
lines = open(sys.argv[2]).read().split("\n")
assert lines[0] == "repatch-ladder 1" and lines[-1] == "", "frame of the file"
assert len(lines) - 2 == -(-count // 800), "%d lines for %d frames" % (len(lines) - 2, count)


def node(values):
    one = xxhash.xxh64(struct.pack("<%df" % len(values), *values), seed=0).digest()
    return "%08x" % (xxhash.xxh64(one, seed=0).intdigest() & 0xFFFFFFFF)


def round16(x):
    y = abs(x) * 32768
    return int(y + 0.5) * (1 if x >= 0 else -1)


for tick, line in enumerate(lines[1:-1]):
    part = [v / 32768 for v in samples[tick * 800:tick * 800 + 800]]
    half = [x / 2 for x in part]
    pcm = struct.pack("<%dh" % len(half), *[round16(x) for x in half])
    wanted = "%d mix=%016x out=%016x node.in=%s node.half=%s" % (
        tick,
        xxhash.xxh3_64(pcm).intdigest(),
        xxhash.xxh3_64(struct.pack("<%df" % len(half), *half)).intdigest(),
        node(part),
        node(half),
    )
    if line != wanted:
        sys.exit("tick %d\n  is     %s\n  wanted %s" % (tick, line, wanted))
