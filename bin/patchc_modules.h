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
int module_show(const struct vm_module *, FILE *);

/* The row; NULL, with what is wrong said on the standard error. */
const struct vm_module *module_find(const char *name);

/* ---- what the forms share ---- */

enum { MODULE_FACTS = 512 };

/* "signal, in Hz; default 440; constants -24000 to 24000" */
void module_in_facts(const struct vm_in *, char facts[MODULE_FACTS]);
/* Arithmetic operations a frame of the module's node in its example: the dearest, where there are
 * several. 0 when it has no example or that does not compile; -1 when memory ran out. */
long module_cost(const struct vm_module *);
/* The number of a CHOICE's words, and a word's text; length 0: there is none of that number. */
const char *module_word(const struct vm_in *, unsigned number, int *length);

#endif
