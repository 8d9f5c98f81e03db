/* control.c - control signals. */
#include "compiler/lower/lower.h"
