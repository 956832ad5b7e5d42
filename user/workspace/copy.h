/* SPDX-License-Identifier: Apache-2.0 */
/* A file of the upper layer once more, exactly: content with its holes, attributes, owner, mode, times. */
#ifndef HOLDFAST_WORKSPACE_COPY_H
#define HOLDFAST_WORKSPACE_COPY_H

#include "workspace/workspace.h"

/* Copies what from says into to, which is empty: holes stay holes. */
int copy_content(int from, int to);

/*
 * Gives a file or folder of the user's side what the upper one has; the caller is on that side, and does nothing that the user may not.
 */
int copy_attributes(int upper, const struct stat *us, int to);

#endif
