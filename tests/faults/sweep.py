#!/usr/bin/env python3
"""sweep - runs a program once for every call of the system or allocation that it makes, with that
call failing, and looks at what is left.  sweep.py LIBRARY WORK [SCENARIO...]; FAULTS=all leaves
nothing out, FAULTS=few much. A line "ok NAME: ..." or "FAIL NAME: ..." for each scenario and class
of calls."""
import concurrent.futures
import os
import re
import shutil
import signal
import subprocess
import sys
import threading

ROOT = os.getcwd()
PATCHC = os.path.join(ROOT, os.environ.get("PATCHC", "bin/patchc"))
PATCHRUN = os.path.join(ROOT, os.environ.get("PATCHRUN", "bin/patchrun"))
PATCHDIFF = os.path.join(ROOT, os.environ.get("PATCHDIFF", "bin/patchdiff"))
LIBRARY, WORK = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
ALL = os.environ.get("FAULTS") == "all"
FEW = os.environ.get("FAULTS") == "few"
TIMEOUT = 20
OLD = b"what was there before\n"
PATIENCE = 8  # complaints shown of a scenario and class

# What a class of calls can suffer: once, and from then on.
FAULTS = {
    "alloc": (["ENOMEM"], ["ENOMEM"]),
    "thread": (["EAGAIN"], ["EAGAIN"]),
    "open": (["ENOENT", "EMFILE"], ["EACCES"]),
    "read": (["EIO", "EINTR", "short", "end"], ["EIO", "short", "end"]),
    "write": (["ENOSPC", "EINTR", "short"], ["ENOSPC", "short"]),
    "seek": (["EIO"], ["EIO"]),
    "stat": (["EACCES"], ["EIO"]),
    "close": (["EIO"], ["ENOSPC"]),
    "name": (["EACCES"], ["ENOSPC"]),
    "other": (["EIO"], ["ENOSPC"]),
    "any": (["SIGINT", "SIGTERM", "SIGHUP"], []),
}
HARMLESS = {"short"}  # a program goes on as if nothing had happened
WORDS = {
    "ENOMEM": "Cannot allocate memory", "EAGAIN": "Resource temporarily unavailable",
    "ENOENT": "No such file", "EMFILE": "Too many open files", "EACCES": "Permission denied",
    "EIO": "Input/output error", "EINTR": "Interrupted system call",
    "ENOSPC": "No space left on device",
}


# A thread that gets no memory is one that cannot be had.
MEMORY = "out of memory|Cannot allocate memory|threads: Resource temporarily unavailable"


class Scenario:
    def __init__(self, name, program, arguments, outputs=(), stdin=None, directories=(),
                 named=False, few=0):
        self.few = few  # of so many calls all fail, then fewer and fewer; 0: 30
        self.named = named  # on a file system without nameless files
        self.name, self.command = name, [program] + arguments.split()
        self.outputs, self.stdin, self.directories = list(outputs), stdin, list(directories)


