/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/events.h"

#include "base/json.h"
#include "base/log.h"
#include "base/time.h"
#include "daemon/daemon.h"
#include "daemon/event_json.h"
#include "daemon/flows.h"
#include "daemon/kill.h"
#include "daemon/throttle.h"

#include <string.h>
#include <unistd.h>

#define BATCH 64                     /* events read before other work has its turn */
#define PRIORITY 10                  /* behind requests: a kill must not wait for the log */
#define LATER_USEC 100000            /* at most so late are those of connections read */
#define LOST_PAUSE (100000000ull)    /* ns between two looks at what was lost, each of which may write to the database */
#define MOUNTS_FRESH (1000000000ull) /* ns that a session's mounts are believed */

/* The session's mounts; read again when they are old or do not have the device. */
static const struct mounts *mounts_for(struct daemon *d, struct session *s, const struct hf_event *event)
{
        struct mounts fresh = MOUNTS_INIT;
        uint64_t now = time_now(CLOCK_BOOTTIME);

        if (!s)
                return &d->mounts;
        if (s->mounts.count && now - s->mounts_read < MOUNTS_FRESH)
                return &s->mounts;
        /* Where its processes are gone already, those of before still tell more than the daemon's own. */
        if (mounts_read((pid_t)event->pid, &fresh) == 0 || mounts_read(s->pid, &fresh) == 0 ||
            (!s->mounts.count && mounts_read(getpid(), &fresh) == 0))
                session_mounts(s, &fresh);
        s->mounts_read = now;
        return s->mounts.count ? &s->mounts : &d->mounts;
}

/* The name by which the session came to a connection's address. */
static const char *host_for(struct daemon *d, const struct session *s, const struct hf_event *event)
{
        if (!s || !(event->flags & HF_EVENT_CONNECTION) || event->op == HF_OP_ACCEPT)
                return NULL;
        if (s->resolver.there && event->op == HF_OP_CONNECT)
                resolver_hear(d);
        return hostnames_find(&s->hostnames, event->addr);
}

/* The kill behind a refusal. What a rule of another policy than the one in force was is not known. */
static const struct kill *kill_for(const struct daemon *d, const struct session *s, const struct hf_event *event)
{
        const bool known = s && (event->why == HF_WHY_KILLED || event->policy == s->policy_id);

        return known ? kill_behind(d, s, event->why, event->rule) : NULL;
}

static void on_event(void *context, const struct hf_event *event, size_t size)
{
        struct daemon *d = context;
        struct session *s = sessions_by_slot(&d->sessions, event->slot, event->generation);
        const struct kill *kill = kill_for(d, s, event);
        struct event_context c = {
                .session = s ? s->id : NULL,
                .agent = s ? s->agent : NULL,
                .user = s ? s->user : NULL,
                .policy = s && event->policy == s->policy_id ? s->policy : NULL,
                .ceilings = s && event->policy == s->policy_id ? s->ceilings.list : NULL,
                .mounts = event->kind == HF_EVENT_CONNECT ? NULL : mounts_for(d, s, event),
                .host = host_for(d, s, event),
                .kill_reason = kill ? kill->reason : NULL,
                .kill = kill ? kill->id : NULL,
        };
        cJSON *o = event_json(event, size, &c);

        if (event->op == HF_OP_HELLO && s)
                flows_cut(d, s, event);
        if (event->why == HF_WHY_BUDGET && s)
                throttle_check(d, s);
        d->newest = event->time;
        metrics_event(&d->metrics, kind_name(event->kind), event->flags & HF_EVENT_DENIED ? "deny" : "allow");
        if (!o || audit_append(d->audit, o, time_now(CLOCK_REALTIME) - time_now(CLOCK_BOOTTIME) + event->time) < 0)
                log_debug("an event could not be written; the stream says so once it can");
        if (s && s->trips.denials && (event->flags & HF_EVENT_DENIED))
                trips_denied(d, s);
}

/* Returns how many were read, or negative errno. */
static int read_some(struct daemon *d)
{
        int n, r;

        audit_begin(d->audit);
        n = kernel_events_read(d->kernel, BATCH, on_event, d);
        r = audit_end(d->audit);
        if (n < 0)
                log_warning("reading the kernel's events failed: %s", strerror(-n));
        d->metrics.audit_errors += r < 0;
        if (r < 0)
                log_warning("writing the audit stream failed: %s; the count of what is lost will be in it", strerror(-r));
        return n;
}

/* Reads until nothing is left, or what is left came after a time. Whether more may be left. */
static bool drain(struct daemon *d, uint64_t until)
{
        int n;

        if (d->draining || !d->kernel || !d->audit)
                return false;
        d->draining = true;
        do
                n = read_some(d);
        while (n > 0 && d->newest < until);
        if (time_now(CLOCK_BOOTTIME) - d->lost_checked > LOST_PAUSE)
                events_check_lost(d);
        d->draining = false;
        return n > 0;
}

