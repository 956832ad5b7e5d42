/* SPDX-License-Identifier: Apache-2.0 */
/* Egress by name. */
#include "policy/hosts.h"

#include "unit/policy/fake_ceilings.h"

#include "policy/compile.h"

#define ALL (~0ULL)
#define PUBLIC "192.0.2.1"
#define UNTIL 1000u

static void address(const char *text, uint8_t out[16])
{
        memset(out, 0, 16);
        out[10] = out[11] = 0xff;
        if (inet_pton(AF_INET, text, out + 12) != 1)
                assert_int_equal(inet_pton(AF_INET6, text, out), 1);
}

static enum hf_why asked(const struct clipped *c, const char *name, uint64_t live, uint32_t *rule)
{
        return hosts_decide(c->compiled->hosts, name, live, rule);
}

static void assert_asked(const struct clipped *c, const char *name, enum hf_why why, uint32_t rule)
{
        uint32_t found = 0;

        assert_int_equal(asked(c, name, ALL, &found), why);
        assert_int_equal(found, rule);
}

/* What the name opens at the address. */
static struct hf_egress opened(const struct clipped *c, const char *name, const char *at)
{
        struct hf_egress egress = { 0 };
        uint8_t addr[16];
        int n;

        address(at, addr);
        n = hosts_open(c->compiled->hosts, name, addr, UNTIL, &egress);
        assert_int_equal(n, egress.count);
        return egress;
}

static bool leads(const struct clipped *c, const char *name, const char *at, uint32_t proto, uint32_t port)
{
        const struct hf_egress egress = opened(c, name, at);
        uint32_t rule;

        return hf_egress_decide(&egress, ALL, 0, proto, port, UNTIL - 1, &rule) == HF_WHY_ALLOWED;
}

static void a_policy_without_names_has_no_table(void **state)
{
        _cleanup_clipped_ struct clipped c = { 0 };

        (void)state;
        compile_under(&c, EGRESS(ANY), NULL, EGRESS("{\"host\":\"a.example\"}"));
        assert_null(c.compiled->hosts);
}

static void a_name_opens_its_ports_at_its_addresses_until_then(void **state)
{
        _cleanup_clipped_ struct clipped c = { 0 };
        struct hf_egress egress;
        uint32_t rule;

        (void)state;
        compile_under(&c, EGRESS("{\"cidr\":\"198.51.100.1\"},{\"host\":\"a.example\",\"port\":443,\"proto\":\"tcp\"}"), NULL, NULL);
        assert_int_equal(c.compiled->n_prefixes, 1);
        assert_asked(&c, "a.example", HF_WHY_ALLOWED, 2);
        assert_asked(&c, "b.example", HF_WHY_NO_RULE, 0);
        assert_asked(&c, "x.a.example", HF_WHY_NO_RULE, 0);
        assert_asked(&c, "example", HF_WHY_NO_RULE, 0);
        assert_asked(&c, "", HF_WHY_NO_RULE, 0);
        egress = opened(&c, "a.example", PUBLIC);
        assert_int_equal(egress.count, 1);
        assert_int_equal(egress.port[0].until, UNTIL);
        assert_int_equal(egress.port[0].rule, 2);
        assert_int_equal(egress.port[0].allow, 1);
        assert_int_equal(hf_egress_decide(&egress, ALL, 0, HF_TCP, 443, UNTIL - 1, &rule), HF_WHY_ALLOWED);
        assert_int_equal(hf_egress_decide(&egress, ALL, 0, HF_TCP, 443, UNTIL, &rule), HF_WHY_NO_RULE);
        assert_false(leads(&c, "a.example", PUBLIC, HF_UDP, 443));
        assert_false(leads(&c, "a.example", PUBLIC, HF_TCP, 80));
        assert_true(leads(&c, "a.example", "2001:db8::1", HF_TCP, 443));
        assert_int_equal(opened(&c, "b.example", PUBLIC).count, 0);
}

static void a_star_is_all_names_below_but_not_the_name(void **state)
{
        _cleanup_clipped_ struct clipped c = { 0 };

        (void)state;
        compile_under(&c, EGRESS("{\"host\":\"*.a.example\"}"), NULL, NULL);
        assert_asked(&c, "x.a.example", HF_WHY_ALLOWED, 1);
        assert_asked(&c, "y.x.a.example", HF_WHY_ALLOWED, 1);
        assert_asked(&c, "a.example", HF_WHY_NO_RULE, 0);
        assert_asked(&c, "xa.example", HF_WHY_NO_RULE, 0);
        assert_asked(&c, "*.a.example", HF_WHY_ALLOWED, 1);
        assert_asked(&c, "a.example.x", HF_WHY_NO_RULE, 0);
}

