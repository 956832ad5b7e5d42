/* SPDX-License-Identifier: Apache-2.0 */
/* /v1/health and /metrics: how the daemon is. */
#include "base/json.h"
#include "base/time.h"
#include "daemon/access.h"
#include "daemon/daemon.h"
#include "daemon/routes.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define STATES 5

static const char *const states[STATES] = { "running", "paused", "denied", "killed", "ended" };

struct totals {
        size_t states[STATES];
        uint64_t denials, lost;
};

static struct totals count(struct daemon *d)
{
        struct totals t = { .lost = __atomic_load_n(&kernel_host(d->kernel)->lost, __ATOMIC_RELAXED) };

        for (size_t i = 0; i < d->sessions.count; i++) {
                const struct session *s = d->sessions.list[i];
                const struct hf_session *record = kernel_session(d->kernel, s->slot);
                const char *state = session_state(d, s);

                for (size_t j = 0; j < STATES; j++)
                        t.states[j] += !strcmp(states[j], state);
                t.denials += s->live ? __atomic_load_n(&record->denials, __ATOMIC_RELAXED) : s->denials;
                t.lost += s->live ? __atomic_load_n(&record->lost, __ATOMIC_RELAXED) : s->lost;
        }
        return t;
}

void route_health(struct http_request *r, void *context)
{
        struct daemon *d = context;
        struct totals t = count(d);
        char started[TIME_TEXT_SIZE];
        struct peer peer;
        cJSON *o;

        if (access_peer(d, r, &peer) < 0)
                return;
        o = cJSON_CreateObject();
        if (o) {
                cJSON_AddStringToObject(o, "status", "ok");
                cJSON_AddStringToObject(o, "version", HOLDFAST_VERSION);
                cJSON_AddBoolToObject(o, "enforcing", true);
                cJSON_AddBoolToObject(o, "taken_over", kernel_taken_over(d->kernel));
                cJSON_AddStringToObject(o, "started", time_format(d->started, started));
                cJSON_AddNumberToObject(o, "sessions", (double)(t.states[0] + t.states[1] + t.states[2] + t.states[3]));
                cJSON_AddBoolToObject(o, "killed", __atomic_load_n(&kernel_host(d->kernel)->kill, __ATOMIC_ACQUIRE) != 0);
                json_add_u64(o, "seq", audit_seq(d->audit));
                json_add_u64(o, "lost", t.lost);
        }
        http_reply(r, 200, o);
}

static int add(struct buffer *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
static int add(struct buffer *b, const char *format, ...)
{
        char text[512];
        va_list ap;
        int n;

        va_start(ap, format);
        n = vsnprintf(text, sizeof(text), format, ap);
        va_end(ap);
        return n < 0 || (size_t)n >= sizeof(text) ? -EOVERFLOW : buffer_append(b, text, (size_t)n);
}

/* The text format of Prometheus, version 0.0.4. */
static int metrics(struct daemon *d, struct buffer *b)
{
        struct totals t = count(d);
        int r = add(b, "# HELP holdfast_sessions Sessions by state; ended ones of the last hour.\n# TYPE holdfast_sessions gauge\n");

        for (size_t i = 0; i < STATES && r == 0; i++)
                r = add(b, "holdfast_sessions{state=\"%s\"} %zu\n", states[i], t.states[i]);
        if (r == 0)
                r = add(b,
                        "# HELP holdfast_events_total Events of the kernel since the daemon started.\n# TYPE holdfast_events_total "
                        "counter\n"
                        "holdfast_events_total{verdict=\"allow\"} %llu\nholdfast_events_total{verdict=\"deny\"} %llu\n",
                        (unsigned long long)d->counts[0], (unsigned long long)d->counts[1]);
        if (r == 0)
                r = add(b,
                        "# HELP holdfast_denials Refusals in the sessions listed, as the kernel counts them.\n# TYPE holdfast_denials "
                        "gauge\n"
                        "holdfast_denials %llu\n",
                        (unsigned long long)t.denials);
        if (r == 0)
                r = add(b,
                        "# HELP holdfast_events_lost Events lost of the sessions listed.\n# TYPE holdfast_events_lost gauge\n"
                        "holdfast_events_lost %llu\n",
                        (unsigned long long)t.lost);
        if (r == 0)
                r = add(b,
                        "# HELP holdfast_kills_total Kills set since the daemon started.\n# TYPE holdfast_kills_total counter\n"
                        "holdfast_kills_total %llu\n# HELP holdfast_kills Kills that stand.\n# TYPE holdfast_kills gauge\nholdfast_kills "
                        "%zu\n",
                        (unsigned long long)d->kill_count, d->kills.count);
        return r;
}

void route_metrics(struct http_request *r, void *context)
{
        _cleanup_buffer_ struct buffer b = BUFFER_INIT;
        struct peer peer;

        if (access_peer(context, r, &peer) < 0)
                return;
        if (metrics(context, &b) < 0)
                http_problem(r, 500, "memory", NULL, "out of memory");
        else
                http_reply_text(r, 200, "text/plain; version=0.0.4", b.data, b.length);
}
