/* SPDX-License-Identifier: Apache-2.0 */
/* The name servers of the host's resolv.conf(5) and its hosts(5), asked by libunbound, which caches. */
#ifndef HOLDFAST_RESOLVER_UPSTREAM_H
#define HOLDFAST_RESOLVER_UPSTREAM_H

#include <stddef.h>
#include <stdint.h>

struct event_base;
struct upstream;

/* One that is asked. The caller's, and stays until found is called, once, or it is taken back. */
struct question {
        void (*found)(void *context, const uint8_t *message, size_t size); /* in wire format; NULL: there is no answer */
        void *context;
        struct asked *asked; /* upstream's; NULL: it is not waited for */
};

struct upstream *upstream_new(struct event_base *base);
void upstream_free(struct upstream *u); /* with no question waited for */

/* Whether the host's configuration is another than when this was made: then it is to be made anew. */
int upstream_is_stale(const struct upstream *u);

/*
 * Asks for a session. found may be called before this returns, and the question be gone then. 0; -EBUSY (too much is on its way, of the
 * session or of all), -EIO or -ENOMEM where found is not called.
 */
int upstream_ask(struct upstream *u, uint32_t slot, const char *name, uint16_t type, struct question *q);
void upstream_take_back(struct question *q);

#endif