static void a_star_alone_is_all_names_that_no_other_rule_is_for(void **state)
{
        _cleanup_clipped_ struct clipped c = { 0 };

        (void)state;
        compile_under(&c, EGRESS("{\"host\":\"*\",\"port\":443},{\"host\":\"*.a.example\",\"deny\":true},{\"host\":\"c.example\"}"), NULL,
                      EGRESS("{\"host\":\"*.example\"},{\"host\":\"*\",\"port\":1}"));
        assert_asked(&c, "b.example", HF_WHY_ALLOWED, 1);
        assert_asked(&c, "x.a.example", HF_WHY_RULE, 2);
        assert_asked(&c, "c.example", HF_WHY_ALLOWED, 3);
        assert_true(leads(&c, "b.example", PUBLIC, HF_TCP, 443));
        assert_false(leads(&c, "b.example", PUBLIC, HF_TCP, 444));
        assert_false(leads(&c, "b.test", PUBLIC, HF_TCP, 443));
        assert_false(leads(&c, "b.example", "10.0.0.1", HF_TCP, 443));
}

static void the_most_exact_name_wins(void **state)
{
        _cleanup_clipped_ struct clipped c = { 0 };

        (void)state;
        compile_under(
                &c,
                EGRESS("{\"host\":\"*.example\",\"port\":1},{\"host\":\"*.a.example\",\"port\":2},{\"host\":\"b.a.example\",\"port\":3},"
                       "{\"host\":\"b.a.example\",\"port\":4},{\"host\":\"*.b.a.example\",\"deny\":true}"),
                NULL, NULL);
        assert_true(leads(&c, "z.example", PUBLIC, HF_TCP, 1));
        assert_true(leads(&c, "a.example", PUBLIC, HF_TCP, 1));
        assert_true(leads(&c, "z.a.example", PUBLIC, HF_TCP, 2));
        assert_false(leads(&c, "z.a.example", PUBLIC, HF_TCP, 1));
        assert_true(leads(&c, "b.a.example", PUBLIC, HF_TCP, 3));
        assert_true(leads(&c, "b.a.example", PUBLIC, HF_TCP, 4));
        assert_false(leads(&c, "b.a.example", PUBLIC, HF_TCP, 1));
        assert_false(leads(&c, "b.a.example", PUBLIC, HF_TCP, 2));
        assert_asked(&c, "c.b.a.example", HF_WHY_RULE, 5);
        assert_int_equal(opened(&c, "c.b.a.example", PUBLIC).count, 0);
}

static void a_denial_takes_its_ports_from_what_allows_at_the_name(void **state)
{
        _cleanup_clipped_ struct clipped c = { 0 };

        (void)state;
        compile_under(&c,
                      EGRESS("{\"host\":\"a.example\",\"deny\":true,\"port\":\"100-200\",\"proto\":\"tcp\"},{\"host\":\"a.example\"},"
                             "{\"host\":\"b.example\",\"port\":443},{\"host\":\"b.example\",\"port\":\"1-1000\",\"deny\":true},"
                             "{\"host\":\"*.example\"},{\"host\":\"c.example\",\"deny\":true,\"port\":22},"
                             "{\"host\":\"e.example\",\"deny\":true,\"port\":22},{\"host\":\"e.example\",\"port\":443},"
                             "{\"host\":\"e.example\",\"deny\":true,\"port\":443}"),
                      NULL, NULL);
        assert_asked(&c, "a.example", HF_WHY_ALLOWED, 2);
        assert_true(leads(&c, "a.example", PUBLIC, HF_TCP, 0));
        assert_true(leads(&c, "a.example", PUBLIC, HF_TCP, 99));
        assert_false(leads(&c, "a.example", PUBLIC, HF_TCP, 100));
        assert_false(leads(&c, "a.example", PUBLIC, HF_TCP, 200));
        assert_true(leads(&c, "a.example", PUBLIC, HF_TCP, 201));
        assert_true(leads(&c, "a.example", PUBLIC, HF_TCP, 65535));
        assert_true(leads(&c, "a.example", PUBLIC, HF_UDP, 150));
        assert_asked(&c, "b.example", HF_WHY_RULE, 4);
        assert_int_equal(opened(&c, "b.example", PUBLIC).count, 0);
        /* A denial alone is the most exact word on its name. */
        assert_asked(&c, "c.example", HF_WHY_RULE, 6);
        assert_asked(&c, "d.example", HF_WHY_ALLOWED, 5);
        assert_asked(&c, "e.example", HF_WHY_RULE, 9);
}

static void denials_at_the_ends_of_the_range_leave_the_rest(void **state)
{
        _cleanup_clipped_ struct clipped c = { 0 };

        (void)state;
        compile_under(&c,
                      EGRESS("{\"host\":\"a\",\"tls\":false},{\"host\":\"a\",\"deny\":true,\"port\":0},{\"host\":\"a\",\"deny\":true,"
                             "\"port\":65535},"
                             "{\"host\":\"b\"},{\"host\":\"b\",\"deny\":true}"),
                      NULL, NULL);
        assert_int_equal(opened(&c, "a", PUBLIC).count, 1);
        assert_int_equal(opened(&c, "a", PUBLIC).port[0].from, 1);
        assert_int_equal(opened(&c, "a", PUBLIC).port[0].to, 65534);
        assert_int_equal(opened(&c, "b", PUBLIC).count, 0);
        assert_asked(&c, "b", HF_WHY_RULE, 5);
}

