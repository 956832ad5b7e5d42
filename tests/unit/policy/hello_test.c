/* SPDX-License-Identifier: Apache-2.0 */
/* TLS hellos as GnuTLS makes them, split at every place, and with what a server might read otherwise. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/hello.h"

#include <gnutls/gnutls.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define NAME "api.example.com"

struct bytes {
        uint8_t data[8192];
        size_t size;
};

static ssize_t keep(gnutls_transport_ptr_t to, const void *data, size_t size)
{
        struct bytes *b = to;

        assert_true(b->size + size <= sizeof(b->data));
        memcpy(b->data + b->size, data, size);
        b->size += size;
        return (ssize_t)size;
}

static ssize_t nothing(gnutls_transport_ptr_t from, void *data, size_t size)
{
        (void)from;
        (void)data;
        (void)size;
        return 0;
}

/* What a client sends first. name: NULL for none. */
static struct bytes hello(const char *name, const char *priority)
{
        gnutls_certificate_credentials_t credentials;
        struct bytes b = { .size = 0 };
        gnutls_session_t session;

        assert_int_equal(gnutls_certificate_allocate_credentials(&credentials), 0);
        assert_int_equal(gnutls_init(&session, GNUTLS_CLIENT), 0);
        assert_int_equal(gnutls_priority_set_direct(session, priority, NULL), 0);
        assert_int_equal(gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, credentials), 0);
        if (name)
                assert_int_equal(gnutls_server_name_set(session, GNUTLS_NAME_DNS, name, strlen(name)), 0);
        gnutls_transport_set_ptr(session, &b);
        gnutls_transport_set_push_function(session, keep);
        gnutls_transport_set_pull_function(session, nothing);
        assert_true(gnutls_handshake(session) < 0);
        gnutls_deinit(session);
        gnutls_certificate_free_credentials(credentials);
        assert_true(b.size > 100);
        return b;
}

static struct hf_hello in_parts(const struct bytes *b, size_t part)
{
        struct hf_hello h;

        hf_hello_begin(&h, 1);
        for (size_t at = 0; at < b->size; at += part)
                hello_feed(&h, b->data + at, b->size - at < part ? b->size - at : part);
        return h;
}

static void assert_fault(const struct bytes *b, enum hf_hello_fault fault)
{
        for (size_t part = 1; part <= b->size; part++) {
                const struct hf_hello h = in_parts(b, part);

                assert_int_equal(h.fault, fault);
                assert_true(fault != HF_HELLO_FITS || h.stage == HF_HELLO_AT_END);
        }
}

static void a_name_is_found_wherever_the_hello_is_split(void **state)
{
        static const char *const priorities[] = { "NORMAL", "NORMAL:-VERS-ALL:+VERS-TLS1.2", "NORMAL:-VERS-ALL:+VERS-TLS1.3" };

        (void)state;
        for (size_t i = 0; i < sizeof(priorities) / sizeof(priorities[0]); i++) {
                const struct bytes b = hello(NAME, priorities[i]);

                for (size_t part = 1; part <= b.size; part++) {
                        const struct hf_hello h = in_parts(&b, part);

                        assert_int_equal(h.fault, HF_HELLO_FITS);
                        assert_int_equal(h.stage, HF_HELLO_AT_END);
                        assert_int_equal(h.name_len, strlen(NAME));
                        assert_string_equal(h.key.name, NAME);
                }
        }
}

static void a_part_of_a_hello_is_not_one_yet(void **state)
{
        const struct bytes b = hello(NAME, "NORMAL");
        struct hf_hello h;

        (void)state;
        hf_hello_begin(&h, 1);
        hello_feed(&h, b.data, 60);
        assert_int_equal(h.fault, HF_HELLO_FITS);
        assert_int_not_equal(h.stage, HF_HELLO_AT_END);
}

static void letters_are_made_small_and_nothing_else(void **state)
{
        struct hf_hello h = { .name_len = 1 };

        (void)state;
        for (unsigned i = 0; i < HF_HOST_NAME; i++)
                h.key.name[i] = (char)i;
        hf_hello_lower(&h);
        for (unsigned i = 0; i < HF_HOST_NAME; i++)
                assert_int_equal((uint8_t)h.key.name[i], i >= 'A' && i <= 'Z' ? i + 32 : i);
}

static void a_hello_without_a_name_is_told(void **state)
{
        const struct bytes b = hello(NULL, "NORMAL");

        (void)state;
        assert_fault(&b, HF_HELLO_NO_NAME);
}

static void what_is_no_hello_is_told(void **state)
{
        static const char *const others[] = { "GET / HTTP/1.1\r\nHost: " NAME "\r\n\r\n", "SSH-2.0-OpenSSH_9.2\r\n",
                                              "\x16\x02\x00\x01\x00\x01" };
        struct bytes b = hello(NAME, "NORMAL");

        (void)state;
        for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
                struct bytes other = { .size = 16 };

                memcpy(other.data, others[i], 6);
                assert_fault(&other, HF_HELLO_NOT_TLS);
        }
        b.data[5] = 2; /* a server's */
        assert_fault(&b, HF_HELLO_NOT_TLS);
}

static void put16(uint8_t *at, size_t n)
{
        at[0] = (uint8_t)(n >> 8);
        at[1] = (uint8_t)n;
}

