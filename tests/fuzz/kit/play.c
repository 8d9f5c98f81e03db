/* play.c - what a program that was accepted must keep. */
#include "compiler/assemble.h"
#include "tests/fuzz/kit/kit.h"
#include "tests/vm/slow.h"
#include "vm/range.h"

enum {
    FRAMES = 160,              /* at most */
    SLOW_FRAMES = 24,          /* at most, by instruction */
    MOST_OPERATIONS = 1 << 20, /* a group and run */
    MOST_MEMORY = 1 << 25,     /* of what is larger, only the declared size is looked at */
};

/* One program, and how it is played. */
struct play {
    const struct rp_program *program;
    uint64_t seed, serial;
    uint32_t frames, cut; /* what happens to the parameters happens at `cut` */
    uint64_t moves;       /* chance */
    int glides;           /* some of the changes take time */
    float in[2][FRAMES];
    unsigned inputs;
};

struct result {
    enum rp_status status;
    uint32_t frames; /* good ones */
    float out[2][FRAMES];
};

static float any_value(uint64_t *chance)
{
    static const float some[] = {0.0f,  -0.0f,  1.0f,  -1.0f,    0.5f,   1e-38f, 1e-45f,
                                 1e30f, -1e30f, 20.0f, 24000.0f, 440.0f, 3e38f,  -3e38f};
    uint32_t kind = fz_below(chance, 24);
    if (kind < sizeof some / sizeof *some)
        return some[kind];
    return ((float)fz_below(chance, 1 << 24) / (float)(1 << 23) - 1.0f) *
           (kind & 1 ? 1.0f : 30000.0f);
}

/* Some parameters at an end of their range, some anywhere, some beyond it. */
static void move_params(struct rp_group *g, const struct play *play, unsigned lane, uint64_t chance)
{
    uint64_t c = chance ^ play->moves;
    unsigned count = rp_param_count(play->program);
    for (unsigned i = 0; i < count && i < 64; i++) {
        const struct rp_param *info = rp_param_info(play->program, i);
        uint32_t kind = fz_below(&c, 6);
        float value = kind == 0   ? info->low
                      : kind == 1 ? info->high
                      : kind == 2 ? __builtin_nanf("")
                      : kind == 3 ? any_value(&c)
                                  : rp_param_at(info, (float)fz_below(&c, 101) / 100.0f);
        uint32_t frames = play->glides ? fz_below(&c, 90) : 0;
        FZ_CHECK(rp_param_glide(g, lane, i, value, frames) == RP_OK);
    }
}

static struct rp_group *new_group(const struct play *play, unsigned lanes, void **memory)
{
    struct rp_error error;
    size_t size = rp_group_bytes(play->program, lanes);
    *memory = fz_take(size);
    FZ_CHECK(!rp_instantiate(play->program, lanes, RP_ISA_BASE, *memory, size - 1, &error));
    FZ_CHECK(error.status == RP_MEMORY);
    struct rp_group *g = rp_instantiate(play->program, lanes, RP_ISA_BASE, *memory, size, &error);
    FZ_CHECK(g);
    return g;
}

/* From frame `at` up to `end`, in pieces of `piece`. */
static void run(struct rp_group *g, const struct play *play, unsigned lanes, unsigned lane,
                uint32_t at, uint32_t end, uint32_t piece, struct result *r)
{
    float out[2][FRAMES * 4], in[2][FRAMES * 4];
    while (at < end && r->status == RP_OK) {
        struct rp_error error = {0};
        uint32_t n = end - at < piece ? end - at : piece;
        for (unsigned c = 0; c < play->inputs; c++)
            for (uint32_t i = 0; i < n * lanes; i++)
                in[c][i] = i % lanes == lane ? play->in[c][at + i / lanes] : 0.0f;
        const float *const from[] = {in[0], in[1]};
        float *const to[] = {out[0], out[1]};
        r->status = rp_process(g, n, from, to, &error);
        FZ_CHECK(r->status == RP_OK || r->status == RP_NOT_FINITE);
        if (r->status == RP_NOT_FINITE) {
            FZ_CHECK(error.lane == lane && error.offset >= at && error.offset < at + n);
            FZ_CHECK(error.reason[0]);
            n = (uint32_t)error.offset - at;
        }
        for (unsigned c = 0; c < rp_channels(play->program); c++)
            for (uint32_t i = 0; i < n; i++)
                r->out[c][at + i] = out[c][i * lanes + lane];
        at += n;
        r->frames = at;
    }
}

