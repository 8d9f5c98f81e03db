/* build.h - from the syntax tree to the graph: private to build*.c.
 *
 * A patch, be it the file asked for, a used file or a local definition, is built once: its nodes
 * are gathered (struct proto), resolved against each other and checked, then laid out flat. An
 * instance of it in another patch copies that flat graph. */
#ifndef COMPILER_BUILD_H
#define COMPILER_BUILD_H

#include "compiler/front.h"
#include "compiler/graph.h"
#include "text/number.h"
#include "text/sound.h"
#include <limits.h>

/* Strings to numbers. */
struct table_slot {
    const char *key;
    unsigned value;
};
struct table {
    struct table_slot *slots;
    size_t capacity, count;
};
#define TABLE_NONE UINT_MAX
unsigned table_get(const struct table *, const char *key);
int table_put(struct arena *, struct table *, const char *key, unsigned value);

/* What a node can be: a row of the module table or a patch. Neither: reported already. */
struct type {
    const char *name;
    const struct vm_module *module;
    struct patch *patch;
};

/* An input as the checks see it, be it a module's or a patch's param. */
struct port {
    const char *name;
    enum vm_kind kind;
    enum vm_unit unit;
    enum vm_use use;
    double low, high;
    const char *words; /* of a choice */
};

/* A type that `use` or `def` makes. */
struct local_type {
    const char *name;
    const char *file; /* of a use, as written */
    struct patch *patch;
    struct place place;
    int used, failed;
};

/* (unison COUNT (detune CENTS) (width PART)) */
struct spread {
    unsigned count;
    double detune, width;
    int input;  /* the frequency's */
    int stereo; /* each copy is */
    struct place place;
};

/* A node before it is laid out. Its terms name other protos by their number. */
struct proto {
    const char *id; /* NULL while an anonymous node's children are read */
    struct type type;
    const struct sx *form;
    struct place place;
    struct input *in;
    struct place *given; /* where an input's field is; source NULL: no field yet */
    char *touched;       /* something was meant for this input, right or wrong */
    char anonymous;      /* its id was made here: nothing in the text can name it */
    unsigned number;
    unsigned used_outputs; /* a bit each */
    char joined;           /* a used patch's stereo goes to more than the output */
    unsigned rate;         /* oversampled 2^rate times, by the field there */
    struct place rate_place;
    const struct spread *spread; /* a unison of it; NULL: one of it */
    unsigned first;              /* its first node in the flat graph */
    unsigned count;              /* of its nodes there */
};

/* The outputs of a patch that is used as a module. */
enum { SIDE_OUT, SIDE_LEFT, SIDE_RIGHT, SIDE_COUNT };

/* Beyond them, outputs that the patch names: each is a mix. */
struct named_output {
    const char *name;
    struct place place;
    struct proto *proto;
};

enum patch_state { PATCH_NEW, PATCH_BUILDING, PATCH_BUILT, PATCH_BROKEN };

struct patch {
    const char *name; /* for paths in messages */
    const struct sx *form;
    const struct source *source;
    struct patch *outer; /* whose types are seen here too */
    enum patch_state state;
    struct local_type *types;
    size_t type_count, type_capacity;
    struct table names; /* id to name_value() */
    struct table stems; /* of anonymous ids, to the last number tried */
    struct proto **protos;
    size_t proto_count, proto_capacity;
    unsigned *order; /* protos, children before parents */
    size_t order_count, order_capacity;
    struct graph graph;
    struct input side[SIDE_COUNT]; /* what each output is the sum of, in graph's numbers */
    int stereo;
    struct named_output *outputs;
    size_t output_count, output_capacity;
};

struct used_file {
    uint64_t device, inode;
    struct patch *patch;
};

struct loaded_sample {
    const char *path;
    int channel;
    const struct data *data;
};

struct builder {
    struct arena *arena;
    struct diags *diags;
    const struct source *root;
    const struct sound_loader *sounds; /* or NULL */
    struct loaded_sample *samples;
    size_t sample_count, sample_capacity;
    struct used_file *files;
    size_t file_count, file_capacity;
    struct patch *path[USE_LIMIT]; /* being built, outermost first */
    unsigned depth;
};

/* What a name in a patch's scope means. */
enum name_kind { NAME_PARAM, NAME_NODE, NAME_ANONYMOUS, NAME_KINDS };
static inline unsigned name_value(enum name_kind kind, size_t index)
{
    return (unsigned)index * NAME_KINDS + kind;
}

