/* graph.h - the typed patch graph: flat, checked, independent of the text it came from.
 *
 * Uses, definitions and nested forms are gone: every node has an id ("osc1", "lead/osc1" inside
 * a used patch). Node order is the written order, children of a nested form before their parent;
 * it breaks ties in every later pass. All memory is the job's arena. */
#ifndef COMPILER_GRAPH_H
#define COMPILER_GRAPH_H

#include "text/arena.h"
#include "text/diag.h"
#include "text/sound.h"
#include "text/source.h"
#include "vm/repatch.h"
#include "vm/tables.h"

enum term_kind { TERM_CONSTANT, TERM_PARAM, TERM_NODE, TERM_TABLE };

/* What a DATA input is given: numbers in base units (Hz, seconds, plain factors), row after row. */
struct data {
    double *values;
    size_t count;             /* at least 1 */
    unsigned columns;         /* of a row; 1: a plain list */
    const char *file;         /* of a sample, from the patch's folder; else NULL */
    const struct place *rows; /* where each row, or number of a plain list, is; NULL: a sample */
    const char *channel;      /* of a sample: mix, left or right */
    double rate;              /* of a sample, frames a second; else 0 */
};

/* One summand of an input. An input's value is its terms added from left to right; an input
 * without terms has its default. */
struct term {
    enum term_kind kind;
    double value;             /* TERM_CONSTANT, in the port's unit: Hz, seconds, plain factor */
    const char *text;         /* TERM_CONSTANT, as written ("440hz", "a4"), for --emit */
    unsigned param;           /* TERM_PARAM: index in graph.params */
    unsigned node, port;      /* TERM_NODE: index in graph.nodes, output number of its module */
    const struct data *table; /* TERM_TABLE: the input's only term */
    struct place place;
};

struct input {
    struct term *terms;
    unsigned count;
    size_t capacity;
};

struct node {
    const char *id;
    const struct vm_module *module;
    struct input *in;   /* module->inputs of them */
    unsigned rate;      /* it runs at 2^rate times the sample rate */
    struct place place; /* the node's id or, in a nested form, its module name */
};

struct param {
    const char *name;
    enum rp_unit unit;
    enum rp_curve curve;
    double low, high, def; /* in the base unit; for dB plain factors */
    double glide;          /* seconds */
    struct place place;
};

struct graph {
    struct node *nodes;
    size_t node_count, node_capacity;
    struct param *params;
    size_t param_count, param_capacity;
    unsigned output; /* index of the output node */
    unsigned inputs; /* channels that come in: 0, 1 or 2 */
};

/* Reads a patch, S-expression or JSON (by the first character that is not blank or comment:
 * '{' is JSON), with every file it uses, and checks it. NULL when anything was reported or
 * memory ran out (arena->failed). sounds NULL: (sample ...) is an error. */
struct graph *graph_read(struct arena *, struct diags *, const struct source *,
                         const struct sound_loader *sounds);

/* The node numbers in an order in which every input comes before its use, but for what reaches
 * the `in` and `feedback` inputs of delay.feedback; ties by node order. Reports a cycle with its
 * path. NULL on error. */
unsigned *graph_order(struct arena *, struct diags *, const struct graph *);

/* Writes the graph in the long S-expression form or as JSON; reading either gives an equal
 * graph. 0, or -1 when memory ran out. */
int graph_write_sx(struct arena *, const struct graph *, FILE *);
int graph_write_json(struct arena *, const struct graph *, FILE *);

#endif
