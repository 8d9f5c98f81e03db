/* build_data.c - what is known when the patch is compiled: tables, samples, words of a choice. */
#include "compiler/build.h"
#include "vm/format.h"
#include <stdlib.h>
#include <string.h>

static const char table_help[] =
    "a table is (table 0 0.5 1), in rows (table (0s 0) (10ms 1)), or (sample \"wave.wav\")";

/* ---- words ---- */

/* The number of a word among those with blanks between, or -1. */
static int find_word(const char *words, const char *text, size_t length)
{
    for (int number = 0; *words; number++) {
        size_t next = strcspn(words, " ");
        if (next == length && memcmp(words, text, length) == 0)
            return number;
        words += next + strspn(words + next, " ");
    }
    return -1;
}

static void suggest_words(struct builder *b, struct diag *d, const char *word, const char *words)
{
    enum { MOST = 64 };
    const char *list[MOST];
    size_t count = 0;
    while (*words && count < MOST) {
        size_t length = strcspn(words, " ");
        list[count] = arena_copy(b->arena, words, length);
        if (!list[count++])
            return;
        words += length + strspn(words + length, " ");
    }
    suggest(b, d, word, "the words are", list, count);
}

static int given_already(struct builder *b, const struct proto *proto, unsigned input,
                         struct place place, const char *what)
{
    if (proto->in[input].count == 0)
        return 0;
    struct diag *d = diag_error(b->diags, E_STATIC, place, "input '%s' of '%s' takes one %s",
                                type_port(&proto->type, input).name, proto->type.name, what);
    diag_label(b->diags, d, "this is another");
    return 1;
}

void read_choice(struct builder *b, struct proto *proto, unsigned input, const struct sx *sx)
{
    struct port port = type_port(&proto->type, input);
    int list = sx->kind == SX_LIST;
    int number = list ? -1 : find_word(port.words, sx->text, sx->length);
    if (number < 0) {
        struct diag *d = diag_error(b->diags, E_CHOICE, sx->place,
                                    list ? "input '%s' of '%s' takes a word"
                                         : "input '%s' of '%s' has no choice '%.60s'",
                                    port.name, proto->type.name, list ? "" : sx->text);
        suggest_words(b, d, list ? "" : sx->text, port.words);
    } else if (!given_already(b, proto, input, sx->place, "word")) {
        input_add(
            b, &proto->in[input],
            (struct term){
                .kind = TERM_CONSTANT, .value = number, .text = sx->text, .place = sx->place});
    }
}

/* ---- tables ---- */

static size_t count_numbers(const struct sx *items)
{
    size_t count = 0;
    for (; items; items = items->next)
        count += items->kind == SX_LIST ? sx_count(items) : 1;
    return count;
}

static void add_number(struct builder *b, struct data *data, const struct sx *sx)
{
    struct number number;
    if (sx->kind != SX_NUMBER) {
        struct diag *d = diag_error(b->diags, E_TABLE_SHAPE, sx->place, "a table holds numbers");
        diag_label(b->diags, d, sx->kind == SX_LIST ? "this is a list" : "this is a word");
        diag_help(b->diags, d, table_help);
        return;
    }
    enum number_status status = number_read(sx->text, sx->length, &number);
    if (status != NUMBER_OK) {
        number_error(b, sx, status, &number);
        return;
    }
    if (number.value < -VM_MOST_WRITTEN || number.value > VM_MOST_WRITTEN) {
        struct diag *d = diag_error(b->diags, E_TABLE_VALUE, sx->place,
                                    "'%.60s' is more than a table can hold", sx->text);
        diag_label(b->diags, d, "beyond 1e24");
        diag_help(b->diags, d, "what reads a table needs room above its numbers");
    }
    data->values[data->count++] = number.value;
}

static void uneven(struct builder *b, const struct sx *first, const struct sx *row)
{
    struct diag *d = NULL;
    if (first->kind != row->kind)
        d = diag_error(b->diags, E_TABLE_SHAPE, row->place, "a table has rows or single numbers");
    else
        d = diag_error(b->diags, E_TABLE_SHAPE, row->place,
                       "the row has %zu numbers, the first one %zu", sx_count(row),
                       sx_count(first));
    diag_note(b->diags, d, first->place, "the table begins with this");
    if (first->kind != row->kind)
        diag_help(b->diags, d, table_help);
}

