# goldens.sh - the part of tests/diff.sh that is about goldens: update, check, diff, CI, signals.
# shellcheck shell=bash disable=SC2154

# ---- goldens ----

fresh_project() {
    rm -rf "$work/project"
    mkdir -p "$work/project/sub"
    cp fixtures/coin.sx "$work/project/coin.sx"
    cp "$work/a/song.sx" "$work/a/low.sx" "$work/a/lead.sx" "$work/a/echo.sx" "$work/project/sub/"
    printf '# what song.sx plays\nlow.sx\nlead.sx\nsub/echo.sx\n' >"$work/project/golden.ignore"
    cd "$work/project" && "$patchdiff" update coin --quiet && "$patchdiff" update sub/song.sx --render '--to 2s' --quiet
    local result=$?
    cd "$root"
    return $result
}
in_project() { # STATUS ARGUMENTS...
    cd "$work/project"
    status "$1" "$patchdiff" "${@:2}"
    local result=$?
    cd "$root"
    return $result
}
fails_with() { # TEXT [MORE CHECK'S OPTIONS]
    in_project 1 check . "${@:2}" && said "$1" && nothing_left
}
check "update makes goldens" fresh_project
whole() {
    ls "$work/project"/coin.{golden,flac,ladder.gz,listing} "$work/project/sub"/song.{golden,flac,ladder.gz} &&
        [ ! -e "$work/project/sub/song.listing" ] && nothing_left
}
check "all of their files, and none besides" whole
check_passes() {
    in_project 0 check . && said "ok    coin" && said "ok    sub/song" && said "2 passed, 0 failed"
}
check "check passes" check_passes
check "check from another place" status 0 "$patchdiff" check "$work/project/"
cp -r "$work/project" "$work/kept"
again() {
    rm -rf "$work/project"
    cp -r "$work/kept" "$work/project"
}
update_again() {
    in_project 0 update coin sub/song.golden && said "coin: unchanged" && said "sub/song: unchanged" &&
        diff -r "$work/kept" "$work/project"
}
check "update of what is the same changes nothing" update_again

# A score's golden has hashes of all its nodes, a second each; no trace of what the nodes were.
golden_names() { # FILE SED WANTED-JSON-CHECK
    sed -i "$2" "$work/project/sub/$1" && ! cmp -s "$work/kept/sub/$1" "$work/project/sub/$1" || return 1
    in_project 1 diff sub/song --json && python3 -c "
import json
r = json.load(open('$work/out'))
$3"
}
check "diff of a score's golden names voice, sound and node" golden_names lead.sx 's/(def n9 (gain n8 (amp 0.9)))/(def n9 (gain n8 (amp 0.91)))/' "
assert r['plays'] == 'lead' and r['tick'] == 60 and r['places'][0][:5] == 'voice', r
assert r['node'] == 'n9' and r['node_ticks'] == [60, 119], r
assert r['nodes'] == ['n9', 'n10', 'n11', 'n12', 'out'], r
one, = r['node_values']['values']
assert one['op'] == 'gain.0' and 48000 <= r['node_values']['frame'] < 48800, r
assert r['node_values']['a_hash'] != r['node_values']['b_hash'], r"
again
check "and the node of a bus" golden_names echo.sx 's/(default 3000)/(default 2900)/' "
assert r['places'] == ['bus.room'] or r['places'][0][:3] == 'bus', r
assert r['node'] and r['nodes'][0] == r['node'], r"
again
check "of what plays first, though its voice plays others in that second" golden_names low.sx 's/(def n3 (gain n2 (amp 0.9)))/(def n3 (gain n2 (amp 0.8)))/' "
assert r['plays'] == 'low' and r['node'] == 'n3' and r['tick'] == r['node_ticks'][0] == 0, r"
again
check "a new node" golden_names lead.sx 's/(output out)/(def loud (gain out (amp 2))) (output loud)/' "
assert r['nodes_only_b'] == ['loud'] and r['nodes_only_a'] == [] and 'node' not in r, r"
again
level_is_no_node() {
    sed -i 's/:volume 90/:volume 80/' "$work/project/sub/song.sx"
    in_project 1 diff sub/song && said "node      none of voice"
}
check "none, where a voice is only louder" level_is_no_node
again
# What no voice lets be heard: two ladders, of nodes that are other and come to the same.
inside_only() {
    "$patchrun" "$work/kept/sub/song.sx" --to 2s --quiet --hash --hash-ladder "$work/x.ladder" --ladder-nodes all >/dev/null &&
        sed '/\.stretch\.n5=/s/\(voice[0-9]*\.stretch\.n5=\)./\1x/' "$work/x.ladder" >"$work/y.ladder" &&
        status 1 "$patchdiff" "$work/x.ladder" "$work/y.ladder" && said "n5 of voice" && said "in ticks 0 to 59" &&
        said "none differs for a voice, a bus or the mix, but nodes do up to 59"
}
check "a node that differs where no voice does" inside_only

