#include "render/taps.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

enum { PIECE = 256 }; /* values hashed at a time */

/* One value of one op of one sound. */
struct line {
    uint64_t sound;
    uint32_t instruction;
    unsigned output;
    const char *node, *op;
    unsigned rate;
    uint32_t start;   /* frame of the tick */
    uint32_t *values; /* their bits, where they are kept */
    size_t value_count, value_room;
    XXH64_state_t *state;
};

/* Where the lines of a sound are: of instruction i from line at[i] - 1 on, one a value. */
struct sound {
    uint64_t begun;
    size_t *at;
    size_t room;
};

/* What a node gave in a stretch. */
struct fold {
    char *id;
    uint64_t hash;
};

/* All of this is of the tick, but for the folds and the memory. */
struct taps {
    struct line *lines;
    size_t count, room, made; /* lines below `made` have a state */
    struct sound *sounds;
    size_t sound_count, sound_room;
    struct fold *folds;
    size_t fold_count, fold_room, last_fold;
    uint64_t begun;
    uint32_t start; /* frame of the tick */
    bool keep, no_memory;
};

struct taps *taps_new(void)
{
    return calloc(1, sizeof(struct taps));
}

static void forget_folds(struct taps *t)
{
    for (size_t i = 0; i < t->fold_count; i++)
        free(t->folds[i].id);
    t->fold_count = t->last_fold = 0;
}

void taps_free(struct taps *t)
{
    if (!t)
        return;
    for (size_t i = 0; i < t->made; i++)
        XXH64_freeState(t->lines[i].state);
    for (size_t i = 0; i < t->made; i++)
        free(t->lines[i].values);
    for (size_t i = 0; i < t->sound_room; i++)
        free(t->sounds[i].at);
    forget_folds(t);
    free(t->folds);
    free(t->sounds);
    free(t->lines);
    free(t);
}

void taps_sound(struct taps *t, uint64_t begun, uint32_t at)
{
    t->begun = begun;
    t->start = at;
}

void taps_keep(struct taps *t, bool keep)
{
    t->keep = keep;
}

/* Room for element `index`, new ones zero; NULL: out of memory. */
static void *grow(void *array, size_t index, size_t *room, size_t size)
{
    if (index < *room)
        return array;
    size_t wanted = index < 32 ? 64 : 2 * index;
    char *more = realloc(array, wanted * size);
    if (!more)
        return NULL;
    memset(more + *room * size, 0, (wanted - *room) * size);
    *room = wanted;
    return more;
}

static struct sound *find_sound(struct taps *t)
{
    for (size_t i = 0; i < t->sound_count; i++)
        if (t->sounds[i].begun == t->begun)
            return &t->sounds[i];
    struct sound *sounds = grow(t->sounds, t->sound_count, &t->sound_room, sizeof *sounds);
    if (!sounds)
        return NULL;
    t->sounds = sounds;
    sounds[t->sound_count].begun = t->begun;
    return &sounds[t->sound_count++];
}

static bool add_line(struct taps *t, const struct rp_tap_values *v)
{
    struct line *lines = grow(t->lines, t->count, &t->room, sizeof *lines);
    if (!lines)
        return false;
    t->lines = lines;
    if (t->count == t->made) {
        lines[t->count].state = XXH64_createState();
        if (!lines[t->count].state)
            return false;
        t->made++;
    }
    struct line *l = &lines[t->count++];
    XXH64_reset(l->state, 0);
    *l = (struct line){.sound = t->begun,
                       .instruction = v->instruction,
                       .output = v->output,
                       .node = v->node,
                       .op = v->op,
                       .rate = v->rate,
                       .start = t->start,
                       .values = l->values,
                       .value_room = l->value_room,
                       .state = l->state};
    return true;
}

/* An op's values come one after the other. */
static struct line *line_of(struct taps *t, const struct rp_tap_values *v)
{
    struct sound *sound = find_sound(t);
    size_t *at = sound ? grow(sound->at, v->instruction, &sound->room, sizeof *at) : NULL;
    if (!at)
        return NULL;
    sound->at = at;
    at += v->instruction;
    if ((*at == 0 || *at - 1 + v->output == t->count) && !add_line(t, v))
        return NULL;
    if (*at == 0)
        *at = t->count;
    return &t->lines[*at - 1 + v->output];
}

static bool keep_value(struct line *l, uint32_t bits)
{
    uint32_t *values = grow(l->values, l->value_count, &l->value_room, sizeof *values);
    if (!values)
        return false;
    l->values = values;
    values[l->value_count++] = bits;
    return true;
}

