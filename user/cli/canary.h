/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Canaries of holdfast drill: processes that begin a session of their own and then write, again and again, into a file of theirs, by its
 * name and through a descriptor that stays open. What they may still do is told in memory that they share with the drill, and by the file.
 */
#ifndef HOLDFAST_CLI_CANARY_H
#define HOLDFAST_CLI_CANARY_H

#include <cjson/cJSON.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define CANARY_TIMES 256 /* of last permitted actions that are remembered */

enum canary_state { CANARY_STARTING, CANARY_RUNS, CANARY_REFUSED };

/* Written by the canary, read by the drill. Times are ns of CLOCK_BOOTTIME. */
struct canary_seen {
        uint32_t state;
        uint64_t rounds;              /* each of two actions */
        uint64_t permitted;           /* actions */
        uint64_t refused;             /* actions */
        uint64_t times[CANARY_TIMES]; /* when permitted actions were begun, the Nth at N % CANARY_TIMES */
        char session[32];
        char why[512]; /* of CANARY_REFUSED */
};

struct canary {
        const char *name;    /* of its folder, and in reports */
        const char *agent;   /* NAME or NAME@VERSION */
        const cJSON *policy; /* not owned */
        uid_t uid;           /* as whom it runs; 0: as whom the drill does */
        char folder[PATH_MAX];
        pid_t pid;                /* 0: it does not run */
        int status;               /* of wait(2), once it does not run any more */
        struct canary_seen *seen; /* NULL: it was never started */
};

/*
 * Starts one in a folder of its own within `within`, and waits until its session began: at most so many seconds. 0; -ENOENT where no
 * session began, and seen->why says why; -EINTR where *stop was set meanwhile; or what failed.
 */
int canary_start(struct canary *c, const char *socket, const char *within, unsigned seconds, const volatile int *stop);

/* Whether its process is gone, which is then reaped. */
bool canary_gone(struct canary *c);

/* Ends its process, whatever state it is in, and removes its folder. */
void canary_end(struct canary *c);

/* Forgets what was seen. */
void canary_free(struct canary *c);

/* When the last permitted action was begun, by what it told and what is in its file; 0: none was. */
uint64_t canary_last(const struct canary *c);

/* How many were begun after that time, of the last CANARY_TIMES. */
unsigned canary_after(const struct canary *c, uint64_t time);

#endif
