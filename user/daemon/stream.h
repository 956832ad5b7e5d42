/* SPDX-License-Identifier: Apache-2.0 */
/* Clients that read the events: from the file while they are behind, from the daemon as they happen. */
#ifndef HOLDFAST_DAEMON_STREAM_H
#define HOLDFAST_DAEMON_STREAM_H

#include "base/error.h"
#include "daemon/access.h"
#include "daemon/event_filter.h"
#include "daemon/id.h"

#include <stdbool.h>
#include <stdint.h>

struct daemon;
struct http_request;

struct stream_filter {
        uint64_t since; /* lines after this number */
        struct event_filter events;
        bool follow;         /* go on with what happens from now on */
        bool sse;            /* as server-sent events */
        char token[ID_SIZE]; /* of whoever asks, "": none; without it, or once it has expired, the stream ends */
        uint64_t expires;    /* ns since the epoch; 0: never */
};

/* Ends the streams of a token that was revoked; and those whose token has expired. */
void streams_revoke(struct daemon *d, const char *token);
void streams_check(struct daemon *d);

int streams_start(struct daemon *d, struct error *e);
void streams_stop(struct daemon *d);

/* Answers a request with the lines that pass the filter (copied). */
void stream_open(struct daemon *d, struct http_request *r, const struct stream_filter *filter);

#endif
