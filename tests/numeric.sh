#!/usr/bin/env bash
# numeric - the functions of vm/math.h at every 4,001st argument: within their bounds of MPFR, and with
# the hashes of tests/numeric/functions.hashes. `make test-functions` takes every argument.
. tests/lib.sh
functions=${FUNCTIONS:-build/tests/numeric/functions}

within_bounds() {
    "$functions" --every 4001
}
same_hashes() { # EVERY
    "$functions" --hashes --every "$1" | sed "s/^/$1 /" >"$work/got"
    grep "^$1 " tests/numeric/functions.hashes | diff - "$work/got"
}
check "functions: within their bounds" within_bounds
check "functions: the same bits" same_hashes 4001
report