static void assert_same(const struct play *play, const struct result *a, const struct result *b,
                        const char *what)
{
    if (a->status != b->status || a->frames != b->frames)
        fz_fail("%s: status %d after %u frames, not %d after %u", what, b->status, b->frames,
                a->status, a->frames);
    for (unsigned c = 0; c < rp_channels(play->program); c++)
        for (uint32_t i = 0; i < a->frames; i++) {
            FZ_CHECK(a->out[c][i] - a->out[c][i] == 0.0f);
            if (memcmp(&a->out[c][i], &b->out[c][i], sizeof(float)) != 0)
                fz_fail("%s: channel %u, frame %u: %a, not %a", what, c, i, (double)b->out[c][i],
                        (double)a->out[c][i]);
        }
}

/* A group of `lanes`, in pieces. At the cut the parameters move, and the voice may go on in another
 * group from a snapshot. */
static void play_group(const struct play *play, unsigned lanes, unsigned lane, uint32_t piece,
                       int moves_house, struct result *r)
{
    void *memory[2] = {NULL, NULL};
    size_t size = rp_snapshot_bytes(play->program);
    struct rp_group *g = new_group(play, lanes, &memory[0]);
    *r = (struct result){.status = RP_OK};
    FZ_CHECK(rp_voice_start(g, lane, play->seed, play->serial) == RP_OK);
    move_params(g, play, lane, 1);
    run(g, play, lanes, lane, 0, play->cut, piece, r);
    if (moves_house && r->status == RP_OK) {
        void *bytes = fz_take(size);
        unsigned to = (lane + 1) % lanes;
        FZ_CHECK(rp_snapshot(g, lane, bytes, size) == RP_OK);
        g = new_group(play, lanes, &memory[1]);
        FZ_CHECK(rp_restore(g, to, bytes, size) == RP_OK);
        fz_give(bytes, size);
        lane = to;
    }
    if (r->status == RP_OK && play->glides)
        move_params(g, play, lane, 2);
    run(g, play, lanes, lane, play->cut, play->frames, piece, r);
    for (unsigned i = 0; i < 2; i++)
        fz_give(memory[i], rp_group_bytes(play->program, lanes));
}

/* A snapshot that lies may sound like anything, and no more. What is counted in it may then leave
 * the range of an int, which gcc's sanitizer looks for in vectors and clang's does not. */
#ifdef __clang__
enum { DAMAGES = 1 };
#else
enum { DAMAGES = 0 };
#endif

static void play_damaged(const struct play *play, uint64_t chance)
{
    void *memory;
    size_t size = rp_snapshot_bytes(play->program);
    struct rp_group *g = new_group(play, 4, &memory);
    uint8_t *bytes = fz_take(size);
    struct result r = {.status = RP_OK};
    FZ_CHECK(rp_voice_start(g, 2, play->seed, play->serial) == RP_OK);
    FZ_CHECK(rp_snapshot(g, 2, bytes, size) == RP_OK);
    for (uint32_t n = 1 + fz_below(&chance, 40); n > 0; n--)
        bytes[8 + fz_below(&chance, (uint32_t)size - 8)] = (uint8_t)fz_random(&chance);
    FZ_CHECK(rp_restore(g, 2, bytes, size) == RP_OK);
    float out[2][4 * 40];
    float *const to[] = {out[0], out[1]};
    struct rp_error error;
    r.status = rp_run(g, 40, to, &error);
    FZ_CHECK(r.status == RP_OK || r.status == RP_NOT_FINITE);
    fz_give(bytes, size);
    fz_give(memory, rp_group_bytes(play->program, 4));
}

/* Instruction by instruction, with operations counted. What is not finite inside may have another
 * sign or payload there: only what was finite all the way is compared. */
