/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/stream.h"

#include "base/buffer.h"
#include "base/log.h"
#include "base/time.h"
#include "daemon/daemon.h"

#include <stdio.h>
#include <string.h>

#define LOOK (1u << 20)    /* bytes looked at in one go, also where none of them is for the client: others wait meanwhile */
#define CHUNK (256u << 10) /* bytes read from the file at once, about */
#define AHEAD (1u << 20)   /* bytes kept for a client that is slow; beyond that it reads from the file later */

struct stream {
        struct daemon *daemon;
        struct stream *next;
        struct http_stream *http;
        struct stream_filter filter;
        uint64_t seq; /* the last line that was looked at */
        uint64_t end; /* without follow: the last line to show */
        struct buffer out;
        size_t sent;    /* of out */
        size_t looked;  /* bytes, in this go */
        uint64_t again; /* since when it waits to look on, ns of CLOCK_MONOTONIC; 0: it does not */
        bool over;      /* its token is gone */
};

static bool is_over(const struct stream *s)
{
        return s->over || (s->filter.expires && s->filter.expires <= time_now(CLOCK_REALTIME));
}

static int put(struct stream *s, uint64_t seq, const char *line, size_t length)
{
        char head[64];
        int r, n;

        s->seq = seq;
        if (!event_filter_passes(&s->filter.events, line, length))
                return 0;
        if (!s->filter.sse)
                return buffer_append(&s->out, line, length);
        n = snprintf(head, sizeof(head), "id: %llu\ndata: ", (unsigned long long)seq);
        r = buffer_append(&s->out, head, (size_t)n);
        if (r == 0)
                r = buffer_append(&s->out, line, length);
        return r == 0 ? buffer_append(&s->out, "\n", 1) : r;
}

static int on_old_line(void *context, uint64_t seq, const char *line, size_t length)
{
        struct stream *s = context;
        int r;

        if (!s->filter.follow && seq > s->end)
                return 1;
        r = put(s, seq, line, length);
        s->looked += length;
        return r < 0 ? r : s->out.length > CHUNK || s->looked > LOOK;
}

/* Brings the next lines of the file into the buffer. False at the end of a stream that does not follow, or when it cannot be read. */
static bool refill(struct stream *s)
{
        _cleanup_error_ struct error e = ERROR_INIT;
        uint64_t last = s->filter.follow ? audit_seq(s->daemon->audit) : s->end;
        int r = 0;

        buffer_truncate(&s->out, 0);
        s->sent = s->looked = 0;
        if (s->seq < last)
                r = audit_read(s->daemon->config.audit, s->seq, on_old_line, s, &e);
        if (r < 0) {
                log_warning("a client's events cannot be read: %s", error_text(&e));
                return false;
        }
        /* Nothing more came, though the file should have it: the rest is filtered out, or not there. */
        if (!s->out.length && r == 0)
                s->seq = s->seq < last ? last : s->seq;
        s->again = r > 0 && !s->out.length ? time_now(CLOCK_MONOTONIC) : 0;
        if (s->again)
                sd_event_source_set_enabled(s->daemon->streams_again, SD_EVENT_ONESHOT);
        return s->again || s->out.length || s->filter.follow;
}

static ssize_t more(void *context, char *buffer, size_t max)
{
        struct stream *s = context;
        size_t n;

        if (is_over(s) || (s->sent == s->out.length && !refill(s)))
                return -1;
        n = s->out.length - s->sent;
        if (n > max)
                n = max;
        if (n)
                memcpy(buffer, s->out.data + s->sent, n);
        s->sent += n;
        return (ssize_t)n;
}

static void stream_free(struct stream *s)
{
        buffer_clear(&s->out);
        event_filter_clear(&s->filter.events);
        free(s);
}

static void done(void *context)
{
        struct stream *s = context;

        for (struct stream **p = &s->daemon->streams; *p; p = &(*p)->next) {
                if (*p != s)
                        continue;
                *p = s->next;
                break;
        }
        stream_free(s);
}

/* A line was written. Those who are up to date and not too slow get it from here. */
static void on_new_line(void *context, uint64_t seq, const char *line, size_t length)
{
        struct daemon *d = context;

        for (struct stream *s = d->streams; s; s = s->next) {
                if (!s->filter.follow)
                        continue;
                if (s->seq == seq - 1 && s->out.length - s->sent < AHEAD)
                        put(s, seq, line, length);
                http_stream_wake(s->http);
        }
}

void streams_revoke(struct daemon *d, const char *token)
{
        for (struct stream *s = d->streams; s; s = s->next) {
                if (strcmp(s->filter.token, token) != 0)
                        continue;
                s->over = true;
                http_stream_wake(s->http);
        }
}

void streams_check(struct daemon *d)
{
        for (struct stream *s = d->streams; s; s = s->next)
                if (is_over(s))
                        http_stream_wake(s->http);
}

/* One a turn of the loop, whoever waits for longest: a look takes time. */
static int on_again(sd_event_source *source, void *context)
{
        struct stream *longest = NULL;
        struct daemon *d = context;
        size_t waiting = 0;

        for (struct stream *s = d->streams; s; s = s->next) {
                waiting += s->again != 0;
                if (s->again && (!longest || s->again < longest->again))
                        longest = s;
        }
        if (waiting > 1)
                sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
        if (!longest)
                return 0;
        longest->again = 0;
        http_stream_wake(longest->http);
        return 0;
}

int streams_start(struct daemon *d, struct error *e)
{
        int r = sd_event_add_defer(d->event, &d->streams_again, on_again, d);

        if (r >= 0)
                r = sd_event_source_set_enabled(d->streams_again, SD_EVENT_OFF);
        if (r >= 0)
                r = audit_follow(d->audit, on_new_line, d);

        return r < 0 ? error_set(e, r, "out of memory") : 0;
}

void streams_stop(struct daemon *d)
{
        while (d->streams)
                done(d->streams);
        d->streams_again = sd_event_source_disable_unref(d->streams_again);
}

void stream_open(struct daemon *d, struct http_request *r, const struct stream_filter *filter)
{
        struct stream *s = calloc(1, sizeof(*s));
        int copied = s ? 0 : -ENOMEM;

        if (s) {
                *s = (struct stream){ .daemon = d, .filter = *filter, .seq = filter->since, .end = audit_seq(d->audit) };
                copied = event_filter_copy(&filter->events, &s->filter.events);
        }
        if (copied < 0) {
                free(s);
                http_problem(r, 500, "memory", NULL, "out of memory");
                return;
        }
        s->next = d->streams;
        d->streams = s;
        s->http = http_stream_new(r, filter->sse ? "text/event-stream" : "application/x-ndjson", more, done, s);
        if (!s->http)
                done(s); /* it is refused */
}
