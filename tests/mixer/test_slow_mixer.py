"""Tests of the slow mixer: values worked out by hand from docs/mixer.md."""

import json
import os
import struct
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import random_job
import voices
from f32 import f32, f32_of_int, rne
from slow_mixer import (
    Mixer,
    MixerError,
    Ramped,
    SampleSignal,
    complete_job,
    mono_gains,
    output_16,
    output_24,
    step_of,
    stereo_gains,
)

ONE = 1 << 32
ROOT_HALF = 0.707106769084930419921875  # the f32 nearest to the root of 1/2


def sample(frames, rate=48000, loop=None, name="s"):
    return {"name": name, "kind": "sample", "rate": rate, "frames": frames, "loop": loop}


def patch(**fields):
    return {"name": "p", "kind": "patch", "file": "p", "defaults": {}, **fields}


LONG = sample([1000] * 10, loop=[0, 10])


def play(frame, source=0, **fields):
    return {"frame": frame, "verb": "play", "source": source, **fields}


def do(frame, verb, **fields):
    return {"frame": frame, "verb": verb, **fields}


def silence(_source, frames, _seed, _serial, _changes):
    return [[0.0] * frames]


def echo_twice(_bus, _seed, _serial, _changes, inputs):
    return [[f32(2 * x) for x in side] for side in inputs]


def mixed(commands, sources=(LONG,), frames=2400, render=silence, **fields):
    job = {"frames": frames, "sources": list(sources), "commands": commands, **fields}
    mixer = Mixer(complete_job(job), render, echo_twice)
    mixer.run()
    return mixer


def happened(mixer, *kinds):
    """(frame, event, voice) of the events of these kinds, or of all but plays and commands."""
    kinds = kinds or ("refuse", "steal", "cut", "end", "release", "ignore")
    return [(e["frame"], e["event"], e.get("voice")) for e in mixer.events if e["event"] in kinds]


class Numbers(unittest.TestCase):
    def test_integers_round_once(self):
        self.assertEqual(f32_of_int(2**24 + 1), 2.0**24)
        self.assertEqual(f32_of_int(2**24 + 3), 2.0**24 + 4)
        self.assertEqual(f32_of_int(-(2**24) - 3), -(2.0**24) - 4)
        self.assertEqual(f32_of_int(2**60 + 2**36), 2.0**60)
        self.assertEqual(f32_of_int(2**60 + 2**36 + 1), 2.0**60 + 2**37)
        self.assertEqual(f32_of_int(2**25 - 1), 2.0**25)

    def test_ties_to_even(self):
        self.assertEqual([rne(x) for x in (0.5, 1.5, 2.5, -0.5, -1.5)], [0, 2, 2, 0, -2])

    def test_too_large_is_infinite(self):
        self.assertEqual(f32(-1e39), float("-inf"))

    def test_output(self):
        self.assertEqual([output_16(m) for m in (127, 128, -127, -128, 383)], [0, 1, 0, -1, 1])
        self.assertEqual([output_16(m) for m in (384, 2**23, -(2**24))], [2, 32767, -32768])
        self.assertEqual([output_24(m) for m in (5, 2**23, -(2**24))], [5, 2**23 - 1, -(2**23)])