void events_drain(struct daemon *d)
{
        drain(d, time_now(CLOCK_BOOTTIME));
}

static int on_readable(sd_event_source *source, int fd, uint32_t revents, void *context)
{
        (void)source;
        (void)fd;
        (void)revents;
        drain(context, 0);
        return 0;
}

static void look_in(struct daemon *d, uint64_t usec)
{
        int r = sd_event_source_set_time_relative(d->later, usec);

        if (r >= 0)
                r = sd_event_source_set_enabled(d->later, SD_EVENT_ONESHOT);
        if (r < 0)
                log_error("cannot set a timer, and events of connections come late: %s", strerror(-r));
}

static int on_later(sd_event_source *source, uint64_t usec, void *context)
{
        struct daemon *d = context;
        const bool more = drain(d, 0);
        bool live = false;

        (void)source;
        (void)usec;
        for (size_t i = 0; i < d->sessions.count && !live; i++)
                live = d->sessions.list[i]->live;
        if (live || more)
                look_in(d, more ? 0 : LATER_USEC);
        return 0;
}

void events_watch(struct daemon *d)
{
        look_in(d, LATER_USEC);
}

int events_start(struct daemon *d, struct error *e)
{
        int r = mounts_read(0, &d->mounts);

        if (r < 0)
                return error_set(e, r, "cannot read /proc/self/mountinfo: %s", strerror(-r));
        events_drain(d);
        r = sd_event_add_io(d->event, &d->events, kernel_events_fd(d->kernel), EPOLLIN, on_readable, d);
        if (r >= 0)
                r = sd_event_source_set_priority(d->events, PRIORITY);
        if (r >= 0)
                r = sd_event_add_time_relative(d->event, &d->later, CLOCK_MONOTONIC, LATER_USEC, LATER_USEC, on_later, d);
        if (r >= 0)
                r = sd_event_source_set_priority(d->later, PRIORITY);
        return r < 0 ? error_set(e, r, "cannot watch the kernel's events: %s", strerror(-r)) : 0;
}

static void report_lost(struct daemon *d, const struct session *s, uint64_t count)
{
        cJSON *o = event_begin(d, s, "lost", NULL, NULL);

        if (o)
                json_add_u64(o, "count", count);
        if (o)
                cJSON_AddStringToObject(o, "reason", "the kernel's buffer was full, or an event could not be made");
        log_warning("%llu events of %s were lost", (unsigned long long)count, s ? s->id : "no session");
        d->metrics.lost += count;
        event_emit_now(d, o);
}

void events_check_lost(struct daemon *d)
{
        uint64_t host = __atomic_load_n(&kernel_host(d->kernel)->lost, __ATOMIC_RELAXED);

        d->lost_checked = time_now(CLOCK_BOOTTIME);
        if (host != d->host_lost) {
                if (host > d->host_lost) /* less: the maps are new */
                        report_lost(d, NULL, host - d->host_lost);
                d->host_lost = host;
                store_set_number(d->store, "host_lost", host, NULL);
        }
        for (size_t i = 0; i < d->sessions.count; i++) {
                struct session *s = d->sessions.list[i];
                uint64_t lost = s->live ? __atomic_load_n(&kernel_session(d->kernel, s->slot)->lost, __ATOMIC_RELAXED) : s->lost;

                if (lost == s->lost_reported)
                        continue;
                if (lost > s->lost_reported)
                        report_lost(d, s, lost - s->lost_reported);
                s->lost_reported = lost;
                store_session_update(d->store, s, NULL);
        }
}

cJSON *event_begin(struct daemon *d, const struct session *s, const char *kind, const char *verdict, const char *actor)
{
        cJSON *o = cJSON_CreateObject();

        (void)d;
        if (!o)
                return NULL;
        if (s)
                cJSON_AddStringToObject(o, "session", s->id);
        else
                cJSON_AddNullToObject(o, "session");
        if (s) {
                json_add_text(o, "agent", s->agent);
                json_add_text(o, "user", s->user);
        } else {
                cJSON_AddNullToObject(o, "agent");
                cJSON_AddNullToObject(o, "user");
        }
        cJSON_AddNumberToObject(o, "pid", s ? s->pid : getpid());
        cJSON_AddStringToObject(o, "comm", "holdfastd");
        cJSON_AddStringToObject(o, "kind", kind);
        if (verdict)
                cJSON_AddStringToObject(o, "verdict", verdict);
        if (actor)
                json_add_text(o, "actor", actor);
        return o;
}

void event_emit(struct daemon *d, cJSON *event)
{
        if (!event)
                return;
        events_drain(d);
        event_emit_now(d, event);
}

void event_emit_now(struct daemon *d, cJSON *event)
{
        if (!event)
                return;
        metrics_event(&d->metrics, json_get_string(event, "kind"), json_get_string(event, "verdict"));
        if (audit_append(d->audit, event, 0) >= 0)
                return;
        d->metrics.audit_errors++;
        log_warning("an event could not be written to the audit stream; the count of what is lost will be in it");
}
