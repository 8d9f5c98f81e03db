#!/usr/bin/env bash
# cli - what a user meets at the command line: outputs, errors, exit statuses, files.
. tests/lib.sh

# ---- the specification's example ----

cat >"$work/listing" <<'L'
LOAD_CONST   r1, 440
CALL_OP      osc_sine, r1 -> r2
LOAD_CONST   r3, 0.5
CALL_OP      gain, r2, r3 -> r4
WRITE_OUTPUT r4
L
example_listing() {
    status 0 "$patchc" -S "fixtures/example.$1" && diff "$work/listing" "$work/out"
}
check "listing of the example, S-expression" example_listing sx
check "listing of the example, JSON" example_listing json

same_bytes() {
    status 0 "$patchc" "$1" -o "$work/a.pbc" && status 0 "$patchc" "$2" -o "$work/b.pbc" &&
        cmp "$work/a.pbc" "$work/b.pbc"
}
check "both forms of the example: the same bytes" same_bytes fixtures/example.sx fixtures/example.json

writes_the_specification() {
    status 0 "$patchc" --emit sx fixtures/example.json && diff fixtures/example.sx "$work/out" &&
        status 0 "$patchc" --emit json fixtures/example.sx &&
        python3 -c 'import json, sys; a, b = (json.load(open(f)) for f in sys.argv[1:]); sys.exit(a != b)' \
            fixtures/example.json "$work/out"
}
check "both writers give the specification's text" writes_the_specification

# ---- every fixture: forms, listing, formatting ----

forms_agree() {
    status 0 "$patchc" "$1" -o "$work/1.pbc" &&
        status 0 "$patchc" --emit json "$1" -o "$work/2.json" &&
        status 0 "$patchc" --emit sx "$work/2.json" -o "$work/3.sx" &&
        status 0 "$patchc" --emit json "$work/3.sx" -o "$work/4.json" &&
        cmp "$work/2.json" "$work/4.json" &&
        status 0 "$patchc" "$work/2.json" -o "$work/2.pbc" && cmp "$work/1.pbc" "$work/2.pbc" &&
        status 0 "$patchc" "$work/3.sx" -o "$work/3.pbc" && cmp "$work/1.pbc" "$work/3.pbc"
}
reassembles() {
    for flag in "" -g; do
        status 0 "$patchc" $flag "$1" -o "$work/1.pbc" &&
            status 0 "$patchc" -d "$work/1.pbc" -o "$work/1.text" &&
            status 0 "$patchc" --assemble "$work/1.text" -o "$work/2.pbc" &&
            cmp "$work/1.pbc" "$work/2.pbc" || return 1
    done
}
# A listing of the code is the whole text but for names and places, and a program of its own.
listing_reassembles() {
    status 0 "$patchc" "$1" -o "$work/1.pbc" && status 0 "$patchc" -S "$1" -o "$work/1.text" &&
        status 0 "$patchc" -d "$work/1.pbc" -o "$work/all.text" &&
        sed '/^\.node/d' "$work/all.text" | diff "$work/1.text" - &&
        status 0 "$patchc" --assemble "$work/1.text" -o "$work/2.pbc" &&
        status 0 "$patchc" -d "$work/2.pbc" && diff "$work/1.text" "$work/out" &&
        ! grep -E '.{101}' "$work/1.text"
}
# The canonical form is the file itself: fixtures are written in it.
is_formatted() {
    status 0 "$patchc" --format "$1" && diff "$1" "$work/out"
}
format_keeps_program() {
    status 0 "$patchc" --format "$1" -o "$(dirname "$1")/.format-test.sx" &&
        same_bytes "$1" "$(dirname "$1")/.format-test.sx"
    local result=$?
    rm -f "$(dirname "$1")/.format-test.sx"
    return $result
}
for f in fixtures/*.sx; do
    check "$f: forms agree" forms_agree "$f"
    check "$f: reassembles" reassembles "$f"
    check "$f: the listing reassembles" listing_reassembles "$f"
    check "$f: is formatted" is_formatted "$f"
    check "$f: formatting keeps the program" format_keeps_program "$f"
    check "$f: --check" status 0 "$patchc" --check "$f"
done

# ---- the same of every module's example ----

mkdir "$work/examples"
for name in $("$patchc" --modules | sed -n 's/^  \([a-z][^ ]*\) .*/\1/p'); do
    f=$work/examples/$name.sx
    "$patchc" --example "$name" -o "$f"
    check "$name: forms agree" forms_agree "$f"
    check "$name: reassembles" reassembles "$f"
    check "$name: the listing reassembles" listing_reassembles "$f"
done

big_table() { # more values than a line, a block or a thousand lines hold
    awk 'BEGIN {
        print "(patch (output (math.lookup (osc.phasor (freq 1)) (table"
        for (i = 0; i < 100000; i++) printf " %.7ge%d\n", i / 7 - 5000, i % 50 - 30
        print "))))"
    }' >"$work/big.sx"
    reassembles "$work/big.sx" && listing_reassembles "$work/big.sx"
}
check "a table of 100000 values: the listing reassembles" big_table

