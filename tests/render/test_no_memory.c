/* test_no_memory.c - a score whose reading or rendering gets no memory, at any of our allocations,
 * once or from then on, is not done and says so, and nothing is left; one that gets all of its
 * memory sounds as it should. tests/faults.sh does that to whole programs, at fewer places. */
#include "render/performance/performance.h"
#include "tests/render/test_score.h"

#ifdef __has_feature
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define OWN_MALLOC 1
#endif
#endif
#if defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__ || !defined __GLIBC__
#define OWN_MALLOC 1
#endif

#ifndef OWN_MALLOC

/* ---- malloc, as it fails ---- */

static atomic_long left = -1; /* allocations until one fails; below 0: none does */
static int forever;
static int paused;

void *__libc_malloc(size_t);
void *__libc_calloc(size_t, size_t);
void *__libc_realloc(void *, size_t);
void *__libc_memalign(size_t, size_t);
extern char __executable_start, etext;

/* Those of libraries do not fail: some of them crash. */
static int fails(const void *caller)
{
    uintptr_t from = (uintptr_t)caller;
    if (from < (uintptr_t)&__executable_start || from >= (uintptr_t)&etext || paused)
        return 0;
    if (atomic_load(&left) < 0)
        return 0;
    if (atomic_load(&left) == 0)
        return forever || atomic_fetch_sub(&left, 1) == 0;
    atomic_fetch_sub(&left, 1);
    return 0;
}

#define CALLER __builtin_return_address(0)

void *malloc(size_t size)
{
    return fails(CALLER) ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    return fails(CALLER) ? NULL : __libc_calloc(count, size);
}

void *realloc(void *old, size_t size)
{
    return fails(CALLER) ? NULL : __libc_realloc(old, size);
}

void *aligned_alloc(size_t alignment, size_t size)
{
    return fails(CALLER) ? NULL : __libc_memalign(alignment, size);
}

/* ---- a score with something of everything ---- */

static const char text[] =
    "(score all) (voices 3) (tempo 120) (quantise off) (end 0.05s)\n"
    "(sample kick \"kick.wav\") (sample loop \"loop.wav\" :loop on)\n"
    "(patch lead \"lead.sx\") (patch noise \"noise.sx\") (bus room \"echo.sx\") (bus dry)\n"
    "(section a (line lead :step 1/64 c4 e4 . g4) (pattern kick \"x.X.\" :step 1/64))\n"
    "(do a) (note lead c4 0.02s :as one :velocity 50% :send (room 90) :set (cutoff 900 level "
    "-3dB))\n"
    "(play loop :as hum :bus dry :pitch 0.7 (set_volume 9 :at 2ms :ramp 1ms) (stop :at 20ms))\n"
    "(play noise :for 0.01s :set (tone 500)) (glide one cutoff 2khz 10ms :at 5ms)\n"
    "(set room wet 20% :at 3ms) (repeat 3 (play kick :at 1ms :for 1/32) (rest 1/64))\n"
    "(set_pan hum 9 :at 4ms) (set_pitch hum 1/2 :at 6ms) (send hum room 70 :at 7ms)\n";

/* The compiler's are left to tests/front/test_no_memory.c. */
static const struct rp_program *load_undisturbed(void *context, const char *path, FILE *diagnostics,
                                                 int *status)
{
    paused = 1;
    const struct rp_program *program = load(context, path, diagnostics, status);
    paused = 0;
    return program;
}

static int is_there(const char *name)
{
    return access(name, F_OK) == 0;
}

/* 0, with the hash; 2, when there was too little memory. */
static int play(struct run *run, unsigned threads, char *hash)
{
    static const atomic_int go_on;
    struct performance *performance = NULL;
    struct performance_result result;
    struct render_error error = {.status = RENDER_OK};
    const struct performance_plan plan = {.score = &run->score,
                                          .name = "score.sx",
                                          .output = "out.wav",
                                          .stems = "stems",
                                          .ladder = "out.ladder",
                                          .trace = "out.trace",
                                          .cost = "out.cost",
                                          .ladder_nodes = threads == 1 ? "all" : NULL,
                                          .format = AUDIO_WAV,
                                          .pcm = PCM_16,
                                          .hash = true,
                                          .dither = true,
                                          .threads = threads,
                                          .to = run->score.end,
                                          .stop = &go_on};
    int status = (int)perform(&plan, &performance, &result, &error);
    if (status == 0)
        memcpy(hash, result.hash, sizeof result.hash);
    else
        assert_non_null(strstr(error.text, "memory"));
    perform_discard(performance);
    return status;
}

/* The allocations from `first` on, at most. Returns what play does, or the reading did. */
static int attempt(long first, int on, unsigned threads, char *hash)
{
    struct run run = {0};
    FILE *stream = fopen("score.sx", "rb");
    run.diagnostics = first < 0 ? fdopen(dup(2), "w") : fopen("/dev/null", "w");
    assert_true(stream && run.diagnostics);
    struct score_options options = {.loader = {load_undisturbed, &run},
                                    .diagnostics = run.diagnostics};
    forever = on;
    atomic_store(&left, first);
    run.status = score_read(&run.score, stream, "score.sx", &options);
    if (run.status == 0)
        run.status = play(&run, threads, hash);
    if (atomic_load(&left) > 0)
        run.status |= 4; /* it needs no more */
    atomic_store(&left, -1);
    fclose(stream);
    end_run(&run);
    assert_false(is_there("out.wav") || is_there("out.ladder") || is_there("stems"));
    return run.status;
}

static void any_fails(unsigned threads, int on)
{
    char wanted[HASH_TEXT], hash[HASH_TEXT];
    int status = attempt(-1, on, threads, wanted);
    assert_int_equal(status, 0);
    long n = 0;
    for (; !(status & 4); n += n < 600 ? 1 : 37) {
        status = attempt(n, on, threads, hash);
        if ((status & 3) == 0)
            assert_string_equal(hash, wanted);
        else
            assert_int_equal(status & 3, 2);
    }
    assert_true(n > 100);
}

static void test_from_then_on(void **state)
{
    (void)state;
    write_text("score.sx", text);
    any_fails(1, 1);
}

static void test_once(void **state)
{
    (void)state;
    write_text("score.sx", text);
    any_fails(2, 0);
}

#else

static void test_from_then_on(void **state)
{
    (void)state;
    skip();
}

static void test_once(void **state)
{
    (void)state;
    skip();
}

#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_from_then_on),
        cmocka_unit_test(test_once),
    };
    return IN_FOLDER(tests);
}
