/* pairing.c - which instructions of a program run as one. */
#include "vm/pairs.h"
#include <string.h>

enum {
#define OP(id, name, ...) ROW_##name,
#include "vm/ops.def"
};

static const struct {
    uint32_t first, second, varying;
    const char *feeds;
} pairs[] = {
#define PAIR(name, first, second, feeds, varying) {ROW_##first, ROW_##second, varying, feeds},
#include "vm/pairs.def"
};
enum { PAIRS = sizeof pairs / sizeof *pairs };

/* As pairs.def writes it. */
static void find_feeds(const struct vm_instruction *a, const struct vm_instruction *b,
                       char feeds[VM_OP_INPUTS + 1])
{
    memset(feeds, 0, VM_OP_INPUTS + 1);
    for (unsigned j = 0; j < b->inputs; j++) {
        feeds[j] = 'x';
        for (unsigned k = 0; k < a->outputs; k++)
            if (b->in[j] == a->out[k])
                feeds[j] = (char)('0' + k);
    }
}

static int fits(unsigned row, const struct vm_instruction *a, const struct vm_instruction *b,
                const char *feeds)
{
    return pairs[row].first == a->arg && pairs[row].second == b->arg &&
           strcmp(pairs[row].feeds, feeds) == 0;
}

static int may_pair(const struct vm_instruction *a, const struct vm_instruction *b)
{
    char feeds[VM_OP_INPUTS + 1];
    if (b->opcode != VM_CALL_OP || a->rate != b->rate)
        return 0;
    find_feeds(a, b, feeds);
    for (unsigned i = 0; i < PAIRS; i++)
        if (fits(i, a, b, feeds))
            return 1;
    return 0;
}

/* The one instruction that reads what n gives, or VM_NONE. */
static uint32_t only_reader(const struct vm_instruction *n, const uint32_t *readers,
                            const uint32_t *reader)
{
    uint32_t only = VM_NONE;
    for (unsigned k = 0; k < n->outputs; k++) {
        uint32_t r = n->out[k];
        if (readers[r] == 0)
            continue;
        if (readers[r] > 1 || (only != VM_NONE && only != reader[r]))
            return VM_NONE;
        only = reader[r];
    }
    return only;
}

void vm_find_pairs(struct rp_program *p, uint32_t *readers, uint32_t *reader)
{
    memset(readers, 0, (p->totals.registers + 1) * sizeof *readers);
    memset(reader, 0xff, (p->totals.registers + 1) * sizeof *reader);
    for (uint32_t i = 0; i < p->instruction_count; i++) {
        struct vm_instruction *n = &p->code[i];
        n->first = n->second = VM_NONE;
        for (unsigned j = 0; j < n->inputs; j++) {
            readers[n->in[j]] += reader[n->in[j]] != i;
            reader[n->in[j]] = i;
        }
    }
    for (uint32_t i = 0; i < p->instruction_count; i++) {
        struct vm_instruction *n = &p->code[i];
        if (n->opcode != VM_CALL_OP || n->first != VM_NONE)
            continue;
        uint32_t k = only_reader(n, readers, reader);
        if (k == VM_NONE || p->code[k].first != VM_NONE || !may_pair(n, &p->code[k]))
            continue;
        n->second = k;
        p->code[k].first = i;
    }
}

void vm_forget_pairs(struct rp_program *p)
{
    for (uint32_t i = 0; i < p->instruction_count; i++)
        p->code[i].first = p->code[i].second = VM_NONE;
}

int vm_pair_calls(const struct rp_program *p, void (*const *run)(struct vm_call *, uint32_t),
                  const struct vm_call *first, struct vm_call *second)
{
    const struct vm_instruction *a = &p->code[first->instruction], *b = &p->code[a->second];
    char feeds[VM_OP_INPUTS + 1];
    struct vm_call both = *second;
    unsigned n = 0;
    find_feeds(a, b, feeds);
    both.varying = 0;
    for (unsigned j = 0; j < b->inputs; j++) {
        if (feeds[j] != 'x')
            continue;
        both.in[n] = second->in[j];
        both.varying |= (second->varying >> j & 1) << n++;
    }
    for (unsigned j = 0; j < a->inputs; j++, n++) {
        both.in[n] = first->in[j];
        both.varying |= (first->varying >> j & 1) << n;
    }
    both.more = second->state;
    both.state = first->state;
    for (unsigned i = 0; i < PAIRS; i++) {
        if (!fits(i, a, b, feeds) ||
            (pairs[i].varying != PAIR_ANY && pairs[i].varying != both.varying))
            continue;
        both.run = run[i];
        *second = both;
        return 1;
    }
    return 0;
}