/* Whether an item is as the first: a number, or a row as long. */
static int is_even(const struct sx *first, const struct sx *item)
{
    return (item->kind == SX_LIST) == (first->kind == SX_LIST) &&
           (item->kind != SX_LIST || sx_count(item) == sx_count(first));
}

static void add_item(struct builder *b, struct data *data, const struct sx *item)
{
    if (item->kind == SX_LIST)
        for (const struct sx *sx = item->first; sx; sx = sx->next)
            add_number(b, data, sx);
    else
        add_number(b, data, item);
}

/* NULL when anything was reported. */
static const struct data *read_table(struct builder *b, const struct sx *form)
{
    const struct sx *first = form->first->next;
    size_t count = count_numbers(first);
    unsigned before = b->diags->count;
    if (count == 0 || count > VM_MAX_TABLE) {
        struct diag *d =
            diag_error(b->diags, E_TABLE_SHAPE, form->place,
                       count ? "the table has %zu numbers; %d are the most" : "the table is empty",
                       count, VM_MAX_TABLE);
        diag_help(b->diags, d, table_help);
        return NULL;
    }
    struct data *data = arena_take(b->arena, 1, sizeof *data);
    double *values = arena_take(b->arena, count, sizeof *values);
    struct place *rows = arena_take(b->arena, sx_count(form), sizeof *rows);
    if (!data || !values || !rows)
        return NULL;
    data->values = values;
    data->rows = rows;
    data->columns = first->kind == SX_LIST ? (unsigned)sx_count(first) : 1;
    const struct sx *item = first;
    for (; item && is_even(first, item); item = item->next) {
        *rows++ = item->place;
        add_item(b, data, item);
    }
    if (item)
        uneven(b, first, item);
    return b->diags->count == before ? data : NULL;
}

/* ---- samples ---- */

static const char *const channels[] = {"mix", "left", "right"};

/* (sample "FILE") or (sample "FILE" (channel left)): the channel, or -1. */
static int read_channel(struct builder *b, const struct sx *form)
{
    static const char help[] = "(sample \"wave.wav\") or (sample \"wave.wav\" (channel left))";
    const struct sx *file = form->first->next, *field = file ? file->next : NULL;
    const struct sx *word = NULL;
    if (field && field->kind == SX_LIST && sx_is(field->first, "channel") && !field->next)
        word = field->first->next;
    if (!file || file->kind != SX_STRING || !file->length || (field && (!word || word->next))) {
        shape_error(b, form->place, "a sample names one file", help);
        return -1;
    }
    for (int i = 0; i < 3; i++)
        if (!word || sx_is(word, channels[i]))
            return i;
    struct diag *d = diag_error(b->diags, E_CHOICE, word->place, "a sample has no channel '%.60s'",
                                word->kind == SX_LIST ? "(...)" : word->text);
    suggest(b, d, word->text ? word->text : "", "there are", channels, 3);
    return -1;
}

/* As the patch asked for could write it: from its folder. */
static const char *from_root(const struct builder *b, const char *path)
{
    const char *slash = strrchr(b->root->name, '/');
    size_t folder = slash ? (size_t)(slash + 1 - b->root->name) : 0;
    return strncmp(path, b->root->name, folder) == 0 ? path + folder : path;
}

static struct data *load(struct builder *b, const char *path, int channel, struct place place)
{
    struct sound_frames sound = {.why = "no sound files can be read here"};
    struct data *data = arena_take(b->arena, 1, sizeof *data);
    if (!data)
        return NULL;
    if (!b->sounds || !b->sounds->load ||
        b->sounds->load(b->sounds->context, path, (enum sound_channel)channel, &sound)) {
        struct diag *d = diag_error(b->diags, E_SAMPLE_FILE, place, "cannot read '%s'", path);
        diag_label(b->diags, d, "%s", sound.why);
        diag_help(b->diags, d, "a sample is looked for beside the file that names it");
        return NULL;
    }
    *data = (struct data){.count = sound.count,
                          .columns = 1,
                          .file = from_root(b, path),
                          .channel = channels[channel],
                          .rate = sound.rate};
    data->values = arena_take(b->arena, sound.count, sizeof *data->values);
    if (data->values)
        memcpy(data->values, sound.values, sound.count * sizeof *data->values);
    free(sound.values);
    return data->values ? data : NULL;
}

