#!/usr/bin/env bash
# conformance - the kit in conformance/: it covers everything, our engine plays it in every width and
# way, another mixer agrees, and the runner stands engines that do wrong. What other machines make of
# it, as far as it is quick, is here too; `make test-machines` does the rest.
. tests/lib.sh
engine=${ENGINE:-build/conformance/engine}
jobs=$(nproc)
run() { conformance/run --jobs "$jobs" "$@"; }
plays() { # OPTIONS...
    run -- "$engine" "$@" || { echo "where the sound was meant to change: conformance/update"; return 1; }
}

check "every op, module, rule, diagnostic and refusal is covered" conformance/run --coverage
check "one lane" plays --lanes 1 --isa base
check "four lanes, cut" plays --lanes 4 --isa base --cut 97
check "eight lanes, cut in single frames" run --every 7 -- "$engine" --lanes 8 --isa base --cut 1
check "sixteen lanes, threads" plays --lanes 16 --isa base --threads 3
for isa in avx2 avx512; do
    if "$engine" --can $isa; then
        check "$isa, one lane" plays --lanes 1 --isa $isa
        check "$isa, sixteen lanes, threads" plays --lanes 16 --isa $isa --threads 2
    else
        skipped=$((skipped + 2))
    fi
done
check "heavy: a snapshot at every tick" plays --heavy
check "heavy: a snapshot each 61 frames" run --every 3 -- "$engine" --heavy=61 --lanes 8
for host in flush upward downward zero; do
    if "$engine" --can $host; then
        check "a host that has set its float unit: $host" plays --host $host --lanes 4 --threads 2
    else
        skipped=$((skipped + 1))
    fi
done
check "another mixer behind the same pipe" run --only 'mixer/rules/*' --timeout 300 -- conformance/slow_engine.py -- "$engine"

# ---- the runner ----

bad=tests/conformance/bad_engine.py
tells() { # STATUS TEXT COMMAND...: conformance/run says it
    local wanted=$1 text=$2
    shift 2
    status "$wanted" conformance/run --timeout 2 "$@" && grep -qF -- "$text" "$work/out" ||
        { cat "$work/out"; return 1; }
}
few="--only vm/osc.sine/a* --only mixer/rules/pan-law"
check "an engine that hangs" tells 1 "no answer within 2 s" --only 'vm/osc.sine/example' -- $bad hang
check "one that crashes" tells 1 "signal 6" $few -- $bad crash
check "one that ends" tells 1 "ended before its reply did (0 bytes of it) with status 3" $few -- $bad silent
check "one that gives up on all" tells 1 "10 engines died one after the other" --only 'vm/osc.*' -- $bad silent
check "one that answers something else" tells 1 "not a reply: 'hello, world'" $few -- $bad garbage
check "one that sends no line" tells 1 "no line of at most 1000 bytes" --only 'mixer/rules/pan-law' -- $bad binary
check "one that announces too much" tells 1 "99999999999 bytes are announced" $few -- $bad huge
check "one that sends too little" tells 1 "ended before its reply did (100 bytes of it)" --only 'vm/osc.sine/plain' -- $bad short
check "one that lies about its size" tells 1 "12 bytes are announced" $few -- $bad lie
check "one that sends more" tells 1 "bytes more" $few -- $bad long "$engine"
check "one that answers twice" tells 1 "bytes more" $few -- $bad twice "$engine"
check "one that talks much" tells 0 "0 failed" $few -- $bad verbose "$engine"
check "a wrong bit is found, and its frame" tells 1 \
    "tick 1, frames 800 to 1599: " --reference "$engine" --only vm/osc.sine/plain -- $bad flip 4000 "$engine"
check "its frame is named" tells 1 "; frame 1000: [" --reference "$engine" --only vm/osc.sine/plain -- $bad flip 4000 "$engine"
check "a wrong log is found" tells 1 "it tells '" --only mixer/rules/pan-law -- $bad flip 12001 "$engine"
check "no engine" status 2 conformance/run
check "an engine that is not there" status 2 conformance/run -- ./no-such-engine
check "no case" status 2 conformance/run --only nothing -- "$engine"
writes_results() {
    run --json --junit "$work/junit.xml" $few -- "$engine" >"$work/json" &&
        python3 -c 'import json, sys; assert json.load(open(sys.argv[1]))["failed"] == 0' "$work/json" &&
        grep -q '<testsuite name="conformance" tests="' "$work/junit.xml"
}
check "results as JSON and JUnit" writes_results

# ---- other machines ----

missing=
for tool in aarch64-linux-gnu-gcc s390x-linux-gnu-gcc qemu-aarch64 qemu-s390x; do
    command -v $tool >/dev/null || missing=1
done
if [ -z "$missing" ]; then
    check "aarch64 and s390x" tests/machines/run --fast
else
    skipped=$((skipped + 1))
fi
report
