/* SPDX-License-Identifier: Apache-2.0 */
/* Connections under ceilings. */
#include "unit/policy/fake_ceilings.h"

static void ports_and_protocols_are_intersected(void **state)
{
        _cleanup_clipped_ struct clipped c = { 0 };

        (void)state;
        compile_under(&c, EGRESS("{\"cidr\":\"10.0.0.0/8\",\"port\":\"100-200\"},{\"cidr\":\"10.0.0.0/8\",\"port\":443,\"proto\":\"udp\"}"),
                      NULL,
                      EGRESS("{\"cidr\":\"0.0.0.0/0\",\"port\":\"150-300\",\"proto\":\"tcp\"},{\"cidr\":\"0.0.0.0/0\",\"port\":443}"));
        assert_false(opens(&c, "10.0.0.1", HF_TCP, 149));
        assert_true(opens(&c, "10.0.0.1", HF_TCP, 150));
        assert_true(opens(&c, "10.0.0.1", HF_TCP, 200));
        assert_false(opens(&c, "10.0.0.1", HF_TCP, 201));
        assert_false(opens(&c, "10.0.0.1", HF_UDP, 150));
        assert_true(opens(&c, "10.0.0.1", HF_UDP, 443));
        assert_false(opens(&c, "10.0.0.1", HF_TCP, 443));
        assert_false(opens(&c, "192.0.2.1", HF_UDP, 443));
        assert_true(c.compiled->clipped);
}

static void the_longest_prefix_of_each_layer_counts(void **state)
{
        _cleanup_clipped_ struct clipped c = { 0 };

        (void)state;
        compile_under(&c, EGRESS("{\"cidr\":\"10.0.0.0/8\"}"), EGRESS("{\"cidr\":\"10.1.0.0/16\"},{\"cidr\":\"10.2.0.0/16\",\"port\":80}"),
                      EGRESS("{\"cidr\":\"10.1.2.0/24\",\"port\":443},{\"cidr\":\"0.0.0.0/0\",\"port\":80}"));
        assert_true(opens(&c, "10.1.2.3", HF_TCP, 443));
        assert_true(opens(&c, "10.1.2.3", HF_TCP, 80));
        assert_true(opens(&c, "10.1.3.3", HF_TCP, 80));
        assert_false(opens(&c, "10.1.3.3", HF_TCP, 443));
        assert_true(opens(&c, "10.2.0.1", HF_TCP, 80));
        assert_false(opens(&c, "10.3.0.1", HF_TCP, 80));
        assert_false(opens(&c, "11.0.0.1", HF_TCP, 80));
}

static void ipv4_and_ipv6_stay_apart_under_a_ceiling(void **state)
{
        _cleanup_clipped_ struct clipped c = { 0 }, v6 = { 0 };

        (void)state;
        compile_under(&c, EGRESS(ANY), NULL, EGRESS("{\"cidr\":\"::/0\",\"port\":443},{\"cidr\":\"192.0.2.0/24\"}"));
        assert_true(opens(&c, "2001:db8::1", HF_TCP, 443));
        assert_false(opens(&c, "2001:db8::1", HF_TCP, 80));
        assert_true(opens(&c, "192.0.2.1", HF_TCP, 80));
        assert_false(opens(&c, "198.51.100.1", HF_TCP, 443));
        compile_under(&v6, EGRESS("{\"cidr\":\"2001:db8::/32\"}"), NULL, EGRESS("{\"cidr\":\"2001:db8:7::/48\",\"proto\":\"udp\"}"));
        assert_true(opens(&v6, "2001:db8:7::1", HF_UDP, 1));
        assert_false(opens(&v6, "2001:db8:7::1", HF_TCP, 1));
        assert_false(opens(&v6, "2001:db8:8::1", HF_UDP, 1));
}

static void a_ceiling_without_network_rules_opens_nothing_and_is_named(void **state)
{
        _cleanup_clipped_ struct clipped c = { 0 };
        __u32 rule = 0;

        (void)state;
        compile_under(&c, EGRESS("{\"cidr\":\"10.0.0.0/8\",\"port\":443}"), NULL, FILES(ALLOW("/", "rwxc")));
        assert_int_equal(c.compiled->n_prefixes, 1);
        assert_int_not_equal(decide(&c, "10.0.0.1", HF_TCP, 443, &rule), HF_WHY_ALLOWED);
        assert_int_equal(rule, HOST(0));
        assert_int_equal(decide(&c, "10.0.0.1", HF_TCP, 80, &rule), HF_WHY_NO_RULE);
        assert_int_equal(rule, 0);
}

static void the_first_ceiling_that_takes_a_port_is_named(void **state)
{
        _cleanup_clipped_ struct clipped c = { 0 };
        __u32 rule = 0;

        (void)state;
        compile_under(&c, EGRESS("{\"cidr\":\"10.0.0.0/8\"}"), EGRESS("{\"cidr\":\"10.0.0.0/8\",\"port\":\"1-100\"}"),
                      EGRESS("{\"cidr\":\"10.0.0.0/8\",\"port\":\"1-50\"}"));
        assert_int_equal(decide(&c, "10.0.0.1", HF_TCP, 50, &rule), HF_WHY_ALLOWED);
        assert_int_equal(rule, 1);
        decide(&c, "10.0.0.1", HF_TCP, 101, &rule);
        assert_int_equal(rule, USER(0));
}

