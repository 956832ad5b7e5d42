/* SPDX-License-Identifier: Apache-2.0 */
/* Address prefixes, after RFC 4632 and RFC 4291. */
#include "policy/values.h"

#include "base/jsontext.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#define MAPPED 96 /* bits of ::ffff:0:0/96, where IPv4 stands */

static const uint8_t mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };

bool cidr_is_v4(const uint8_t addr[16], uint32_t bits)
{
        return bits >= MAPPED && memcmp(addr, mapped, sizeof(mapped)) == 0;
}

bool cidr_holds(const uint8_t prefix[16], uint32_t bits, const uint8_t addr[16])
{
        uint32_t bytes = bits / 8, rest = bits % 8;

        if (memcmp(prefix, addr, bytes) != 0)
                return false;
        return !rest || ((prefix[bytes] ^ addr[bytes]) >> (8 - rest)) == 0;
}

const char *cidr_format(const uint8_t addr[16], uint32_t bits, char out[64])
{
        bool v4 = cidr_is_v4(addr, bits);
        char text[INET6_ADDRSTRLEN] = "";

        inet_ntop(v4 ? AF_INET : AF_INET6, v4 ? addr + 12 : addr, text, sizeof(text));
        snprintf(out, 64, "%s/%u", text, v4 ? bits - MAPPED : bits);
        return out;
}

/* The address before the slash, mapped. Returns the number of bits it has in its own family, or -EINVAL. */
static int address_parse(const char *text, size_t length, uint8_t addr[16])
{
        char copy[INET6_ADDRSTRLEN];

        if (length >= sizeof(copy))
                return -EINVAL;
        memcpy(copy, text, length);
        copy[length] = '\0';
        if (inet_pton(AF_INET, copy, addr + 12) == 1) {
                memcpy(addr, mapped, sizeof(mapped));
                return 32;
        }
        return inet_pton(AF_INET6, copy, addr) == 1 ? 128 : -EINVAL;
}

/* The number after the slash; all bits where there is no slash. */
static int bits_parse(const char *slash, int most)
{
        int bits = 0;

        if (!*slash)
                return most;
        slash++;
        if (!*slash || strspn(slash, "0123456789") != strlen(slash) || strlen(slash) > 3 || (slash[0] == '0' && slash[1]))
                return -EINVAL;
        for (; *slash; slash++)
                bits = bits * 10 + (*slash - '0');
        return bits <= most ? bits : -EINVAL;
}

/* Clears the bits after the prefix; returns whether any was set. */
static bool host_clear(uint8_t addr[16], uint32_t bits)
{
        bool any = false;

        for (uint32_t i = bits / 8; i < 16; i++) {
                uint8_t keep = i == bits / 8 ? (uint8_t) ~(0xffu >> bits % 8) : 0;

                any |= addr[i] & (uint8_t)~keep;
                addr[i] &= keep;
        }
        return any;
}

int cidr_parse(const char *text, uint8_t addr[16], uint8_t *bits, struct error *e)
{
        const char *slash = strchrnul(text, '/');
        char shown[TEXT_SHOW_MAX], one[64], network[64];
        uint8_t found[16], clean[16];
        int most, n;

        most = address_parse(text, (size_t)(slash - text), found);
        n = most < 0 ? most : bits_parse(slash, most);
        if (n < 0)
                return error_set(e, -EINVAL,
                                 "found the string %s, expected an address or a prefix such as \"192.0.2.0/24\" or \"2001:db8::/32\"",
                                 text_show(text, shown));
        if (most == 128 && cidr_is_v4(found, (uint32_t)n))
                return error_set(e, -EINVAL, "found IPv4 in IPv6's notation in %s, expected \"%s\"", text_show(text, shown),
                                 cidr_format(found, (uint32_t)n, one));
        n += 128 - most;
        memcpy(clean, found, sizeof(clean));
        if (host_clear(clean, (uint32_t)n))
                return error_set(e, -EINVAL, "found host bits in %s, expected \"%s\" for the network or \"%s\" for the one address",
                                 text_show(text, shown), cidr_format(clean, (uint32_t)n, network), cidr_format(found, 128, one));
        memcpy(addr, clean, sizeof(clean));
        *bits = (uint8_t)n;
        return 0;
}
