/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/events.h"

#include "base/json.h"
#include "base/log.h"
#include "base/time.h"
#include "daemon/daemon.h"
#include "daemon/event_json.h"
#include "daemon/names.h"
#include "daemon/flows.h"
#include "daemon/kill.h"
#include "daemon/throttle.h"

#include <string.h>
#include <unistd.h>

#define PRIORITY 10                  /* behind requests: a kill must not wait for the log */
#define LATER_USEC 100000            /* at most so late are those of connections read */
#define LOST_PAUSE (100000000ull)    /* ns between two looks at what was lost or folded, each of which may write to the database */
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

static cJSON *compose(struct daemon *d, struct session *s, const struct hf_event *event, size_t size)
{
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

        return event_json(event, size, &c);
}

/* ns since the epoch of a time of CLOCK_BOOTTIME. */
static uint64_t realtime_of(uint64_t boottime)
{
        return time_now(CLOCK_REALTIME) - time_now(CLOCK_BOOTTIME) + boottime;
}

static uint32_t kind_of(const struct hf_event *event)
{
        return event->kind & (HF_KINDS - 1);
}

/* From here on the kernel's record says that the daemon has it, until it is written. */
static void hold(struct daemon *d, const struct session *s, const struct hf_event *event)
{
        if (s)
                __atomic_add_fetch(&kernel_session(d->kernel, s->slot)->held[kind_of(event)], 1, __ATOMIC_RELAXED);
}

static void let_go(struct daemon *d, uint32_t slot, uint32_t kind, uint32_t count)
{
        __atomic_sub_fetch(&kernel_session(d->kernel, slot)->held[kind], count, __ATOMIC_RELAXED);
}

/* Folds one that repeats; false: it is to be written. *o gets the event where it had to be made. */
static bool fold(struct daemon *d, struct session *s, const struct hf_event *event, size_t size, cJSON **o)
{
        const bool repeats = (event->flags & HF_EVENT_DENIED) && event->op != HF_OP_HELLO && event->op != HF_OP_REVOKE;
        struct fold *f = s && repeats ? folds_note(&s->folds, event, size, time_now(CLOCK_BOOTTIME)) : NULL;

        if (!f || f->text)
                return f != NULL;
        *o = compose(d, s, event, size);
        f->text = *o ? cJSON_PrintUnformatted(*o) : NULL;
        if (!f->text)
                fold_take_out(f);
        return f->text != NULL;
}

static void on_event(void *context, const struct hf_event *event, size_t size)
{
        struct daemon *d = context;
        struct session *s = sessions_by_slot(&d->sessions, event->slot, event->generation);
        _cleanup_json_ cJSON *o = NULL;

        if (event->op == HF_OP_HELLO && s)
                flows_cut(d, s, event);
        if (event->why == HF_WHY_BUDGET && s)
                throttle_check(d, s);
        d->newest = event->time;
        metrics_event(&d->metrics, kind_name(event->kind), event->flags & HF_EVENT_DENIED ? "deny" : "allow");
        hold(d, s, event);
        if (!fold(d, s, event, size, &o)) {
                if (s)
                        d->batch[d->batched++] = (struct read_event){ s->slot, kind_of(event) };
                if (!o)
                        o = compose(d, s, event, size);
                if (s && (event->flags & HF_EVENT_DENIED))
                        recent_note(&s->recent, o, realtime_of(event->time));
                if (!o || audit_append(d->audit, TAKE_PTR(o), realtime_of(event->time)) < 0)
                        log_debug("an event could not be written; the stream says so once it can");
        }
        if (s && s->trips.denials && (event->flags & HF_EVENT_DENIED))
                trips_denied(d, s);
}

/* Returns how many were read, or negative errno. */
static int read_some(struct daemon *d)
{
        int n, r;

        audit_begin(d->audit);
        n = kernel_events_read(d->kernel, EVENTS_BATCH, on_event, d);
        r = audit_end(d->audit);
        while (d->batched > 0) {
                d->batched--;
                let_go(d, d->batch[d->batched].slot, d->batch[d->batched].kind, 1);
        }
        if (n < 0)
                log_warning("reading the kernel's events failed: %s", strerror(-n));
        d->metrics.audit_errors += r < 0;
        if (r < 0)
                log_warning("writing the audit stream failed: %s; the count of what is lost will be in it", strerror(-r));
        return n;
}

/* A line that stands for several. */
static cJSON *folded_event(const struct fold *f)
{
        cJSON *o = cJSON_Parse(f->text);
        char first[TIME_TEXT_SIZE];

        if (o && f->count > 1) {
                json_add_u64(o, "count", f->count);
                cJSON_AddStringToObject(o, "first_time", time_format(realtime_of(f->first), first));
        }
        return o;
}

static void tell_fold(void *context, const struct fold *f)
{
        struct session *s = context;
        struct daemon *d = s->daemon;
        uint64_t kinds[HF_KINDS] = { 0 };
        cJSON *o = folded_event(f);

        kinds[kind_of(f->event)] = f->count;
        if (!o)
                events_lost(d, s, f->count, kinds, "there was not enough memory for it");
        else if (audit_append(d->audit, o, realtime_of(f->last)) < 0)
                log_debug("an event could not be written; the stream says so once it can");
        let_go(d, s->slot, kind_of(f->event), (uint32_t)f->count);
}

