/* SPDX-License-Identifier: Apache-2.0 */
/* Processes as /proc shows them. Pids are those of the initial pid namespace. */
#ifndef HOLDFAST_DAEMON_PROCESS_H
#define HOLDFAST_DAEMON_PROCESS_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct process {
        pid_t parent;
        uint64_t start; /* clock ticks after boot, field 22 of /proc/PID/stat */
        char state;     /* 'R', 'S', … 'Z' */
        int threads;    /* 0 once all are gone */
        char comm[16];
};

/* /proc/PID/stat. -ESRCH when there is no such process. */
int process_read(pid_t pid, struct process *ret);

/* Whether it runs or could: not a zombie that waits for its parent. */
bool process_lives(const struct process *p);

/* Parses the text of a stat file. -EBADMSG when it is not one. */
int process_parse(const char *text, struct process *ret);

/* Whether that one thread has not ended. */
bool process_runs(pid_t thread);

/*
 * A thread of the process that lives: the first, or where that has ended (/proc/PID then leads to no root and no mounts) another. The
 * process itself where none does.
 */
pid_t process_thread(pid_t pid);

/* A handle on a process, which does not pass to another that gets the same pid. Negative errno. */
int process_open(pid_t pid);

/* Whether the process behind the handle still lives. */
bool process_alive(int pidfd);

/* Whether a start in ns of CLOCK_BOOTTIME, as the kernel attests it, is the one that /proc/PID/stat shows in ticks. */
bool process_same_start(uint64_t start_ns, uint64_t start_ticks);

/* The user that all of real, effective and saved uid name; -EPERM when they differ. */
int process_uid(pid_t pid, uid_t *ret);

/* Its real uid alone. */
int process_real_uid(pid_t pid, uid_t *ret);

/* Its cgroup in the v2 hierarchy, from that hierarchy's root: "/user.slice". The caller frees it. */
int process_cgroup(pid_t pid, char **ret);

#endif