static void prefixes_of_a_ceiling_alone_say_nothing(void **state)
{
        _cleanup_clipped_ struct clipped c = { 0 };

        (void)state;
        compile_under(&c, FILES(ALLOW("/", "r")), EGRESS("{\"cidr\":\"10.0.0.0/8\"},{\"cidr\":\"10.1.0.0/16\"},{\"cidr\":\"::/0\"}"), NULL);
        assert_int_equal(c.compiled->n_prefixes, 0);
}

static void ranges_that_a_ceiling_splits_must_still_fit(void **state)
{
        char text[4096];
        size_t n = (size_t)snprintf(text, sizeof(text), "{\"holdfast\":1,\"name\":\"t\",\"capabilities\":{\"base\":{\"egress\":[");
        _cleanup_clipped_ struct clipped one = { 0 }, two = { 0 };

        (void)state;
        for (int i = 0; i < HF_PORTS; i++)
                n += (size_t)snprintf(text + n, sizeof(text) - n, "%s{\"cidr\":\"10.0.0.0/8\",\"port\":%d}", i ? "," : "", 1000 + 2 * i);
        snprintf(text + n, sizeof(text) - n, "]}}}");
        compile_under(&one, EGRESS("{\"cidr\":\"10.0.0.0/8\",\"proto\":\"tcp\"}"), NULL, text);
        assert_int_equal(one.compiled->prefixes[0].egress.count, HF_PORTS);
        assert_int_equal(
                try_compile(
                        &two, NULL,
                        EGRESS("{\"cidr\":\"10.0.0.0/8\",\"proto\":\"tcp\"},{\"cidr\":\"10.0.0.1\",\"port\":\"1-1010\",\"proto\":\"udp\"}"),
                        NULL, text),
                -EINVAL);
        assert_true(has_finding(&two.findings, "$.capabilities.base.egress[1]", "10.0.0.1/32|more than 16|host's ceiling " FILE_HOST) ||
                    has_finding(&two.findings, "$.capabilities.base.egress[0]", "10.0.0.1/32|more than 16|host's ceiling " FILE_HOST));
}

static void a_ceiling_opens_what_stands_apart_only_by_a_rule_within(void **state)
{
        static const char *const all = EGRESS(ANY ",{\"cidr\":\"127.0.0.1\"},{\"cidr\":\"169.254.169.254\"},{\"cidr\":\"::1\"}");
        _cleanup_clipped_ struct clipped wide = { 0 }, named = { 0 }, loopback = { 0 };

        (void)state;
        compile_under(&wide, all, NULL, EGRESS(ANY));
        assert_true(opens(&wide, "192.0.2.1", HF_TCP, 80));
        assert_false(opens(&wide, "127.0.0.1", HF_TCP, 80));
        assert_false(opens(&wide, "169.254.169.254", HF_TCP, 80));
        assert_false(opens(&wide, "::1", HF_TCP, 80));
        assert_true(wide.compiled->clipped);
        compile_under(&named, EGRESS(ANY), all, all);
        assert_true(opens(&named, "192.0.2.1", HF_TCP, 80));
        assert_false(opens(&named, "127.0.0.1", HF_TCP, 80));
        assert_false(opens(&named, "169.254.169.254", HF_TCP, 80));
        compile_under(&loopback, all, all, EGRESS("{\"cidr\":\"127.0.0.0/8\",\"port\":80},{\"cidr\":\"169.254.169.254\",\"port\":80}"));
        assert_true(opens(&loopback, "127.0.0.1", HF_TCP, 80));
        assert_false(opens(&loopback, "127.0.0.1", HF_TCP, 443));
        assert_false(opens(&loopback, "127.0.0.2", HF_TCP, 80));
        assert_true(opens(&loopback, "169.254.169.254", HF_TCP, 80));
        assert_false(opens(&loopback, "192.0.2.1", HF_TCP, 80));
}

static void rules_of_two_ceiling_capabilities_join_to_one_range(void **state)
{
        _cleanup_clipped_ struct clipped c = { 0 };

        (void)state;
        compile_under(&c, EGRESS("{\"cidr\":\"10.0.0.0/8\",\"port\":\"1-100\"}"), NULL,
                      EGRESS("{\"cidr\":\"10.0.0.0/8\",\"port\":\"1-50\"},{\"cidr\":\"10.0.0.0/8\",\"port\":\"51-200\"}"));
        assert_true(opens(&c, "10.0.0.1", HF_TCP, 50));
        assert_true(opens(&c, "10.0.0.1", HF_UDP, 51));
        assert_false(c.compiled->clipped);
        assert_int_equal(c.compiled->prefixes[0].egress.count, 1);
}

static void assert_told(const struct clipped *c, const char *address, __u32 port, enum hf_why why, __u32 rule)
{
        __u32 found = 0;

        assert_int_equal(decide(c, address, HF_TCP, port, &found), why);
        assert_int_equal(found, rule);
}

