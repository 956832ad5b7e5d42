/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/policy/fake_fs.h"

#include "holdfast/decide.h"
#include "policy/values.h"
#include "policy/zones.h"

#include <arpa/inet.h>

static void address(const char *text, uint8_t out[16])
{
        static const uint8_t mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };

        if (inet_pton(AF_INET, text, out + 12) == 1)
                memcpy(out, mapped, 12);
        else
                assert_int_equal(inet_pton(AF_INET6, text, out), 1);
}

/* What a connection is told with these capabilities on. */
static enum hf_why ask(const struct fixture *f, const char *to, uint32_t proto, uint32_t port, uint64_t live, uint32_t *rule)
{
        const struct prefix *prefix;
        uint8_t addr[16];

        address(to, addr);
        prefix = compiled_find_prefix(f->compiled, addr);
        return hf_egress_decide(prefix ? &prefix->egress : NULL, live, 0, proto, port, 0, rule);
}

static bool allowed(const struct fixture *f, const char *to, uint32_t proto, uint32_t port)
{
        uint32_t rule;

        return ask(f, to, proto, port, ~0ULL, &rule) == HF_WHY_ALLOWED;
}

static void no_rule_means_no_connection(void **state)
{
        _cleanup_fixture_ struct fixture f = { 0 };

        (void)state;
        must_compile(&f, NULL, NULL, EGRESS(""));
        assert_int_equal(f.compiled->n_prefixes, 0);
        assert_false(allowed(&f, "10.0.0.1", HF_TCP, 443));
        assert_false(allowed(&f, "::1", HF_TCP, 443));
}

static void a_rule_opens_its_addresses_ports_and_protocol_only(void **state)
{
        _cleanup_fixture_ struct fixture f = { 0 };

        (void)state;
        must_compile(&f, NULL, NULL, EGRESS("{\"cidr\":\"10.1.0.0/16\",\"port\":\"8000-8099\",\"proto\":\"tcp\"}"));
        assert_true(allowed(&f, "10.1.0.0", HF_TCP, 8000));
        assert_true(allowed(&f, "10.1.255.255", HF_TCP, 8099));
        assert_false(allowed(&f, "10.1.2.3", HF_TCP, 7999));
        assert_false(allowed(&f, "10.1.2.3", HF_TCP, 8100));
        assert_false(allowed(&f, "10.1.2.3", HF_UDP, 8000));
        assert_false(allowed(&f, "10.0.255.255", HF_TCP, 8000));
        assert_false(allowed(&f, "10.2.0.0", HF_TCP, 8000));
        assert_false(allowed(&f, "::10.1.2.3", HF_TCP, 8000));
}

static void a_longer_prefix_also_has_what_shorter_ones_allow(void **state)
{
        _cleanup_fixture_ struct fixture f = { 0 };
        const struct prefix *p;
        uint8_t addr[16];

        (void)state;
        must_compile(
                &f, NULL, NULL,
                EGRESS("{\"cidr\":\"10.1.2.3\",\"port\":22},{\"cidr\":\"10.0.0.0/8\",\"port\":443},{\"cidr\":\"10.1.0.0/16\",\"port\":80},"
                       "{\"cidr\":\"10.9.0.0/16\",\"port\":25}"));
        assert_int_equal(f.compiled->n_prefixes, 4);
        address("10.1.2.3", addr);
        p = compiled_find_prefix(f.compiled, addr);
        assert_int_equal(p->bits, 128);
        assert_int_equal(p->egress.count, 3);
        assert_int_equal(p->egress.port[0].from, 22); /* its own first, then the nearest */
        assert_int_equal(p->egress.port[1].from, 80);
        assert_int_equal(p->egress.port[2].from, 443);
        assert_true(allowed(&f, "10.1.2.3", HF_TCP, 443));
        assert_true(allowed(&f, "10.1.2.4", HF_TCP, 443));
        assert_false(allowed(&f, "10.1.2.4", HF_TCP, 22));
        assert_false(allowed(&f, "10.1.2.3", HF_TCP, 25));
        assert_true(allowed(&f, "10.9.2.3", HF_UDP, 25));
}