class Gains(unittest.TestCase):
    def test_mono(self):
        self.assertEqual(mono_gains(255.0, 0.0), (1.0, 0.0))
        self.assertEqual(mono_gains(255.0, 255.0), (0.0, 1.0))
        self.assertEqual(mono_gains(255.0, 127.0), (ROOT_HALF, ROOT_HALF))
        self.assertEqual(mono_gains(255.0, 128.0), (ROOT_HALF, ROOT_HALF))
        self.assertEqual(mono_gains(255.0, 127.5), (ROOT_HALF, ROOT_HALF))
        self.assertEqual(mono_gains(0.0, 64.0), (0.0, 0.0))
        self.assertEqual(mono_gains(51.0, 0.0)[0], f32(0.2))

    def test_stereo(self):
        self.assertEqual(stereo_gains(255.0, 0.0), (1.0, 0.0))
        self.assertEqual(stereo_gains(255.0, 128.0), (1.0, 1.0))
        self.assertEqual(stereo_gains(255.0, 255.0), (0.0, 1.0))
        self.assertEqual(stereo_gains(255.0, 254.0), (f32(1 / 127), 1.0))

    def test_ramp(self):
        volume = Ramped(0)
        volume.set(10, 255, 4)
        self.assertEqual([volume.at(f) for f in range(10, 16)], [0, 63.75, 127.5, 191.25, 255, 255])
        volume.set(12, 0, 2)
        self.assertEqual([volume.at(f) for f in range(12, 15)], [127.5, 63.75, 0])
        volume.set(13, 9, 0)
        self.assertEqual(volume.at(13), 9)


