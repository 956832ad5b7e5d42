/* SPDX-License-Identifier: Apache-2.0 */
/* What the resolver knows of a session: the names that its policies allow, and what they have opened. Time is s of CLOCK_BOOTTIME. */
#ifndef HOLDFAST_RESOLVER_NAMES_H
#define HOLDFAST_RESOLVER_NAMES_H

#include "policy/hosts.h"
#include "resolver/protocol.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OPENED_AT_LEAST 60  /* s that an address is open, however short its time to live is */
#define ADDRESSES_MAX 16384 /* that are open at once */
#define OPENINGS_MAX 32768  /* of them, by all names together */
#define NAMED_MAX 8192      /* of them, on ports that ask for TLS, under each policy */
#define NAMES_AN_ADDRESS 16 /* that open it; the next one takes the place of that which ends first */
#define NAMES_MAX 4096      /* different ones below the rules for "*.", in an hour */
#define LABEL_MAX 48        /* bytes of a label below such a rule */
#define QUERIES_A_SECOND 2000
#define TABLES 4 /* policies at once: the one in force, and those that are switched from or to */

/* The names of one policy. */
struct table {
        uint32_t policy; /* 0: none */
        struct hosts *hosts;
        size_t size; /* that is mapped */
};

struct names {
        uint32_t slot;
        uint64_t generation;
        struct table tables[TABLES]; /* the newest first */
        void *addresses;             /* tree of what is open, see tsearch(3) */
        size_t n_addresses, n_openings, n_named;
        uint32_t looked_for_room;
        bool closed; /* since this was last set to false, something may have been closed that connections go through */
        void *asked; /* tree of the names below rules for "*." that were asked for */
        size_t n_asked;
        uint32_t asked_since;
        uint64_t tokens, tokens_at; /* thousandths of queries that may come now; ms */
        int opened, named;          /* the maps; they stay the caller's */
        const struct hf_policy *policies;
};

/* Takes over what a policy says, for decisions from now on; what is open already is opened under it too. 0 or negative errno. */
int names_rules(struct names *n, uint32_t policy, int fd);

/* Forgets a policy: nothing more is opened or closed under it. */
void names_drop(struct names *n, uint32_t policy);

/* Frees all of it. What is open stays so until its policy is unloaded, with all that is open under it. */
void names_clear(struct names *n);

struct names_verdict {
        enum resolver_why what; /* RESOLVER_ANSWERED: it may be asked for */
        enum hf_why why;
        uint32_t rule, policy;
};

/* Whether the name may be asked for. A call counts as a query. now_ms: of CLOCK_BOOTTIME. */
struct names_verdict names_decide(struct names *n, const char *name, bool odd, uint64_t now_ms);

/* Opens an address to which a name leads, for so long. False: the name does not lead there, or there are too many. */
bool names_open(struct names *n, const char *name, const uint8_t addr[16], uint32_t seconds, uint32_t now);

/* Closes what has come to its end, also for what is connected. Returns how many addresses were closed. */
size_t names_expire(struct names *n, uint32_t now);

#endif
