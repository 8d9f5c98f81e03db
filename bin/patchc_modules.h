/* patchc_modules.h - what patchc tells of the modules, all of it from their rows: lists, one
 * module, modules(7). */
#ifndef PATCHC_MODULES_H
#define PATCHC_MODULES_H

#include "vm/tables.h"
#include <stdio.h>

/* Every module in the table's order. 0, or -1 when memory ran out. */
int modules_list(FILE *);
int modules_json(FILE *);
int modules_page(FILE *);
int modules_table(FILE *); /* in Markdown */
int module_show(const struct vm_module *, FILE *);

/* The row; NULL, with what is wrong said on the standard error. */
const struct vm_module *module_find(const char *name);

/* ---- what the forms share ---- */

enum { MODULE_FACTS = 512 };

/* "signal, in Hz; default 440; constants -24000 to 24000" */
void module_in_facts(const struct vm_in *, char facts[MODULE_FACTS]);
/* Arithmetic operations a frame of the module's node in its example: the dearest, where there are
 * several; 0 when it has no example or that does not compile. Where an op of it grows with its
 * table or an input, the law of that too, else an empty text. */
struct module_cost {
    uint64_t operations;
    char law[MODULE_FACTS];
};
/* 0, or -1 when memory ran out. */
int module_cost(const struct vm_module *, struct module_cost *);
/* "16 + 2 for each value of its table, at most 8192 of them" */
void op_cost(const struct vm_op_row *, char text[MODULE_FACTS]);
/* The number of a CHOICE's words, and a word's text; length 0: there is none of that number. */
const char *module_word(const struct vm_in *, unsigned number, int *length);

#endif