cp fixtures/laser.sx "$work/project/"
check "fails: a patch without a golden" fails_with "FAIL  laser.sx: missing: it has no golden"
again
rm "$work/project/coin.sx"
check "fails: an orphaned golden" fails_with "FAIL  coin: coin.golden: orphaned: no patch or score lies beside it"
again
rm "$work/project/coin.golden" "$work/project/coin.sx"
check "fails: an orphaned ladder" fails_with "FAIL  coin.ladder.gz: orphaned"
again
rm "$work/project/coin.flac"
check "fails: missing audio" fails_with "FAIL  coin: missing: coin.flac"
again
rm "$work/project/coin.ladder.gz"
check "fails: a missing ladder" fails_with "FAIL  coin: missing: coin.ladder.gz"
again
rm "$work/project/coin.listing"
check "fails: a missing listing" fails_with "FAIL  coin: missing: coin.listing"
again
sed -i 's/^hash: ./hash: f/; s/^hash: ff/hash: ef/' "$work/project/coin.golden"
check "fails: another hash" fails_with "its hash is not that of its audio"
again
sox -D "$work/kept/coin.flac" "$work/project/coin.flac" gain -6
audio_is_other() {
    fails_with "FAIL  coin: different: a gain of +6.0" && said "its hash is not that of its audio" &&
        said "its ladder is of another sound than its audio"
}
check "fails: other audio" audio_is_other
again
zcat "$work/kept/coin.ladder.gz" | sed '5s/mix=\(.\)./mix=\1x/' | gzip -n >"$work/project/coin.ladder.gz"
check "fails: another ladder" fails_with "its ladder is of another sound than its audio, from tick 3 on"
again
zcat "$work/kept/coin.ladder.gz" | sed '5s/\(node\.[^=]*=\)./\1x/' | gzip -n >"$work/project/coin.ladder.gz"
check "fails: another ladder inside" fails_with "FAIL  coin: different: inside only"
again
echo "; more" >>"$work/project/coin.listing"
check "fails: another listing" fails_with "coin.listing is not the listing of now"
again
sed -i 's/0.91)))/0.9)))/; s/1500hz/1490hz/' "$work/project/sub/lead.sx"
score_changed() {
    fails_with "FAIL  sub/song: different:" && said "which plays 'lead' (song.sx:8)" && said "ok    coin"
}
check "fails: a score whose instrument changed" score_changed
tolerant() {
    in_project 1 check . && in_project 0 check . --tolerance -20db
}
check "unless that is tolerated" tolerant
again

