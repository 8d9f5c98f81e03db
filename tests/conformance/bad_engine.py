#!/usr/bin/python3
"""Engines that do wrong, to try the runner with.

usage: bad_engine.py HOW [ENGINE...]: hang, crash, silent, garbage, huge, short, long, binary, lie; of a
true engine: verbose, flip N (a bit of the Nth byte of each reply), slow-end, twice
"""

import os
import subprocess
import sys
import time


def read_request(stream):
    line = stream.readline()
    words = line.split()
    if not words:
        sys.exit(0)
    sizes = words[2:5] if words[0] == b"vm" else words[2:3]
    return line + stream.read(sum(int(n) for n in sizes))


def write(data):
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


def alone(how):
    read_request(sys.stdin.buffer)
    if how == "hang":
        time.sleep(1000)
    if how == "crash":
        os.abort()
    if how == "garbage":
        write(b"hello, world\n")
    if how == "binary":
        write(bytes(range(11, 256)) * 20)
    if how == "huge":
        write(b"ok 99999999999\n")
    if how == "short":
        write(b"ok 6400\n" + bytes(100))
    if how == "lie":
        write(b"ok 12 12\n" + bytes(24))
    sys.exit(3)


def with_engine(how, command):
    engine = subprocess.Popen(command[how == "flip" :], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    while True:
        engine.stdin.write(read_request(sys.stdin.buffer))
        engine.stdin.flush()
        header = engine.stdout.readline()
        words = header.split()
        data = engine.stdout.read(sum(int(n) for n in words[1:])) if words[0] == b"ok" else b""
        if how == "verbose":
            print("x" * 100000, file=sys.stderr)
        if how == "long":
            data += b"more"
        if how == "twice":
            data += header + data
        at = int(command[0]) if how == "flip" else 0
        if how == "flip" and at < len(data):
            data = data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]
        write(header + data)


if __name__ == "__main__":
    if len(sys.argv) == 2:
        alone(sys.argv[1])
    else:
        with_engine(sys.argv[1], sys.argv[2:])
