/* SPDX-License-Identifier: Apache-2.0 */
/* Special addresses, after the registries of RFC 6890. */
#include "policy/zones.h"

#include "base/cleanup.h"
#include "policy/hosts.h"
#include "policy/values.h"

#include <string.h>

/* An IPv4 address, and the bits of a prefix of it. */
#define V4(...) \
        { \
                [10] = 0xff, 0xff, __VA_ARGS__ \
        }
#define V4_BITS(bits) (96 + (bits))

/* Outer ones before those within. */
const struct zone zones[ZONES] = {
        { V4(0), V4_BITS(0), NULL },
        { V4(0), V4_BITS(8), "addresses of 0.0.0.0/8" },
        { V4(127), V4_BITS(8), NULL },
        { V4(169, 254), V4_BITS(16), "link-local addresses" },
        { V4(100, 100, 100, 200), V4_BITS(32), NULL }, /* a cloud's metadata */
        { V4(224), V4_BITS(4), "multicast addresses" },
        { V4(240), V4_BITS(4), "reserved addresses" },
        { { 0 }, 128, NULL },
        { { [15] = 1 }, 128, NULL },
        { { 0xfe, 0x80 }, 10, "link-local addresses" },
        { { 0xff }, 8, "multicast addresses" },
        { { 0xfd, 0x00, 0x0e, 0xc2, [14] = 0x02, 0x54 }, 128, NULL }, /* a cloud's metadata */
};

/* What is not for everybody, beside the zones. */
static const struct zone special[] = {
        { V4(10), V4_BITS(8), NULL },
        { V4(100, 64), V4_BITS(10), NULL },
        { V4(172, 16), V4_BITS(12), NULL },
        { V4(192, 0, 0), V4_BITS(24), NULL },
        { V4(192, 168), V4_BITS(16), NULL },
        { V4(198, 18), V4_BITS(15), NULL },
        { { 0xfc }, 7, NULL },
        { { 0xfe, 0xc0 }, 10, NULL },
        { { 0x00, 0x64, 0xff, 0x9b, 0x00, 0x01 }, 48, NULL },
};

/* Where IPv6 holds an IPv4 address, which begins right after the prefix. */
static const struct zone embedding[] = {
        { { 0 }, 96, NULL },
        { { 0x00, 0x64, 0xff, 0x9b }, 96, NULL },
        { { 0x20, 0x02 }, 16, NULL },
};

const struct zone *zone_of(const uint8_t addr[16], uint32_t bits)
{
        const struct zone *found = NULL;

        for (size_t i = 0; i < ZONES; i++)
                if (zones[i].bits <= bits && cidr_holds(zones[i].addr, zones[i].bits, addr))
                        found = &zones[i];
        return found;
}

bool zone_is_within(const struct zone *zone, const uint8_t addr[16], uint32_t bits)
{
        return bits < zone->bits && cidr_holds(addr, bits, zone->addr) && zone_of(addr, bits) == zone_of(zone->addr, zone->bits - 1u);
}

bool addr_embedded(const uint8_t addr[16], uint8_t ret[16])
{
        static const uint8_t v4[16] = V4(0);

        for (size_t i = 0; i < ARRAY_SIZE(embedding); i++) {
                if (!cidr_holds(embedding[i].addr, embedding[i].bits, addr))
                        continue;
                memcpy(ret, v4, 12);
                memcpy(ret + 12, addr + embedding[i].bits / 8, 4);
                return true;
        }
        return false;
}

bool addr_is_apart(const uint8_t addr[16])
{
        uint8_t inner[16];

        if (zone_of(addr, 128) != (cidr_is_v4(addr, 128) ? &zones[0] : NULL))
                return true;
        return addr_embedded(addr, inner) && addr_is_apart(inner);
}

bool addr_is_special(const uint8_t addr[16])
{
        uint8_t inner[16];

        if (addr_is_apart(addr))
                return true;
        for (size_t i = 0; i < ARRAY_SIZE(special); i++)
                if (cidr_holds(special[i].addr, special[i].bits, addr))
                        return true;
        return addr_embedded(addr, inner) && addr_is_special(inner);
}