static void capabilities_must_be_live(void **state)
{
        _cleanup_clipped_ struct clipped c = { 0 };
        struct hf_egress egress;
        uint32_t rule;

        (void)state;
        compile_under(&c,
                      "{\"holdfast\":1,\"name\":\"t\",\"capabilities\":{"
                      "\"a\":{\"egress\":[{\"host\":\"a.example\",\"port\":443}]},"
                      "\"b\":{\"authorization\":\"ask\",\"egress\":[{\"host\":\"a.example\",\"port\":80},{\"host\":\"b.example\"}]},"
                      "\"c\":{\"authorization\":\"ask\",\"egress\":[{\"host\":\"b.example\",\"deny\":true,\"port\":25}]}}}",
                      NULL, NULL);
        assert_int_equal(asked(&c, "a.example", 1, &rule), HF_WHY_ALLOWED);
        assert_int_equal(rule, 1);
        assert_int_equal(asked(&c, "a.example", 2, &rule), HF_WHY_ALLOWED);
        assert_int_equal(rule, 2);
        assert_int_equal(asked(&c, "a.example", 0, &rule), HF_WHY_INACTIVE);
        assert_int_equal(rule, 1);
        assert_int_equal(asked(&c, "b.example", 1, &rule), HF_WHY_INACTIVE);
        assert_int_equal(rule, 3);
        egress = opened(&c, "a.example", PUBLIC);
        assert_int_equal(hf_egress_decide(&egress, 1, 0, HF_TCP, 443, 0, &rule), HF_WHY_ALLOWED);
        assert_int_equal(hf_egress_decide(&egress, 1, 0, HF_TCP, 80, 0, &rule), HF_WHY_INACTIVE);
        assert_false(leads(&c, "b.example", PUBLIC, HF_TCP, 25)); /* a denial holds always */
        assert_true(leads(&c, "b.example", PUBLIC, HF_TCP, 26));
}

static const char *const private_addresses[] = {
        "10.0.0.0",        "10.255.255.255", "100.64.0.0",        "100.127.255.255", "172.16.0.0",     "172.31.255.255", "192.168.0.0",
        "192.168.255.255", "192.0.0.0",      "192.0.0.255",       "198.18.0.0",      "198.19.255.255", "fc00::",         "fdff::1",
        "64:ff9b:1::",     "64:ff9b:1:1::1", "64:ff9b::10.0.0.1", "2002:a00:1::1",   "2002:c0a8:1::",  "fec0::1",
};

static const char *const apart_addresses[] = {
        "0.0.0.0",
        "0.255.255.255",
        "127.0.0.1",
        "127.255.255.255",
        "169.254.0.0",
        "169.254.169.254",
        "169.254.255.255",
        "224.0.0.0",
        "239.1.1.1",
        "240.0.0.0",
        "255.255.255.255",
        "100.100.100.200",
        "::",
        "::1",
        "fe80::",
        "febf::1",
        "ff02::1",
        "fd00:ec2::254",
        "64:ff9b::7f00:1",
        "64:ff9b::a9fe:a9fe",
        "2002:7f00:1::",
        "::127.0.0.1",
        "::169.254.169.254",
};

static const char *const public_addresses[] = {
        "1.0.0.0",          "9.255.255.255",   "11.0.0.0",        "100.63.255.255",  "100.128.0.0",
        "126.255.255.255",  "128.0.0.0",       "169.253.255.255", "169.255.0.0",     "172.15.255.255",
        "172.32.0.0",       "191.255.255.255", "192.0.1.0",       "192.167.255.255", "192.169.0.0",
        "198.17.255.255",   "198.20.0.0",      "223.255.255.255", "192.0.2.1",       "198.51.100.1",
        "203.0.113.1",      "2001:db8::1",     "fbff::1",         "2606:4700::1",    "64:ff9b::192.0.2.1",
        "2002:c000:201::1",
};

static void special_addresses_are_known(void **state)
{
        uint8_t addr[16];

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(private_addresses); i++) {
                address(private_addresses[i], addr);
                assert_true(addr_is_special(addr));
        }
        for (size_t i = 0; i < ARRAY_SIZE(apart_addresses); i++) {
                address(apart_addresses[i], addr);
                assert_true(addr_is_special(addr));
        }
        for (size_t i = 0; i < ARRAY_SIZE(public_addresses); i++) {
                address(public_addresses[i], addr);
                assert_false(addr_is_special(addr));
        }
}

static void a_special_address_needs_private_and_some_the_exact_name(void **state)
{
        _cleanup_clipped_ struct clipped c = { 0 };

        (void)state;
        compile_under(&c,
                      EGRESS("{\"host\":\"a.example\",\"port\":1},{\"host\":\"a.example\",\"port\":2,\"private\":true},"
                             "{\"host\":\"*.example\",\"port\":1},{\"host\":\"*.example\",\"port\":2,\"private\":true}"),
                      NULL, NULL);
        for (size_t i = 0; i < ARRAY_SIZE(private_addresses); i++) {
                assert_false(leads(&c, "a.example", private_addresses[i], HF_TCP, 1));
                assert_true(leads(&c, "a.example", private_addresses[i], HF_TCP, 2));
                assert_false(leads(&c, "b.example", private_addresses[i], HF_TCP, 1));
                assert_true(leads(&c, "b.example", private_addresses[i], HF_TCP, 2));
        }
        for (size_t i = 0; i < ARRAY_SIZE(apart_addresses); i++) {
                assert_false(leads(&c, "a.example", apart_addresses[i], HF_TCP, 1));
                assert_true(leads(&c, "a.example", apart_addresses[i], HF_TCP, 2));
                assert_int_equal(opened(&c, "b.example", apart_addresses[i]).count, 0);
                assert_int_equal(opened(&c, "*.example", apart_addresses[i]).count, 0);
        }
        for (size_t i = 0; i < ARRAY_SIZE(public_addresses); i++) {
                assert_true(leads(&c, "a.example", public_addresses[i], HF_TCP, 1));
                assert_true(leads(&c, "b.example", public_addresses[i], HF_TCP, 2));
        }
}

