#!/usr/bin/env bash
# promises - DESIGN.md's promises over every fixture, from the outside. P5 and snapshots are in
# tests/promises/test_fixtures.c; P8 in tests/vm/test_verify*.c.
. tests/lib.sh
jobs=$(nproc)

# How each fixture is rendered here: long enough for attack, release and tail.
short="--seconds 0.4 --hold 0.2"
hash_of() {
    "$patchrun" "$@" --hash | cut -d' ' -f1
}
has_gate() {
    "$patchrun" --info "$1" | grep -q '^ *gate '
}
inputs_of() { # channels
    "$patchrun" --info=json "$1" | sed -n 's/.*"inputs": \([0-9]\).*/\1/p'
}
"$patchrun" fixtures/coin.sx --frames 9000 -o "$work/input1.wav" --quiet
"$patchrun" fixtures/chord.sx --frames 9000 -o "$work/input2.wav" --quiet
how() {
    if [ "$(inputs_of "$1")" != 0 ]; then echo "--input $work/input$(inputs_of "$1").wav"; fi
    if has_gate "$1"; then echo "$short"; else echo "--seconds 0.4"; fi
}

isas=base
grep -qw avx2 /proc/cpuinfo && isas="$isas avx2"
grep -qw avx512bw /proc/cpuinfo && isas="$isas avx512"

# ---- P2, P3: cuts and packings ----

