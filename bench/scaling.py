"""scaling - how patchrun and patchc grow: CPU of a voice-second and memory of a voice from 1 to 4,096 voices, of a
command in a score of a million, of compiling 1,000 to 100,000 nodes, and what a second core is worth. Prints small
tables and saves them. ROUNDS, CORE, PATCHRUN as for speed; PARTS="voices commands compiling cores": those only.
Measures; exit 2 only when something breaks."""
import os
import statistics
import sys

import kit
import speed

ROUNDS = speed.ROUNDS
lines = []


def say(line=""):
    print(line, flush=True)
    lines.append(line)


def runs(row, command, rounds=None, anywhere=False):
    c = kit.Candidate("patchrun", "scaling", command, None)
    if anywhere:  # both cores
        old, speed.core = speed.core, lambda: "any"
        try:
            return [speed.measured(row, c) for _ in range(rounds or ROUNDS)]
        finally:
            speed.core = old
    return [speed.measured(row, c) for _ in range(rounds or ROUNDS)]


def median(rs, what):
    return statistics.median(getattr(r, what) for r in rs)


VOICE = open(os.path.join(kit.HERE, "rows", "2-voices", "voice.sx")).read()


def voices_score(count, seconds):
    plays = "".join("(play voice :set (freq %ghz lfo %ghz) :volume 3 :pan %d)\n" % (55 + i % 800, 3 + i % 16 / 4, i % 256) for i in range(count))
    return '(score voices)\n(quantise off)\n(voices %d)\n(end %gs)\n(patch voice "voice.sx" :tail 60t)\n' % (count, seconds) + plays


def voices(row):
    say("voices of row 2's patch in a score; what starting takes is subtracted")
    say("    %7s %9s %14s %18s %9s %14s" % ("voices", "seconds", "CPU s, median", "us / voice-second", "MiB", "KiB / voice"))
    row.write("voice.sx", VOICE)
    first = None
    for count in (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096):
        seconds = min(60, max(1, 1024 / count))
        row.write("voices.sx", voices_score(count, seconds))
        row.write("start.sx", voices_score(count, 0.01))
        c = [kit.PATCHRUN, "voices.sx", "-o", "voices.wav", "--quiet"]
        long = runs(row, c)
        start = runs(row, [kit.PATCHRUN, "start.sx", "-o", "voices.wav", "--quiet"])
        cpu = max(1e-6, min(r.cpu for r in long) - min(r.cpu for r in start))
        mib = median(long, "mib")
        first = first or mib
        say("    %7d %9g %14.3f %18.1f %9.1f %14s" % (count, seconds, median(long, "cpu"), cpu / count / (seconds - 0.01) * 1e6, mib,
                                                     "%.2f" % ((mib - first) * 1024 / (count - 1)) if count > 1 else ""))


