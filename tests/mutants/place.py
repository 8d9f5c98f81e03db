"""place.py - a copy of the tree that is changed, built, tested and put back."""

import filecmp
import os
import re
import resource
import shutil
import signal
import subprocess
import tempfile
import time

BUILD = ["make", "-s", "OPT=-O1", "ENGINES=1_1_base 4_4_base 8_4_base 16_4_base", "EXTRA=-g0 -DVM_BASE"]
UNBUILT = "does not build"
STILL = 60  # seconds without any CPU are a deadlock


def copy_tree(root, to):
    """What git knows of, and build/ if it is there."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=root, check=True, capture_output=True).stdout
    for path in filter(None, listed.decode().split("\0")):
        source, target = os.path.join(root, path), os.path.join(to, path)
        if os.path.exists(source):
            os.makedirs(os.path.dirname(target), exist_ok=True)
            shutil.copy2(source, target)


def group_cpu(group):
    """The CPU ticks of all live processes of a group, or None when there are none."""
    total, found = 0, False
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                with open("/proc/%s/stat" % entry, encoding="latin-1") as f:
                    field = f.read().rpartition(")")[2].split()
            except OSError:
                continue
            if int(field[2]) == group and field[0] != "Z":
                total += sum(map(int, field[11:15]))
                found = True
    return total if found else None


def limits(cpu):
    def set_them():
        os.setsid()
        resource.setrlimit(resource.RLIMIT_CPU, (cpu, cpu + 5))
        resource.setrlimit(resource.RLIMIT_AS, (8 << 30, 8 << 30))
        resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 30, 1 << 30))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    return set_them


class Place:
    def __init__(self, folder, compiler, pristine=None):
        self.folder, self.compiler, self.pristine = folder, compiler, pristine
        self.tmp = os.path.join(folder, "tmp")
        if pristine:
            shutil.rmtree(folder, ignore_errors=True)  # an ended run may have left it changed
            shutil.copytree(pristine, folder, symlinks=True)
        self.users = self.dependencies() if pristine else {}

    def dependencies(self):
        """{source or header: the objects that are made of it}"""
        users = {}
        for folder, _, names in os.walk(os.path.join(self.folder, "build")):
            for name in filter(lambda n: n.endswith(".d"), names):
                with open(os.path.join(folder, name), encoding="utf-8") as f:
                    rule = f.read().replace("\\\n", " ").split("\n", 1)[0]
                made, _, of = rule.partition(":")
                for path in of.split():
                    users.setdefault(os.path.normpath(path), set()).add(made.strip())
        return users

    def make(self, targets, not_built=()):
        command = BUILD + ["CC=" + self.compiler] + ["--old-file=" + o for o in not_built] + targets
        return subprocess.run(command, cwd=self.folder, stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, check=False)

    def change(self, path, at, old, new):
        full = os.path.join(self.folder, path)
        with open(full, encoding="utf-8") as f:
            text = f.read()
        assert text[at : at + len(old)] == old
        with open(full, "w", encoding="utf-8") as f:
            f.write(text[:at] + new + text[at + len(old) :])
        # make compares whole times: it must be later than the objects.
        os.utime(full)

    def builds(self, path, but=()):
        """Builds what the programs are made of; None when it does not compile, else whether any
        object is another."""
        objects = sorted(o for o in self.users[path] - set(but) if not o.startswith("build/tests"))
        if self.make(objects).returncode:
            return None
        return not all(filecmp.cmp(os.path.join(self.folder, o), os.path.join(self.pristine, o), shallow=False)
                       for o in objects)

    def restore(self, path):
        """The file and all that was built of it, with their times."""
        shutil.copy2(os.path.join(self.pristine, path), os.path.join(self.folder, path))
        for top in ("build", "bin"):
            for folder, _, names in os.walk(os.path.join(self.folder, top)):
                for name in names:
                    mine = os.path.join(folder, name)
                    theirs = os.path.join(self.pristine, os.path.relpath(mine, self.folder))
                    if not os.path.exists(theirs):
                        if not self.stays(mine, path):
                            os.remove(mine)
                    elif os.stat(mine).st_mtime_ns != os.stat(theirs).st_mtime_ns:
                        shutil.copy2(theirs, mine)

    @staticmethod
    def stays(made, path):
        """Objects of tests that do not know the file: the next mutant's tests need them, too."""
        if not made.endswith((".o", ".d")):
            return False
        try:
            with open(made[:-1] + "d", encoding="utf-8") as f:
                return path not in f.read()
        except OSError:
            return False

    def run(self, step, not_built=()):
        """The names of what fails, none when all is well."""
        built = self.make(step.targets, not_built)
        if built.returncode:
            return {UNBUILT}
        shutil.rmtree(self.tmp, ignore_errors=True)
        os.makedirs(self.tmp)
        with tempfile.TemporaryFile(dir=self.tmp) as out:
            env = dict(os.environ, TMPDIR=self.tmp, LC_ALL="C")
            child = subprocess.Popen(step.command, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=out,
                                     stderr=subprocess.STDOUT, env=env, preexec_fn=limits(step.most))
            stuck = self.watch(child, step.most)
            out.seek(0)
            text = out.read().decode(errors="replace")
        return failures(text, child.returncode, stuck)

    @staticmethod
    def watch(child, cpu):
        """Waits; ends it with all it started when it spends too much, or nothing."""
        last, since, total = -1, time.monotonic(), os.sysconf("SC_CLK_TCK") * cpu
        while True:
            try:
                child.wait(timeout=1)
                return None
            except subprocess.TimeoutExpired:
                pass
            now = group_cpu(child.pid)
            if now != last:
                last, since = now, time.monotonic()
            still = time.monotonic() - since > STILL
            if still or (now or 0) > total:
                os.killpg(child.pid, signal.SIGKILL)
                child.wait()
                return "stood still" if still else "too slow"


def failures(text, code, stuck):
    if stuck:
        return {stuck}
    failed = set(re.findall(r"^\[  FAILED  \] (\w+)$", text, re.M)) | set(re.findall(r"^FAIL +([^:\n]*)", text, re.M))
    if code < 0:
        failed.add("signal %d" % -code)
    elif code and not failed:
        failed.add("status %d" % code)
    return failed
