/* SPDX-License-Identifier: Apache-2.0 */
/* What the texts of /proc say of descriptors, mappings and shared memory (proc(5)). Pure. */
#ifndef HOLDFAST_DAEMON_PROCFS_H
#define HOLDFAST_DAEMON_PROCFS_H

#include <stdbool.h>
#include <stdint.h>

/* A number of a fdinfo file, by its name: "Pid". -ENOENT: there is no such line; -EBADMSG: it has no number. */
int fdinfo_number(const char *text, const char *name, long long *ret);

/* A line of a maps file. */
struct map_line {
        uint64_t start;
        uint64_t inode;
        char permissions[5]; /* "rw-s" */
        const char *name;    /* in the text, up to the end of its line, which name_len gives */
        int name_len;
};

/* Reads the line at *text, and moves *text to the next. -ENOENT at the end; -EBADMSG for a line that is none, which is skipped. */
int maps_next(const char **text, struct map_line *ret);

/* How often a segment is attached, from the text of /proc/sysvipc/shm. -ENOENT: there is no such segment; -EBADMSG. */
int shm_attached(const char *text, uint64_t id, uint64_t *ret);

/* Whether the kernel's object of that name ("anon_inode:[eventpoll]") leads nowhere but to its own process. */
bool object_harmless(const char *link);

#endif
