# lib.sh - what the shell suites share. A suite sources this, calls `check` and ends in `report`.
# Run from the repository root with the programs built.

set -u
export LC_ALL=C
passed=0 failed=0 skipped=0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
patchc=${PATCHC:-bin/patchc} patchrun=${PATCHRUN:-bin/patchrun}

pass() {
    passed=$((passed + 1))
}

fail() {
    failed=$((failed + 1))
    echo "FAIL $*"
}

# check NAME COMMAND...: the command must succeed; what it printed is shown when it does not.
check() {
    local name=$1
    shift
    if "$@" >"$work/check.out" 2>&1; then
        pass
    else
        fail "$name (status $?): $*"
        tail -20 "$work/check.out" | sed 's/^/    /'
    fi
}

# status WANTED COMMAND...: output is left in $work/out and $work/err.
status() {
    local wanted=$1 got
    shift
    "$@" >"$work/out" 2>"$work/err" </dev/null
    got=$?
    [ "$got" = "$wanted" ] || { echo "status $got, wanted $wanted: $*"; cat "$work/err"; return 1; }
}

# says TEXT: the last error output has it.
says() {
    grep -qF -- "$1" "$work/err" || { echo "not said: $1"; cat "$work/err"; return 1; }
}

report() {
    local line="$passed passed, $failed failed, $skipped skipped"
    if [ -n "${REPORT:-}" ]; then echo "$line" >"$REPORT"; else echo "$line"; fi
    [ "$failed" = 0 ]
}
