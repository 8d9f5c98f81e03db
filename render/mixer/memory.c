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

void *mix_take(size_t count, size_t size)
{
    if (size && count > (SIZE_MAX - RP_ALIGNMENT) / size)
        return NULL;
    size_t bytes = (count * size + RP_ALIGNMENT) / RP_ALIGNMENT * RP_ALIGNMENT;
    void *memory = aligned_alloc(RP_ALIGNMENT, bytes);
    if (memory)
        memset(memory, 0, bytes);
    return memory;
}
