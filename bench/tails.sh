#!/usr/bin/env bash
# tails.sh [MODULE] - what a frame of each module costs in CPU time and instructions, loud and in its
# tail: noise for a while, then silence for a second. A tail over 1.2 times the loud part, and more
# than 2 ns or 16 instructions over it, is marked.
# Columns: ns a frame of one voice, loud and tail, and their ratio; the same of eight voices side by
# side; instructions a frame of one voice, loud and tail (callgrind, AVX2 at most). The patch is a
# node with params at its defaults: what the machine costs around it is in all figures.
# MODULE: those whose names begin so. Measures; fails only where it cannot.
set -eu
cd "$(dirname "$0")/.."
export LC_ALL=C
command -v valgrind >/dev/null || { echo "$0: no valgrind; apt-get install valgrind" >&2; exit 2; }
make --no-print-directory build/bench/tails/tails >&2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
tails=$PWD/build/bench/tails/tails
"$tails" time "${1-}" >"$work/times"
(cd "$work" && valgrind --tool=callgrind --callgrind-out-file=out "$tails" count "${1-}" 2>"$work/log") ||
    { cat "$work/log" >&2; exit 2; }
for dump in "$work"/out.*; do
    sed -n 's/^desc: Trigger: Client Request: \(.*\)/\1/p; s/^totals: \([0-9]*\).*/\1/p' "$dump" | paste -sd' ' -
done >"$work/counts"
printf '%-20s %23s %23s %17s\n' "" "1 voice: ns a frame" "8 voices: ns a frame" "1: instructions"
printf '%-20s %8s %8s %5s %8s %8s %5s %8s %8s\n' module loud tail ratio loud tail ratio loud tail
awk 'NR == FNR {count[$1 " " $2] = $3 / 4800; next}
     {printf "%s %8.1f %8.1f%s\n", $0, count["loud " $1], count["tail " $1],
          ($4 > 1.2 && $3 > $2 + 2 || $7 > 1.2 && $6 > $5 + 2 || count["tail " $1] > 1.2 * count["loud " $1] + 16) ? " *" : ""}' \
    "$work/counts" "$work/times"
