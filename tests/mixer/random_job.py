#!/usr/bin/env python3
"""Random jobs for the mixer, aimed at its corners. The same seed gives the same job.

usage: random_job.py SEED [--extra EXTRA.json] [--samples FOLDER] > JOB.json

EXTRA.json may have patches ("patches": a list of sources) and effects ("effects": a list of objects
with what a bus needs for its effect) to choose from. With --samples the samples are written there
as WAV files and the job names them.
"""

import argparse
import json
import os
import random
import struct
import sys
import wave

TICK = 800
ONE = 1 << 32
POLICIES = ("oldest", "quietest", "lowest-priority", "refuse")
SAMPLE_RATES = (1, 8000, 22050, 44100, 47999, 48000, 96000, 768000)
NAMES = ("motor", "wind", "bell")
AIMED = ("stop", "stop", "set_volume", "set_volume", "set_pan", "set_pan", "set_pitch", "set_pitch")
AIMED += ("release", "release", "send", "set", "is_playing", "is_playing")


class Job:
    def __init__(self, seed, extra):
        self.random = random.Random(seed)
        self.extra = extra
        self.frames = self.choose_frames()
        self.any_frame = self.chance(0.5)
        self.voices = self.random.choice((1, 1, 2, 2, 3, 4, 5))
        self.sources = [self.source(i) for i in range(self.random.randint(1, 5))]
        self.buses = [self.bus(i) for i in range(self.random.choice((0, 0, 1, 2, 3, 4)))]
        for number, bus in enumerate(self.buses):
            bus["to"] = self.random.choice([-1] + list(range(number + 1, len(self.buses))))
        self.plays = 0
        self.moments = self.choose_moments()

    def chance(self, p):
        return self.random.random() < p

    def choose_frames(self):
        frames = self.random.randint(2400, 14400)
        return self.random.choice((frames, frames // TICK * TICK, frames // TICK * TICK + 1))

    # Sources

    def source(self, number):
        patches = self.extra.get("patches", ())
        if patches and self.chance(0.3):
            return dict(self.random.choice(patches), name="p%d" % number)
        length = self.random.choice((1, 2, 3, 5, 17, 100, 1000, 5000))
        return {
            "name": "s%d" % number,
            "kind": "sample",
            "rate": self.random.choice(SAMPLE_RATES),
            "frames": self.wave(length),
            "loop": self.loop(length) if self.chance(0.7) else None,
        }

    def wave(self, length):
        kind = self.random.choice(("noise", "extremes", "ramp", "quiet"))
        if kind == "noise":
            return [self.random.randint(-32768, 32767) for _ in range(length)]
        if kind == "extremes":
            return [self.random.choice((-32768, -1, 0, 1, 32767)) for _ in range(length)]
        if kind == "quiet":
            return [self.random.randint(-3, 3) for _ in range(length)]
        return [(i * 997) % 65536 - 32768 for i in range(length)]

    def loop(self, length):
        """Tiny, anywhere, up to the end, or all."""
        size = min(length, self.random.choice((1, 1, 2, 3, length, self.random.randint(1, length))))
        start = self.random.choice((0, length - size, self.random.randint(0, length - size)))
        return [start, start + size]

    def bus(self, number):
        bus = {"name": "b%d" % number, "volume": self.byte(), "pan": self.byte()}
        effects = self.extra.get("effects", ())
        if effects and self.chance(0.5):
            bus.update(self.random.choice(effects))
        return bus

    # Values

    def byte(self):
        return self.random.choice((0, 1, 127, 128, 254, 255, 255, self.random.randint(0, 255)))

    def rate(self):
        size = self.random.choice(
            (
                1,
                ONE // 48000,
                ONE // 2,
                ONE - 1,
                ONE,
                ONE,
                ONE + 1,
                2 * ONE,
                5 * ONE + ONE // 3,
                1024 * ONE,
                self.random.randint(1, 4 * ONE),
                self.random.randint(1, 1024 * ONE),
            )
        )
        return -size if self.chance(0.3) else size

    def ramp(self):
        """Frames of a ramp, a fade or a glide."""
        return self.random.choice((0, 0, 1, 2, 3, 100, 799, 800, 801, 3000, 100000))

    def length(self):
        return self.random.choice((1, 2, 799, 800, 1600, 2000))

    # Moments: few, so that many commands share one

    def choose_moments(self):
        count = self.random.randint(3, 25)
        moments = [self.random.randrange(self.frames) for _ in range(count)]
        if not self.any_frame:
            moments = [m // TICK * TICK for m in moments]
        return sorted(set(moments) | {0})

    # Commands

    def play(self, frame):
        number = self.random.randrange(len(self.sources))
        source = self.sources[number]
        command = {
            "frame": frame,
            "verb": "play",
            "voice": self.random.randrange(self.voices) if self.chance(0.25) else None,
            "name": self.random.choice(NAMES) if self.chance(0.6) else None,
            "order": self.plays,
            "source": number,
            "volume": self.byte(),
            "pan": self.byte(),
            "rate": ONE if self.chance(0.3) else self.rate(),
            "priority": self.random.choice((0, 0, 1, 1, 2, 255)),
            "loop": "sample",
            "bus": self.random.randrange(-1, len(self.buses)),
            "length": self.length() if self.chance(0.4) else None,
            "fade": self.ramp() if self.chance(0.5) else 0,
            "serial": self.random.choice((0, 7)) if self.chance(0.2) else -1,
            "base": None,
            "parts": self.parts(source),
        }
        if source["kind"] == "sample" and self.chance(0.4):
            length = len(source["frames"])
            command["loop"] = self.random.choice(("off", self.loop(length), self.loop(length)))
        if source["kind"] == "patch":
            command["rate"] = self.pitch_rate()
        self.plays += 1
        return command

    def pitch_rate(self):
        """Rates that keep a pitch within what a parameter may be."""
        return self.random.choice((ONE // 2, ONE, ONE, ONE + 12345, 3 * ONE // 2, 2 * ONE))

    def parts(self, source):
        parts = []
        for bus in range(len(self.buses)):
            if self.chance(0.3):
                parts.append({"verb": "send", "bus": bus, "amount": self.byte()})
        for param, values in self.part_values(source).items():
            if self.chance(0.3):
                value = self.random.choice(values)
                parts.append({"verb": "set", "param": param, "value": value, "frames": 0})
        self.random.shuffle(parts)
        return parts

    def part_values(self, source):
        """The ends of its range are pitches like others."""
        values = dict(source.get("safe", {}))
        pitch = source.get("pitch")
        if pitch in source.get("ranges", {}):
            values[pitch] = values.get(pitch, []) + source["ranges"][pitch]
        return values

    def target(self):
        kind = self.random.choice(("voice", "voice", "name", "name", "sound"))
        if kind == "sound" and self.plays > 0:
            return {"sound": self.random.randrange(self.plays)}
        if kind == "name":
            return {"name": self.random.choice(NAMES)}
        return {"voice": self.random.randrange(self.voices)}

    def aimed(self, frame):
        verb = self.random.choice(AIMED)
        if verb == "send" and not self.buses:
            verb = "set_volume"
        command = {"frame": frame, "verb": verb}
        command.update(self.target())
        if verb == "stop":
            command["frames"] = self.ramp()
        elif verb in ("set_volume", "set_pan"):
            command.update(value=self.byte(), frames=self.ramp())
        elif verb == "set_pitch":
            patches = any(source["kind"] == "patch" for source in self.sources)
            command["rate"] = self.pitch_rate() if patches else self.rate()
        elif verb == "set":
            command.update(self.setting())
        elif verb == "send":
            command.update(bus=self.random.randrange(len(self.buses)), amount=self.byte())
        return command

    def setting(self):
        """Of a parameter that some source has; the others ignore it."""
        known = [(p, v) for s in self.sources for p, v in s.get("safe", {}).items()]
        if not known:
            return {"param": "none", "value": 1.0, "frames": 0}
        param, values = self.random.choice(known)
        return {"param": param, "value": self.random.choice(values), "frames": 0}

    def for_bus(self, frame):
        return {
            "frame": frame,
            "verb": self.random.choice(("set_volume", "set_pan")),
            "bus": self.random.randrange(len(self.buses)),
            "value": self.byte(),
            "frames": self.ramp(),
        }

    def command(self, frame):
        if self.buses and self.chance(0.1):
            return self.for_bus(frame)
        return self.play(frame) if self.chance(0.4) else self.aimed(frame)

    def ask_all(self, frame):
        questions = [{"voice": voice} for voice in range(self.voices)]
        questions += [{"name": name} for name in NAMES]
        return [{"frame": frame, "verb": "is_playing", **question} for question in questions]

    def commands(self):
        commands = []
        for frame in self.moments:
            for _ in range(self.random.choice((1, 1, 2, 3, 6))):
                commands.append(self.command(frame))
            if self.chance(0.3):
                commands += self.ask_all(frame)
        return commands

    def all(self):
        return {
            "voices": self.voices,
            "policy": self.random.choice(POLICIES),
            "seed": self.random.randrange(1 << 32),
            "budget": self.random.choice((0, 60, 100, 200)),
            "frames": self.frames,
            "sources": self.sources,
            "buses": self.buses,
            "commands": self.commands(),
        }


def make(seed, extra=None):
    return Job(seed, extra or {}).all()


def write_samples(job, folder):
    for source in job["sources"]:
        if source["kind"] == "sample":
            path = os.path.join(folder, source["name"] + ".wav")
            frames = source.pop("frames")
            with wave.open(path, "wb") as file:
                file.setparams((1, 2, source["rate"], len(frames), "NONE", ""))
                file.writeframes(struct.pack("<%dh" % len(frames), *frames))
            source["file"] = os.path.abspath(path)


def main(arguments):
    parser = argparse.ArgumentParser(description="a random job for the mixer")
    parser.add_argument("seed", type=int)
    parser.add_argument("--extra")
    parser.add_argument("--samples")
    options = parser.parse_args(arguments)
    extra = {}
    if options.extra:
        with open(options.extra, encoding="utf-8") as file:
            extra = json.load(file)
    job = make(options.seed, extra)
    if options.samples:
        os.makedirs(options.samples, exist_ok=True)
        write_samples(job, options.samples)
    json.dump(job, sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main(sys.argv[1:])