def scenarios():
    c, r = PATCHC, PATCHRUN
    yield Scenario("patchc", c, "in/chord.sx -g -o out/a.pbc", ["a.pbc"])
    yield Scenario("patchc-named", c, "in/coin.sx -o out/a.pbc", ["a.pbc"], named=True)
    yield Scenario("patchc-json", c, "in/example.json -o out/a.pbc", ["a.pbc"])
    yield Scenario("patchc-pipe", c, "-", stdin="in/coin.sx")
    yield Scenario("patchc-sample", c, "in/sampled.sx -o out/a.pbc", ["a.pbc"])
    yield Scenario("patchc-listing", c, "-S in/coin.sx")
    yield Scenario("patchc-emit-json", c, "--emit json in/chord.sx -o out/a.json", ["a.json"])
    yield Scenario("patchc-emit-sx", c, "--emit sx in/example.json")
    yield Scenario("patchc-format", c, "--format in/coin.sx -o out/a.sx", ["a.sx"])
    yield Scenario("patchc-disassemble", c, "-d in/coin.pbc -o out/a.text", ["a.text"])
    yield Scenario("patchc-assemble", c, "--assemble in/coin.text -o out/a.pbc", ["a.pbc"])
    yield Scenario("patchc-errors", c, "in/wrong.sx -o out/a.pbc")
    yield Scenario("patchc-errors-json", c, "in/wrong.sx --diagnostics json")
    yield Scenario("patchc-modules", c, "--modules=json -o out/a.json", ["a.json"])
    yield Scenario("patchc-module", c, "--module filter.lopass")
    yield Scenario("patchc-modules-list", c, "--modules")
    yield Scenario("patchc-modules-page", c, "--modules=man")
    yield Scenario("patchc-modules-table", c, "--modules=markdown")
    yield Scenario("patchc-schema", c, "--schema")
    yield Scenario("patchc-explain", c, "--explain E0203")
    yield Scenario("patchc-help", c, "--help")
    short = "--frames 2000 "
    yield Scenario("wav", r, "in/coin.sx -o out/a.wav --hash " + short, ["a.wav"])
    yield Scenario("until-silent", r, "in/blip.sx -o out/a.wav --dither --set pitch=440hz",
                   ["a.wav"])
    yield Scenario("flac", r, "in/coin.pbc -o out/a.flac --bits 24 " + short, ["a.flac"])
    yield Scenario("ogg", r, "in/coin.sx -o out/a.ogg " + short, ["a.ogg"])
    yield Scenario("float", r, "in/example.json -o out/a.wav --bits float " + short, ["a.wav"])
    yield Scenario("pipe", r, "in/coin.sx -o - --hash " + short)
    yield Scenario("named", r, "in/coin.sx --variations 2 -o out/a.wav " + short,
                   ["a-1.wav", "a-2.wav"], named=True)
    yield Scenario("pipe-named", r, "in/coin.sx -o - --hash " + short, named=True)
    yield Scenario("pipe-flac", r, "/dev/stdin -o - --format flac " + short, stdin="in/coin.sx")
    yield Scenario("ladder", r, "in/coin.sx --hash-ladder out/a.ladder -o out/a.wav " + short,
                   ["a.ladder", "a.wav"])
    yield Scenario("input", r, "in/echo-bus.sx --input in/mono.flac -o out/a.wav " + short,
                   ["a.wav"])
    yield Scenario("sampled", r, "in/sampled.sx -o out/a.wav " + short, ["a.wav"])
    yield Scenario("variations", r,
                   "in/wind.sx --variations 6 --lanes 4 --threads 2 -o out/a.wav " + short,
                   ["a-%d.wav" % i for i in range(1, 7)])
    yield Scenario("batch", r, "in/list.sx --lanes 4 -o out --index out/i.json --hash",
                   ["a.wav", "b.flac", "c-1.wav", "c-2.wav", "d.wav", "i.json"])
    yield Scenario("batch-named", r, "in/list.jsonl -o out", ["a.wav", "b.wav"], named=True)
    yield Scenario("batch-sheet", r,
                   "in/list.sx --sheet out/s.wav --gap 1t --index out/i.json",
                   ["s.wav", "i.json"])
    yield Scenario("batch-errors", r, "in/wrong-list.sx -o out")
    yield Scenario("bad-number", r, "in/nan.sx -o out/a.wav " + short)
    yield Scenario("bad-option", r, "in/coin.sx -o out/a.wav --set nothing=1 " + short)
    yield Scenario("info", r, "in/coin.sx --info=json")
    sides = ("--trace out/a.trace --cost out/a.cost --hash-ladder out/a.ladder "
             "--stems out/stems ")
    names = ["a.trace", "a.cost", "a.ladder"] + ["stems/voice-00.wav", "stems/voice-02.wav",
                                                "stems/bus-1-all.wav"]
    yield Scenario("score", r, "in/score.sx -o out/a.wav --threads 2 " + sides, names + ["a.wav"],
                   directories=["stems"])
    yield Scenario("score-nodes", r,
                   "in/score.sx --hash-ladder out/a.ladder --ladder-nodes voice0 --hash",
                   ["a.ladder"])
    yield Scenario("score-pipe", r, "in/score.sx -o - --format ogg")
    yield Scenario("log", r, "in/log.jsonl -o out/a.flac --from 1t --to 20t", ["a.flac"])
    yield Scenario("log-pipe", r, "- -o out/a.flac --to 20t", ["a.flac"], stdin="in/log-here.jsonl")
    yield Scenario("midi", r, "in/tune.mid --map in/midi-map.sx --to 0.1s -o out/a.wav --quiet",
                   ["a.wav"])
    # More commands than are held in memory: their runs go to a file without a name.
    yield Scenario("score-spilled", r, "in/many.sx -o out/a.wav --quiet", ["a.wav"])
    yield Scenario("score-info", r, "in/score.sx --info")
    yield Scenario("score-errors", r, "in/wrong-score.sx -o out/a.wav")
    d = PATCHDIFF
    yield Scenario("diff", d, "in/one.wav in/two.wav --json=out/a.json --junit out/a.xml",
                   ["a.json", "a.xml"], few=8)
    yield Scenario("diff-ladder", d, "in/two.wav in/one.ladder", few=8)
    yield Scenario("diff-picture", d, "in/one.wav in/two.wav --quiet --picture out/a.png",
                   ["a.png"], few=4)


