#!/usr/bin/env bash
# rules - what the tree promises of itself: layers, no libm below render/, generated files fresh,
# man pages clean, one formatting.
. tests/lib.sh

# includes FOLDER ALLOWED...: its files include nothing of ours but those folders.
includes() {
    local folder=$1 allowed
    shift
    allowed=$(printf '%s|' "$@")
    ! grep -rnE '#include "(bin|text|compiler|vm|render|tests)/' "$folder" | grep -vE "#include \"(${allowed%|})/"
}
check "vm/ includes only vm/" includes vm vm
check "text/ includes only text/" includes text text
check "compiler/ includes only compiler/, text/ and vm/" includes compiler compiler text vm
check "render/ includes only render/, text/ and vm/" includes render render text vm
check "diff/ includes only diff/, render/, compiler/, text/ and vm/" includes diff diff render compiler text vm
only_standard_headers() {
    ! grep -rhE '#include <' vm | grep -vE '<(stdint|stddef|string|stdio|stdlib|stdarg|immintrin)\.h>'
}
check "vm/ includes only C standard headers and the compiler's own" only_standard_headers
no_libm() {
    ! find build/vm build/compiler build/text build/render -name '*.o' -print0 | xargs -0 nm -u |
        grep -wE 'U (a?(sin|cos|tan)h?f?|atan2f?|exp2?f?|expm1f?|log(2|10|1p)?f?|powf?|sqrtf?|cbrtf?|hypotf?|fmaf?|fmodf?|remainderf?|l?l?r(int|ound)f?|nearbyintf?|roundf?|floorf?|ceilf?|truncf?|ldexpf?|scalbn?f?)'
}
check "no libm in vm/, text/, compiler/, render/" no_libm
no_clock_or_heap() {
    ! nm -u build/vm/*.o | grep -wE 'U (malloc|calloc|realloc|free|time|clock|clock_gettime|getenv|fopen|printf|rand)'
}
check "vm/ has no clock, heap, environment or files" no_clock_or_heap
no_global_state() {
    ! objdump -t build/vm/*.o | grep -E ' O \.(data|bss)[[:space:]]'
}
check "vm/ has no writable globals" no_global_state
modules_page_is_fresh() {
    "$patchc" --modules=man | diff man/modules.7 - >"$work/diff" || { head -5 "$work/diff"; echo "stale: run make man/modules.7"; return 1; }
}
check "man/modules.7 is fresh" modules_page_is_fresh
modules_tables_are_fresh() {
    "$patchc" --modules=markdown | diff <(sed '1,/^<!-- patchc/d; /^<!-- end/,$d' docs/modules.md) - >"$work/diff" ||
        { head -5 "$work/diff"; echo "stale: run make docs/modules.md"; return 1; }
}
check "the tables of docs/modules.md are fresh" modules_tables_are_fresh
man_page_is_clean() {
    ! mandoc -Tlint -W warning "$1" | grep -v "^$"
}
for page in man/*.[1-9]; do
    check "$page is clean" man_page_is_clean "$page"
done
every_option_is_documented() { # PROGRAM
    local option
    for option in $("bin/$1" --help | grep -oE -- '--[a-z][a-z-]+' | sort -u); do
        sed 's/\\-/-/g' "man/$1.1" | grep -qE -- "(Fl Fl |--|Fl -)${option#--}" || { echo "$option"; return 1; }
    done
}
check "patchc(1) has every option" every_option_is_documented patchc
check "patchrun(1) has every option" every_option_is_documented patchrun
check "patchdiff(1) has every option" every_option_is_documented patchdiff
readme_is_true() {
    local root=$PWD
    sed -n '/^    ; A bright ping/,/^$/p' README.md | sed 's/^    //' >"$work/ping.sx"
    sed -n '/^    ping.sx:/,/^$/p' README.md | sed 's/^    //; /^$/d' >"$work/wanted"
    cd "$work" && "$root/bin/patchrun" ping.sx --set pitch=c5 --hash &&
        sed -i 's/osc\.saw/osc.sow/' ping.sx && ! "$root/bin/patchc" --check ping.sx 2>got &&
        diff wanted got
    local result=$?
    cd "$root" && return $result
}
check "the README's patch plays, and its mistake is answered as it says" readme_is_true
# Every example of score(5) that is a whole score plays; a map is played a tune.
score_examples_play() {
    mkdir -p "$work/man" && ln -sfn "$PWD/fixtures/scores/samples" "$work/man/samples" &&
        ln -sfn "$PWD/fixtures/scores/patches" "$work/man/patches"
    sed 's/\\&//g; s/\\-/-/g; s/\\(aq/'"'"'/g; s/\\e/\\/g' man/score.5 |
        awk -v to="$work/man/" '/^\.Bd/ {on = 1; n++; next} /^\.Ed/ {on = 0} on {print > (to n ".sx")}'
    local example count=0
    for example in "$work"/man/*.sx; do
        grep -qE '^(\(score|\["score")' "$example" || continue
        count=$((count + 1))
        if grep -qE '^\((channel|program|drum|bend)' "$example"; then
            bin/patchrun fixtures/scores/tune.mid --map "$example" --hash --quiet
        else
            bin/patchrun "$example" --hash
        fi || { cat "$example"; return 1; }
    done
    [ "$count" -ge 6 ] || { echo "only $count examples"; return 1; }
}
check "the examples of score(5) play" score_examples_play
readme_score_plays() {
    ln -sf "$PWD/fixtures" "$work/fixtures"
    sed -n '/^    ; A bright ping/,/^$/p' README.md | sed 's/^    //' >"$work/ping.sx"
    sed -n '/^    (score tune)/,/^$/p' README.md | sed 's/^    //' >"$work/tune.sx"
    bin/patchrun "$work/tune.sx" --hash 2>"$work/notes" && [ ! -s "$work/notes" ]
}
check "the README's score plays" readme_score_plays
if command -v clang-format >/dev/null; then
    one_format() {
        local f
        for f in $(git ls-files '*.c' '*.h'); do
            clang-format --dry-run --Werror "$f" || return 1
        done
    }
    check "clang-format" one_format
else
    skipped=$((skipped + 1))
fi
report
