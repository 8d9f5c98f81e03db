#!/usr/bin/env bash
# leaks - what lies around a render and must not show in it: locale, time zone, environment, what the
# heap is filled with, where memory lies, the folder, the order of files, threads and who runs when,
# the float unit as the process found it; and heavy mode. tests/harsh/harsh.c says how.
. tests/lib.sh
root=$PWD
cp -r fixtures "$work/plain"

# Hashes of what a folder's patches and scores compile to and sound like. In $how what comes before a
# command, in $threads how many.
how= threads=1
hashes() { # FOLDER
    local f
    cd "$1" || return 1
    for f in coin.sx chord.sx wind.sx velvet-grains.sx pluck-plate.sx; do
        $how "$root/$patchc" "$f" -o "$work/leaks.pbc" && cksum <"$work/leaks.pbc" &&
            $how "$root/$patchrun" "$f" --seconds 0.4 --variations 5 --threads "$threads" --hash \
                -o "$work/leaks.wav" --quiet | cut -d' ' -f1
    done
    for f in game-loop.sx stealing-quietest.sx night-drive.sx; do
        $how "$root/$patchrun" "scores/$f" --to 3s --seed 5 --threads "$threads" -o "$work/leaks.wav" \
            --hash-ladder "$work/leaks.ladder" --trace "$work/leaks.trace" --quiet &&
            cat "$work"/leaks.{wav,ladder} | cksum
    done
    cd "$root" || return 1
}
hashes "$work/plain" >"$work/wanted"
[ "$(grep -c . "$work/wanted")" -ge 18 ] || fail "too few hashes: $(cat "$work/wanted")"
the_same() { # FOLDER COMMAND...
    local folder=$1
    shift
    how=$*
    hashes "$folder" >"$work/got" && diff "$work/wanted" "$work/got"
}

for locale in C.UTF-8 tr_TR.UTF-8 de_DE.UTF-8 xx_XX; do
    check "locale $locale" the_same "$work/plain" env LC_ALL=$locale LANG=$locale LANGUAGE=$locale
done
for zone in UTC Pacific/Apia Asia/Kathmandu; do
    check "time zone $zone" the_same "$work/plain" env TZ=$zone
done
check "no environment at all" the_same "$work/plain" env -i
check "much environment" the_same "$work/plain" env "A=$(head -c 90000 /dev/zero | tr '\0' x)" POSIXLY_CORRECT=1 COLUMNS=3
for fill in 1 165 255; do
    check "a heap filled with $fill" the_same "$work/plain" env MALLOC_PERTURB_=$fill
done
check "a heap in other pieces" the_same "$work/plain" env MALLOC_ARENA_MAX=1 MALLOC_MMAP_THRESHOLD_=4096 \
    GLIBC_TUNABLES=glibc.malloc.tcache_count=0
if setarch -R true 2>/dev/null; then
    check "memory at the same addresses" the_same "$work/plain" setarch -R
    check "memory laid out in the old way" the_same "$work/plain" setarch -L
else
    skipped=$((skipped + 2))
fi
mkdir -p "$work/a folder/with 'ä'/$(printf 'long%.0s' {1..40})"
cp -r "$work/plain" "$work/a folder/with 'ä'/there"
check "another folder" the_same "$work/a folder/with 'ä'/there"
# The same files made in another order, with other times and rights.
mkdir "$work/turned"
(cd "$work/plain" && find . -type d | while read -r d; do mkdir -p "$work/turned/$d"; done &&
    find . -type f | sort -r | while read -r f; do cp "$f" "$work/turned/$f"; done)
find "$work/turned" -type f -exec touch -d '1985-01-02' {} +
chmod -R a-w "$work/turned"
check "files in another order, of another time" the_same "$work/turned"
chmod -R u+w "$work/turned"
for threads in 2 3 5 8; do
    check "$threads threads" the_same "$work/plain"
    check "$threads threads on one core, with little priority" the_same "$work/plain" nice -n 19 taskset -c 0
done
threads=1
check "a session of its own" the_same "$work/plain" setsid

# ---- what a process may find when it begins, and what befalls its threads and voices ----

patchc=build/tests/harsh/patchc patchrun=build/tests/harsh/patchrun
# Locales with a comma, with a point of two bytes, and where i and I are no pair.
if command -v localedef >/dev/null && [ -d /usr/share/i18n ]; then
    mkdir "$work/locales"
    export LOCPATH=$work/locales
    for locale in de_DE ps_AF tr_TR; do
        localedef -i $locale -f UTF-8 "$work/locales/$locale.UTF-8" 2>"$work/err"
        check "a host's locale $locale" the_same "$work/plain" env HARSH_LOCALE=$locale.UTF-8
        check "numbers of text in $locale" env LC_ALL=$locale.UTF-8 build/tests/front/test_number
        "$patchc" --listing fixtures/voice.sx -o "$work/listing"
        listing_in() {
            HARSH_LOCALE=$1 "$patchc" --listing fixtures/voice.sx -o "$work/listing2" &&
                diff "$work/listing" "$work/listing2"
        }
        check "a listing in $locale" listing_in $locale.UTF-8
    done
    unset LOCPATH
else
    skipped=$((skipped + 9))
fi
for how in flush upward downward zero; do
    if build/conformance/engine --can $how; then
        check "a float unit set to $how" the_same "$work/plain" env HARSH_FLOAT=$how
    else
        skipped=$((skipped + 1))
    fi
done
threads=3
for seed in 1 2 3; do
    check "disorder of threads $seed" the_same "$work/plain" env HARSH_THREADS=$seed
done
# Disorder must find a mistake of order: one that is made here on purpose, and that nothing shows without it.
# It may also wait for ever then, deaf to SIGTERM.
mixed_by() { # COMMAND...: sound and ladder of a score
    timeout -s KILL 15 "$@" fixtures/scores/night-drive.sx --to 3s --seed 5 --threads 3 -o "$work/mixed.wav" \
        --hash-ladder "$work/mixed.ladder" --quiet && cat "$work"/mixed.{wav,ladder} | cksum
}
mixed_by "$patchrun" >"$work/mixed"
mistake_is_quiet() {
    mixed_by build/tests/harsh/mistaken >"$work/got" && diff "$work/mixed" "$work/got"
}
mistake_is_seen() { # SEED
    ! mixed_by env HARSH_THREADS="$1" build/tests/harsh/mistaken >"$work/got" || ! diff "$work/mixed" "$work/got"
}
without_it() { # SEED: as long, and the same
    mixed_by env HARSH_THREADS="$1" "$patchrun" >"$work/got" && diff "$work/mixed" "$work/got"
}
check "a mistake of order, when all is in order" mistake_is_quiet
for seed in 1 2; do
    check "disorder of threads $seed finds it" mistake_is_seen $seed
    check "disorder of threads $seed without it" without_it $seed
done
check "heavy mode, on threads" the_same "$work/plain" env HARSH_HEAVY=1
threads=1
check "heavy mode" the_same "$work/plain" env HARSH_HEAVY=2
report
