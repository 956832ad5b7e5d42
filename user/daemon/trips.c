/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/trips.h"

#include "base/log.h"
#include "base/time.h"
#include "base/window.h"
#include "daemon/cgroup.h"
#include "daemon/daemon.h"
#include "daemon/kill.h"

#include <stdio.h>
#include <string.h>

#define REASON_SIZE 160
#define SECOND 1000000000ull /* ns */
#define IDLE_SHARE 100       /* of one core: using less than one in so many is idle */

struct trip_state {
        struct trip trip;
        int layer; /* enum hf_layer whose trip it is; HF_LAYERS: it is limits.idle */
        struct window window;
        struct different names;
};

static const char *pressure_file(enum trip_on on)
{
        return on == TRIP_CPU ? "cpu.pressure" : on == TRIP_MEMORY ? "memory.pressure" : NULL;
}

/* For how long, in us, some of the cgroup's tasks waited so far. */
static int read_pressure(int cgroup_fd, enum trip_on on, uint64_t *ret)
{
        return cgroup_number(cgroup_fd, pressure_file(on), "total=", ret); /* of "some", which comes first */
}

static int read_used(int cgroup_fd, uint64_t *ret)
{
        return cgroup_number(cgroup_fd, "cpu.stat", "usage_usec ", ret);
}

static const struct policy *layer_policy(const struct policy *policy, const struct ceilings *ceilings, int layer)
{
        return layer == HF_LAYER_POLICY ? policy : ceilings->list[layer].policy;
}

int trips_check(int cgroup_fd, const struct policy *policy, const struct ceilings *ceilings, struct findings *findings)
{
        int failed = 0;

        for (int layer = 0; layer < HF_LAYERS; layer++) {
                const struct policy *p = layer_policy(policy, ceilings, layer);

                for (int i = 0; p && i < p->n_trips; i++) {
                        char where[32];
                        uint64_t unused;
                        int r = pressure_file(p->trips[i].on) ? read_pressure(cgroup_fd, p->trips[i].on, &unused) : 0;

                        if (r >= 0)
                                continue;
                        failed = -EOPNOTSUPP;
                        snprintf(where, sizeof(where), "$.trips[%d].on", i);
                        findings_add(
                                findings, where,
                                "this host cannot measure \"%s\" (%s: %s): boot a kernel with CONFIG_PSI, and psi=1, or take the trip out",
                                trip_name(p->trips[i].on), pressure_file(p->trips[i].on), strerror(-r));
                }
        }
        return failed;
}

/* ---- measuring ----------------------------------------------------------------------------------------------------------------- */

/* The count that a window is over. */
static int total_of(struct daemon *d, const struct session *s, enum trip_on on, uint64_t *ret)
{
        const struct hf_session *record = kernel_session(d->kernel, s->slot);

        switch (on) {
        case TRIP_DENIALS:
                *ret = __atomic_load_n(&record->denials, __ATOMIC_RELAXED);
                return 0;
        case TRIP_LOST:
                *ret = __atomic_load_n(&record->lost, __ATOMIC_RELAXED) + s->trips.lost;
                return 0;
        case TRIP_BYTES_OUT:
                *ret = __atomic_load_n(&kernel_use(d->kernel, s->slot)->sent, __ATOMIC_RELAXED);
                return 0;
        case TRIP_MEMORY_LIMIT:
                *ret = s->limits.held[LIMIT_MEMORY];
                return 0;
        case TRIP_PIDS_LIMIT:
                *ret = s->limits.held[LIMIT_PIDS];
                return 0;
        case TRIP_DISK_LIMIT:
                *ret = s->limits.held[LIMIT_DISK];
                return 0;
        case TRIP_CPU:
        case TRIP_MEMORY:
                return read_pressure(s->cgroup_fd, on, ret);
        default:
                return -ENODATA;
        }
}

static uint64_t monotonic(void)
{
        return time_now(CLOCK_MONOTONIC);
}

static void restart_one(struct daemon *d, const struct session *s, struct trip_state *t, uint64_t now)
{
        uint64_t total = 0;

        if (t->names.list)
                different_forget(&t->names);
        else if (total_of(d, s, t->trip.on, &total) == 0)
                window_begin(&t->window, t->trip.within * SECOND, now, total);
}

