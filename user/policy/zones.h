/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Parts of the address space that stand apart: a rule for a prefix around one opens nothing in it, so it is open only to rules within. In
 * some of them a rule is for one address, never for a range.
 */
#ifndef HOLDFAST_POLICY_ZONES_H
#define HOLDFAST_POLICY_ZONES_H

#include <stdbool.h>
#include <stdint.h>

struct zone {
        uint8_t addr[16];
        uint8_t bits;
        const char *singles; /* what its addresses are, where they are opened one by one; else NULL */
};

#define ZONES 12
extern const struct zone zones[ZONES];

/* The smallest zone that the prefix lies in; NULL: none. */
const struct zone *zone_of(const uint8_t addr[16], uint32_t bits);

/* Whether the prefix is one around the zone, with no other zone's border between. */
bool zone_is_within(const struct zone *zone, const uint8_t addr[16], uint32_t bits);

/* The IPv4 address that an IPv6 one holds, as ::ffff:a.b.c.d; false: it holds none. */
bool addr_embedded(const uint8_t addr[16], uint8_t ret[16]);

/* Whether the address lies in such a part, be it as IPv4 within IPv6: it is this host, one of its links, or many at once. */
bool addr_is_apart(const uint8_t addr[16]);

#endif
