/* SPDX-License-Identifier: Apache-2.0 */
/* What is done on which side as whom, and what a file is besides its content. */
#ifndef HOLDFAST_WORKSPACE_SIDE_H
#define HOLDFAST_WORKSPACE_SIDE_H

#include "base/buffer.h"
#include "workspace/workspace.h"

#include <sys/fsuid.h>
#include <unistd.h>

/* From here on this thread looks at files as the user, and has no capabilities over them; and back. */
static inline void side_folder(const struct layers *l)
{
        setfsuid(l->uid);
}

static inline void side_upper(void)
{
        setfsuid(geteuid());
}

/*
 * Opens for reading what fd, opened with O_PATH, is, if it is a file that the user may read: an overlay copies into its upper layer as
 * root, whatever its user may. -EACCES where they may not; -EINVAL where it is no regular file.
 */
int side_read(const struct layers *l, int fd);

/* The same of what is at a path in the upper layer. */
int side_read_upper(const struct layers *l, const char *path);

/* The extended attributes that are a user's: "user.*" and ACLs; sorted, to be compared. fd may be opened with O_PATH. */
int attributes_read(int fd, struct buffer *ret);

/* Sets those, and takes away others of the same kind. */
int attributes_write(int fd, const struct buffer *want);

bool attribute_is(int fd, const char *name); /* whether there is one of that name */

struct seen seen_of(const struct stat *st);
bool seen_same(const struct seen *a, const struct seen *b);

#endif
