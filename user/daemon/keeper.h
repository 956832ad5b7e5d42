/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The keeper: a process that keeps open what policies hold open, so that no object whose identity is its inode's address goes out of memory
 * while no daemon runs. It is started with the first such object, outlives the daemon, and ends once it keeps nothing.
 */
#ifndef HOLDFAST_DAEMON_KEEPER_H
#define HOLDFAST_DAEMON_KEEPER_H

#include "base/error.h"
#include "holdfast/abi.h"
#include "policy/policy.h"

#include <stdbool.h>
#include <stdint.h>

#define KEEPER_NAME "holdfast-keeper" /* how the daemon's program is called to be one */

#define KEEPER_BITS (HF_POLICIES / 8 + 1) /* one a policy, and one for the rules of the host */

struct daemon;

struct keeper {
        int fd;           /* to its process; -1: there is none */
        const int *hosts; /* what the rules of the host hold, as hostrules.c has it */
        size_t n_hosts;
        uint8_t in_use[KEEPER_BITS]; /* what it was told last */
};

#define KEEPER_INIT \
        { \
                .fd = -1 \
        }

/* Loads a compiled policy, as kernel_policy_load() does, and has its objects kept. On failure nothing of it stays. */
int keeper_policy_load(struct daemon *d, uint32_t policy, struct compiled *c, struct findings *unverified, struct error *e);

/* Has what the rules of the host hold kept, in place of what it was told before. The array stays the caller's. */
int keeper_hosts(struct daemon *d, const int *fds, size_t n);

/* Finds the keeper that an earlier daemon started, if there is one. */
void keeper_find(struct daemon *d);

/* Lets it close what belongs to policies that are not in use any more, once those are reaped; starts another where it is gone. */
void keeper_tidy(struct daemon *d);

/* The process itself: serves whoever connects, one after the other, until it is left with nothing to keep. */
void keeper_serve(void);

#endif
