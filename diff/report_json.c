#include "diff/report.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* JSON has no infinity: null. */
static json_t *number(double x)
{
    return x - x == 0.0 ? json_real(x) : json_null();
}

static json_t *db(double factor)
{
    return factor > 0.0 ? number(20.0 * log10(factor)) : json_null();
}

static json_t *power_db(double power)
{
    return power > 0.0 ? number(10.0 * log10(power)) : json_null();
}

static json_t *whole(uint64_t x)
{
    return json_integer((json_int_t)x);
}

/* Names may hold any bytes; JSON may not. */
json_t *report_json_string(const char *name)
{
    json_t *string = name ? json_string(name) : json_null();
    if (string)
        return string;
    size_t length = strlen(name);
    char *plain = malloc(length + 1);
    for (size_t i = 0; plain && i <= length; i++)
        plain[i] = (unsigned char)name[i] < 128 ? name[i] : '?';
    string = plain ? json_string(plain) : NULL;
    free(plain);
    return string;
}

static json_t *list(const struct ladder_list *l)
{
    json_t *array = json_array();
    for (size_t i = 0; i < l->count && i < PLACES; i++) {
        const char *node = strstr(l->names[i], "node.");
        json_array_append_new(array, report_json_string(node ? node + 5 : l->names[i]));
    }
    return array;
}

static json_t *side(const struct side *s, const struct sound *sound)
{
    json_t *o = json_object();
    json_object_set_new(o, "name", report_json_string(s->name));
    if (sound->decoder) {
        json_object_set_new(o, "rate", json_integer(sound->rate));
        json_object_set_new(o, "channels", json_integer(sound->channels));
        json_object_set_new(o, "frames", whole(sound->frames));
        json_object_set_new(o, "format", json_string(sound->format));
    }
    return o;
}

static json_t *value(const struct comparison *c, uint64_t frame, unsigned channel, double a,
                     double b)
{
    json_t *o = json_object();
    frame += c->a->from;
    json_object_set_new(o, "frame", whole(frame));
    json_object_set_new(o, "tick", whole(frame * 60 / (uint64_t)c->verdict.rate));
    json_object_set_new(o, "channel", json_integer(channel));
    json_object_set_new(o, "a", number(a));
    json_object_set_new(o, "b", number(b));
    return o;
}

static void add_sounds(json_t *o, const struct comparison *c)
{
    const struct compared *f = &c->verdict.compared;
    if (!c->has_sounds || c->verdict.kind == DIFF_SHAPE)
        return;
    json_object_set_new(o, "frames_compared", whole(f->common));
    json_object_set_new(o, "frames_differing", whole(f->differing));
    if (f->differing == 0)
        return;
    json_object_set_new(o, "first", value(c, f->first, f->first_channel, f->first_a, f->first_b));
    json_t *largest = value(c, f->largest_frame, f->largest_channel, f->largest_a, f->largest_b);
    json_object_set_new(largest, "db", db(f->largest));
    json_object_set_new(largest, "steps", number(f->largest / c->verdict.step));
    json_object_set_new(o, "largest", largest);
    json_object_set_new(o, "rms_db", db(f->rms));
    json_object_set_new(o, "last_frame", whole(f->last + c->a->from));
}

static void add_mapping(json_t *o, const struct verdict *v)
{
    if (v->kind < DIFF_POLARITY || (v->kind > DIFF_SHIFT && v->kind < DIFF_NEW))
        return;
    json_t *gain = json_array(), *offset = json_array();
    for (unsigned k = 0; k < v->channels; k++) {
        json_array_append_new(gain, number(v->map.gain[k]));
        json_array_append_new(offset, number(v->map.offset[k]));
    }
    json_object_set_new(o, "correlation", number(v->correlation));
    if (v->kind < DIFF_NEW) {
        json_object_set_new(o, "shift_frames", json_integer(v->map.shift));
        json_object_set_new(o, "gain", json_incref(gain));
        json_object_set_new(o, "offset", json_incref(offset));
        json_object_set_new(o, "residual_db", db(v->residual.rms));
        json_object_set_new(o, "overlap_frames", whole(v->residual.overlap));
    }
    if (v->kind == DIFF_SHIFT)
        json_object_set_new(o, "with", json_string(difference_word(v->within)));
    json_decref(gain);
    json_decref(offset);
}