/* build_names.c */
int name_is_id(const char *text); /* also not a number, note or reserved word */
int check_id(struct builder *, const struct sx *, const char *what);
int declare_name(struct builder *, struct patch *, const struct sx *, enum name_kind, size_t index);
const char *anonymous_id(struct builder *, struct patch *, const struct type *);
void unknown_name(struct builder *, const struct patch *, struct place, const char *name);
void *suggest(struct builder *, struct diag *, const char *word, const char *what,
              const char *const *names, size_t count);

/* build_near.c */
/* Is a list that stands where an input may, and is none of the type, meant for a module? */
int is_input_of_any(const char *word); /* of any module */
int means_module(struct builder *, const struct type *, const struct sx *list);
/* Helps with the modules whose names end in the word, or have it for another; 0 if none has. */
int suggest_part(struct builder *, struct diag *, const char *word);

/* build_type.c */
struct type find_type(struct builder *, struct patch *, const struct sx *name);
int type_known(struct patch *, const char *name);
/* All type names seen from the patch. NULL when memory ran out. */
const char **type_names(struct builder *, const struct patch *, size_t *count);
void read_use(struct builder *, struct patch *, const struct sx *item);
void read_def_patch(struct builder *, struct patch *, const struct sx *item);
void check_types_used(struct builder *, const struct patch *);
unsigned type_inputs(const struct type *);
struct port type_port(const struct type *, unsigned input);
int type_find_input(const struct type *, const char *name); /* -1: none */
int type_find_output(const struct type *, const char *name);
unsigned type_outputs(const struct type *);
enum vm_kind type_output_kind(const struct type *, unsigned output);
const char *type_output_name(const struct type *, unsigned output);
void unknown_input(struct builder *, const struct type *, struct place, const char *name);
void unknown_output(struct builder *, const struct type *, struct place, const char *name);

/* The path of `file` as `source` means it. */
const char *path_beside(struct builder *, const struct source *, const char *file);

/* build_param.c */
void read_params(struct builder *, struct patch *, const struct sx *section);
int param_unit_fits(enum rp_unit, enum vm_unit);

/* build_value.c */
void read_value(struct builder *, struct patch *, struct proto *, unsigned input,
                const struct sx *);
void read_reference(struct builder *, struct patch *, struct proto *, unsigned input, struct place,
                    const char *name, const char *port);
void number_error(struct builder *, const struct sx *, enum number_status, const struct number *);
int input_add(struct builder *, struct input *, struct term);

/* build_data.c */
int is_data(const struct sx *); /* (table ...) or (sample ...) */
void read_data(struct builder *, struct patch *, struct proto *, unsigned input, const struct sx *);
void read_choice(struct builder *, struct proto *, unsigned input, const struct sx *);
/* 1, reported, when the input takes a table or a word. */
int refuse_reference(struct builder *, const struct proto *, unsigned input, struct place,
                     const char *name);
void misplaced_data(struct builder *, const struct proto *, unsigned input, const struct sx *);

/* build_node.c */
struct proto *new_proto(struct builder *, struct patch *, const struct sx *form, struct place);
void read_long(struct builder *, struct patch *, struct proto *);
/* NULL when memory ran out or the type is not known. */
struct proto *read_nested(struct builder *, struct patch *, const struct sx *form,
                          struct proto *named);
int set_type(struct builder *, struct proto *, struct type);

/* Children come before: a node's place in the order is where its form ends. */
int schedule_proto(struct builder *, struct patch *, const struct proto *);

/* build_outputs.c */
void declare_outputs(struct builder *, struct patch *, const struct sx *section);
void read_output(struct builder *, struct patch *, struct proto *);

/* build_extra.c */
/* Reads what is no input among a node's fields; is_extra tells which they are. */
void read_extras(struct builder *, struct proto *, const struct sx *fields);
int is_extra(const struct proto *, const struct sx *field);
/* What others may refer to: of a unison its sum. */
struct type output_type(const struct proto *);
/* Every unison becomes its copies and their sum. */
void write_out_unisons(struct builder *, struct patch *);

/* build_flat.c */
void lay_out_patch(struct builder *, struct patch *);

/* build_stereo.c: by node, whether its outputs of kind ANY are stereo; reports such where a signal
 * is wanted. NULL when memory ran out. */
char *find_stereo(struct builder *, const struct graph *);

/* build.c */
void build_patch(struct builder *, struct patch *);
void *shape_error(struct builder *, struct place, const char *message, const char *help);

#endif
