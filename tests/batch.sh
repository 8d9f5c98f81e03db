#!/usr/bin/env bash
# batch - a sound of a batch is what it is alone (P2, P3), wherever it is written; patchrun(1).
. tests/lib.sh

isas=base
grep -qw avx2 /proc/cpuinfo && isas="$isas avx2"
has_gate() {
    "$patchrun" --info "$1" | grep -q '^ *gate '
}
inputs_of() { # channels
    "$patchrun" --info=json "$1" | sed -n 's/.*"inputs": \([0-9]\).*/\1/p'
}
"$patchrun" fixtures/coin.sx --frames 9000 -o "$work/input1.wav" --quiet
"$patchrun" fixtures/chord.sx --frames 9000 -o "$work/input2.wav" --quiet

# ---- alone and in a crowd ----
# Each patch several times, with settings and lengths of its own, among the others: as lines of a
# list, and as commands.
echo '(batch)' >"$work/all.sx"
: >"$work/alone"
n=0
add() { # PATCH OPTIONS-OF-THE-LIST -- OPTIONS-OF-THE-COMMAND
    local patch=$1 options=
    shift
    while [ "$1" != -- ]; do
        options="$options $1"
        shift
    done
    shift
    n=$((n + 1))
    echo "(sound \"$patch\" \"s$n.wav\"$options)" >>"$work/all.sx"
    "$patchrun" "$patch" "$@" --hash --quiet | sed "s|  .*|  s$n.wav|" >>"$work/alone"
}
add_patch() { # PATCH
    local input option held
    input=$(inputs_of "$1") option='' held=''
    if [ "$input" != 0 ]; then input=$work/input$input.wav option="--input $input"; else input=; fi
    if has_gate "$1"; then held="--set gate=0@4321f"; fi
    # shellcheck disable=SC2086
    {
        add "$1" ${input:+:input "\"$input\""} :seconds 0.2 :seed 5 -- --seconds 0.2 --seed 5 $option
        add "$1" ${input:+:input "\"$input\""} :frames 7001 :serial 3 ${held:+"(set gate 0 :at 4321f)"} -- \
            --frames 7001 --serial 3 $option $held
        add "$1" ${input:+:input "\"$input\""} :longest 12000f :silence-hold 2000f :silence-threshold -60db -- \
            --longest 12000f --silence-hold 2000f --silence-threshold -60db $option
    }
}
for f in "$PWD"/fixtures/*.sx; do add_patch "$f"; done
mkdir "$work/examples"
for name in $("$patchc" --modules | sed -n 's/^  \([a-z][^ ]*\) .*/\1/p'); do
    f=$work/examples/$name.sx
    "$patchc" --example "$name" -o "$f"
    input=$(inputs_of "$f")
    if [ "$input" = 0 ]; then
        add "$f" :frames 2500 :seed 2 -- --frames 2500 --seed 2
        add "$f" :longest 3000f :silence-hold 500f -- --longest 3000f --silence-hold 500f
    fi
done
[ "$n" -gt 300 ] || fail "only $n sounds"
as_alone() { # OPTIONS...
    "$patchrun" "$work/all.sx" --hash --quiet "$@" | diff "$work/alone" -
}
check "$n sounds are what they are alone" as_alone
for lanes in 1 4 8 16; do
    check "in a batch, $lanes lanes" as_alone --lanes $lanes
    for isa in $isas; do
        check "in a batch, $lanes lanes, $isa, cut at 97" as_alone --lanes $lanes --isa $isa --frames-per-call 97
    done
done
for threads in 2 3 5; do
    check "in a batch, $threads threads" as_alone --threads $threads
    check "in a batch, $threads threads, 4 lanes, cut at 1000" as_alone --threads $threads --lanes 4 --frames-per-call 1000
done
into_files() {
    "$patchrun" "$work/all.sx" -o "$work/files" --hash --quiet --threads 2 | sed 's|  .*/|  |' | diff "$work/alone" - &&
        [ "$(find "$work/files" -type f | wc -l)" = "$n" ] && "$patchrun" "$work/all.sx" --quiet --sheet "$work/sheet.wav" \
        --index "$work/sheet.json" --gap 3ms --threads 3 --hash >"$work/hashes" &&
        diff "$work/alone" <(head -n -1 "$work/hashes")
}
check "into files, into a sheet" into_files
# Each piece of the sheet is the file of its name, in both channels if that is mono.
check "a sheet has all sounds where its index says" python3 - "$work" <<'EOF'
import array, json, sys, wave
def read(path):
    w = wave.open(path)
    assert (w.getframerate(), w.getsampwidth()) == (48000, 2), path
    return w.getnchannels(), array.array("h", w.readframes(w.getnframes()))
