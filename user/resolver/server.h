/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of the resolver's process share. */
#ifndef HOLDFAST_RESOLVER_SERVER_H
#define HOLDFAST_RESOLVER_SERVER_H

#include "resolver/names.h"
#include "resolver/protocol.h"
#include "resolver/upstream.h"

#include <event2/event.h>
#include <stddef.h>
#include <stdint.h>

struct connection;
struct pending;

struct client_session {
        struct server *server;
        struct names names;
        struct event *sockets[RESOLVER_SOCKETS]; /* NULL: it has none of that kind */
        struct connection *connections;
        struct pending *pending; /* queries that wait for an answer */
        size_t n_connections, n_pending;
        uint32_t told_at, n_told; /* the second in which so many queries were told of */
        uint64_t lost;            /* queries that the daemon was not told of */
};

struct server {
        struct event_base *base;
        struct upstream *upstream;
        struct event *orders, *tick;
        int tells, opened, named;
        const struct hf_policy *policies;
        struct client_session *sessions[HF_SLOTS];
};

uint32_t server_now(void);    /* s of CLOCK_BOOTTIME */
uint64_t server_now_ms(void); /* the same, ms */

/* Tells the daemon, which the session is filled in for. Queries that it has no room for, or that are too many, are counted. Returns whether
 * it is told. */
bool server_tell(const struct server *s, struct client_session *c, struct resolver_tell *tell);

/* session.c: takes the sockets over (sets them to -1). 0 or negative errno. */
int session_open(struct server *s, uint32_t slot, uint64_t generation, int *fds, size_t n);
void session_close(struct server *s, struct client_session *c); /* NULL does nothing */

/* Answers all that waits with SERVFAIL. */
void session_give_up(struct server *s, struct client_session *c);

#endif
