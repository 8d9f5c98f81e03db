"""What --emit prints compiles to the same program: patches at the ends of ranges, made from the table
of modules. Prints what differs; PATCHC names the program, the argument a folder to work in."""
import itertools
import json
import os
import subprocess
import sys

patchc = os.environ.get("PATCHC", "bin/patchc")
work = sys.argv[1]
modules = json.loads(subprocess.run([patchc, "--modules=json"], capture_output=True).stdout)["modules"]
count = 0


def run(*args):
    done = subprocess.run([patchc, *args], capture_output=True, text=True)
    return done.returncode, done.stdout, done.stderr


def emitted(text):
    """Of a patch that compiles: whether both forms of it do, to the same listing."""
    global count
    path = os.path.join(work, "emit.sx")
    open(path, "w").write(text)
    status, wanted, _ = run("-S", path)
    if status != 0:
        return False
    count += 1
    for form in ("sx", "json"):
        status, out, err = run("--emit", form, path)
        again = os.path.join(work, "again." + form)
        open(again, "w").write(out)
        status, got, err = run("-S", again)
        if status != 0 or got != wanted:
            print(form, "of", text, "gives", err or "another program")
            sys.exit(1)
    return True


def filled(module, end):
    """A form of the module with every number at one end of its range."""
    form = "(" + module["name"]
    for port in module["inputs"]:
        if port["kind"] == "table":
            rows = {"delay.multitap": "(10ms 1 0)", "modal.bank": "(440 1 1)",
                    "env.points": "(0.1 1)"}.get(module["name"], "0.5 1 0.25")
            form += " (%s (table %s))" % (port["name"], rows)
        elif port["kind"] in ("gate", "stereo") or "low" not in port:
            if port.get("default") is None and port["kind"] != "choice":
                form += " (%s x)" % port["name"]
        else:
            form += " (%s %s)" % (port["name"], repr(float(port[end])))
    return form + ")"


noise = "(def x (gain (noise.white) 0.1))"
for module in modules:
    if not module["outputs"]:
        continue
    for end in ("low", "high"):
        emitted("(patch %s (output %s))" % (noise, filled(module, end)))
    names = {p["name"]: p for p in module["inputs"]}
    port = names.get("freq") or names.get("pitch")
    if not port or port["unit"] != "Hz":
        continue
    wave = " (wave (table 0 1 0 -1))" if "wave" in names and names["wave"]["kind"] == "table" else ""
    given = " (in x)" if "in" in names else ""
    for end, copies, more in itertools.product(("low", "high"), (2, 16),
                                               ("", " (detune 1200)", " (detune 1200) (width 1)")):
        form = "(%s%s%s (%s %s) (unison %d%s))" % (module["name"], given, wave, port["name"],
                                                   repr(float(port[end])), copies, more)
        emitted("(patch %s (output %s))" % (noise, form))

# A unison of a patch: at the end of its param's range, and where that reaches further than what is
# within; a sum within; a default; ids of patches in one another.
bodies = ("(osc.sine freq)", "(osc.saw (freq freq 100))", "(filter.lopass (noise.white) freq)",
          "(gain (osc.sine freq) freq)")
for low, high, body, at in itertools.product((0, 20), (5000, 24000, 30000), bodies, (0, 20, 5000, 24000)):
    emitted("(patch (def v (patch (params (freq (unit hz) (range %d %d) (default %d))) (output %s)))\n"
            "  (output (v (freq %d) (unison 3 (detune 1200)))))" % (low, high, low, body, at))
    emitted("(patch (def v (patch (params (freq (unit hz) (range %d %d) (default %d))) (output %s)))\n"
            "  (output (v) (v %d)))" % (low, high, high, body, at))
long = "n" * 120
assert emitted("(patch (def %s (patch (def %s2 (patch (output (osc.sine))))\n"
               "  (nodes (%sa (%s2)) (%sb (output %sa)))))\n"
               "  (nodes (%sc (%s)) (%sd (output %sc))))" % ((long,) * 10))
assert emitted("(patch (output (osc.sine (freq 24000) (unison 3))))")
assert emitted("(patch (output (math.lookup 0 (table 1e24 -1e24 1e-45 0.1 16777217 123456789012345678))))")
if count < 300:
    print("only", count, "patches")
    sys.exit(1)
