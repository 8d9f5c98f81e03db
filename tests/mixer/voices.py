"""Patch voices and bus effects: what their programs play is asked of patchrun.

This is the only place that knows how patchrun is called. A *change* is a tuple
(frame, parameter, value, glide): frames count from the start of the program, value is an f32, and a
glide of 0 frames sets the parameter at once.
"""

import os
import struct
import subprocess
import tempfile
from decimal import Decimal

HERE = os.path.dirname(os.path.abspath(__file__))
PATCHRUN = os.environ.get("PATCHRUN", os.path.join(HERE, "..", "..", "bin", "patchrun"))
WAVE_FORMAT_FLOAT = 3
WAVE_FORMAT_EXTENSIBLE = 0xFFFE


# --- float WAV files ----------------------------------------------------------------------------


def riff_chunks(data):
    """The chunks of a RIFF file: (name, contents) in order."""
    if data[:4] != b"RIFF" or data[8:12] != b"WAVE":
        raise ValueError("not a RIFF WAVE file")
    at = 12
    while at + 8 <= len(data):
        name, size = data[at : at + 4], struct.unpack_from("<I", data, at + 4)[0]
        yield name, data[at + 8 : at + 8 + size]
        at += 8 + size + size % 2


def read_float_wav(path):
    """A list for each channel of a WAV file of f32 samples."""
    with open(path, "rb") as file:
        chunks = dict(riff_chunks(file.read()))
    tag, channels, _, _, _, bits = struct.unpack_from("<HHIIHH", chunks[b"fmt "])
    if tag == WAVE_FORMAT_EXTENSIBLE:
        tag = struct.unpack_from("<H", chunks[b"fmt "], 24)[0]
    if tag != WAVE_FORMAT_FLOAT or bits != 32:
        raise ValueError("%s: not 32-bit float" % path)
    body = chunks[b"data"]
    samples = struct.unpack("<%df" % (len(body) // 4), body)
    return [list(samples[c::channels]) for c in range(channels)]


def write_float_wav(path, channels, rate=48000):
    """`channels` is a list of equally long lists of f32."""
    count = len(channels)
    interleaved = [x for frame in zip(*channels) for x in frame]
    body = struct.pack("<%df" % len(interleaved), *interleaved)
    form = struct.pack("<HHIIHH", WAVE_FORMAT_FLOAT, count, rate, rate * 4 * count, 4 * count, 32)
    fact = struct.pack("<I", len(channels[0]))
    chunks = b""
    for name, contents in ((b"fmt ", form), (b"fact", fact), (b"data", body)):
        chunks += name + struct.pack("<I", len(contents)) + contents
    with open(path, "wb") as file:
        file.write(b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WAVE" + chunks)


# --- patchrun -----------------------------------------------------------------------------------


def exact(value):
    """All the decimal digits of an f32."""
    return format(Decimal(value), "f")


def set_options(changes):
    """The options that make these changes, in order."""
    options = []
    for frame, name, value, glide in changes:
        place = "" if frame == 0 and glide == 0 else "@%df~%df" % (frame, glide)
        options += ["--set", "%s=%s%s" % (name, exact(value), place)]
    return options


def last_of_each(changes):
    """Without those changes of frame 0 that a later one on frame 0, at once, undoes."""
    kept = []
    for change in changes:
        if change[0] == 0 and change[3] == 0:
            kept = [c for c in kept if c[1] != change[1]]
        kept.append(change)
    return kept


def run_patchrun(path, frames, seed, serial, changes, extra):
    with tempfile.TemporaryDirectory() as folder:
        out = os.path.join(folder, "out.wav")
        command = [PATCHRUN, path, "-o", out, "--format", "wav", "--bits", "float", "--quiet"]
        command += ["--frames", str(frames), "--seed", str(seed), "--serial", str(serial)]
        command += set_options(last_of_each(changes)) + extra(folder)
        done = subprocess.run(command, stderr=subprocess.PIPE, text=True, check=False)
        if done.returncode != 0:
            raise RuntimeError("%s\n%s" % (" ".join(command), done.stderr))
        return read_float_wav(out)


def render_patch(source, frames, seed, serial, changes):
    """The first `frames` frames of an instance: a list of f32 for each channel."""
    return run_patchrun(source["file"], frames, seed, serial, changes, lambda _: [])


def render_effect(bus, seed, serial, changes, inputs):
    """An effect on `inputs`, a list of f32 for each channel: the same of its output."""

    def input_option(folder):
        path = os.path.join(folder, "in.wav")
        write_float_wav(path, inputs)
        return ["--input", path]

    frames = len(inputs[0])
    return run_patchrun(bus["effect"], frames, seed, serial, changes, input_option)


# --- a patch voice ------------------------------------------------------------------------------


class PatchVoice:
    """An instance of a patch. It plays itself from its start to the end of the job when it is
    first heard, and again when it is heard after a change; frames before a change are the same in
    both, because a program cannot look ahead."""

    def __init__(self, render, source, seed, serial, frames):
        self.render = render
        self.source = source
        self.seed = seed
        self.serial = serial
        self.frames = frames
        self.changes = []
        self.channels = None

    def set(self, frame, name, value, glide):
        self.changes.append((frame, name, value, glide))
        self.channels = None

    def read(self, frame):
        """The samples of a frame, one for each channel."""
        if self.channels is None:
            self.channels = self.render(
                self.source, self.frames, self.seed, self.serial, self.changes
            )
        return [channel[frame] for channel in self.channels]
