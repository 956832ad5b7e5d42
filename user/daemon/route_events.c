/* SPDX-License-Identifier: Apache-2.0 */
/* /v1/events: the audit stream. */
#include "base/json.h"
#include "base/time.h"
#include "daemon/access.h"
#include "daemon/daemon.h"
#include "daemon/routes.h"
#include "daemon/stream.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

static bool number(const char *text, uint64_t *ret)
{
        char *end;

        errno = 0;
        *ret = strtoull(text, &end, 10);
        return isdigit((unsigned char)*text) && !*end && !errno;
}

static bool flag(const char *text)
{
        return text && strcmp(text, "0") != 0 && strcmp(text, "false") != 0;
}

static bool read_filter(struct daemon *d, struct http_request *r, const struct peer *peer, struct stream_filter *f)
{
        const char *since = http_query(r, "since"), *last = http_header(r, "Last-Event-ID"), *accept = http_header(r, "Accept");
        const char *key = http_query(r, "session"), *from = http_query(r, "from");
        uint64_t when = 0;
        const struct session *s;

        /* A browser that connects again says where it was. */
        if (last && number(last, &f->since))
                since = NULL;
        if (since && !number(since, &f->since)) {
                http_problem(r, 400, "bad-request", NULL, "since: expected the number of an event");
                return false;
        }
        if (key) {
                s = access_session(d, r, peer, key);
                if (!s)
                        return false;
                snprintf(f->events.session, sizeof(f->events.session), "%s", s->id);
        }
        if (from && time_parse(from, &when) < 0) {
                http_problem(r, 400, "bad-request", NULL, "from: expected a time such as 2026-01-02T03:04:05Z");
                return false;
        }
        if (from)
                time_format(when, f->events.from);
        f->events.kinds = (char *)http_query(r, "kind"); /* borrowed, as are these */
        f->events.verdict = (char *)http_query(r, "verdict");
        f->events.capability = (char *)http_query(r, "capability");
        f->sse = accept && strstr(accept, "text/event-stream");
        f->follow = f->sse || flag(http_query(r, "follow"));
        return true;
}

void route_events(struct http_request *r, void *context)
{
        struct stream_filter filter = { 0 };
        _cleanup_free_ char *user = NULL;
        struct peer peer;

        if (access_peer(context, r, &peer) < 0 || !read_filter(context, r, &peer, &filter))
                return;
        if (peer.uid != 0 && user_lookup(peer.uid, &user, NULL) < 0) {
                http_problem(r, 500, "memory", NULL, "out of memory");
                return;
        }
        filter.events.user = user;
        snprintf(filter.token, sizeof(filter.token), "%s", peer.token);
        filter.expires = peer.expires;
        stream_open(context, r, &filter);
}
