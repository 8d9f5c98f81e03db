#!/usr/bin/env bash
# diff - patchdiff: what it finds in sounds, ladders, engines and goldens, and how it says so.
. tests/lib.sh
root=$PWD
patchdiff=$root/${PATCHDIFF:-bin/patchdiff} patchrun=$root/$patchrun
python=/usr/bin/python3 # the one that Debian's modules are for
[ -x $python ] || python=python3
export TMPDIR=$work/tmp
mkdir "$TMPDIR"

# said TEXT: the last standard output has it.
said() {
    grep -qF -- "$1" "$work/out" || { echo "not said: $1"; cat "$work/out"; return 1; }
}
# not_said TEXT: it has not.
not_said() {
    ! grep -qF -- "$1" "$work/out" || { echo "said: $1"; cat "$work/out"; return 1; }
}
first_line() {
    [ "$(head -1 "$work/out")" = "$1" ] || { echo "wanted: $1"; head -3 "$work/out"; return 1; }
}
nothing_left() {
    [ -z "$(ls -A "$TMPDIR")" ] || { ls -lA "$TMPDIR"; rm -rf "${TMPDIR:?}"/*; return 1; }
}

# ---- kinds of difference ----

mkdir "$work/pairs"
python3 tests/diff/pairs.py "$work/pairs" >"$work/names"
finds() {
    local wanted=1
    if [ "$1" = same ]; then wanted=0; fi
    status $wanted "$patchdiff" "$work/pairs/$1-a.wav" "$work/pairs/$1-b.wav" --json="$work/report.json" &&
        python3 tests/diff/pairs.py --judge "$work/pairs" "$1" "$work/report.json" &&
        [ "$(head -1 "$work/out")" = "$(python3 -c "import json; print(json.load(open('$work/report.json'))['verdict'])")" ]
}
while read -r name; do
    check "a pair: $name" finds "$name"
done <"$work/names"

p=$work/pairs
verdict() { # NAME TEXT
    status "${3:-1}" "$patchdiff" "$p/$1-a.wav" "$p/$1-b.wav" && first_line "$2"
}
check "verdict: same" verdict same "same: every bit" 0
check "verdict: later" verdict later-17 "different: shift: B is A 17 frames later"
check "verdict: earlier" verdict earlier-1 "different: shift: B is A 1 frame earlier"
check "verdict: gain" verdict gain "different: a gain of -6.00 dB"
check "verdict: pan" verdict pan "different: a gain: left -6.02 dB"
check "verdict: polarity" verdict polarity "different: polarity: B is A upside down"
check "verdict: one channel's polarity" verdict one-inverted "different: polarity: right of B is upside down"
check "verdict: swapped" verdict swapped "different: left and right are swapped"
check "verdict: lsb" verdict lsb "different: LSB: no value by more than one step"
# What is left of 24 bits when they become 16 is half a step at most; of a sound 40 dB below it is not small.
small_is_said() {
    "$patchrun" fixtures/wind.sx --bits 24 --seconds 1 -o "$work/fine.wav" --quiet && sox -D "$work/fine.wav" -b 16 "$work/coarse.wav" &&
        sox -D "$work/coarse.wav" -b 24 "$work/back.wav" && status 1 "$patchdiff" "$work/fine.wav" "$work/back.wav" &&
        first_line "different: small: no value by more than -96.33 dB" &&
        status 1 "$patchdiff" "$work/fine.wav" "$work/back.wav" --json && grep -q '"kind": *"small"' "$work/out" &&
        sox -D "$work/fine.wav" "$work/faint.wav" vol -40dB && sox -D "$work/faint.wav" -b 16 "$work/coarse.wav" &&
        sox -D "$work/coarse.wav" -b 24 "$work/back.wav" && status 1 "$patchdiff" "$work/faint.wav" "$work/back.wav" &&
        first_line "different: a new sound, much like A (correlation 0.9999)"
}
check "verdict: small" small_is_said
check "verdict: offset" verdict offset "different: an offset of 0.006104 (+200.0 steps)"
check "verdict: length" verdict length "different: length: B goes on for 100 frames of silence; all before is the same"
check "verdict: silent" verdict silent "different: B is silent"
check "verdict: rate" verdict rate "different: A has 48000 Hz and 1 channel, B 44100 Hz and 1 channel"
check "verdict: a part" verdict one-value \
    "different: a new sound in frames 20000 to 20000, much like A (correlation 0.9999)"
check "verdict: from somewhere on" verdict late-part \
    "different: in a part: in frames 12000 to 23999 (0.250 s to 0.500 s): shift: B is A 7 frames later"
moved_is_said() {
    status 1 "$patchdiff" "$p/moved+480-a.wav" "$p/moved+480-b.wav" && head -1 "$work/out" |
        grep -qE '^different: in a part: in frames 12000 to 214[0-9]+ \(0\.250 s to 0\.44. s\): something in A is 480 frames later in B; what is left has -[0-9.]+ dB RMS$' &&
        status 1 "$patchdiff" "$p/two-moved-a.wav" "$p/two-moved-b.wav" && first_line "different: in 2 parts, each explained below" &&
        said "parts     2 stretches differ" && said "something in A is 100 frames earlier in B"
}
check "verdict: something is moved" moved_is_said
values_are_said() {
    status 1 "$patchdiff" "$p/one-value-a.wav" "$p/one-value-b.wav" &&
        said "first     frame 20000 (0.416667 s, tick 25): A" && said "1 of 24000 frames differ"
}
check "the first frame, its time, tick and values" values_are_said

# A tone in one octave and noise below -60 dB elsewhere: the spectrum says where.
spectrum_is_true() {
    sox -D -r 48000 -n -b 16 "$work/low.wav" synth 2 sine 250 gain -12
    sox -D -r 48000 -n -b 16 "$work/high.wav" synth 2 sine 4000 gain -30
    sox -D -m -v 1 "$work/low.wav" -v 1 "$work/high.wav" "$work/both.wav"
    status 1 "$patchdiff" "$work/low.wav" "$work/both.wav" --json &&
        python3 - "$work/out" <<'P'
import json, sys
r = json.load(open(sys.argv[1]))
bands = {b["hz"]: b for b in r["spectrum"]}
# A sine of -12 dB has a power of -15 dB.
assert abs(bands[250]["a_db"] + 15.01) < 0.3, bands[250]
assert abs(bands[250]["b_db"] + 15.01) < 0.3, bands[250]
assert abs(bands[4000]["difference_db"] + 33.01) < 0.3, bands[4000]
assert bands[4000]["a_db"] < -80 and bands[250]["difference_db"] < -80
assert abs(r["difference_peak_hz"] - 4000) < 10
P
}
check "the spectrum: where the difference lies" spectrum_is_true

# ---- tolerance ----

# One value differs by 1000 steps: -30.31 dB at the most, -30.31 - 43.80 RMS; the pair lsb by 1.
tolerates() { # STATUS LIMITS PAIR
    status "$1" "$patchdiff" "$p/$3-a.wav" "$p/$3-b.wav" --tolerance "$2" --quiet
}
check "tolerance: just enough" tolerates 0 -30.30db one-value
check "tolerance: not quite" tolerates 1 -30.32db one-value
check "tolerance: rms enough" tolerates 0 rms:-74.10db one-value
check "tolerance: rms not quite" tolerates 1 rms:-74.13db one-value
check "tolerance: steps" tolerates 0 lsb:1000 one-value
check "tolerance: one step too few" tolerates 1 lsb:999 one-value
check "tolerance: all of several" tolerates 1 lsb:1000,rms:-80db one-value
check "tolerance: lsb:1" tolerates 0 lsb:1 lsb
check "tolerance: lsb:0" tolerates 1 lsb:0 lsb
check "tolerance: not of another length" tolerates 1 0db length
for limits in "" x -80 80db lsb:-1 lsb:x rms:1hz; do
    case $limits in -80) continue ;; esac
    check "tolerance '$limits' is none" status 2 "$patchdiff" "$p/gain-a.wav" "$p/gain-b.wav" --tolerance "$limits"
done
tolerance_is_said() {
    tolerates 0 lsb:1 lsb && said "same within the tolerance: nothing further than -90.31 dB"
}
check "tolerance: the verdict says so" tolerance_is_said

# Floats may be no numbers: that is a difference, and no tolerance takes it.
python3 - "$work" <<'P'
import math, struct, sys
def write(path, v):
    data = struct.pack("<%df" % len(v), *v)
    body = b"WAVEfmt " + struct.pack("<IHHIIHH", 16, 3, 1, 48000, 192000, 4, 32) + b"data" + struct.pack("<I", len(data)) + data
    open(sys.argv[1] + path, "wb").write(b"RIFF" + struct.pack("<I", len(body)) + body)
v = [math.sin(n / 20) / 2 for n in range(5000)]
write("/finite.wav", v)
write("/nan.wav", v[:700] + [math.nan, math.inf] + v[702:])
write("/nothing.wav", [])
P
not_numbers() {
    status 1 "$patchdiff" "$work/finite.wav" "$work/nan.wav" --tolerance "$1" && said "with values that are no numbers" &&
        status 0 "$patchdiff" "$work/nan.wav" "$work/nan.wav" && status 1 "$patchdiff" "$work/finite.wav" "$work/nan.wav" --json &&
        python3 -m json.tool "$work/out" /dev/null
}
check "no numbers, within no largest difference" not_numbers 0db
check "nor an rms" not_numbers rms:0db
check "nor steps" not_numbers lsb:1000000
no_frames() {
    status 1 "$patchdiff" "$work/finite.wav" "$work/nothing.wav" && first_line "different: length: B has no frames"
}
check "a sound without frames" no_frames
six_channels() {
    sox -D -n -r 48000 -c 6 -b 24 "$work/six.wav" synth 1 sine 300 sine 400 sine 500 sine 600 sine 700 sine 800 gain -3
    sox -D "$work/six.wav" "$work/six-b.wav" remix 1 2 3 4v0.5 5 6
    status 1 "$patchdiff" "$work/six.wav" "$work/six-b.wav" && first_line "different: a gain: channel 4 -6.02 dB"
}
check "six channels of 24 bits" six_channels

# ---- ladders ----

cat >"$work/half.sx" <<'S'
(patch (def in (input.mono)) (def half (gain in (amp 0.5))) (output half))
S
ladder_is_as_documented() {
    status 0 "$patchrun" "$work/half.sx" --input "$p/new-a.wav" --frames 24000 --hash --hash-ladder "$work/half.ladder" &&
        $python tests/diff/ladder_check.py "$p/new-a.wav" "$work/half.ladder"
}
check "a patch's ladder is as documented, computed from the sound alone" ladder_is_as_documented
ladder_stays() { # FILE OPTIONS... : no cut, width or number of threads changes the ladder
    local file=$1 cut
    shift
    status 0 "$patchrun" "$file" "$@" --quiet --hash --hash-ladder "$work/whole.ladder" || return 1
    for cut in "--frames-per-call 1" "--frames-per-call 799" "--lanes 1" "--lanes 4" "--lanes 16" "--threads 3" \
        "--isa base" "--lanes 16 --isa base --frames-per-call 63 --threads 2"; do
        # shellcheck disable=SC2086
        status 0 "$patchrun" "$file" "$@" $cut --quiet --hash --hash-ladder "$work/cut.ladder" &&
            cmp "$work/whole.ladder" "$work/cut.ladder" || { echo "$cut"; return 1; }
    done
}
check "a patch's ladder does not depend on the cut" ladder_stays fixtures/radio.sx --input golden/coin.flac
check "nor with unison, oversampling and events" ladder_stays fixtures/supersaw-lead.sx --seconds 0.5
check "nor a score's, with the nodes of a voice" ladder_stays fixtures/scores/kit-808.sx --ladder-nodes voice0 --to 2s
check "nor with those of a bus" ladder_stays fixtures/scores/night-drive.sx --ladder-nodes bus.echo --to 2s

"$patchrun" fixtures/scores/kit-808.sx --to 4s -o "$work/kit.wav" --hash-ladder "$work/kit.ladder" --quiet
gzip -kn "$work/kit.ladder"
check "a sound and its ladder: the same" status 0 "$patchdiff" "$work/kit.wav" "$work/kit.ladder"
check "a ladder and its sound" status 0 "$patchdiff" "$work/kit.ladder" "$work/kit.wav"
check "a ladder and its gzipped copy" status 0 "$patchdiff" "$work/kit.ladder" "$work/kit.ladder.gz"
python3 - "$work/kit.wav" "$work/kit-1.wav" 100000 <<'P'
import sys
data = bytearray(open(sys.argv[1], "rb").read())
at = data.index(b"data") + 8 + 4 * int(sys.argv[3])
data[at] ^= 1
open(sys.argv[2], "wb").write(data)
P
ladder_finds_the_tick() {
    status 1 "$patchdiff" "$work/kit-1.wav" "$work/kit.ladder.gz" && first_line "different: the hashes part in tick 125" &&
        said "125 (2.083333 s) is the first that differs; 1 do"
}
check "one bit of a sound is found by its ladder" ladder_finds_the_tick
sed 's/\(^200 .*bus.room=.\)./\1x/' "$work/kit.ladder" >"$work/kit-2.ladder"
ladder_finds_the_place() {
    local where
    where=$(sed -n 's/^200 .* \(bus[^=]*\)=.x.*/\1/p' "$work/kit-2.ladder")
    if [ -z "$where" ]; then
        where=voice0
        sed 's/\(^200 .*voice0=.\)./\1x/' "$work/kit.ladder" >"$work/kit-2.ladder"
    fi
    status 1 "$patchdiff" "$work/kit.ladder" "$work/kit-2.ladder" --json &&
        python3 -c "
import json, sys
r = json.load(open('$work/out'))
assert r['kind'] == 'hash' and r['tick'] == 200 and r['places'] == ['$where'], r"
}
check "two ladders: tick and place" ladder_finds_the_place
head -100 "$work/kit.ladder" >"$work/short.ladder"
ladder_is_short() {
    status 1 "$patchdiff" "$work/kit.ladder" "$work/short.ladder" && first_line "different: length: 240 ticks against 99"
}
check "two ladders: one is shorter" ladder_is_short
check "a sound and a ladder that ends before" status 1 "$patchdiff" "$work/kit.wav" "$work/short.ladder"
head -c 3000 "$work/kit.ladder" >"$work/torn.ladder"
is_trouble() { # TEXT ARGUMENTS...
    local text=$1
    shift
    status 2 "$patchdiff" "$@" && says "$text" && [ ! -s "$work/out" ] && nothing_left
}
check "a ladder cut short is trouble" is_trouble "torn.ladder: cannot read: it is cut short" "$work/kit.ladder" "$work/torn.ladder"
head -c 2000 "$work/kit.ladder.gz" >"$work/torn.ladder.gz"
check "a gzipped one, too" is_trouble "torn.ladder.gz: cannot read" "$work/kit.ladder" "$work/torn.ladder.gz"
printf 'repatch-ladder 1\n0 mix\n' >"$work/bad.ladder"
check "a line that is none is trouble" is_trouble "bad.ladder:2: not a line of a ladder" "$work/kit.ladder" "$work/bad.ladder"

# ---- nodes and voices ----

mkdir "$work/a" "$work/b"
chain() { # AMP: twelve nodes, one after the other
    echo "(patch (def n1 (osc.saw (freq 220)))"
    local i
    for i in 2 3 4 5 6; do echo "(def n$i (gain n$((i - 1)) (amp 0.9)))"; done
    echo "(def n7 (filter.lopass n6 (cutoff $1) (q 0.7)))"
    for i in 8 9 10 11 12; do echo "(def n$i (gain n$((i - 1)) (amp 0.9)))"; done
    echo "(output n12))"
}
chain 900hz >"$work/a/chain.sx"
chain 901hz >"$work/b/chain.sx"
node_is_named() {
    status 1 "$patchdiff" "$work/a/chain.sx" "$work/b/chain.sx" --render '--seconds 0.2' &&
        said "node      n7, from tick 0 on" && said "after it: n8, n9, n10, n11, n12" &&
        said "tick      0 (0.000000 s) is the first that differs; 12 do"
}
check "the changed node, deep in a patch, by its name" node_is_named
# In a cycle the order of the program says nothing: the first frame does. What drives it gives what
# it gives by itself.
for side in a:0.5 b:0.6; do
    cat >"$work/${side%:*}/loop.sx" <<S
(patch (def back (delay.feedback sum (time 5ms))) (def less (gain back (amp 0.5)))
  (def tone (osc.saw (freq 220))) (def drive (gain tone (amp ${side#*:})))
  (def sum (math.add drive less)) (output sum))
S
    echo "(patch (output (gain (osc.saw (freq 220)) (amp ${side#*:}))))" >"$work/${side%:*}/drive.sx"
    "$patchrun" "$work/${side%:*}/drive.sx" --frames 10 --bits float -o "$work/${side%:*}/drive.wav"
done
cycle_is_seen_through() { # ARGUMENTS...
    status 1 "$patchdiff" "$@" --render '--seconds 0.2' --json &&
        python3 - "$work" <<'P'
import json, struct, sys
def value(side, frame):
    data = open(sys.argv[1] + side, "rb").read()
    return struct.unpack_from("<f", data, data.index(b"data") + 8 + 4 * frame)[0]
r = json.load(open(sys.argv[1] + "/out"))
v = r["node_values"]
assert (r["node"], r["node_tick"], r["nodes"][0]) == ("drive", 0, "drive"), r
assert sorted(r["nodes"]) == ["back", "drive", "less", "sum"], r
a, b = value("/a/drive.wav", v["frame"]), value("/b/drive.wav", v["frame"])
before = v["frame"] == 0 or value("/a/drive.wav", v["frame"] - 1) == value("/b/drive.wav", v["frame"] - 1)
assert a != b and before, v
one, = v["values"]
assert one["op"] == "gain.0" and abs(one["a"] - a) < 1e-11 and abs(one["b"] - b) < 1e-11, (v, a, b)
P
}
check "in a cycle, by values" cycle_is_seen_through "$work/a/loop.sx" "$work/b/loop.sx"
check "an engine without a template gives them, too" cycle_is_seen_through "$work/a/loop.sx" "$work/b/loop.sx" --engine-a "$patchrun"
check "one with a template that has {values}" cycle_is_seen_through "$work/a/loop.sx" "$work/b/loop.sx" \
    --engine-b "$patchrun {in} -o {out} {options} --hash-ladder {ladder} --ladder-nodes {nodes} --ladder-values {values}"
no_values() {
    status 1 "$patchdiff" "$work/a/loop.sx" "$work/b/loop.sx" --render '--seconds 0.2' --engine-b \
        "$patchrun {in} -o {out} {options} --hash-ladder {ladder}" && said "node      back, from tick 0 on" && said "hash "
}
check "without: hashes in the order of the program" no_values
# The gate opens at 0.1 s: before it nothing differs.
late() {
    echo "(patch (params (gate (unit gate) (default 0))) (def tone (osc.sine (freq 300)))"
    echo "(def fade (env.adsr (gate gate) (attack $1))) (def level (gain tone (amp fade))) (output level))"
}
late 10ms >"$work/a/late.sx"
late 11ms >"$work/b/late.sx"
node_has_its_tick() {
    status 1 "$patchdiff" "$work/a/late.sx" "$work/b/late.sx" --render '--seconds 0.3 --set gate=1@0.1s' --json &&
        python3 -c "
import json
r = json.load(open('$work/out'))
assert (r['node'], r['node_tick'], r['tick'], r['nodes']) == ('fade', 6, 6, ['fade', 'level']), r
assert 4800 <= r['first']['frame'] < 4810, r['first']"
}
check "the tick in which a node first differs" node_has_its_tick
chain 900hz | sed 's/(output n12)/(def more (gain n12 (amp 0.5))) (output more)/' >"$work/b/more.sx"
new_node_is_named() {
    status 1 "$patchdiff" "$work/a/chain.sx" "$work/b/more.sx" --render '--seconds 0.2' && said "only B has: more" &&
        first_line "different: a gain of -6.02 dB"
}
check "a node that only one of them has" new_node_is_named

for side in a b; do
    cat >"$work/$side/song.sx" <<'S'
(score song)
(tempo 120)
(patch low "low.sx" :volume 100)
(patch lead "lead.sx" :volume 90)
(bus room "echo.sx")
(line low :step 1 a3 a3 a3 a3)
(at 0.1 (note low c4 1))
(at 2 (note lead a4 1))
S
    chain 900hz >"$work/$side/low.sx"
    cp fixtures/echo-bus.sx "$work/$side/echo.sx"
done
sed -i 's/(patch /(patch (params (freq (unit hz) (range 20 2000) (default a3)) (gate (unit gate) (default 0)))/; s/(freq 220)/(freq freq)/; s/(output n12)/(def out (gain n12 (amp (env.adsr (gate gate))))) (output out)/' \
    "$work"/[ab]/low.sx
sed 's/900hz/1500hz/' "$work/a/low.sx" >"$work/a/lead.sx"
sed 's/900hz/1500hz/; s/(def n9 (gain n8 (amp 0.9)))/(def n9 (gain n8 (amp 0.91)))/' "$work/a/low.sx" >"$work/b/lead.sx"
voice_is_named() {
    status 1 "$patchdiff" "$work/a/song.sx" "$work/b/song.sx" --render '--to 2s' &&
        said "which plays 'lead'" && said "song.sx:8)" && said "node      n9 of voice" &&
        said "after it: n10, n11, n12, out" && said "tick      60 (1.000000 s) is the first that differs" &&
        status 1 "$patchdiff" "$work/a/song.sx" "$work/b/song.sx" --render '--to 2s' --json && python3 - "$work/out" <<'P'
import json, sys
v = json.load(open(sys.argv[1]))["node_values"]
one, = v["values"]
assert one["op"] == "gain.0" and abs(one["b"] / one["a"] - 0.91 / 0.9) < 1e-6, v
assert 48000 <= v["frame"] < 48000 + 800, v
P
}
check "the voice of a score, what it plays, and the node in it" voice_is_named
sed -i 's/(default 3000)/(default 2900)/' "$work/b/echo.sx"
cp "$work/a/lead.sx" "$work/b/lead.sx"
sed -i 's/(note low c4 1)/(note low c4 1 :send (room 99))/' "$work"/[ab]/song.sx
bus_is_named() {
    status 1 "$patchdiff" "$work/a/song.sx" "$work/b/song.sx" --render '--to 2s' && said "place     bus.room" &&
        said " of bus.room, from tick"
}
check "a bus, when it is the bus" bus_is_named

# Every node of every place, a hash a second: made of those of the ticks, which one place has.
stretches_are_as_documented() { # SCORE OPTIONS...
    local score=$1 place arguments=()
    shift
    status 0 "$patchrun" "$score" "$@" --quiet --hash --hash-ladder "$work/all.ladder" --ladder-nodes all || return 1
    for place in $(grep -o '[^ =]*\.stretch\.' "$work/all.ladder" | sed 's/\.stretch\.//' | sort -u); do
        status 0 "$patchrun" "$score" "$@" --quiet --hash --hash-ladder "$work/$place.ladder" --ladder-nodes "$place" || return 1
        arguments+=("$place" "$work/$place.ladder")
    done
    $python tests/diff/stretches.py "$work/all.ladder" "${arguments[@]}"
}
check "hashes of a second, of every voice and bus" stretches_are_as_documented "$work/a/song.sx" --to 150t
check "of sounds that follow each other, from a tick on" stretches_are_as_documented fixtures/scores/kit-808.sx --from 70t --to 3s
check "up to where a score falls silent" stretches_are_as_documented "$work/a/song.sx"
check "they do not depend on the cut" ladder_stays fixtures/scores/kit-808.sx --ladder-nodes all --to 2s
all_has_no_values() {
    status 2 "$patchrun" "$work/a/song.sx" --hash --hash-ladder "$work/all.ladder" --ladder-nodes all --ladder-values 3
}
check "they have no values" all_has_no_values

# ---- two engines ----

check "our engine on another cut: the same" status 0 "$patchdiff" "$work/a/song.sx" --engine-b ours:isa=base,lanes=1,threads=2 \
    --render '--to 2s'
check "of a patch, too" status 0 "$patchdiff" fixtures/coin.sx --engine-a ours:lanes=16 --engine-b ours:lanes=1,frames-per-call=7
check "a command without a template" status 0 "$patchdiff" fixtures/coin.sx --engine-b "$patchrun"
engines_are_the_same() {
    status 0 "$patchdiff" fixtures/coin.sx --engine-b "$1" && first_line "$2"
}
check "its ladder is compared" engines_are_the_same "$patchrun" "same: every bit of the sound and of the ladder"
check "a template without a ladder: the sound is compared" engines_are_the_same \
    "$patchrun {options} -o {out} {in}" "same: every bit"
check "a template with one" engines_are_the_same \
    "$patchrun {options} -o {out} {in} --hash-ladder {ladder}" "same: every bit of the sound and of the ladder"
cat >"$work/plain-engine" <<S
#!/bin/sh
# FILE -o OUT, and nothing else is known here.
[ \$# = 3 ] || { echo "what is \$4?" >&2; exit 2; }
exec "$patchrun" "\$@"
S
# It lies in one value of the sound, and tells the truth in the ladder.
cat >"$work/liar" <<S
#!/bin/sh
"$patchrun" "\$@" --quiet || exit
exec python3 - "\$3" <<'P'
import sys
data = bytearray(open(sys.argv[1], "rb").read())
data[data.index(b"data") + 8 + 2 * 5000] ^= 1
open(sys.argv[1], "wb").write(data)
P
S
# It lies where 16 bits do not show it: only the ladder does.
cat >"$work/inner-liar" <<S
#!/bin/sh
"$patchrun" "\$@" --quiet && sed -i '5s/node\.\([^=]*\)=./node.\1=x/' "\$5"
S
printf '#!/bin/sh\necho "no such luck" >&2\nexit 3\n' >"$work/failing"
printf '#!/bin/sh\nexit 0\n' >"$work/lazy"
chmod +x "$work"/{plain-engine,liar,inner-liar,failing,lazy}
check "an engine that knows no ladders" engines_are_the_same "$work/plain-engine" "same: every bit"
liar_is_caught() {
    status 1 "$patchdiff" fixtures/coin.sx --engine-b "$work/liar" && first_line "different: LSB: no value by more than one step" &&
        said "first     frame 5000 (0.104167 s, tick 6)" && said "1 of" && said "coin.sx by $work/liar"
}
check "an engine that lies is caught" liar_is_caught
inner_liar_is_caught() {
    status 1 "$patchdiff" fixtures/coin.sx --engine-b "$work/inner-liar" &&
        first_line "different: inside only: the sounds have the same bits, the ladders do not" && said "from tick 3 on"
}
check "one that differs only inside, too" inner_liar_is_caught
check "but for who has a tolerance" status 0 "$patchdiff" fixtures/coin.sx --engine-b "$work/inner-liar" --tolerance lsb:1
check "an engine that fails is trouble, and is quoted" is_trouble "no such luck" fixtures/coin.sx --engine-b "$work/failing"
own_output() {
    status 0 "$patchdiff" fixtures/coin.sx --engine-b ours --render "-o $work/own.wav" && [ ! -e "$work/own.wav" ] &&
        is_trouble "nothing was rendered" fixtures/coin.sx --engine-b ours --render --info
}
check "options cannot lead the sound elsewhere" own_output
check "an engine that writes nothing" is_trouble "wrote no sound" fixtures/coin.sx --engine-b "$work/lazy"
check "an engine that is not there" is_trouble "failed with status 127" fixtures/coin.sx --engine-b "$work/nowhere"
check "a variant that is none" is_trouble "'lane=1' is no variant of ours" fixtures/coin.sx --engine-b ours:lane=1
check "a patch with an error is trouble, and is quoted" is_trouble "[E0204]" "$p/gain-a.wav" fixtures/broken/E0204-unknown-module.sx
odd="$work/it's \"odd\" \$(touch hacked).sx"
cp fixtures/coin.sx "$odd"
odd_names() {
    cd "$work"
    status 0 "$patchdiff" "$odd" --engine-b "$patchrun {in} -o {out} {options}" --render "--set 'pitch=900' --seed '7'"
    local result=$?
    cd "$root"
    [ $result = 0 ] && [ ! -e "$work/hacked" ]
}
check "names and options reach an engine as they are" odd_names
check "standard input is one side" bash -c "'$patchdiff' - '$p/gain-a.wav' <'$p/gain-a.wav'"
check "standard input is rendered, too" bash -c "'$patchdiff' - fixtures/coin.sx <fixtures/coin.sx"

# ---- forms of the report ----

json_and_junit() { # A B
    status 1 "$patchdiff" "$1" "$2" --json="$work/r.json" --junit "$work/r.xml" &&
        python3 -c "import json; assert json.load(open('$work/r.json'))['same'] is False" &&
        xmllint --noout "$work/r.xml" &&
        [ "$(xmllint --xpath 'count(//testcase/failure)' "$work/r.xml")" = 1 ] &&
        [ "$(xmllint --xpath 'string(/testsuites/@failures)' "$work/r.xml")" = 1 ]
}
check "--json and --junit" json_and_junit "$p/gain-a.wav" "$p/gain-b.wav"
bad=$work/$'<&>"\' \001\377\303\251.wav'
cp "$p/gain-b.wav" "$bad"
check "of names that are neither XML nor JSON" json_and_junit "$p/gain-a.wav" "$bad"
junit_of_the_same() {
    status 0 "$patchdiff" "$p/gain-a.wav" "$p/gain-a.wav" --junit - && xmllint --noout "$work/out" &&
        [ "$(xmllint --xpath 'count(//testcase)' "$work/out")" = 1 ] &&
        [ "$(xmllint --xpath 'count(//failure)' "$work/out")" = 0 ]
}
check "--junit - of what is the same" junit_of_the_same
check "--json of shapes that do not fit" bash -c "'$patchdiff' '$p/rate-a.wav' '$p/rate-b.wav' --json | python3 -m json.tool"
# A PNG of the size, whose parts are as they should be: no empty plots, and another difference is
# another picture.
is_picture() { # FILE
    python3 - "$1" <<'P'
import struct, sys, zlib
data = open(sys.argv[1], "rb").read()
assert data[:8] == b"\x89PNG\r\n\x1a\n"
width, height, depth, kind = struct.unpack(">IIBB", data[16:26])
assert (width, height) == (1400, 960), (width, height)
at, packed = 8, b""
while at < len(data):
    size, name = struct.unpack(">I4s", data[at:at + 8])
    assert zlib.crc32(data[at + 4:at + 8 + size]) == struct.unpack(">I", data[at + 8 + size:at + 12 + size])[0]
    packed += data[at + 8:at + 8 + size] if name == b"IDAT" else b""
    at += 12 + size
assert len(set(zlib.decompress(packed))) > 100
P
}
draws() {
    status 1 "$patchdiff" "$p/gain-a.wav" "$p/gain-b.wav" --picture "$work/gain.png" &&
        status 1 "$patchdiff" "$p/new-a.wav" "$p/new-b.wav" --picture "$work/new.png" &&
        status 1 "$patchdiff" "$p/gain-a.wav" "$p/gain-b.wav" --picture "$work/again.png" &&
        is_picture "$work/gain.png" && is_picture "$work/new.png" && cmp "$work/gain.png" "$work/again.png" &&
        ! cmp -s "$work/gain.png" "$work/new.png"
}
check "--picture" draws
check "--picture of channels that do not fit" is_trouble "of sounds of one rate" "$p/channels-a.wav" "$p/channels-b.wav" \
    --picture "$work/none.png"
check "--picture of ladders" is_trouble "no two sounds to draw" "$work/kit.ladder" "$work/short.ladder" --picture "$work/none.png"
check "no picture was begun" test ! -e "$work/none.png"
check "--picture where nothing can be" is_trouble "cannot create" "$p/gain-a.wav" "$p/gain-b.wav" --picture "$work/no/where.png"

# ---- trouble ----

check "no arguments" is_trouble "nothing to compare"
check "one file" is_trouble "nothing to compare it with" "$p/gain-a.wav"
check "three" is_trouble "more than two" 1 2 3
check "no such file" is_trouble "nope.wav: cannot read: No such file or directory" "$p/gain-a.wav" nope.wav
check "a folder" is_trouble "Is a directory" "$p/gain-a.wav" "$work"
: >"$work/empty.wav"
check "an empty file" is_trouble "cannot read: it is empty" "$p/gain-a.wav" "$work/empty.wav"
head -c 100 /dev/zero >"$work/zeros.wav"
check "no sound" is_trouble "zeros.wav: cannot read" "$p/gain-a.wav" "$work/zeros.wav"
check "- twice" is_trouble "one side only" - -
check "an unknown option" is_trouble "unrecognized option" --nonsense
check "two lists of options" is_trouble "is for comparing A with B" check . --engine-a ours
check "--help" status 0 "$patchdiff" --help
full_disk() {
    "$patchdiff" "$p/gain-a.wav" "$p/gain-b.wav" >/dev/full 2>"$work/err"
    [ $? = 2 ] && says "standard output: cannot write"
}
check "a full disk" full_disk
# Memory is that of the pieces: 20 minutes in stereo are 230 MB. The limit is of addresses.
sox -D -r 48000 -c 2 -n -b 16 "$work/long.wav" synth 1200 sine 220 gain -6
long_ones() {
    (ulimit -v 300000 && exec "$patchdiff" "$work/long.wav" "$work/kit.wav" --picture "$work/long.png" --quiet)
    [ $? = 1 ]
}
check "files of any length" long_ones
rm -f "$work/long.wav"

. tests/diff/goldens.sh
check "nothing is left in TMPDIR" nothing_left
report
