#!/usr/bin/env bash
# modules - every row of the table is whole, and its example is heard: tests/modules/rows.py says
# what is wanted.
. tests/lib.sh

row_is_right() {
    local line found
    found=$(grep -F "	$1	" "$work/rows") || { echo "rows.py says nothing of it"; return 1; }
    while IFS=$'\t' read -r verdict _ what; do
        [ "$verdict" = ok ] || echo "$what"
    done <<<"$found"
    ! grep -q "^bad" <<<"$found"
}
PATCHC=$patchc PATCHRUN=$patchrun /usr/bin/python3 tests/modules/rows.py "$work" >"$work/rows" ||
    fail "tests/modules/rows.py"
for name in $(cut -f2 "$work/rows" | sort -u); do
    check "$name" row_is_right "$name"
done
report
