#include "diff/difference.h"
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SILENT_END = 60 }; /* ticks that a score's ladder may go on after its sound */

/* ---- sounds ---- */

static enum render_status compare_both(struct comparison *c, const struct tolerance *t,
                                       struct render_error *error)
{
    if (sound_open(&c->sound_a, c->a->sound, c->a->name, error) != RENDER_OK ||
        sound_open(&c->sound_b, c->b->sound, c->b->name, error) != RENDER_OK)
        return error->status;
    c->has_sounds = true;
    if (verdict_of_sounds(&c->sound_a, &c->sound_b, t, &c->verdict, error) != RENDER_OK)
        return error->status;
    if (c->verdict.kind == DIFF_SAME || c->verdict.kind == DIFF_SHAPE ||
        c->verdict.kind == DIFF_LENGTH)
        return RENDER_OK;
    c->has_spectrum = true;
    return spectrum_of(&c->sound_a, &c->sound_b, &c->spectrum, error);
}

/* ---- ladders ---- */

/* A side that is only a sound has a ladder of its mix. */
static enum render_status make_ladder(struct side *s, struct work *w, struct render_error *error)
{
    char *path = work_path(w, ".ladder", error);
    struct sound sound;
    if (!path || sound_open(&sound, s->sound, s->name, error) != RENDER_OK)
        return error->status;
    unsigned bits = sound.bits;
    sound_close(&sound);
    if (bits != 16) {
        render_fail(error, RENDER_TROUBLE, "%s: %s: a ladder has hashes of 16 bits", s->name,
                    sound.format);
        render_help(error, "compare with the other sound itself, or render this one in 16 bits");
        return RENDER_TROUBLE;
    }
    s->ladder = path;
    return ladder_of_sound(s->sound, s->name, s->from / 800, path, error);
}

/* The last tick of a score's sound may be cut, where its ladder's is whole; and its ladder goes on
 * until silence was found. */
static enum render_status forgive_the_end(struct comparison *c, bool sound_is_a,
                                          struct render_error *error)
{
    struct side *ladder = sound_is_a ? c->b : c->a;
    struct ladder_place *p = &c->place;
    uint64_t sound_end = sound_is_a ? p->ticks_a : p->ticks_b;
    uint64_t ladder_end = sound_is_a ? p->ticks_b : p->ticks_a;
    bool patch = false;
    if (ladder_is_of_patch(ladder->ladder, ladder->name, &patch, error) != RENDER_OK || patch)
        return error->status;
    bool near = ladder_end >= sound_end && ladder_end - sound_end <= SILENT_END;
    if (p->length && near) {
        p->length = false;
        p->differs = p->ticks > 0;
    }
    if (near && p->ticks == 1 && p->tick + 1 == sound_end) {
        p->differs = false;
        p->ticks = 0;
    }
    return RENDER_OK;
}

static enum render_status compare_ladders(struct comparison *c, struct work *w,
                                          struct render_error *error)
{
    bool made_a = !c->a->ladder && !c->has_sounds, made_b = !c->b->ladder && !c->has_sounds;
    if ((!c->a->ladder || !c->b->ladder) && c->has_sounds)
        return RENDER_OK;
    error->status = RENDER_OK;
    if ((made_a && make_ladder(c->a, w, error) != RENDER_OK) ||
        (made_b && make_ladder(c->b, w, error) != RENDER_OK))
        return error->status;
    if (ladder_compare(w, c->a->ladder, c->a->name, c->b->ladder, c->b->name, &c->place, error) !=
        RENDER_OK)
        return error->status;
    c->has_ladders = true;
    return made_a || made_b ? forgive_the_end(c, made_a, error) : RENDER_OK;
}

/* ---- the voice and its nodes ---- */

/* What the voice played when it first differed, by the trace. */
static void ask_trace(struct comparison *c, struct work *w, const char *trace, unsigned voice)
{
    FILE *file = fopen(trace, "rb");
    char *line = NULL;
    size_t room = 0;
    while (file && getline(&line, &room, file) >= 0) {
        if (!strstr(line, "\"event\":\"play\""))
            continue;
        json_t *event = json_loads(line, 0, NULL);
        json_t *at = json_object_get(event, "at");
        uint64_t tick = (uint64_t)json_integer_value(json_object_get(event, "tick"));
        bool mine = json_integer_value(json_object_get(event, "voice")) == (json_int_t)voice;
        const char *source = json_string_value(json_object_get(event, "source"));
        if (source && mine && tick <= c->place.tick) {
            c->plays = arena_copy(&w->arena, source, strlen(source));
            c->played = at ? arena_format(&w->arena, "%s", json_string_value(at)) : NULL;
        }
        bool late = source && tick > c->place.tick;
        json_decref(event);
        if (late)
            break;
    }
    free(line);
    if (file)
        fclose(file);
}

/* A golden's nodes have a hash a stretch. The other side's are made, if it can be rendered, and its
 * program says in which order those of the tick come. */
