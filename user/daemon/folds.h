/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Refusals that repeat, folded: the first few are written one by one, and what follows of just the same as a count, so that who is refused
 * in a loop fills no disk. The same are those that differ in nothing but their time. Pure.
 */
#ifndef HOLDFAST_DAEMON_FOLDS_H
#define HOLDFAST_DAEMON_FOLDS_H

#include "holdfast/abi.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FOLDS 16                           /* of one session at once; others are written one by one */
#define FOLDS_DIRECT 4                     /* of the same that are written within an interval, before folding begins */
#define FOLDS_INTERVAL (1 * 1000000000ull) /* ns */

struct fold {
        struct hf_event *event; /* the first, but for its time */
        size_t size;
        char *text;           /* the event as a line, set by whoever notes the first that is folded */
        uint64_t since;       /* when the interval began, ns of CLOCK_BOOTTIME */
        unsigned int n;       /* how many were written in it */
        uint64_t count;       /* folded, and not told yet */
        uint64_t first, last; /* their times, as the events have them */
};

struct folds {
        struct fold list[FOLDS];
        int n;
};

/*
 * Notes a refusal. NULL: it is to be written by itself. Else it was folded into what is returned, whose text is to be set where it is NULL;
 * who cannot do that takes it out again, and writes it.
 */
struct fold *folds_note(struct folds *all, const struct hf_event *event, size_t size, uint64_t now);
void fold_take_out(struct fold *f);

/* Tells what was folded in intervals that are over (UINT64_MAX: in all), and forgets what does not repeat. To be called now and then. */
typedef void (*folds_tell)(void *context, const struct fold *f);
void folds_tick(struct folds *all, uint64_t now, folds_tell tell, void *context);

void folds_clear(struct folds *all);

#endif
