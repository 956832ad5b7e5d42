/* SPDX-License-Identifier: Apache-2.0 */
/* DNS messages: what a session asks, and what it is answered. The wire format is ldns's. Pure, so that all of it runs in fuzzers. */
#ifndef HOLDFAST_RESOLVER_MESSAGE_H
#define HOLDFAST_RESOLVER_MESSAGE_H

#include <ldns/ldns.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MESSAGE_MAX 65535 /* bytes: RFC 1035, over TCP */

struct query {
        ldns_pkt *packet;
        char name[256]; /* lower case, no dot at its end; bytes that are in no host name are written as "?" */
        bool odd;       /* it has such bytes */
        uint16_t type, klass;
        bool edns;
        size_t room; /* bytes that an answer over UDP may have */
};

/*
 * Reads a query, to be cleared. 0; -EBADMSG: it is no query, and gets no answer; -EINVAL or -EOPNOTSUPP: it gets FORMERR or NOTIMP, and
 * ret is to be cleared too.
 */
int query_read(const uint8_t *wire, size_t size, struct query *ret);
void query_clear(struct query *q);

/* Whether an address may be in the answer; seconds is how long it holds. */
typedef bool (*address_allowed)(void *context, const uint8_t addr[16], uint32_t seconds);

/* An answer, ready to be sent. */
struct answer {
        uint8_t *wire; /* to be freed */
        size_t size;
        uint16_t rcode;
        unsigned taken; /* addresses that it has not, because they are not allowed */
        unsigned left;  /* addresses that it has */
};

/*
 * Makes the answer out of what an upstream server has said: the chain of aliases from the name on, and at its end what was asked for.
 * Nothing else of it is passed on. udp: it must fit. 0, -EBADMSG where that is no answer to this, or -ENOMEM.
 */
int answer_make(const struct query *q, const uint8_t *from, size_t size, bool udp, address_allowed allowed, void *context,
                struct answer *ret);

/* An answer without records. blocked: NULL, or why, in a text that goes with EDE code 15 (RFC 8914) where the query has EDNS. */
int answer_empty(const struct query *q, ldns_pkt_rcode rcode, const char *blocked, struct answer *ret);

#endif
