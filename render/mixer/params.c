/* params.c - which of a program's parameters a name of the score is. A program has few of the
 * score's names, so each keeps its own, in order of their numbers. */
#include "render/mixer/state.h"
#include <stdlib.h>
#include <string.h>

struct word {
    const char *text;
    uint32_t number; /* in mix_config.params */
};

static int by_text(const void *a, const void *b)
{
    return strcmp(((const struct word *)a)->text, ((const struct word *)b)->text);
}

static int by_name(const void *a, const void *b)
{
    uint32_t x = ((const struct mix_param *)a)->name, y = ((const struct mix_param *)b)->name;
    return (x > y) - (x < y);
}

static struct word *sorted_words(const struct mix_config *c)
{
    struct word *words = mix_take(c->param_count, sizeof *words);
    for (uint32_t i = 0; words && i < c->param_count; i++)
        words[i] = (struct word){c->params[i], i};
    if (words)
        qsort(words, c->param_count, sizeof *words, by_text);
    return words;
}

/* Its parameters that the score names, in `room`. */
static struct mix_params of_program(const struct mixer *m, const struct word *words,
                                    const struct rp_program *program, struct mix_param *room)
{
    struct mix_params params = {room, 0};
    for (uint32_t i = 0; program && i < rp_param_count(program); i++) {
        struct word wanted = {rp_param_info(program, i)->name, 0};
        const struct word *word =
            bsearch(&wanted, words, m->config.param_count, sizeof *words, by_text);
        if (word)
            room[params.count++] = (struct mix_param){word->number, i};
    }
    qsort(room, params.count, sizeof *room, by_name);
    return params;
}

static size_t count_params(const struct mix_config *c)
{
    size_t count = 0;
    for (size_t i = 0; i < c->source_count; i++)
        count += c->sources[i].program ? rp_param_count(c->sources[i].program) : 0;
    for (size_t i = 0; i < c->bus_count; i++)
        count += c->buses[i].program ? rp_param_count(c->buses[i].program) : 0;
    return count;
}

bool mix_params_make(struct mixer *m)
{
    const struct mix_config *c = &m->config;
    struct word *words = sorted_words(c);
    m->params = mix_take(count_params(c), sizeof *m->params);
    struct mix_param *room = m->params;
    if (!words || !room) {
        free(words);
        return false;
    }
    for (size_t i = 0; i < c->source_count; i++) {
        m->sources[i].params = of_program(m, words, c->sources[i].program, room);
        room += m->sources[i].params.count;
    }
    for (size_t i = 0; i < c->bus_count; i++) {
        m->buses[i].params = of_program(m, words, c->buses[i].program, room);
        room += m->buses[i].params.count;
    }
    free(words);
    return true;
}

int mix_param_of(const struct mix_params *params, uint32_t name)
{
    struct mix_param wanted = {name, 0};
    const struct mix_param *found =
        bsearch(&wanted, params->of, params->count, sizeof wanted, by_name);
    return found ? (int)found->number : MIX_NONE;
}