work = sys.argv[1]
index = json.load(open(work + "/sheet.json"))
channels, sheet = read(work + "/sheet.wav")
assert channels == index["channels"] == 2 and len(sheet) == 2 * index["frames"]
at = 0
for i, sound in enumerate(index["sounds"]):
    own, samples = read(work + "/files/" + sound["name"])
    if i:
        assert not any(sheet[2 * at:2 * at + 2 * 144]), "the gap is silent"
        at += 144
    assert sound["begin"] == at and sound["frames"] * own == len(samples) and own == sound["channels"]
    for c in range(2):
        assert sheet[2 * at + c:2 * (at + sound["frames"]):2] == samples[c % own::own], sound["name"]
    at += sound["frames"]
assert at == index["frames"]
EOF

# ---- files, byte for byte ----
as_single_files() {
    local k
    cat >"$work/formats.jsonl" <<EOF
["batch"]
["default", {"seconds": 0.1, "dither": true}]
["sound", "$PWD/fixtures/wind.sx", "a.wav"]
["sound", "$PWD/fixtures/coin.sx", "b.wav", {"bits": 24}]
["sound", "$PWD/fixtures/wind.sx", "c.wav", {"bits": "float", "dither": false}]
["sound", "$PWD/fixtures/coin.sx", "d/e/f.flac", {"bits": 24, "seed": "18446744073709551615"}]
["sound", "$PWD/fixtures/wind.sx", "d/g.ogg", {"dither": false}]
["sound", "$PWD/fixtures/blip.sx", "h", {"dither": false, "until-silent": true, "format": "flac"}]
EOF
    run() {
        "$patchrun" "fixtures/$1.sx" "${@:3}" --quiet -o "$work/single.${2#*.}" &&
            cmp "$work/formats/$2" "$work/single.${2#*.}"
    }
    "$patchrun" "$work/formats.jsonl" -o "$work/formats" &&
        run wind a.wav --seconds 0.1 --dither && run coin b.wav --seconds 0.1 --dither --bits 24 &&
        run wind c.wav --seconds 0.1 --bits float && run wind d/g.ogg --seconds 0.1 &&
        run coin d/e/f.flac --seconds 0.1 --dither --bits 24 --seed 18446744073709551615 &&
        run blip h --format flac
}
check "a file of a batch is the file of a single run" as_single_files
as_forms() {
    sed 's/.*/(batch)/' <<<x >"$work/two.sx"
    cat >>"$work/two.sx" <<EOF
(patch w "$PWD/fixtures/wind.sx" :set (strength 0.8) :seconds 0.1) ; a comment
#| another |#
(default :seed 4)
(sound w "a.wav" :set (howl 0.9 strength 70%) (set pitch 500 :at 20ms) (glide pitch 1khz 30ms :at 0.05))
(sound w "v.wav" :variations 3)
EOF
    cat >"$work/two.jsonl" <<EOF
["batch"]
["patch", "w", "$PWD/fixtures/wind.sx", {"set": {"strength": 0.8}, "seconds": 0.1}]
["default", {"seed": 4}]
["sound", "w", "a.wav", {"set": {"howl": 0.9, "strength": "70%"}}, ["set", "pitch", 500, {"at": "20ms"}], ["glide", "pitch", "1khz", "30ms", {"at": 0.05}]]
["sound", "w", "v.wav", {"variations": 3}]
EOF
    "$patchrun" "$work/two.sx" --hash >"$work/a" && "$patchrun" - --hash <"$work/two.jsonl" | diff "$work/a" - &&
        "$patchrun" fixtures/wind.sx --hash --seconds 0.1 --seed 4 --set strength=0.7 --set howl=0.9 --set pitch=500@20ms \
            --set pitch=1khz@50ms~30ms | cut -d' ' -f1 | diff - <(head -1 "$work/a" | cut -d' ' -f1) &&
        "$patchrun" fixtures/wind.sx --hash --seconds 0.1 --seed 4 --set strength=0.8 --variations 3 | cut -d' ' -f1 |
        diff - <(tail -3 "$work/a" | cut -d' ' -f1) && grep -q ' v-3.wav$' "$work/a"
}
check "forms, JSON lines and the command line say the same" as_forms
the_golden() {
    "$patchrun" "$1" --hash --quiet --threads 2 | diff "golden/batches/$(basename "$1" .sx).hashes" -
}
for f in fixtures/batches/*.sx; do
    check "$f: its hashes" the_golden "$f"
done
options_are_defaults() {
    "$patchrun" "$work/two.sx" --hash --seconds 0.05 --seed 9 >"$work/b" && diff "$work/a" "$work/b" || return 1
    printf '(batch)\n(sound "%s" "a.wav")\n' "$PWD/fixtures/coin.sx" >"$work/one.sx"
    "$patchrun" "$work/one.sx" --hash --seconds 0.05 --variations 2 | cut -d' ' -f1 >"$work/a"
    "$patchrun" fixtures/coin.sx --hash --seconds 0.05 --variations 2 | cut -d' ' -f1 | diff "$work/a" -
}
check "the command line has what the list leaves open" options_are_defaults

# ---- what is wrong ----
echo '(patch (output (math.div (osc.sine) (env.decay (time 0.02)))))' >"$work/late.sx"
lowest_failure() { # OPTIONS...
    {
        echo '(batch)'
        for k in $(seq 40); do echo "(sound \"$PWD/fixtures/coin.sx\" \"$k.wav\" :frames 9000 :seed $k)"; done
        echo '(sound "late.sx" "bad/a.wav" :seconds 30 :seed 41)'
        echo '(sound "late.sx" "bad/b.wav" :frames 9 :seed 42)'
        echo '(sound "late.sx" "bad/c.wav" :seconds 20 :seed 43)'
    } >"$work/failing.sx"
    status 1 "$patchrun" "$work/failing.sx" -o "$work/never" "$@" &&
        says "failing.sx:42: $work/late.sx: node" && says "seed 41" && [ ! -e "$work/never" ]
}
for how in "--lanes 1" "--lanes 4 --threads 2" "--threads 3" "--frames-per-call 7000"; do
    # shellcheck disable=SC2086
    check "the first sound that fails is named: $how" lowest_failure $how
done
others_stay() {
    mkdir "$work/there" && echo old >"$work/there/1.wav" &&
        status 1 "$patchrun" "$work/failing.sx" -o "$work/there" && [ "$(ls "$work/there")" = 1.wav ] &&
        [ "$(cat "$work/there/1.wav")" = old ]
}
check "and nothing is changed" others_stay
refused() { # TEXT OPTIONS...
    local text=$1
    shift
    status 2 "$patchrun" "$@" && says "$text"
}
check "no place" refused "the folder for the sounds is missing" "$work/one.sx"
check "a folder and a sheet" refused "has all the sounds" "$work/one.sx" -o "$work/x" --sheet "$work/x.wav"
check "a gap of nothing" refused "between the sounds of a --sheet" "$work/one.sx" -o "$work/x" --gap 1s
check "into a pipe" refused "need a folder" "$work/one.sx" -o -
check "a folder that is a file" refused "cannot make the directory" "$work/one.sx" -o "$work/one.sx/"
check "--set" refused "its list has what --set" "$work/one.sx" -o "$work/x" --set pitch=1
check "a score's option" refused "is a batch" "$work/one.sx" -o "$work/x" --trace "$work/t"
check "a batch's option" refused "is no batch" fixtures/coin.sx -o "$work/x.wav" --sheet "$work/t.wav"
check "a sheet of FLAC floats" refused "FLAC has no float" "$work/one.sx" --sheet "$work/x.flac" --bits float
check "the list as the index" refused "would be overwritten" "$work/one.sx" --hash --index "$work/one.sx"
told() {
    status 0 "$patchrun" "$work/two.sx" --info && grep -q "^v-2.wav: .*wind.sx, 0.1 s, seed 5$" "$work/out"
}
check "--info lists the sounds" told
sheet_to_pipe() {
    "$patchrun" "$work/two.sx" --sheet - | cmp - <("$patchrun" "$work/two.sx" --sheet "$work/s.wav" && cat "$work/s.wav")
}
check "a sheet into a pipe" sheet_to_pipe
report
