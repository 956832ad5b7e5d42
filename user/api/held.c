/* SPDX-License-Identifier: Apache-2.0 */
/* Answers that are held until what the client waits for is over. Nothing is read from their connections meanwhile. */
#include "api/internal.h"

#include "base/time.h"

#include <stdlib.h>

#define NS_PER_SECOND 1000000000ull
#define NS_PER_MS 1000000ull
#define NS_PER_US 1000
#define US_PER_MS 1000

void http_hold(struct http_request *r, unsigned seconds, bool (*over)(struct http_request *r, bool last, void *of, void *context), void *of)
{
        free(r->of);
        r->of = of;
        r->over = over;
        r->until = time_now(CLOCK_MONOTONIC) + seconds * NS_PER_SECOND;
}

static bool is_over(struct http_request *r, bool last)
{
        bool over;

        r->again = true;
        over = r->over(r, last, r->of, r->server->setup.context);
        r->again = false;
        return over || last;
}

static void append(struct http_line *l, struct http_request *r)
{
        r->next = NULL;
        *l->last_held = r;
        l->last_held = &r->next;
}

/* From now on: the loop's own time is that of when this turn began. */
static void look_soon(struct http_line *l)
{
        sd_event_source_set_time(l->look, time_now(CLOCK_MONOTONIC) / NS_PER_US + HTTP_LOOK_MS * US_PER_MS);
        sd_event_source_set_enabled(l->look, SD_EVENT_ONESHOT);
}

bool held_back(struct http_request *r)
{
        struct http_line *l = r->line;

        if (!r->over || !r->response || is_over(r, line_is_full(l)))
                return false;
        MHD_suspend_connection(r->connection);
        request_drop_body(r);
        append(l, r);
        if (!l->n_held++)
                look_soon(l);
        return true;
}

/* A turn of the loop's at most: with those that it does not come to, the next look begins. */
static int on_look(sd_event_source *source, uint64_t us, void *line)
{
        struct http_line *l = line;
        uint64_t now = time_now(CLOCK_MONOTONIC);
        const uint64_t end = now + HTTP_TURN_MS * NS_PER_MS;

        (void)source;
        (void)us;
        for (unsigned int left = l->n_held; left && now < end; left--, now = time_now(CLOCK_MONOTONIC)) {
                struct http_request *r = l->held;

                l->held = r->next;
                if (!l->held)
                        l->last_held = &l->held;
                if (!is_over(r, now >= r->until)) {
                        append(l, r);
                        continue;
                }
                l->n_held--;
                MHD_resume_connection(r->connection);
                line_resumed(l);
        }
        if (l->n_held)
                look_soon(l);
        return 0;
}

int held_start(struct http_line *l, sd_event *event)
{
        int r = sd_event_add_time_relative(event, &l->look, CLOCK_MONOTONIC, 0, 1, on_look, l);

        l->last_held = &l->held;
        if (r < 0)
                return r;
        sd_event_source_set_description(l->look, "api-held");
        return sd_event_source_set_enabled(l->look, SD_EVENT_OFF);
}

void held_end(struct http_line *l)
{
        l->look = sd_event_source_disable_unref(l->look);
        if (!l->n_held)
                return;
        for (; l->held; l->held = l->held->next)
                MHD_resume_connection(l->held->connection);
        MHD_run(l->mhd); /* has the answers out */
}
