/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A drill of the kill switch: canaries (canary.h) are killed at each scope, and what they, and everybody else's sessions, saw of it is put
 * into a report. Targets are of names that are this drill's alone, so that no kill of its strikes another session.
 */
#ifndef HOLDFAST_CLI_DRILL_H
#define HOLDFAST_CLI_DRILL_H

#include "cli/canary.h"

#include <cjson/cJSON.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

/* What is killed, and whom it must not strike. */
enum { DRILL_OLD, DRILL_NEW, DRILL_OTHER, DRILL_USER, DRILL_CANARIES };

struct drill {
        const char *socket, *within; /* as given; within: the folder for the drill's own, NULL: /tmp */
        bool all;                    /* also pause everything */
        const volatile int *stop;    /* the signal that asks for an end */

        char id[9], name[32], reason[64], user[16];
        char names[DRILL_CANARIES][64]; /* of agents */
        char folder[PATH_MAX];          /* "": there is none */
        struct canary canaries[DRILL_CANARIES];
        cJSON *struck_policy, *other_policy;
        cJSON *before;                             /* sessions that lived when it began */
        uint64_t since;                            /* number of the last event then */
        cJSON *kills;                              /* ids of all that were set for canaries alone */
        char standing[32];                         /* id of the kill that stands; "": none */
        bool over;                                 /* a step could not even be tried: nor can those behind it */
        cJSON *report, *steps, *undrilled, *wrong; /* the last three are in the report */
};

/* Runs one from beginning to end, and leaves nothing behind; the report is then complete but for its signature. */
void drill_run(struct drill *d);

void drill_free(struct drill *d);

/* Notes why it failed. */
void drill_wrong(struct drill *d, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Whether nothing was noted. */
bool drill_good(const struct drill *d);

/* drill_steps.c: kills the canaries at each scope. */
void drill_steps(struct drill *d);

/* Lifts the kill that stands; says so where that fails. False: it did not stand any more. */
bool drill_lift(struct drill *d);

/* drill_others.c: notes who lives; and at the end what those saw, and whether something of the drill is left. */
bool drill_others_before(struct drill *d);
void drill_others_after(struct drill *d);

/* Between two looks at something, until a time (ns of CLOCK_BOOTTIME). False: it is over, or the end is asked for. */
bool drill_waits(const struct drill *d, uint64_t until);

#define DRILL_PATIENCE (60 * 1000000000ull) /* ns, for each thing that is waited for */

#endif
