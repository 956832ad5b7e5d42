/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The last refusals of a session, for the session itself: what it tried and why that was refused, and nothing that it could not know. Kept
 * in memory only: the audit stream has them all. Pure.
 */
#ifndef HOLDFAST_DAEMON_RECENT_H
#define HOLDFAST_DAEMON_RECENT_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>

#define RECENT_INTERVAL 100000000ull /* ns, in which no more are noted than are kept: a flood costs nothing here */
#define RECENT_MAX 8                 /* refusals that are kept */
#define RECENT_TEXT_MAX 2048         /* bytes of one; the beginning of a longer path is left out */

struct recent {
        char *list[RECENT_MAX]; /* each a JSON object; owned */
        uint64_t noted, told;   /* how many there were, and of how many the session was told as new ones */
        uint64_t since;         /* when the interval began, as the times below */
        unsigned int n;         /* how many there were in it */
};

/* Notes an event that is a refusal; time is ns since the epoch. One for which there is no memory, or no room in its interval, is left out.
 */
void recent_note(struct recent *r, const cJSON *event, uint64_t time);

/* Those that are kept, the newest last; fresh: only those that were not told as fresh before. NULL where memory runs out. */
cJSON *recent_json(struct recent *r, bool fresh);

void recent_clear(struct recent *r);

#endif
