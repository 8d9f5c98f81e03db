#include "render/score/names.h"
#include <string.h>

/* FNV-1a */
static uint64_t hash(const char *word)
{
    uint64_t h = UINT64_C(14695981039346656037);
    for (; *word; word++)
        h = (h ^ (unsigned char)*word) * UINT64_C(1099511628211);
    return h;
}

/* Where the word stands, or would. */
static size_t slot_of(const struct names *names, const char *word)
{
    size_t mask = names->slot_count - 1, i = (size_t)hash(word) & mask;
    while (names->slots[i] && strcmp(names->words[names->slots[i] - 1], word) != 0)
        i = (i + 1) & mask;
    return i;
}

uint32_t names_find(const struct names *names, const char *word)
{
    uint32_t found = names->slot_count ? names->slots[slot_of(names, word)] : 0;
    return found ? found - 1 : NAME_NONE;
}

static int widen(struct names *names)
{
    if ((names->count + 1) * 2 <= names->slot_count)
        return 0;
    size_t count = names->slot_count ? names->slot_count * 2 : 16;
    uint32_t *slots = arena_take(names->arena, count, sizeof *slots);
    if (!slots)
        return -1;
    names->slots = slots;
    names->slot_count = count;
    for (size_t i = 0; i < names->count; i++)
        slots[slot_of(names, names->words[i])] = (uint32_t)i + 1;
    return 0;
}

uint32_t names_add(struct names *names, const char *word)
{
    uint32_t found = names_find(names, word);
    if (found != NAME_NONE)
        return found;
    char *copy = arena_copy(names->arena, word, strlen(word));
    if (!copy || names->count >= NAME_NONE - 1 || widen(names) ||
        arena_grow(names->arena, (void **)&names->words, &names->capacity, names->count + 1,
                   sizeof *names->words))
        return NAME_NONE;
    names->words[names->count] = copy;
    names->slots[slot_of(names, copy)] = (uint32_t)names->count + 1;
    return (uint32_t)names->count++;
}
