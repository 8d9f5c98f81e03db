/* functions.c - the functions of vm/math.h over every argument they take, against MPFR.
 *
 * usage: functions [--every N] [--threads N] [--hashes]
 *
 * Every N-th argument is taken (default 1: all of them, minutes). A result is first held against
 * libm in double. MPFR (80 bits) decides wherever that error is within a tenth of the bound, and
 * for every 4,099th argument of each 256th part of them. There libm must lie within 8 units in its
 * last place of MPFR (two or three are the rounding of its argument): what it says of the others is
 * then that good, eight orders below the bounds. Prints for each function the largest error, its
 * bound and a hash of all results in the order of the arguments, which is the same on every
 * machine. --hashes prints those alone. Exit status 1: a bound is broken.
 *
 * Built with -DNO_MPFR it has --hashes only, and needs nothing but C and threads. */
#include <inttypes.h>
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#ifndef NO_MPFR
#include <mpfr.h>
#endif

#include "kern.h"

enum { PIECE = 4096, CHUNKS = 256, BITS = 80, OFTEN = 4099 };

static float float_of(uint32_t bits)
{
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static uint32_t bits_of(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

/* ---- what is checked ---- */

enum measure { ABSOLUTE, RELATIVE, LOGARITHM, ROUNDED };

struct function {
    const char *name, *range;
    enum kern_fn fn;
    enum measure measure;
    double bound;
    int (*takes)(uint32_t bits);
    double (*libm)(uint32_t bits);
};

static const double TURN = 6.283185307179586476925286766559;

static int any(uint32_t bits)
{
    (void)bits;
    return 1;
}
static int below_half(uint32_t bits)
{
    return bits == 0 || (bits >= 0x00800000u && bits <= bits_of(0.49f));
}
static int positive_normal(uint32_t bits)
{
    return bits >= 0x00800000u && bits < 0x7f800000u;
}
static int normal_or_zero(uint32_t bits)
{
    uint32_t size = bits & 0x7fffffffu;
    return size == 0 || (size >= 0x00800000u && size <= 0x7f800000u);
}
static int not_negative(uint32_t bits)
{
    return bits <= 0x7f800000u;
}

static double held(double x, double low, double high)
{
    return x > high ? high : x >= low ? x : low; /* NaN: low */
}
static double libm_sin(uint32_t bits)
{
    return sin(TURN * (bits / 4294967296.0));
}
/* Near a quarter turn from its other end, or the rounding of pi f would grow. */
static double libm_tan(uint32_t bits)
{
    double f = (double)float_of(bits);
    return f > 0.25 ? 1 / tan(TURN / 2 * (0.5 - f)) : tan(TURN / 2 * f);
}
static double libm_exp2(uint32_t bits)
{
    return exp2(held((double)float_of(bits), -126, 127));
}
static double libm_log2(uint32_t bits)
{
    return log2((double)float_of(bits));
}
static double libm_tanh(uint32_t bits)
{
    return tanh((double)float_of(bits));
}
static double libm_sqrt(uint32_t bits)
{
    return sqrt((double)float_of(bits));
}

static const struct function functions[] = {
    {"sin_turns", "every phase", FN_SIN, ABSOLUTE, 1.1e-7, any, libm_sin},
    {"tan_pi", "normal to 0.49", FN_TAN, RELATIVE, 3e-7, below_half, libm_tan},
    {"exp2", "every float", FN_EXP2, RELATIVE, 1.1e-7, any, libm_exp2},
    {"log2", "positive normal", FN_LOG2, LOGARITHM, 7e-8, positive_normal, libm_log2},
    {"tanh", "normal, 0, inf", FN_TANH, RELATIVE, 4.1e-7, normal_or_zero, libm_tanh},
    {"sqrt", "not negative", FN_SQRT, ROUNDED, 0, not_negative, libm_sqrt},
};
enum { FUNCTIONS = sizeof functions / sizeof functions[0] };

#ifndef NO_MPFR
/* In the measure of the bound. */
static double error_of(const struct function *f, double got, double want)
{
    double error = fabs(got - want);
    if (got == want)
        return 0;
    switch (f->measure) {
    case ABSOLUTE:
        return error;
    case RELATIVE:
        return error / fabs(want);
    case LOGARITHM: /* beyond 2^-24 of the result */
        return error - fabs(want) / 16777216.0;
    default: /* not the nearest float */
        return got == (double)(float)want ? 0 : error;
    }
}
#endif

/* ---- one thread's part ---- */

struct part {
    double worst, libm_ulps;
    uint32_t worst_at, refuted_at;
    uint64_t taken, exact; /* arguments; of them decided by MPFR */
    int broken;
    char why[120];
};

static void complain(struct part *p, uint32_t bits, const char *what)
{
    if (!p->broken++)
        snprintf(p->why, sizeof p->why, "%s at argument 0x%08" PRIx32, what, bits);
}

#ifndef NO_MPFR
/* Our error against the true value, in double: 80 bits leave nothing that matters. */
static double truth(const struct function *f, uint32_t bits, float got, mpfr_t x, mpfr_t y,
                    double *libm_ulps)
{
    mpfr_set_flt(x, float_of(bits), MPFR_RNDN);
    switch (f->fn) {
    case FN_SIN:
        mpfr_set_ui_2exp(x, bits, -32, MPFR_RNDN);
        mpfr_sinu(y, x, 1, MPFR_RNDN);
        break;
    case FN_TAN:
        mpfr_tanu(y, x, 2, MPFR_RNDN);
        break;
    case FN_EXP2:
        mpfr_set_d(x, held((double)float_of(bits), -126, 127), MPFR_RNDN);
        mpfr_exp2(y, x, MPFR_RNDN);
        break;
    case FN_LOG2:
        mpfr_log2(y, x, MPFR_RNDN);
        break;
    case FN_TANH:
        mpfr_tanh(y, x, MPFR_RNDN);
        break;
    default:
        mpfr_sqrt(y, x, MPFR_RNDN);
        break;
    }
    double want = mpfr_get_d(y, MPFR_RNDN), libm = f->libm(bits);
    double ulp = nextafter(fabs(want), INFINITY) - fabs(want);
    /* sin of a half turn: libm's argument is not exactly pi. */
    if (f->measure == ABSOLUTE)
        ulp = 2.3e-16;
    *libm_ulps = libm == want ? 0 : fabs(libm - want) / ulp;
    if (f->measure == ROUNDED)
        return (double)got == (double)mpfr_get_flt(y, MPFR_RNDN) ? 0 : fabs((double)got - want);
    mpfr_sub_d(y, y, (double)got, MPFR_RNDN);
    double error = fabs(mpfr_get_d(y, MPFR_RNDN));
    if (error == 0 || f->measure == ABSOLUTE)
        return error;
    return f->measure == RELATIVE ? error / fabs(want) : error - fabs(want) / 16777216.0;
}

static void judge(const struct function *f, uint32_t bits, float got, mpfr_t x, mpfr_t y,
                  struct part *p)
{
    double error = error_of(f, (double)got, f->libm(bits)), ulps;
    p->taken++;
    if (!(error <= 0.9 * f->bound) || error > 1e300 || p->taken % OFTEN == 0) {
        error =
            isinf(float_of(bits)) && f->fn != FN_EXP2 ? error : truth(f, bits, got, x, y, &ulps);
        p->exact++;
        if (!isinf(float_of(bits)) && ulps > p->libm_ulps)
            p->libm_ulps = ulps;
    }
    if (error > p->worst) {
        p->worst = error;
        p->worst_at = bits;
    }
    if (!(error <= f->bound))
        complain(p, bits, "the bound is broken");
}
#endif

/* ---- all of it ---- */

struct work {
    const struct function *function;
    uint64_t every;
    int hashes_only;
    atomic_uint next;
    uint64_t hash[CHUNKS];
    struct part part[CHUNKS];
};

static void judge_piece(const struct work *w, struct part *p, size_t n, const uint32_t *bits,
                        const float *y)
{
#ifndef NO_MPFR
    mpfr_t a, b;
    mpfr_init2(a, BITS);
    mpfr_init2(b, BITS);
    for (size_t i = 0; i < n && !w->hashes_only; i++)
        judge(w->function, bits[i], y[i], a, b, p);
    mpfr_clear(a);
    mpfr_clear(b);
#else
    (void)w, (void)p, (void)n, (void)bits, (void)y;
#endif
}

/* FNV-1a with words instead of bytes. */
static uint64_t add_word(uint64_t hash, uint32_t word)
{
    return (hash ^ word) * UINT64_C(0x100000001b3);
}

static void run_piece(struct work *w, unsigned chunk, size_t n, uint32_t *bits)
{
    static const struct kern *const wide[] = {&kern_4, &kern_8, &kern_16};
    float y[PIECE], other[PIECE];
    for (size_t i = n; i < PIECE; i++)
        bits[i] = 0x3e000000u; /* any that is allowed */
    kern_1.map(w->function->fn, PIECE, bits, y);
    for (size_t k = 0; k < 3; k++) {
        wide[k]->map(w->function->fn, PIECE, bits, other);
        if (memcmp(y, other, n * sizeof *y) != 0)
            complain(&w->part[chunk], bits[0], "lane widths differ in a piece that begins");
    }
    for (size_t i = 0; i < n; i++)
        w->hash[chunk] = add_word(w->hash[chunk], bits_of(y[i]));
    judge_piece(w, &w->part[chunk], n, bits, y);
}

static void run_chunk(struct work *w, unsigned chunk)
{
    uint32_t bits[PIECE];
    uint64_t begin = (uint64_t)chunk << 24, end = begin + (1u << 24);
    size_t n = 0;
    w->hash[chunk] = UINT64_C(0xcbf29ce484222325);
    for (uint64_t u = (begin + w->every - 1) / w->every * w->every; u < end; u += w->every) {
        if (!w->function->takes((uint32_t)u))
            continue;
        bits[n++] = (uint32_t)u;
        if (n == PIECE) {
            run_piece(w, chunk, n, bits);
            n = 0;
        }
    }
    if (n > 0)
        run_piece(w, chunk, n, bits);
}

static void *run_chunks(void *argument)
{
    struct work *w = argument;
    for (unsigned c; (c = atomic_fetch_add(&w->next, 1)) < CHUNKS;)
        run_chunk(w, c);
    return NULL;
}

static struct part put_together(const struct work *w, uint64_t *hash)
{
    struct part all = {0};
    *hash = UINT64_C(0xcbf29ce484222325);
    for (unsigned c = 0; c < CHUNKS; c++) {
        const struct part *p = &w->part[c];
        *hash = add_word(add_word(*hash, (uint32_t)w->hash[c]), (uint32_t)(w->hash[c] >> 32));
        if (p->worst > all.worst) {
            all.worst = p->worst;
            all.worst_at = p->worst_at;
        }
        all.libm_ulps = fmax(all.libm_ulps, p->libm_ulps);
        all.taken += p->taken;
        all.exact += p->exact;
        if (p->broken && !all.broken)
            memcpy(all.why, p->why, sizeof all.why);
        all.broken += p->broken;
    }
    if (all.libm_ulps > 8)
        complain(&all, all.worst_at, "libm in double is not what it should be; the worst is");
    return all;
}

static int check(const struct function *f, uint64_t every, unsigned threads, int hashes_only)
{
    static struct work w;
    pthread_t thread[64];
    uint64_t hash;
    unsigned started = 0;
    memset(&w, 0, sizeof w);
    w.function = f;
    w.every = every;
    w.hashes_only = hashes_only;
    while (started + 1 < threads && pthread_create(&thread[started], NULL, run_chunks, &w) == 0)
        started++;
    run_chunks(&w);
    for (unsigned i = 0; i < started; i++)
        pthread_join(thread[i], NULL);
    struct part all = put_together(&w, &hash);
    if (hashes_only)
        printf("%-10s %016" PRIx64 "\n", f->name, hash);
    else
        printf("%-10s %-16s %11" PRIu64 " %10" PRIu64 "  %8.3g at %08" PRIx32 "  %7.2g  %4.2f  "
               "%016" PRIx64 "\n",
               f->name, f->range, all.taken, all.exact, all.worst, all.worst_at, f->bound,
               all.libm_ulps, hash);
    if (all.broken)
        printf("  %s: %s (and %d in all)\n", f->name, all.why, all.broken);
    fflush(stdout);
    return all.broken != 0;
}

int main(int argc, char **argv)
{
    uint64_t every = 1;
    unsigned threads = 2;
    int failed = 0, hashes_only = 0;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--every") == 0 && i + 1 < argc)
            every = strtoull(argv[++i], NULL, 10);
        else if (strcmp(argv[i], "--threads") == 0 && i + 1 < argc)
            threads = (unsigned)strtoul(argv[++i], NULL, 10);
        else if (strcmp(argv[i], "--hashes") == 0)
            hashes_only = 1;
        else
            every = 0;
    }
#ifdef NO_MPFR
    hashes_only = 1;
#endif
    if (every == 0 || threads == 0 || threads > 64) {
        fprintf(stderr, "usage: functions [--every N] [--threads 1..64] [--hashes]\n");
        return 2;
    }
    if (!hashes_only)
        puts("function   arguments             taken    by MPFR     error at argument    bound  "
             "libm  hash of all results");
    for (size_t i = 0; i < FUNCTIONS; i++)
        failed |= check(&functions[i], every, threads, hashes_only);
    return failed;
}
