/* schema.h - the JSON Schema (draft 2020-12) of the JSON form, from the module table. */
#ifndef COMPILER_TARGET_SCHEMA_H
#define COMPILER_TARGET_SCHEMA_H

#include <stdio.h>

/* 0, or -1 when memory ran out or nothing could be written. */
int schema_write(FILE *);

#endif