check "--emit at the ends of ranges" env PATCHC="$patchc" /usr/bin/python3 tests/front/emit.py "$work"

# ---- what lowering and optimising make of small patches ----

listing_as_committed() {
    status 0 "$patchc" -S "$1" && diff "${1%.sx}.listing" "$work/out" &&
        status 0 "$patchc" --emit json "$1" -o "$work/l.json" &&
        status 0 "$patchc" -S "$work/l.json" && diff "${1%.sx}.listing" "$work/out"
}
for f in tests/listings/*.sx; do
    check "$f: listing" listing_as_committed "$f"
done

# ---- the modules, as patchc tells of them ----

modules_are_listed() {
    status 0 "$patchc" --modules && grep -q '^Filters$' "$work/out" &&
        grep -qE '^  filter\.lopass +state-variable low-pass' "$work/out" &&
        ! grep -E '.{81}' "$work/out"
}
check "--modules lists them by family" modules_are_listed
modules_as_json() {
    status 0 "$patchc" --modules=json && /usr/bin/python3 - "$work/out" <<'P'
import json, sys
modules = {m["name"]: m for m in json.load(open(sys.argv[1]))["modules"]}
cutoff = modules["filter.lopass"]["inputs"][1]
assert modules["filter.lopass"]["family"] == "filter"
assert (cutoff["name"], cutoff["unit"], cutoff["low"], cutoff["default"]) == ("cutoff", "Hz", 1, 1000), cutoff
assert "default" not in modules["filter.lopass"]["inputs"][0]
P
}
check "--modules=json has ports, units, ranges" modules_as_json
module_is_shown() {
    status 0 "$patchc" --module env.adsr && grep -q '^env\.adsr - ' "$work/out" &&
        grep -q 'signal, in s; default 0.005; constants 0 to 300' "$work/out" &&
        ! sed '/^Example/,$d' "$work/out" | grep -E '.{81}'
}
check "--module shows one" module_is_shown
unknown_module() {
    status 2 "$patchc" "$1" filter.lopas && says "there is no module 'filter.lopas'; did you mean 'filter.lopass'?"
}
check "--module: a name that is none" unknown_module --module
check "--example: a name that is none" unknown_module --example
module_usage() {
    status 2 "$patchc" --modules=xml && says "--modules takes text, json, man or markdown, not 'xml'" &&
        status 2 "$patchc" --modules --schema && says "only one of" &&
        status 2 "$patchc" --module gain fixtures/coin.sx && says "is too many"
}
check "--modules: usage" module_usage

# ---- the JSON schema, by a validator that is not ours ----

cat >"$work/validate.py" <<'P'
import json, sys
import jsonschema
schema = json.load(open(sys.argv[1]))
jsonschema.Draft202012Validator.check_schema(schema)
validator = jsonschema.Draft202012Validator(schema)
wanted = sys.argv[2] == "valid"
for name in sys.argv[3:]:
    errors = list(validator.iter_errors(json.load(open(name))))
    if wanted != (not errors):
        print(name, [e.message[:200] for e in errors][:3])
        sys.exit(1)
P
"$patchc" --schema >"$work/schema.json"
for f in fixtures/*.sx; do
    "$patchc" --emit json "$f" >"$work/$(basename "$f").valid.json"
done
check "the schema takes every fixture" /usr/bin/python3 "$work/validate.py" "$work/schema.json" valid \
    fixtures/example.json "$work"/*.valid.json
bad_json() {
    printf '%s' "$2" >"$work/bad.json"
    /usr/bin/python3 "$work/validate.py" "$work/schema.json" invalid "$work/bad.json" &&
        status 1 "$patchc" --check "$work/bad.json"
}
check "schema: misspelt param" bad_json x \
    '{"nodes":{"o":{"type":"osc.sine","params":{"frequ":440}},"out":{"type":"output"}},"connections":[{"from":["o","out"],"to":["out","in"]}]}'
check "schema: number out of range" bad_json x \
    '{"nodes":{"o":{"type":"osc.sine","params":{"freq":99999}},"out":{"type":"output"}},"connections":[{"from":["o","out"],"to":["out","in"]}]}'
check "schema: unknown key" bad_json x \
    '{"nodes":{"o":{"type":"osc.sine"},"out":{"type":"output"}},"conections":[]}'
check "schema: connection without end" bad_json x \
    '{"nodes":{"o":{"type":"osc.sine"},"out":{"type":"output"}},"connections":[{"from":["o","out"]}]}'
check "schema: node without type" bad_json x '{"nodes":{"o":{},"out":{"type":"output"}}}'

check "schema and patchc agree" env PATCHC="$patchc" /usr/bin/python3 tests/front/schema.py \
    "$work/schema.json" "$work"

# ---- the rest of patchc ----

explains_all() {
    local code
    for code in $(sed -n 's/^DIAG(\([0-9]*\),.*/\1/p' text/diagnostics.def); do
        status 0 "$patchc" --explain "E0$code" && grep -q "E0$code" "$work/out" &&
            [ "$(wc -l <"$work/out")" -gt 3 ] || return 1
    done
}
check "--explain knows every code" explains_all
check "--explain of no code" status 2 "$patchc" --explain E9999

