/* SPDX-License-Identifier: Apache-2.0 */
/* Control groups, version 2 (the kernel's Documentation/admin-guide/cgroup-v2.rst). Paths are from the hierarchy's root: "/holdfast/abc".
 */
#ifndef HOLDFAST_DAEMON_CGROUP_H
#define HOLDFAST_DAEMON_CGROUP_H

#include "base/error.h"
#include "policy/policy.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct cgroups {
        char *mount; /* where cgroup v2 is mounted; may be /sys/fs/cgroup/unified */
        int root;    /* that folder */
};

#define CGROUPS_INIT \
        { \
                NULL, -1 \
        }

/* Finds the hierarchy, makes the folder of the sessions, and turns the controllers on that limits need, as far as the host lets it. */
int cgroups_open(struct cgroups *c, struct error *e);
void cgroups_close(struct cgroups *c);

/* Opens a cgroup's folder, never through a symlink. Returns a descriptor or negative errno. */
int cgroup_open(const struct cgroups *c, const char *path);

/* Path from the root of the hierarchy, of one given so or below the mount point. -EINVAL when it is neither. The caller frees it. */
int cgroup_path(const struct cgroups *c, const char *given, char **ret);

int cgroup_make(const struct cgroups *c, const char *path);

/* Removes a cgroup and those below it; -EBUSY while a process is in one. */
int cgroup_remove(const struct cgroups *c, const char *path);

/* The kernel's id of a cgroup. */
int cgroup_id(int fd, uint64_t *ret);

/* Its path by that id, owned by the caller. -ESTALE where it is gone. */
int cgroup_by_id(const struct cgroups *c, uint64_t id, char **ret);

int cgroup_move(int fd, pid_t pid);
int cgroup_freeze(int fd, bool freeze);
bool cgroup_freeze_asked(int fd);

/*
 * Ends the system calls in which its tasks wait, as a signal does: what they waited for was allowed before. Those go on by themselves, or
 * say that they were interrupted, as after a pause. One that is frozen is left alone: thawed, it comes to the same.
 */
int cgroup_interrupt(int fd);

/* Whether all tasks in it are; also where that cannot be told, as it is gone. */
bool cgroup_frozen(int fd);

/* Waits until all tasks in it are frozen. -ETIMEDOUT after about two seconds. */
int cgroup_wait_frozen(int fd);

/* Whether a process is in it or below; a cgroup that is gone is empty. */
bool cgroup_populated(int fd);

/* Kills all in it and below at once. */
int cgroup_kill(int fd);

/* Some process in it, or below; 0: none. */
pid_t cgroup_first(int fd);

/* Whether a is b or above it. */
bool cgroup_above(const char *a, const char *b);

/* A number in one of its files, the first behind a word. 0, -ENODATA where the word is not in it, or negative errno. */
int cgroup_number(int fd, const char *file, const char *word, uint64_t *ret);

/*
 * Sets the limits that it keeps (memory, without swap; cpu, pids). A limit whose controller the cgroup does not have is a finding at
 * $.limits. A limit that is not given is set back to none only when the cgroup is our own.
 */
int cgroup_limit(int fd, const struct limits *limits, bool own, struct findings *findings);

#endif