same_however_cut() {
    local f=$1 wanted isa lanes cut args
    args=$(how "$f")
    wanted=$(hash_of "$f" $args)
    for cut in 1 63 64 799 4096; do
        [ "$(hash_of "$f" $args --frames-per-call $cut)" = "$wanted" ] || { echo "cut $cut"; return 1; }
    done
    for lanes in 1 4 8 16; do
        for isa in $isas; do
            if [ $lanes-$isa = 8-avx512 ] || [ $lanes-$isa = 4-avx512 ]; then continue; fi
            [ "$(hash_of "$f" $args --lanes $lanes --isa $isa --frames-per-call 97)" = "$wanted" ] ||
                { echo "lanes $lanes isa $isa"; return 1; }
        done
    done
}
variations_however_packed() {
    local f=$1 args
    args="$(how "$f") --variations 6 --seed 3"
    "$patchrun" "$f" $args --hash -o "$work/v.wav" --quiet | cut -d' ' -f1 >"$work/wanted"
    [ "$(wc -l <"$work/wanted")" = 6 ] || return 1
    for how in "--lanes 1" "--lanes 4 --threads 2" "--lanes 8 --threads 3" "--lanes 16" "--lanes 1 --threads 4"; do
        "$patchrun" "$f" $args $how --hash -o "$work/v.wav" --quiet | cut -d' ' -f1 | diff "$work/wanted" - ||
            { echo "$how"; return 1; }
    done
}
# ---- P6: exact length; an event acts on its frame and on none before ----
acts_on_its_frame() {
    local f=$1 args
    if ! has_gate "$f"; then return 0; fi
    "$patchrun" "$f" --frames 9000 -o "$work/held.wav" --quiet &&
        "$patchrun" "$f" --frames 9000 --set gate=0@4321f -o "$work/event.wav" --quiet &&
        [ "$(soxi -s "$work/event.wav")" = 9000 ] || return 1
    sox -D "$work/held.wav" "$work/held-start.wav" trim 0 4321s
    sox -D "$work/event.wav" "$work/event-start.wav" trim 0 4321s
    [ "$(build/tests/tools/audio_stats "$work/held-start.wav")" = \
        "$(build/tests/tools/audio_stats "$work/event-start.wav")" ] || { echo "before it"; return 1; }
    # Where the gate is heard, the frames from the event on are not the same.
    case $f in *voice.sx | *chord.sx | *engine-loop.sx | *wind.sx) ;; *) return 0 ;; esac
    sox -D "$work/held.wav" "$work/held-end.wav" trim 4321s
    sox -D "$work/event.wav" "$work/event-end.wav" trim 4321s
    [ "$(build/tests/tools/audio_stats "$work/held-end.wav")" != \
        "$(build/tests/tools/audio_stats "$work/event-end.wav")" ]
}
# ---- P7: nothing from outside leaks in ----
nothing_leaks() {
    local f=$1
    "$patchc" "$f" -o "$work/1.pbc" && "$patchrun" "$f" $(how "$f") -o "$work/1.wav" --quiet || return 1
    mkdir -p "$work/other place"
    cp -r fixtures "$work/other place/" && (
        root=$PWD
        cd "$work/other place" &&
            env -i HOME=/nonexistent LC_ALL=tr_TR.UTF-8 TZ=Pacific/Apia MALLOC_PERTURB_=165 \
                "$root/$patchc" "$f" -o ../2.pbc &&
            env -i LC_ALL=de_DE.UTF-8 TZ=UTC MALLOC_PERTURB_=90 \
                "$root/$patchrun" "$f" $(cd "$root" && how "$f") -o ../2.wav --quiet
    ) && cmp "$work/1.pbc" "$work/2.pbc" && cmp "$work/1.wav" "$work/2.wav"
}
for f in fixtures/*.sx; do
    check "P2 P3 $f: however cut and wide" same_however_cut "$f"
    check "P3 $f: however packed and threaded" variations_however_packed "$f"
    check "P6 $f: an event acts on its frame" acts_on_its_frame "$f"
    check "P7 $f: nothing leaks in" nothing_leaks "$f"
done

# ---- P1: compilers, optimisation, sanitizers ----

tests/machines/programs "$patchc" "$patchrun" >"$work/wanted"
same_from() { # NAME CC OPT EXTRA MORE...
    make -s -j"$jobs" BUILD="build/$1" CC="$2" OPT="$3" EXTRA="$4" "${@:5}" programs || return 1
    tests/machines/programs "build/$1/patchc" "build/$1/patchrun" >"$work/got" && diff "$work/wanted" "$work/got"
}
sanitize="-fsanitize=address,undefined -fno-sanitize-recover=all -g0"
# Kernels of every ISA take most of a build's time: gcc's are in this one's own, clang's are built here, the
# other two builds have every width of group in plain vectors. More is for tests/machines/run.
base=ENGINES="1_1_base 4_4_base 8_4_base 16_4_base"
check "P1 clang-O2" same_from clang-O2 clang -O2 -g0
check "P1 gcc-O0" same_from gcc-O0 gcc -O0 -g0 "$base"
check "P1 gcc-sanitized: address and undefined" same_from gcc-sanitized gcc -O1 "$sanitize" "$base"

# ---- P8: the unit tests, hostile bytecode among them, under the sanitizers ----

# All of them, several at a time: those of tests/modules and tests/numeric take under two minutes of one core
# so, half of that modules/test_table, which plays every module at the ends of its ranges.
unit_tests_sanitized() {
    make -s -j"$jobs" BUILD=build/gcc-sanitized CC=gcc OPT=-O1 EXTRA="$sanitize" "$base" unit || return 1
    # shellcheck disable=SC2016
    find tests/*/test_*.c | sed 's|^tests/||; s|\.c$||' | xargs -P "$jobs" -I TEST sh -c \
        'out=$(build/gcc-sanitized/tests/TEST 2>&1) || { echo "$out" | tail -20; echo TEST; exit 1; }'
}
check "P8 unit tests under the sanitizers" unit_tests_sanitized
# What the fuzzers keep, as plain programs of another compiler: tests/fuzz.sh has the rest.
fuzz_targets_sanitized() {
    local target
    make -s -j"$jobs" CC=gcc fuzz-plain || return 1
    for target in tests/fuzz/corpus/*; do
        target=${target##*/}
        find "tests/fuzz/corpus/$target" "tests/fuzz/crashes/$target" -type f -print0 2>/dev/null |
            sort -z | xargs -0 "build/fuzz-plain/fuzz_$target" || return 1
    done
}
check "P8 what the fuzzers kept, gcc, under the sanitizers" fuzz_targets_sanitized
report