patch_of() { # NAME EXPRESSION
    echo "(patch (output $2))" >"$work/project/$1.sx"
}
refused() { # NAME TEXT FLAG: update refuses, takes the flag, and check agrees with both
    in_project 1 update "$1" --render '--seconds 0.1' && says "$2; nothing was written" && says "patchdiff update NAME $3" &&
        [ ! -e "$work/project/$1.golden" ] && in_project 0 update "$1" --render '--seconds 0.1' "$3" &&
        grep -qx "${3#--}: .*" "$work/project/$1.golden" && in_project 0 check . &&
        sed -i "/^${3#--}:/d" "$work/project/$1.golden" && fails_with "FAIL  $1: $2"
}
patch_of quiet '(gain (osc.sine (freq 440)) (amp 0.000001))'
check "silence is refused, and fails" refused quiet "silent: nothing is above -90 dB" --silent
again
patch_of still '(math.add 0.25 (gain (osc.sine (freq 440)) (amp 0)))'
check "a constant is refused, and fails" refused still "constant: every frame is the same" --constant
again
patch_of hot '(gain (osc.sine (freq 440)) (amp 1.5))'
clipping() {
    in_project 1 update hot --render '--seconds 0.1' && says "clipped: " && says "--clips" && [ ! -e "$work/project/hot.golden" ] &&
        in_project 0 update hot --render '--seconds 0.1' --clips && in_project 0 check . &&
        sed -i '/^clips:/d' "$work/project/hot.golden" && fails_with "FAIL  hot: clipped: "
}
check "clipping is refused, and fails" clipping
again
unheard() {
    sed -i 's/(at 2 (note lead a4 1))/(at 2 (note lead a4 1)) (at 3 (note low c4 1 :volume 0))/' \
        "$work/project/sub/song.sx"
    in_project 1 update sub/song && says "1 of 7 notes never sounded, the first is 'low' in tick 90 (song.sx:8): its voice gave nothing" &&
        in_project 1 check . && in_project 0 update sub/song --unheard && grep -qx "unheard: 1" "$work/project/sub/song.golden" &&
        in_project 0 check . && sed -i '/^unheard:/d' "$work/project/sub/song.golden" &&
        fails_with "FAIL  sub/song: 1 of 7 notes never sounded"
}
check "a note that gives nothing is refused, and fails" unheard
again
refused_notes() {
    sed -i 's/^(score song)/(score song) (voices 1) (steal none)/' "$work/project/sub/song.sx"
    in_project 1 update sub/song && says "notes never sounded" && says "refused"
}
check "so is one that finds no voice" refused_notes
again

excerpt() {
    in_project 0 update sub/song --excerpt '--from 30t --to 1.5s' && grep -qx 'excerpt: --from 30t --to 1.5s' "$work/project/sub/song.golden" &&
        [ "$(soxi -s "$work/project/sub/song.flac")" = 48000 ] && in_project 0 check . &&
        cmp "$work/kept/sub/song.ladder.gz" "$work/project/sub/song.ladder.gz" || return 1
    sed -i 's/1500hz/1490hz/' "$work/project/sub/lead.sx"
    in_project 1 diff sub/song && said "first     frame 480" && said "(1.000" &&
        in_project 1 update sub/song --excerpt '--form 1s' && says "is no excerpt"
}
check "an excerpt: frames are those of the whole" excerpt
again
sourced() {
    mkdir "$work/project/goldens"
    in_project 0 update goldens/coin-low --source coin.sx --render '--seed 3' && grep -qx 'source: ../coin.sx' "$work/project/goldens/coin-low.golden" &&
        rm "$work/project"/coin.{golden,flac,listing,ladder.gz} && in_project 0 check . && said "ok    goldens/coin-low"
}
check "a golden elsewhere: source" sourced
again
float_golden() {
    in_project 0 update coin --render '--bits float' && [ -e "$work/project/coin.wav" ] && [ ! -e "$work/project/coin.flac" ] && in_project 0 check .
}
check "a golden of floats is a WAV" float_golden
again
lost() {
    printf 'render: --seconds 0.1\nnonsense: 1\nhash: 00000000000000000000000000000000\n' >"$work/project/coin.golden"
    fails_with "coin.golden:2: 'nonsense: 1' is nothing a golden says"
}
check "fails: a golden that says nonsense" lost
again