json_diagnostics() {
    printf '(patch (output (osc.sin)))' >"$work/bad.sx"
    status 1 "$patchc" --diagnostics json "$work/bad.sx" &&
        python3 -c 'import json, sys
for line in open(sys.argv[1]):
    d = json.loads(line)
    assert d["code"] == "E0204" and d["line"] == 1 and d["column"] == 17, d' "$work/err"
}
check "--diagnostics=json" json_diagnostics
check "no file" status 2 "$patchc"
check "two actions" status 2 "$patchc" -S --check fixtures/example.sx
check "unknown option" status 2 "$patchc" --frobnicate
check "missing file" status 2 "$patchc" "$work/none.sx"
check "says why" says "No such file"
check "--help" status 0 "$patchc" --help
check "--version" status 0 "$patchc" --version
check "default output name" eval 'cp fixtures/example.sx "$work/x.y.sx" && status 0 "$patchc" "$work/x.y.sx" && [ -s "$work/x.y.pbc" ]'
check "missing directory" status 2 "$patchc" fixtures/example.sx -o "$work/no/x.pbc"
check "says which" says "$work/no/x.pbc"
check "full disk" status 2 "$patchc" fixtures/example.sx -o /dev/full
check "no half file" eval '[ -z "$(find "$work" -name "x.pbc*")" ]'
old_file_stays() {
    echo old >"$work/keep.pbc"
    printf '(patch)' >"$work/bad.sx"
    status 1 "$patchc" "$work/bad.sx" -o "$work/keep.pbc" && [ "$(cat "$work/keep.pbc")" = old ]
}
check "an old file stays when the patch is wrong" old_file_stays
keeps_its_input() {
    cp fixtures/example.sx "$work/own.pbc" && status 2 "$patchc" "$work/own.pbc" &&
        status 2 "$patchc" "$work/own.pbc" -o "$work/./own.pbc" && cmp fixtures/example.sx "$work/own.pbc"
}
check "the input is not overwritten" keeps_its_input
follows_links() {
    echo old >"$work/real.pbc" && ln -sf real.pbc "$work/link.pbc" &&
        status 0 "$patchc" fixtures/example.sx -o "$work/link.pbc" && [ -L "$work/link.pbc" ] &&
        cmp "$work/real.pbc" <("$patchc" fixtures/example.sx -o -)
}
check "a symbolic link stays one" follows_links
foreign_sections() {
    printf '.section #00ff2203 0102\nLOAD_CONST r1, 1\nWRITE_OUTPUT r1\n' >"$work/f.text"
    status 0 "$patchc" --assemble "$work/f.text" -o "$work/f.pbc" &&
        status 0 "$patchc" -d "$work/f.pbc" -o "$work/f2.text" && grep -q '^.section #00ff2203 0102' "$work/f2.text" &&
        status 0 "$patchc" --assemble "$work/f2.text" -o "$work/f2.pbc" && cmp "$work/f.pbc" "$work/f2.pbc"
}
check "foreign sections survive as text" foreign_sections
json_is_strict() {
    printf '%s' "$1" >"$work/strict.json"
    status 1 "$patchc" --check "$work/strict.json" && says "$2"
}
check "JSON: a type in params" json_is_strict '{"nodes":{"o":{"params":{"type":"osc.saw"}},"out":{"type":"output","params":{"in":"o"}}}}' E0202
check "JSON: a form in params" json_is_strict '{"nodes":{"o":{"type":"gain","params":{"osc.sine":440}},"out":{"type":"output","params":{"in":"o"}}}}' E0114
check "JSON: an array for a unit" json_is_strict '{"params":{"p":{"unit":["hz"]}},"nodes":{"out":{"type":"output","params":{"in":"p"}}}}' E0113
check "standard input" eval '"$patchc" -S - <fixtures/example.sx | diff - "$work/listing"'
not_bytecode() {
    status 1 "$patchc" -d fixtures/example.sx && says "byte 0: this is not a Repatch bytecode file"
}
check "-d of something else" not_bytecode

# ---- patchrun ----

