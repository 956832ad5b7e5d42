/* SPDX-License-Identifier: Apache-2.0 */
/* Below a folder, whatever is in it and however deep: no symbolic links, no other file systems, no ".." that leads out. */
#ifndef HOLDFAST_WORKSPACE_BENEATH_H
#define HOLDFAST_WORKSPACE_BENEATH_H

#include <stddef.h>
#include <sys/types.h>

/* Opens what is at a path of any length; "" is the folder itself. A link at its end is opened with O_PATH | O_NOFOLLOW only. */
int beneath_open(int folder, const char *path, int flags);

/* Opens the folder that a path is in; *name gets its last part, within path. */
int beneath_parent(int folder, const char *path, const char **name);

/* folder + "/" + name, to be freed; folder may be "". */
char *beneath_join(const char *folder, const char *name);

/* The names in a folder, sorted. */
struct entries {
        char **list;
        size_t count, room;
};

#define _cleanup_entries_ __attribute__((cleanup(entries_clear)))
void entries_clear(struct entries *n);
int entries_add(struct entries *n, char *taken); /* which is freed on failure */
int entries_read(int folder, struct entries *ret);

/* "/proc/self/fd/N", for calls that take no descriptor opened with O_PATH. */
#define FD_PATH_SIZE 32
const char *fd_path(int fd, char out[FD_PATH_SIZE]);

#endif
