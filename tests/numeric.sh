#!/usr/bin/env bash
# numeric - the functions of vm/math.h at every 4,001st argument (EVERY=1: at every one, minutes):
# within their bounds of MPFR, and with the hashes of tests/numeric/functions.hashes.
. tests/lib.sh
every=${EVERY:-4001}

within_bounds() {
    build/tests/numeric/functions --every "$every" --threads "$(nproc)" | tee "$work/functions"
    return "${PIPESTATUS[0]}"
}
same_bits() {
    awk -v every="$every" 'NR > 1 {printf "%s %-10s %s\n", every, $1, $NF}' "$work/functions" |
        diff <(grep "^$every " tests/numeric/functions.hashes) -
}
check "functions: within their bounds" within_bounds
check "functions: the same bits as ever" same_bits
report
