#include "render/mixer/state.h"
#include <stdlib.h>
#include <string.h>

bool mix_room(struct mixer *m, void **array, size_t *room, size_t count, size_t size)
{
    if (count < *room)
        return true;
    size_t more = *room ? 2 * *room : 64;
    void *moved = more <= SIZE_MAX / size ? realloc(*array, more * size) : NULL;
    if (!moved) {
        m->no_memory = true;
        return false;
    }
    *array = moved;
    *room = more;
    return true;
}

void *mix_take_bytes(size_t bytes)
{
    if (bytes > SIZE_MAX - RP_ALIGNMENT)
        return NULL;
    return aligned_alloc(RP_ALIGNMENT, (bytes / RP_ALIGNMENT + 1) * RP_ALIGNMENT);
}

void *mix_take(size_t count, size_t size)
{
    if (size && count > SIZE_MAX / size)
        return NULL;
    void *memory = mix_take_bytes(count * size);
    if (memory)
        memset(memory, 0, count * size);
    return memory;
}