run() {
    status 0 "$patchrun" "$@" --quiet
}
length() {
    soxi -s "$1"
}
exact_length() {
    run fixtures/example.sx --seconds 1 -o "$work/s.wav" && [ "$(length "$work/s.wav")" = 48000 ] &&
        run fixtures/example.sx --frames 1234 -o "$work/f.wav" && [ "$(length "$work/f.wav")" = 1234 ]
}
check "exact length" exact_length
hash_of() {
    "$patchrun" "$@" --hash | cut -d' ' -f1
}
bytecode_equals_patch() {
    status 0 "$patchc" fixtures/coin.sx -o "$work/coin.pbc" &&
        [ "$(hash_of fixtures/coin.sx)" = "$(hash_of "$work/coin.pbc")" ]
}
check "bytecode and patch sound the same" bytecode_equals_patch
hash_is_of_the_samples() {
    local h
    h=$(hash_of fixtures/coin.sx -o "$work/coin.wav")
    build/tests/tools/audio_stats "$work/coin.wav" | grep -q "hash=$h"
}
check "--hash is of the samples as written" hash_is_of_the_samples
formats_hold_the_same() {
    local h f
    h=$(hash_of fixtures/coin.sx --seconds 0.5)
    for f in wav flac; do
        run fixtures/coin.sx --seconds 0.5 -o "$work/c.$f" &&
            build/tests/tools/audio_stats "$work/c.$f" | grep -q "hash=$h" || return 1
    done
}
check "WAV and FLAC hold the same samples" formats_hold_the_same
two_runs() {
    run fixtures/wind.sx --seconds 0.3 -o "$work/1.$1" ${2:-} && sleep 1.1 &&
        run fixtures/wind.sx --seconds 0.3 -o "$work/2.$1" ${2:-} && cmp "$work/1.$1" "$work/2.$1"
}
check "two runs, one file: WAV" two_runs wav
check "two runs, one file: WAV, 24 bits" two_runs wav "--bits 24"
check "two runs, one file: WAV, float" two_runs wav "--bits float"
check "two runs, one file: FLAC" two_runs flac
check "two runs, one file: OGG" two_runs ogg
to_a_pipe() {
    "$patchrun" fixtures/coin.sx -o - | cat >"$work/piped.wav" &&
        run fixtures/coin.sx -o "$work/straight.wav" && cmp "$work/piped.wav" "$work/straight.wav"
}
check "-o - writes to a pipe" to_a_pipe
quiet_in_a_pipe() {
    status 0 "$patchrun" fixtures/example.sx --seconds 600 -o "$work/long.wav" && [ ! -s "$work/err" ]
}
check "quiet in a pipe" quiet_in_a_pipe
# Long enough to last over a second on any machine.
shows_progress() {
    timeout 60 script -qec "$patchrun fixtures/example.sx --seconds 80000 --hash" /dev/null |
        tr '\r' '\n' >"$work/terminal"
    grep -q '% .* s of 80000.0 s' "$work/terminal" && grep -qE '^.*[0-9a-f]{32}  ' "$work/terminal"
}
check "progress on a terminal" shows_progress
seeds_differ() {
    [ "$(hash_of fixtures/wind.sx --seconds 1 --seed 1)" != "$(hash_of fixtures/wind.sx --seconds 1 --seed 2)" ]
}
check "another seed, another sound" seeds_differ
set_acts() {
    [ "$(hash_of fixtures/engine-loop.sx --seconds 1)" != \
        "$(hash_of fixtures/engine-loop.sx --seconds 1 --set rpm=4000)" ]
}
check "--set acts" set_acts
check "unknown parameter" status 1 "$patchrun" fixtures/engine-loop.sx --set rmp=1000 --hash
check "did you mean" says "rpm"
check "wrong unit" status 1 "$patchrun" fixtures/coin.sx --set pitch=5ms --hash
check "out of range" status 1 "$patchrun" fixtures/engine-loop.sx --set rpm=1e9 --hash
check "not a number" status 1 "$patchrun" fixtures/engine-loop.sx --set rpm=fast --hash
check "a patch with errors" eval 'printf "(patch)" >"$work/bad.sx"; status 1 "$patchrun" "$work/bad.sx" -o "$work/never.wav" && says E0215 && [ ! -e "$work/never.wav" ]'
nan_named() {
    printf '(patch (params (x (range 0 1) (default 0))) (nodes (bad (math.div (a 1) (b x)))) (output bad))' >"$work/nan.sx"
    status 1 "$patchrun" "$work/nan.sx" --seconds 1 -o "$work/never.wav" && says "'bad'" && says "frame 0" &&
        [ ! -e "$work/never.wav" ]
}
check "NaN names node, voice and frame; nothing written" nan_named
refused() {
    "$patchc" fixtures/coin.sx -o "$work/coin.pbc" && head -c 100 "$work/coin.pbc" >"$work/short.pbc"
    status 1 "$patchrun" "$work/short.pbc" --hash && says "byte 16"
}
check "a refused file names offset and reason" refused
check "missing directory" status 2 "$patchrun" fixtures/coin.sx -o "$work/no/x.wav"
check "full disk" status 2 "$patchrun" fixtures/coin.sx -o /dev/full
check "unknown extension" status 2 "$patchrun" fixtures/coin.sx -o "$work/x.xyz"
unwritable() {
    mkdir -p "$work/ro" && chmod a-w "$work/ro" && status 2 "$patchrun" fixtures/coin.sx -o "$work/ro/x.wav"
}
if [ "$(id -u)" = 0 ]; then
    skipped=$((skipped + 1)) # root may write everywhere
else
    check "unwritable directory" unwritable
