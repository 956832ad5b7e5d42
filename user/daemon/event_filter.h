/* SPDX-License-Identifier: Apache-2.0 */
/* Which lines of the audit stream a client wants, and may have. Pure. */
#ifndef HOLDFAST_DAEMON_EVENT_FILTER_H
#define HOLDFAST_DAEMON_EVENT_FILTER_H

#include "base/time.h"
#include "daemon/id.h"

#include <stdbool.h>
#include <stddef.h>

/* What is NULL or "" asks for nothing. */
struct event_filter {
        char session[ID_SIZE];     /* only of this session */
        char from[TIME_TEXT_SIZE]; /* only what happened then or later, as time_format() writes it */
        char *kinds;               /* only of these kinds, with commas in between */
        char *verdict;             /* only with this verdict */
        char *capability;          /* only what this capability decided */
        char *user;                /* only of this user's sessions */
};

/* Copies a filter whose texts are borrowed. 0, or -ENOMEM with nothing to be cleared. */
int event_filter_copy(const struct event_filter *from, struct event_filter *to);
void event_filter_clear(struct event_filter *f);

bool event_filter_passes(const struct event_filter *f, const char *line, size_t length);

#endif
