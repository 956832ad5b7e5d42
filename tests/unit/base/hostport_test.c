/* SPDX-License-Identifier: Apache-2.0 */
#include "base/hostport.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void reads(const char *text, const char *host, uint16_t port, const char *proto)
{
        struct hostport h;

        assert_int_equal(hostport_parse(text, &h), 0);
        assert_string_equal(h.host, host);
        assert_int_equal(h.port, port);
        assert_string_equal(h.proto, proto);
}

static void addresses_with_ports_are_read(void **state)
{
        (void)state;
        reads("192.0.2.1:443", "192.0.2.1", 443, "tcp");
        reads("192.0.2.1:53/udp", "192.0.2.1", 53, "udp");
        reads("192.0.2.1:53/tcp", "192.0.2.1", 53, "tcp");
        reads("[2001:db8::1]:1", "2001:db8::1", 1, "tcp");
        reads("[::1]:65535/udp", "::1", 65535, "udp");
        reads("example.org:80", "example.org", 80, "tcp");
}

static void anything_else_is_refused(void **state)
{
        static const char *const wrong[] = { "",           ":",         "1.2.3.4",       "1.2.3.4:",    ":80",     "1.2.3.4:0",
                                             "1.2.3.4:-1", "1.2.3.4:x", "1.2.3.4:65536", "1.2.3.4:80/", "1:2:3",   "1.2.3.4:80/sctp",
                                             "[::1]",      "[::1]80",   "[::1:80",       "[]:80",       "::1:443", "1.2.3.4:000080",
                                             "1.2.3.4:+8", "1.2.3.4: 8" };
        struct hostport h = { .host = "untouched" };
        char longer[300];

        (void)state;
        for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
                if (hostport_parse(wrong[i], &h) != -EINVAL)
                        fail_msg("\"%s\" was accepted", wrong[i]);
        memset(longer, 'a', sizeof(longer));
        memcpy(longer + sizeof(longer) - 4, ":80", 4);
        assert_int_equal(hostport_parse(longer, &h), -EINVAL);
        assert_string_equal(h.host, "untouched");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(addresses_with_ports_are_read),
                cmocka_unit_test(anything_else_is_refused),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
