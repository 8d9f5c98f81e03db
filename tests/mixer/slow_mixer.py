#!/usr/bin/env python3
"""A slow and obvious mixer, written from docs/mixer.md alone, to compare the real one with.

usage: slow_mixer.py JOB.json [--out OUT.raw] [--bits 16|24|float] [--events EVENTS.jsonl]
                     [--cost COST.jsonl] [--ladder LADDER.jsonl]

The numbers in the comments are the sections of the page. What a job holds is said in JOB.md beside
this file.
"""

import argparse
import json
import os
import struct
import sys
import wave

import voices
from f32 import clamp, f32, f32_of_int, f32_sqrt, rne

TICK = 800  # 1: frames
ONE = 1 << 32  # 1: a frame, or a rate of 1.0, in 32.32
FULL = 8388608.0  # 1: full scale in units
LIMIT = 16777216.0  # 3.3
QUIET = 2.0**-15  # 6
MAX_SENDS = 4  # 7


class MixerError(Exception):
    pass


# --- 3.1 Gains ----------------------------------------------------------------------------------


class Ramped:
    """A volume or pan: a value, or a ramp on its way to one."""

    def __init__(self, value):
        self.begin, self.end = float(value), float(value)
        self.start, self.length = 0, 0

    def at(self, frame):
        k = frame - self.start
        if k >= self.length:
            return self.end
        part = f32(f32_of_int(k) / f32_of_int(self.length))
        return f32(self.begin + f32(f32(self.end - self.begin) * part))

    def set(self, frame, value, length):
        self.begin = self.at(frame)
        self.end, self.start, self.length = float(value), frame, length


def middle_once(pan):
    """`q` of 3.1."""
    return pan if pan <= 127 else max(127.0, f32(pan - 1))


def mono_gains(volume, pan):
    q = middle_once(pan)
    v = f32(volume / 255)
    left = f32(v * f32_sqrt(f32(f32(254 - q) / 254)))
    right = f32(v * f32_sqrt(f32(q / 254)))
    return left, right


def stereo_gains(volume, pan):
    q = middle_once(pan)
    v = f32(volume / 255)
    left = f32(v * min(1.0, f32(f32(254 - q) / 127)))
    right = f32(v * min(1.0, f32(q / 127)))
    return left, right


class Strip:
    """Volume and pan together, with a law."""

    def __init__(self, volume, pan, law):
        self.volume, self.pan = Ramped(volume), Ramped(pan)
        self.law = law
        self.known = None
        self.known_gains = None

    def gains(self, frame):
        now = (self.volume.at(frame), self.pan.at(frame))
        if now != self.known:
            self.known, self.known_gains = now, self.law(*now)
        return self.known_gains


# --- 3.2 A sample's signal ----------------------------------------------------------------------


def step_of(rate, sample_rate):
    """3: the advance a frame."""
    step = (rate * sample_rate + 24000) // 48000
    if step == 0:
        return 1 if rate > 0 else -1
    return step


class SampleSignal:
    channels = 1

    def __init__(self, source, rate, loop):
        self.x = source["frames"]
        self.sample_rate = source["rate"]
        self.loop = loop is not None
        self.loop_start, self.loop_end = loop if self.loop else (0, 0)
        self.set_rate(rate)
        self.pos = self.first_position() * ONE
        self.ended = False
        self.interpolates = False

    def set_rate(self, rate):
        self.step = step_of(rate, self.sample_rate)
        self.backwards = rate < 0

    def first_position(self):
        if not self.backwards:
            return 0
        return (self.loop_end if self.loop else len(self.x)) - 1

    def following(self, i):
        """`b` of 3.2: the sample that `i` is interpolated with."""
        if self.loop and i + 1 == self.loop_end:
            return self.x[self.loop_start]
        if i + 1 == len(self.x):
            return 0
        return self.x[i + 1]

    def read(self):
        """s_left and s_right of this frame."""
        i = self.pos >> 32
        fraction = self.pos % ONE
        if fraction != 0:
            self.interpolates = True  # 8
        w = fraction >> 17
        a = self.x[i]
        b = self.following(i)
        s = 256 * a + ((b - a) * w) // 128
        self.move()
        return s, s

    def move(self):
        self.pos += self.step
        if self.loop:
            start, end = self.loop_start * ONE, self.loop_end * ONE
            over = self.step > 0 and self.pos >= end
            under = self.step < 0 and self.pos < start
            if over or under:
                self.pos = start + (self.pos - start) % (end - start)
        elif self.pos < 0 or self.pos >= len(self.x) * ONE:
            self.ended = True