SCORE = """(score "faults")
(voices 4)
(seed 3)
(tempo 300)
(tempo 301 :at 3)
(bus room "echo-bus.sx" :to all)
(bus all)
(sample kick "samples/kick.wav" :bus all :loop (10 90) :root a2)
(sample soft "mono.flac")
(patch w "wind.sx" :bus room)
(include "more.sx")
(patch v "coin.sx")
(play v)
(section a (line kick :step 1/16 c3 d3) (play soft :at 1t))
(do a)
(do a :at 3t)
(play w :at 2t :send (room 30))
(end 10t)
"""


LIST = """(batch "faults")
(default :frames 1000)
(patch w "wind.sx" :set (strength 0.7))
(sound w "a.wav" :set (howl 1) (glide pitch 300 10ms :at 1ms))
(sound "coin.pbc" "b.flac")
(sound w "c.wav" :variations 2 :seed 3)
(sound "echo-bus.sx" "d.wav" :input "mono.flac" :until-silent on :longest 3000f)
"""


def make_inputs():
    folder = os.path.join(WORK, "in")
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    put = lambda name, text: open(os.path.join(folder, name), "w").write(text)
    for name in ["chord.sx", "voice.sx", "example.json", "coin.sx", "blip.sx", "echo-bus.sx", "wind.sx"]:
        shutil.copy("fixtures/" + name, folder)
    for name in ["tune.mid", "midi-map.sx"]:
        shutil.copy("fixtures/scores/" + name, folder)
    shutil.copytree("fixtures/scores/samples", folder + "/samples")
    for name in os.listdir("fixtures/scores"):
        if name.endswith(".sx") and not os.path.exists(folder + "/" + name):
            shutil.copy("fixtures/scores/" + name, folder)
    shutil.copytree("fixtures/scores/patches", folder + "/patches") if os.path.isdir(
        "fixtures/scores/patches") else None
    run = lambda *words: subprocess.run(words, cwd=folder, check=True)
    run(PATCHC, "coin.sx")
    run(PATCHC, "-d", "coin.pbc", "-o", "coin.text")
    run(PATCHRUN, "blip.sx", "-o", "mono.flac", "--frames", "3000")
    run("sox", "-D", "samples/kick.wav", "-r", "48000", "samples/kick48.wav", "trim", "0", "2000s")
    run(PATCHRUN, "coin.sx", "-o", "one.wav", "--frames", "1700", "--hash-ladder", "one.ladder")
    run(PATCHRUN, "coin.sx", "-o", "two.wav", "--frames", "1700", "--set", "pitch=900hz")
    put("nan.sx", "(patch (output (math.div (osc.sine) (b 0))))")
    put("sampled.sx", '(patch (output (osc.sample (sample "samples/kick48.wav"))))')
    put("wrong.sx", "(patch (output (osc.sin :freq 3)) (foo) (nodes a b))")
    put("score.sx", SCORE)
    put("list.sx", LIST)
    put("list.jsonl", '["batch"]\n["sound", "coin.sx", "a.wav", {"frames": 999}]\n'
        '["sound", "blip.sx", "b.wav", {"longest": "0.1s"}]\n')
    put("wrong-list.sx", '(batch)\n(sound "nan.sx" "a.wav" :frames 99)\n')
    put("more.sx", '(score)\n(play kick :at 5t :volume 100)\n(set_volume all 110 :ramp 1t)\n')
    put("many.sx", '(score)\n(end 2t)\n(sample kick "samples/kick.wav")\n(play kick)\n(section a (repeat '
        '40000 (set_volume 0 100) (set_pan 0 7) (rest 1f)))\n(do a)\n')
    put("wrong-score.sx", '(score)\n(play kick)\n(foo)\n(sample a "none.wav")\n')
    put("log-here.jsonl", '["score"]\n["end", "30t"]\n["sample", "step", "in/samples/step.wav"]\n'
        '["play", "step"]\n')
    put("log.jsonl", '["score"]\n["steal", "none"]\n["end", "30t"]\n'
        '["sample", "step", "samples/step.wav", {"fade": "1t"}]\n["play", "step"]\n'
        '["play", "step", {"at": "5t"}]\n')