fi
disk_limit() { # of a build that counts branches, the counts go elsewhere
    (ulimit -f 8 && GCOV_PREFIX=$work status 2 "$patchrun" fixtures/example.sx --seconds 10 -o "$work/limited.wav") &&
        [ -z "$(find "$work" -name '*limited*' -o -name '.repatch*')" ]
}
check "a file too large leaves nothing" disk_limit
interrupted() {
    "$patchrun" fixtures/example.sx --seconds 80000 -o "$work/killed.wav" 2>/dev/null &
    local pid=$!
    sleep 0.5
    kill -TERM $pid
    wait $pid
    [ -z "$(find "$work" -name '*killed*' -o -name '.repatch*')" ]
}
check "interrupted: no file, no temporary" interrupted
variations_are_single_runs() {
    run fixtures/wind.sx --seconds 0.2 --variations 5 --seed 10 -o "$work/v.wav" || return 1
    for i in 1 2 3 4 5; do
        run fixtures/wind.sx --seconds 0.2 --seed $((9 + i)) -o "$work/one.wav" &&
            cmp "$work/one.wav" "$work/v-$i.wav" || return 1
    done
}
check "variations are single runs" variations_are_single_runs
until_silent() {
    run fixtures/coin.sx --until-silent -o "$work/u.wav" && local n && n=$(length "$work/u.wav") &&
        [ "$n" -gt 4800 ] && [ "$n" -lt 240000 ] &&
        run fixtures/coin.sx --seconds 4 -o "$work/whole.wav" &&
        sox -D "$work/whole.wav" "$work/cut.wav" trim 0 "${n}s" &&
        [ "$(build/tests/tools/audio_stats "$work/u.wav" | cut -d' ' -f1)" = \
            "$(build/tests/tools/audio_stats "$work/cut.wav" | cut -d' ' -f1)" ]
}
check "--until-silent is the start of the whole" until_silent
from_a_pipe() {
    [ "$(hash_of <(cat fixtures/coin.sx))" = "$(hash_of fixtures/coin.sx)" ] &&
        [ "$("$patchrun" - --hash <fixtures/coin.sx | cut -d' ' -f1)" = "$(hash_of fixtures/coin.sx)" ]
}
check "a patch from a pipe" from_a_pipe
gate_is_played() {
    printf '(patch (output (env.adsr (release 10ms))))' >"$work/gate.sx"
    run "$work/gate.sx" --set gate=0@1s -o "$work/gate.wav" && [ "$(length "$work/gate.wav")" -gt 48000 ]
}
check "a gate that is played is not let go before" gate_is_played
check "dB parameters in dB" eval 'printf "(patch (params (l (unit db) (default -6.02))) (output (gain (osc.saw) l)))" >"$work/l.sx"; status 0 "$patchrun" --info "$work/l.sx" && grep -q -- "-120 dB .*24 dB .*-6.02 dB" "$work/out"'
locale_does_not_matter() {
    [ "$(hash_of fixtures/coin.sx)" = "$(LC_ALL=de_DE.UTF-8 TZ=Asia/Tokyo hash_of fixtures/coin.sx)" ]
}
check "locale and time zone do not matter" locale_does_not_matter
check "--info says what a patch costs" eval '"$patchrun" --info fixtures/example.sx >"$work/out" && grep -q "at most 24 operations a frame$" "$work/out" && "$patchrun" --info=json fixtures/example.sx | python3 -c "import json, sys; assert json.load(sys.stdin)[\"cost\"] == 24"'
check "the cost of a module is that of its example, with its law" eval 'status 0 "$patchc" --module convolve && tr -s " \n" " " <"$work/out" | grep -q "Cost 48 operations a frame in the example, of which convolve is 16 + 2 for each value of its table"'
check "--info" eval 'status 0 "$patchrun" --info fixtures/engine-loop.sx && grep -q rpm "$work/out"'


# ---- scores ----

