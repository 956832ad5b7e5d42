/* SPDX-License-Identifier: Apache-2.0 */
/* Answers that are held until what the client waits for is over. Nothing is read from their connections meanwhile. */
#include "api/internal.h"

#include "base/time.h"

#include <stdlib.h>

#define NS_PER_SECOND 1000000000ull
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

static void look_soon(struct http_line *l)
{
        sd_event_source_set_time_relative(l->look, HTTP_LOOK_MS * US_PER_MS);
        sd_event_source_set_enabled(l->look, SD_EVENT_ONESHOT);
}

bool held_back(struct http_request *r)
{
        struct http_line *l = r->line;

        if (!r->over || !r->response || is_over(r, l->n_held >= HTTP_HELD_MAX))
                return false;
        MHD_suspend_connection(r->connection);
        r->next = l->held;
        l->held = r;
        l->n_held++;
        look_soon(l);
        return true;
}

static int on_look(sd_event_source *source, uint64_t us, void *line)
{
        struct http_line *l = line;

        (void)source;
        (void)us;
        for (struct http_request **link = &l->held, *r; (r = *link);) {
                if (!is_over(r, time_now(CLOCK_MONOTONIC) >= r->until)) {
                        link = &r->next;
                        continue;
                }
                *link = r->next;
                l->n_held--;
                MHD_resume_connection(r->connection);
                line_resumed(l);
        }
        if (l->held)
                look_soon(l);
        return 0;
}

int held_start(struct http_line *l, sd_event *event)
{
        int r = sd_event_add_time_relative(event, &l->look, CLOCK_MONOTONIC, 0, 1, on_look, l);

        if (r < 0)
                return r;
        sd_event_source_set_description(l->look, "api-held");
        return sd_event_source_set_enabled(l->look, SD_EVENT_OFF);
}

void held_end(struct http_line *l)
{
        for (; l->held; l->held = l->held->next)
                MHD_resume_connection(l->held->connection);
        l->look = sd_event_source_disable_unref(l->look);
}
