/* dynamics.c - dynamics. */
#include "compiler/lower/lower.h"