/* Each count begins anew. */
static void restart(struct daemon *d, struct session *s)
{
        const uint64_t now = monotonic();

        for (size_t i = 0; i < s->trips.n; i++)
                restart_one(d, s, &s->trips.list[i], now);
        s->trips.busy = now;
        s->trips.wall = time_now(CLOCK_BOOTTIME);
}

/* Whether it has used of the processors since the last look. */
static void look_idle(struct session *s, uint64_t now)
{
        struct trips *t = &s->trips;
        const uint64_t passed = now - t->looked;
        uint64_t used = t->used;

        if (read_used(s->cgroup_fd, &used) < 0 || (used - t->used) * 1000 * IDLE_SHARE >= passed)
                t->busy = now;
        t->used = used;
        t->looked = now;
}

/* What is measured, in the unit of trip.over. */
static uint64_t value_of(struct daemon *d, const struct session *s, struct trip_state *t, uint64_t now)
{
        uint64_t total, grown;

        if (t->trip.on == TRIP_WALL)
                return (time_now(CLOCK_BOOTTIME) - s->trips.wall) / SECOND;
        if (t->trip.on == TRIP_IDLE)
                return (now - s->trips.busy) / SECOND;
        if (total_of(d, s, t->trip.on, &total) < 0)
                return 0;
        if (!t->window.n) { /* it could not be read when the count began */
                window_begin(&t->window, t->trip.within * SECOND, now, total);
                return 0;
        }
        grown = window_grown(&t->window, now, total);
        return pressure_file(t->trip.on) ? grown / (t->trip.within * 10000) : grown; /* us of s, in percent */
}

/* ---- tripping ------------------------------------------------------------------------------------------------------------------ */

static void write_reason(const struct trip_state *t, uint64_t value, char reason[REASON_SIZE])
{
        const struct trip *trip = &t->trip;
        static const char *const whose[HF_LAYERS] = { "policy", "user's ceiling", "host's ceiling" };
        const char *unit = pressure_file(trip->on) ? "%" : "";

        if (t->layer == HF_LAYERS)
                snprintf(reason, REASON_SIZE, "idle limit");
        else if (!trip->within)
                snprintf(reason, REASON_SIZE, "trip %s of the %s: %llu s", trip_name(trip->on), whose[t->layer], (unsigned long long)value);
        else
                snprintf(reason, REASON_SIZE, "trip %s of the %s: %llu%s within %llu s, over %llu%s", trip_name(trip->on), whose[t->layer],
                         (unsigned long long)value, unit, (unsigned long long)trip->within, (unsigned long long)trip->over, unit);
}

/* The strictest of what was too much. */
struct worst {
        const struct trip_state *trip;
        uint64_t value;
};

static void weigh(struct worst *w, const struct trip_state *t, uint64_t value)
{
        /* Seconds are whole ones, the last of them over. */
        if (value < t->trip.over || (value == t->trip.over && t->trip.on != TRIP_WALL && t->trip.on != TRIP_IDLE))
                return;
        if (!w->trip || strength_rank(t->trip.strength) > strength_rank(w->trip->trip.strength))
                *w = (struct worst){ t, value };
}

static void act(struct daemon *d, struct session *s, const struct worst *w)
{
        char reason[REASON_SIZE];

        if (!w->trip)
                return;
        write_reason(w->trip, w->value, reason);
        if (kill_session(d, s, w->trip->trip.strength, reason) == 0)
                restart(d, s);
}

/* While the session is refused, or does not stand as it is known here, nothing counts. */
static bool measures(struct daemon *d, const struct session *s)
{
        return s->live && s->trips.n && !session_bits(d, s);
}

/* Judges what is measured by counts and times: all of it, or denials alone. */
static void judge(struct daemon *d, struct session *s, bool all, uint64_t now)
{
        struct worst worst = { 0 };

        for (size_t i = 0; i < s->trips.n; i++) {
                struct trip_state *t = &s->trips.list[i];

                if (!t->names.list && (all || t->trip.on == TRIP_DENIALS))
                        weigh(&worst, t, value_of(d, s, t, now));
        }
        act(d, s, &worst);
}

void trips_tick(struct daemon *d, struct session *s)
{
        const uint64_t now = monotonic();

        /* Who may lift their own pause does not begin anew by it what a ceiling has counted. */
        if (s->live && s->trips.n && killset_by_root(&d->kills, s))
                restart(d, s);
        if (!measures(d, s))
                return;
        if (s->trips.idle)
                look_idle(s, now);
        judge(d, s, true, now);
}

