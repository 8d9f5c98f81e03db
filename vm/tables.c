#include "vm/tables.h"
#include "vm/format.h"
#include <string.h>

/* As the rows write costs. */
#define PER_VALUE(first, per, limit) first, .by = VM_PER_VALUE, .each = per, .most = limit
#define PER_INPUT(first, per, which, limit)                                                        \
    first, .by = VM_PER_INPUT, .each = per, .most = limit, .input = which

const struct vm_op_row vm_ops[] = {
#define OP(id, name, in, out, state, key, loop, cost, algebra)                                     \
    {id, in, out, state, key, VM_##loop, {.base = cost}, #name, algebra},
#include "vm/ops.def"
};
const size_t vm_op_count = sizeof vm_ops / sizeof *vm_ops;

/* One run of inputs and one of outputs; a module's rows begin at its first port. */
static const struct vm_in all_in[] = {
#define MODULE(...)
#define IN(ENUM, port, kind, unit, use, def, low, high, help)                                      \
    {#port, help, VM_##kind, VM_UNIT_##unit, VM_USE_##use, def, low, high, NULL},
#define CHOICE(ENUM, port, words, def, help)                                                       \
    {#port, help, VM_CHOICE, VM_UNIT_NONE, VM_USE_STATIC, def, 0.0, 0.0, words},
#define OUT(...)
#include "vm/modules.def"
};

static const struct vm_out all_out[] = {
#define MODULE(...)
#define IN(...)
#define OUT(ENUM, port, kind, help) {#port, help, VM_##kind},
#include "vm/modules.def"
};

enum {
#define MODULE(id, ENUM, ...) IN_FIRST_##ENUM, IN_BEFORE_##ENUM = IN_FIRST_##ENUM - 1,
#define IN(ENUM, port, ...)   IN_AT_##ENUM##_##port,
#define OUT(...)
#include "vm/modules.def"
    IN_END
};

enum {
#define MODULE(id, ENUM, ...) OUT_FIRST_##ENUM, OUT_BEFORE_##ENUM = OUT_FIRST_##ENUM - 1,
#define IN(...)
#define OUT(ENUM, port, ...) OUT_AT_##ENUM##_##port,
#include "vm/modules.def"
    OUT_END
};

/* A module's ports counted by the compiler: a struct with one char a row, and one more. */
#define MODULE(id, ENUM, ...)                                                                      \
    }                                                                                              \
    ;                                                                                              \
    struct ins_of_##ENUM {                                                                         \
        char start;
#define IN(ENUM, port, ...) char port;
#define OUT(...)
struct ins_of_none {
    char start;
#include "vm/modules.def"
};

#define MODULE(id, ENUM, ...)                                                                      \
    }                                                                                              \
    ;                                                                                              \
    struct outs_of_##ENUM {                                                                        \
        char start;
#define IN(...)
#define OUT(ENUM, port, ...) char port;
struct outs_of_none {
    char start;
#include "vm/modules.def"
};

const struct vm_module vm_modules[] = {
#define MODULE(id, ENUM, name, summary, recurrence, source, stable, latency, example)              \
    {VM_MOD_##ENUM,                                                                                \
     name,                                                                                         \
     summary,                                                                                      \
     recurrence,                                                                                   \
     source,                                                                                       \
     stable,                                                                                       \
     latency,                                                                                      \
     example,                                                                                      \
     all_in + IN_FIRST_##ENUM,                                                                     \
     all_out + OUT_FIRST_##ENUM,                                                                   \
     sizeof(struct ins_of_##ENUM) - 1,                                                             \
     sizeof(struct outs_of_##ENUM) - 1},
#define IN(...)
#define OUT(...)
#include "vm/modules.def"
};
const size_t vm_module_count = sizeof vm_modules / sizeof *vm_modules;

/* A family begins at the module that comes next. */
enum {
#define FAMILY(name, title)   FAMILY_FIRST_##name, FAMILY_BEFORE_##name = FAMILY_FIRST_##name - 1,
#define MODULE(id, ENUM, ...) MODULE_AT_##ENUM,
#define IN(...)
#define OUT(...)
#include "vm/modules.def"
    MODULE_END
};

const struct vm_family vm_families[] = {
#define FAMILY(name, title) {#name, title, FAMILY_FIRST_##name},
#define MODULE(...)
#define IN(...)
#define OUT(...)
#include "vm/modules.def"
};
const size_t vm_family_count = sizeof vm_families / sizeof *vm_families;

const struct vm_op_row *vm_op_by_id(uint32_t id)
{
    for (size_t i = 0; i < vm_op_count; i++)
        if (vm_ops[i].id == id)
            return &vm_ops[i];
    return NULL;
}

static int same(const char *name, const char *text, size_t length)
{
    return strlen(name) == length && memcmp(name, text, length) == 0;
}

const struct vm_op_row *vm_op_by_name(const char *name, size_t length)
{
    for (size_t i = 0; i < vm_op_count; i++)
        if (same(vm_ops[i].name, name, length))
            return &vm_ops[i];
    return NULL;
}

const struct vm_module *vm_module_by_id(enum vm_module_id id)
{
    for (size_t i = 0; i < vm_module_count; i++)
        if (vm_modules[i].id == id)
            return &vm_modules[i];
    return NULL;
}

const struct vm_module *vm_module_by_name(const char *name, size_t length)
{
    for (size_t i = 0; i < vm_module_count; i++)
        if (same(vm_modules[i].name, name, length))
            return &vm_modules[i];
    return NULL;
}

const struct vm_family *vm_module_family(const struct vm_module *module)
{
    size_t i = vm_family_count - 1;
    while (vm_families[i].first > (size_t)(module - vm_modules))
        i--;
    return &vm_families[i];
}

const char *vm_kind_name(enum vm_kind kind)
{
    static const char *const names[] = {"signal",           "gate",  "stereo",
                                        "signal or stereo", "table", "choice"};
    return names[kind];
}

const char *vm_unit_name(enum vm_unit unit)
{
    static const char *const names[] = {"", "Hz", "s", "ratio"};
    return names[unit];
}
