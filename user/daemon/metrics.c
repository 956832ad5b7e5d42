/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/metrics.h"

#include "base/cleanup.h"
#include "daemon/names.h"
#include "resolver/protocol.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const kinds[METRICS_KINDS] = { "file", "exec",   "connect", "dns",  "guard", "session",
                                                  "kill", "policy", "admin",   "lost", "other" };

enum { VERDICT_ALLOW, VERDICT_DENY, VERDICT_NONE };
static const char *const verdicts[METRICS_VERDICTS] = { [VERDICT_ALLOW] = "allow", [VERDICT_DENY] = "deny", [VERDICT_NONE] = "none" };

static const uint32_t strengths[METRICS_STRENGTHS] = { HF_KILL_KILL, HF_KILL_DENY, HF_KILL_PAUSE };

static const char *const answers[METRICS_ANSWERS] = {
        [RESOLVER_ANSWERED] = "answered", [RESOLVER_REFUSED] = "refused", [RESOLVER_PRIVATE] = "private",
        [RESOLVER_LIMIT] = "limit",       [RESOLVER_FAILED] = "failed",
};

/* Bounds of the buckets: s as they are written, and ns. */
static const struct {
        const char *le;
        uint64_t ns;
} latencies[METRICS_LATENCIES] = {
        { "5e-05", 50000 },    { "0.0001", 100000 },  { "0.00025", 250000 }, { "0.0005", 500000 },  { "0.001", 1000000 },
        { "0.0025", 2500000 }, { "0.005", 5000000 },  { "0.01", 10000000 },  { "0.025", 25000000 }, { "0.05", 50000000 },
        { "0.1", 100000000 },  { "0.25", 250000000 }, { "0.5", 500000000 },  { "1", 1000000000 },   { "2.5", 2500000000 },
        { "5", 5000000000 },   { "10", 10000000000 }, { "30", 30000000000 },
};

void metrics_event(struct metrics *m, const char *kind, const char *verdict)
{
        size_t i = 0, v = VERDICT_ALLOW;

        while (i < METRICS_KINDS - 1 && (!kind || strcmp(kinds[i], kind) != 0))
                i++;
        while (v < VERDICT_NONE && (!verdict || strcmp(verdicts[v], verdict) != 0))
                v++;
        m->events[i][v]++;
}

void metrics_kill(struct metrics *m, uint32_t strength, uint64_t took)
{
        size_t i = 0;

        for (size_t j = 0; j < METRICS_STRENGTHS; j++)
                m->kills[j] += strengths[j] == strength;
        if (!took)
                return;
        while (i < METRICS_LATENCIES && took > latencies[i].ns)
                i++;
        m->latencies[i]++;
        m->latency_ns += took;
}

void metrics_resolver(struct metrics *m, unsigned what)
{
        if (what < METRICS_ANSWERS)
                m->answers[what]++;
        else if (what == RESOLVER_EXPIRED)
                m->expired++;
}

static void put(struct exposition *x, const char *text)
{
        if (x->error == 0)
                x->error = buffer_append(&x->text, text, strlen(text));
}

void exposition_family(struct exposition *x, const char *name, const char *type, const char *help)
{
        x->name = name;
        put(x, "# HELP ");
        put(x, name);
        put(x, " ");
        put(x, help);
        put(x, "\n# TYPE ");
        put(x, name);
        put(x, " ");
        put(x, type);
        put(x, "\n");
}

void exposition_sample(struct exposition *x, const char *suffix, const char *labels, double value)
{
        char number[32];

        /* 15 digits show what was meant; where that is not the value, it takes 17. */
        snprintf(number, sizeof(number), " %.15g\n", value);
        if (strtod(number, NULL) != value)
                snprintf(number, sizeof(number), " %.17g\n", value);
        put(x, x->name);
        put(x, suffix);
        if (labels) {
                put(x, "{");
                put(x, labels);
                put(x, "}");
        }
        put(x, number);
}

void exposition_single(struct exposition *x, const char *name, const char *type, const char *help, double value)
{
        exposition_family(x, name, type, help);
        exposition_sample(x, "", NULL, value);
}

static void write_events(const struct metrics *m, struct exposition *x)
{
        char labels[64];

        exposition_family(x, "holdfast_events_total", "counter", "Events for the audit stream, by kind and verdict.");
        for (size_t i = 0; i < METRICS_KINDS; i++)
                for (size_t v = 0; v < METRICS_VERDICTS; v++) {
                        snprintf(labels, sizeof(labels), "kind=\"%s\",verdict=\"%s\"", kinds[i], verdicts[v]);
                        if (v != VERDICT_NONE || m->events[i][v])
                                exposition_sample(x, "", labels, (double)m->events[i][v]);
                }
        exposition_family(x, "holdfast_denials_total", "counter", "Refusals that the kernel and the resolver told of, by kind.");
        for (size_t i = 0; i < 5; i++) {
                snprintf(labels, sizeof(labels), "kind=\"%s\"", kinds[i]);
                exposition_sample(x, "", labels, (double)m->events[i][VERDICT_DENY]);
        }
        exposition_single(x, "holdfast_events_lost_total", "counter", "Events that were not handed over, as the stream says too.",
                          (double)m->lost);
        exposition_single(x, "holdfast_audit_write_errors_total", "counter", "Writes to the audit stream that failed.",
                          (double)m->audit_errors);
}

static void write_kills(const struct metrics *m, struct exposition *x)
{
        uint64_t sum = 0;
        char labels[64];

        exposition_family(x, "holdfast_kills_set_total", "counter", "Kills set, by strength.");
        for (size_t i = 0; i < METRICS_STRENGTHS; i++) {
                snprintf(labels, sizeof(labels), "strength=\"%s\"", strength_name(strengths[i]));
                exposition_sample(x, "", labels, (double)m->kills[i]);
        }
        exposition_family(x, "holdfast_kill_latency_seconds", "histogram", "From the request for a kill to its bits being in force.");
        for (size_t i = 0; i < METRICS_LATENCIES; i++) {
                snprintf(labels, sizeof(labels), "le=\"%s\"", latencies[i].le);
                exposition_sample(x, "_bucket", labels, (double)(sum += m->latencies[i]));
        }
        exposition_sample(x, "_bucket", "le=\"+Inf\"", (double)(sum += m->latencies[METRICS_LATENCIES]));
        exposition_sample(x, "_sum", NULL, (double)m->latency_ns / 1e9);
        exposition_sample(x, "_count", NULL, (double)sum);
}

static void write_resolver(const struct metrics *m, struct exposition *x)
{
        char labels[64];

        exposition_family(x, "holdfast_resolver_queries_total", "counter",
                          "Queries of sessions, by result; failed: there was no answer to be had.");
        for (size_t i = 0; i < METRICS_ANSWERS; i++) {
                snprintf(labels, sizeof(labels), "result=\"%s\"", answers[i]);
                exposition_sample(x, "", labels, (double)m->answers[i]);
        }
        exposition_single(x, "holdfast_resolver_addresses_expired_total", "counter",
                          "Addresses that names had opened and whose time ended.", (double)m->expired);
        exposition_single(x, "holdfast_resolver_starts_total", "counter", "Starts of the resolver's process.", (double)m->resolvers);
}

void metrics_write(const struct metrics *m, struct exposition *x)
{
        write_events(m, x);
        write_kills(m, x);
        write_resolver(m, x);
}
