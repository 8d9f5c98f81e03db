#!/usr/bin/env bash
# scores - patchrun with scores, from the outside: promises over random scores, parts, stems,
# traces, cost, long scores, MIDI, mistakes at the command line.
. tests/lib.sh
export PYTHONDONTWRITEBYTECODE=1 PATCHRUN=$patchrun
python=/usr/bin/python3
[ -x $python ] || python=python3

# ---- the mixer's definition, by two hands ----

check "the slow mixer's own tests" $python tests/mixer/test_slow_mixer.py
check "random scores: patchrun and the slow mixer agree in every bit" $python tests/mixer/compare.py 0 79

# ---- P2, P3 over random scores: cut, lanes, threads, ISA ----

isas=base
grep -qw avx2 /proc/cpuinfo && isas="$isas avx2"
grep -qw avx512bw /proc/cpuinfo && isas="$isas avx512"
result_of() { # SCORE OPTIONS...: hash of the mix and of its ladder
    rm -f "$work/ladder"
    "$patchrun" "$@" --quiet --hash --hash-ladder "$work/ladder" >"$work/hash" 2>&1 || [ $? = 1 ] || echo "failed $RANDOM"
    cut -d' ' -f1 "$work/hash"
    cksum <"$work/ladder" || echo "failed $RANDOM"
}
same_however_run() {
    local score=$1 wanted options lanes isa
    wanted=$(result_of "$score")
    [ ${#wanted} -gt 40 ] || { echo "no result: $wanted"; return 1; }
    for options in "--frames-per-call 1" "--frames-per-call 63" "--frames-per-call 64" \
        "--frames-per-call 799" "--threads 2" "--threads 5 --frames-per-call 100 --lanes 4"; do
        # shellcheck disable=SC2086
        [ "$(result_of "$score" $options)" = "$wanted" ] || { echo "$options"; return 1; }
    done
    for lanes in 1 4 8 16; do
        for isa in $isas; do
            if [ $lanes-$isa = 8-avx512 ] || [ $lanes-$isa = 4-avx512 ]; then continue; fi
            [ "$(result_of "$score" --lanes $lanes --isa $isa)" = "$wanted" ] ||
                { echo "lanes $lanes, $isa"; return 1; }
        done
    done
}
check "random scores are written" $python tests/mixer/compare.py --scores 1000 1011 "$work/random"
for number in $(seq 1000 1011); do
    check "P2, P3: random score $number" same_however_run "$work/random/$number/score.sx"
done
check "P2, P3: the engine" same_however_run fixtures/scores/engine.sx

# ---- P5: a note is the same alone and in a crowd, now and later ----

cat >"$work/alone.sx" <<'S'
(score alone)
(quantise off)
(patch lead "fixtures/voice.sx")
(patch wind "fixtures/wind.sx")
(sample step "fixtures/scores/samples/step.wav")
(end 2s)
(note lead e4 0.3s :voice 13)
(play wind :voice 14 :serial 7 :for 0.5s)
(play step :voice 15 :pitch 5/7)
S
# The same three notes 10,007 frames later among others.
{
    echo '(score crowd) (quantise off) (end 10007f+2s)'
    sed -n '/^(patch/p; /^(sample/p' "$work/alone.sx"
    echo '(play wind :voice 0) (note lead c2 1s) (play wind :at 5000f :for 1s) (note lead g4 0.1s :at 900f)'
    echo '(at 10007f'
    sed -n '/^(note/p; /^(play/p' "$work/alone.sx"
    echo ') (note lead b4 0.2s :at 10008f) (play step :at 10009f)'
} >"$work/crowd.sx"
sed -i "s#\"fixtures#\"$PWD/fixtures#" "$work/alone.sx" "$work/crowd.sx"
same_note() {
    status 0 "$patchrun" "$work/alone.sx" --stems "$work/alone" --quiet &&
        status 0 "$patchrun" "$work/crowd.sx" --stems "$work/crowd" --quiet &&
        $python - "$work" <<'P'
import sys
sys.path.insert(0, "tests/mixer")
from voices import read_float_wav
work = sys.argv[1]
for voice in ("13", "14", "15"):
    alone, crowd = (read_float_wav("%s/%s/voice-%s.wav" % (work, w, voice)) for w in ("alone", "crowd"))
    assert max(map(abs, alone[0])) > 0.01, voice
    for a, b in zip(alone, crowd):
        assert not any(b[:10007]) and b[10007:] == a, voice
P
}
check "P5: the same note alone and in a crowd, now and later" same_note

# ---- P6: exact length and frames ----

frames_of() {
    soxi -s "$1"
}
exact() {
    printf '(score a)\n(quantise off)\n(end %s)\n(sample s "%s")\n(play s :at 4801f :pan 0)\n' "$1" \
        "$PWD/fixtures/scores/samples/step.wav" >"$work/exact.sx"
    status 0 "$patchrun" "$work/exact.sx" -o "$work/exact.wav" --quiet && [ "$(frames_of "$work/exact.wav")" = "$2" ]
}
check "P6: one second is 48,000 frames" exact 1s 48000
check "P6: 12,345 frames are 12,345 frames" exact 12345f 12345
starts_on_its_frame() {
    exact 1s 48000 && sox -D "$work/exact.wav" -t s16 -c 1 - remix 1 2>/dev/null | od -An -v -w2 -td2 |
        awk '$1 != 0 && !n {n = NR - 1} END {exit !(n >= 4801 && n < 4901)}'
}
check "P6: a play at frame 4801 is silent before it" starts_on_its_frame

# ---- parts of a whole ----

raw() {
    sox -D "$1" -t s16 - 2>/dev/null
}
part_of_the_whole() { # FROM TO OPTIONS...
    local score=fixtures/scores/engine.sx
    status 0 "$patchrun" $score -o "$work/whole.wav" --quiet "${@:3}" &&
        status 0 "$patchrun" $score -o "$work/part.wav" --from "$1f" --to "$2f" --quiet "${@:3}" &&
        [ "$(frames_of "$work/part.wav")" = $(($2 - $1)) ] &&
        raw "$work/whole.wav" | tail -c +$(($1 * 4 + 1)) | head -c $((($2 - $1) * 4)) | cmp - <(raw "$work/part.wav")
}
check "--from and --to: a part on ticks" part_of_the_whole 48000 96000
in_ticks() {
    status 0 "$patchrun" fixtures/scores/engine.sx --from 60t --to 120t --hash --quiet &&
        cp "$work/out" "$work/ticks" &&
        status 0 "$patchrun" fixtures/scores/engine.sx --from 48000f --to 96000f --hash --quiet &&
        cmp "$work/ticks" "$work/out"
}
check "--from and --to in ticks" in_ticks
check "--from and --to: a part off ticks" part_of_the_whole 12345 67891
check "--from and --to: a part with dither" part_of_the_whole 12345 67891 --dither --seed 3
check "--from alone at 0, --to in the first tick" part_of_the_whole 0 77
cat >"$work/short.sx" <<S
(score short)
(sample s "$PWD/fixtures/scores/samples/step.wav")
(play s)
S
cat >"$work/hum.sx" <<S
(score hum)
(sample s "$PWD/fixtures/scores/samples/ambience.wav" :loop on)
(play s)
S
bounded() {
    local whole
    status 0 "$patchrun" "$work/short.sx" -o "$work/whole.wav" && whole=$(frames_of "$work/whole.wav") &&
        status 0 "$patchrun" "$work/short.sx" -o "$work/part.wav" --to 5s &&
        [ "$(frames_of "$work/part.wav")" = "$whole" ] &&
        status 1 "$patchrun" "$work/short.sx" -o "$work/none.wav" --from 4s && says "is over before --from" &&
        [ ! -e "$work/none.wav" ] &&
        status 0 "$patchrun" "$work/hum.sx" -o "$work/hum.wav" --to 2s && [ "$(frames_of "$work/hum.wav")" = 96000 ]
}
check "--from and --to beyond the end, and of a score without one" bounded

# ---- stems ----

sum_of_stems() {
    rm -rf "$work/stems"
    status 0 "$patchrun" "$1" --to 8s --stems "$work/stems" -o "$work/mix.wav" --bits float --quiet &&
        $python - "$work" <<'P'
import glob, sys
sys.path.insert(0, "tests/mixer")
from voices import read_float_wav
work = sys.argv[1]
mix = read_float_wav(work + "/mix.wav")
stems = [read_float_wav(path) for path in sorted(glob.glob(work + "/stems/*.wav"))]
assert len(stems) > 0
for side in (0, 1):
    assert all(sum(frame) == whole for whole, *frame in zip(mix[side], *(s[side] for s in stems)))
P
}
many_stems() {
    rm -rf "$work/stems"
    { echo '(score crowd) (voices 1500) (end 0.1s)'
      echo "(sample s \"$PWD/fixtures/scores/samples/ambience.wav\" :loop on)"
      for v in $(seq 0 1499); do echo "(play s :voice $v :volume 3)"; done; } >"$work/crowd.sx"
    (ulimit -S -n 256; "$patchrun" "$work/crowd.sx" --stems "$work/stems") && [ "$(ls "$work/stems" | wc -l)" = 1500 ]
}
check "1,500 stems" many_stems
for score in night-drive stealing-oldest; do
    check "the stems of $score add up to its mix exactly" sum_of_stems fixtures/scores/$score.sx
done

# ---- traces, cost, budget ----

valid_json_lines() {
    status 0 "$patchrun" fixtures/scores/game-loop.sx --trace "$work/trace" --cost "$work/cost.jsonl" --quiet &&
        $python - "$work" <<'P'
import json, sys
lines = [json.loads(l) for l in open(sys.argv[1] + "/trace")]
assert lines[0]["trace"] == "repatch 1"
kinds = {l["event"] for l in lines[1:]}
assert {"play", "end", "cost", "answer", "set_volume", "set_pitch", "set_pan"} <= kinds, kinds
frames = [l["frame"] for l in lines[1:]]
assert all(l["at"].startswith("fixtures/scores/game-loop.sx:") for l in lines if l.get("event") == "play")
costs = [json.loads(l) for l in open(sys.argv[1] + "/cost.jsonl")]
traced = [l for l in lines if l.get("event") == "cost"]
assert [c["mix_cycles"] for c in costs] == [t["mix_cycles"] for t in traced]
assert [c["frame"] for c in costs] == list(range(len(costs)))
P
}
check "--trace and --cost are JSON lines that agree" valid_json_lines
{
    echo '(score chapter) (quantise on) (end 1s)'
    echo "(sample s \"$PWD/fixtures/scores/samples/ambience.wav\" :loop on)"
    for v in 0 1 2 3 4 5 6 7 8; do echo "(play s :voice $v :pitch 0.9)"; done
    for v in 0 1 2 3 4 5; do echo "(set_volume $v 90 :at 0.5s)"; done
} >"$work/chapter.sx"
chapter_form() {
    status 0 "$patchrun" "$work/chapter.sx" --cost "$work/cost" --quiet &&
        printf 'Frame 30:\nvoices_active: 9\nmix_cycles: 410\naudio_commands: 6\n' |
        diff - <(sed -n '/^Frame 30:/,/^audio_commands/p' "$work/cost")
}
check "the cost report of PROMETEU's section 10, to the cycle" chapter_form
over_budget() {
    status 1 "$patchrun" "$work/chapter.sx" --budget 409 -o "$work/over.wav" --quiet &&
        says "chapter.sx: tick 0 costs 425 cycles, the budget is 409: voice 8 passes it" &&
        [ -e "$work/over.wav" ] && status 0 "$patchrun" "$work/chapter.sx" --budget 425 --hash
}
check "a budget that is exceeded is reported with tick and voice" over_budget

# ---- the same in other words ----

same_sound() {
    status 0 "$patchrun" "$1" --hash --quiet && cut -d' ' -f1 "$work/out" >"$work/a" &&
        status 0 "$patchrun" "$2" --hash --quiet && cut -d' ' -f1 "$work/out" | diff "$work/a" -
}
check "a score and its JSON lines sound the same" same_sound fixtures/scores/game-loop.sx fixtures/scores/game-loop.jsonl
from_a_pipe() {
    local absolute
    absolute=$(realpath "$patchrun")
    (cd fixtures/scores && "$absolute" - --hash --quiet <game-loop.sx | cut -d' ' -f1) >"$work/a"
    (cd fixtures/scores && cat game-loop.sx | "$absolute" - --hash --quiet | cut -d' ' -f1) >"$work/b"
    status 0 "$patchrun" fixtures/scores/game-loop.sx --hash --quiet && cut -d' ' -f1 "$work/out" | diff - "$work/a" &&
        diff "$work/a" "$work/b"
}
check "a score from standard input, file or pipe" from_a_pipe

# ---- much in little memory ----

peak_kib() { # of a run that must succeed
    $python - "$@" <<'P'
import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
P
}
commands() { # COUNT, one a tick and voice: JSON lines
    echo '["score", "log"]'
    echo "[\"sample\", \"s\", \"$PWD/fixtures/scores/samples/step.wav\"]"
    seq 0 $(($1 - 1)) | awk '{printf "[\"play\", \"s\", {\"at\": \"%dt\", \"voice\": %d, \"volume\": %d}]\n", $1 / 100, $1 % 16, $1 % 256}'
}
commands 100000 >"$work/small.jsonl"
commands 1000000 >"$work/large.jsonl"
million() {
    local small large
    small=$(peak_kib "$patchrun" "$work/small.jsonl" --hash --quiet) &&
        large=$(peak_kib "$patchrun" "$work/large.jsonl" --hash --quiet) || return 1
    echo "$small KiB for 100,000 commands, $large KiB for 1,000,000"
    [ "$large" -lt $((small + small / 4 + 8192)) ]
}
check "a million commands take the memory of a hundred thousand" million
hours() {
    printf '(score long)\n(end %ss)\n(sample s "%s")\n(play s :at %ss)\n' "$1" \
        "$PWD/fixtures/scores/samples/step.wav" $(($1 - 1)) >"$work/hours.sx"
    peak_kib "$patchrun" "$work/hours.sx" --hash --quiet
}
streams() {
    local short long
    short=$(hours 60) && long=$(hours 36000) || return 1
    echo "$short KiB for a minute, $long KiB for ten hours"
    [ "$long" -lt $((short + 4096)) ]
}
check "ten hours take the memory of a minute" streams

# ---- MIDI ----

check "a MIDI file plays" status 0 "$patchrun" fixtures/scores/tune.mid --map fixtures/scores/midi-map.sx --hash
check "a MIDI file without instruments is told about --map" eval \
    'status 2 "$patchrun" fixtures/scores/tune.mid --hash && says "give a score that names them with --map"'
for song in $(find /usr/share/games/openttd/baseset/openmsx /usr/share/planetblupi/music -name '*.mid' 2>/dev/null | LC_ALL=C sort | head -4); do
    check "$song plays" status 0 "$patchrun" "$song" --map fixtures/scores/midi-map.sx --hash --to 20s
done

# ---- mistakes: nothing is written ----

wrong() { # STATUS TEXT SCORE-LINES
    printf '(score wrong)\n(end 1s)\n%b\n' "$3" >"$work/wrong.sx"
    rm -rf "$work/never"*
    status "$1" "$patchrun" "$work/wrong.sx" -o "$work/never.wav" --trace "$work/never.trace" --stems "$work/never" --hash-ladder "$work/never.ladder" &&
        says "$2" && ! ls "$work"/never* 2>/dev/null && ! ls "$work"/.repatch-* 2>/dev/null
}
check "a missing sample" wrong 1 "wrong.sx:3:11: error" '(sample s "none.wav")'
check "an unknown command" wrong 1 "unknown form 'plya' [E0502]" '(plya s)'
check "a rate of zero" wrong 1 "a rate of zero stands still [E0513]" "(sample s \"$PWD/fixtures/scores/samples/step.wav\")\n(play s :pitch 0)"
check "a voice that does not exist" wrong 1 "a voice goes from 0 to 15 [E0512]" '(stop 16)'
check "times that run backwards" wrong 1 "this goes back in time, and the score is (ordered) [E0510]" "(ordered)\n(sample s \"$PWD/fixtures/scores/samples/step.wav\")\n(play s :at 2s)\n(play s :at 1s)"
cat >"$work/inf.sx" <<'S'
(patch (def a (osc.sine 440)) (output (math.div a (math.sub a a))))
S
check "a patch that gives infinity" wrong 1 "source 'p': node 'div1' gives inf or NaN at frame 4800 (0.100 s) in voice 0" "(patch p \"$work/inf.sx\")\n(play p :at 0.1s)"
endless() {
    printf '(score e)\n(sample s "%s" :loop on)\n(play s :voice 3)\n' "$PWD/fixtures/scores/samples/ambience.wav" >"$work/e.sx"
    status 1 "$patchrun" "$work/e.sx" -o "$work/never.wav" && says "e.sx:3: 's' plays on in voice 3 and nothing stops it" && [ ! -e "$work/never.wav" ]
}
check "a loop that nothing stops" endless
two_things() {
    cp "$work/short.sx" "$work/mine.sx"
    mkdir -p "$work/there" && ln -sf there "$work/link"
    status 2 "$patchrun" "$work/mine.sx" -o "$work/there/a.wav" --trace "$work/link/a.wav" && says "is to hold two things" &&
        status 2 "$patchrun" "$work/mine.sx" -o "$work/a.wav" --stems "$work/a.wav" && says "is to hold two things" &&
        status 2 "$patchrun" "$work/mine.sx" --hash --trace "$work/mine.sx" && says "it would be overwritten" &&
        status 2 "$patchrun" "$work/mine.sx" -o "$work/there/voice-00.wav" --stems "$work/there" && says "among the stems" &&
        status 0 "$patchrun" "$work/mine.sx" --trace /dev/null --hash-ladder /dev/null &&
        cmp "$work/short.sx" "$work/mine.sx" && [ -z "$(ls "$work/there")" ]
}
check "no file is to hold two things, nor to replace the score" two_things
# The end lies within a tick, and commands behind it in the same tick.
ends_within_a_tick() {
    printf '(score e)\n(quantise off)\n(sample k "%s")\n(bus room "%s")\n(play k :send (room 90))\n(set_volume 0 9 :at 416f)\n(play k :at 700f)\n(set room decay 1s :at 416f)\n(set_volume room 3 :at 500f :ramp 100f)\n(end 93f)\n' \
        "$PWD/fixtures/scores/samples/kick.wav" "$PWD/fixtures/scores/patches/reverb.sx" >"$work/within.sx"
    status 0 "$patchrun" "$work/within.sx" -o "$work/within.wav" --trace "$work/within.trace" --cost "$work/cost" &&
        [ "$(frames_of "$work/within.wav")" = 93 ] && [ "$(grep -c '"frame":[1-9]' "$work/within.trace")" = 0 ] &&
        grep -q 'audio_commands: 1$' "$work/cost"
}
check "commands behind the end of a cut tick do not act" ends_within_a_tick
check "what is no score is called so" eval 'echo hello >"$work/no.txt"; status 1 "$patchrun" "$work/no.txt" --trace "$work/no.trace" && says "begins like neither a score nor a MIDI file"'
check "options of patches are refused" eval 'status 2 "$patchrun" fixtures/scores/engine.sx --set a=1 --hash && says "is a score"'
check "options of scores are refused" eval 'status 2 "$patchrun" fixtures/coin.sx --trace x --hash && says "is a patch"'
interrupted() {
    "$patchrun" "$work/hours.sx" -o "$work/int.wav" --trace "$work/int.trace" --stems "$work/int" --quiet &
    local pid=$!
    sleep 1.5
    kill -TERM $pid
    wait $pid
    [ $? = 143 ] && ! ls -d "$work"/int* 2>/dev/null && ! ls "$work"/.repatch-* 2>/dev/null
}
check "a signal to end leaves nothing behind" interrupted
report