static void play_slowly(const struct play *play, const struct result *want)
{
    void *memory;
    unsigned count = rp_param_count(play->program);
    struct rp_group *g = new_group(play, 1, &memory);
    float *params = calloc(count + 1, sizeof *params);
    struct slow slow;
    FZ_CHECK(params && rp_voice_start(g, 0, play->seed, play->serial) == RP_OK);
    /* What the machine makes of the values that are given: by its snapshot. */
    size_t size = rp_snapshot_bytes(play->program);
    uint8_t *bytes = fz_take(size);
    move_params(g, play, 0, 1);
    FZ_CHECK(rp_snapshot(g, 0, bytes, size) == RP_OK);
    for (unsigned i = 0; i < count; i++)
        memcpy(&params[i], bytes + 16 + 20 * (size_t)i, sizeof *params);
    fz_give(bytes, size);
    fz_give(memory, rp_group_bytes(play->program, 1));
    FZ_CHECK(slow_start(&slow, play->program, params, play->seed, play->serial) == 0);
    for (uint32_t i = 0; i < SLOW_FRAMES && i < want->frames; i++) {
        float out[2];
        slow_frame(&slow, out);
        if (slow.over != VM_NONE)
            fz_fail("frame %u: instruction %u (%s) takes more operations than its cost, %u", i,
                    slow.over, vm_ops[play->program->code[slow.over].arg].name,
                    play->program->code[slow.over].cost);
        FZ_CHECK(slow.operations <= rp_cost(play->program));
        int finite = 1;
        for (uint32_t r = 1; r <= play->program->totals.registers && finite; r++)
            for (uint32_t k = 0; k < (slow.rate[r] == 255 ? 1u : 1u << slow.rate[r]); k++)
                finite &= slow.value[r][k] - slow.value[r][k] == 0.0f;
        if (!finite)
            break;
        for (unsigned c = 0; c < rp_channels(play->program); c++)
            if (memcmp(&out[c], &want->out[c][i], sizeof(float)) != 0)
                fz_fail("by instruction: channel %u, frame %u: %a, not %a", c, i, (double)out[c],
                        (double)want->out[c][i]);
    }
    slow_free(&slow);
    free(params);
}

/* ---- bounds ---- */

struct bounds {
    const struct rp_program *program;
    struct vm_ranges ranges;
};

static void look(void *context, const struct rp_tap_values *v)
{
    const struct bounds *b = context;
    const struct vm_instruction *n = &b->program->code[v->instruction];
    struct vm_range r = b->ranges.of[n->out[v->output]];
    if (!vm_is_bounded(r))
        return;
    for (uint32_t i = 0; i < v->frames; i++) {
        float x = v->values[i * v->stride];
        if (!(r.low <= x && x <= r.high))
            fz_fail("instruction %u (%s): %a, not within %a and %a", v->instruction,
                    n->opcode == VM_CALL_OP ? vm_ops[n->arg].name : "no op", (double)x,
                    (double)r.low, (double)r.high);
    }
}

/* No value of any instruction is beyond what was found for it. */
static void play_bounds(const struct play *play)
{
    void *memory, *group;
    struct bounds bounds = {.program = play->program};
    struct rp_tap tap = {0, look, &bounds};
    struct rp_error error;
    struct rp_level level[2];
    float out[2][FRAMES];
    const float *const from[] = {play->in[0], play->in[1]};
    float *const to[] = {out[0], out[1]};
    size_t size = rp_level_bytes(play->program);
    memory = fz_take(size);
    FZ_CHECK(rp_level(play->program, memory, size, level) == RP_OK);
    vm_ranges_in(&bounds.ranges, play->program, memory);
    struct rp_group *g = new_group(play, 1, &group);
    FZ_CHECK(rp_voice_start(g, 0, play->seed, play->serial) == RP_OK);
    move_params(g, play, 0, 1);
    enum rp_status status = rp_process_tapped(g, play->cut, from, to, &tap, &error);
    move_params(g, play, 0, 2);
    if (status == RP_OK)
        rp_process_tapped(g, play->frames - play->cut, from, to, &tap, &error);
    fz_give(group, rp_group_bytes(play->program, 1));
    fz_give(memory, size);
}

