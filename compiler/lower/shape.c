/* shape.c - colour: clipping, folding, quantising. */
#include "compiler/lower/lower.h"