score_info() {
    printf '(score "two") (bus all) (sample kick "kick.wav" :loop (10 90) :root a2 :bus all)\n(patch w "wind.sx") (play kick) (play w) (end 2s)\n' >"$work/info.sx"
    cp fixtures/scores/samples/kick.wav fixtures/wind.sx "$work" &&
        status 0 "$patchrun" --info "$work/info.sx" && [ ! -s "$work/err" ] &&
        grep -q 'info.sx: "two", 2 commands, ends at 2 s$' "$work/out" &&
        grep -q '^16 voices, steal oldest, on ticks, seed 0$' "$work/out" &&
        grep -qE '^sample kick +44100 Hz, 14112 frames \(0.32 s\), root 45, loop 10 to 90$' "$work/out" &&
        grep -qE '^patch  w +(mono|stereo)' "$work/out" && grep -qE '^bus    all +to mix$' "$work/out" &&
        status 0 "$patchrun" --info=json "$work/info.sx" && python3 -c 'import json, sys
d = json.load(open(sys.argv[1]))
assert (d["name"], d["commands"], d["end_frame"], d["voices"], d["steal"]) == ("two", 2, 96000, 16, "oldest"), d
kick, w = d["sources"]
assert (kick["kind"], kick["rate"], kick["frames"], kick["root"], kick["loop"]) == ("sample", 44100, 14112, 45, [10, 90]), kick
assert w["kind"] == "patch" and isinstance(w["params"], list), w
assert d["buses"] == [{"name": "all", "to": "mix", "volume": 255, "pan": 128}], d' "$work/out"
}
check "--info of a score" score_info
check "--info of a MIDI file" eval 'status 0 "$patchrun" fixtures/scores/tune.mid --map fixtures/scores/midi-map.sx --info && grep -q "^128 voices" "$work/out"'
late_note() { # NOTE, or nothing; ARGUMENTS...
    local wanted=$1
    shift
    status 0 "$patchrun" "$work/late.sx" --hash "$@" || return 1
    if [ -n "$wanted" ]; then says "patchrun: note: $work/late.sx: $wanted"; else ! grep -q 'after the end' "$work/err"; fi
}
printf '(score)\n(sample kick "kick.wav")\n(play kick)\n(play kick :at 4s)\n(play kick :at 3s)\n(play kick :at 5s)\n(end 2s)\n' >"$work/late.sx"
check "commands after the end are told" late_note "3 commands lie after the end at 2 s, the first in line 5"
check "... but not quietly" late_note "" --quiet
check "... nor when the end is another" late_note "" --seconds 6
late_in_other() {
    printf '(score)\n(sample kick "kick.wav")\n(include "other.sx")\n(end 2s)\n' >"$work/late.sx"
    printf '(score)\n(play kick :at 2s)\n(play kick)\n' >"$work/other.sx"
    late_note "1 command lies after the end at 2 s, it is in line 2 of $work/other.sx"
}
check "... one, in another file" late_in_other
counts_one() {
    printf '(score) (voices 1) (steal none) (sample kick "kick.wav") (play kick) (play kick)' >"$work/late.sx"
    late_note "0 voices stolen, 1 play refused (--trace tells which)"
}
check "one play refused" counts_one
not_for_patchc() {
    local how
    for how in --check -S "--emit json"; do
        # shellcheck disable=SC2086
        status 1 "$patchc" $how "$1" && says "this is a score" && says "= help: patchrun plays scores" &&
            [ ! -s "$work/out" ] || return 1
    done
}
check "patchc and a score" not_for_patchc fixtures/scores/night-drive.sx
check "patchc and a score in JSON" not_for_patchc fixtures/scores/game-loop.jsonl
json_lines_have_one_layout() {
    status 1 "$patchc" --format fixtures/scores/game-loop.jsonl && says "this is a score in JSON lines" &&
        [ ! -s "$work/out" ]
}
check "--format: a score in JSON lines" json_lines_have_one_layout
for f in fixtures/scores/*.sx; do
    check "$f: is formatted" is_formatted "$f"
done
# Without any layout of its own the same score: the same sound, and what is formatted stays.
format_keeps_score() {
    local name=.format-test.sx
    sed 's/^ *//; /^;/!s/  */ /g' "fixtures/scores/$1.sx" | awk '/;/ || /^$/ {print; next} {printf "%s ", $0}' \
        >"fixtures/scores/$name"
    status 0 "$patchc" --format "fixtures/scores/$name" -o "$work/once.sx" && cp "$work/once.sx" "fixtures/scores/$name" &&
        is_formatted "fixtures/scores/$name" && ! grep -E '^[^;]{81}' "$work/once.sx" &&
        [ "$("$patchrun" "fixtures/scores/$name" --quiet --hash | cut -d' ' -f1)" = "$(sed -n 's/^hash: //p' "golden/scores/$1.golden")" ]
    local result=$?
    rm -f "fixtures/scores/$name"
    return $result
}
for f in stealing-oldest kit-808 engine; do
    check "$f: formatting keeps the score" format_keeps_score "$f"
done

# ---- effects: a sound that goes in ----