static void add_parts(json_t *o, const struct comparison *c)
{
    static const char *const words[] = {"new sound", "lsb",   "a silent", "b silent",
                                        "gain",      "shift", "moved"};
    const struct parts *p = &c->verdict.parts;
    json_t *list = json_array();
    size_t shown = p->count <= PARTS ? p->count : PARTS - 1;
    for (size_t i = 0; i < shown; i++) {
        const struct part *part = &p->list[i];
        json_t *one = json_object(), *gain = json_array();
        for (unsigned k = 0; k < c->verdict.channels; k++)
            json_array_append_new(gain, number(part->gain[k]));
        json_object_set_new(one, "kind", json_string(words[part->kind]));
        json_object_set_new(one, "first", whole(part->first + c->a->from));
        json_object_set_new(one, "last", whole(part->last + c->a->from));
        if (part->kind >= PART_SHIFT)
            json_object_set_new(one, "shift_frames", json_integer(part->shift));
        if (part->kind == PART_GAIN)
            json_object_set(one, "gain", gain);
        if (part->kind != PART_NEW)
            json_object_set_new(one, "residual_db", db(part->left));
        json_array_append_new(list, one);
        json_decref(gain);
    }
    if (p->count) {
        json_object_set_new(o, "parts_differing", whole(p->count));
        json_object_set(o, "parts", list);
    }
    json_decref(list);
}

static json_t *values(const struct node_values *v)
{
    json_t *o = json_object(), *list = json_array();
    json_object_set_new(o, "frame", whole(v->frame));
    if (v->found)
        json_object_set_new(o, "other_ops", json_boolean(v->other_ops));
    for (size_t i = 0; i < v->count && i < VALUES_SHOWN; i++) {
        json_t *one = json_object();
        json_object_set_new(one, "op", json_string(v->values[i].op));
        if (v->found || v->one_is_a)
            json_object_set_new(one, "a", number(v->values[i].a));
        if (v->found || !v->one_is_a)
            json_object_set_new(one, "b", number(v->values[i].b));
        json_array_append_new(list, one);
    }
    json_object_set_new(o, "values", list);
    if (v->hash_a)
        json_object_set_new(o, "a_hash", json_string(v->hash_a));
    if (v->hash_b)
        json_object_set_new(o, "b_hash", json_string(v->hash_b));
    return o;
}

static void add_place(json_t *o, const struct comparison *c)
{
    uint64_t tick = 0;
    const char *node = comparison_node(c, &tick);
    const struct ladder_place *inside = c->has_inside ? &c->inside : &c->place;
    if (!c->has_ladders || !c->place.differs)
        return;
    json_object_set_new(o, "tick", whole(c->place.tick));
    json_object_set_new(o, "ticks_differing", whole(c->place.ticks));
    json_object_set_new(o, "places", list(&c->place.places));
    if (c->plays) {
        json_object_set_new(o, "plays", report_json_string(c->plays));
        json_object_set_new(o, "at", report_json_string(c->played));
    }
    if (node) {
        json_object_set_new(o, "node", report_json_string(node));
        if (c->stretch.known)
            json_object_set_new(
                o, "node_ticks",
                json_pack("[o, o]", whole(c->stretch.first), whole(c->stretch.last)));
        else
            json_object_set_new(o, "node_tick", whole(tick));
        json_object_set_new(o, "nodes", list(&inside->nodes));
        if (c->values.found || c->values.found_one)
            json_object_set_new(o, "node_values", values(&c->values));
    }
    json_object_set_new(o, "nodes_only_a", list(&inside->only_a));
    json_object_set_new(o, "nodes_only_b", list(&inside->only_b));
}

static void add_spectrum(json_t *o, const struct comparison *c)
{
    json_t *bands = json_array();
    for (int i = 0; i < BANDS && c->has_spectrum; i++) {
        json_t *band = json_object();
        json_object_set_new(band, "hz", number(c->spectrum.centre[i]));
        json_object_set_new(band, "a_db", power_db(c->spectrum.a[i]));
        json_object_set_new(band, "b_db", power_db(c->spectrum.b[i]));
        json_object_set_new(band, "difference_db", power_db(c->spectrum.difference[i]));
        json_array_append_new(bands, band);
    }
    if (c->has_spectrum) {
        json_object_set(o, "spectrum", bands);
        json_object_set_new(o, "difference_peak_hz", number(c->spectrum.peak));
    }
    json_decref(bands);
}

json_t *report_json(struct work *w, const struct comparison *c)
{
    json_t *o = json_object();
    char *verdict = report_verdict(w, c);
    if (!o || !verdict) {
        json_decref(o);
        return NULL;
    }
    json_object_set_new(o, "same", json_boolean(c->verdict.same));
    json_object_set_new(o, "tolerated", json_boolean(c->verdict.tolerated));
    json_object_set_new(o, "kind", json_string(difference_word(c->verdict.kind)));
    json_object_set_new(o, "verdict", report_json_string(verdict));
    json_object_set_new(o, "a", side(c->a, &c->sound_a));
    json_object_set_new(o, "b", side(c->b, &c->sound_b));
    add_sounds(o, c);
    add_mapping(o, &c->verdict);
    add_parts(o, c);
    add_place(o, c);
    add_spectrum(o, c);
    return o;
}
