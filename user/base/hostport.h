/* SPDX-License-Identifier: Apache-2.0 */
/* "HOST:PORT/PROTO", as a command line names where a connection goes. */
#ifndef HOLDFAST_BASE_HOSTPORT_H
#define HOLDFAST_BASE_HOSTPORT_H

#include <stdint.h>

struct hostport {
        char host[256]; /* without brackets */
        uint16_t port;
        const char *proto; /* "tcp" or "udp" */
};

/* "192.0.2.1:443", "[2001:db8::1]:53/udp"; the protocol is tcp where none is named. What HOST is is not looked at. 0 or -EINVAL. */
int hostport_parse(const char *text, struct hostport *ret);

/* A decimal number from 1 to 65535, digits only. 0 or -EINVAL. */
int port_parse(const char *text, uint16_t *ret);

#endif
