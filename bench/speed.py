"""speed - the bench of `make bench`: the rows in bench/rows/, each as a patch or score of ours, as the same work
for other systems, and as a hand-written limit. Prints and saves one table.

ROWS="2 3": those rows only. SYSTEMS="patchrun limit Faust": those systems only. ROUNDS=5. CORE=n, else the last
one allowed. PATCHRUN=program, else bin/patchrun. TRIED=no: leaves the choice of formulations as the last run
made it, where it is known. LONG=seconds: what took longer on trial is measured twice only.
SHORT=10: rows 1 to 4 are a tenth as long, without the limits: a quick look.
Exit: 0; 1 if something did not do the same work; 2 trouble."""
import importlib.util
import json
import os
import statistics
import subprocess
import sys
import time

import kit

ORDER = ["patchrun", "limit", "Faust", "Faust interp", "SuperCollider", "Csound", "ChucK", "Pure Data", "SoX", "FluidSynth"]
ROUNDS = int(os.environ.get("ROUNDS", "5"))
LONG = float(os.environ.get("LONG", "1e9"))
MEASURE = os.path.join(kit.WORK, "measure")


def core():
    return int(os.environ.get("CORE", max(os.sched_getaffinity(0))))


class Run:
    """What one run took."""

    def __init__(self, line, share):
        user, system, wall, memory = line.split()
        self.cpu, self.wall, self.mib = (float(user) + float(system)) / share, float(wall) / share, int(memory) / 1024


def measured(row, candidate):
    """Runs it. What it says on its standard error is in the row's folder."""
    words = [MEASURE, str(core())]
    if candidate.commands:
        path = row.path(kit.slug(candidate.system + "-" + candidate.form) + ".list")
        with open(path, "w") as f:
            f.write("".join(" ".join(c) + "\n" for c in candidate.commands))
        words += ["-l", path]
    else:
        words += candidate.command
    with open(row.path(kit.slug(candidate.system + "-" + candidate.form) + ".err"), "w+") as err:
        r = subprocess.run(words, cwd=row.work, stdout=subprocess.PIPE, stderr=err, env={**os.environ, **candidate.env})
        if r.returncode:
            err.seek(0)
            said = [line for line in err.read().splitlines() if line.strip()]
            raise RuntimeError("exit %d: %s" % (r.returncode, said[-1][:120] if said else "said nothing"))
    return Run(r.stdout.decode(), candidate.share)


