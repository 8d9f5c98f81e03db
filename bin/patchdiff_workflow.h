/* patchdiff_workflow.h - check, diff and update: each gives the exit status. */
#ifndef BIN_PATCHDIFF_WORKFLOW_H
#define BIN_PATCHDIFF_WORKFLOW_H

#include "bin/patchdiff.h"

int workflow_check(const struct diff_options *, struct work *);
int workflow_diff(const struct diff_options *, struct work *);
int workflow_update(const struct diff_options *, struct work *);

#endif
