"""steps.py - what is run against a mutant, and which of it is near a file.

A step is a name, the make targets it needs and a command. Committed steps compare our sounds with
kept hashes of our own; all others have an expectation of their own.
"""

import glob
import os

PYTHON = "/usr/bin/python3"  # the one that has Debian's modules
NEAR = {
    "osc": ["modules/test_osc_family", "modules/test_unison", "modules/test_osc_tables", "numeric/test_osc"],
    "noise": ["modules/test_noise"],
    "filter": ["vm/test_filters", "vm/test_tails", "modules/test_filter"],
    "env": ["vm/test_envelopes", "modules/test_env"],
    "math": ["modules/test_math_family", "vm/test_arithmetic"],
    "structure": ["modules/test_structure", "modules/test_rates"],
    "delay": ["vm/test_delays", "modules/test_delay", "modules/test_delay_space"],
    "dynamics": ["modules/test_dynamics", "modules/test_sides"],
    "shape": ["modules/test_shape"],
    "control": ["modules/test_control", "vm/test_envelopes"],
    "physical": ["modules/test_physical"],
    "math.h": ["vm/test_arithmetic", "numeric/test_math", "functions"],
    "blep.h": ["modules/test_osc_family", "numeric/test_osc"],
    "mixer": ["render/test_mixer", "render/test_mixer_sound", "render/test_mixer_model",
              "render/test_mixer_lanes", "render/test_render", "render/test_taps", "slow mixer"],
    "machine": ["vm/test_params", "vm/test_arithmetic", "vm/test_group", "vm/test_delays",
                "modules/test_rates"],
}
FIRST = "conformance, 1 lane"
EVERYWHERE = ["modules/test_table", "vm/test_cost", "modules/test_rates"]  # near every kernel

# Seconds of CPU, where they are many; the rest take less than two.
COST = {
    "modules/test_rate_bounds": 20, "modules/test_delay_space": 20, "modules/test_rate_table": 10,
    "modules/test_osc_sweep": 6, "numeric/test_osc": 10, "vm/test_limits": 5, "vm/test_verify_limits": 4,
    "vm/test_group": 5, "render/test_forms": 4, "front/test_front": 4, "slow mixer": 6, "scores": 60,
    "modules": 4, "modules/test_osc_family": 3, "modules/test_filter": 3, "modules/test_noise": 3,
    "modules/test_delay": 3, "modules/test_osc_tables": 3, "modules/test_control": 3,
}


def cost(name):
    return COST.get(name, 1)


class Step:
    def __init__(self, name, targets, command, committed=False):
        self.name, self.targets, self.command, self.committed = name, targets, command, committed
        self.most = 20 + 10 * cost(name)  # seconds of CPU, which is several times what it takes


def all_steps(root):
    """name: Step, of everything that is ever run."""
    programs = ["build/patchc", "build/patchrun", "build/patchdiff", "programs"]
    engine = "build/conformance/engine"
    functions = "build/tests/numeric/functions"
    stats = "build/tests/tools/audio_stats"
    steps = [
        Step("functions", [functions], [functions, "--every", "4001", "--threads", "1"]),
        Step("slow mixer", programs, [PYTHON, "tests/mixer/compare.py", "0", "79"]),
        Step("modules", programs + [stats], ["tests/run", "modules"]),
        Step("scores", programs, ["tests/run", "scores"]),
        Step(FIRST, [engine], ["conformance/run", "--", engine, "--lanes", "1", "--isa", "base"], True),
        Step("conformance, 4 lanes", [engine],
             ["conformance/run", "--", engine, "--lanes", "4", "--isa", "base", "--cut", "97"], True),
        Step("functions' hashes", [functions], ["tests/run", "numeric"], True),
        Step("golden", programs + [stats], ["tests/run", "golden"], True),
    ]
    for source in sorted(glob.glob(os.path.join(root, "tests/*/test_*.c"))):
        name = os.path.relpath(source, os.path.join(root, "tests"))[:-2]
        target = "build/tests/" + name
        steps.append(Step(name, [target], [target]))
    return {step.name: step for step in steps}


def near(path):
    """The names of the steps that should see a change of this file, and need not be all."""
    folder, name = os.path.split(path)
    if path.startswith("render/"):
        return NEAR["mixer"]
    if folder == "vm":
        return NEAR.get(name, NEAR["machine"]) + EVERYWHERE
    return NEAR[os.path.basename(folder)] + EVERYWHERE


def parts(path):
    """The names of the steps to ask of a change there, in order: near it, and all others; then those
    that are quick: of a kernel the kit and the near ones, of the mixer its tests and the kit."""
    close = list(dict.fromkeys(near(path)))
    steps = all_steps(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
    kits = [name for name in steps if name.startswith("conformance")]
    far = sorted((n for n in steps if n not in close + kits), key=lambda n: (not steps[n].committed, cost(n)))
    quick = kits + close if path.startswith("vm/") else close[:-1] + kits + close[-1:]
    return close, far, quick