void events_unfold(struct daemon *d, struct session *s)
{
        (void)d;
        folds_tick(&s->folds, UINT64_MAX, tell_fold, s);
}

void events_unfold_all(struct daemon *d)
{
        for (size_t i = 0; i < d->sessions.count; i++)
                events_unfold(d, d->sessions.list[i]);
}

/* Each session that floods has a few lines a second: all of them with one write. */
static void check_folds(struct daemon *d)
{
        const uint64_t now = time_now(CLOCK_BOOTTIME);

        for (size_t i = 0; i < d->sessions.count; i++)
                if (d->sessions.list[i]->folds.n)
                        folds_tick(&d->sessions.list[i]->folds, now, tell_fold, d->sessions.list[i]);
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
        if (time_now(CLOCK_BOOTTIME) - d->lost_checked > LOST_PAUSE) {
                events_check_lost(d);
                check_folds(d);
        }
        d->draining = false;
        return n > 0;
}

void events_drain(struct daemon *d)
{
        drain(d, time_now(CLOCK_BOOTTIME));
}

void events_read(struct daemon *d)
{
        drain(d, 0);
}

static int on_readable(sd_event_source *source, int fd, uint32_t revents, void *context)
{
        (void)source;
        (void)fd;
        (void)revents;
        events_read(context);
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

void events_lost(struct daemon *d, const struct session *s, uint64_t count, const uint64_t kinds[HF_KINDS], const char *reason)
{
        cJSON *o = event_begin(d, s, "lost", NULL, NULL);
        char name[32];

        if (o)
                json_add_u64(o, "count", count);
        for (unsigned i = 0; o && kinds && i < HF_KINDS; i++) {
                snprintf(name, sizeof(name), "lost_%s", kind_name(i));
                if (kinds[i])
                        json_add_u64(o, name, kinds[i]);
        }
        if (o) {
                cJSON_AddStringToObject(o, "reason", reason);
        }
        log_warning("%llu events of %s were lost", (unsigned long long)count, s ? s->id : "no session");
        d->metrics.lost += count;
        event_emit_now(d, o);
}

/* Takes a count of each kind; returns their sum. */
static uint64_t take_kinds(uint32_t from[HF_KINDS], uint64_t kinds[HF_KINDS])
{
        uint64_t sum = 0;

        for (int i = 0; i < HF_KINDS; i++)
                sum += kinds[i] = __atomic_exchange_n(&from[i], 0, __ATOMIC_RELAXED);
        return sum;
}

void events_report_held(struct daemon *d)
{
        for (size_t i = 0; i < d->sessions.count; i++) {
                const struct session *s = d->sessions.list[i];
                uint64_t kinds[HF_KINDS], sum = s->live ? take_kinds(kernel_session(d->kernel, s->slot)->held, kinds) : 0;

                if (sum)
                        events_lost(d, s, sum, kinds, "the daemon had read them, and ended before they were written");
        }
}

/*
 * The kernel counts a loss by its kind before it counts it in all: what the sum knows and the kinds do not was taken by a daemon that ended
 * before it had said so.
 */
static void check_session(struct daemon *d, struct session *s)
{
        static const char reason[] = "the kernel's buffer was full, or an event could not be made";
        struct hf_session *record = kernel_session(d->kernel, s->slot);
        uint64_t all = s->live ? __atomic_load_n(&record->lost, __ATOMIC_ACQUIRE) : s->lost, kinds[HF_KINDS], count = 0;

        if (all == s->lost_reported)
                return;
        if (s->live)
                count = take_kinds(record->lost_kinds, kinds);
        if (count)
                events_lost(d, s, count, kinds, reason);
        s->lost_reported += count;
        if (all > s->lost_reported) {
                events_lost(d, s, all - s->lost_reported, NULL, reason);
                s->lost_reported = all;
        }
        store_session_update(d->store, s, NULL);
}

void events_check_lost(struct daemon *d)
{
        /* Those of no session; slot 0 is none's. */
        uint64_t host = __atomic_load_n(&kernel_host(d->kernel)->lost, __ATOMIC_RELAXED) +
                        __atomic_load_n(&kernel_session(d->kernel, 0)->lost, __ATOMIC_RELAXED);

        d->lost_checked = time_now(CLOCK_BOOTTIME);
        store_begin(d->store); /* many sessions may lose at once, and each write by itself waits for the disk */
        if (host != d->host_lost) {
                if (host > d->host_lost) /* less: the maps are new */
                        events_lost(d, NULL, host - d->host_lost, NULL, "the kernel's buffer was full");
                d->host_lost = host;
                store_set_number(d->store, "host_lost", host, NULL);
        }
        for (size_t i = 0; i < d->sessions.count; i++)
                check_session(d, d->sessions.list[i]);
        store_commit(d->store, NULL);
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