def load(folder):
    spec = importlib.util.spec_from_file_location("row_" + folder.replace("-", "_"), os.path.join(kit.HERE, "rows", folder, "row.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def check(module, row, reference, candidate):
    if hasattr(module, "check"):
        return module.check(row, reference, candidate)
    try:
        sound = kit.Sound(kit.read_wav(row.path(candidate.out)))
    except (OSError, ValueError) as e:
        return False, "WRONG: %s" % e
    if candidate is reference:
        candidate.sound = sound
        want = round(module.SECONDS * kit.SR)
        return sound.frames == want, "%d frames" % sound.frames + ("" if sound.frames == want else "; WRONG: length, not %d" % want)
    return kit.same_work(reference.sound, sound, module.BOUNDS)


def chosen_before():
    try:
        return json.load(open(os.path.join(kit.WORK, "chosen.json")))
    except (OSError, ValueError):
        return {}


class Table:
    def __init__(self):
        self.lines, self.bad, self.results = [], False, []

    def say(self, line=""):
        print(line, flush=True)
        self.lines.append(line)


def try_out(table, module, row, wanted, known):
    """The candidates to be measured: of each system the fastest that does the work. Says what was dropped."""
    kept, dropped = [], []
    reference = None
    for system in ORDER:
        if wanted and system.lower() not in wanted:
            continue
        maker = module.SYSTEMS.get(system)
        if not maker:
            if system in module.WHY_NOT:
                table.say("    %-14s -- %s" % (system, module.WHY_NOT[system]))
            continue
        try:
            candidates = list(maker(row))
        except (kit.Missing, RuntimeError) as e:
            table.say("    %-14s -- %s" % (system, str(e)[-300:]))
            table.bad |= isinstance(e, RuntimeError)
            continue
        before = known.get("%s %s" % (row.folder, system))
        if before and any(c.form == before for c in candidates):
            candidates = [c for c in candidates if c.form == before]
        done = []
        for c in candidates:
            if c.out and os.path.isfile(row.path(c.out)):
                os.unlink(row.path(c.out))
            try:
                c.trial = measured(row, c).cpu
            except RuntimeError as e:
                c.trial, c.check = float("inf"), (False, "WRONG: %s" % e)
            else:
                reference = reference or (c if system == "patchrun" else None)
                if not reference:
                    raise SystemExit("speed: SYSTEMS must have patchrun: the others are checked against it")
                c.check = check(module, row, reference, c)
            done.append(c)
        if not done:
            continue
        best = min((c.trial for c in done if c.check[0]), default=0)
        near = [c for c in done if c.check[0] and c.trial < 1.15 * best]
        for c in near if len(near) > 1 else ():  # one run each is little to choose by
            c.trial = min(c.trial, measured(row, c).cpu)
        done.sort(key=lambda c: (not c.check[0], c.trial))
        groups = {}
        for c in done:  # a row may ask for several measures of a system
            groups.setdefault(getattr(c, "group", ""), []).append(c)
        for group in groups.values():
            kept.append(group[0])
            dropped += group[1:]
        known["%s %s" % (row.folder, system)] = done[0].form if len(groups) == 1 else None
        for c in done:
            if c not in kept and c is not reference and c.out and os.path.isfile(row.path(c.out)):
                os.unlink(row.path(c.out))
    return kept, dropped


def spread(values, form):
    return " ".join(form % v for v in (min(values), statistics.median(values), max(values)))


def row_of(table, module, row, wanted, known):
    table.say()
    table.say("row %s: %s" % (row.number, module.TITLE))
    kept, dropped = try_out(table, module, row, wanted, known)
    runs = {id(c): [] for c in kept}
    for n in range(ROUNDS):
        for c in kept:
            if c.trial < (LONG if n >= 2 else float("inf")):
                runs[id(c)].append(measured(row, c))
    ours = {}
    for c in kept:
        if c.system == "patchrun":
            ours[getattr(c, "group", "")] = runs[id(c)]
    table.say("    %-14s %-46s | %-22s | %7s | %7s | %8s | %-20s | %s" % (
        "", "formulation", "CPU s: min median max", "wall s", "MiB", "x real", "CPU / ours, by round", "the same work?"))
    for c in kept:
        r = runs[id(c)]
        if not r:
            table.say("    %-14s %-46s | %s" % (c.system, c.form[:46], c.check[1]))
            table.bad = True
            continue
        cpu = [x.cpu for x in r]
        base = ours.get(getattr(c, "group", ""), next(iter(ours.values()), None))
        ratios = [x.cpu / y.cpu for x, y in zip(r, base)] if base and c.system != "patchrun" else []
        table.say("    %-14s %-46s | %-22s | %7.3f | %7.1f | %8.0f | %-20s | %s%s" % (
            c.system, c.form[:46], spread(cpu, "%.3f"), statistics.median(x.wall for x in r), max(x.mib for x in r),
            module.SECONDS / statistics.median(cpu), spread(ratios, "%.2f") if ratios else "1",
            c.check[1], "; " + c.note if c.note else ""))
        table.bad |= not c.check[0]
        table.results.append({"row": row.number, "system": c.system, "form": c.form, "cpu": cpu, "wall": [x.wall for x in r],
                              "mib": [x.mib for x in r], "ratios": ratios, "ok": bool(c.check[0]), "check": c.check[1]})
    if hasattr(module, "finish"):
        module.finish(row)
    for c in dropped:
        table.say("      tried: %-10s %-60s %s" % (c.system, c.form, "%.3f" % c.trial if c.check[0] else c.check[1]))


def circumstances():
    where = subprocess.run(["git", "-C", kit.ROOT, "describe", "--always", "--dirty"], stdout=subprocess.PIPE).stdout.decode().strip()
    cpu = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), "?")
    return "commit %s; %s; core %d of %d; load %.1f; %d rounds in turn; CPU is user and system of the whole process" % (
        where, cpu, core(), os.cpu_count(), os.getloadavg()[0], ROUNDS)


def prepare():
    os.makedirs(kit.WORK, exist_ok=True)
    source = os.path.join(kit.HERE, "measure.c")
    if not os.path.exists(MEASURE) or os.path.getmtime(MEASURE) < os.path.getmtime(source):
        subprocess.run(["gcc", "-O2", "-o", MEASURE, source], check=True)
    if not os.access(kit.PATCHRUN, os.X_OK):
        raise SystemExit("speed: no %s; make programs" % kit.PATCHRUN)


def save(table, known):
    for name, what in (("chosen.json", {**chosen_before(), **known}), ("speed.json", table.results)):
        with open(os.path.join(kit.WORK, name), "w") as f:
            json.dump(what, f, indent=1)
    with open(os.path.join(kit.WORK, "speed.txt"), "w") as f:
        f.write("\n".join(table.lines) + "\n")


def main():
    prepare()
    folders = sorted(os.listdir(os.path.join(kit.HERE, "rows")), key=lambda f: int(f.split("-")[0]))
    rows = os.environ.get("ROWS", "").replace(",", " ").split()
    wanted = [s.strip().lower().replace("_", " ") for s in os.environ.get("SYSTEMS", "").replace(",", " ").split()]
    known = chosen_before() if os.environ.get("TRIED") == "no" else {}
    table = Table()
    table.say(circumstances())
    begin = time.time()
    for folder in folders:
        number, name = folder.split("-", 1)
        if not rows or number in rows:
            row_of(table, load(folder), kit.Row(number, name, folder), wanted, known)
            save(table, known)
    table.say()
    table.say("%.0f s" % (time.time() - begin) + ("; SOMETHING DID NOT DO THE SAME WORK" if table.bad else ""))
    save(table, known)
    print("saved in build/bench/speed/speed.txt and speed.json")
    return 1 if table.bad else 0


if __name__ == "__main__":
    sys.exit(main())
