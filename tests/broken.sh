#!/usr/bin/env bash
# broken - every input in fixtures/broken gives exactly the text beside it and exit status 1, and
# every code of diagnostics.def has one. The name begins with the code it provokes. Scores, with
# E05 codes or "score" in the name, go through patchrun, the others through patchc.
. tests/lib.sh

gives_its_text() {
    local input=$1 text=${1%.*}.txt how=
    case $input in
    */E0528*) how="$patchrun fixtures/scores/tune.mid -o $work/never --map" ;;
    */E05* | */E06* | *-score-*) how="$patchrun -o $work/never" ;;
    *.text) how="$patchc -o $work/never --assemble" ;;
    *) how="$patchc -o $work/never --check" ;;
    esac
    # shellcheck disable=SC2086
    status 1 $how "$input" && diff "$text" "$work/err" && grep -qF "[${2%%-*}]" "$work/err" &&
        [ ! -e "$work/never" ]
}
for input in fixtures/broken/E*.sx fixtures/broken/E*.json fixtures/broken/E*.jsonl fixtures/broken/E*.text; do
    [ -e "$input" ] || continue
    check "$input" gives_its_text "$input" "$(basename "$input")"
done

generated() { # too large to commit: made here
    case $1 in
    0103) { printf '(patch) ;'; head -c 67108864 /dev/zero | tr '\0' x; } >"$work/large.sx" ;;
    0403) { printf '(patch (params'; seq -f ' (k%.0f 1)' 5000; printf ') (output (osc.sine)))'; } >"$work/large.sx" ;;
    *) return 1 ;;
    esac
    status 1 "$patchc" --check "$work/large.sx" && says "[E$1]"
}
for code in $(sed -n 's/^DIAG(\([0-9]*\),.*/\1/p' text/diagnostics.def); do
    code=$(printf %04d "$code")
    if ls fixtures/broken/E"$code"-*.txt >/dev/null 2>&1; then
        pass
    else
        check "a broken fixture for E$code" generated "$code"
    fi
done
has_input() {
    [ -e "$1.sx" ] || [ -e "$1.json" ] || [ -e "$1.jsonl" ] || [ -e "$1.text" ]
}
for text in fixtures/broken/*.txt; do
    check "$text has its input" has_input "${text%.txt}"
done
report