static void a_ceiling_by_name_clips_names(void **state)
{
        _cleanup_clipped_ struct clipped c = { 0 };

        (void)state;
        compile_under(&c, EGRESS("{\"host\":\"*.example\"},{\"host\":\"a.example\",\"port\":\"1-500\"}"),
                      EGRESS("{\"host\":\"*.example\",\"proto\":\"tcp\"},{\"host\":\"b.example\",\"deny\":true}"),
                      EGRESS("{\"host\":\"a.example\",\"port\":443},{\"host\":\"*.example\",\"port\":\"400-600\"}"));
        assert_asked(&c, "a.example", HF_WHY_ALLOWED, 2);
        assert_true(leads(&c, "a.example", PUBLIC, HF_TCP, 443));
        assert_false(leads(&c, "a.example", PUBLIC, HF_TCP, 444));
        assert_false(leads(&c, "a.example", PUBLIC, HF_UDP, 443));
        assert_asked(&c, "b.example", HF_WHY_RULE, USER(2));
        assert_int_equal(opened(&c, "b.example", PUBLIC).count, 0);
        assert_asked(&c, "c.example", HF_WHY_ALLOWED, 1);
        assert_true(leads(&c, "c.example", PUBLIC, HF_TCP, 600));
        assert_false(leads(&c, "c.example", PUBLIC, HF_TCP, 601));
        assert_true(c.compiled->clipped);
}

static void a_ceiling_without_a_word_on_a_name_refuses_it(void **state)
{
        _cleanup_clipped_ struct clipped c = { 0 }, files = { 0 };

        (void)state;
        compile_under(&c, EGRESS("{\"host\":\"a.example\"},{\"host\":\"b.example\",\"port\":80}"), EGRESS("{\"host\":\"*.example\"}"),
                      EGRESS("{\"host\":\"b.example\",\"port\":443}"));
        assert_asked(&c, "a.example", HF_WHY_INACTIVE, HOST(0));
        assert_int_equal(opened(&c, "a.example", PUBLIC).count, 0);
        assert_asked(&c, "b.example", HF_WHY_INACTIVE, HOST(0));
        assert_asked(&c, "c.example", HF_WHY_NO_RULE, 0);
        compile_under(&files, EGRESS("{\"host\":\"a.example\"}"), FILES(ALLOW("/", "rwxc")), NULL);
        assert_asked(&files, "a.example", HF_WHY_INACTIVE, USER(0));
        assert_true(files.compiled->clipped);
}

static void a_ceiling_by_address_allows_what_a_name_leads_to(void **state)
{
        _cleanup_clipped_ struct clipped c = { 0 }, any = { 0 };

        (void)state;
        compile_under(&c, EGRESS("{\"host\":\"a.example\",\"port\":\"1-1000\",\"private\":true}"), NULL,
                      EGRESS("{\"cidr\":\"192.0.2.0/24\",\"port\":443},{\"cidr\":\"192.0.2.0/28\",\"port\":80},"
                             "{\"cidr\":\"192.0.2.128/"
                             "25\",\"port\":81},{\"cidr\":\"127.0.0.1\",\"port\":7},{\"host\":\"a.example\",\"port\":22}"));
        assert_asked(&c, "a.example", HF_WHY_ALLOWED, 1);
        assert_true(leads(&c, "a.example", "192.0.2.1", HF_TCP, 443));
        assert_true(leads(&c, "a.example", "192.0.2.1", HF_TCP, 80));
        assert_true(leads(&c, "a.example", "192.0.2.1", HF_TCP, 22));
        assert_false(leads(&c, "a.example", "192.0.2.1", HF_TCP, 81));
        assert_true(leads(&c, "a.example", "192.0.2.100", HF_TCP, 443));
        assert_false(leads(&c, "a.example", "192.0.2.100", HF_TCP, 80));
        assert_true(leads(&c, "a.example", "192.0.2.255", HF_TCP, 81));
        assert_true(leads(&c, "a.example", "198.51.100.1", HF_TCP, 22));
        assert_false(leads(&c, "a.example", "198.51.100.1", HF_TCP, 443));
        assert_true(leads(&c, "a.example", "127.0.0.1", HF_TCP, 7));
        assert_false(leads(&c, "a.example", "127.0.0.1", HF_TCP, 22)); /* the ceiling's name has no "private" */
        compile_under(&any, EGRESS("{\"host\":\"a.example\",\"private\":true}"), NULL, EGRESS(ANY));
        assert_asked(&any, "a.example", HF_WHY_ALLOWED, 1);
        assert_true(leads(&any, "a.example", "10.0.0.1", HF_TCP, 1));
        assert_true(leads(&any, "a.example", "2001:db8::1", HF_TCP, 1));
        assert_int_equal(opened(&any, "a.example", "127.0.0.1").count, 0);
        assert_int_equal(opened(&any, "a.example", "fe80::1").count, 0);
        assert_int_equal(opened(&any, "a.example", "::1").count, 0);
        assert_false(any.compiled->clipped);
}

