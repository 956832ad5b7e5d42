/* SPDX-License-Identifier: Apache-2.0 */
/* A file of the upper layer once more, exactly: content with its holes, attributes, owner, mode, times. */
#ifndef HOLDFAST_WORKSPACE_COPY_H
#define HOLDFAST_WORKSPACE_COPY_H

#include "workspace/workspace.h"

/* Copies what from says into to, which is empty: holes stay holes. */
int copy_content(int from, int to);

/*
 * Gives a file or folder of the user's side what the upper one has; the caller is on that side. Who it belongs to changes only to what the
 * user may give, or to what the one that it replaces had (before may be NULL). -EPERM otherwise.
 */
int copy_attributes(const struct layers *l, int upper, const struct stat *us, int to, const struct seen *before);

#endif