stats() {
    build/tests/tools/audio_stats "$1"
}
run fixtures/coin.sx --frames 6000 -o "$work/mono.wav"
run fixtures/chord.sx --frames 6000 -o "$work/stereo.wav"
printf '(patch (output (input.mono)))' >"$work/through1.sx"
printf '(patch (output (input)))' >"$work/through2.sx"
goes_through() { # PATCH SOUND
    run "$work/$1" --input "$2" --frames "$(length "$2")" -o "$work/same.wav" &&
        [ "$(stats "$2")" = "$(stats "$work/same.wav")" ]
}
check "a mono sound goes through" goes_through through1.sx "$work/mono.wav"
check "a stereo sound goes through" goes_through through2.sx "$work/stereo.wav"
through_formats() {
    local bits f
    for bits in 16 24 float; do
        for f in wav flac; do
            if [ $bits-$f = float-flac ]; then continue; fi
            run fixtures/chord.sx --frames 6000 --bits $bits -o "$work/in.$f" &&
                run "$work/through2.sx" --input "$work/in.$f" --frames 6000 --bits $bits -o "$work/out.$f" &&
                cmp "$work/in.$f" "$work/out.$f" || { echo "$bits $f"; return 1; }
        done
    done
    run fixtures/chord.sx --frames 6000 -o "$work/in.ogg" &&
        run "$work/through2.sx" --input "$work/in.ogg" --frames 6000 -o "$work/out.wav" &&
        [ "$(stats "$work/out.wav" | sed 's/.*values=//; s/ .*//')" -gt 100 ]
}
check "whole numbers and floats, WAV, FLAC and Ogg" through_formats
mono_to_both() {
    run "$work/through2.sx" --input "$work/mono.wav" --frames 6000 -o "$work/both.wav" &&
        sox -D -M "$work/mono.wav" "$work/mono.wav" "$work/want.wav" &&
        [ "$(stats "$work/both.wav")" = "$(stats "$work/want.wav")" ]
}
check "a mono sound goes to both sides" mono_to_both
effect_however_cut() {
    local wanted how
    wanted=$(hash_of fixtures/echo-bus.sx --input "$work/stereo.wav" --lanes 1 --frames-per-call 4096)
    for how in "--frames-per-call 1" "--frames-per-call 63" "--frames-per-call 799" "--lanes 4" \
        "--lanes 16 --frames-per-call 97" "--isa base --lanes 8"; do
        # shellcheck disable=SC2086
        [ "$(hash_of fixtures/echo-bus.sx --input "$work/stereo.wav" $how)" = "$wanted" ] || { echo "$how"; return 1; }
    done
    # shellcheck disable=SC2046
    [ "$(hash_of fixtures/echo-bus.sx --input "$work/stereo.wav" --variations 5 --lanes 4 --threads 2 | sort -u)" = "$wanted" ]
}
check "an effect, however cut: one hash" effect_however_cut
variations_hear_all() {
    printf '(patch (def in (input.mono)) (output (gain in (amp 1 (gain (noise.white) (amp 0.1))))))' >"$work/rough.sx"
    run "$work/rough.sx" --input "$work/mono.wav" --variations 5 --seed 3 --lanes 4 -o "$work/rough.wav" || return 1
    local i
    for i in 1 2 3 4 5; do
        run "$work/rough.sx" --input "$work/mono.wav" --seed $((2 + i)) -o "$work/one.wav" &&
            cmp "$work/one.wav" "$work/rough-$i.wav" || return 1
    done
}
check "variations of an effect are single runs" variations_hear_all
lasts_until_it_is_over() {
    local echo='(patch (output (delay.feedback (input.mono) (time 0.5s))))' n
    echo "$echo" >"$work/late.sx"
    run "$work/late.sx" --input "$work/mono.wav" -o "$work/late.wav" --silence-hold 0.6s || return 1
    n=$(length "$work/late.wav")
    [ "$n" -gt 29000 ] && [ "$n" -le 30000 ] || { echo "$n frames"; return 1; }
    # Silence at the end of the input is part of it, however long.
    sox -D "$work/mono.wav" "$work/padded.wav" pad 0 1.5 &&
        run "$work/through1.sx" --input "$work/padded.wav" -o "$work/whole.wav" &&
        [ "$(stats "$work/whole.wav")" = "$(stats "$work/padded.wav")" ] &&
        run "$work/through1.sx" --input "$work/padded.wav" -o "$work/whole.wav" --longest 0.1s &&
        [ "$(length "$work/whole.wav")" = 4800 ] &&
        run "$work/through1.sx" --input "$work/mono.wav" -o "$work/whole.wav" --frames 9000 &&
        [ "$(length "$work/whole.wav")" = 9000 ]
}
check "an effect lasts until its input has ended and it is silent" lasts_until_it_is_over
gate_of_effect() {
    printf '(patch (output (gain (input.mono) (amp (env.adsr (attack 0) (sustain 1) (release 10ms))))))' >"$work/vca.sx"
    sox -D "$work/mono.wav" "$work/long.wav" repeat 11 && # 1.5 s
        run "$work/vca.sx" --input "$work/long.wav" -o "$work/vca.wav" &&
        [ "$(stats "$work/vca.wav")" = "$(stats "$work/long.wav")" ]
}
check "the gate of an effect is held while there is input" gate_of_effect
hears_silence() {
    status 0 "$patchrun" fixtures/echo-bus.sx --seconds 0.1 -o "$work/silent.wav" && says "its input is silent" &&
        sox "$work/silent.wav" -n stat 2>&1 | grep -qE 'Maximum amplitude: +0\.0+$' &&
        status 0 "$patchrun" fixtures/echo-bus.sx --seconds 0.1 -o "$work/silent.wav" --quiet && [ ! -s "$work/err" ]
}
check "an effect without --input hears silence, and says so" hears_silence
check "--input of a patch that takes none" status 1 "$patchrun" fixtures/coin.sx --input "$work/mono.wav" --hash
check "says what would take one" says "node of type 'input'"
wrong_input() { # STATUS TEXT SOUND PATCH
    status "$1" "$patchrun" "$4" --input "$3" -o "$work/never.wav" && says "$2" && [ ! -e "$work/never.wav" ]
}
sox -D "$work/mono.wav" -r 44100 "$work/44100.wav"
sox -D -M "$work/stereo.wav" "$work/mono.wav" "$work/three.wav"
check "input of another rate" wrong_input 1 "has 44100 frames a second" "$work/44100.wav" "$work/through1.sx"
check "says how to convert it" says "sox -D"
check "stereo into mono" wrong_input 1 "has 2 channels, and the patch takes 1" "$work/stereo.wav" "$work/through1.sx"
check "says how to mix it" says "remix -"
check "three channels" wrong_input 1 "has 3 channels, and the patch takes 2" "$work/three.wav" "$work/through2.sx"
check "input that is no sound" wrong_input 1 "not a sound file" fixtures/coin.sx "$work/through1.sx"
check "input that is missing" wrong_input 2 "No such file" "$work/none.wav" "$work/through1.sx"
check "input that is a folder" wrong_input 2 "not a regular file" "$work" "$work/through1.sx"
bad_input() {
    python3 -c 'import struct, sys
data = struct.pack("<300f", *([0.1] * 200 + [float("nan")] + [0.1] * 99))
head = struct.pack("<IHHIIHH", 16, 3, 1, 48000, 192000, 4, 32)
open(sys.argv[1], "wb").write(b"RIFF" + struct.pack("<I", 36 + len(data)) + b"WAVEfmt " + head + b"data" + struct.pack("<I", len(data)) + data)' "$work/nan.wav"
    for how in "" "--lanes 16" "--frames-per-call 7" "--variations 3 --lanes 4"; do
        # shellcheck disable=SC2086
        status 1 "$patchrun" fixtures/radio.sx --input "$work/nan.wav" -o "$work/never.wav" $how &&
            says "nan.wav: is inf or NaN at frame 200" && [ -z "$(find "$work" -name 'never*')" ] || return 1
    done
    status 0 "$patchrun" fixtures/radio.sx --input "$work/nan.wav" --frames 200 --hash
}
check "input that is not a number" bad_input
check "--info says what goes in" eval 'status 0 "$patchrun" --info fixtures/echo-bus.sx && grep -q "stereo from a stereo input" "$work/out" && "$patchrun" --info=json fixtures/radio.sx | grep -q "\"inputs\": 1"'
serial_acts() {
    local zero one
    zero=$(hash_of fixtures/wind.sx --seconds 0.3) && one=$(hash_of fixtures/wind.sx --seconds 0.3 --serial 1)
    [ "$zero" = "$(hash_of fixtures/wind.sx --seconds 0.3 --serial 0)" ] && [ "$zero" != "$one" ] &&
        [ "$one" = "$(hash_of fixtures/wind.sx --seconds 0.3 --serial 1 --lanes 8)" ] &&
        [ "$one" != "$(hash_of fixtures/wind.sx --seconds 0.3 --seed 1)" ] &&
        status 2 "$patchrun" fixtures/wind.sx --serial -1 --hash
}
check "--serial: another voice, other noise" serial_acts