void trips_denied(struct daemon *d, struct session *s)
{
        if (measures(d, s))
                judge(d, s, false, monotonic());
}

void trips_name(struct daemon *d, struct session *s, const char *name)
{
        const uint64_t now = monotonic();
        struct worst worst = { 0 };

        if (!measures(d, s))
                return;
        for (size_t i = 0; i < s->trips.n; i++) {
                struct trip_state *t = &s->trips.list[i];

                if (t->names.list)
                        weigh(&worst, t, different_note(&t->names, kernel_name_hash(d->kernel, name), now));
        }
        act(d, s, &worst);
}

/* ---- which ones ---------------------------------------------------------------------------------------------------------------- */

void trips_clear(struct trips *t)
{
        for (size_t i = 0; i < t->n; i++)
                different_clear(&t->list[i].names);
        free(t->list);
        *t = (struct trips){ 0 };
}

/* The one that it had already. */
static struct trip_state *same_of(const struct trips *t, const struct trip_state *as)
{
        for (size_t i = 0; i < t->n; i++)
                if (t->list[i].layer == as->layer && t->list[i].trip.on == as->trip.on && t->list[i].trip.over == as->trip.over &&
                    t->list[i].trip.within == as->trip.within && (as->trip.on != TRIP_NAMES || t->list[i].names.list))
                        return &t->list[i];
        return NULL;
}

static int add(struct daemon *d, struct session *s, struct trips *to, const struct trip *trip, int layer)
{
        struct trip_state *t = &to->list[to->n];
        struct trip_state *before;

        *t = (struct trip_state){ .trip = *trip, .layer = layer };
        before = same_of(&s->trips, t);
        if (before) {
                t->window = before->window;
                t->names = before->names;
                before->names = (struct different){ 0 };
        } else if (trip->on == TRIP_NAMES) {
                if (different_begin(&t->names, trip->within * SECOND, (size_t)trip->over) < 0)
                        return -ENOMEM;
        } else {
                restart_one(d, s, t, monotonic());
        }
        to->n++;
        to->denials |= trip->on == TRIP_DENIALS;
        to->idle |= trip->on == TRIP_IDLE;
        return 0;
}

/* Since when it runs: before this daemon, where it was restarted. */
static uint64_t began(const struct session *s)
{
        const uint64_t now = time_now(CLOCK_REALTIME), boot = time_now(CLOCK_BOOTTIME), ago = now > s->started ? now - s->started : 0;

        return ago < boot ? boot - ago : 0;
}

static int take_up(struct daemon *d, struct session *s, struct trips *to)
{
        const uint64_t idle = policy_limits(s->policy, s->ceilings.list).idle;
        int r = 0;

        to->list = calloc((size_t)POLICY_TRIPS_MAX * HF_LAYERS + 1, sizeof(*to->list));
        if (!to->list)
                return -ENOMEM;
        for (int layer = 0; layer < HF_LAYERS; layer++) {
                const struct policy *p = layer_policy(s->policy, &s->ceilings, layer);

                for (int i = 0; p && i < p->n_trips && r == 0; i++)
                        r = add(d, s, to, &p->trips[i], layer);
        }
        if (r == 0 && idle)
                r = add(d, s, to, &(struct trip){ .on = TRIP_IDLE, .strength = HF_KILL_KILL, .over = idle }, HF_LAYERS);
        return r;
}

static bool any(const struct session *s)
{
        bool any = policy_limits(s->policy, s->ceilings.list).idle;

        for (int layer = 0; layer < HF_LAYERS && !any; layer++) {
                const struct policy *p = layer_policy(s->policy, &s->ceilings, layer);

                any = p && p->n_trips;
        }
        return any;
}

void trips_set(struct daemon *d, struct session *s)
{
        const bool had = s->trips.n;
        struct trips t = { .wall = had ? s->trips.wall : began(s), .busy = had && s->trips.idle ? s->trips.busy : monotonic() };

        t.looked = monotonic();
        t.lost = s->trips.lost;
        if (s->live)
                read_used(s->cgroup_fd, &t.used);
        if (any(s) && take_up(d, s, &t) < 0)
                log_error("session %s: not all trips of its policy can be kept: out of memory", s->id);
        trips_clear(&s->trips);
        s->trips = t;
}
