#!/usr/bin/env bash
# start.sh - what issue and README state: CPU time of starting and rendering 10 ms, and how many
# times faster than real time the specification's example renders. Medians of 9 runs; measures,
# never fails.
set -eu
cd "$(dirname "$0")/.."
export LC_ALL=C
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# cpu REPEATS COMMAND...: user and system seconds of one run, the median of 9 batches.
cpu() {
    local repeats=$1 i
    shift
    for i in 1 2 3 4 5 6 7 8 9; do
        { time repeat "$repeats" "$@"; } 2>&1
    done | awk -v n="$repeats" '{print ($1 + $2) / n}' | sort -g | sed -n 5p
}
TIMEFORMAT='%U %S'
repeat() {
    local n count=$1
    shift
    for ((n = 0; n < count; n++)); do "$@" >/dev/null 2>&1; done
}
bin/patchc fixtures/example.sx -o "$work/example.pbc"
start=$(cpu 20 bin/patchrun "$work/example.pbc" --seconds 0.01 -o "$work/a.wav")
patch=$(cpu 20 bin/patchrun fixtures/coin.sx --seconds 0.01 -o "$work/a.wav")
nothing=$(cpu 20 /bin/true)
long=$(cpu 1 bin/patchrun "$work/example.pbc" --seconds 600 -o "$work/a.wav")
echo "starting and rendering 10 ms of bytecode: $(awk "BEGIN {print $start * 1000}") ms CPU"
echo "the same, compiling fixtures/coin.sx:     $(awk "BEGIN {print $patch * 1000}") ms CPU"
echo "/bin/true, for comparison:                $(awk "BEGIN {print $nothing * 1000}") ms CPU"
echo "the example, 600 s to a WAV file:         $long s CPU, $(awk "BEGIN {print int(600 / $long)}") times real time"
