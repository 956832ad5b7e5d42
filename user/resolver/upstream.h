/* SPDX-License-Identifier: Apache-2.0 */
/* The name servers of the host's resolv.conf(5) and its hosts(5), asked by libunbound, which caches. */
#ifndef HOLDFAST_RESOLVER_UPSTREAM_H
#define HOLDFAST_RESOLVER_UPSTREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct event_base;
struct upstream;

/* One that is asked. The caller's, and stays until found is called, once, or it is taken back. */
struct question {
        void (*found)(void *context, const uint8_t *message, size_t size); /* in wire format; NULL: there is no answer */
        void *context;
        int id;         /* upstream's; 0: it is not waited for */
        bool *answered; /* upstream's, while it is asked */
};

struct upstream *upstream_new(struct event_base *base);
void upstream_free(struct upstream *u);

/* Whether the host's configuration is another than when this was made: then it is to be made anew. */
int upstream_is_stale(const struct upstream *u);

/* Asks. found may be called before this returns, and the question be gone then. 0, or -EIO where found is not called. */
int upstream_ask(struct upstream *u, const char *name, uint16_t type, struct question *q);
void upstream_take_back(struct upstream *u, struct question *q);

#endif