static void prefixes_are_sorted_and_given_once(void **state)
{
        _cleanup_fixture_ struct fixture f = { 0 };

        (void)state;
        must_compile(&f, NULL, NULL,
                     EGRESS("{\"cidr\":\"10.1.0.0/16\",\"port\":1},{\"cidr\":\"9.0.0.0/8\"},{\"cidr\":\"10.0.0.0/"
                            "8\"},{\"cidr\":\"10.1.0.0/16\",\"port\":2},"
                            "{\"cidr\":\"10.0.0.0/16\"}"));
        assert_int_equal(f.compiled->n_prefixes, 4);
        for (size_t i = 1; i < f.compiled->n_prefixes; i++)
                assert_true(memcmp(f.compiled->prefixes[i - 1].addr, f.compiled->prefixes[i].addr, 16) <= 0);
}

static void equal_ports_of_several_capabilities_become_one_entry(void **state)
{
        _cleanup_fixture_ struct fixture f = { 0 };
        uint32_t rule;

        (void)state;
        must_compile(&f, NULL, NULL,
                     "{\"holdfast\":1,\"name\":\"t\",\"capabilities\":{"
                     "\"a\":{\"authorization\":\"ask\",\"egress\":[{\"cidr\":\"10.0.0.0/8\",\"port\":443}]},"
                     "\"b\":{\"egress\":[{\"cidr\":\"10.0.0.1\",\"port\":443},{\"cidr\":\"10.0.0.1\",\"port\":443,\"proto\":\"tcp\"}]},"
                     "\"c\":{\"authorization\":\"ask\",\"egress\":[{\"cidr\":\"10.0.0.1\",\"port\":443}]}}}");
        assert_int_equal(f.compiled->active, 2);
        assert_int_equal(f.compiled->prefixes[1].egress.count, 1);
        assert_int_equal(f.compiled->prefixes[1].egress.port[0].allow, 7);
        assert_int_equal(ask(&f, "10.0.0.1", HF_TCP, 443, 2, &rule), HF_WHY_ALLOWED);
        assert_int_equal(ask(&f, "10.0.0.2", HF_TCP, 443, 2, &rule), HF_WHY_INACTIVE);
        assert_int_equal(rule, 1);
        assert_int_equal(ask(&f, "10.0.0.2", HF_TCP, 444, 2, &rule), HF_WHY_NO_RULE);
        assert_int_equal(rule, 0);
}

static void an_ipv6_prefix_does_not_open_ipv4(void **state)
{
        static const char *const wide[] = { "::/0", "::/1", "::/64", "::/80", "::fffe:0:0/95" };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(wide); i++) {
                _cleanup_fixture_ struct fixture f = { 0 };
                char text[512];
                uint8_t addr[16];

                snprintf(text, sizeof(text), EGRESS("{\"cidr\":\"%s\"},{\"cidr\":\"10.0.0.0/8\",\"port\":80}"), wide[i]);
                must_compile(&f, NULL, NULL, text);
                assert_true(allowed(&f, i == 4 ? "::fffe:1.2.3.4" : "::2", HF_TCP, 443));
                assert_false(allowed(&f, "192.0.2.1", HF_TCP, 443));
                assert_true(allowed(&f, "10.0.0.1", HF_TCP, 80));
                assert_false(allowed(&f, "10.0.0.1", HF_TCP, 443));
                address("192.0.2.1", addr);
                assert_int_equal(compiled_find_prefix(f.compiled, addr)->bits, 96);
                assert_int_equal(compiled_find_prefix(f.compiled, addr)->egress.count, 0);
        }
}

static void ipv4_everywhere_does_not_open_ipv6(void **state)
{
        _cleanup_fixture_ struct fixture f = { 0 };

        (void)state;
        must_compile(&f, NULL, NULL, EGRESS("{\"cidr\":\"0.0.0.0/0\"},{\"cidr\":\"::/0\",\"port\":443}"));
        assert_int_equal(f.compiled->n_prefixes, 1 + ZONES);
        assert_true(allowed(&f, "192.0.2.1", HF_UDP, 53));
        assert_false(allowed(&f, "2001:db8::1", HF_UDP, 53));
        assert_true(allowed(&f, "2001:db8::1", HF_TCP, 443));
        assert_false(allowed(&f, "::192.0.2.1", HF_TCP, 53));
}

static void a_prefix_below_96_bits_beside_ipv4_needs_no_wall(void **state)
{
        _cleanup_fixture_ struct fixture f = { 0 };

        (void)state;
        must_compile(&f, NULL, NULL, EGRESS("{\"cidr\":\"2001:db8::/32\"}"));
        assert_int_equal(f.compiled->n_prefixes, 1);
}