static void the_denial_of_a_ceiling_stands_before_its_addresses(void **state)
{
        _cleanup_clipped_ struct clipped c = { 0 };

        (void)state;
        compile_under(&c, EGRESS("{\"host\":\"*.example\"}"), NULL,
                      EGRESS(ANY ",{\"host\":\"a.example\",\"deny\":true},{\"host\":\"b.example\",\"deny\":true,\"port\":80}"));
        assert_asked(&c, "a.example", HF_WHY_RULE, HOST(3));
        assert_int_equal(opened(&c, "a.example", PUBLIC).count, 0);
        assert_asked(&c, "b.example", HF_WHY_ALLOWED, 1);
        assert_false(leads(&c, "b.example", PUBLIC, HF_TCP, 80));
        assert_true(leads(&c, "b.example", PUBLIC, HF_TCP, 81));
        assert_true(leads(&c, "c.example", PUBLIC, HF_TCP, 80));
}

static void no_name_opens_what_a_denial_by_address_closes(void **state)
{
        _cleanup_clipped_ struct clipped c = { 0 };

        (void)state;
        compile_under(&c,
                      EGRESS("{\"host\":\"a.example\",\"port\":\"1-99\"},{\"cidr\":\"192.0.2.0/"
                             "24\",\"port\":\"50-60\",\"proto\":\"tcp\",\"deny\":true},"
                             "{\"cidr\":\"198.51.100.0/24\",\"deny\":true},{\"cidr\":\"203.0.113.1\",\"port\":7}"),
                      NULL, NULL);
        /* The name may be asked for: what it leads to is not known yet. */
        assert_asked(&c, "a.example", HF_WHY_ALLOWED, 1);
        assert_true(leads(&c, "a.example", "192.0.2.1", HF_TCP, 49));
        assert_false(leads(&c, "a.example", "192.0.2.1", HF_TCP, 50));
        assert_false(leads(&c, "a.example", "192.0.2.255", HF_TCP, 60));
        assert_true(leads(&c, "a.example", "192.0.2.1", HF_UDP, 55));
        assert_true(leads(&c, "a.example", "192.0.3.1", HF_TCP, 50));
        assert_int_equal(opened(&c, "a.example", "198.51.100.7").count, 0);
        /* What a rule by address opens no name does. */
        assert_true(leads(&c, "a.example", "203.0.113.1", HF_TCP, 9));
        assert_int_equal(opened(&c, "a.example", "203.0.113.1").count, 1);
        assert_int_equal(opened(&c, "b.example", "203.0.113.1").count, 0);
}

static void what_is_opened_again_in_a_denial_is_open_by_that_rule_alone(void **state)
{
        _cleanup_clipped_ struct clipped c = { 0 };
        struct hf_egress egress;
        uint32_t rule;

        (void)state;
        compile_under(&c,
                      "{\"holdfast\":1,\"name\":\"t\",\"capabilities\":{"
                      "\"a\":{\"egress\":[{\"host\":\"a.example\",\"port\":\"1-99\"},{\"cidr\":\"192.0.2.0/"
                      "24\",\"port\":\"20-200\",\"deny\":true}]},"
                      "\"b\":{\"authorization\":\"ask\",\"egress\":[{\"cidr\":\"192.0.2.8/"
                      "29\",\"port\":\"80-120\"},{\"cidr\":\"192.0.2.17\"}]}}}",
                      NULL, NULL);
        egress = opened(&c, "a.example", "192.0.2.9");
        assert_int_equal(hf_egress_decide(&egress, 1, 0, HF_TCP, 19, 0, &rule), HF_WHY_ALLOWED);
        assert_int_equal(hf_egress_decide(&egress, 1, 0, HF_TCP, 20, 0, &rule), HF_WHY_NO_RULE);
        assert_int_equal(hf_egress_decide(&egress, 1, 0, HF_TCP, 80, 0, &rule), HF_WHY_INACTIVE);
        assert_int_equal(rule, 3);
        assert_int_equal(hf_egress_decide(&egress, 2, 0, HF_TCP, 99, 0, &rule), HF_WHY_ALLOWED);
        assert_int_equal(hf_egress_decide(&egress, 3, 0, HF_TCP, 100, 0, &rule), HF_WHY_NO_RULE);
        assert_false(leads(&c, "a.example", "192.0.2.1", HF_TCP, 80));
        egress = opened(&c, "a.example", "192.0.2.17");
        assert_int_equal(hf_egress_decide(&egress, 1, 0, HF_TCP, 20, 0, &rule), HF_WHY_INACTIVE);
        assert_int_equal(hf_egress_decide(&egress, 2, 0, HF_TCP, 20, 0, &rule), HF_WHY_ALLOWED);
}

