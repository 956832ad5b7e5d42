/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What holdfastd and its resolver's process say to each other. Two pairs of SOCK_SEQPACKET sockets: over one the daemon orders, and each
 * order is answered with a code; over the other the process tells what it did, and never waits.
 */
#ifndef HOLDFAST_RESOLVER_PROTOCOL_H
#define HOLDFAST_RESOLVER_PROTOCOL_H

#include "holdfast/abi.h"

#include <stdint.h>

#define RESOLVER_NAME "holdfast-resolver" /* how the daemon's program is called to be one */

/* The process's own descriptors. */
enum resolver_fd {
        RESOLVER_FD_ORDERS = 3,
        RESOLVER_FD_TELLS,
        RESOLVER_FD_OPENED,   /* map "opened" */
        RESOLVER_FD_NAMED,    /* map "named" */
        RESOLVER_FD_POLICIES, /* map "policies" */
        RESOLVER_FDS,
};

enum resolver_verb {
        RESOLVER_OPEN = 1, /* a session begins: with its sockets, bound, in the order of enum resolver_socket; at least the first two */
        RESOLVER_RULES,    /* the names of a policy that it will be under: with a descriptor of the table, see policy/hosts.h */
        RESOLVER_DROP,     /* the session is not under that policy any more: nothing more is opened under it */
        RESOLVER_CLOSE,    /* the session has ended */
};

enum resolver_socket { RESOLVER_UDP4, RESOLVER_TCP4, RESOLVER_UDP6, RESOLVER_TCP6, RESOLVER_SOCKETS };

struct resolver_order {
        uint32_t verb; /* enum resolver_verb */
        uint32_t slot;
        uint64_t generation; /* of the session */
        uint32_t policy;     /* of RULES and DROP */
        uint32_t pad;
};

/* The answer to an order: 0 or a positive errno. */
typedef uint32_t resolver_answer;

enum resolver_why {
        RESOLVER_ANSWERED, /* as the policy allows */
        RESOLVER_REFUSED,  /* by the policy: why and rule say more */
        RESOLVER_PRIVATE,  /* all that the name leads to are addresses to which no rule lets it lead */
        RESOLVER_LIMIT,    /* too many queries, too many different names, or a label that is too long */
        RESOLVER_FAILED,   /* there is no answer to be had */
        RESOLVER_EXPIRED,  /* no query: an address that a name had opened is closed, also for what is connected to it */
};

#define RESOLVER_ADDRESSES 8 /* that are told of one answer */

/* One query that was answered, or what else the process tells. */
struct resolver_tell {
        uint32_t slot;
        uint32_t policy;
        uint64_t generation;
        uint64_t lost;  /* of the session: queries that could not be told of, since the last one that was */
        uint32_t rule;  /* that decided, with its layer */
        uint16_t what;  /* enum resolver_why */
        uint16_t why;   /* enum hf_why, of REFUSED */
        uint16_t type;  /* of the query */
        uint16_t rcode; /* of the answer */
        uint16_t proto; /* enum hf_proto: how it was asked */
        uint16_t n_addr;
        uint8_t addr[RESOLVER_ADDRESSES][16]; /* that the answer has; IPv4 as ::ffff:a.b.c.d */
        char name[256];
};

/* The process itself. Returns its exit status. */
int resolver_serve(void);

#endif