static void play_all(struct play *play, int wild, uint64_t chance)
{
    static struct result want, got;
    play_group(play, 1, 0, FRAMES, 0, &want);
    play_group(play, 4, fz_below(&chance, 4), 1 + fz_below(&chance, FRAMES), 0, &got);
    assert_same(play, &want, &got, "4 lanes");
    play_group(play, fz_below(&chance, 2) ? 1 : 4, 0, 1 + fz_below(&chance, 4), 1, &got);
    assert_same(play, &want, &got, "from a snapshot");
    if (!play->glides && play->inputs == 0)
        play_slowly(play, &want);
    if ((!wild || play->inputs == 0) && fz_below(&chance, 2))
        play_bounds(play);
    if (DAMAGES && fz_below(&chance, 4) == 0)
        play_damaged(play, chance);
}

/* As text and back: the same bytes, or the text says why not. */
static void as_text(const uint8_t *data, size_t size)
{
    struct arena arena;
    struct diags diags;
    struct rp_error error = {0};
    struct bytes file = {(unsigned char *)(uintptr_t)data, size, 0};
    arena_init(&arena);
    diags_init(&diags, &arena);
    struct bytes text = disassemble(&arena, &file, 1, &error);
    FZ_CHECK(text.data);
    struct source source = fz_source("text", text.data, text.size);
    struct bytes again = assemble(&arena, &diags, &source);
    if (!again.data)
        diags_print(&diags, stderr);
    FZ_CHECK(again.data);
    if (text.data[0] != ';')
        FZ_CHECK(again.size == size && memcmp(again.data, data, size) == 0);
    free((void *)(uintptr_t)source.text);
    arena_free(&arena);
}

static void play_program(const struct rp_program *program, uint64_t chance)
{
    static struct play play;
    uint64_t cost = rp_cost(program), sum = 0;
    for (uint32_t i = 0; i < program->instruction_count; i++)
        sum += program->code[i].cost;
    FZ_CHECK(cost == sum);
    FZ_CHECK(rp_group_bytes(program, 4) > 0 && rp_group_bytes(program, 3) == 0);
    if (rp_group_bytes(program, 4) > MOST_MEMORY ||
        cost + program->instruction_count * 50 > MOST_OPERATIONS)
        return;
    play.program = program;
    play.seed = fz_random(&chance);
    play.serial = fz_below(&chance, 1000);
    uint64_t most = MOST_OPERATIONS / (1 + cost + program->instruction_count * 50);
    play.frames = 1 + fz_below(&chance, most < FRAMES ? (uint32_t)most : FRAMES);
    play.cut = fz_below(&chance, play.frames + 1);
    play.moves = fz_random(&chance);
    play.glides = fz_below(&chance, 3) == 0;
    play.inputs = rp_inputs(program);
    int wild = fz_below(&chance, 8) == 0;
    for (unsigned c = 0; c < play.inputs; c++)
        for (uint32_t i = 0; i < FRAMES; i++)
            play.in[c][i] =
                wild ? any_value(&chance) : (float)fz_below(&chance, 201) / 100.0f - 1.0f;
    play_all(&play, wild, chance);
}

void fz_play(const uint8_t *data, size_t size, uint64_t chance)
{
    struct rp_error error = {0};
    enum rp_status status = rp_verify(data, size, &error);
    size_t bytes = rp_program_bytes(data, size);
    FZ_CHECK((status == RP_OK) == (bytes > 0));
    if (status != RP_OK) {
        FZ_CHECK(error.status == RP_REFUSED && error.reason[0] && error.offset <= size);
        return;
    }
    if (bytes > MOST_MEMORY)
        return;
    void *memory = fz_take(bytes);
    FZ_CHECK(!rp_load(data, size, memory, bytes - 1, &error) && error.status == RP_MEMORY);
    struct rp_program *program = rp_load(data, size, memory, bytes, &error);
    if (program) {
        as_text(data, size);
        play_program(program, chance);
    } else {
        FZ_CHECK(error.status == RP_REFUSED && error.reason[0] && error.offset <= size);
    }
    fz_give(memory, bytes);
}