static enum render_status look_at_stretches(struct comparison *c, struct work *w,
                                            struct render_error *error)
{
    const char *ladder[2] = {c->a->ladder, c->b->ladder};
    struct side *sides[2] = {c->a, c->b};
    struct ladder_stretch *f = &c->stretch;
    uint64_t tick = c->place.tick;
    char *made = NULL, *nodes = NULL;
    for (int i = 0; i < 2; i++) {
        enum render_status status = side_nodes(sides[i], w, "all", NULL, &made, error);
        if (status != RENDER_OK)
            return status;
        ladder[i] = made ? made : ladder[i];
    }
    if (ladder_stretch_compare(w, ladder[0], c->a->name, ladder[1], c->b->name, c->where, tick, f,
                               error) != RENDER_OK ||
        !f->known)
        return error->status;
    for (int i = 0; i < 2 && !nodes && f->last >= tick; i++) {
        enum render_status status = side_nodes(sides[i], w, c->where, NULL, &nodes, error);
        if (status == RENDER_OK && nodes)
            status = ladder_stretch_order(f, nodes, sides[i]->name, tick, error);
        if (status != RENDER_OK)
            return status;
    }
    c->has_inside = true;
    c->inside = (struct ladder_place){
        .node_tick = f->last >= tick ? tick : f->last,
        .nodes = f->nodes,
        .only_a = f->only_a,
        .only_b = f->only_b,
    };
    return RENDER_OK;
}

static enum render_status look_inside(struct comparison *c, struct work *w,
                                      struct render_error *error)
{
    char *a, *b = NULL;
    unsigned voice;
    c->where = c->place.places.count > 0 ? c->place.places.names[0] : c->place.within;
    if (!c->where)
        return RENDER_OK;
    const char *trace = c->b->trace ? c->b->trace : c->a->trace;
    if (trace && sscanf(c->where, "voice%u", &voice) == 1)
        ask_trace(c, w, trace, voice);
    if (c->a->kind != SIDE_RENDER || c->b->kind != SIDE_RENDER)
        return look_at_stretches(c, w, error);
    enum render_status status = side_nodes(c->a, w, c->where, NULL, &a, error);
    if (status == RENDER_OK && a)
        status = side_nodes(c->b, w, c->where, NULL, &b, error);
    if (status != RENDER_OK || !b)
        return status;
    c->has_inside = true;
    return ladder_compare(w, a, c->a->name, b, c->b->name, &c->inside, error);
}

/* The node whose values differ first comes first in the list, too. */
static void put_first(struct ladder_list *list, const char *name)
{
    size_t count = list->count < PLACES ? list->count : PLACES, at = 0;
    while (at + 1 < count && strcmp(list->names[at], name) != 0)
        at++;
    memmove(list->names + 1, list->names, at * sizeof *list->names);
    list->names[0] = (char *)(uintptr_t)name;
}

/* Of both sides, or of the one that can be rendered, and then the frame is that of the sound. */
static enum render_status look_at_values(struct comparison *c, struct work *w,
                                         struct render_error *error)
{
    struct ladder_place *p = c->has_inside ? &c->inside : &c->place;
    uint64_t tick = p->node_tick, frame = c->verdict.compared.first + c->a->from;
    char *a = NULL, *b = NULL;
    enum render_status status = RENDER_OK;
    if (p->nodes.count == 0)
        return RENDER_OK;
    status = side_nodes(c->a, w, c->where, &tick, &a, error);
    if (status == RENDER_OK)
        status = side_nodes(c->b, w, c->where, &tick, &b, error);
    if (status != RENDER_OK || (!a && !b))
        return status;
    if (a && b) {
        status = values_compare(w, a, c->a->name, b, c->b->name, tick, &c->values, error);
        if (c->values.found)
            put_first(&p->nodes, c->values.node);
        return status;
    }
    if (!c->has_sounds || frame / 800 != tick)
        frame = tick * 800;
    status = values_of_one(w, a ? c->b->ladder : c->a->ladder, a ? c->b->name : c->a->name,
                           a ? a : b, a ? c->a->name : c->b->name, p->nodes.names[0], tick, frame,
                           &c->values, error);
    c->values.one_is_a = a != NULL;
    if (c->stretch.known) {
        c->values.hash_a = c->stretch.hash_a[0];
        c->values.hash_b = c->stretch.hash_b[0];
    }
    return status;
}

const char *comparison_node(const struct comparison *c, uint64_t *tick)
{
    const struct ladder_place *p = c->has_inside ? &c->inside : &c->place;
    if (!c->has_ladders || p->nodes.count == 0)
        return NULL;
    *tick = p->node_tick;
    const char *name = strstr(p->nodes.names[0], "node.");
    return name ? name + 5 : p->nodes.names[0];
}

/* ---- all of it ---- */

static void conclude(struct comparison *c)
{
    struct verdict *v = &c->verdict;
    if (!c->has_ladders || !c->place.differs || (v->lenient && v->same))
        return;
    if (!c->has_sounds)
        v->kind = DIFF_HASH;
    else if (v->kind == DIFF_SAME)
        v->kind = DIFF_INSIDE;
    v->same = false;
}

enum render_status comparison_make(struct comparison *c, struct work *w, struct side *a,
                                   struct side *b, const struct tolerance *t,
                                   struct render_error *error)
{
    *c = (struct comparison){.a = a, .b = b};
    c->verdict = (struct verdict){.kind = DIFF_SAME, .same = true};
    error->status = RENDER_OK;
    enum render_status status = side_render(a, w, error);
    if (status == RENDER_OK)
        status = side_render(b, w, error);
    if (status == RENDER_OK && a->sound && b->sound)
        status = compare_both(c, t, error);
    if (status == RENDER_OK && c->verdict.kind != DIFF_SHAPE)
        status = compare_ladders(c, w, error);
    if (status != RENDER_OK)
        return status;
    conclude(c);
    if (!c->verdict.same && c->has_ladders)
        status = look_inside(c, w, error);
    if (status == RENDER_OK && !c->verdict.same && c->has_ladders)
        status = look_at_values(c, w, error);
    return status;
}

void comparison_close(struct comparison *c)
{
    sound_close(&c->sound_a);
    sound_close(&c->sound_b);
}
