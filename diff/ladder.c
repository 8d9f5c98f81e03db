#include "diff/ladder.h"
#include "diff/sound.h"
#include "render/tick_hash.h"
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

struct ladder {
    gzFile file;
    const char *name;
    char *line;
    size_t room, count, entry_room;
    uint64_t number; /* of the line, from 1 */
    uint64_t tick;
    struct ladder_entry *entries;
};

static enum render_status fail(const char *name, const char *why, struct render_error *error)
{
    return render_fail(error, RENDER_TROUBLE, "%s: cannot read: %s", name, why);
}

/* Reads a line whole, whatever its length. 1, 0 at the end, -1. */
static int read_line(struct ladder *l, struct render_error *error)
{
    size_t length = 0;
    for (;;) {
        if (length + 2 > l->room) {
            size_t room = l->room * 2 + 4096;
            char *more = realloc(l->line, room);
            if (!more)
                return work_no_memory(error), -1;
            l->line = more;
            l->room = room;
        }
        int most = l->room - length > 1 << 20 ? 1 << 20 : (int)(l->room - length);
        if (!gzgets(l->file, l->line + length, most))
            break;
        length += strlen(l->line + length);
        if (length > 0 && l->line[length - 1] == '\n')
            break;
    }
    int number = 0;
    const char *why = gzerror(l->file, &number);
    if (number != Z_OK && number != Z_STREAM_END)
        return fail(l->name, number == Z_BUF_ERROR ? "it is cut short" : why, error), -1;
    if (length == 0)
        return 0;
    l->number++;
    if (l->line[length - 1] != '\n')
        return fail(l->name, "it is cut short", error), -1;
    l->line[length - 1] = '\0';
    return 1;
}

struct ladder *ladder_open(const char *path, const char *name, struct render_error *error)
{
    struct ladder *l = calloc(1, sizeof *l);
    if (!l) {
        work_no_memory(error);
        return NULL;
    }
    l->name = name;
    l->file = gzopen(path, "rb");
    int got = 1;
    if (!l->file)
        fail(name, strerror(errno), error);
    else
        got = read_line(l, error);
    if (l->file && got >= 0 && (got == 0 || strcmp(l->line, "repatch-ladder 1") != 0))
        got = (fail(name, "it is no ladder: its first line is not 'repatch-ladder 1'", error), -1);
    if (l->file && got == 1)
        return l;
    ladder_close(l);
    return NULL;
}

void ladder_close(struct ladder *l)
{
    if (!l)
        return;
    if (l->file)
        gzclose(l->file);
    free(l->line);
    free(l->entries);
    free(l);
}

static int bad_line(const struct ladder *l, struct render_error *error)
{
    render_fail(error, RENDER_TROUBLE, "%s:%" PRIu64 ": not a line of a ladder", l->name,
                l->number);
    render_help(error, "a line is TICK NAME=HASH NAME=HASH ...");
    return -1;
}

static int add_entry(struct ladder *l, char *text, struct render_error *error)
{
    char *equals = strchr(text, '=');
    if (!equals || equals == text)
        return bad_line(l, error);
    *equals = '\0';
    if (l->count == l->entry_room) {
        size_t room = l->entry_room * 2 + 64;
        struct ladder_entry *more = realloc(l->entries, room * sizeof *more);
        if (!more)
            return work_no_memory(error), -1;
        l->entries = more;
        l->entry_room = room;
    }
    l->entries[l->count++] = (struct ladder_entry){text, equals + 1};
    return 0;
}

/* Cuts the next word off; they are parted by one blank. NULL: there is none. */
static char *next_word(char **rest)
{
    char *word = *rest;
    if (!word)
        return NULL;
    char *end = strchr(word, ' ');
    *rest = end ? end + 1 : NULL;
    if (end)
        *end = '\0';
    return word;
}

int ladder_next(struct ladder *l, struct render_error *error)
{
    int got = read_line(l, error);
    if (got != 1)
        return got;
    char *rest = l->line, *end, *word = next_word(&rest);
    l->count = 0;
    l->tick = strtoull(word, &end, 10);
    if (end == word || *end)
        return bad_line(l, error);
    while ((word = next_word(&rest)))
        if (add_entry(l, word, error))
            return -1;
    return 1;
}

uint64_t ladder_tick_of(const struct ladder *l)
{
    return l->tick;
}

size_t ladder_count(const struct ladder *l)
{
    return l->count;
}

struct ladder_entry ladder_entry(const struct ladder *l, size_t index)
{
    return l->entries[index];
}

enum render_status ladder_is_of_patch(const char *path, const char *name, bool *patch,
                                      struct render_error *error)
{
    struct ladder *l = ladder_open(path, name, error);
    if (!l)
        return error->status;
    int got = ladder_next(l, error);
    *patch = false;
    for (size_t i = 0; got == 1 && i < l->count; i++)
        *patch |= strcmp(l->entries[i].name, "out") == 0;
    ladder_close(l);
    return got < 0 ? error->status : RENDER_OK;
}

/* ---- writing ---- */

enum render_status ladder_of_sound(const char *path, const char *name, uint64_t first_tick,
                                   const char *to, struct render_error *error)
{
    struct sound s;
    double frames[2 * TICK_FRAMES];
    float samples[2 * TICK_FRAMES];
    if (sound_open(&s, path, name, error) != RENDER_OK) {
        sound_close(&s);
        return error->status;
    }
    FILE *file = s.channels <= 2 ? fopen(to, "wb") : NULL;
    if (!file) {
        sound_close(&s);
        return render_fail(error, RENDER_TROUBLE, "%s: cannot make its ladder: %s", name,
                           s.channels > 2 ? "it has more than two channels" : strerror(errno));
    }
    fputs(LADDER_FIRST_LINE, file);
    for (size_t n; (n = sound_read(&s, frames, TICK_FRAMES, error)) > 0; first_tick++) {
        for (size_t i = 0; i < n * s.channels; i++)
            samples[i] = (float)frames[i];
        fprintf(file, "%" PRIu64 " mix=%016" PRIx64 "\n", first_tick,
                tick_hash_16(samples, n * s.channels));
        if (work_go_on(error) != RENDER_OK)
            break;
    }
    sound_close(&s);
    if (fclose(file) && error->status == RENDER_OK)
        render_fail(error, RENDER_TROUBLE, "%s: cannot write: %s", to, strerror(errno));
    return error->status;
}

enum render_status ladder_pack(const char *from, const char *to, struct render_error *error)
{
    char bytes[1 << 14];
    gzFile in = gzopen(from, "rb"), out = in ? gzopen(to, "wb9") : NULL;
    int got = 0, failed = !in || !out;
    while (!failed && (got = gzread(in, bytes, sizeof bytes)) > 0)
        failed = gzwrite(out, bytes, (unsigned)got) != got;
    failed |= got < 0;
    if (in)
        gzclose(in);
    if (out && gzclose(out) != Z_OK)
        failed = 1;
    return failed ? render_fail(error, RENDER_TROUBLE, "%s: cannot write: %s", to, strerror(errno))
                  : RENDER_OK;
}