class Samples(unittest.TestCase):
    def read(self, source, rate, count, loop=None):
        signal = SampleSignal(source, rate, loop)
        got = []
        while len(got) < count and not signal.ended:
            got.append(signal.read()[0])
        return got

    def test_step(self):
        self.assertEqual(step_of(ONE, 48000), ONE)
        self.assertEqual(step_of(ONE, 44100), 3946001203)  # .2
        self.assertEqual(step_of(-ONE, 44100), -3946001203)
        self.assertEqual(step_of(3, 24000), 2)  # 1.5
        self.assertEqual(step_of(-3, 24000), -1)  # -1.5
        self.assertEqual(step_of(1, 1), 1)
        self.assertEqual(step_of(-1, 1), -1)

    def test_between_samples(self):
        got = self.read(sample([100, 200]), ONE // 2, 9)
        self.assertEqual(got, [25600, 38400, 51200, 25600])

    def test_between_samples_goes_down(self):
        signal = SampleSignal(sample([0, -1]), ONE, None)
        signal.pos = 1 << 17
        self.assertEqual(signal.read(), (-1, -1))  # floor(-1 * 1 / 128)
        signal.pos = (1 << 17) - 1
        self.assertEqual(signal.read(), (0, 0))

    def test_length_one(self):
        self.assertEqual(self.read(sample([7]), ONE // 4, 9), [1792, 1344, 896, 448])
        self.assertEqual(self.read(sample([7]), -ONE // 4, 9), [1792])

    def test_backwards(self):
        self.assertEqual(self.read(sample([1, 2, 3]), -ONE, 9), [768, 512, 256])

    def test_rate_above_the_loop(self):
        got = self.read(sample([0, 1, 2, 3, 9]), 7 * ONE, 4, [1, 4])
        self.assertEqual(got, [0, 256, 512, 768])  # 0, 7 -> 1, 8 -> 2, 9 -> 3

    def test_backwards_in_a_loop(self):
        got = self.read(sample([0, 1, 2, 3, 9]), -ONE, 5, [1, 4])
        self.assertEqual(got, [768, 512, 256, 768, 512])

    def test_loop_of_one_between_samples(self):
        self.assertEqual(self.read(sample([5, 9]), ONE // 2, 3, [0, 1]), [1280, 1280, 1280])

    def test_the_end_of_a_loop_meets_its_start(self):
        got = self.read(sample([10, 20, 30]), ONE // 2, 4, [0, 2])
        self.assertEqual(got, [2560, 3840, 5120, 3840])

    def test_turned_back_before_the_loop(self):
        signal = SampleSignal(sample([0, 1, 2, 3, 4, 5]), ONE, [3, 5])
        signal.read()
        signal.set_rate(-ONE)
        self.assertEqual([signal.read()[0] for _ in range(3)], [256, 1024, 768])  # 1, 0 -> 4, 3


class Sounds(unittest.TestCase):
    def test_a_sample_to_its_end(self):
        mixer = mixed([play(800, pan=0)], [sample([1, -2, 3])])
        self.assertEqual(mixer.mix_left[799:804], [0, 256, -512, 768, 0])
        self.assertEqual(happened(mixer), [(803, "end", 0)])
        self.assertEqual(struct.unpack("<2h", mixer.output()[3200:3204]), (1, 0))

    def test_an_ended_sound_leaves_before_the_commands(self):
        commands = [play(0), do(1, "is_playing", voice=0), play(1), do(1, "is_playing", voice=0)]
        mixer = mixed(commands, [sample([1])], voices=1, policy="refuse")
        answers = [e["playing"] for e in mixer.events if e["event"] == "answer"]
        self.assertEqual(answers, [False, True])
        self.assertEqual(happened(mixer, "refuse"), [])

    def test_stop_and_fade(self):
        mixer = mixed([play(0, pan=0), do(4, "stop", voice=0, frames=2)])
        self.assertEqual(mixer.mix_left[3:7], [256000, 256000, 128000, 0])
        self.assertEqual(happened(mixer), [(6, "end", 0)])

    def test_a_volume_replaces_the_ramp_but_not_the_end(self):
        commands = [play(0, pan=0), do(4, "stop", voice=0, frames=4)]
        mixer = mixed(commands + [do(5, "set_volume", voice=0, value=255)])
        self.assertEqual(mixer.mix_left[4:9], [256000, 256000, 256000, 256000, 0])

    def test_the_earliest_end_counts(self):
        commands = [play(0), do(4, "stop", voice=0, frames=10)]
        sooner = mixed(commands + [do(5, "stop", voice=0, frames=3)])
        later = mixed(commands + [do(5, "stop", voice=0, frames=30)])
        self.assertEqual(happened(sooner), [(8, "end", 0)])
        self.assertEqual(happened(later), [(5, "ignore", 0), (14, "end", 0)])

    def test_length_and_release(self):
        mixer = mixed([play(0, length=5, fade=2), do(6, "release", voice=0)])
        self.assertEqual(
            happened(mixer), [(5, "release", 0), (6, "ignore", 0), (7, "end", 0)]
        )
        mixer = mixed([play(0, length=5, fade=9), do(3, "release", voice=0)])
        self.assertEqual(happened(mixer), [(3, "release", 0), (12, "end", 0)])
        self.assertEqual(mixer.costs[0]["audio_commands"], 2)

    def test_pitch_keeps_the_place(self):
        commands = [play(0, pan=0, rate=ONE // 2), do(3, "set_pitch", voice=0, rate=2 * ONE)]
        mixer = mixed(commands, [sample(list(range(0, 100, 10)))])
        self.assertEqual(
            mixer.mix_left[:6], [256 * x for x in (0, 5, 10, 15, 35, 55)]
        )

    def test_names(self):
        commands = [play(0, name="a", voice=0), play(0, name="a", voice=1)]
        mixer = mixed(commands + [do(1, "stop", name="a"), do(2, "stop", name="a")])
        self.assertEqual(happened(mixer), [(1, "end", 1), (2, "ignore", None)])

    def test_the_name_of_a_refused_sound(self):
        commands = [play(0, name="a"), play(1, name="a"), do(2, "stop", name="a")]
        mixer = mixed(commands, voices=1, policy="refuse")
        self.assertEqual(happened(mixer), [(1, "refuse", None), (2, "ignore", None)])

    def test_serials(self):
        commands = [play(0), play(0, serial=9), play(1), play(2)]
        mixer = mixed(commands, voices=2, policy="refuse")
        self.assertEqual([e["serial"] for e in mixer.events], [0, 9, 2, 3])


class Policies(unittest.TestCase):
    def stolen(self, policy, first, second, new, *between):
        mixer = mixed([first, second, *between, new], voices=2, policy=policy)
        return happened(mixer, "steal", "refuse", "cut")

    def test_oldest(self):
        got = self.stolen("oldest", play(0, voice=1), play(0), play(0))
        self.assertEqual(got, [(0, "steal", 1)])

    def test_quietest(self):
        got = self.stolen("quietest", play(0, volume=9), play(0, volume=8), play(3))
        self.assertEqual(got, [(3, "steal", 1)])
        got = self.stolen("quietest", play(0, voice=1), play(0), play(3))
        self.assertEqual(got, [(3, "steal", 1)])

    def test_quietest_in_a_ramp(self):
        ramp = do(0, "set_volume", voice=1, value=0, frames=4)
        got = self.stolen("quietest", play(0, volume=100), play(0, volume=200), play(2), ramp)
        self.assertEqual(got, [(2, "steal", 0)])  # 100 both
        got = self.stolen("quietest", play(0, volume=101), play(0, volume=200), play(2), ramp)
        self.assertEqual(got, [(2, "steal", 1)])

    def test_lowest_priority(self):
        first, second = play(0, priority=5), play(0, priority=5)
        for priority, event in ((4, (1, "refuse", None)), (5, (1, "steal", 0))):
            got = self.stolen("lowest-priority", first, second, play(1, priority=priority))
            self.assertEqual(got, [event])

    def test_refuse_and_number(self):
        self.assertEqual(self.stolen("refuse", play(0), play(0), play(1)), [(1, "refuse", None)])
        got = self.stolen("refuse", play(0), play(0), play(1, voice=1))
        self.assertEqual(got, [(1, "cut", 1)])


class Patches(unittest.TestCase):
    def renders(self, samples, log=None):
        def render(_source, frames, seed, serial, changes):
            if log is not None:
                log.append((frames, seed, serial, list(changes)))
            return [list(samples(f) for f in range(frames))]

        return render

    def test_signal(self):
        render = self.renders(lambda f: (0.5, -3.0, 1e38)[f % 3])
        mixer = mixed([play(0, pan=0)], [patch()], 3, render)
        self.assertEqual(mixer.mix_left, [2**22, -(2**24), 2**24])

    def test_not_finite(self):
        with self.assertRaises(MixerError):
            mixed([play(0)], [patch()], 3, self.renders(lambda f: float("nan")))

    def test_tail(self):
        source = patch(gate=True, tail=2)
        loud_once = self.renders(lambda f: 1.0 if f == 1700 else 2.0**-16)
        for release, end in ((799, 4000), (800, 4000), (801, 4000), (2400, 4000), (2401, 4800)):
            commands = [play(0), do(release, "release", voice=0)]
            mixer = mixed(commands, [source], 6000, loud_once)
            self.assertEqual(happened(mixer, "end"), [(end, "end", 0)], release)

    def test_tail_without_a_gate(self):
        mixer = mixed([play(1)], [patch(tail=1)], 6000)
        self.assertEqual(happened(mixer), [(1600, "end", 0)])
        mixer = mixed([play(0)], [patch(tail=1)], 6000, self.renders(lambda f: 2.0**-15))
        self.assertEqual(happened(mixer), [])

    def test_what_the_program_is_told(self):
        log = []
        source = patch(gate=True, pitch="hz", defaults={"hz": 110.0, "cut": 1.0})
        parts = [{"verb": "set", "param": "hz", "value": 200.0}]
        commands = [play(10, rate=ONE // 2, parts=parts), do(15, "release", voice=0)]
        mixed(commands, [source], 30, self.renders(lambda f: 0.0, log), seed=5)
        start = [(0, "gate", 1.0, 0), (0, "hz", 200.0, 0), (0, "hz", 100.0, 0)]
        self.assertEqual(log[0], (20, 5, 0, start))
        self.assertEqual(log[1], (20, 5, 0, start + [(5, "gate", 0.0, 0)]))


class Buses(unittest.TestCase):
    def test_insert_and_send(self):
        buses = [{"name": "a", "to": 1, "volume": 51}, {"name": "b", "pan": 0}]
        parts = [{"verb": "send", "bus": 1, "amount": 51}]
        mixer = mixed([play(0, pan=0, bus=0, parts=parts)], buses=buses, frames=1)
        self.assertEqual(mixer.buses[0].contributions, [51200, 0])
        self.assertEqual(mixer.buses[1].contributions, [51200 + 51200, 0])
        self.assertEqual((mixer.mix_left, mixer.mix_right), ([102400], [0]))

    def test_effects(self):
        for inputs, both in ((1, (256000, 256000)), (2, (512000, 0))):
            buses = [{"name": "a", "effect": "x", "inputs": inputs}]
            mixer = mixed([play(0, pan=0, bus=0)], buses=buses, frames=1)
            self.assertEqual((mixer.mix_left[0], mixer.mix_right[0]), both)

    def test_held(self):
        plays = [play(0, pan=0, bus=0)] * 3
        mixer = mixed(plays, [sample([32767])], 1, buses=[{"name": "a"}])
        self.assertEqual(mixer.mix_left, [2**24])


class Costs(unittest.TestCase):
    def test_the_example(self):
        plays = [play(0, rate=ONE // 2)] * 9
        mixer = mixed(plays + [do(800, "is_playing", voice=0)] * 6, frames=1600)
        self.assertEqual(
            mixer.costs[1],
            {
                "tick": 1,
                "voices_active": 9,
                "mix_cycles": 410,
                "audio_commands": 6,
                "over": False,
                "blame": None,
            },
        )

    def test_blame(self):
        plays = [play(0, source=1), play(0)]
        for budget, over, blame in (
            (29, True, None),  # 30 before the voices
            (30, True, 0),
            (61, True, 0),  # 30 + 24 + 8
            (62, True, 1),
            (85, True, 1),
            (86, False, None),  # and 24
        ):
            mixer = mixed(plays, [LONG, patch(cost=8)], 800, budget=budget)
            got = mixer.costs[0]
            self.assertEqual((got["mix_cycles"], got["over"], got["blame"]), (86, over, blame))

    def test_two_sounds_in_a_voice(self):
        mixer = mixed([play(0), play(5, voice=0), play(5, voice=0)], frames=800)
        self.assertEqual(mixer.costs[0]["voices_active"], 1)
        self.assertEqual(mixer.costs[0]["mix_cycles"], 20 + 15 + 24 + 24)


class Ladder(unittest.TestCase):
    def test_what_is_hashed(self):
        mixer = mixed([play(801, pan=0)], [sample([1])], 802, buses=[{"name": "b"}])
        first, second = mixer.ladder()
        self.assertEqual(first, {"tick": 0, "mix": "00" * 3200, "bus.b": "00" * 6400})
        self.assertEqual(second["mix"], "00000000" + "01000000")
        self.assertEqual(second["voice0"], "00" * 8 + "00010000" + "00000000")


class Files(unittest.TestCase):
    def test_float_wav(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "x.wav")
            voices.write_float_wav(path, [[0.5, 1.0, -3.0], [0.0, 0.25, 2.0]])
            self.assertEqual(voices.read_float_wav(path), [[0.5, 1.0, -3.0], [0.0, 0.25, 2.0]])

    def test_options(self):
        changes = [(0, "gate", 1.0, 0), (0, "hz", 5.0, 0), (0, "hz", 0.1, 0), (7, "hz", 2.0, 3)]
        kept = voices.last_of_each(changes)
        self.assertEqual(
            voices.set_options(kept),
            ["--set", "gate=1", "--set", "hz=" + voices.exact(0.1), "--set", "hz=2@7f~3f"],
        )

    def test_random_jobs(self):
        for seed in range(5):
            given = random_job.make(seed)
            self.assertEqual(json.dumps(given), json.dumps(random_job.make(seed)))
            with tempfile.TemporaryDirectory() as folder:
                mixer = Mixer(complete_job(given))
                mixer.run()
                random_job.write_samples(given, folder)
                again = Mixer(complete_job(json.loads(json.dumps(given))))
                again.run()
            self.assertEqual(again.output(), mixer.output())
            self.assertEqual(len(mixer.output()), 4 * given["frames"])


if __name__ == "__main__":
    unittest.main()