static void a_denial_of_an_address_wins_over_a_rule_for_the_exact_name(void **state)
{
        static const char *const denied[] = { "192.0.2.1", "10.0.0.1", "127.0.0.1", "169.254.169.254", "100.100.100.200",
                                              "::ffff:192.0.2.1",
                                              /* and where IPv6 holds it */
                                              "64:ff9b::192.0.2.1", "2002:c000:201::1", "::1" };
        _cleanup_clipped_ struct clipped c = { 0 }, v6 = { 0 };

        (void)state;
        compile_under(&c, EGRESS("{\"host\":\"a.example\",\"private\":true},{\"cidr\":\"0.0.0.0/0\",\"deny\":true}"), NULL, NULL);
        for (size_t i = 0; i < ARRAY_SIZE(denied); i++)
                assert_int_equal(opened(&c, "a.example", denied[i]).count, 0);
        assert_true(leads(&c, "a.example", "2001:db8::1", HF_TCP, 1));
        compile_under(&v6, EGRESS("{\"host\":\"a.example\",\"private\":true},{\"cidr\":\"::/0\",\"deny\":true}"), NULL, NULL);
        assert_true(leads(&v6, "a.example", "192.0.2.1", HF_TCP, 1));
        assert_true(leads(&v6, "a.example", "127.0.0.1", HF_TCP, 1));
        assert_int_equal(opened(&v6, "a.example", "::1").count, 0);
        assert_int_equal(opened(&v6, "a.example", "2001:db8::1").count, 0);
}

static void a_ceilings_denial_of_an_address_holds_against_names(void **state)
{
        _cleanup_clipped_ struct clipped c = { 0 };

        (void)state;
        compile_under(&c, EGRESS("{\"host\":\"*.example\",\"port\":\"1-99\"},{\"cidr\":\"192.0.2.1\"}"), EGRESS(ANY),
                      EGRESS(ANY ",{\"host\":\"b.example\"},{\"cidr\":\"192.0.2.0/24\",\"deny\":true,\"port\":\"50-60\"},"
                                 "{\"cidr\":\"192.0.2.1\",\"port\":55}"));
        assert_true(leads(&c, "a.example", "192.0.2.7", HF_TCP, 49));
        assert_false(leads(&c, "a.example", "192.0.2.7", HF_TCP, 55));
        assert_false(leads(&c, "b.example", "192.0.2.7", HF_TCP, 55));
        assert_true(leads(&c, "a.example", "192.0.2.1", HF_TCP, 55));
        assert_true(leads(&c, "b.example", "192.0.2.1", HF_TCP, 55));
        assert_false(leads(&c, "b.example", "192.0.2.1", HF_TCP, 54));
        assert_true(leads(&c, "b.example", "198.51.100.1", HF_TCP, 55));
}

static void what_is_open_already_stays_and_is_prolonged(void **state)
{
        _cleanup_clipped_ struct clipped c = { 0 };
        struct hf_egress egress = { 0 };
        uint8_t addr[16];

        (void)state;
        compile_under(&c, EGRESS("{\"host\":\"a\",\"port\":443},{\"host\":\"b\",\"port\":443},{\"host\":\"c\",\"port\":80}"), NULL, NULL);
        address(PUBLIC, addr);
        assert_int_equal(hosts_open(c.compiled->hosts, "a", addr, 100, &egress), 1);
        assert_int_equal(hosts_open(c.compiled->hosts, "b", addr, 50, &egress), 1);
        assert_int_equal(egress.count, 1);
        assert_int_equal(egress.port[0].until, 100);
        assert_int_equal(egress.port[0].rule, 1);
        assert_int_equal(hosts_open(c.compiled->hosts, "b", addr, 200, &egress), 1);
        assert_int_equal(egress.count, 1);
        assert_int_equal(egress.port[0].until, 200);
        assert_int_equal(egress.port[0].rule, 2);
        assert_int_equal(hosts_open(c.compiled->hosts, "c", addr, 150, &egress), 1);
        assert_int_equal(egress.count, 2);
        assert_int_equal(hosts_open(c.compiled->hosts, "z", addr, 150, &egress), 0);
        assert_int_equal(egress.count, 2);
}

static void what_does_not_fit_changes_nothing(void **state)
{
        _cleanup_clipped_ struct clipped c = { 0 };
        struct hf_egress egress = { .count = HF_PORTS - 1 }, before;
        uint8_t addr[16];

        (void)state;
        for (uint16_t i = 0; i < HF_PORTS; i++)
                egress.port[i] = (struct hf_port){ .allow = 1, .from = 2 * i, .to = 2 * i, .proto = HF_TCP };
        before = egress;
        compile_under(&c, EGRESS("{\"host\":\"a\",\"port\":443},{\"host\":\"a\",\"port\":445}"), NULL, NULL);
        address(PUBLIC, addr);
        assert_int_equal(hosts_open(c.compiled->hosts, "a", addr, 100, &egress), -ENOSPC);
        assert_memory_equal(&egress, &before, sizeof(egress));
}