static void a_denial_of_a_ceiling_takes_from_what_it_allows_and_is_named(void **state)
{
        _cleanup_clipped_ struct clipped c = { 0 };

        (void)state;
        compile_under(&c, EGRESS("{\"cidr\":\"10.0.0.0/8\",\"port\":\"1-100\"},{\"cidr\":\"10.1.2.3\",\"port\":\"1-200\"}"), NULL,
                      EGRESS(ANY ",{\"cidr\":\"10.1.0.0/16\",\"deny\":true,\"port\":\"50-60\"},{\"cidr\":\"10.1.2.0/24\",\"port\":55},"
                                 "{\"cidr\":\"10.9.0.0/16\",\"deny\":true}"));
        assert_told(&c, "10.0.0.1", 55, HF_WHY_ALLOWED, 1);
        assert_told(&c, "10.1.3.1", 49, HF_WHY_ALLOWED, 1);
        assert_told(&c, "10.1.3.1", 50, HF_WHY_RULE, HOST(3));
        assert_told(&c, "10.1.3.1", 60, HF_WHY_RULE, HOST(3));
        assert_told(&c, "10.1.3.1", 61, HF_WHY_ALLOWED, 1);
        /* What the policy allows inside the denial changes nothing, what the ceiling does, does. */
        assert_told(&c, "10.1.2.3", 54, HF_WHY_RULE, HOST(3));
        assert_told(&c, "10.1.2.3", 55, HF_WHY_ALLOWED, 2);
        assert_told(&c, "10.1.2.4", 55, HF_WHY_ALLOWED, 1);
        assert_told(&c, "10.9.0.1", 1, HF_WHY_RULE, HOST(5));
        /* Of what no rule of the policy opens, the policy is told. */
        assert_told(&c, "10.9.0.1", 101, HF_WHY_NO_RULE, 0);
        assert_true(c.compiled->clipped);
}

static void the_first_layer_that_refuses_is_told(void **state)
{
        _cleanup_clipped_ struct clipped c = { 0 };

        (void)state;
        compile_under(&c, EGRESS("{\"cidr\":\"10.0.0.0/8\"},{\"cidr\":\"10.1.0.0/16\",\"deny\":true},{\"cidr\":\"10.1.1.0/24\"}"),
                      EGRESS(ANY ",{\"cidr\":\"10.1.0.0/17\",\"deny\":true},{\"cidr\":\"10.2.0.0/16\",\"deny\":true}"),
                      EGRESS("{\"cidr\":\"10.0.0.0/14\"},{\"cidr\":\"10.2.0.0/15\",\"deny\":true}"));
        assert_told(&c, "10.1.128.1", 80, HF_WHY_RULE, 2);
        assert_told(&c, "10.1.2.1", 80, HF_WHY_RULE, 2);
        assert_told(&c, "10.1.1.1", 80, HF_WHY_RULE, USER(3));
        assert_told(&c, "10.2.0.1", 80, HF_WHY_RULE, USER(4));
        assert_told(&c, "10.3.0.1", 80, HF_WHY_RULE, HOST(2));
        assert_told(&c, "10.4.0.1", 80, HF_WHY_INACTIVE, HOST(0));
        assert_told(&c, "10.0.0.1", 80, HF_WHY_ALLOWED, 1);
}

static void the_denial_of_a_policy_holds_under_a_ceiling_that_allows_all(void **state)
{
        _cleanup_clipped_ struct clipped c = { 0 };

        (void)state;
        compile_under(&c, EGRESS("{\"cidr\":\"10.0.0.0/8\"},{\"cidr\":\"10.1.0.0/16\",\"deny\":true,\"port\":22}"), EGRESS(ANY),
                      EGRESS(ANY ",{\"cidr\":\"10.1.2.0/24\",\"port\":22}"));
        assert_told(&c, "10.1.2.3", 22, HF_WHY_RULE, 2);
        assert_told(&c, "10.1.2.3", 23, HF_WHY_ALLOWED, 1);
        assert_false(c.compiled->clipped);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(ports_and_protocols_are_intersected),
                cmocka_unit_test(the_longest_prefix_of_each_layer_counts),
                cmocka_unit_test(ipv4_and_ipv6_stay_apart_under_a_ceiling),
                cmocka_unit_test(a_ceiling_without_network_rules_opens_nothing_and_is_named),
                cmocka_unit_test(the_first_ceiling_that_takes_a_port_is_named),
                cmocka_unit_test(prefixes_of_a_ceiling_alone_say_nothing),
                cmocka_unit_test(ranges_that_a_ceiling_splits_must_still_fit),
                cmocka_unit_test(a_ceiling_opens_what_stands_apart_only_by_a_rule_within),
                cmocka_unit_test(rules_of_two_ceiling_capabilities_join_to_one_range),
                cmocka_unit_test(a_denial_of_a_ceiling_takes_from_what_it_allows_and_is_named),
                cmocka_unit_test(the_first_layer_that_refuses_is_told),
                cmocka_unit_test(the_denial_of_a_policy_holds_under_a_ceiling_that_allows_all),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
