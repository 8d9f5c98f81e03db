/* patchc --limits: costs by node, memory, and how loud it can be. */
#include "bin/patchc_limits.h"
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_NODES = 10 };

/* The instructions of one id, or of none. */
struct node {
    const char *id;
    uint64_t cost;
    size_t state;
    uint32_t first;
};

struct limits {
    void *memory;
    struct rp_program *program;
    size_t program_bytes;
    struct node *nodes; /* by cost, the dearest first; then as in the program */
    size_t node_count;
    struct rp_level level[2];
};

static void *take(size_t size)
{
    size = (size + RP_ALIGNMENT - 1) / RP_ALIGNMENT * RP_ALIGNMENT;
    return aligned_alloc(RP_ALIGNMENT, size ? size : RP_ALIGNMENT);
}

static int by_id(const void *a, const void *b)
{
    const struct node *x = a, *y = b;
    int order = x->id && y->id ? strcmp(x->id, y->id) : (x->id != NULL) - (y->id != NULL);
    return order ? order : (x->first > y->first) - (x->first < y->first);
}

static int by_cost(const void *a, const void *b)
{
    const struct node *x = a, *y = b;
    if (x->cost != y->cost)
        return x->cost < y->cost ? 1 : -1;
    return (x->first > y->first) - (x->first < y->first);
}

static int same_node(const struct node *a, const struct node *b)
{
    return a->id && b->id ? strcmp(a->id, b->id) == 0 : a->id == b->id;
}

static int find_nodes(struct limits *l)
{
    struct rp_instruction i;
    uint32_t count = 0;
    while (rp_instruction_at(l->program, count, &i) == 0)
        count++;
    l->nodes = calloc(count, sizeof *l->nodes);
    if (!l->nodes)
        return -1;
    for (uint32_t n = 0; n < count; n++) {
        rp_instruction_at(l->program, n, &i);
        l->nodes[n] = (struct node){i.node, i.cost, i.state, n};
    }
    qsort(l->nodes, count, sizeof *l->nodes, by_id);
    for (uint32_t n = 0; n < count; n++) {
        struct node *last = &l->nodes[l->node_count];
        if (l->node_count && same_node(last - 1, &l->nodes[n])) {
            last[-1].cost += l->nodes[n].cost;
            last[-1].state += l->nodes[n].state;
        } else {
            *last = l->nodes[n];
            l->node_count++;
        }
    }
    qsort(l->nodes, l->node_count, sizeof *l->nodes, by_cost);
    return 0;
}

static int find_level(struct limits *l)
{
    size_t size = rp_level_bytes(l->program);
    void *memory = take(size);
    if (!memory)
        return -1;
    enum rp_status status = rp_level(l->program, memory, size, l->level);
    free(memory);
    return status == RP_OK ? 0 : -1;
}

int limits_of(const void *bytes, size_t size, struct limits **limits, struct rp_error *error)
{
    struct limits *l = *limits = calloc(1, sizeof *l);
    if (!l)
        return 2;
    if (rp_verify(bytes, size, error) != RP_OK)
        return 1;
    l->program_bytes = rp_program_bytes(bytes, size);
    l->memory = take(l->program_bytes);
    if (!l->memory)
        return 2;
    l->program = rp_load(bytes, size, l->memory, l->program_bytes, error);
    if (!l->program)
        return 1;
    return find_nodes(l) || find_level(l) ? 2 : 0;
}

void limits_free(struct limits *l)
{
    if (l) {
        free(l->nodes);
        free(l->memory);
        free(l);
    }
}

/* ---- text ---- */

static const unsigned widths[] = {1, 4, 8, 16};
static const char *const channels[] = {"left", "right"};

static float size_of(const struct rp_level *level)
{
    return level->high > -level->low ? level->high : -level->low;
}

static void print_level(const struct limits *l, unsigned channel, FILE *file)
{
    const struct rp_level *level = &l->level[channel];
    const char *name = rp_channels(l->program) == 2 ? channels[channel] : "mono";
    struct rp_instruction i;
    if (level->bounded) {
        fprintf(file, "  %-20s %.9g (%.9g to %.9g)\n", name, (double)size_of(level),
                (double)level->low, (double)level->high);
    } else {
        rp_instruction_at(l->program, level->instruction, &i);
        fprintf(file, "  %-20s not bounded: instruction %" PRIu32 ", %s%s%s\n", name,
                level->instruction, i.op, i.node ? " of node " : "", i.node ? i.node : "");
    }
}

