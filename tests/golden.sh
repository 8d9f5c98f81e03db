#!/usr/bin/env bash
# golden - the committed sounds. golden/NAME.golden says how fixtures/NAME.sx is rendered and the
# hash of its samples; NAME.flac holds them, NAME.listing the program. golden/scores/NAME.golden says
# the same of a score; NAME.flac holds its samples or the excerpt named, NAME.ladder.gz the hashes of
# every tick, voice and bus. golden/modules/NAME.golden says the same of a module's example (patchc
# --example NAME), .flac and .listing as of a patch. Only tests/golden-update writes them, one by name.
. tests/lib.sh

field() {
    sed -n "s/^$1: //p" "golden/$2.golden"
}
stat_of() {
    sed -n "s/.*$1=\([^ ]*\).*/\1/p" <<<"$2"
}
sounds_the_same() {
    local got
    # shellcheck disable=SC2046
    got=$("$patchrun" "fixtures/$1.sx" $(field render "$1") --hash | cut -d' ' -f1)
    [ "$got" = "$(field hash "$1")" ] || { echo "hash $got, golden $(field hash "$1")"; return 1; }
}
same_listing() {
    status 0 "$patchc" -S "fixtures/$1.sx" && diff "golden/$1.listing" "$work/out"
}
is_a_sound() { # FILE [PEAK VALUES]; its hash is left in $audio_hash
    local s
    s=$(build/tests/tools/audio_stats "$1") || return 1
    echo "$s"
    audio_hash=$(stat_of hash "$s")
    [ "$(stat_of values "$s")" -ge "${3:-100}" ] && [ "$(stat_of clipped "$s")" = 0 ] &&
        awk "BEGIN {exit !($(stat_of peak "$s") > ${2:-0.1})}"
}
audio_is_sound() {
    is_a_sound "golden/$1.flac" && [ "$audio_hash" = "$(field hash "$1")" ]
}
for fixture in fixtures/*.sx; do
    name=$(basename "$fixture" .sx)
    if [ ! -e "golden/$name.golden" ]; then
        fail "$fixture has no golden; look at its sound, then: tests/golden-update $name"
        continue
    fi
    check "$name: the same samples" sounds_the_same "$name"
    check "$name: the same listing" same_listing "$name"
    check "$name: golden/$name.flac is those samples, and a sound" audio_is_sound "$name"
done
score_of() {
    ls "fixtures/scores/$1".{sx,mid,jsonl} 2>/dev/null | head -1
}
climbs_the_same_ladder() {
    local got
    # shellcheck disable=SC2046
    got=$("$patchrun" "$(score_of "$1")" $(field render "scores/$1") --quiet --hash \
        --hash-ladder "$work/ladder" | cut -d' ' -f1)
    gzip -dc "golden/scores/$1.ladder.gz" >"$work/wanted"
    if ! cmp -s "$work/ladder" "$work/wanted"; then
        echo "the first tick that differs, golden and ours:"
        diff "$work/wanted" "$work/ladder" | grep -m1 '^<'
        diff "$work/wanted" "$work/ladder" | grep -m1 '^>'
        return 1
    fi
    [ "$got" = "$(field hash "scores/$1")" ]
}
excerpt_is_sound() {
    # shellcheck disable=SC2046
    "$patchrun" "$(score_of "$1")" $(field render "scores/$1") $(field excerpt "scores/$1") --quiet --hash |
        cut -d' ' -f1 >"$work/got" && is_a_sound "golden/scores/$1.flac" && diff "$work/got" - <<<"$audio_hash"
}
# A score that only names instruments, or is included by others, has no sound of its own.
for fixture in fixtures/scores/*.sx fixtures/scores/*.mid; do
    name=$(basename "${fixture%.*}")
    case $name in *-map | *-bed) continue ;; esac
    if [ ! -e "golden/scores/$name.golden" ]; then
        fail "$fixture has no golden; look at its sound, then: tests/golden-update scores/$name"
        continue
    fi
    check "$name: the same ladder" climbs_the_same_ladder "$name"
    check "$name: golden/scores/$name.flac is the same, and a sound" excerpt_is_sound "$name"
done
example_is_the_same() {
    local got
    "$patchc" --example "$1" -o "$work/example.sx"
    # shellcheck disable=SC2046
    got=$("$patchrun" "$work/example.sx" $(field render "modules/$1") --hash | cut -d' ' -f1)
    [ "$got" = "$(field hash "modules/$1")" ] || { echo "hash $got, golden $(field hash "modules/$1")"; return 1; }
    status 0 "$patchc" -S "$work/example.sx" && diff "golden/modules/$1.listing" "$work/out"
}
example_is_sound() {
    is_a_sound "golden/modules/$1.flac" 0.05 8 && [ "$audio_hash" = "$(field hash "modules/$1")" ]
}
modules=$("$patchc" --modules | sed -n 's/^  \([a-z][^ ]*\) .*/\1/p')
for name in $modules; do
    if [ ! -e "golden/modules/$name.golden" ]; then
        fail "module $name has no golden; look at its example's sound, then: tests/golden-update modules/$name"
        continue
    fi
    check "$name: the same samples and listing" example_is_the_same "$name"
    check "$name: golden/modules/$name.flac is those samples, and a sound" example_is_sound "$name"
done
small_in_all() {
    local bytes
    bytes=$(cat golden/modules/*.flac | wc -c)
    [ "$bytes" -lt 5000000 ] || { echo "$bytes bytes"; return 1; }
}
check "golden/modules/*.flac: less than 5 MB in all" small_in_all

for golden in golden/*.* golden/scores/*.*; do
    name=${golden#golden/}
    name=${name%%.*}
    check "$golden belongs to a fixture" ls "fixtures/$name".*
done
for golden in golden/modules/*; do
    name=${golden#golden/modules/}
    check "$golden belongs to a module" grep -qxF "${name%.*}" <<<"$modules"
done
report
