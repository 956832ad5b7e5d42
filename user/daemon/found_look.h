/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of the look at attached processes share: found_tasks.c looks at what they are, found_held.c at what they have. */
#ifndef HOLDFAST_DAEMON_FOUND_LOOK_H
#define HOLDFAST_DAEMON_FOUND_LOOK_H

#include "daemon/found.h"
#include "holdfast/abi.h"

#include <stdbool.h>
#include <stdint.h>

/* A segment of System V shared memory, and how often the processes of the session have it attached. */
struct segment {
        uint64_t id, count;
        pid_t pid; /* one of them */
};

struct look {
        struct daemon *d;
        const struct session *s;
        struct found *found;
        struct findings *fast;
        uint64_t until; /* ns of CLOCK_MONOTONIC */
        pid_t *looked;  /* at these processes */
        size_t n_looked;
        pid_t *takers; /* these have what is to be taken away */
        size_t n_takers;
        struct hf_seen *seen;
        size_t n_seen;
        struct segment *segments;
        size_t n_segments;
        pid_t pid;           /* that is looked at */
        char *maps;          /* of it, */
        const char *maps_at; /* read up to here: mappings come by their addresses */
        bool again;          /* watches were removed, and there may be more */
        bool failed;         /* memory ran out */
};

/* Adds a thing to what was found, or to what is fast; once, however often it is added. */
void found_add(struct look *l, const char *kind, pid_t pid, enum found_done done, const char *format, ...)
        __attribute__((format(printf, 5, 6)));

/* 0, or -ETIME: a look holds up all that the daemon does else. */
int found_in_time(const struct look *l);

/* Whether they are about to execute a program: what that takes from them, such as their memory, is no matter. */
bool found_by_exec(const struct look *l);

/* Whether the policy makes this exception to the guard's rules. */
bool found_excepted(const struct look *l, enum hf_guard guard);

/* Reads all tasks of the host, and looks at those of the session and at what has something in common with one. First of all. */
int found_look_at_tasks(struct look *l, struct error *e);

/* Whether a process is of the session. */
bool found_is_member(const struct look *l, uint32_t tgid);

/* Looks at the descriptors and the mappings of a process of the session. What has to be taken away from it makes it one of the takers. */
int found_look_at_process(struct look *l, pid_t pid, struct error *e);

/* Takes that away. What cannot be is fast. */
int found_take_from(struct look *l, pid_t pid, struct error *e);

/* Looks at the shared memory that those processes have. Last of all. */
int found_look_at_segments(struct look *l, struct error *e);

#endif
