/* tails.h - that no tail is slow, for test_table.c: every module runs loud, sixteen settings side
 * by side, then hears silence; over the tail the CPU may not meet one denormal. Where the CPU
 * cannot tell, nothing is tested. */

enum {
    TAIL_LANES = 16,
    TAIL_LOUD = 4800,
    TAIL_LENGTH = 48000,
    TAIL_PIECE = 2400,
};

#if defined(__SSE__)
enum { CAN_TELL = 1, DENORMAL = 2, UNDERFLOW_FLAG = 16 };

static void clear_flags(void)
{
    _mm_setcsr(_mm_getcsr() & ~63u);
}

static unsigned flags_set(void)
{
    return _mm_getcsr() & (DENORMAL | UNDERFLOW_FLAG);
}
#else
enum { CAN_TELL = 0, DENORMAL = 0 };
static void clear_flags(void)
{
}
static unsigned flags_set(void)
{
    return 0;
}
#endif

/* Signals are params, so that each lane has its own; constants and words have their turns. */
static int tail_plan(struct trial *t, const struct vm_module *m, unsigned number)
{
    unsigned turn = number;
    int found = number == 0;
    trial_begin(t, m, number, 1);
    t->sound = SOUND_NOISE;
    for (unsigned i = 0; i < m->inputs; i++) {
        const struct vm_in *in = &m->in[i];
        struct wire wire;
        t->in[i] = quiet_wire(t, in);
        if (in->kind == VM_CHOICE || in->use == VM_USE_STATIC) {
            for (unsigned n = 0; drive_in_turn(t, in, n, &wire); n++)
                if (turn-- == 1) {
                    t->in[i] = wire;
                    found = 1;
                }
        } else if (in->kind == VM_ANY || in->kind == VM_STEREO ||
                   (is_sound(m, in) && must_be_given(in))) {
            t->in[i] = sound_wire();
        } else if (in->kind != VM_DATA) {
            t->in[i] = ranging_wire(t, in, DRIVE_PARAM);
        }
    }
    return found;
}

/* A param of a setting: gates are on; one param is at its low or high end in turn; the first
 * settings have defaults beside it, the later ones what chance gives. */
static float setting_of(const struct patch *p, unsigned setting, unsigned param)
{
    const struct rp_param *info = rp_param_info(p->program, param);
    unsigned params = rp_param_count(p->program);
    uint64_t chance = setting * 64 + param;
    kit_random(&chance);
    if (info->unit == RP_UNIT_GATE)
        return 1.0f;
    if (setting > 0 && (setting - 1) / 2 % params == param)
        return setting % 2 ? info->high : info->low;
    if (setting > 2 * params)
        return rp_param_at(info, (float)kit_between(&chance, 0.0, 1.0));
    return info->def;
}

static void set_lane(struct rp_group *g, const struct patch *p, unsigned lane, unsigned setting)
{
    for (unsigned i = 0; i < rp_param_count(p->program); i++)
        rp_param_set(g, lane, i, setting_of(p, setting, i));
}

static void silence_lane(struct rp_group *g, const struct patch *p, unsigned lane)
{
    for (unsigned i = 0; i < rp_param_count(p->program); i++) {
        if (rp_param_info(p->program, i)->unit == RP_UNIT_GATE)
            rp_param_set(g, lane, i, 0.0f);
    }
}

/* Half the lanes hear noise at full level, half at -240 dB: slow decays come into the region too.
 */
static void fill_tail_planes(const struct patch *p, float *const in[2], unsigned lanes,
                             unsigned only)
{
    uint64_t chance = 5;
    for (unsigned c = 0; c < rp_inputs(p->program); c++)
        for (uint32_t i = 0; i < TAIL_PIECE * lanes; i++) {
            unsigned setting = lanes == 1 ? only : i % lanes;
            in[c][i] = (float)(kit_between(&chance, -1.0, 1.0) * (setting & 4 ? 1e-12 : 1.0));
        }
}

/* Flags that the tail of these settings raises, with *at the frame; -1: it could not run. */
static int flags_of(const struct patch *p, unsigned lanes, unsigned only, uint32_t *at)
{
    static float planes[4][TAIL_PIECE * TAIL_LANES];
    float *const in[2] = {planes[0], planes[1]}, *const out[2] = {planes[2], planes[3]};
    const float *from[2] = {in[0], in[1]};
    struct rp_error error;
    size_t size = rp_group_bytes(p->program, lanes);
    void *memory = kit_aligned(size);
    int failed = 0;
    unsigned flags = 0;
    struct rp_group *g = rp_instantiate(p->program, lanes, RP_ISA_BEST, memory, size, &error);
    assert_non_null(g);
    for (unsigned l = 0; l < lanes; l++) {
        rp_voice_start(g, l, 1, lanes == 1 ? only : l);
        set_lane(g, p, l, lanes == 1 ? only : l);
    }
    fill_tail_planes(p, in, lanes, only);
    for (uint32_t i = 0; i < TAIL_LOUD && !failed; i += TAIL_PIECE)
        failed = rp_process(g, TAIL_PIECE, from, out, &error) != RP_OK;
    for (unsigned l = 0; l < lanes; l++)
        silence_lane(g, p, l);
    for (*at = 0; *at < TAIL_LENGTH && !failed && !flags; *at += TAIL_PIECE) {
        clear_flags();
        failed = rp_process(g, TAIL_PIECE, NULL, out, &error) != RP_OK;
        flags = *at < TAIL_PIECE ? 0 : flags_set();
    }
    free(memory);
    return failed ? -1 : (int)flags;
}

static void complain_of_tail(const struct patch *p, unsigned setting, int flags, uint32_t at)
{
    char said[300] = "";
    for (unsigned i = 0; i < rp_param_count(p->program); i++)
        snprintf(said + strlen(said), sizeof said - strlen(said), " %s=%.9g",
                 rp_param_info(p->program, i)->name, (double)setting_of(p, setting, i));
    complain(p->trial, "%s in the tail, before frame %u, with%s; then gates 0",
             flags & DENORMAL ? "denormals" : "underflow", at, said);
}

/* All settings at once; where that fails, the one that does. */
static void try_tail(const struct patch *p)
{
    uint32_t at;
    int flags = flags_of(p, TAIL_LANES, 0, &at);
    if (flags < 0)
        complain(p->trial, "its tail is not finite");
    for (unsigned setting = 0; flags > 0 && setting < TAIL_LANES; setting++) {
        int alone = flags_of(p, 1, setting, &at);
        if (alone > 0) {
            complain_of_tail(p, setting, alone, at);
            return;
        }
    }
    if (flags > 0)
        complain(p->trial, "denormals in the tail of sixteen settings, but of none alone");
}

static void tail_of_module(const struct vm_module *m)
{
    static struct trial t;
    unsigned before = failures;
    for (unsigned i = 0; tail_plan(&t, m, i); i++) {
        struct patch p;
        if (!is_wanted(m, i) || failures > before || patch_open(&p, &t))
            continue;
        if (rp_group_bytes(p.program, TAIL_LANES) < MOST_BYTES)
            try_tail(&p);
        patch_close(&p);
    }
}

static void test_tails(void **state)
{
    unsigned before = failures;
    (void)state;
    if (!CAN_TELL) {
        print_message("this CPU does not tell of denormals\n");
        skip();
    }
    for (size_t i = 0; i < vm_module_count; i++)
        tail_of_module(&vm_modules[i]);
    assert_int_equal(failures, before);
}