/* An address that stands apart, a range around it within its zone (NULL: that is refused), and a neighbour outside. */
static const struct {
        const char *address, *range, *outside;
} apart[] = {
        { "127.0.0.1", "127.0.0.0/8", "126.255.255.255" },
        { "127.255.255.255", "127.128.0.0/9", "128.0.0.0" },
        { "::1", "::1/128", "::2" },
        { "::", "::/128", "::2" },
        { "0.0.0.0", NULL, "1.0.0.0" },
        { "169.254.169.254", NULL, "169.253.255.255" },
        { "100.100.100.200", "100.100.100.200/32", "100.100.100.201" },
        { "224.0.0.1", NULL, "223.255.255.255" },
        { "239.255.255.255", NULL, "223.255.255.255" },
        { "240.0.0.0", NULL, "223.255.255.255" },
        { "255.255.255.255", NULL, "223.255.255.255" },
        { "fe80::1", NULL, "fec0::" },
        { "ff02::1", NULL, "fec0::" },
        { "fd00:ec2::254", "fd00:ec2::254/128", "fd00:ec2::255" },
};

static void a_range_does_not_open_what_stands_apart(void **state)
{
        _cleanup_fixture_ struct fixture f = { 0 };

        (void)state;
        must_compile(
                &f, NULL, NULL,
                EGRESS("{\"cidr\":\"0.0.0.0/0\"},{\"cidr\":\"::/0\"},{\"cidr\":\"126.0.0.0/7\"},{\"cidr\":\"169.252.0.0/14\"},"
                       "{\"cidr\":\"100.100.100.0/24\"},{\"cidr\":\"192.0.0.0/2\"},{\"cidr\":\"fd00:ec2::/32\"},{\"cidr\":\"fe00::/7\"}"));
        for (size_t i = 0; i < ARRAY_SIZE(apart); i++) {
                assert_false(allowed(&f, apart[i].address, HF_TCP, 443));
                assert_true(allowed(&f, apart[i].outside, HF_TCP, 443));
        }
}

static void what_stands_apart_opens_by_its_own_address(void **state)
{
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(apart); i++) {
                _cleanup_fixture_ struct fixture f = { 0 };
                char text[512];

                snprintf(text, sizeof(text),
                         EGRESS("{\"cidr\":\"0.0.0.0/0\",\"port\":443},{\"cidr\":\"::/0\",\"port\":443},{\"cidr\":\"%s\",\"port\":80}"),
                         apart[i].address);
                must_compile(&f, NULL, NULL, text);
                for (size_t other = 0; other < ARRAY_SIZE(apart); other++) {
                        assert_int_equal(allowed(&f, apart[other].address, HF_TCP, 80), other == i);
                        assert_false(allowed(&f, apart[other].address, HF_TCP, 443));
                        assert_false(allowed(&f, apart[other].outside, HF_TCP, 80));
                }
        }
}

static void a_range_within_opens_it_too(void **state)
{
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(apart); i++) {
                _cleanup_fixture_ struct fixture f = { 0 };
                char text[512];

                if (!apart[i].range)
                        continue;
                snprintf(text, sizeof(text), EGRESS("{\"cidr\":\"%s\",\"port\":80},{\"cidr\":\"%s\",\"port\":22}"), apart[i].range,
                         apart[i].address);
                must_compile(&f, NULL, NULL, text);
                assert_true(allowed(&f, apart[i].address, HF_TCP, 80));
                assert_true(allowed(&f, apart[i].address, HF_TCP, 22));
                assert_false(allowed(&f, apart[i].outside, HF_TCP, 80));
        }
}

static void a_range_in_a_part_needs_nothing_for_the_others(void **state)
{
        _cleanup_fixture_ struct fixture f = { 0 };

        (void)state;
        must_compile(&f, NULL, NULL, EGRESS("{\"cidr\":\"10.0.0.0/8\"},{\"cidr\":\"127.0.0.0/8\"},{\"cidr\":\"127.0.0.1\"}"));
        assert_int_equal(f.compiled->n_prefixes, 3);
}

