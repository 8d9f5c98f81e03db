#!/usr/bin/env bash
# fuzz - every target over its corpus and over what once broke it, and a short run with a fixed
# seed. `make fuzz` is for long runs: docs/testing.md.
. tests/lib.sh
if ! command -v clang >/dev/null; then
    skipped=1
    report
    exit
fi
check "the fuzz targets build" make -s -j"$(nproc)" fuzz-libfuzzer
export ASAN_OPTIONS=allocator_may_return_null=1 UBSAN_OPTIONS=print_stacktrace=1

# Runs by target: some seconds each.
declare -A runs=([sx]=500 [json]=500 [assemble]=700 [bytecode]=2500 [score]=400 [jsonl]=400 [batch]=600 [midi]=400 [sample]=1500)

replay() {
    build/fuzz/fuzz_"$1" -timeout=60 "tests/fuzz/corpus/$1"/* $(find "tests/fuzz/crashes/$1" -type f 2>/dev/null | sort)
}
short_run() {
    mkdir -p "$work/new" && build/fuzz/fuzz_"$1" -runs="${runs[$1]}" -seed=1 -timeout=60 -reload=0 -max_len=4000 \
        -artifact_prefix="$work/$1-" "$work/new" "tests/fuzz/corpus/$1"
    local result=$?
    rm -rf "$work/new"
    for f in "$work/$1"-*; do
        if [ -e "$f" ]; then cp "$f" "build/fuzz/" && echo "kept as build/fuzz/$(basename "$f")"; fi
    done
    return $result
}
for target in sx json assemble bytecode score jsonl batch midi sample; do
    check "$target: corpus and crashes" replay $target
    check "$target: a short run" short_run $target
done
report
