/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of domains, allowed and denied, and the egress rules that they become. */
#ifndef HOLDFAST_IMPORT_DOMAINS_H
#define HOLDFAST_IMPORT_DOMAINS_H

#include "import/draft.h"

enum domain_kind { DOMAIN_NAME, DOMAIN_ADDRESS, DOMAIN_LOCALHOST, DOMAIN_ALL };

struct domain {
        enum domain_kind kind;
        char *name;    /* as a rule has it; NULL of the last two kinds */
        unsigned port; /* 0: all */
};

struct domain_list {
        struct domain *items;
        size_t n;
};

/* A denied domain takes from all that is allowed, however exact that is. */
struct domains {
        struct domain_list allowed, denied;
};

/* "example.com", "*.example.com:443", "192.0.2.1", "[2001:db8::1]:443", "localhost", "*". 0, -EINVAL with an error, or -ENOMEM. */
int domain_parse(const char *text, struct domain *ret, struct error *e);

/* Adds what a setting names; where it cannot be said, it is listed. */
void domains_allow(struct draft *d, struct domains *s, const char *text, const char *where);
void domains_deny(struct draft *d, struct domains *s, const char *text, const char *where);

/* Makes the rules. */
void domains_emit(struct draft *d, const struct domains *s);
void domains_clear(struct domains *s);

#endif
