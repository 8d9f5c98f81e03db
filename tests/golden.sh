#!/usr/bin/env bash
# golden - the committed sounds. golden/NAME.golden says how fixtures/NAME.sx is rendered and the
# hash of its samples; NAME.flac holds them, NAME.listing the program. Only tests/golden-update
# writes them, one by name.
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
audio_is_sound() {
    local s
    s=$(build/tests/tools/audio_stats "golden/$1.flac") || return 1
    echo "$s"
    [ "$(stat_of hash "$s")" = "$(field hash "$1")" ] && [ "$(stat_of values "$s")" -gt 100 ] &&
        [ "$(stat_of clipped "$s")" = 0 ] && awk "BEGIN {exit !($(stat_of peak "$s") > 0.1)}"
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
for golden in golden/*; do
    name=$(basename "${golden%.*}")
    check "$golden belongs to a fixture" test -e "fixtures/$name.sx"
done
report