static void look(void *context, const struct rp_tap_values *v)
{
    struct taps *t = context;
    unsigned char bytes[4 * PIECE];
    struct line *l = v->node && !t->no_memory ? line_of(t, v) : NULL;
    t->no_memory |= v->node && !l;
    for (uint32_t at = 0, n; l && at < v->frames; at += n) {
        n = v->frames - at < PIECE ? v->frames - at : PIECE;
        for (uint32_t i = 0; i < n; i++) {
            uint32_t bits;
            memcpy(&bits, &v->values[(at + i) * v->stride], sizeof bits);
            t->no_memory |= t->keep && !keep_value(l, bits);
            for (unsigned b = 0; b < 4; b++)
                bytes[4 * i + b] = (unsigned char)(bits >> 8 * b & 0xff);
        }
        XXH64_update(l->state, bytes, 4 * (size_t)n);
    }
}

struct rp_tap taps_tap(struct taps *t, unsigned lane)
{
    return (struct rp_tap){lane, look, t};
}

/* ---- a tick's end ---- */

/* Nodes are named in place: one pointer, one node. */
static int by_node(const void *a, const void *b)
{
    const struct line *x = a, *y = b;
    if (x->sound != y->sound)
        return x->sound < y->sound ? -1 : 1;
    if (x->node != y->node)
        return (uintptr_t)x->node < (uintptr_t)y->node ? -1 : 1;
    if (x->instruction != y->instruction)
        return x->instruction < y->instruction ? -1 : 1;
    return x->output < y->output ? -1 : x->output > y->output;
}

struct node {
    uint64_t sound;
    uint32_t first; /* instruction */
    uint32_t hash;
    const char *id;
    size_t line, lines;
};

static int by_place(const void *a, const void *b)
{
    const struct node *x = a, *y = b;
    if (x->sound != y->sound)
        return x->sound < y->sound ? -1 : 1;
    return x->first < y->first ? -1 : x->first > y->first;
}

static void add_digest(XXH64_state_t *all, XXH64_hash_t digest)
{
    XXH64_canonical_t bytes;
    XXH64_canonicalFromHash(&bytes, digest);
    XXH64_update(all, bytes.digest, sizeof bytes.digest);
}

/* Returns how many; `lines` are sorted by node. */
static size_t gather(const struct taps *t, XXH64_state_t *all, struct node *nodes)
{
    size_t count = 0;
    for (size_t i = 0, end; i < t->count; i = end) {
        const struct line *first = &t->lines[i];
        XXH64_reset(all, 0);
        for (end = i; end < t->count && t->lines[end].sound == first->sound &&
                      t->lines[end].node == first->node;
             end++)
            add_digest(all, XXH64_digest(t->lines[end].state));
        nodes[count++] = (struct node){
            first->sound, first->instruction, (uint32_t)XXH64_digest(all), first->node, i, end - i};
    }
    return count;
}

static enum render_status put(struct out_file *file, const char *text, struct render_error *error)
{
    return out_write(file, text, strlen(text), error);
}

static enum render_status put_id(struct out_file *file, const char *id, struct render_error *error)
{
    enum render_status status = RENDER_OK;
    for (; *id && status == RENDER_OK; id++) {
        unsigned char c = (unsigned char)*id;
        char text[4] = {*id, 0};
        if (c <= ' ' || c == '=' || c == '%' || c == 127)
            snprintf(text, sizeof text, "%%%02x", (unsigned)c);
        status = put(file, text, error);
    }
    return status;
}

/* " PLACE.KIND.ID=" */
static enum render_status put_name(struct out_file *file, const char *place, const char *kind,
                                   const char *id, struct render_error *error)
{
    const char *const texts[] = {" ", place, *place ? "." : "", kind, "."};
    enum render_status status = RENDER_OK;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0] && status == RENDER_OK; i++)
        status = put(file, texts[i], error);
    if (status == RENDER_OK)
        status = put_id(file, id, error);
    return status == RENDER_OK ? put(file, "=", error) : status;
}

static enum render_status write_nodes(const struct node *nodes, size_t count, const char *place,
                                      struct out_file *file, struct render_error *error)
{
    enum render_status status = RENDER_OK;
    for (size_t i = 0; i < count && status == RENDER_OK; i++) {
        char text[16];
        snprintf(text, sizeof text, "%08" PRIx32, nodes[i].hash);
        status = put_name(file, place, "node", nodes[i].id, error);
        if (status == RENDER_OK)
            status = put(file, text, error);
    }
    return status;
}

/* ";OP.OUTPUT/RATE:" and runs of equal values. */
static enum render_status write_line(const struct line *l, struct out_file *file,
                                     struct render_error *error)
{
    char text[100];
    snprintf(text, sizeof text, ";%.60s.%u/%u:", l->op, l->output, l->rate);
    enum render_status status = put(file, text, error);
    for (size_t i = 0, end; i < l->value_count && status == RENDER_OK; i = end) {
        for (end = i + 1; end < l->value_count && l->values[end] == l->values[i];)
            end++;
        int size = snprintf(text, sizeof text, "%s%08" PRIx32, i ? "," : "", l->values[i]);
        if (end - i > 1)
            snprintf(text + size, sizeof text - (size_t)size, "*%zu", end - i);
        status = put(file, text, error);
    }
    return status;
}