static void more_ranges_than_a_prefix_holds_are_refused(void **state)
{
        char text[8192];
        size_t n = (size_t)snprintf(text, sizeof(text), "{\"holdfast\":1,\"name\":\"t\",\"capabilities\":{\"base\":{\"egress\":[");

        (void)state;
        for (int i = 0; i < HF_PORTS; i++)
                n += (size_t)snprintf(text + n, sizeof(text) - n, "{\"cidr\":\"10.0.0.0/8\",\"port\":%d},", 1000 + 2 * i);
        for (int more = 0; more < 3; more++) {
                _cleanup_fixture_ struct fixture f = { 0 };
                static const char *const last[] = { "{\"cidr\":\"10.0.0.1\",\"port\":1000}", "{\"cidr\":\"10.0.0.1\",\"port\":1}",
                                                    "{\"cidr\":\"10.0.0.0/8\",\"port\":1}" };

                snprintf(text + n, sizeof(text) - n, "%s]}}}", last[more]);
                assert_int_equal(compile(&f, NULL, NULL, text), more == 0 ? 0 : -EINVAL);
                if (more)
                        assert_true(has_finding(&f.findings, "$.capabilities.base.egress[16]",
                                                more == 1 ? "10.0.0.1/32|more than 16" : "10.0.0.0/8|more than 16"));
        }
}

static void a_wider_range_of_its_own_stands_for_the_narrower_inherited_one(void **state)
{
        _cleanup_fixture_ struct fixture f = { 0 };

        (void)state;
        must_compile(&f, NULL, NULL, EGRESS("{\"cidr\":\"10.0.0.0/8\",\"port\":443,\"proto\":\"tcp\"},{\"cidr\":\"10.0.0.1\"}"));
        assert_int_equal(f.compiled->prefixes[1].egress.count, 1);
        assert_int_equal(f.compiled->prefixes[1].egress.port[0].to, 65535);
}

static void assert_denied(const struct fixture *f, const char *to, uint32_t proto, uint32_t port, uint32_t by)
{
        uint32_t rule = 0;

        assert_int_equal(ask(f, to, proto, port, ~0ULL, &rule), HF_WHY_RULE);
        assert_int_equal(rule, by);
}

static void a_denial_takes_its_addresses_ports_and_protocol_from_wider_prefixes(void **state)
{
        _cleanup_fixture_ struct fixture f = { 0 };

        (void)state;
        must_compile(&f, NULL, NULL,
                     EGRESS("{\"cidr\":\"10.1.0.0/16\",\"port\":\"100-200\",\"proto\":\"tcp\",\"deny\":true},{\"cidr\":\"10.0.0.0/8\"},"
                            "{\"cidr\":\"10.2.0.0/16\",\"deny\":true}"));
        assert_true(allowed(&f, "10.1.2.3", HF_TCP, 99));
        assert_denied(&f, "10.1.2.3", HF_TCP, 100, 1);
        assert_denied(&f, "10.1.255.255", HF_TCP, 200, 1);
        assert_true(allowed(&f, "10.1.2.3", HF_TCP, 201));
        assert_true(allowed(&f, "10.1.2.3", HF_UDP, 150));
        assert_true(allowed(&f, "10.0.255.255", HF_TCP, 150));
        assert_denied(&f, "10.2.0.0", HF_TCP, 0, 3);
        assert_denied(&f, "10.2.0.0", HF_UDP, 65535, 3);
        assert_true(allowed(&f, "10.3.0.0", HF_TCP, 150));
}

static void the_longest_prefix_wins_be_it_an_allowance_or_a_denial(void **state)
{
        _cleanup_fixture_ struct fixture f = { 0 };

        (void)state;
        must_compile(&f, NULL, NULL,
                     EGRESS("{\"cidr\":\"10.1.2.3\",\"port\":80,\"deny\":true},{\"cidr\":\"10.1.2.0/24\",\"port\":\"50-100\"},"
                            "{\"cidr\":\"10.1.0.0/16\",\"deny\":true},{\"cidr\":\"10.0.0.0/8\"}"));
        assert_true(allowed(&f, "10.2.0.0", HF_TCP, 80));
        assert_denied(&f, "10.1.3.0", HF_TCP, 80, 3);
        assert_true(allowed(&f, "10.1.2.4", HF_TCP, 80));
        assert_denied(&f, "10.1.2.4", HF_TCP, 49, 3);
        assert_denied(&f, "10.1.2.3", HF_TCP, 80, 1);
        assert_true(allowed(&f, "10.1.2.3", HF_TCP, 81));
        assert_denied(&f, "10.1.2.3", HF_TCP, 101, 3);
}