static const struct data *read_sample(struct builder *b, const struct sx *form)
{
    int channel = read_channel(b, form);
    const struct sx *file = form->first->next;
    const char *path = channel < 0 ? NULL : path_beside(b, form->place.source, file->text);
    if (!path)
        return NULL;
    for (size_t i = 0; i < b->sample_count; i++)
        if (strcmp(b->samples[i].path, path) == 0 && b->samples[i].channel == channel)
            return b->samples[i].data;
    struct data *data = load(b, path, channel, file->place);
    if (!data || arena_grow(b->arena, (void **)&b->samples, &b->sample_capacity,
                            b->sample_count + 1, sizeof *b->samples))
        return NULL;
    b->samples[b->sample_count++] = (struct loaded_sample){path, channel, data};
    return data;
}

/* ---- inputs ---- */

int is_data(const struct sx *sx)
{
    return sx->kind == SX_LIST && (sx_is(sx->first, "table") || sx_is(sx->first, "sample"));
}

static void *table_wanted(struct builder *b, const struct proto *proto, unsigned input,
                          struct place place, const char *label)
{
    struct diag *d = diag_error(b->diags, E_TABLE_WANTED, place, "input '%s' of '%s' wants a table",
                                type_port(&proto->type, input).name, proto->type.name);
    diag_label(b->diags, d, "%s", label);
    diag_help(b->diags, d, table_help);
    return NULL;
}

/* What a DATA or CHOICE input is given is part of the patch: nothing that runs reaches it. */
int refuse_reference(struct builder *b, const struct proto *proto, unsigned input,
                     struct place place, const char *name)
{
    struct port port = type_port(&proto->type, input);
    if (port.kind == VM_DATA) {
        table_wanted(b, proto, input, place,
                     "a table stands in the patch: no param or output can be one");
    } else if (port.kind == VM_CHOICE) {
        struct diag *d = diag_error(b->diags, E_CHOICE, place, "input '%s' of '%s' takes a word",
                                    port.name, proto->type.name);
        suggest_words(b, d, name, port.words);
    }
    return port.kind == VM_DATA || port.kind == VM_CHOICE;
}

void read_data(struct builder *b, struct patch *patch, struct proto *proto, unsigned input,
               const struct sx *sx)
{
    if (sx->kind == SX_SYMBOL && table_get(&patch->names, sx->text) != TABLE_NONE) {
        refuse_reference(b, proto, input, sx->place, sx->text);
    } else if (!is_data(sx)) {
        static const char *const labels[] = {[SX_LIST] = "this is another form",
                                             [SX_SYMBOL] = "this is a word",
                                             [SX_NUMBER] = "this is a number",
                                             [SX_STRING] = "this is a string"};
        table_wanted(b, proto, input, sx->place, labels[sx->kind]);
    } else if (!given_already(b, proto, input, sx->place, "table")) {
        const struct data *data =
            sx_is(sx->first, "table") ? read_table(b, sx) : read_sample(b, sx);
        if (data)
            input_add(b, &proto->in[input],
                      (struct term){.kind = TERM_TABLE, .table = data, .place = sx->place});
    }
}

void misplaced_data(struct builder *b, const struct proto *proto, unsigned input,
                    const struct sx *sx)
{
    struct diag *d =
        diag_error(b->diags, E_TABLE_PLACE, sx->place, "input '%s' of '%s' takes no table",
                   type_port(&proto->type, input).name, proto->type.name);
    diag_label(b->diags, d, "this is a table");
    if (proto->type.patch)
        diag_help(b->diags, d, "a table cannot come through a param: write it inside '%s'",
                  proto->type.name);
    for (unsigned i = 0; i < type_inputs(&proto->type); i++)
        if (type_port(&proto->type, i).kind == VM_DATA) {
            diag_help(b->diags, d, "name the input that does: (%s (table ...))",
                      type_port(&proto->type, i).name);
            return;
        }
}