static size_t get16(const uint8_t *at)
{
        return (size_t)at[0] << 8 | at[1];
}

/* Where the length of all extensions stands. */
static size_t extensions_at(const struct bytes *b)
{
        size_t at = 5 + 4 + 2 + 32;

        at += 1u + b->data[at];
        at += 2 + get16(b->data + at);
        return at + 1 + b->data[at];
}

/* Puts an extension at the end, with all lengths around it right. */
static void append(struct bytes *b, uint16_t type, const void *body, size_t size)
{
        const size_t more = 4 + size, at = extensions_at(b);

        put16(b->data + b->size, type);
        put16(b->data + b->size + 2, size);
        memcpy(b->data + b->size + 4, body, size);
        b->size += more;
        put16(b->data + at, get16(b->data + at) + more);
        put16(b->data + 7, get16(b->data + 7) + more);
        put16(b->data + 3, get16(b->data + 3) + more);
}

static const uint8_t other_name[] = { 0, 14, 0, 0, 11, 'e', 'v', 'i', 'l', '.', 'e', 'x', 'a', 'm', 'p', 'l' };

static void an_unknown_extension_changes_nothing(void **state)
{
        struct bytes b = hello(NAME, "NORMAL");

        (void)state;
        append(&b, 0x7a7a, "grease", 6);
        assert_fault(&b, HF_HELLO_FITS);
        append(&b, 0x8a8a, "", 0);
        assert_fault(&b, HF_HELLO_FITS);
}

static void an_encrypted_hello_is_told(void **state)
{
        static const uint16_t types[] = { 0xfe0d, 0xffce };

        (void)state;
        for (size_t i = 0; i < 2; i++) {
                struct bytes b = hello(NAME, "NORMAL");

                append(&b, types[i], "anything", 8);
                assert_fault(&b, HF_HELLO_ENCRYPTED);
        }
}

static void a_second_name_is_told(void **state)
{
        static const uint8_t two[] = { 0, 12, 0, 0, 3, 'a', '.', 'b', 0, 0, 3, 'c', '.', 'd' };
        struct bytes b = hello(NAME, "NORMAL"), list = hello(NULL, "NORMAL");

        (void)state;
        append(&b, 0, other_name, sizeof(other_name));
        assert_fault(&b, HF_HELLO_MALFORMED);
        append(&list, 0, two, sizeof(two));
        assert_fault(&list, HF_HELLO_MALFORMED);
}

static void names_that_a_server_may_read_otherwise_are_told(void **state)
{
        static const uint8_t ended[] = { 0, 7, 0, 0, 4, 'a', '.', 'b', 0 }, typed[] = { 0, 6, 1, 0, 3, 'a', '.', 'b' },
                             empty[] = { 0, 3, 0, 0, 0 }, longer[] = { 0, 7, 0, 0, 3, 'a', '.', 'b', 'c' };
        static const struct {
                const uint8_t *body;
                size_t size;
        } cases[] = {
                { ended, sizeof(ended) }, { typed, sizeof(typed) }, { empty, sizeof(empty) }, { longer, sizeof(longer) }, { empty, 0 }
        };

        (void)state;
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                struct bytes b = hello(NULL, "NORMAL");

                append(&b, 0, cases[i].body, cases[i].size);
                assert_fault(&b, HF_HELLO_MALFORMED);
        }
}

static void lengths_that_do_not_fit_are_told(void **state)
{
        struct bytes b = hello(NAME, "NORMAL");
        const size_t at = extensions_at(&b), size = get16(b.data + at);

        (void)state;
        put16(b.data + at, size - 1);
        assert_fault(&b, HF_HELLO_MALFORMED);
        put16(b.data + at, size + 1);
        assert_fault(&b, HF_HELLO_MALFORMED);
        put16(b.data + at, size);
        assert_fault(&b, HF_HELLO_FITS);
        put16(b.data + 3, get16(b.data + 3) - 1); /* the rest in another record */
        assert_fault(&b, HF_HELLO_MALFORMED);
}

static void a_longest_name_fits(void **state)
{
        uint8_t body[5 + 255] = { 0 };

        (void)state;
        for (size_t n = 252; n <= 255; n++) {
                struct bytes b = hello(NULL, "NORMAL");

                put16(body, n + 3);
                put16(body + 3, n);
                memset(body + 5, 'a', n);
                append(&b, 0, body, n + 5);
                assert_fault(&b, n < 255 ? HF_HELLO_FITS : HF_HELLO_MALFORMED);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_name_is_found_wherever_the_hello_is_split),
                cmocka_unit_test(a_part_of_a_hello_is_not_one_yet),
                cmocka_unit_test(letters_are_made_small_and_nothing_else),
                cmocka_unit_test(a_hello_without_a_name_is_told),
                cmocka_unit_test(what_is_no_hello_is_told),
                cmocka_unit_test(an_unknown_extension_changes_nothing),
                cmocka_unit_test(an_encrypted_hello_is_told),
                cmocka_unit_test(a_second_name_is_told),
                cmocka_unit_test(names_that_a_server_may_read_otherwise_are_told),
                cmocka_unit_test(lengths_that_do_not_fit_are_told),
                cmocka_unit_test(a_longest_name_fits),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