static enum render_status write_values(const struct taps *t, const struct node *nodes, size_t count,
                                       const char *place, struct out_file *file,
                                       struct render_error *error)
{
    enum render_status status = RENDER_OK;
    for (size_t i = 0; i < count && status == RENDER_OK; i++) {
        const struct line *lines = &t->lines[nodes[i].line];
        char text[16];
        snprintf(text, sizeof text, "%" PRIu32, lines->start);
        status = put_name(file, place, "values", nodes[i].id, error);
        if (status == RENDER_OK)
            status = put(file, text, error);
        for (size_t k = 0; k < nodes[i].lines && status == RENDER_OK; k++)
            status = write_line(&lines[k], file, error);
    }
    return status;
}

void taps_drop(struct taps *t)
{
    for (size_t i = 0; i < t->sound_count; i++)
        memset(t->sounds[i].at, 0, t->sounds[i].room * sizeof *t->sounds[i].at);
    t->count = t->sound_count = 0;
}

/* The tick's nodes in the order of the program; NULL: out of memory. */
static struct node *order(struct taps *t, size_t *count)
{
    struct node *nodes = malloc((t->count + 1) * sizeof *nodes);
    XXH64_state_t *all = XXH64_createState();
    bool done = nodes && all && !t->no_memory;
    if (done) {
        if (t->count > 0)
            qsort(t->lines, t->count, sizeof *t->lines, by_node);
        *count = gather(t, all, nodes);
        qsort(nodes, *count, sizeof *nodes, by_place);
    }
    XXH64_freeState(all);
    if (!done)
        free(nodes);
    return done ? nodes : NULL;
}

static enum render_status no_memory(struct render_error *error)
{
    return render_fail(error, RENDER_TROUBLE, "out of memory");
}

enum render_status taps_write(struct taps *t, const char *place, struct out_file *file,
                              struct render_error *error)
{
    size_t count = 0;
    struct node *nodes = order(t, &count);
    enum render_status status =
        nodes ? write_nodes(nodes, count, place, file, error) : no_memory(error);
    if (status == RENDER_OK && t->keep)
        status = write_values(t, nodes, count, place, file, error);
    taps_drop(t);
    free(nodes);
    return status;
}

/* ---- a stretch's end ---- */

/* Most often it follows the last one that was found. A program may go before the stretch ends, so
 * its names are copied. */
static struct fold *find_fold(struct taps *t, const char *id)
{
    for (size_t i = 0; i < t->fold_count; i++) {
        size_t at = (t->last_fold + 1 + i) % t->fold_count;
        if (strcmp(t->folds[at].id, id) == 0) {
            t->last_fold = at;
            return &t->folds[at];
        }
    }
    struct fold *folds = grow(t->folds, t->fold_count, &t->fold_room, sizeof *folds);
    size_t size = strlen(id) + 1;
    if (!folds)
        return NULL;
    t->folds = folds;
    struct fold *f = &folds[t->fold_count];
    f->hash = 0;
    f->id = malloc(size);
    if (!f->id)
        return NULL;
    memcpy(f->id, id, size);
    t->last_fold = t->fold_count++;
    return f;
}

static void fold(struct fold *f, uint32_t hash)
{
    unsigned char bytes[12];
    for (unsigned i = 0; i < 8; i++)
        bytes[i] = (unsigned char)(f->hash >> (56 - 8 * i) & 0xff);
    for (unsigned i = 0; i < 4; i++)
        bytes[8 + i] = (unsigned char)(hash >> (24 - 8 * i) & 0xff);
    f->hash = XXH64(bytes, sizeof bytes, 0);
}

enum render_status taps_fold(struct taps *t, struct render_error *error)
{
    size_t count = 0;
    struct node *nodes = order(t, &count);
    enum render_status status = nodes ? RENDER_OK : no_memory(error);
    for (size_t i = 0; i < count && status == RENDER_OK; i++) {
        struct fold *f = find_fold(t, nodes[i].id);
        if (f)
            fold(f, nodes[i].hash);
        else
            status = no_memory(error);
    }
    taps_drop(t);
    free(nodes);
    return status;
}

enum render_status taps_stretch(struct taps *t, const char *place, struct out_file *file,
                                struct render_error *error)
{
    enum render_status status = RENDER_OK;
    for (size_t i = 0; i < t->fold_count && status == RENDER_OK; i++) {
        char text[16];
        snprintf(text, sizeof text, "%08" PRIx32, (uint32_t)t->folds[i].hash);
        status = put_name(file, place, "stretch", t->folds[i].id, error);
        if (status == RENDER_OK)
            status = put(file, text, error);
    }
    forget_folds(t);
    return status;
}
