/* sx.h - S-expressions: the one syntax tree, which the JSON reader makes as well. */
#ifndef TEXT_SX_H
#define TEXT_SX_H

#include "text/arena.h"
#include "text/diag.h"
#include "text/source.h"

enum sx_kind {
    SX_LIST,
    SX_SYMBOL,
    SX_NUMBER, /* begins like a number, or reads as a note name; not checked further */
    SX_STRING,
    SX_COMMENT, /* only when asked for */
};

struct sx {
    enum sx_kind kind;
    unsigned line; /* of the file, where it begins; 0: nobody counted */
    struct place place;
    const char *text; /* not a list: as written; a string: what it says */
    size_t length;
    struct sx *first; /* of a list's children */
    struct sx *next;
};

/* All forms of the text, as the children of a list. NULL when anything was reported or memory
 * ran out. */
struct sx *sx_read(struct arena *, struct diags *, const struct source *, int keep_comments);
/* The forms of a text's first lines, as far as they are whole and nothing is wrong with them: those
 * of its first *used bytes, which end with a line. The text is clean (source_clean) and ends with a
 * line. NULL: memory ran out. */
struct sx *sx_read_lines(struct arena *, const struct source *, size_t *used);
/* What an atom of these characters is. */
enum sx_kind sx_atom_kind(const char *text, size_t length);
/* The atom that these characters are: a symbol, a number, or, when neither, a string. */
struct sx *sx_atom(struct arena *, struct place, const char *text, size_t length);
struct sx *sx_list(struct arena *, struct place);

int sx_is(const struct sx *, const char *text); /* a symbol of this text */
size_t sx_count(const struct sx *list);

#endif
