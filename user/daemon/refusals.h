/* SPDX-License-Identifier: Apache-2.0 */
/* What the API refused to whom, as events: the first at once, what follows of the same kind as a count, so that a flood fills no disk. */
#ifndef HOLDFAST_DAEMON_REFUSALS_H
#define HOLDFAST_DAEMON_REFUSALS_H

#include <stdint.h>

#define REFUSALS_KINDS 64
#define REFUSALS_INTERVAL (10 * 1000000000ull) /* ns */
#define REFUSALS_ACTOR_SIZE 160
#define REFUSALS_REASON_SIZE 128

struct refusal {
        char actor[REFUSALS_ACTOR_SIZE], reason[REFUSALS_REASON_SIZE], address[64]; /* address "": of this host */
        uint64_t since;                                                             /* when it was last told, ns of CLOCK_BOOTTIME */
        uint64_t count;                                                             /* those not told yet */
};

struct refusals {
        struct refusal list[REFUSALS_KINDS + 1]; /* the last stands for all that there is no room for */
        int n;
};

typedef void (*refusals_tell)(void *context, const struct refusal *r, uint64_t count);

/* Notes one; tells it at once where none of its kind was told within the interval. */
void refusals_note(struct refusals *all, const char *actor, const char *reason, const char *address, uint64_t now, refusals_tell tell,
                   void *context);

/* Tells the counts whose interval is over. To be called now and then. */
void refusals_tick(struct refusals *all, uint64_t now, refusals_tell tell, void *context);

#endif
