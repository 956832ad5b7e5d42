/* SPDX-License-Identifier: Apache-2.0 */
/* What the daemon counts for GET /metrics, since it started. Pure: what the figures of now are is asked in route_metrics.c. */
#ifndef HOLDFAST_DAEMON_METRICS_H
#define HOLDFAST_DAEMON_METRICS_H

#include "base/buffer.h"

#include <stdint.h>

#define METRICS_KINDS 11 /* of events, the last for those that are none of the known */
#define METRICS_VERDICTS 3
#define METRICS_LATENCIES 18 /* buckets, beside that of all */
#define METRICS_STRENGTHS 3
#define METRICS_ANSWERS 5 /* of the resolver */

struct metrics {
        uint64_t events[METRICS_KINDS][METRICS_VERDICTS];
        uint64_t lost; /* events */
        uint64_t audit_errors;
        uint64_t kills[METRICS_STRENGTHS];
        uint64_t latencies[METRICS_LATENCIES + 1]; /* of kills, each in its own bucket only; the last: longer than all */
        uint64_t latency_ns;                       /* all together */
        uint64_t answers[METRICS_ANSWERS];         /* of the resolver, by enum resolver_why */
        uint64_t expired;                          /* addresses that names had opened */
        uint64_t resolvers;                        /* processes that were started */
};

/* An event goes to the stream. verdict may be NULL. */
void metrics_event(struct metrics *m, const char *kind, const char *verdict);

/* A kill was set. took: ns from the request to the store of its bits; 0: no request asked for it. */
void metrics_kill(struct metrics *m, uint32_t strength, uint64_t took);

/* The resolver told of something: enum resolver_why. */
void metrics_resolver(struct metrics *m, unsigned what);

/* Text in the format of Prometheus, version 0.0.4. The first error (-ENOMEM) stays, and nothing is added after it. */
struct exposition {
        struct buffer text;
        const char *name; /* of the family, to be followed by its samples */
        int error;
};

#define EXPOSITION_INIT \
        { \
                .text = BUFFER_INIT \
        }

/* Begins a family: type is "counter", "gauge" or "histogram". */
void exposition_family(struct exposition *x, const char *name, const char *type, const char *help);

/* A sample of it; labels as in {}: "kind=\"file\"", or NULL. suffix is "", or of a histogram "_bucket", "_sum", "_count". */
void exposition_sample(struct exposition *x, const char *suffix, const char *labels, double value);

/* A family of one sample without labels. */
void exposition_single(struct exposition *x, const char *name, const char *type, const char *help, double value);

/* All that is counted here. */
void metrics_write(const struct metrics *m, struct exposition *x);

#endif
