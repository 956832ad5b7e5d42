/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/target.h"

#include "base/cleanup.h"
#include "base/hostport.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <stdbool.h>
#include <string.h>

static bool is_address(const char *text)
{
        unsigned char addr[16];

        return inet_pton(AF_INET, text, addr) == 1 || inet_pton(AF_INET6, text, addr) == 1;
}

/* Some of rwxc, none twice. */
static bool is_right(const char *text)
{
        size_t n = strlen(text);

        for (size_t i = 0; i < n; i++)
                if (!strchr("rwxc", text[i]) || strchr(text + i + 1, text[i]))
                        return false;
        return n > 0;
}

const char *target_wrong(const char *right, const char *object)
{
        struct hostport target;

        if (!strcmp(right, "connect")) {
                if (hostport_parse(object, &target) < 0)
                        return "expected HOST:PORT, ADDRESS:PORT, [IPv6]:PORT, or one of them with /udp, after \"connect\"";
                return NULL;
        }
        if (!is_right(right))
                return "expected some of the letters rwxc, or connect, as RIGHT";
        return object[0] == '/' ? NULL : "expected an absolute path";
}

char *target_query(const char *right, const char *object)
{
        struct hostport target;
        char *escaped, *query;
        int n;

        if (!strcmp(right, "connect")) {
                if (hostport_parse(object, &target) < 0)
                        return NULL;
                escaped = curl_easy_escape(NULL, target.host, 0);
                n = escaped ? asprintf(&query, "?right=connect&%s=%s&port=%u&proto=%s", is_address(target.host) ? "addr" : "host", escaped,
                                       target.port, target.proto)
                            : -1;
        } else {
                escaped = curl_easy_escape(NULL, object, 0);
                n = escaped ? asprintf(&query, "?right=%s&path=%s", right, escaped) : -1;
        }
        curl_free(escaped);
        return n < 0 ? NULL : query;
}
