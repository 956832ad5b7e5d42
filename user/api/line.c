/* SPDX-License-Identifier: Apache-2.0 */
/* libmicrohttpd in its external epoll mode, as one of the event loop's sources. */
#include "api/internal.h"

#include "base/log.h"
#include "base/time.h"

#include <errno.h>

#define US_PER_MS 1000
#define NS_PER_US 1000

/* Has the loop come back when libmicrohttpd wants to: at once, after a time, or when a socket is ready. */
static void line_arm(struct http_line *l)
{
        MHD_UNSIGNED_LONG_LONG ms = 0;
        bool waits = MHD_get_timeout(l->mhd, &ms) == MHD_YES;

        /* It does not count connections that were resumed meanwhile, and without threads of its own it has no other way to tell. */
        if (l->resumed || l->waiting) {
                waits = true;
                ms = l->resumed ? 0 : HTTP_PAUSE_MS;
        }
        if (waits && ms > 0) {
                /* From now on: the loop's own time is that of when this turn began. */
                sd_event_source_set_time(l->timer, time_now(CLOCK_MONOTONIC) / NS_PER_US + ms * US_PER_MS);
                sd_event_source_set_enabled(l->timer, SD_EVENT_ONESHOT);
        } else {
                sd_event_source_set_enabled(l->timer, SD_EVENT_OFF);
        }
        sd_event_source_set_enabled(l->soon, waits && ms == 0 ? SD_EVENT_ONESHOT : SD_EVENT_OFF);
        sd_event_source_set_enabled(l->io, l->waiting && ms > 0 ? SD_EVENT_OFF : SD_EVENT_ON); /* what is new waits behind those that do */
}

unsigned int line_connections(const struct http_line *l)
{
        const union MHD_DaemonInfo *info = MHD_get_daemon_info(l->mhd, MHD_DAEMON_INFO_CURRENT_CONNECTIONS);

        return info ? info->num_connections : 0;
}

static void line_run(struct http_line *l)
{
        unsigned int before = line_connections(l);

        l->resumed = l->answered = false;
        l->turn = time_now(CLOCK_MONOTONIC);
        requests_resume(l);
        if (MHD_run(l->mhd) != MHD_YES)
                log_error("the API's server cannot go on with its connections");
        line_arm(l);
        if (line_connections(l) >= before)
                return;
        if (l->server->door)
                peers_left(l->server);
        else /* at its limit libmicrohttpd does not listen, and it starts again only at the turn after the one that ended a connection */
                sd_event_source_set_enabled(l->soon, SD_EVENT_ONESHOT);
}

static int on_io(sd_event_source *source, int fd, uint32_t revents, void *line)
{
        (void)source;
        (void)fd;
        (void)revents;
        line_run(line);
        return 0;
}

static int on_timer(sd_event_source *source, uint64_t us, void *line)
{
        (void)source;
        (void)us;
        line_run(line);
        return 0;
}

static int on_soon(sd_event_source *source, void *line)
{
        (void)source;
        line_run(line);
        return 0;
}

bool line_is_full(const struct http_line *l)
{
        return l->n_streams + l->n_held >= l->server->streams_max;
}

void line_resumed(struct http_line *l)
{
        l->resumed = true;
        sd_event_source_set_enabled(l->soon, SD_EVENT_ONESHOT);
}

int line_start(struct http_line *l, sd_event *event, struct MHD_Daemon *mhd, int64_t priority)
{
        const union MHD_DaemonInfo *info = MHD_get_daemon_info(mhd, MHD_DAEMON_INFO_EPOLL_FD);
        int r;

        l->mhd = mhd;
        l->last = &l->waiting;
        if (!info)
                return -EOPNOTSUPP;
        r = sd_event_add_io(event, &l->io, info->epoll_fd, EPOLLIN, on_io, l);
        if (r >= 0)
                r = sd_event_add_time_relative(event, &l->timer, CLOCK_MONOTONIC, 0, 1, on_timer, l);
        if (r >= 0)
                r = sd_event_add_defer(event, &l->soon, on_soon, l);
        if (r < 0)
                return r;
        r = held_start(l, event);
        if (r < 0)
                return r;
        sd_event_source_set_description(l->io, "api-connections");
        sd_event_source_set_description(l->timer, "api-timeouts");
        sd_event_source_set_description(l->soon, "api-ready");
        sd_event_source_set_priority(l->io, priority);
        sd_event_source_set_priority(l->timer, priority);
        sd_event_source_set_priority(l->soon, priority);
        sd_event_source_set_priority(l->look, priority);
        line_arm(l);
        return 0;
}

void line_stop(struct http_line *l)
{
        if (!l->mhd)
                return;
        requests_resume(l);
        held_end(l);
        sd_event_source_disable_unref(l->io);
        sd_event_source_disable_unref(l->timer);
        sd_event_source_disable_unref(l->soon);
        l->io = l->timer = l->soon = NULL;
        MHD_stop_daemon(l->mhd);
}