/* One rule, then those for n ports of a name, each with the same end. */
static const char *many_ports(char out[8192], const char *first, int n, const char *end)
{
        size_t length = (size_t)snprintf(out, 8192, "{\"holdfast\":1,\"name\":\"t\",\"capabilities\":{\"base\":{\"egress\":[%s", first);

        for (int i = 0; i < n; i++)
                length += (size_t)snprintf(out + length, 8192 - length, ",{\"host\":\"*.a\",\"port\":%d%s}", 1000 + 2 * i, end);
        snprintf(out + length, 8192 - length, "]}}}");
        return out;
}

static void more_ranges_than_fit_are_refused(void **state)
{
        static const struct {
                int n;
                const char *end, *first;
                const char *where; /* NULL: it fits */
        } cases[] = {
                { HF_PORTS, "", "{\"host\":\"*.a\",\"port\":1000}", NULL },
                { HF_PORTS, "", "{\"host\":\"a\",\"port\":1}", NULL },
                { HF_PORTS, "", "{\"host\":\"*.a\",\"port\":1}", "$.capabilities.base.egress[16]" },
                { HF_PORTS - 1, ",\"deny\":true", "{\"host\":\"*.a\",\"proto\":\"tcp\",\"tls\":false}", NULL },
                { HF_PORTS - 2, ",\"deny\":true", "{\"host\":\"*.a\",\"proto\":\"tcp\"}", "$.capabilities.base.egress[14]" },
                { HF_PORTS, ",\"deny\":true", "{\"host\":\"*.a\",\"proto\":\"tcp\",\"tls\":false}", "$.capabilities.base.egress[16]" },
                /* One range for all of them where it leads elsewhere, but into private space each by itself. */
                { HF_PORTS, ",\"private\":true", "{\"host\":\"*.a\",\"tls\":false}", NULL },
                { HF_PORTS + 1, ",\"private\":true", "{\"host\":\"*.a\",\"tls\":false}", "$.capabilities.base.egress[17]" },
        };
        char text[8192], words[64];

        (void)state;
        snprintf(words, sizeof(words), "\"*.a\" has more than %d different port ranges", HF_PORTS);
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_clipped_ struct clipped c = { 0 }, under = { 0 };
                char where[128];

                many_ports(text, cases[i].first, cases[i].n, cases[i].end);
                assert_int_equal(try_compile(&c, NULL, text, NULL, NULL), cases[i].where ? -EINVAL : 0);
                assert_int_equal(try_compile(&under, NULL, EGRESS("{\"host\":\"b\"}"), NULL, text), cases[i].where ? -EINVAL : 0);
                if (!cases[i].where)
                        continue;
                assert_true(has_finding(&c.findings, cases[i].where, words));
                snprintf(where, sizeof(where), FILE_HOST ": %s", cases[i].where);
                assert_true(has_finding(&under.findings, where, words));
        }
}

/* Whether the port opens, and whether for TLS alone. */
static void assert_port(const struct clipped *c, uint32_t proto, uint32_t port, bool open, bool plain)
{
        const struct hf_egress egress = opened(c, "a.example", PUBLIC);

        assert_int_equal(leads(c, "a.example", PUBLIC, proto, port), open);
        if (proto == HF_TCP)
                assert_int_equal(hf_egress_plain(&egress, ALL, port, UNTIL - 1), plain);
}

static void the_port_of_https_asks_for_tls_unless_said(void **state)
{
        static const struct {
                const char *rules;
                bool tcp, plain, udp;    /* at port 443 */
                bool other, other_plain; /* TCP at 8443 */
        } cases[] = {
                { "{\"host\":\"a.example\"}", true, false, false, true, true },
                { "{\"host\":\"a.example\",\"tls\":true}", true, false, false, true, false },
                { "{\"host\":\"a.example\",\"tls\":false}", true, true, true, true, true },
                { "{\"host\":\"a.example\",\"port\":443}", true, false, false, false, false },
                { "{\"host\":\"a.example\",\"port\":443,\"proto\":\"udp\"}", false, false, true, false, false },
                { "{\"host\":\"a.example\",\"port\":8443,\"tls\":true}", false, false, false, true, false },
                { "{\"host\":\"a.example\",\"port\":8443}", false, false, false, true, true },
                /* What one rule opens without, another does not close. */
                { "{\"host\":\"a.example\",\"tls\":true},{\"host\":\"a.example\",\"port\":443,\"tls\":false}", true, true, true, true,
                  false },
                { "{\"host\":\"a.example\"},{\"host\":\"a.example\",\"port\":443,\"deny\":true}", false, false, false, true, true },
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_clipped_ struct clipped c = { 0 };
                char text[512];

                snprintf(text, sizeof(text), EGRESS("%s"), cases[i].rules);
                compile_under(&c, text, NULL, NULL);
                assert_port(&c, HF_TCP, 443, cases[i].tcp, cases[i].plain);
                assert_port(&c, HF_UDP, 443, cases[i].udp, false);
                assert_port(&c, HF_TCP, 8443, cases[i].other, cases[i].other_plain);
        }
}

