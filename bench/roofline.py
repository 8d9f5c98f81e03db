#!/usr/bin/env python3
"""roofline.py PROGRAM FUNCTION... - the loops of kernels, counted.

For each innermost loop of a function that works on 512-bit vectors: its instructions by the units they need, and
the cycles an iteration takes at least on Zen 4, where a 512-bit operation holds its unit for two cycles: two units
multiply, compare, and divide, two add and convert, one stores, four do all other vector work, and no more than four of all kinds
start in a cycle. What waits for what is not counted: that is the distance to the measured figure.
docs/speed.md has rows 2 and 3 so. Needs objdump."""
import re
import subprocess
import sys

MULTIPLY = re.compile(r"v(mul|max|min|cmp|pcmp|ptest|rcp|range)")
DIVIDE = re.compile(r"v(div|sqrt)")
ADD = re.compile(r"v(add|sub|cvt)[a-z0-9]*p[sd]|vcvt")
FREE = re.compile(r"vmov[ud]?[aq]?p?[sd]?[a-z0-9]*$|vmov")  # loads, stores, and copies that are renamed away
DIVISION = 6  # cycles of a unit, measured


def functions(program, names):
    """Each function of these names: static ones may be there once for each engine."""
    listing = subprocess.Popen(["objdump", "-d", "--no-show-raw-insn", program], stdout=subprocess.PIPE, text=True)
    name, code = None, []
    for line in listing.stdout:
        begin = re.match(r"[0-9a-f]+ <(.*)>:", line)
        if begin:
            if name in names:
                yield name, code
            name, code = begin[1], []
        found = re.match(r"\s*([0-9a-f]+):\s+(\S+)\s*(.*)", line) if name in names else None
        if found:
            code.append((int(found[1], 16), found[2], found[3].split("#")[0].strip()))
    if name in names:
        yield name, code


def loops(code):
    at = {address: i for i, (address, _, _) in enumerate(code)}
    jumps = []
    for i, (address, name, operands) in enumerate(code):
        target = re.match(r"([0-9a-f]+)", operands)
        if name.startswith("j") and target and int(target[1], 16) in at and at[int(target[1], 16)] < i:
            jumps.append((at[int(target[1], 16)], i))
    for first, last in jumps:
        if not any(first <= a and b <= last and (a, b) != (first, last) for a, b in jumps):
            yield code[first:last + 1]


def count(body):
    n = dict.fromkeys(("multiply", "divide", "add", "other", "load", "store"), 0)
    for _, name, operands in body:
        if "zmm" not in operands and not name.startswith("vptest"):
            continue
        stores = operands.endswith(")") and name.startswith("vmov")
        n["store"] += stores
        n["load"] += "(" in operands and not stores
        if DIVIDE.match(name):
            n["divide"] += 1
        elif MULTIPLY.match(name):
            n["multiply"] += 1
        elif ADD.match(name):
            n["add"] += 1
        elif not FREE.match(name) or "{z}" in operands:
            n["other"] += 1
    return n


def bound(n):
    busy = n["multiply"] + n["divide"] * DIVISION / 2
    every = busy + n["add"] + n["other"]
    return max(busy, n["add"], every / 2, 2 * n["store"], n["load"])


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    print("%-30s %5s %5s %5s %5s %5s %5s %9s" % ("loop", "mul", "div", "add", "other", "load", "store", "cycles >="))
    for name, code in functions(sys.argv[1], sys.argv[2:]):
        for body in loops(code):
            n = count(body)
            if n["multiply"] + n["add"] + n["other"] + n["store"] > 0:
                print("%-30s %5d %5d %5d %5d %5d %5d %9.1f" % ("%s+%x" % (name, body[0][0] - code[0][0]), n["multiply"],
                      n["divide"], n["add"], n["other"], n["load"], n["store"], bound(n)))


if __name__ == "__main__":
    main()