# ---- limits ----

limits_as_text() {
    status 0 "$patchc" --limits fixtures/example.sx && grep -qx 'operations a frame and voice, at most: 24' "$work/out" &&
        grep -q '^  mono  *0\.500000477 (-0\.500000477 to 0\.500000477)$' "$work/out" &&
        status 0 "$patchc" fixtures/example.sx -o "$work/a.pbc" && cp "$work/out" "$work/of-bytecode" &&
        status 0 "$patchc" --limits fixtures/example.sx -o "$work/1" && status 0 "$patchc" --limits "$work/a.pbc" -o "$work/2" &&
        cmp "$work/1" "$work/2"
}
check "--limits: of a patch as of its bytecode" limits_as_text
# Nodes add up to the whole, and to what patchrun says.
limits_as_json() {
    status 0 "$patchc" --limits=json fixtures/mastering.sx && python3 - "$work/out" <<'P'
import json, sys
l = json.load(open(sys.argv[1]))
assert sum(n["operations"] for n in l["nodes"]) == l["operations"] > 0
assert sum(n["state_bytes"] for n in l["nodes"]) == l["state_bytes"] > 0
assert list(l["group_bytes"]) == ["1", "4", "8", "16"]
assert sorted(l["group_bytes"].values()) == list(l["group_bytes"].values())
assert l["group_bytes"]["1"] > l["state_bytes"] + l["delay_bytes"]
assert len(l["peak"]) == 2 and all(p["bounded"] and 1 <= p["high"] < 1.001 for p in l["peak"]), l["peak"]
P
}
check "--limits=json: nodes, memory, a limiter's peak" limits_as_json
limits_name_what_has_none() {
    echo '(patch (output (filter.lopass (osc.saw) (osc.sine 5))))' >"$work/wild.sx"
    status 0 "$patchc" --limits "$work/wild.sx" && grep -q 'not bounded: instruction [0-9]*, svf_coeff of node lopass1$' "$work/out" &&
        status 0 "$patchc" --limits=json "$work/wild.sx" &&
        python3 -c 'import json, sys; p, = json.load(open(sys.argv[1]))["peak"]; sys.exit(p["bounded"] or p["node"] != "lopass1")' "$work/out"
}
check "--limits names the node without a bound" limits_name_what_has_none
limits_of_what_is_wrong() {
    printf '\211RPB\r\n\032\nshort' >"$work/short.pbc"
    status 1 "$patchc" --limits "$work/short.pbc" && says "byte 13: the file ends within its header" &&
        status 1 "$patchc" --limits fixtures/broken/E0204-unknown-module.sx && says "[E0204]" &&
        status 2 "$patchc" --limits=xml fixtures/example.sx && says "--limits takes text or json, not 'xml'" &&
        status 2 "$patchc" --limits -S fixtures/example.sx && says "only one of"
}
check "--limits of what is no program" limits_of_what_is_wrong
report