def commands(row):
    say()
    say("a score of commands on 16 voices of a cheap patch, 60 s; less the score without them")
    say("    %10s %12s %14s %9s" % ("commands", "CPU s", "us / command", "MiB"))
    row.write("tone.sx", "(patch (params (freq (unit hz) (range 20 5000) (default a4))) (output (gain (osc.sine (freq freq)) (amp 0.05))))\n")
    head = '(score commands)\n(quantise off)\n(end 60s)\n(patch tone "tone.sx")\n' + "(play tone :volume 128)\n" * 16
    forms = ("(set_volume %d %d :at %df)\n", "(set_pan %d %d :at %df)\n", "(set %d freq %dhz :at %df)\n")
    base = None
    for count in (0, 10000, 100000, 1000000):
        body = "".join(forms[i % 3] % (i % 16, 100 + i * 7 % 150, i * 2879999 // max(count, 1)) for i in range(count))
        row.write("commands.sx", head + body)
        rs = runs(row, [kit.PATCHRUN, "commands.sx", "-o", "commands.wav", "--quiet"], min(ROUNDS, 3))
        cpu = min(r.cpu for r in rs)
        base = cpu if base is None else base
        say("    %10d %12.3f %14s %9.1f" % (count, cpu, "%.3f" % ((cpu - base) / count * 1e6) if count else "", median(rs, "mib")))
    os.unlink(row.path("commands.sx"))


def graph(nodes):
    """Voices of eleven nodes each, in the nested form, summed eight at a time."""
    text, roots, used = [], [], 0
    i = 0
    while used < nodes - 1:
        text.append("(def v%d (gain (filter.lopass (mix (osc.saw (freq %g)) (osc.pulse (freq %g) (width (math.add 0.5 (gain (osc.sine (freq %g)) 0.2))))) "
                    "(cutoff (math.add 1000 (gain (osc.sine (freq %g)) 500)))) (amp 0.01)))\n" % (i, 50 + i % 1000, 51 + i % 1000, 0.1 + i % 7, 0.2 + i % 5))
        roots.append("v%d" % i)
        used += 11
        i += 1
    level = 0
    while len(roots) > 1:
        above = []
        for k in range(0, len(roots), 8):
            name = "m%d-%d" % (level, k)
            text.append("(def %s (mix %s))\n" % (name, " ".join(roots[k:k + 8])))
            above.append(name)
        roots, level = above, level + 1
    return "(patch\n%s(output %s))\n" % ("".join(text), roots[0])


def compiling(row):
    say()
    say("patchc: text to bytecode")
    say("    %8s %10s %12s %12s %9s %14s" % ("nodes", "text KiB", "CPU s", "us / node", "MiB", "KiB / node"))
    first = None
    for nodes in (11, 1000, 10000, 100000):
        text = graph(nodes)
        row.write("graph.sx", text)
        try:
            rs = runs(row, [kit.PATCHC, "graph.sx", "-o", "graph.pbc"], min(ROUNDS, 3) if nodes > 10000 else ROUNDS)
        except RuntimeError as e:
            say("    %8d %s" % (nodes, e))
            continue
        mib = median(rs, "mib")
        first = first or mib
        say("    %8d %10d %12.4f %12.2f %9.1f %14s" % (nodes, len(text) // 1024, median(rs, "cpu"), median(rs, "cpu") / nodes * 1e6, mib,
                                                       "%.2f" % ((mib - first) * 1024 / nodes) if nodes > 11 else ""))


def cores(row):
    say()
    if os.cpu_count() < 2:
        return say("two cores: this machine has one")
    say("two cores: wall seconds on one thread over those on two, by round")
    row.write("voice.sx", VOICE)
    row.write("groups.sx", voices_score(256, 30))
    row.write("batch.sx", open(os.path.join(kit.ROOT, "fixtures", "footstep.sx")).read())
    for name, c in (("a score of 256 voices, 30 s", [kit.PATCHRUN, "groups.sx", "-o", "groups.wav", "--quiet"]),
                    ("a batch of 256 variations, 2 s each", [kit.PATCHRUN, "batch.sx", "-o", "batch.wav", "--quiet", "--seconds", "2", "--variations", "256"])):
        pairs = [(runs(row, c + ["--threads", "1"], 1, True)[0], runs(row, c + ["--threads", "2"], 1, True)[0]) for _ in range(ROUNDS)]
        say("    %-38s %s   one %s s, two %s s of wall; CPU of two / of one %.2f" % (
            name, speed.spread([a.wall / b.wall for a, b in pairs], "%.2f"), "%.3f" % statistics.median(a.wall for a, _ in pairs),
            "%.3f" % statistics.median(b.wall for _, b in pairs), statistics.median(b.cpu / a.cpu for a, b in pairs)))
    for i in range(1, 257):
        os.unlink(row.path("batch-%03d.wav" % i))


PARTS = {"voices": voices, "commands": commands, "compiling": compiling, "cores": cores}


def main():
    speed.prepare()
    row = kit.Row(0, "scaling", "scaling")
    say(speed.circumstances())
    say()
    for part in os.environ.get("PARTS", "").replace(",", " ").split() or PARTS:
        PARTS[part](row)
    with open(os.path.join(kit.WORK, "scaling.txt"), "w") as f:
        f.write("\n".join(lines) + "\n")
    print("saved in build/bench/speed/scaling.txt")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except RuntimeError as e:
        print("scaling: %s" % e, file=sys.stderr)
        sys.exit(2)