# --- 3.3 A patch's signal -----------------------------------------------------------------------


def units(y):
    """A program's sample in units."""
    return clamp(f32(y * FULL), -LIMIT, LIMIT)


def check_finite(y, what, frame):
    if y - y != 0:
        raise MixerError("%s: not finite on frame %d" % (what, frame))


class PatchSignal:
    """6 is here, too: whether the whole tick was quiet."""

    def __init__(self, program, source, start):
        self.program = program
        self.name = source["name"]
        self.ranges = source["ranges"]
        self.channels = source["channels"]
        self.start = start
        self.frame = start
        self.tick_is_quiet = True
        self.quiet_ticks = 0

    def set(self, frame, name, value, glide):
        if name in self.ranges:  # 4
            value = clamp(value, *map(f32, self.ranges[name]))
        self.program.set(frame - self.start, name, value, glide)

    def read(self):
        y = self.program.read(self.frame - self.start)
        for sample in y:
            check_finite(sample, self.name, self.frame)
            if abs(sample) >= QUIET:
                self.tick_is_quiet = False
        self.frame += 1
        return units(y[0]), units(y[-1])


# --- 3 What sounds ------------------------------------------------------------------------------


class Sound:
    def __init__(self, command, source, serial, age, frame):
        self.source = source
        self.source_number = command["source"]
        self.order = command["order"]
        self.serial = serial
        self.age = age
        self.start = frame
        self.voice = None
        self.signal = None
        self.strip = None
        self.priority = command["priority"]
        self.bus = command["bus"]
        self.sends = {}
        self.fade = command["fade"]
        self.length = command["length"]
        self.base = None
        self.released = None  # the frame, once it is
        self.fade_ends = None  # the frame on which a fade is over, once there is one
        self.heard_in = None  # the voice it had when it was heard last
        self.heard_tick = None  # and the tick

    def is_patch(self):
        return self.source["kind"] == "patch"

    def has_gate(self):
        return self.is_patch() and self.source["gate"]


class Refused:
    """What a name means after a play that was refused."""

    voice = None


# --- the job ------------------------------------------------------------------------------------

JOB_DEFAULTS = {"voices": 16, "policy": "oldest", "seed": 0, "budget": 0, "buses": []}
SOURCE_DEFAULTS = {
    "sample": {"rate": 48000, "loop": None},
    "patch": {"channels": 1, "gate": False, "pitch": None, "defaults": {}, "tail": 15, "cost": 0},
}
SOURCE_DEFAULTS["patch"]["ranges"] = {}
BUS_DEFAULTS = {"to": -1, "volume": 255, "pan": 128, "effect": None, "channels": 1, "inputs": 1}
BUS_DEFAULTS.update({"defaults": {}, "cost": 0})
PLAY_DEFAULTS = {"voice": None, "name": None, "volume": 255, "pan": 128, "rate": ONE}
PLAY_DEFAULTS.update({"priority": 0, "loop": "sample", "bus": -1, "length": None, "fade": 0})
PLAY_DEFAULTS.update({"serial": -1, "base": None, "parts": [], "order": None})
COMMAND_DEFAULTS = {"voice": None, "name": None, "sound": None, "bus": None, "frames": 0}


def complete(given, *defaults):
    whole = {}
    for each in defaults:
        whole.update(each)
    whole.update(given)
    return whole


