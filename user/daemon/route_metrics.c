/* SPDX-License-Identifier: Apache-2.0 */
/* /metrics: what is counted, and how things are now, for Prometheus. */
#include "base/cleanup.h"
#include "daemon/access.h"
#include "daemon/daemon.h"
#include "daemon/metrics.h"
#include "daemon/routes.h"
#include "daemon/totals.h"

#include <stdio.h>

static void write_daemon(struct daemon *d, struct exposition *x)
{
        exposition_family(x, "holdfast_build_info", "gauge", "The daemon's version, as a label.");
        exposition_sample(x, "", "version=\"" HOLDFAST_VERSION "\"", 1);
        exposition_single(x, "holdfast_start_time_seconds", "gauge", "When the daemon started, since the epoch.", (double)d->started / 1e9);
        exposition_single(x, "holdfast_audit_last_number", "gauge", "Number of the last event in the audit stream.",
                          (double)audit_seq(d->audit));
        exposition_single(x, "holdfast_journal_skipped_total", "counter", "Events for the journal that journald did not take.",
                          (double)d->journal.skipped);
        exposition_single(x, "holdfast_resolver_up", "gauge", "Whether the resolver's process runs; none is needed without rules by name.",
                          d->resolver.pid > 0);
}

/* 0 is said where none was: who asks how long ago it is must not take silence for an answer. */
static void write_drills(const struct drills *drills, struct exposition *x)
{
        exposition_single(x, "holdfast_drill_last_run_timestamp_seconds", "gauge",
                          "When the last drill of the kill switch was reported, since the epoch; 0: never.", (double)drills->last / 1e9);
        exposition_single(x, "holdfast_drill_last_passed_timestamp_seconds", "gauge",
                          "When the last that passed was, since the epoch; 0: never.", (double)drills->passed / 1e9);
}

static void write_sessions(const struct totals *t, struct exposition *x)
{
        char labels[64];

        exposition_family(x, "holdfast_sessions", "gauge", "Sessions by state; ended ones of the last hour.");
        for (size_t i = 0; i < TOTALS_STATES; i++) {
                snprintf(labels, sizeof(labels), "state=\"%s\"", totals_states[i]);
                exposition_sample(x, "", labels, (double)t->states[i]);
        }
        exposition_single(x, "holdfast_session_denials", "gauge", "Refusals in those sessions, as the kernel counts them.",
                          (double)t->denials);
        exposition_single(x, "holdfast_rules", "gauge", "Rules of the policies of sessions that live.", (double)t->rules);
}

static void write_kills(const struct killset *kills, struct exposition *x)
{
        static const uint32_t strengths[] = { HF_KILL_KILL, HF_KILL_DENY, HF_KILL_PAUSE };
        char labels[64];

        exposition_family(x, "holdfast_kills", "gauge", "Kills that stand, by strength.");
        for (size_t i = 0; i < ARRAY_SIZE(strengths); i++) {
                size_t n = 0;

                for (size_t j = 0; j < kills->count; j++)
                        n += kills->list[j]->strength == strengths[i];
                snprintf(labels, sizeof(labels), "strength=\"%s\"", strength_name(strengths[i]));
                exposition_sample(x, "", labels, (double)n);
        }
}

/* What the daemon itself hands out; the other maps' use only the kernel knows. */
static void write_maps(const struct sessions *all, struct exposition *x)
{
        size_t slots = 0, policies = 0;

        for (size_t i = 0; i < HF_SLOTS; i++)
                slots += !!all->slots[i];
        for (size_t i = 0; i < HF_POLICIES; i++)
                policies += all->policies[i];
        exposition_family(x, "holdfast_map_entries", "gauge", "Entries of a kernel map that are in use.");
        exposition_sample(x, "", "map=\"sessions\"", (double)slots);
        exposition_sample(x, "", "map=\"policies\"", (double)policies);
        exposition_family(x, "holdfast_map_entries_max", "gauge", "Entries that a kernel map has room for.");
        exposition_sample(x, "", "map=\"sessions\"", HF_SLOTS - 1);
        exposition_sample(x, "", "map=\"policies\"", HF_POLICIES - 1);
}

static void write_buffer(struct daemon *d, struct exposition *x)
{
        uint64_t used, size;

        if (kernel_events_use(d->kernel, &used, &size) < 0)
                return;
        exposition_single(x, "holdfast_events_buffer_bytes", "gauge", "Bytes of events in the kernel's buffer that wait to be read.",
                          (double)used);
        exposition_single(x, "holdfast_events_buffer_size_bytes", "gauge", "Bytes that the buffer has room for.", (double)size);
}

static void write_answers(const struct daemon *d, struct exposition *x)
{
        uint64_t answers[HTTP_CLASSES], remote[HTTP_CLASSES] = { 0 };
        char labels[64];

        http_server_answers(d->http, answers);
        if (d->remote.http)
                http_server_answers(d->remote.http, remote);
        exposition_family(x, "holdfast_http_requests_total", "counter",
                          "Requests to the API that were answered, by the class of the status.");
        for (unsigned i = 1; i < HTTP_CLASSES; i++) { /* nothing is answered 1xx */
                snprintf(labels, sizeof(labels), "code=\"%uxx\"", i + 1);
                exposition_sample(x, "", labels, (double)(answers[i] + remote[i]));
        }
}

void route_metrics(struct http_request *r, void *context)
{
        struct exposition x = EXPOSITION_INIT;
        struct daemon *d = context;
        struct totals t;
        struct peer peer;

        if (access_peer(d, r, &peer) < 0)
                return;
        t = totals_of(d);
        write_daemon(d, &x);
        write_sessions(&t, &x);
        write_kills(&d->kills, &x);
        write_drills(&d->drills, &x);
        write_maps(&d->sessions, &x);
        write_buffer(d, &x);
        write_answers(d, &x);
        metrics_write(&d->metrics, &x);
        if (x.error < 0)
                http_problem(r, 500, "memory", NULL, "out of memory");
        else
                http_reply_text(r, 200, "text/plain; version=0.0.4", x.text.data, x.text.length);
        buffer_clear(&x.text);
}
