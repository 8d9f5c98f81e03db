/* assemble.h - the text of a listing back to bytecode. */
#ifndef COMPILER_ASSEMBLE_H
#define COMPILER_ASSEMBLE_H

#include "compiler/target/bytecode.h"
#include "text/diag.h"

/* data NULL when anything was reported or memory ran out. What it gives has been verified. */
struct bytes assemble(struct arena *, struct diags *, const struct source *);

/* The whole of a bytecode file as text; reports nothing. data NULL when memory ran out, or with
 * error->status when the file is refused. Begins with a comment when assembling the text would
 * give an equal program but not the same bytes. */
struct bytes disassemble(struct arena *, const struct bytes *file, int full,
                         struct rp_error *error);

#endif
