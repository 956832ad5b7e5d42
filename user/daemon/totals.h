/* SPDX-License-Identifier: Apache-2.0 */
/* Sums over the sessions that the daemon knows: those that live, and those that ended within the last hour. */
#ifndef HOLDFAST_DAEMON_TOTALS_H
#define HOLDFAST_DAEMON_TOTALS_H

#include <stddef.h>
#include <stdint.h>

struct daemon;

#define TOTALS_STATES 5
extern const char *const totals_states[TOTALS_STATES]; /* "ended" comes last */

struct totals {
        size_t states[TOTALS_STATES];
        uint64_t denials; /* as the kernel counts them */
        uint64_t lost;    /* events, those of no session too */
        uint64_t rules;   /* of those that live */
};

struct totals totals_of(struct daemon *d);

#endif
