#!/usr/bin/env bash
# looped.sh [ROUNDS] - 16 looped samples at different rates, interpolated, panned, 120 s of stereo
# PCM16 into a WAV file: patchrun, Faust's C++ in several formulations, and hand-written AVX2, the
# limit. First checks each against a double-precision rendering; then prints CPU seconds (user and
# system) of whole processes: least, median and most of ROUNDS (7), taken in turn on one core.
# Measures; fails only where something cannot be built or the limit or all of Faust's are wrong.
#
# looped.sh --install   installs what is needed from Debian first, then measures.
# CORE=n: the core, else the last one allowed. PATCHRUN=program, else bin/patchrun.
set -eu
cd "$(dirname "$0")/.."
export LC_ALL=C
here=$PWD/bench/looped
work=$PWD/build/bench/looped
patchrun=$(realpath -m "${PATCHRUN:-bin/patchrun}")
needed="faust g++ gcc libc6-dev libsndfile1-dev util-linux"

if [ "${1-}" = --install ]; then
    shift
    as_root=
    [ "$(id -u)" = 0 ] || as_root=sudo
    echo "Installing Debian packages: $needed"
    $as_root apt-get update -qq
    # shellcheck disable=SC2086
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $needed
fi
rounds=${1:-7}
for program in faust g++ gcc taskset; do
    command -v $program >/dev/null || { echo "$0: no $program; try $0 --install" >&2; exit 2; }
done
grep -qw avx2 /proc/cpuinfo || { echo "$0: this machine has no AVX2" >&2; exit 2; }

# Faust's candidates: NAME READ PHASE PRECISION WAY OPTIMISATION. Names and formulations: looped.lib.
# single-real drifts out of the 60 dB and is shown for what it would cost.
candidates='
double-fast    table real    double scalar -Ofast
double         table real    double scalar -O3
double-file    file  real    double scalar -Ofast
single-fast    table counted single scalar -Ofast
single         table counted single scalar -O3
single-vector  table counted single vector -O3
single-real    table real    single scalar -Ofast'

warn="-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes -Werror"
c() { # NAME OPTIMISATION...: one of our C programs
    local name=$1
    shift
    # shellcheck disable=SC2086
    gcc -std=gnu11 $warn "$@" "$here/$name.c" -o "$work/$name" -Wl,--as-needed -lsndfile -lm
}
cxx() { # a candidate
    local name=$1 read=$2 phase=$3 precision=$4 way=$5 optimisation=$6
    local options=() tables=0 double=0
    [ "$read" = file ] || tables=1
    [ "$precision" = single ] || { double=1; options+=(-double); }
    [ "$way" = scalar ] || options+=(-vec -lv 0 -vs 32)
    printf 'import("looped.lib");\nprocess = mix(%s, %s);\n' "$read" "$phase" >"$name.dsp"
    faust -I "$here" -I . -lang cpp "${options[@]}" -o "$name.cpp" "$name.dsp"
    g++ -std=c++17 "$optimisation" -march=native -I "$here" -DBLOCK=512 -DPROGRAM="\"$work/$name.cpp\"" \
        -DTABLES=$((tables)) -DDOUBLE=$((double)) -o "faust-$name" "$here/faust_main.cpp" -lsndfile
}
build() {
    c make -O2
    ./make
    c check -O2
    c cpu -O2
    c limit -O3 -march=native
    while read -r name rest; do
        # shellcheck disable=SC2086
        [ -z "$name" ] || cxx $name $rest
    done <<<"$candidates"
}
mkdir -p "$work"
cd "$work"
if [ ! -e built ] || [ -n "$(find "$here" "$here.sh" -newer built)" ]; then
    echo "building in build/bench/looped/"
    rm -f built faust-*
    build
    touch built
fi

declare -A command same
command[limit]="./limit limit.wav"
names="limit"
while read -r name _; do
    [ -n "$name" ] || continue
    command[faust-$name]="./faust-$name faust-$name.wav"
    names="faust-$name $names"
done <<<"$candidates"
if "$patchrun" looped.sx -o patchrun.wav >/dev/null 2>patchrun.err; then
    command[patchrun]="$patchrun looped.sx -o patchrun.wav"
    names="patchrun $names"
else
    echo "patchrun is SKIPPED: it does not play build/bench/looped/looped.sx: $(grep -m 1 . patchrun.err || echo "no such program")"
fi

echo "against a double-precision rendering:"
fastest=
for name in $names; do
    [ "$name" = patchrun ] || ${command[$name]}
    same[$name]=yes
    ./check "$name.wav" || same[$name]=no
done
[ "${same[limit]}" = yes ] || { echo "$0: the limit is wrong" >&2; exit 1; }

allowed=$(awk '/^Cpus_allowed_list/ {print $2}' /proc/self/status)
core=${CORE:-${allowed##*[,-]}}
rm -f times.txt
for ((round = 0; round < rounds; round++)); do
    for name in $names; do
        # shellcheck disable=SC2086
        seconds=$(taskset -c "$core" ./cpu ${command[$name]})
        echo "$name $seconds" >>times.txt
    done
done

# least, median, most of a program
figures() {
    awk -v name="$1" '$1 == name {print $2}' times.txt | sort -g |
        awk '{t[NR] = $1} END {print t[1], (t[int((NR + 1) / 2)] + t[int(NR / 2) + 1]) / 2, t[NR]}'
}
over() { # MEDIAN MEDIAN
    awk -v a="$1" -v b="$2" 'BEGIN {printf "%.2f", a / b}'
}
best=
echo
printf '%-22s %8s %8s %8s   CPU seconds, %d rounds on core %s\n' "" least median most "$rounds" "$core"
for name in $names; do
    read -r least median most < <(figures "$name")
    note=
    [ "${same[$name]}" = yes ] || note="  not the same work"
    printf '%-22s %8.3f %8.3f %8.3f%s\n' "$name" "$least" "$median" "$most" "$note"
    case $name in
    patchrun) ours=$median ;;
    limit) limit=$median ;;
    *)
        if [ "${same[$name]}" = yes ] && { [ -z "$best" ] || awk "BEGIN {exit !($median < $best)}"; }; then
            best=$median fastest=$name
        fi
        ;;
    esac
done
[ -n "$best" ] || { echo "$0: none of Faust's programs does the work" >&2; exit 1; }
echo
echo "Faust ($fastest) / limit: $(over "$best" "$limit")"
if [ -n "${ours-}" ]; then
    echo "Faust ($fastest) / patchrun: $(over "$best" "$ours")   patchrun / Faust: $(over "$ours" "$best")"
    echo "patchrun / limit: $(over "$ours" "$limit")"
    [ "${same[patchrun]}" = yes ] || echo "patchrun does NOT do the same work: its ratios say nothing"
else
    echo "patchrun / Faust, patchrun / limit: skipped"
fi
