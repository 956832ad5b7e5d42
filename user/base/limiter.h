/* SPDX-License-Identifier: Apache-2.0 */
/* Token buckets by name: each name may take so many at once, and gets one back after each interval. Pure: the time is given. */
#ifndef HOLDFAST_BASE_LIMITER_H
#define HOLDFAST_BASE_LIMITER_H

#include <stdbool.h>
#include <stdint.h>

#define LIMITER_NAMES 256
#define LIMITER_NAME_SIZE 48

struct limiter {
        uint32_t burst;    /* at once */
        uint64_t interval; /* ns until one comes back */
        struct {
                char name[LIMITER_NAME_SIZE];
                uint64_t full; /* when it has its whole burst again */
        } list[LIMITER_NAMES];
};

/*
 * Takes one. Where there is none, returns false, and in *wait (may be NULL) the ns until there is. Of more names than LIMITER_NAMES the
 * one that is the nearest to full makes room, so that many names take no more memory, and a flood by one is not forgotten for them.
 */
bool limiter_take(struct limiter *l, const char *name, uint64_t now, uint64_t *wait);

#endif