class Place:
    """A directory to run in; one thread's."""

    def __init__(self, number):
        self.path = os.path.join(WORK, "run%d" % number)
        shutil.rmtree(self.path, ignore_errors=True)
        os.makedirs(self.path + "/tmp")
        os.symlink(WORK + "/in", self.path + "/in")
        self.log = self.path + ".log"

    def file(self, name):
        return os.path.join(self.path, "out", name)

    def prepare(self, scenario, old):
        shutil.rmtree(self.path + "/out", ignore_errors=True)
        os.makedirs(self.path + "/out")
        if os.listdir(self.path + "/tmp"):  # what another run has left is its own matter
            shutil.rmtree(self.path + "/tmp")
            os.makedirs(self.path + "/tmp")
        if old:
            for name in scenario.directories:
                os.makedirs(self.file(name), exist_ok=True)
            for name in scenario.outputs:
                with open(self.file(name), "wb") as f:
                    f.write(OLD)
        if os.path.exists(self.log):
            os.unlink(self.log)

    def run(self, scenario, fault):
        environment = {"LD_PRELOAD": LIBRARY, "FAULTS_LOG": self.log, "LC_ALL": "C",
                       "TMPDIR": self.path + "/tmp", "HOME": "/", "PATH": "/usr/bin:/bin"}
        if scenario.named:
            environment["FAULTS_NAMED"] = "1"
        if "FAULTS_MAIN" in os.environ:
            environment["FAULTS_MAIN"] = "1"
        if fault:
            environment["FAULTS"] = fault
        stdin = open(os.path.join(WORK, scenario.stdin), "rb") if scenario.stdin else None
        feed = subprocess.PIPE if stdin else subprocess.DEVNULL
        process = subprocess.Popen(scenario.command, cwd=self.path, env=environment, stdin=feed,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        try:
            out, err = process.communicate(stdin.read() if stdin else None, TIMEOUT)
            return process.returncode, out, err.decode("utf-8", "replace")
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            return None, b"", ""
        finally:
            if stdin:
                stdin.close()

    def files(self):
        found = {}
        for folder in ["out", "tmp"]:
            for path, _, names in os.walk(os.path.join(self.path, folder)):
                for name in names:
                    whole = os.path.join(path, name)
                    with open(whole, "rb") as f:
                        found[os.path.relpath(whole, self.path)] = f.read()
        stray = [n for n in os.listdir(self.path) if n not in ("in", "out", "tmp")]
        found.update({n: b"" for n in stray})
        return found

    def counts(self):
        counts, kept = {}, []
        if os.path.exists(self.log):
            for line in open(self.log):
                words = line.split()
                if words[0] == "calls":
                    counts[words[1]] = int(words[2])
                elif words[0] == "met":
                    counts["met"] = int(words[1])
                else:
                    kept.append(line.strip())
        return counts, kept


# Memory that is not given back, and whose it is: the buffers of standard output and input belong
# to the C library, the descriptors of ended threads are kept for the next.
# FFTW, cairo and what cairo draws with keep plans, fonts and surfaces for the next picture.
MAY_STAY = re.compile(r"kept (libc\.so\.6 (1024|4096|8192) |ld-linux|lib(fftw3|cairo|pixman|fontconfig|freetype)[-.]|libc\.so\.6 12 )")


class Good:
    def __init__(self, place, scenario, old):
        place.prepare(scenario, old)
        self.status, self.out, self.err = place.run(scenario, None)
        self.files = place.files()
        self.counts, kept = place.counts()
        self.complaints = ["memory or a file stays without a fault: " + line
                           for line in kept if not MAY_STAY.match(line)]
        missing = [n for n in scenario.outputs if self.files.get("out/" + n, OLD) == OLD]
        if self.status not in (0, 1) or missing:
            self.complaints.append("status %s without a fault, missing %s: %s" %
                                   (self.status, missing, self.err))
        surplus = [n for n in self.files if n[4:] not in scenario.outputs]
        if surplus:
            self.complaints.append("files without a fault: %s" % surplus)


def look_at_files(scenario, good, files, old, done):
    for name in sorted(set(files) | {"out/" + n for n in scenario.outputs}):
        got = files.get(name)
        if name[4:] not in scenario.outputs:
            yield "left behind: " + name
        elif got is not None and got == good.files[name]:
            continue
        elif done:
            yield "done, but %s is not what it should be" % name
        elif old and got != OLD:
            yield "the old %s is gone" % name
        elif not old and got is not None:
            yield "half a file: " + name


def look_at_words(program, what, err):
    name = os.path.basename(program)
    if not re.search(r"(?m)^%s: |: error: |\"severity\"" % name, err):
        yield "no message"
    elif what == "ENOMEM" and not re.search(MEMORY, err):
        yield "the message does not speak of memory"
    elif what in WORDS and what != "ENOMEM" and WORDS[what].lower() not in err.lower():
        yield "the message does not say '%s'" % WORDS[what]


def judge(place, scenario, good, fault, what, old):
    place.prepare(scenario, old)
    status, out, err = place.run(scenario, fault)
    files = place.files()
    counts, kept = place.counts()
    if status is None:
        return ["hangs"]
    complaints = []
    done = status == good.status and (status == 0 or err == good.err)
    if what.startswith("SIG"):
        number = getattr(signal, what)
        if status == -number:
            done = False
        elif not done or not counts.get("met"):
            complaints.append("status %d, not of the signal" % status)
    elif status < 0 or status > 2:
        complaints.append("status %d" % status)
    elif not done and what in HARMLESS:
        complaints.append("status %d for a call that may be tried again" % status)
    elif not done:
        if what == "ENOMEM" and status != 2:
            complaints.append("status %d for too little memory" % status)
        complaints += look_at_words(scenario.command[0], what, err)
    complaints += look_at_files(scenario, good, files, old, done)
    if done and out != good.out:
        complaints.append("standard output is not what it should be")
    if not done and not good.out.startswith(out):
        complaints.append("standard output is not the begin of what it should be")
    if status >= 0:
        complaints += [line for line in kept if not MAY_STAY.match(line)]
    return [c + "".join("\n        " + l for l in err.splitlines()[:3]) for c in complaints]


def chosen(count, few):
    """All of the first, then fewer and fewer, and the last."""
    if ALL:
        return range(1, count + 1)
    if FEW or few:
        few = few or 8
        return [n for n in range(1, count + 1) if n <= few or n % (1 + n // few) == 0]
    return [n for n in range(1, count + 1) if n <= 30 or n > count - 5 or n % (1 + n // 20) == 0]


def cases(class_, good, few):
    for on in (False, True):
        kinds = FAULTS[class_][on]
        # What is written at the very end, by the C library, is past the count.
        count = good[not on].counts.get(class_, 0) + (2 if class_ == "write" else 0)
        for n in chosen(count, few) if kinds else []:
            for what in kinds if ALL else [kinds[n % len(kinds)]]:
                yield n, on, what


def main():
    make_inputs()
    places, idle, lock = [], [], threading.Lock()
    workers = int(os.environ.get("FAULTS_JOBS", "2"))
    places = [Place(i) for i in range(workers)]
    idle = list(places)
    wanted = sys.argv[3:]

    def one(scenario, good, class_, n, on, what):
        with lock:
            place = idle.pop()
        try:
            fault = "%s:%d%s:%s" % (class_, n, "+" if on else "", what)
            return fault, judge(place, scenario, good[not on], fault, what, not on)
        finally:
            with lock:
                idle.append(place)

    with concurrent.futures.ThreadPoolExecutor(workers) as pool:
        for scenario in scenarios():
            if wanted and scenario.name not in wanted:
                continue
            good = {old: Good(places[0], scenario, old) for old in (False, True)}
            for g in good.values():
                for c in g.complaints:
                    print("FAIL %s: %s" % (scenario.name, c), flush=True)
            if any(g.complaints for g in good.values()):
                continue
            for class_ in FAULTS:
                results = list(pool.map(lambda case: one(scenario, good, class_, *case),
                                        cases(class_, good, scenario.few)))
                bad = [r for r in results if r[1]]
                for fault, complaints in bad[:PATIENCE]:
                    for c in complaints:
                        print("    %s: FAULTS=%s: %s" % (scenario.name, fault, c))
                print("%s %s, %s: %d of %d faults" % ("FAIL" if bad else "ok", scenario.name,
                                                      class_, len(bad), len(results)), flush=True)


try:
    main()
except BrokenPipeError:  # nobody reads on
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(1)