int limits_print(const struct limits *l, FILE *file)
{
    struct rp_sizes sizes;
    rp_sizes_of(l->program, &sizes);
    fprintf(file, "operations a frame and voice, at most: %" PRIu64 "\n", rp_cost(l->program));
    for (size_t n = 0; n < l->node_count && n < TEXT_NODES && l->nodes[n].cost; n++)
        fprintf(file, "  %-20s %" PRIu64 "\n", l->nodes[n].id ? l->nodes[n].id : "(no node)",
                l->nodes[n].cost);
    size_t rest = 0;
    for (size_t n = TEXT_NODES; n < l->node_count; n++)
        rest += l->nodes[n].cost > 0;
    if (rest)
        fprintf(file, "  and %zu more: --limits=json has all\n", rest);
    fprintf(file, "bytes\n  %-20s %zu\n  %-20s %zu\n", "program", l->program_bytes,
            "tables, among these", sizes.tables);
    fprintf(file, "  %-20s %zu\n  %-20s %zu\n", "state of a voice", sizes.state,
            "delays of a voice", sizes.delay);
    for (unsigned i = 0; i < sizeof widths / sizeof *widths; i++)
        fprintf(file, "  group of %-11u %zu\n", widths[i], rp_group_bytes(l->program, widths[i]));
    fprintf(file, "peak, at most%s\n",
            rp_inputs(l->program) ? ", of sound coming in within -1 and 1" : "");
    for (unsigned c = 0; c < rp_channels(l->program); c++)
        print_level(l, c, file);
    return ferror(file) ? -1 : 0;
}

/* ---- JSON ---- */

static json_t *nodes_json(const struct limits *l)
{
    json_t *list = json_array();
    for (size_t n = 0; list && n < l->node_count; n++) {
        const struct node *node = &l->nodes[n];
        json_t *row = json_pack("{s:s?, s:I, s:I}", "id", node->id, "operations",
                                (json_int_t)node->cost, "state_bytes", (json_int_t)node->state);
        if (json_array_append_new(list, row)) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

static json_t *groups_json(const struct limits *l)
{
    json_t *groups = json_object();
    for (unsigned i = 0; groups && i < sizeof widths / sizeof *widths; i++) {
        char key[8];
        snprintf(key, sizeof key, "%u", widths[i]);
        if (json_object_set_new(groups, key,
                                json_integer((json_int_t)rp_group_bytes(l->program, widths[i])))) {
            json_decref(groups);
            return NULL;
        }
    }
    return groups;
}

static json_t *levels_json(const struct limits *l)
{
    json_t *list = json_array();
    for (unsigned c = 0; list && c < rp_channels(l->program); c++) {
        const struct rp_level *level = &l->level[c];
        struct rp_instruction i = {0};
        if (!level->bounded)
            rp_instruction_at(l->program, level->instruction, &i);
        json_t *row = level->bounded
                          ? json_pack("{s:b, s:f, s:f}", "bounded", 1, "low", (double)level->low,
                                      "high", (double)level->high)
                          : json_pack("{s:b, s:I, s:s, s:s?}", "bounded", 0, "instruction",
                                      (json_int_t)level->instruction, "op", i.op, "node", i.node);
        if (json_array_append_new(list, row)) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

int limits_json(const struct limits *l, FILE *file)
{
    struct rp_sizes sizes;
    rp_sizes_of(l->program, &sizes);
    json_t *all = json_pack(
        "{s:I, s:o, s:I, s:I, s:I, s:I, s:o, s:o}", "operations", (json_int_t)rp_cost(l->program),
        "nodes", nodes_json(l), "program_bytes", (json_int_t)l->program_bytes, "table_bytes",
        (json_int_t)sizes.tables, "state_bytes", (json_int_t)sizes.state, "delay_bytes",
        (json_int_t)sizes.delay, "group_bytes", groups_json(l), "peak", levels_json(l));
    int failed = !all || json_dumpf(all, file, JSON_INDENT(2) | JSON_REAL_PRECISION(9)) ||
                 fputc('\n', file) == EOF;
    json_decref(all);
    return failed ? -1 : 0;
}