static void at_one_prefix_denial_beats_allowance(void **state)
{
        _cleanup_fixture_ struct fixture f = { 0 };

        (void)state;
        must_compile(&f, NULL, NULL,
                     "{\"holdfast\":1,\"name\":\"t\",\"capabilities\":{\"a\":{\"egress\":[{\"cidr\":\"10.0.0.0/8\",\"port\":\"1-9\"}]},"
                     "\"b\":{\"authorization\":\"ask\",\"egress\":[{\"cidr\":\"10.0.0.0/8\",\"port\":\"5-20\",\"deny\":true}]}}}");
        assert_true(allowed(&f, "10.0.0.1", HF_TCP, 4));
        assert_denied(&f, "10.0.0.1", HF_TCP, 5, 2);
        assert_denied(&f, "10.0.0.1", HF_TCP, 9, 2);
        assert_denied(&f, "10.0.0.1", HF_TCP, 20, 2);
        assert_false(allowed(&f, "10.0.0.1", HF_TCP, 21));
}

static void a_denial_holds_while_its_capability_is_not_granted(void **state)
{
        _cleanup_fixture_ struct fixture f = { 0 };
        uint32_t rule;

        (void)state;
        must_compile(&f, NULL, NULL,
                     "{\"holdfast\":1,\"name\":\"t\",\"capabilities\":{\"a\":{\"egress\":[{\"cidr\":\"10.0.0.0/8\"}]},"
                     "\"b\":{\"egress\":[{\"cidr\":\"10.1.0.0/16\",\"deny\":true}]},\"c\":{\"egress\":[{\"cidr\":\"10.1.2.0/24\"}]}}}");
        assert_int_equal(ask(&f, "10.1.0.0", HF_TCP, 1, 1, &rule), HF_WHY_RULE);
        assert_int_equal(ask(&f, "10.1.2.0", HF_TCP, 1, 4, &rule), HF_WHY_ALLOWED);
        /* Of what is opened again, the capability that does counts, no other. */
        assert_int_equal(ask(&f, "10.1.2.0", HF_TCP, 1, 3, &rule), HF_WHY_INACTIVE);
        assert_int_equal(rule, 3);
}

static void a_denial_alone_opens_nothing(void **state)
{
        _cleanup_fixture_ struct fixture f = { 0 };

        (void)state;
        must_compile(&f, NULL, NULL, EGRESS("{\"cidr\":\"10.0.0.0/8\",\"deny\":true,\"port\":80}"));
        assert_denied(&f, "10.0.0.1", HF_TCP, 80, 1);
        assert_false(allowed(&f, "10.0.0.1", HF_TCP, 81));
        assert_false(allowed(&f, "11.0.0.1", HF_TCP, 81));
}

static void a_denial_of_one_family_takes_nothing_from_the_other(void **state)
{
        _cleanup_fixture_ struct fixture f = { 0 };

        (void)state;
        must_compile(&f, NULL, NULL,
                     EGRESS("{\"cidr\":\"0.0.0.0/0\"},{\"cidr\":\"::/0\",\"deny\":true},{\"cidr\":\"2001:db8::/32\"},"
                            "{\"cidr\":\"::/0\"}"));
        assert_true(allowed(&f, "192.0.2.1", HF_TCP, 443));
        assert_denied(&f, "2002::1", HF_TCP, 443, 2);
        assert_true(allowed(&f, "2001:db8::1", HF_TCP, 443));
}

static void a_denial_in_a_part_that_stands_apart(void **state)
{
        _cleanup_fixture_ struct fixture f = { 0 };

        (void)state;
        must_compile(&f, NULL, NULL,
                     EGRESS("{\"cidr\":\"0.0.0.0/0\",\"deny\":true,\"port\":80},{\"cidr\":\"127.0.0.0/8\"},{\"cidr\":\"127.1.0.0/"
                            "16\",\"deny\":true},"
                            "{\"cidr\":\"169.254.0.0/16\",\"deny\":true},{\"cidr\":\"169.254.1.1\"}"));
        assert_true(allowed(&f, "127.0.0.1", HF_TCP, 80));
        assert_denied(&f, "127.1.0.1", HF_TCP, 80, 3);
        assert_denied(&f, "169.254.1.2", HF_TCP, 80, 4);
        assert_true(allowed(&f, "169.254.1.1", HF_TCP, 80));
        assert_denied(&f, "192.0.2.1", HF_TCP, 80, 1);
        assert_false(allowed(&f, "192.0.2.1", HF_TCP, 81));
}

