#!/usr/bin/env python3
"""stretches.py ALL PLACE LADDER...: are the hashes of stretches in ALL, a score's ladder made with
--ladder-nodes all, those that docs/mixer.md makes of PLACE's hashes of ticks in LADDER, one made with
--ladder-nodes PLACE? Several pairs may follow."""
import sys

import xxhash


def lines(path):
    text = open(path).read().split("\n")
    assert text[0] == "repatch-ladder 1" and text[-1] == "", path
    for line in text[1:-1]:
        tick, *entries = line.split(" ")
        yield int(tick), [entry.split("=") for entry in entries]


whole = dict(lines(sys.argv[1]))
last, places, seen = max(whole), set(), 0
for place, path in zip(sys.argv[2::2], sys.argv[3::2]):
    places.add(place)
    folded = {}
    for tick, entries in lines(path):
        for name, value in entries:
            if not name.startswith(place + ".node."):
                continue
            node = name[len(place) + 6:]
            folded[node] = xxhash.xxh64(folded.get(node, bytes(8)) + bytes.fromhex(value), seed=0).digest()
        here = [(n[len(place) + 9:], v) for n, v in whole[tick] if n.startswith(place + ".stretch.")]
        if tick % 60 == 59 or tick == last:
            wanted = [(node, digest.hex()[8:]) for node, digest in folded.items()]
            assert here == wanted, "tick %d of %s\n  is     %s\n  wanted %s" % (tick, place, here, wanted)
            seen += len(here)
            folded = {}
        assert tick % 60 == 59 or tick == last or not here, "%s has hashes in tick %d" % (place, tick)
there = {name.split(".stretch.")[0] for entries in whole.values() for name, _ in entries if ".stretch." in name}
assert there == places, (there, places)
assert seen > 20, seen
