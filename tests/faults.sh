#!/usr/bin/env bash
# faults - what is left when memory, files, threads fail, one call in turn, or a signal comes: see
# docs/testing.md. FAULTS=all: every call of every scenario, and every kind of fault.
. tests/lib.sh
library=build/tests/faults/faults.so

# ---- every call in turn ----

swept() {
    local line
    while read -r line; do
        case $line in
        ok*) pass ;;
        FAIL*) fail "${line#FAIL }" ;;
        *) echo "    $line" ;;
        esac
    done
}
if FAULTS='' FAULTS_LOG=$work/log LD_PRELOAD=$PWD/$library "$patchc" --version >/dev/null 2>&1 && [ -s "$work/log" ]; then
    swept < <(python3 tests/faults/sweep.py "$library" "$work/sweep")
    [ "$passed" -gt 300 ] || [ "$failed" -gt 0 ] || fail "the sweep ended early, after $passed"
else
    echo "faults: calls cannot be met here (no seccomp filter, or none to preload): the sweep is skipped"
    skipped=$((skipped + 1))
fi

# ---- what needs no library ----

# listing DIRECTORY: what lies in it, with what is in it.
listing() {
    (cd "$1" && find . -type f -exec cksum {} + | sort)
}

# A disk that is full: a small one, where one may be mounted.
mkdir -p "$work/old"
for name in a.wav a.flac a.ogg a.trace a.pbc a.json; do echo "what was there" >"$work/old/$name"; done
in_small_disk() { # STATUS COMMAND...: in a directory with $DISK a disk of 32 KiB, nearly full of old files
    # shellcheck disable=SC2016
    unshare -rm sh -c 'mount -t tmpfs -o size=32k,nr_inodes=16 none "$DISK" && cp "$OLD"/* "$DISK" &&
        before=$(cd "$DISK" && find . | sort && cksum *) || exit 99
        TMPDIR=$DISK "$@"
        code=$?
        [ "$before" = "$(cd "$DISK" && find . | sort && cksum *)" ] || exit 98
        exit $code' sh "$@"
}
mkdir -p "$work/disk"
export DISK=$work/disk OLD=$work/old
if unshare -rm mount -t tmpfs -o size=32k none "$DISK" 2>/dev/null; then
    full() {
        status 2 in_small_disk "$@" && says "No space left on device"
    }
    for f in wav flac ogg; do
        check "a full disk: $f" full "$patchrun" fixtures/wind.sx --seconds 4 -o "$DISK/a.$f"
    done
    check "a full disk: a pipe's copy" full "$patchrun" fixtures/wind.sx --seconds 4 -o -
    check "a full disk: trace and stems" full "$patchrun" fixtures/scores/game-loop.sx \
        -o "$work/never.wav" --trace "$DISK/a.trace" --stems "$DISK/stems"
    check "a full disk: nothing beside it either" [ ! -e "$work/never.wav" ]
    check "a full disk: a program" full "$patchc" --modules=json -o "$DISK/a.json"
else
    skipped=$((skipped + 6)) # nobody may mount here
fi
check "a full device: stdout of patchc" eval 'status 2 sh -c "$patchc -S fixtures/coin.sx >/dev/full" && says "No space left"'
check "a full device: help" eval 'status 2 sh -c "$patchc --help >/dev/full" && says "No space left"'
check "a full device: patchrun's help" eval 'status 2 sh -c "$patchrun --help >/dev/full" && says "No space left"'
check "a full device: hash" eval 'status 2 sh -c "$patchrun fixtures/coin.sx --frames 9 --hash >/dev/full" && says "No space left"'
check "a full standard error" eval 'sh -c "$patchrun fixtures/none.sx --hash 2>/dev/full" >/dev/null; [ $? = 2 ]'
check "a closed standard error" eval 'sh -c "$patchrun fixtures/none.sx --hash 2>&-" >/dev/null; [ $? = 2 ]'

# A reader that closes the pipe.
closed_pipe() { # COMMAND...
    { "$@" 2>"$work/err"; echo $? >"$work/code"; } | true
    [ "$(cat "$work/code")" = 2 ] && says "Broken pipe"
}
check "a closed pipe: sound" closed_pipe sh -c "sleep 0.1; $patchrun fixtures/wind.sx --seconds 4 -o -"
check "a closed pipe: program" closed_pipe sh -c "sleep 0.1; $patchc --modules=json"
check "a closed pipe: hash" closed_pipe sh -c "sleep 0.1; $patchrun fixtures/coin.sx --frames 9 --hash"

# Too little memory, as the system has it: the address space is bounded.
bounded() { # KIBIBYTES COMMAND...: done, or status 2 with a word of memory
    local code
    (ulimit -v "$1" && shift && exec "$@") >"$work/out" 2>"$work/err" </dev/null
    code=$?
    [ $code = 0 ] || { [ $code = 2 ] && grep -qE 'memory' "$work/err"; } ||
        { [ $code = 127 ] && grep -q 'shared libraries' "$work/err"; } ||
        { echo "status $code with $1 KiB"; cat "$work/err"; false; }
}
for kib in 60000 62000 64000 66000 70000 80000 100000; do
    check "bounded memory, $kib KiB" bounded $kib "$patchrun" fixtures/chord.sx --variations 64 \
        --threads 4 --frames 2000 -o "$work/bounded.wav" --quiet
done

# A signal while it writes to a reader that does not read; nothing is left of what waits.
waits_for_reader() { # SIGNAL
    mkdir -p "$work/tmp" && mkfifo "$work/fifo" || return 1
    sleep 30 <>"$work/fifo" &
    local reader=$! code
    # Of a shell's job in the background, SIGINT is ignored.
    TMPDIR=$work/tmp env --default-signal=INT "$patchrun" fixtures/wind.sx --seconds 30 -o "$work/fifo" 2>/dev/null &
    local pid=$!
    sleep 1
    kill -"$1" $pid
    wait $pid
    code=$?
    kill $reader
    rm -f "$work/fifo"
    [ $code = $((128 + $(kill -l "$1"))) ] && [ -z "$(ls -A "$work/tmp")" ]
}
check "a signal while a pipe is full: INT" waits_for_reader INT
check "a signal while a pipe is full: TERM" waits_for_reader TERM
check "a signal while a pipe is full: HUP" waits_for_reader HUP
# Not even this one leaves a file that is not ready.
killed() {
    mkdir -p "$work/killed" && cp "$work/old/a.wav" "$work/killed" || return 1
    local before
    before=$(listing "$work/killed")
    "$patchrun" fixtures/wind.sx --seconds 80000 -o "$work/killed/a.wav" 2>/dev/null &
    local pid=$!
    sleep 0.5
    kill -KILL $pid
    wait $pid 2>/dev/null
    [ "$before" = "$(listing "$work/killed")" ]
}
nameless_files() { # may a file be without a name here?
    python3 -c 'import os, sys; os.open(sys.argv[1], os.O_TMPFILE | os.O_RDWR)' "$work" 2>/dev/null && [ -d /proc/self/fd ]
}
if nameless_files; then
    check "killed: no file that is not ready" killed
else
    skipped=$((skipped + 1)) # this file system does not have them
fi
report