diff_name() {
    in_project 0 diff coin.sx && first_line "same: every bit of the sound and of the ladder" &&
        sed -i 's/(default 75)/(default 76)/' "$work/project/coin.sx" && in_project 1 diff coin --picture coin.png &&
        is_picture "$work/project/coin.png" && said "node      " && said " B gives "
}
check "diff NAME" diff_name
again
engines_in_check() {
    in_project 0 check . --engine "$patchrun" && in_project 1 check . --engine "$work/liar" && said "FAIL  coin: different: LSB" &&
        in_project 0 check . --engine "$work/liar" --tolerance lsb:1 && in_project 2 check . --engine "$work/failing" && said "no such luck"
}
check "check --engine" engines_in_check
# Failures, trouble and what passes, in any number at a time: the same words, in the same order.
jobs_are_not_seen() {
    local jobs result=0
    for jobs in one two three four five; do
        cp "$work/project/coin.sx" "$work/project/$jobs.sx" && in_project 0 update $jobs || return 1
    done
    sed -i 's/(default 75)/(default 76)/' "$work/project/two.sx"
    echo '(patch (output' >"$work/project/four.sx"
    rm "$work/project/five.flac"
    for jobs in 1 2 9; do
        in_project 1 check . -j $jobs --json="$work/jobs-$jobs.json" && cp "$work/out" "$work/jobs-$jobs" &&
            cmp "$work/jobs-1" "$work/jobs-$jobs" && cmp "$work/jobs-1.json" "$work/jobs-$jobs.json" || result=1
    done
    rm "$work/project"/{one,two,three,four,five}.*
    [ $result = 0 ] && [ "$(grep -c '^ok ' "$work/jobs-1")" = 4 ] && grep -q '^FAIL  two: different' "$work/jobs-1" &&
        grep -q '^FAIL  four: .*failed with status 1' "$work/jobs-1" && grep -q '^FAIL  five: missing' "$work/jobs-1" && nothing_left
}
check "check -j: the same report" jobs_are_not_seen
check "-j of nothing" is_trouble "-j: not a whole number" check . -j 0
check "-j is for check" is_trouble "-j is for check" diff coin -j 2
again
check_forms() {
    rm "$work/project/coin.flac"
    in_project 1 check . --json="$work/c.json" --junit "$work/c.xml" && xmllint --noout "$work/c.xml" &&
        [ "$(xmllint --xpath 'count(//testcase)' "$work/c.xml")" = 2 ] &&
        [ "$(xmllint --xpath 'string(//testcase[failure]/@name)' "$work/c.xml")" = coin ] &&
        python3 -c "
import json
r = json.load(open('$work/c.json'))
assert (r['passed'], r['failed'], r['trouble']) == (1, 1, 0), r
assert r['cases'][0]['name'] == 'coin' and r['cases'][0]['problems'] == ['missing: coin.flac'], r" &&
        in_project 1 check . --quiet && not_said "ok " && in_project 1 check . --json && python3 -m json.tool "$work/out"
}
check "check --json, --junit and --quiet" check_forms
again
check "check of nothing" is_trouble "no goldens, no patches, no scores there" check "$TMPDIR"
check "check of a file" is_trouble "check takes folders" check "$p/gain-a.wav"
check "update of nothing" is_trouble "goldens are updated by name" update
unwritable() {
    again
    sed -i 's/(default 75)/(default 76)/' "$work/project/coin.sx"
    mv "$work/project/coin.listing" "$work/project/x" && mkdir "$work/project/coin.listing"
    in_project 2 update coin && says "coin.listing: cannot create" && rmdir "$work/project/coin.listing" &&
        mv "$work/project/x" "$work/project/coin.listing" && cp "$work/kept/coin.sx" "$work/project/" &&
        diff -r "$work/kept" "$work/project"
}
check "update writes all files of a golden or none" unwritable
again
unknown_name() {
    in_project 1 update nothing && says "nothing: no patch or score of this name"
}
check "update of a name that is none" unknown_name

# ---- docs/testing-sounds.md ----