static void a_ceiling_may_ask_for_tls(void **state)
{
        static const struct {
                const char *ceiling;
                bool plain;
        } cases[] = {
                { "{\"host\":\"a.example\",\"tls\":true}", false },
                { "{\"host\":\"a.example\",\"tls\":false}", true },
                { "{\"host\":\"*.example\",\"tls\":true},{\"cidr\":\"0.0.0.0/0\"}", true },
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_clipped_ struct clipped c = { 0 };
                char text[512];

                snprintf(text, sizeof(text), EGRESS("%s"), cases[i].ceiling);
                compile_under(&c, EGRESS("{\"host\":\"a.example\",\"port\":8443,\"proto\":\"tcp\",\"tls\":false}"), NULL, text);
                assert_port(&c, HF_TCP, 8443, true, cases[i].plain);
                assert_int_equal(hosts_clipped(c.compiled->hosts), !cases[i].plain);
        }
}

static void names_are_found_among_ten_thousand(void **state)
{
        enum { NAMES = 10000 };
        _cleanup_clipped_ struct clipped c = { 0 };
        _cleanup_free_ char *text = NULL;
        size_t length;
        FILE *f = open_memstream(&text, &length);

        (void)state;
        assert_non_null(f);
        fputs("{\"holdfast\":1,\"name\":\"t\",\"capabilities\":{\"base\":{\"egress\":[", f);
        for (int i = 0; i < NAMES; i++)
                fprintf(f, "{\"host\":\"%sn%d.example\",\"port\":%d},", i % 2 ? "*." : "", i * 7919 % NAMES, i);
        fputs("{\"host\":\"last.example\"}]}}}", f);
        fclose(f);
        compile_under(&c, text, text, text);
        assert_true(hosts_size(c.compiled->hosts) < 3 * NAMES * 100);
        for (int i = 0; i < NAMES; i++) {
                char name[64];

                snprintf(name, sizeof(name), "%sn%d.example", i % 2 ? "x.y." : "", i * 7919 % NAMES);
                assert_asked(&c, name, HF_WHY_ALLOWED, (uint32_t)i + 1);
                assert_true(leads(&c, name, PUBLIC, HF_TCP, (uint32_t)i));
                assert_int_equal(opened(&c, name, PUBLIC).count, 1);
                assert_asked(&c, i % 2 ? name + 4 : name + 1, HF_WHY_NO_RULE, 0);
        }
        assert_asked(&c, "last.example", HF_WHY_ALLOWED, NAMES + 1);
}

static void a_table_is_one_piece(void **state)
{
        _cleanup_clipped_ struct clipped c = { 0 };
        _cleanup_free_ struct hosts *moved = NULL;
        uint32_t rule;
        size_t size;

        (void)state;
        compile_under(&c, EGRESS("{\"host\":\"*.a.example\"},{\"host\":\"b.example\"}"), NULL, EGRESS(ANY));
        size = hosts_size(c.compiled->hosts);
        moved = malloc(size);
        memcpy(moved, c.compiled->hosts, size);
        memset(c.compiled->hosts, 0xff, size);
        assert_int_equal(hosts_decide(moved, "x.a.example", ALL, &rule), HF_WHY_ALLOWED);
        assert_int_equal(rule, 1);
        assert_int_equal(hosts_decide(moved, "b.example", ALL, &rule), HF_WHY_ALLOWED);
        assert_int_equal(rule, 2);
        assert_int_equal(hosts_decide(moved, "a.example", ALL, &rule), HF_WHY_NO_RULE);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_policy_without_names_has_no_table),
                cmocka_unit_test(a_name_opens_its_ports_at_its_addresses_until_then),
                cmocka_unit_test(a_star_is_all_names_below_but_not_the_name),
                cmocka_unit_test(a_star_alone_is_all_names_that_no_other_rule_is_for),
                cmocka_unit_test(the_most_exact_name_wins),
                cmocka_unit_test(a_denial_takes_its_ports_from_what_allows_at_the_name),
                cmocka_unit_test(denials_at_the_ends_of_the_range_leave_the_rest),
                cmocka_unit_test(capabilities_must_be_live),
                cmocka_unit_test(special_addresses_are_known),
                cmocka_unit_test(a_special_address_needs_private_and_some_the_exact_name),
                cmocka_unit_test(a_ceiling_by_name_clips_names),
                cmocka_unit_test(a_ceiling_without_a_word_on_a_name_refuses_it),
                cmocka_unit_test(a_ceiling_by_address_allows_what_a_name_leads_to),
                cmocka_unit_test(the_denial_of_a_ceiling_stands_before_its_addresses),
                cmocka_unit_test(no_name_opens_what_a_denial_by_address_closes),
                cmocka_unit_test(what_is_opened_again_in_a_denial_is_open_by_that_rule_alone),
                cmocka_unit_test(a_denial_of_an_address_wins_over_a_rule_for_the_exact_name),
                cmocka_unit_test(a_ceilings_denial_of_an_address_holds_against_names),
                cmocka_unit_test(what_is_open_already_stays_and_is_prolonged),
                cmocka_unit_test(what_does_not_fit_changes_nothing),
                cmocka_unit_test(more_ranges_than_fit_are_refused),
                cmocka_unit_test(the_port_of_https_asks_for_tls_unless_said),
                cmocka_unit_test(a_ceiling_may_ask_for_tls),
                cmocka_unit_test(names_are_found_among_ten_thousand),
                cmocka_unit_test(a_table_is_one_piece),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
