#!/usr/bin/env bash
# golden - the committed sounds: patchdiff check says whether each golden is whole, a sound, and what
# is rendered now, for every fixture and every module's example. Only tests/golden-update writes them,
# one by name.
. tests/lib.sh
patchdiff=${PATCHDIFF:-bin/patchdiff}

# checked FOLDER...: every case of patchdiff check is a test.
checked() {
    "$patchdiff" check "$@" >"$work/checked" 2>"$work/err"
    local code=$? p f
    read -r p _ f _ <<<"$(tail -1 "$work/checked")"
    passed=$((passed + ${p:-0}))
    failed=$((failed + ${f:-0}))
    if [ $code != 0 ]; then grep -v '^ok' "$work/checked"; cat "$work/err"; fi
    [ $code -le 1 ] && [ "${p:-0}" -gt 0 ] || fail "patchdiff check $* ended with $code"
}
checked golden fixtures

# Of modules the patches are not kept: patchc has them. They lie beside their goldens here.
modules=$("$patchc" --modules | sed -n 's/^  \([a-z][^ ]*\) .*/\1/p')
mkdir -p "$work/golden/modules"
ln -s "$PWD"/golden/{coin,chord}.flac "$work/golden/"
ln -s "$PWD"/golden/modules/* "$work/golden/modules/"
for name in $modules; do
    "$patchc" --example "$name" -o "$work/golden/modules/$name.sx"
done
checked "$work/golden/modules"

# What a golden should be besides: loud enough, and no mere switch.
stat_of() {
    sed -n "s/.*$1=\([^ ]*\).*/\1/p" <<<"$2"
}
is_rich() { # FILE PEAK VALUES
    local s
    s=$(build/tests/tools/audio_stats "$1") || return 1
    echo "$s"
    [ "$(stat_of values "$s")" -ge "$3" ] && awk "BEGIN {exit !($(stat_of peak "$s") > $2)}"
}
for sound in golden/*.flac golden/scores/*.flac; do
    check "$sound: loud and rich" is_rich "$sound" 0.1 100
done
for sound in golden/modules/*.flac; do
    check "$sound: loud and rich" is_rich "$sound" 0.05 8
done

# check does not render the nodes of a score anew; they explain what it finds. So here, ten seconds of each.
nodes_are_of_now() { # GOLDEN
    local base=${1%.golden} source render end=()
    source=$(sed -n 's/^source: //p' "$1") render=$(sed -n 's/^render: //p' "$1")
    zcat "$base.ladder.gz" | head -601 >"$work/kept.ladder"
    [ "$(wc -l <"$work/kept.ladder")" -lt 601 ] || end=(--to 600t)
    # shellcheck disable=SC2086
    (cd golden/scores && "$OLDPWD/$patchrun" "$source" $render "${end[@]}" --quiet --hash --ladder-nodes all \
        --hash-ladder "$work/now.ladder") && grep -q '\.stretch\.' "$work/now.ladder" &&
        cmp "$work/kept.ladder" "$work/now.ladder"
}
for golden in golden/scores/*.golden; do
    if zgrep -q 'voice' "${golden%.golden}.ladder.gz" && [ "${golden##*/}" != game-loop.golden ]; then
        check "$golden: its nodes" nodes_are_of_now "$golden"
    fi
done

small() { # BYTES FILE...
    local most=$1 bytes
    shift
    bytes=$(cat "$@" | wc -c)
    [ "$bytes" -lt "$most" ] || { echo "$bytes bytes"; return 1; }
}
check "golden/modules: less than 6 MB" small 6000000 golden/modules/*
check "golden: less than 18 MB" small 18000000 golden/*.* golden/*/*.*
for golden in golden/*.flac golden/scores/*.flac golden/modules/*.flac; do
    check "$golden has a golden" ls "${golden%.flac}.golden"
done
report
