/* schema_text.h - what of the schema does not depend on the table of modules: private to schema*.c.
 *
 * Patterns of numbers as text/number.c reads them. How large a number in a string is, a pattern
 * does not say. */
#ifndef COMPILER_TARGET_SCHEMA_TEXT_H
#define COMPILER_TARGET_SCHEMA_TEXT_H

#define ID           "[A-Za-z_][A-Za-z0-9_/-]*"
#define PLAIN        "[+-]?[0-9]+([.][0-9]+)?([eE][+-]?[0-9]+)?"
#define NOTE         "[A-Ga-g][#Bb]?(-1|10|[0-9])"
#define HZ_TEXT      PLAIN "([Hh][Zz]|[Kk][Hh][Zz])?|" NOTE
#define SECONDS_TEXT PLAIN "([Ss]|[Mm][Ss]|[Uu][Ss])?"
#define FACTOR_TEXT  PLAIN "([Dd][Bb]|%)?"
#define NUMBER_ANY   PLAIN "([Hh][Zz]|[Kk][Hh][Zz]|[Ss]|[Mm][Ss]|[Uu][Ss]|[Dd][Bb]|%)?|" NOTE

/* Objects of definitions; NULL at the end. */
extern const char *const schema_texts[];

#endif