static void denials_count_among_the_ranges_of_a_prefix(void **state)
{
        static const char *const last[] = { "{\"cidr\":\"10.0.0.1\",\"port\":1,\"proto\":\"tcp\"}",
                                            "{\"cidr\":\"10.0.0.1\",\"port\":\"1014-2000\"}" };
        char text[8192];
        size_t n = (size_t)snprintf(text, sizeof(text), "{\"holdfast\":1,\"name\":\"t\",\"capabilities\":{\"base\":{\"egress\":[");

        (void)state;
        /* Each of these has an entry, and each gap between them. */
        n += (size_t)snprintf(text + n, sizeof(text) - n, "{\"cidr\":\"10.0.0.0/8\",\"port\":\"1000-2000\"},");
        for (int i = 0; i < 7; i++)
                n += (size_t)snprintf(text + n, sizeof(text) - n, "{\"cidr\":\"10.0.0.0/8\",\"port\":%d,\"deny\":true},", 1001 + 2 * i);
        for (size_t i = 0; i < ARRAY_SIZE(last); i++) {
                _cleanup_fixture_ struct fixture f = { 0 };

                snprintf(text + n, sizeof(text) - n, "{\"cidr\":\"10.0.0.1\",\"port\":5},%s]}}}", last[i]);
                assert_int_equal(compile(&f, NULL, NULL, text), i ? 0 : -EINVAL);
                if (i == 0)
                        assert_true(has_finding(&f.findings, "$.capabilities.base.egress[8]", "10.0.0.1/32|more than 16|denials"));
        }
}

static void prefixes_print_as_they_are_read(void **state)
{
        static const char *const texts[] = { "0.0.0.0/0",     "10.0.0.0/8",  "192.0.2.1/32", "::/0",
                                             "2001:db8::/32", "fe80::1/128", "::fffe:0:0/95" };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
                _cleanup_error_ struct error e = ERROR_INIT;
                uint8_t addr[16], bits = 0;
                char out[64];

                assert_int_equal(cidr_parse(texts[i], addr, &bits, &e), 0);
                assert_string_equal(cidr_format(addr, bits, out), texts[i]);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(no_rule_means_no_connection),
                cmocka_unit_test(a_rule_opens_its_addresses_ports_and_protocol_only),
                cmocka_unit_test(a_longer_prefix_also_has_what_shorter_ones_allow),
                cmocka_unit_test(prefixes_are_sorted_and_given_once),
                cmocka_unit_test(equal_ports_of_several_capabilities_become_one_entry),
                cmocka_unit_test(an_ipv6_prefix_does_not_open_ipv4),
                cmocka_unit_test(ipv4_everywhere_does_not_open_ipv6),
                cmocka_unit_test(a_prefix_below_96_bits_beside_ipv4_needs_no_wall),
                cmocka_unit_test(a_range_does_not_open_what_stands_apart),
                cmocka_unit_test(what_stands_apart_opens_by_its_own_address),
                cmocka_unit_test(a_range_within_opens_it_too),
                cmocka_unit_test(a_range_in_a_part_needs_nothing_for_the_others),
                cmocka_unit_test(more_ranges_than_a_prefix_holds_are_refused),
                cmocka_unit_test(a_wider_range_of_its_own_stands_for_the_narrower_inherited_one),
                cmocka_unit_test(a_denial_takes_its_addresses_ports_and_protocol_from_wider_prefixes),
                cmocka_unit_test(the_longest_prefix_wins_be_it_an_allowance_or_a_denial),
                cmocka_unit_test(at_one_prefix_denial_beats_allowance),
                cmocka_unit_test(a_denial_holds_while_its_capability_is_not_granted),
                cmocka_unit_test(a_denial_alone_opens_nothing),
                cmocka_unit_test(a_denial_of_one_family_takes_nothing_from_the_other),
                cmocka_unit_test(a_denial_in_a_part_that_stands_apart),
                cmocka_unit_test(denials_count_among_the_ranges_of_a_prefix),
                cmocka_unit_test(prefixes_print_as_they_are_read),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