def read_pcm16(path):
    with wave.open(path, "rb") as file:
        if file.getnchannels() != 1 or file.getsampwidth() != 2:
            raise MixerError("%s: not PCM16 mono" % path)
        data = file.readframes(file.getnframes())
        return file.getframerate(), list(struct.unpack("<%dh" % (len(data) // 2), data))


def complete_source(given, folder):
    source = complete(given, SOURCE_DEFAULTS[given["kind"]])
    if "file" in source:
        source["file"] = os.path.join(folder, source["file"])
    if source["kind"] == "sample" and "frames" not in source:
        rate, source["frames"] = read_pcm16(source["file"])
        source["rate"] = given.get("rate", rate)
    return source


def complete_bus(given, folder):
    bus = complete(given, BUS_DEFAULTS)
    if bus["effect"] is not None:
        bus["effect"] = os.path.join(folder, bus["effect"])
    return bus


def complete_commands(given):
    """In the order in which they act; every play has its number in `order`."""
    commands, plays = [], 0
    for each in sorted(given, key=lambda command: command["frame"]):  # stable
        if each["verb"] == "play":
            command = complete(each, PLAY_DEFAULTS)
            if command["order"] is None:
                command["order"] = plays
            plays += 1
        elif each["verb"] == "send":
            # Its "bus" is where to, not whom it is for.
            command = complete(each, COMMAND_DEFAULTS)
            command["to"], command["bus"] = command["bus"], None
        else:
            command = complete(each, COMMAND_DEFAULTS)
        commands.append(command)
    return commands


def complete_job(given, folder="."):
    job = complete(given, JOB_DEFAULTS)
    job["sources"] = [complete_source(each, folder) for each in job["sources"]]
    job["buses"] = [complete_bus(each, folder) for each in job["buses"]]
    job["commands"] = complete_commands(job["commands"])
    return job


# --- 5 The policies -----------------------------------------------------------------------------


def policy_oldest(sounds, _new, _frame):
    return min(sounds, key=lambda s: s.age)


def policy_quietest(sounds, _new, frame):
    return min(sounds, key=lambda s: (s.strip.volume.at(frame), s.age))


def policy_lowest_priority(sounds, new, _frame):
    lowest = min(sounds, key=lambda s: (s.priority, s.age))
    return None if lowest.priority > new.priority else lowest


def policy_refuse(_sounds, _new, _frame):
    return None


POLICIES = {
    "oldest": policy_oldest,
    "quietest": policy_quietest,
    "lowest-priority": policy_lowest_priority,
    "refuse": policy_refuse,
}


# --- 7 Buses ------------------------------------------------------------------------------------


class Bus:
    """Volume and pan of every frame and the sums of every frame, for the second half of the work:
    nothing that happens depends on what a bus sounds like."""

    def __init__(self, number, given, frames):
        self.number = number
        self.name = given["name"]
        self.given = given
        self.strip = Strip(given["volume"], given["pan"], stereo_gains)
        self.gains = []
        self.changes = []  # of the effect's parameters
        self.left = [0] * frames
        self.right = [0] * frames
        self.contributions = None


def round_away(n, divisor):
    """The integer nearest to n / divisor, ties away from zero."""
    magnitude = (2 * abs(n) + divisor) // (2 * divisor)
    return -magnitude if n < 0 else magnitude


def output_16(m):
    return clamp(round_away(m, 256), -32768, 32767)


def output_24(m):
    return clamp(m, -8388608, 8388607)


def output_float(m):
    return f32_of_int(m) / FULL


# --- the mixer ----------------------------------------------------------------------------------


class Mixer:
    def __init__(self, job, render_patch=voices.render_patch, render_effect=voices.render_effect):
        self.job = job
        self.render_patch = render_patch
        self.render_effect = render_effect
        self.frames = job["frames"]
        self.sources = job["sources"]
        self.policy = POLICIES[job["policy"]]
        self.voices = [None] * job["voices"]
        self.buses = [Bus(i, b, self.frames) for i, b in enumerate(job["buses"])]
        self.mix_left = [0] * self.frames
        self.mix_right = [0] * self.frames
        self.plays = 0
        self.plays_of_source = [0] * len(self.sources)
        self.names = {}
        self.orders = {}
        self.events = []
        self.costs = []
        self.heard_by_tick = []  # for each tick {voice: [left, right, left, ...]}
        self.frame = 0
        self.tick_commands = 0
        self.tick_heard = []  # the sounds heard in this tick

    # Events

    def event(self, kind, **fields):
        self.events.append({"frame": self.frame, "event": kind, **fields})

    def sound_event(self, kind, sound, **fields):
        self.event(
            kind,
            voice=sound.voice,
            source=sound.source_number,
            serial=sound.serial,
            sound=sound.order,
            **fields
        )

    # The order of things

    def run(self):
        commands = iter(self.job["commands"])
        command = next(commands, None)
        for self.frame in range(self.frames):
            if self.frame % TICK == 0:
                self.begin_tick()
            self.end_sounds()  # 4: first
            self.end_lengths()  # 4: second
            while command is not None and command["frame"] == self.frame:  # 4: third
                self.act(command)
                command = next(commands, None)
            self.hear()
            if self.frame % TICK == TICK - 1 or self.frame == self.frames - 1:
                self.end_tick()
        for bus in self.buses:
            self.play_bus(bus)

    def sounding(self):
        """In order of voice number."""
        return [sound for sound in self.voices if sound is not None]

    def begin_tick(self):
        self.tick_commands = 0
        self.tick_heard = []
        self.heard_by_tick.append({})
        for sound in self.sounding():
            if sound.is_patch():
                sound.signal.tick_is_quiet = True
            else:
                sound.signal.interpolates = False

    def end_tick(self):
        self.account()
        first = self.frame - self.frame % TICK
        if self.frame == first + TICK - 1:
            for sound in self.sounding():
                if sound.is_patch():
                    self.count_quiet(sound, first)

    # 4 Ends and releases

    def end(self, sound, event, reason):
        self.sound_event(event, sound, reason=reason)
        self.voices[sound.voice] = None
        sound.voice = None

    def end_sounds(self):
        for sound in self.sounding():
            if self.has_ended(sound):
                self.end(sound, "end", "over")
            elif sound.fade_ends == self.frame:
                self.end(sound, "end", "fade")

    def has_ended(self, sound):
        """6"""
        if sound.is_patch():
            return sound.signal.quiet_ticks >= sound.source["tail"]
        return sound.signal.ended

    def count_quiet(self, sound, first):
        """6: at the end of the tick that began on frame `first`."""
        signal = sound.signal
        released = sound.released is not None and sound.released <= first
        if sound.start <= first and released and signal.tick_is_quiet:
            signal.quiet_ticks += 1
        else:
            signal.quiet_ticks = 0

    def end_lengths(self):
        for sound in self.sounding():
            over = sound.length is not None and self.frame == sound.start + sound.length
            if over and sound.released is None:
                self.tick_commands += 1  # 8
                self.release(sound, "length")

    def release(self, sound, reason):
        sound.released = self.frame
        self.sound_event("release", sound, reason=reason)
        if sound.is_patch():
            sound.signal.set(self.frame, "gate", 0.0, 0)
        else:
            self.stop(sound, sound.fade)

    def stop(self, sound, fade):
        if fade == 0:
            self.end(sound, "end", "stop")
            return
        ends = self.frame + fade
        if sound.fade_ends is not None and ends > sound.fade_ends:
            return
        sound.strip.volume.set(self.frame, 0, fade)
        sound.fade_ends = ends

    # 4 Commands

    def act(self, command):
        self.tick_commands += 1  # 8
        verb = command["verb"]
        if verb == "play":
            self.play(command)
        elif command["bus"] is not None:
            self.act_on_bus(command)
        elif verb == "is_playing":
            sound = self.target(command)
            self.event("answer", voice=sound and sound.voice, playing=sound is not None)
        else:
            self.act_on_sound(command)

    def target(self, command):
        """4: the sound that is meant, or None if it sounds no more."""
        if command["voice"] is not None:
            return self.voices[command["voice"]]
        if command["name"] is not None:
            sound = self.names.get(command["name"], Refused)
        else:
            sound = self.orders.get(command["sound"], Refused)
        return None if sound.voice is None else sound

    def act_on_sound(self, command):
        sound = self.target(command)
        verb = command["verb"]
        if sound is None:
            self.event("ignore", verb=verb, reason="idle")
            return
        problem = self.cannot(sound, command)
        if problem is not None:
            self.sound_event("ignore", sound, verb=verb, reason=problem)
            return
        if verb == "release":
            self.release(sound, "command")
            return
        self.sound_event("command", sound, verb=verb)
        if verb == "stop":
            self.stop(sound, command["frames"])
        elif verb == "set_volume":
            sound.strip.volume.set(self.frame, command["value"], command["frames"])
        elif verb == "set_pan":
            sound.strip.pan.set(self.frame, command["value"], command["frames"])
        elif verb == "set_pitch":
            self.set_pitch(sound, command["rate"])
        elif verb == "set":
            value = f32(command["value"])
            sound.signal.set(self.frame, command["param"], value, command["frames"])
        elif verb == "send":
            sound.sends[command["to"]] = command["amount"]
        else:
            raise MixerError("no such verb: %s" % verb)

    def cannot(self, sound, command):
        """4: why a command does nothing to a sound that is there; None if it does."""
        verb = command["verb"]
        fades = verb == "stop" and command["frames"] > 0 and sound.fade_ends is not None
        if fades and self.frame + command["frames"] > sound.fade_ends:
            return "fading"
        if verb == "release" and sound.is_patch() and not sound.has_gate():
            return "no gate"
        if verb == "release" and sound.released is not None:
            return "released before"
        if verb == "set_pitch" and sound.is_patch() and sound.source["pitch"] is None:
            return "no pitch"
        if verb == "set" and not sound.is_patch():
            return "no parameters"
        if verb == "set" and command["param"] not in sound.source["defaults"]:
            return "no such parameter"
        if verb == "send" and command["to"] not in sound.sends and len(sound.sends) == MAX_SENDS:
            return "too many sends"
        return None

    def set_pitch(self, sound, rate):
        if not sound.is_patch():
            sound.signal.set_rate(rate)
            return
        r = f32_of_int(rate) / ONE
        sound.signal.set(self.frame, sound.source["pitch"], f32(sound.base * r), 0)

    def act_on_bus(self, command):
        """7"""
        verb, bus = command["verb"], self.buses[command["bus"]]
        known = bus.given["effect"] is not None and command.get("param") in bus.given["defaults"]
        if verb == "set" and not known:
            self.event("ignore", bus=bus.number, verb=verb, reason="no such parameter")
            return
        self.event("command", bus=bus.number, verb=verb)
        if verb == "set_volume":
            bus.strip.volume.set(self.frame, command["value"], command["frames"])
        elif verb == "set_pan":
            bus.strip.pan.set(self.frame, command["value"], command["frames"])
        elif verb == "set":
            change = (self.frame, command["param"], f32(command["value"]), command["frames"])
            bus.changes.append(change)
        else:
            raise MixerError("a bus has no %s" % verb)

    # 5 Starting a sound

    def play(self, command):
        source = self.sources[command["source"]]
        serial = command["serial"]
        if serial < 0:
            serial = self.plays_of_source[command["source"]]
        sound = Sound(command, source, serial, self.plays, self.frame)
        self.plays += 1
        self.plays_of_source[command["source"]] += 1
        voice = self.take_voice(command["voice"], sound)
        if voice is None:
            sound_or_none = Refused
            self.sound_event("refuse", sound)
        else:
            sound_or_none = sound
            self.start(sound, voice, command)
        self.orders[command["order"]] = sound_or_none
        if command["name"] is not None:
            self.names[command["name"]] = sound_or_none

    def take_voice(self, voice, new):
        """The number of a voice that is idle now, or None: refused."""
        if voice is not None:
            if self.voices[voice] is not None:
                self.end(self.voices[voice], "cut", "play")
            return voice
        if None in self.voices:
            return self.voices.index(None)
        stolen = self.policy(self.voices, new, self.frame)
        if stolen is None:
            return None
        voice = stolen.voice
        self.end(stolen, "steal", self.job["policy"])
        return voice

    def start(self, sound, voice, command):
        sound.voice = voice
        self.voices[voice] = sound
        self.sound_event("play", sound)
        if sound.is_patch():
            self.start_patch(sound, command)
        else:
            loop = loop_of(command["loop"], sound.source["loop"])
            sound.signal = SampleSignal(sound.source, command["rate"], loop)
        law = mono_gains if sound.signal.channels == 1 else stereo_gains
        sound.strip = Strip(command["volume"], command["pan"], law)
        for part in command["parts"]:
            room = part["verb"] == "send" and (len(sound.sends) < MAX_SENDS or part["bus"] in sound.sends)
            if room:
                sound.sends[part["bus"]] = part["amount"]

    def start_patch(self, sound, command):
        source = sound.source
        left = self.frames - self.frame
        program = voices.PatchVoice(
            self.render_patch, source, self.job["seed"], sound.serial, left
        )
        sound.signal = PatchSignal(program, source, self.frame)
        if source["gate"]:
            sound.signal.set(self.frame, "gate", 1.0, 0)
        else:
            sound.released = self.frame  # 6
        sets = [part for part in command["parts"] if part["verb"] == "set"]
        for part in sets:
            value = f32(part["value"])
            sound.signal.set(self.frame, part["param"], value, part.get("frames", 0))
        if source["pitch"] is not None:
            sound.base = base_of(command, source, sets)
            if command["rate"] != ONE:
                self.set_pitch(sound, command["rate"])

    # 3.4 and 7 What is heard

    def hear(self):
        for bus in self.buses:
            bus.gains.append(bus.strip.gains(self.frame))
        for sound in self.voices:
            if sound is not None:
                self.contribute(sound)

    def contribute(self, sound):
        gain_left, gain_right = sound.strip.gains(self.frame)
        s_left, s_right = sound.signal.read()
        left = rne(f32(s_left * gain_left))
        right = rne(f32(s_right * gain_right))
        self.add(sound.bus, left, right)
        for bus, amount in sound.sends.items():
            if amount > 0:
                part = f32(amount / 255)
                self.add(bus, rne(f32(left * part)), rne(f32(right * part)))
        self.note_heard(sound, left, right)

    def add(self, bus, left, right):
        if bus < 0:
            self.mix_left[self.frame] += left
            self.mix_right[self.frame] += right
        else:
            self.buses[bus].left[self.frame] += left
            self.buses[bus].right[self.frame] += right

    def note_heard(self, sound, left, right):
        """9: zero where the voice was not heard."""
        tick, frame = divmod(self.frame, TICK)
        heard = self.heard_by_tick[tick]
        if sound.heard_tick != tick:
            self.tick_heard.append(sound)
            sound.heard_in, sound.heard_tick = sound.voice, tick
            heard.setdefault(sound.voice, [0] * (2 * self.frames_of_tick(tick)))
        heard[sound.voice][2 * frame] = left
        heard[sound.voice][2 * frame + 1] = right

    def frames_of_tick(self, tick):
        return min(TICK, self.frames - tick * TICK)

    def play_bus(self, bus):
        """7: the second half, a bus at a time; buses that go to it have been played."""
        signal_left, signal_right = self.bus_signal(bus)
        to = bus.given["to"]
        bus.contributions = []
        for self.frame in range(self.frames):
            gain_left, gain_right = bus.gains[self.frame]
            s_left = clamp(signal_left[self.frame], -LIMIT, LIMIT)
            s_right = clamp(signal_right[self.frame], -LIMIT, LIMIT)
            left = rne(f32(s_left * gain_left))
            right = rne(f32(s_right * gain_right))
            bus.contributions += [left, right]
            self.add(to, left, right)

    def bus_signal(self, bus):
        given = bus.given
        if given["effect"] is None:
            return [f32_of_int(n) for n in bus.left], [f32_of_int(n) for n in bus.right]
        if given["inputs"] == 2:
            inputs = [[f32_of_int(n) / FULL for n in side] for side in (bus.left, bus.right)]
        else:
            both = zip(bus.left, bus.right)
            inputs = [[f32_of_int(left + right) / (2 * FULL) for left, right in both]]
        y = self.render_effect(given, self.job["seed"], bus.number, bus.changes, inputs)
        for channel in y:
            for frame, sample in enumerate(channel):
                check_finite(sample, bus.name, frame)
        return [f32(n * FULL) for n in y[0]], [f32(n * FULL) for n in y[-1]]

    # 8 Cost

    def account(self):
        heard = sorted(self.tick_heard, key=lambda s: (s.heard_in, s.age))
        budget = self.job["budget"]
        total = 20 + 5 * self.tick_commands + sum(12 + bus.given["cost"] for bus in self.buses)
        blame = None
        before_voices = total
        for sound in heard:
            total += cost_of(sound)
            if budget and total > budget and blame is None and before_voices <= budget:
                blame = sound.heard_in
        self.costs.append(
            {
                "tick": self.frame // TICK,
                "voices_active": len({sound.heard_in for sound in heard}),
                "mix_cycles": total,
                "audio_commands": self.tick_commands,
                "over": bool(budget) and total > budget,
                "blame": blame,
            }
        )

    # What comes out

    def output(self, bits="16"):
        pack = {
            "16": lambda m: struct.pack("<h", output_16(m)),
            "24": lambda m: struct.pack("<i", output_24(m))[:3],
            "float": lambda m: struct.pack("<f", output_float(m)),
        }[bits]
        both = zip(self.mix_left, self.mix_right)
        return b"".join(pack(left) + pack(right) for left, right in both)

    def ladder(self):
        """9: what is hashed, in hexadecimal, tick by tick."""
        whole = self.output()
        for tick, heard in enumerate(self.heard_by_tick):
            line = {"tick": tick, "mix": whole[4 * TICK * tick : 4 * TICK * (tick + 1)].hex()}
            for voice in sorted(heard):
                line["voice%d" % voice] = integers_32(heard[voice])
            for bus in self.buses:
                part = bus.contributions[2 * TICK * tick : 2 * TICK * (tick + 1)]
                line["bus.%s" % bus.name] = integers_32(part)
            yield line


def integers_32(numbers):
    return struct.pack("<%di" % len(numbers), *numbers).hex()


def loop_of(asked, of_sample):
    """4: the loop points of a play, or None."""
    if asked == "off":
        return None
    return of_sample if asked == "sample" else asked


def base_of(command, source, sets):
    """4: the frequency that the sound was started with."""
    base = command["base"]
    if base is None:
        base = source["defaults"][source["pitch"]]
        for part in sets:
            if part["param"] == source["pitch"]:
                base = part["value"]
    return f32(base)


def cost_of(sound):
    """8"""
    if sound.is_patch():
        return 24 + sound.source["cost"]
    return 24 + (16 if sound.signal.interpolates else 0)


# --- the command line ---------------------------------------------------------------------------


def write_lines(path, lines):
    with open(path, "w", encoding="utf-8") as file:
        for line in lines:
            file.write(json.dumps(line) + "\n")


def main(arguments):
    parser = argparse.ArgumentParser(description="a slow and obvious mixer")
    parser.add_argument("job")
    parser.add_argument("--out")
    parser.add_argument("--bits", choices=("16", "24", "float"), default="16")
    parser.add_argument("--events")
    parser.add_argument("--cost")
    parser.add_argument("--ladder")
    options = parser.parse_args(arguments)
    with open(options.job, encoding="utf-8") as file:
        job = complete_job(json.load(file), os.path.dirname(options.job))
    mixer = Mixer(job)
    mixer.run()
    if options.out:
        with open(options.out, "wb") as file:
            file.write(mixer.output(options.bits))
    if options.events:
        write_lines(options.events, mixer.events)
    if options.cost:
        write_lines(options.cost, mixer.costs)
    if options.ladder:
        write_lines(options.ladder, mixer.ladder())


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except (MixerError, RuntimeError, OSError) as problem:
        sys.exit("slow_mixer: %s" % problem)
