#include "text/source.h"
#include "text/diag.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static int continues(const char *text, size_t count)
{
    for (size_t i = 1; i <= count; i++)
        if (((unsigned char)text[i] & 0xc0) != 0x80)
            return 0;
    return 1;
}

/* RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF. */
size_t utf8_length(const char *text, size_t size)
{
    if (size == 0)
        return 0;
    unsigned char first = (unsigned char)text[0];
    if (first < 0x80)
        return 1;
    size_t more = first < 0xc2 ? 0 : first < 0xe0 ? 1 : first < 0xf0 ? 2 : first < 0xf5 ? 3 : 0;
    if (more == 0 || size <= more || !continues(text, more))
        return 0;
    unsigned char second = (unsigned char)text[1];
    if ((first == 0xe0 && second < 0xa0) || (first == 0xed && second > 0x9f) ||
        (first == 0xf0 && second < 0x90) || (first == 0xf4 && second > 0x8f))
        return 0;
    return more + 1;
}

size_t source_start(const struct source *source)
{
    static const char mark[] = {'\xef', '\xbb', '\xbf'};
    int first = source->lines_before == 0;
    return first && source->size >= 3 && memcmp(source->text, mark, 3) == 0 ? 3 : 0;
}

int source_same_file(const struct source *a, const struct source *b)
{
    return a == b || (a && b && strcmp(a->name, b->name) == 0);
}

struct position source_position(const struct source *source, uint32_t offset)
{
    struct position at = {source->lines_before + 1, 1};
    size_t i = source_start(source);
    while (i < offset && i < source->size) {
        size_t length = utf8_length(source->text + i, source->size - i);
        if (source->text[i] == '\n')
            at = (struct position){at.line + 1, 1};
        else
            at.column++;
        i += length ? length : 1;
    }
    return at;
}

enum { BLOCK = 64 };

/* Neither this nor the next has branches in its loop, so that compilers make vectors of them. */
static int is_plain(const char *text)
{
    unsigned char odd = 0;
    for (int i = 0; i < BLOCK; i++) {
        unsigned char c = (unsigned char)text[i];
        unsigned char control = (unsigned char)(c - 0x20) >= 0x7f - 0x20;
        unsigned char allowed = (unsigned char)((c == '\t') | (c == '\n') | (c == '\r'));
        odd = (unsigned char)(odd | (control & (allowed ^ 1)));
    }
    return !odd;
}

static unsigned lines_of_block(const char *text)
{
    unsigned char count = 0;
    for (int i = 0; i < BLOCK; i++)
        count = (unsigned char)(count + (text[i] == '\n'));
    return count;
}

unsigned source_lines(const char *text, size_t size)
{
    unsigned count = 0;
    size_t i = 0;
    for (; size - i >= BLOCK; i += BLOCK)
        count += lines_of_block(text + i);
    for (; i < size; i++)
        count += text[i] == '\n';
    return count;
}

size_t source_clean(const struct source *source)
{
    size_t i = source_start(source), tried = i;
    while (i < source->size) {
        if (i >= tried && source->size - i >= BLOCK) {
            tried = i + BLOCK;
            if (is_plain(source->text + i)) {
                i += BLOCK;
                continue;
            }
        }
        unsigned char c = (unsigned char)source->text[i];
        size_t length = utf8_length(source->text + i, source->size - i);
        if (length == 0 || (c < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0x7f)
            break;
        i += length;
    }
    return i;
}

int source_check(struct diags *diags, const struct source *source)
{
    if (source->size > SOURCE_LIMIT) {
        struct place start = {source, 0, 0};
        diag_error(diags, E_TOO_LARGE, start, "a file has at most 64 MiB");
        return -1;
    }
    size_t at = source_clean(source);
    if (at == source->size)
        return 0;
    struct place place = {source, (uint32_t)at, (uint32_t)at + 1};
    unsigned char c = (unsigned char)source->text[at];
    int is_text = utf8_length(source->text + at, source->size - at) > 0;
    struct diag *d = is_text ? diag_error(diags, E_TEXT, place, "control character 0x%02X", c)
                             : diag_error(diags, E_UTF8, place, "the text is not UTF-8");
    if (is_text) {
        diag_label(diags, d, "not allowed in a text");
        return -1;
    }
    diag_label(diags, d, "byte 0x%02X begins no character", c);
    diag_help(diags, d, "save the file as UTF-8");
    return -1;
}

/* Past the comment at i: to the line end, or to its |#. */
static size_t skip_comment(const struct source *source, size_t i)
{
    const char *text = source->text;
    if (text[i] == ';') {
        while (i < source->size && text[i] != '\n')
            i++;
        return i;
    }
    unsigned depth = 0;
    do {
        int opens = text[i] == '#' && text[i + 1] == '|';
        int closes = text[i] == '|' && text[i + 1] == '#';
        depth += (unsigned)opens;
        depth -= (unsigned)closes;
        i += opens || closes ? 2 : 1;
    } while (depth && i < source->size);
    return i;
}

int source_is_json(const struct source *source)
{
    size_t i = source_start(source);
    while (i < source->size) {
        const char *text = source->text + i;
        if (strchr(" \t\r\n", *text) && *text)
            i++;
        else if (*text == ';' || (text[0] == '#' && text[1] == '|'))
            i = skip_comment(source, i);
        else
            return *text == '{';
    }
    return 0;
}

int source_shrank(FILE *file)
{
    struct stat info;
    int fd = fileno(file);
    if (!feof(file) || fd < 0 || fstat(fd, &info) || !S_ISREG(info.st_mode))
        return 0;
    off_t at = ftello(file);
    return at >= 0 && at < info.st_size;
}

const char source_shrank_why[] = "it became shorter while it was read";

static char *read_all(struct arena *arena, FILE *file, size_t *size)
{
    char *text = NULL;
    size_t capacity = 0, got = 1;
    *size = 0;
    while (got > 0 && *size <= SOURCE_LIMIT) {
        if (arena_grow(arena, (void **)&text, &capacity, *size + 65536, 1))
            return NULL;
        got = fread(text + *size, 1, capacity - *size - 1, file);
        *size += got;
    }
    text[*size] = '\0';
    return text;
}

const struct source *source_read(struct arena *arena, FILE *file, const char *name,
                                 const char **why)
{
    size_t size;
    errno = 0;
    char *text = read_all(arena, file, &size);
    *why = ferror(file) ? strerror(errno) : source_shrank(file) ? source_shrank_why : NULL;
    struct source *source = text && !*why ? arena_take(arena, 1, sizeof *source) : NULL;
    if (source)
        *source = (struct source){.name = name, .text = text, .size = size};
    return source;
}

const struct source *source_load(struct arena *arena, const char *path, const char **why)
{
    FILE *file = fopen(path, "rb");
    *why = NULL;
    if (!file && errno == ENOMEM)
        arena->failed = 1;
    else if (!file)
        *why = strerror(errno);
    if (!file)
        return NULL;
    const struct source *source = source_read(arena, file, path, why);
    fclose(file);
    return source;
}
