/* SPDX-License-Identifier: Apache-2.0 */
/* By which names a session came to addresses, for the events of its connections. Pure. */
#ifndef HOLDFAST_DAEMON_HOSTNAMES_H
#define HOLDFAST_DAEMON_HOSTNAMES_H

#include <stddef.h>
#include <stdint.h>

#define HOSTNAMES_MAX 1024 /* addresses of one session; the next one takes the place of that which was told longest ago */

struct hostname {
        uint8_t addr[16]; /* IPv4 as ::ffff:a.b.c.d */
        uint64_t told;    /* the higher, the later */
        char *name;
};

/* All zero: none. */
struct hostnames {
        struct hostname *list;
        size_t count;
        uint64_t told;
};

/* Notes that a name, of so many bytes at most, leads to an address. Where memory runs out, nothing. */
void hostnames_note(struct hostnames *h, const uint8_t addr[16], const char *name, size_t size);

/* The name that was noted last for the address; NULL: none. Theirs until the next call of another function. */
const char *hostnames_find(const struct hostnames *h, const uint8_t addr[16]);

void hostnames_clear(struct hostnames *h);

#endif