# The project of the page, its CI as the page has it.
ci_works() {
    local run
    rm -rf "$work/ci"
    mkdir -p "$work/ci/sounds/instruments"
    cp fixtures/coin.sx "$work/ci/sounds/"
    cp "$work/a/low.sx" "$work/ci/sounds/instruments/"
    sed -n '/^    # what songs are/,/^    sketch/p' docs/testing-sounds.md | sed 's/^    //' >"$work/ci/sounds/golden.ignore"
    sed -n '/^```sh$/,/^```$/p' docs/testing-sounds.md | sed '/^```/d' >"$work/ci/ci.sh"
    sed -n '/^```yaml$/,/^```$/p' docs/testing-sounds.md | sed '/^```/d' >"$work/ci/sounds.yml"
    run=$(grep -A1 'name: check the sounds' "$work/ci/sounds.yml" | sed -n 's/^ *run: //p')
    cd "$work/ci" && "$patchdiff" update sounds/coin --quiet && REPATCH=$root $run && xmllint --noout report.xml &&
        [ ! -s pictures/coin.png ] && sed -i 's/(default 75)/(default 76)/' sounds/coin.sx
    local result=$?
    if [ $result = 0 ]; then
        REPATCH=$root $run >out 2>&1
        [ $? = 1 ] && is_picture pictures/coin.png && grep -q '^FAIL  sounds/coin: different: a new sound' out &&
            grep -q '^  *node  *second' out && [ "$(xmllint --xpath 'count(//failure)' report.xml)" = 1 ]
        result=$?
        [ $result = 0 ] || cat out
    fi
    cd "$root"
    return $result
}
check "docs/testing-sounds.md: the CI of the page, passing and failing" ci_works
yaml_reads() {
    ! python3 -c 'import yaml' 2>/dev/null || python3 -c "
import yaml
steps = yaml.safe_load(open('$work/ci/sounds.yml'))['jobs']['sounds']['steps']
assert len(steps) == 5 and all('run' in s or 'uses' in s for s in steps)"
}
check "its YAML reads" yaml_reads

# An engine that waits is stopped with us, and nothing stays behind.
cat >"$work/waiting" <<S
#!/bin/sh
echo \$\$ >"$work/waiting.pid"
sleep 30 && touch "$work/finished"
S
chmod +x "$work/waiting"
interrupted() { # SIGNAL ARGUMENTS...
    rm -f "$work/waiting.pid"
    cd "$work/project"
    "$patchdiff" "${@:2}" >/dev/null 2>&1 &
    local pid=$! code tries=0
    cd "$root"
    until [ -s "$work/waiting.pid" ] || [ $((tries += 1)) -gt 500 ]; do sleep 0.02; done
    kill -"$1" $pid
    wait $pid
    code=$?
    [ $code = "$((128 + $(kill -l "$1")))" ] || { echo "status $code"; return 1; }
    case $(cut -d' ' -f3 "/proc/$(cat "$work/waiting.pid")/stat" 2>/dev/null) in
    "" | Z) ;; # nobody may have asked how it ended
    *) echo "the engine lives on"; return 1 ;;
    esac
    [ ! -e "$work/finished" ] || { echo "the engine was waited for"; rm "$work/finished"; return 1; }
    nothing_left && diff -r "$work/kept" "$work/project"
}
# bash lets what it starts in the background ignore SIGINT, so python starts it.
interrupted_by_int() {
    python3 - "$patchdiff" "$work" <<'P'
import os, signal, subprocess, sys, time
program, work = sys.argv[1:]
if os.path.exists(work + "/waiting.pid"):
    os.remove(work + "/waiting.pid")
p = subprocess.Popen([program, "coin.sx", "--engine-b", work + "/waiting"], cwd=work + "/project",
                     preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
for _ in range(500):
    if os.path.exists(work + "/waiting.pid") and open(work + "/waiting.pid").read():
        break
    time.sleep(0.02)
p.send_signal(signal.SIGINT)
assert p.wait() == -signal.SIGINT, p.returncode
P
    local result=$?
    [ $result = 0 ] && nothing_left && [ ! -e "$work/finished" ]
}
check "SIGTERM: the engine ends, nothing stays" interrupted TERM coin.sx --engine-b "$work/waiting"
check "SIGTERM: a check of several at a time" interrupted TERM check . -j 2 --engine "$work/waiting"
check "SIGHUP in check" interrupted HUP check . --engine "$work/waiting"
check "SIGINT" interrupted_by_int
