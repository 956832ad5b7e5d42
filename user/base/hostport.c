/* SPDX-License-Identifier: Apache-2.0 */
#include "base/hostport.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

int port_parse(const char *text, uint16_t *ret)
{
        size_t length = strlen(text);
        uint32_t port = 0;

        if (!length || length > 5 || strspn(text, "0123456789") != length)
                return -EINVAL;
        for (; *text; text++)
                port = port * 10 + (uint32_t)(*text - '0');
        if (port < 1 || port > UINT16_MAX)
                return -EINVAL;
        *ret = (uint16_t)port;
        return 0;
}

static int proto_parse(const char *text, const char **ret)
{
        if (!strcmp(text, "tcp"))
                *ret = "tcp";
        else if (!strcmp(text, "udp"))
                *ret = "udp";
        else
                return -EINVAL;
        return 0;
}

int hostport_parse(const char *text, struct hostport *ret)
{
        const char *host = text + (*text == '['), *end = *text == '[' ? strchr(text, ']') : strrchr(text, ':'), *port, *slash;
        struct hostport h = { .proto = "tcp" };
        char digits[8];
        size_t n;

        /* Without brackets there is one colon: "::1:443" could be an address alone. */
        if (!end || end == host || (*text != '[' && strchr(text, ':') != end))
                return -EINVAL;
        if ((size_t)(end - host) >= sizeof(h.host))
                return -EINVAL;
        port = end + (*end == ']');
        if (*port != ':')
                return -EINVAL;
        port++;
        slash = strchr(port, '/');
        n = slash ? (size_t)(slash - port) : strlen(port);
        if (n >= sizeof(digits) || (slash && proto_parse(slash + 1, &h.proto) < 0))
                return -EINVAL;
        snprintf(h.host, sizeof(h.host), "%.*s", (int)(end - host), host);
        snprintf(digits, sizeof(digits), "%.*s", (int)n, port);
        if (port_parse(digits, &h.port) < 0)
                return -EINVAL;
        *ret = h;
        return 0;
}
