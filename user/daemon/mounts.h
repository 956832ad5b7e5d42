/* SPDX-License-Identifier: Apache-2.0 */
/* The mounts of a process, from /proc/PID/mountinfo (proc_pid_mountinfo(5)). Parsing and path building are pure. */
#ifndef HOLDFAST_DAEMON_MOUNTS_H
#define HOLDFAST_DAEMON_MOUNTS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct mount {
        uint32_t dev; /* as the kernel numbers it: major << 20 | minor */
        char *root;   /* the part of the file system that is mounted: "/" for all of it */
        char *point;  /* where, in the process's own root */
        char *type;   /* "ext4" */
};

struct mounts {
        struct mount *list;
        size_t count;
};

#define MOUNTS_INIT \
        { \
                NULL, 0 \
        }
#define _cleanup_mounts_ __attribute__((cleanup(mounts_clear)))

/* Parses the text of a mountinfo file; the octal escapes are undone. -EBADMSG on a line that is not as proc(5) says. */
int mounts_parse(const char *text, struct mounts *ret);

/* Those of a process; 0 is the calling one. */
int mounts_read(pid_t pid, struct mounts *ret);
void mounts_clear(struct mounts *m);

/* The first mount of a type, or NULL. */
const struct mount *mounts_find_type(const struct mounts *m, const char *type);

/*
 * The path of a place, given its device and its path within the file system ("/" for the file system's own root). A mount of the
 * whole file system is preferred, then the one that shows the most specific part. NULL when no mount shows it. The caller frees it.
 */
char *mounts_path(const struct mounts *m, uint32_t dev, const char *inside);

/* The mount points as policy_compile() wants them: NULL-terminated, pointing into m; the caller frees the array only. */
const char **mounts_points(const struct mounts *m);

#endif
