#include "text/arena.h"
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CHUNK_BYTES = 64 * 1024 };

struct arena_chunk {
    struct arena_chunk *next;
    size_t used, size;
    max_align_t data[];
};

void arena_init(struct arena *arena)
{
    *arena = (struct arena){.fail_after = -1};
}

void arena_free(struct arena *arena)
{
    struct arena_chunk *chunk = arena->chunks;
    while (chunk) {
        struct arena_chunk *next = chunk->next;
        free(chunk);
        chunk = next;
    }
    arena->chunks = NULL;
}

/* One chunk of the usual size stays. */
void arena_reset(struct arena *arena)
{
    struct arena_chunk *kept = NULL, *chunk = arena->chunks;
    while (chunk) {
        struct arena_chunk *next = chunk->next;
        if (kept || chunk->size > CHUNK_BYTES)
            free(chunk);
        else
            kept = chunk;
        chunk = next;
    }
    if (kept) {
        memset(kept->data, 0, kept->used);
        kept->used = 0;
        kept->next = NULL;
    }
    arena->chunks = kept;
    arena->taken = 0;
}

static struct arena_chunk *add_chunk(struct arena *arena, size_t bytes)
{
    size_t size = bytes > CHUNK_BYTES ? bytes : CHUNK_BYTES;
    if (size > SIZE_MAX - sizeof(struct arena_chunk))
        return NULL;
    struct arena_chunk *chunk = calloc(1, sizeof *chunk + size);
    if (!chunk)
        return NULL;
    chunk->size = size;
    /* A chunk made for one large piece is full at once: the one in use stays in front. */
    if (arena->chunks && bytes > CHUNK_BYTES) {
        chunk->next = arena->chunks->next;
        arena->chunks->next = chunk;
    } else {
        chunk->next = arena->chunks;
        arena->chunks = chunk;
    }
    return chunk;
}

static void *fail(struct arena *arena)
{
    arena->failed = 1;
    return NULL;
}

/* Counted down to 0, and every allocation after that fails too, as memory that is gone does. */
static int must_fail(struct arena *arena)
{
    if (arena->fail_after < 0)
        return 0;
    if (arena->fail_after == 0)
        return 1;
    arena->fail_after--;
    return 0;
}

void *arena_take(struct arena *arena, size_t count, size_t size)
{
    const size_t align = _Alignof(max_align_t);
    if (must_fail(arena) || (size && count > (SIZE_MAX - align) / size))
        return fail(arena);
    size_t bytes = count * size;
    bytes = bytes ? (bytes + align - 1) / align * align : align;
    struct arena_chunk *chunk = arena->chunks;
    if (!chunk || chunk->size - chunk->used < bytes)
        chunk = add_chunk(arena, bytes);
    if (!chunk)
        return fail(arena);
    void *piece = (char *)chunk->data + chunk->used;
    chunk->used += bytes;
    arena->taken += bytes;
    return piece;
}

char *arena_copy(struct arena *arena, const char *text, size_t length)
{
    char *copy = length < SIZE_MAX ? arena_take(arena, length + 1, 1) : fail(arena);
    if (copy && length)
        memcpy(copy, text, length);
    return copy;
}

char *arena_format(struct arena *arena, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int length = vsnprintf(NULL, 0, format, args);
    char *text = length < 0 ? fail(arena) : arena_take(arena, (size_t)length + 1, 1);
    if (text)
        vsnprintf(text, (size_t)length + 1, format, again);
    va_end(again);
    va_end(args);
    return text;
}

int arena_grow(struct arena *arena, void **items, size_t *capacity, size_t need, size_t size)
{
    if (need <= *capacity)
        return 0;
    size_t more = *capacity > SIZE_MAX / 2 ? need : *capacity * 2;
    more = more < 4 ? 4 : more;
    more = more < need ? need : more;
    void *grown = arena_take(arena, more, size);
    if (!grown)
        return -1;
    if (*capacity)
        memcpy(grown, *items, *capacity * size);
    *items = grown;
    *capacity = more;
    return 0;
}
