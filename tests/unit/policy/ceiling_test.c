/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/policy/fake_fs.h"

#include <arpa/inet.h>

#include "holdfast/decide.h"

#define FILE_USER "/c/users/u.json"
#define FILE_HOST "/c/host.json"

/* A policy compiled under ceilings; a NULL text is no ceiling. */
struct clipped {
        struct policy *layers[HF_LAYERS];
        struct compiled *compiled;
        struct findings findings;
        struct fake_fs fs;
};

static void clipped_clear(struct clipped *c)
{
        compiled_free(c->compiled);
        for (int i = 0; i < HF_LAYERS; i++)
                policy_free(c->layers[i]);
        findings_clear(&c->findings);
}
#define _cleanup_clipped_ _cleanup_(clipped_clear)

static const struct fake tree[] = {
        { "/usr", 'd', NULL },
        { "/etc", 'd', NULL },
        { "/etc/shadow", 'f', NULL },
        { "/srv", 'd', NULL },
        { "/srv/ws", 'd', NULL },
        { "/srv/ws/keys", 'd', NULL },
        { "/srv/ws/keys/public", 'd', NULL },
        { "/srv/ws/link", 'l', "/data/real" },
        { "/data", 'd', NULL },
        { "/data/real", 'd', NULL },
        { "/loop", 'l', "loop" },
        { "/mnt", 'd', NULL },
        { NULL, 0, NULL },
};

static int try_compile(struct clipped *c, const char *const *mounts, const char *policy, const char *user, const char *host)
{
        const char *const texts[HF_LAYERS] = { policy, user, host };
        struct policy_vars vars = fake_vars;
        struct ceiling ceilings[HF_LAYERS] = { 0 };

        for (int i = 0; i < HF_LAYERS; i++)
                c->layers[i] = texts[i] ? parsed(texts[i]) : NULL;
        ceilings[HF_LAYER_USER] = (struct ceiling){ c->layers[HF_LAYER_USER], FILE_USER };
        ceilings[HF_LAYER_HOST] = (struct ceiling){ c->layers[HF_LAYER_HOST], FILE_HOST };
        vars.ceilings = ceilings;
        c->fs = (struct fake_fs){ .objects = tree };
        return policy_compile(c->layers[0], &vars, &(struct fs_view){ fake_open, &c->fs, mounts }, &c->compiled, &c->findings);
}

static void compile_under(struct clipped *c, const char *policy, const char *user, const char *host)
{
        int r = try_compile(c, NULL, policy, user, host);

        if (r == 0)
                return;
        print_findings(&c->findings);
        fail();
}

static const struct hf_node *node_at(const struct clipped *c, const char *path)
{
        return &compiled_find(c->compiled, path)->node;
}

static void assert_rights_(const struct clipped *c, const char *path, const char *expected, int line)
{
        char found[5];

        right_format((uint8_t)(HF_RIGHTS_ALL & ~hf_refused(node_at(c, path), ~0ULL, HF_RIGHTS_ALL)), found);
        if (strcmp(found, expected) == 0)
                return;
        print_error("line %d: %s has \"%s\", expected \"%s\"\n", line, path, found, expected);
        fail();
}
#define assert_rights(c, path, expected) assert_rights_(c, path, expected, __LINE__)

/* That the right is refused there, for that reason, by that rule of that layer. */
static void assert_refused_(const struct clipped *c, const char *path, __u32 right, enum hf_why why, __u32 rule, int line)
{
        const struct hf_node *node = node_at(c, path);
        __u32 found = 0;
        enum hf_why reason;

        assert_int_equal(hf_refused(node, ~0ULL, right), right);
        reason = hf_explain(node, right, &found);
        if (reason == why && found == rule)
                return;
        print_error("line %d: %s: why %d, rule %#x; expected %d, %#x\n", line, path, reason, found, why, rule);
        fail();
}
#define assert_refused(c, path, right, why, rule) assert_refused_(c, path, right, why, rule, __LINE__)

#define USER(number) hf_rule(HF_LAYER_USER, number)
#define HOST(number) hf_rule(HF_LAYER_HOST, number)

static void a_denial_of_a_ceiling_holds_inside_an_allowance(void **state)
{
        _cleanup_clipped_ struct clipped c = { 0 };

        (void)state;
        compile_under(&c, FILES(ALLOW("/srv", "rw")), NULL, FILES(ALLOW("/", "rwxc") "," DENY("/srv/ws/keys", "rw")));
        assert_rights(&c, "/srv/ws/x", "rw");
        assert_rights(&c, "/srv/ws/keys", "");
        assert_rights(&c, "/srv/ws/keys/public/x", "");
        assert_refused(&c, "/srv/ws/keys/x", HF_READ, HF_WHY_RULE, HOST(2));
        assert_refused(&c, "/srv/ws/keys/x", HF_EXEC, HF_WHY_NO_RULE, 0);
        assert_int_equal(node_at(&c, "/srv/ws/keys")->deny, HF_READ | HF_WRITE);
        assert_true(c.compiled->clipped);
}

static void an_allowance_of_the_policy_does_not_open_what_a_ceiling_denies(void **state)
{
        _cleanup_clipped_ struct clipped c = { 0 };

        (void)state;
        compile_under(&c, FILES(ALLOW("/srv", "r") "," ALLOW("/srv/ws/keys/public", "rw")), NULL,
                      FILES(ALLOW("/srv", "rw") "," DENY("/srv/ws/keys", "rw")));
        assert_rights(&c, "/srv/ws", "r");
        assert_rights(&c, "/srv/ws/keys/public", "");
        assert_refused(&c, "/srv/ws/keys/public/x", HF_WRITE, HF_WHY_RULE, HOST(2));
}

static void an_allowance_inside_a_ceilings_denial_opens_it_again_for_what_the_policy_allows(void **state)
{
        _cleanup_clipped_ struct clipped c = { 0 };

        (void)state;
        compile_under(&c, FILES(ALLOW("/srv", "r")), NULL,
                      FILES(ALLOW("/srv", "rw") "," DENY("/srv/ws/keys", "rw") "," ALLOW("/srv/ws/keys/public", "rw")));
        assert_rights(&c, "/srv/ws/keys", "");
        assert_rights(&c, "/srv/ws/keys/public/x", "r");
        assert_int_equal(node_at(&c, "/srv/ws/keys/public")->rule[0], 1);
        assert_int_equal(node_at(&c, "/srv/ws/keys/public")->deny & HF_READ, 0);
}

static void a_ceiling_allows_nothing_by_itself(void **state)
{
        _cleanup_clipped_ struct clipped c = { 0 };

        (void)state;
        compile_under(&c, FILES(ALLOW("/usr", "r")), FILES(ALLOW("/", "rwxc")), FILES(ALLOW("/", "rwxc") "," ALLOW("/srv/ws", "rwxc")));
        assert_rights(&c, "/usr/x", "r");
        assert_rights(&c, "/srv/ws", "");
        assert_refused(&c, "/srv/ws", HF_READ, HF_WHY_NO_RULE, 0);
        assert_false(c.compiled->clipped);
}

static void what_no_rule_of_a_ceiling_allows_is_refused_in_its_name_with_number_0(void **state)
{
        _cleanup_clipped_ struct clipped c = { 0 };

        (void)state;
        compile_under(&c, FILES(ALLOW("/srv", "rw") "," ALLOW("/etc", "r")), FILES(ALLOW("/srv", "r")), NULL);
        assert_rights(&c, "/srv/ws", "r");
        assert_rights(&c, "/etc", "");
        assert_refused(&c, "/srv/ws", HF_WRITE, HF_WHY_RULE, USER(0));
        assert_refused(&c, "/etc/x", HF_READ, HF_WHY_RULE, USER(0));
        assert_refused(&c, "/usr", HF_READ, HF_WHY_NO_RULE, 0);
}

static void of_two_ceilings_each_clips_and_the_first_that_refuses_is_named(void **state)
{
        _cleanup_clipped_ struct clipped c = { 0 };

        (void)state;
        compile_under(&c, FILES(ALLOW("/srv", "rwx") "," DENY("/srv/ws/d", "r")),
                      FILES(ALLOW("/srv", "rw") "," DENY("/srv/ws/keys", "r") "," DENY("/srv/ws/d", "r")),
                      FILES(ALLOW("/srv", "rx") "," DENY("/srv/ws", "r")));
        assert_rights(&c, "/srv", "r");
        assert_rights(&c, "/srv/ws", "");
        assert_refused(&c, "/srv", HF_WRITE, HF_WHY_RULE, HOST(0));
        assert_refused(&c, "/srv", HF_EXEC, HF_WHY_RULE, USER(0));
        assert_refused(&c, "/srv/ws", HF_READ, HF_WHY_RULE, HOST(2));
        assert_refused(&c, "/srv/ws/keys", HF_READ, HF_WHY_RULE, USER(2));
        assert_refused(&c, "/srv/ws/d", HF_READ, HF_WHY_RULE, 2);
}

static void a_denial_of_a_ceiling_is_named_where_the_policy_has_no_rule(void **state)
{
        _cleanup_clipped_ struct clipped c = { 0 };

        (void)state;
        compile_under(&c, FILES(ALLOW("/usr", "r")), NULL, FILES(ALLOW("/", "r") "," DENY("/srv/ws/keys", "r")));
        assert_refused(&c, "/srv/ws/keys", HF_READ, HF_WHY_RULE, HOST(2));
        assert_refused(&c, "/srv/ws", HF_READ, HF_WHY_NO_RULE, 0);
        assert_false(c.compiled->clipped);
}

static void every_capability_of_a_ceiling_counts_whatever_its_authorization(void **state)
{
        _cleanup_clipped_ struct clipped c = { 0 };

        (void)state;
        compile_under(&c, FILES(ALLOW("/srv", "rw")), NULL,
                      "{\"holdfast\":1,\"name\":\"t\",\"capabilities\":{\"a\":{\"files\":[" ALLOW(
                              "/srv", "r") "]},\"b\":{\"authorization\":\"ask\",\"files\":[" ALLOW("/srv", "w") "]}}}");
        assert_rights(&c, "/srv/ws", "rw");
        assert_int_equal(c.compiled->active, 1);
        assert_int_equal(node_at(&c, "/srv")->allow[1], 1);
}

static void which_capabilities_allow_stays_as_the_policy_says(void **state)
{
        _cleanup_clipped_ struct clipped c = { 0 };

        (void)state;
        compile_under(&c,
                      "{\"holdfast\":1,\"name\":\"t\",\"capabilities\":{\"a\":{\"files\":[" ALLOW(
                              "/srv", "r") "]},\"b\":{\"authorization\":\"ask\",\"files\":[" ALLOW("/srv", "rw") "]}}}",
                      NULL, FILES(ALLOW("/", "rw")));
        assert_int_equal(node_at(&c, "/srv")->allow[0], 3);
        assert_int_equal(node_at(&c, "/srv")->allow[1], 2);
        assert_int_equal(c.compiled->active, 1);
}

static void names_that_do_not_exist_are_clipped_too(void **state)
{
        _cleanup_clipped_ struct clipped c = { 0 };
        const struct place *place;

        (void)state;
        compile_under(&c, FILES(ALLOW("${WORKSPACE}", "rw")), NULL, FILES(ALLOW("/", "rw") "," DENY("${WORKSPACE}/.git/hooks", "w")));
        place = compiled_find(c.compiled, "/srv/ws/.git/hooks/pre-commit");
        assert_string_equal(place->name, "hooks");
        assert_int_equal(place->fd, -1);
        assert_int_equal(place->ruled, 1 << HF_LAYER_HOST);
        assert_refused(&c, "/srv/ws/.git/hooks/pre-commit", HF_WRITE, HF_WHY_RULE, HOST(2));
        assert_rights(&c, "/srv/ws/.git/config", "rw");
}

static void a_denial_of_a_ceiling_marks_the_way(void **state)
{
        _cleanup_clipped_ struct clipped c = { 0 };

        (void)state;
        compile_under(&c, FILES(ALLOW("/srv", "rw")), FILES(ALLOW("/", "rw") "," DENY("/srv/ws/keys", "w")), NULL);
        assert_int_equal(node_at(&c, "/srv")->flags, HF_NODE_WAY);
        assert_int_equal(node_at(&c, "/srv/ws")->flags, HF_NODE_WAY);
        assert_int_equal(node_at(&c, "/srv/ws/keys")->flags, 0);
        assert_int_equal(node_at(&c, "/")->flags, 0);
}

static void a_symlink_on_the_way_of_a_ceilings_denial_cannot_be_replaced(void **state)
{
        _cleanup_clipped_ struct clipped c = { 0 };

        (void)state;
        compile_under(&c, FILES(ALLOW("/srv", "rw") "," ALLOW("/data", "rw")), NULL,
                      FILES(ALLOW("/", "rw") "," DENY("/srv/ws/link/secret", "rw")));
        assert_refused(&c, "/srv/ws/link", HF_WRITE, HF_WHY_RULE, HOST(2));
        assert_refused(&c, "/data/real/secret", HF_READ, HF_WHY_RULE, HOST(2));
        assert_rights(&c, "/data/real/other", "rw");
}

static void a_seal_stays_a_seal_under_ceilings(void **state)
{
        static const struct seal seals[] = { { "/srv/ws", HF_RIGHTS_ALL }, { NULL, 0 } };
        _cleanup_clipped_ struct clipped c = { 0 };
        struct policy_vars vars = fake_vars;
        struct ceiling ceilings[HF_LAYERS] = { 0 };

        (void)state;
        c.layers[0] = parsed(FILES(ALLOW("/", "rw")));
        c.layers[HF_LAYER_HOST] = parsed(FILES(ALLOW("/", "r") "," DENY("/srv", "w")));
        ceilings[HF_LAYER_HOST] = (struct ceiling){ c.layers[HF_LAYER_HOST], FILE_HOST };
        vars.seals = seals;
        vars.ceilings = ceilings;
        c.fs = (struct fake_fs){ .objects = tree };
        assert_int_equal(policy_compile(c.layers[0], &vars, &(struct fs_view){ fake_open, &c.fs, NULL }, &c.compiled, &c.findings), 0);
        assert_refused(&c, "/srv/ws", HF_WRITE, HF_WHY_GUARD, HF_RULE_SEAL);
        assert_refused(&c, "/srv", HF_WRITE, HF_WHY_RULE, HOST(2));
}

static void a_mount_point_is_clipped_as_the_place_it_lies_at(void **state)
{
        static const char *const mounts[] = { "/mnt", "/srv/ws", NULL };
        _cleanup_clipped_ struct clipped c = { 0 };
        const struct place *place;

        (void)state;
        assert_int_equal(try_compile(&c, mounts, FILES(ALLOW("/", "rw")), NULL, FILES(ALLOW("/", "r") "," ALLOW("/srv", "rw"))), 0);
        place = compiled_find(c.compiled, "/mnt");
        assert_string_equal(place->name, "mnt");
        assert_int_equal(place->ruled, 0);
        assert_refused(&c, "/mnt", HF_WRITE, HF_WHY_RULE, HOST(0));
        assert_rights(&c, "/srv/ws", "rw");
}

static size_t index_of(const struct clipped *c, const char *path)
{
        return (size_t)(compiled_find(c->compiled, path) - c->compiled->places);
}

static void one_object_at_two_places_is_clipped_by_what_each_layer_says_of_it(void **state)
{
        _cleanup_clipped_ struct clipped c = { 0 };
        size_t same[2];

        (void)state;
        compile_under(&c, FILES(ALLOW("/srv/ws", "rw")), NULL, FILES(ALLOW("/", "rwx") "," DENY("/data/real", "w")));
        same[0] = index_of(&c, "/srv/ws");
        same[1] = index_of(&c, "/data/real");
        compiled_meet(c.compiled, same, 2);
        /* The policy speaks at one of them, the ceiling at the other. */
        assert_rights(&c, "/srv/ws", "r");
        assert_rights(&c, "/data/real", "r");
        assert_refused(&c, "/srv/ws", HF_WRITE, HF_WHY_RULE, HOST(2));
        assert_int_equal(node_at(&c, "/srv/ws")->rule[0], 1);
}

static void an_allowance_of_a_ceiling_by_another_name_takes_nothing(void **state)
{
        _cleanup_clipped_ struct clipped c = { 0 };
        size_t same[2];

        (void)state;
        compile_under(&c, FILES(ALLOW("/srv/ws", "rw")), NULL, FILES(ALLOW("/srv", "rw") "," ALLOW("/data/real", "rw")));
        same[0] = index_of(&c, "/data/real");
        same[1] = index_of(&c, "/srv/ws");
        compiled_meet(c.compiled, same, 2);
        assert_rights(&c, "/srv/ws", "rw");
}

static void the_lower_limit_of_all_layers_wins(void **state)
{
        static const char policy[] =
                "{\"holdfast\":1,\"name\":\"t\",\"capabilities\":{\"a\":{}},\"limits\":{\"memory\":\"2G\",\"pids\":64}}";
        static const char user[] =
                "{\"holdfast\":1,\"name\":\"t\",\"capabilities\":{\"a\":{}},\"limits\":{\"memory\":\"1G\",\"cpu\":\"200%\"}}";
        static const char host[] = "{\"holdfast\":1,\"name\":\"t\",\"capabilities\":{\"a\":{}},\"limits\":{\"cpu\":\"50%\",\"pids\":100,"
                                   "\"wall\":\"1h\"}}";
        _cleanup_clipped_ struct clipped c = { 0 }, same = { 0 };

        (void)state;
        compile_under(&c, policy, user, host);
        assert_int_equal(c.compiled->limits.memory, 1ULL << 30);
        assert_int_equal(c.compiled->limits.cpu, 50);
        assert_int_equal(c.compiled->limits.pids, 64);
        assert_int_equal(c.compiled->limits.wall, 3600);
        assert_true(c.compiled->clipped);
        compile_under(&same, policy, NULL, policy);
        assert_int_equal(same.compiled->limits.memory, 2ULL << 30);
        assert_false(same.compiled->clipped);
}

static void a_fault_in_a_ceiling_is_told_with_its_file(void **state)
{
        _cleanup_clipped_ struct clipped c = { 0 };

        (void)state;
        assert_int_equal(try_compile(&c, NULL, FILES(ALLOW("/srv", "r")), FILES(ALLOW("/loop/x", "r")), NULL), -EINVAL);
        assert_null(c.compiled);
        assert_true(has_finding(&c.findings, FILE_USER ": $.capabilities.base.files[0].path", "loop of symlinks"));
}

/* Both must be the same to the last bit, but for what the index hashes by. */
static void assert_same(const struct compiled *a, const struct compiled *b)
{
        assert_int_equal(a->n_places, b->n_places);
        for (size_t i = 0; i < a->n_places; i++) {
                assert_string_equal(a->places[i].name, b->places[i].name);
                assert_int_equal(a->places[i].parent, b->places[i].parent);
                assert_int_equal(a->places[i].fd, b->places[i].fd);
                assert_memory_equal(&a->places[i].node, &b->places[i].node, sizeof(a->places[i].node));
        }
        assert_int_equal(a->n_prefixes, b->n_prefixes);
        for (size_t i = 0; i < a->n_prefixes; i++) {
                assert_int_equal(a->prefixes[i].bits, b->prefixes[i].bits);
                assert_memory_equal(a->prefixes[i].addr, b->prefixes[i].addr, sizeof(a->prefixes[i].addr));
                assert_int_equal(a->prefixes[i].egress.count, b->prefixes[i].egress.count);
                assert_memory_equal(a->prefixes[i].egress.port, b->prefixes[i].egress.port,
                                    a->prefixes[i].egress.count * sizeof(struct hf_port));
        }
        assert_int_equal(a->active, b->active);
}

#define BOTH(files, egress) "{\"holdfast\":1,\"name\":\"t\",\"capabilities\":{\"base\":{\"files\":[" files "],\"egress\":[" egress "]}}}"
#define ANY "{\"cidr\":\"0.0.0.0/0\"},{\"cidr\":\"::/0\"}"
#define MIXED \
        BOTH(ALLOW("/srv", "rw") "," DENY("/srv/ws/keys", "rw") "," ALLOW("/srv/ws/link", "r"), \
             "{\"cidr\":\"10.0.0.0/8\",\"port\":443},{\"cidr\":\"10.1.0.0/16\"},{\"cidr\":\"::/0\",\"proto\":\"udp\"}")

static void without_ceilings_the_result_is_the_same_whichever_way_there_are_none(void **state)
{
        _cleanup_clipped_ struct clipped none = { 0 };
        _cleanup_fixture_ struct fixture plain = { 0 };

        (void)state;
        assert_int_equal(compile(&plain, tree, NULL, MIXED), 0);
        compile_under(&none, MIXED, NULL, NULL);
        assert_same(plain.compiled, none.compiled);
        for (int i = 0; i < HF_LAYERS; i++)
                assert_null(none.compiled->layers[i]);
}

static void under_ceilings_that_allow_everything_the_result_is_the_same(void **state)
{
        _cleanup_clipped_ struct clipped wide = { 0 };
        _cleanup_fixture_ struct fixture plain = { 0 };

        (void)state;
        assert_int_equal(compile(&plain, tree, NULL, MIXED), 0);
        compile_under(&wide, MIXED, BOTH(ALLOW("/", "rwxc"), ANY), BOTH(ALLOW("/", "rwxc"), ANY));
        assert_false(wide.compiled->clipped);
        for (size_t i = 0; i < plain.compiled->n_places; i++)
                assert_memory_equal(&plain.compiled->places[i].node, &wide.compiled->places[i].node, sizeof(struct hf_node));
        assert_int_equal(plain.compiled->n_places, wide.compiled->n_places);
}

static void under_itself_a_policy_stays_as_it_is(void **state)
{
        _cleanup_clipped_ struct clipped c = { 0 };
        _cleanup_fixture_ struct fixture plain = { 0 };

        (void)state;
        assert_int_equal(compile(&plain, tree, NULL, MIXED), 0);
        compile_under(&c, MIXED, MIXED, MIXED);
        assert_false(c.compiled->clipped);
        assert_same(plain.compiled, c.compiled);
}

/* Egress. */

/* How a connection is decided with all capabilities on. */
static enum hf_why decide(const struct clipped *c, const char *address, __u32 proto, __u32 port, __u32 *rule)
{
        uint8_t addr[16] = { [10] = 0xff, [11] = 0xff };
        const struct prefix *p;

        if (strchr(address, ':'))
                assert_int_equal(inet_pton(AF_INET6, address, addr), 1);
        else
                assert_int_equal(inet_pton(AF_INET, address, addr + 12), 1);
        p = compiled_find_prefix(c->compiled, addr);
        return hf_egress_decide(p ? &p->egress : NULL, ~0ULL, proto, port, rule);
}

static bool opens(const struct clipped *c, const char *address, __u32 proto, __u32 port)
{
        __u32 rule;

        return decide(c, address, proto, port, &rule) == HF_WHY_ALLOWED;
}

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

/* Whatever the layers say, the result is what each of them compiled by itself allows, all together. */

static uint32_t random_state;

/* The same numbers in each run: xorshift32. */
static uint32_t pick(uint32_t n)
{
        random_state ^= random_state << 13;
        random_state ^= random_state >> 17;
        random_state ^= random_state << 5;
        return random_state % n;
}

static const char *const random_paths[] = {
        "/",     "/srv",           "/srv/ws",        "/srv/ws/keys", "/srv/ws/keys/public", "/srv/ws/keys/new/name", "/srv/ws/link",
        "/data", "/srv/ws/link/x", "/data/real/x/y", "/data/real",   "/etc/shadow",         "/srv/ws/new",           "/nowhere/at/all",
};
static const char *const random_rights[] = { "r", "w", "rw", "rwxc", "x", "rx" };
static const char *const random_prefixes[] = {
        "0.0.0.0/0", "10.0.0.0/8", "10.1.0.0/16", "10.1.2.3", "::/0", "2001:db8::/32", "2001:db8::1"
};
static const char *const random_ports[] = { "1-65535", "1-100", "50-150", "100-100", "101-200", "443-443" };
static const char *const random_protos[] = { "", ",\"proto\":\"tcp\"", ",\"proto\":\"udp\"" };

/* A policy of a few file and network rules. */
static void random_policy(char *text, size_t size)
{
        size_t n = (size_t)snprintf(text, size, "{\"holdfast\":1,\"name\":\"t\",\"capabilities\":{\"base\":{\"files\":[");

        for (uint32_t i = 0, rules = 1 + pick(6); i < rules; i++)
                n += (size_t)snprintf(text + n, size - n, "%s{\"path\":\"%s\",\"%s\":\"%s\"}", i ? "," : "",
                                      random_paths[pick(ARRAY_SIZE(random_paths))], pick(3) ? "allow" : "deny",
                                      random_rights[pick(ARRAY_SIZE(random_rights))]);
        n += (size_t)snprintf(text + n, size - n, "],\"egress\":[");
        for (uint32_t i = 0, rules = 1 + pick(4); i < rules; i++)
                n += (size_t)snprintf(text + n, size - n, "%s{\"cidr\":\"%s\",\"port\":\"%s\"%s}", i ? "," : "",
                                      random_prefixes[pick(ARRAY_SIZE(random_prefixes))], random_ports[pick(ARRAY_SIZE(random_ports))],
                                      random_protos[pick(ARRAY_SIZE(random_protos))]);
        snprintf(text + n, size - n, "]}}}");
}

static void compare_files(const struct clipped *all, const struct clipped alone[HF_LAYERS])
{
        static const char *const below[] = { "", "/x", "/keys", "/public/deep" };
        char path[128];

        for (size_t i = 0; i < ARRAY_SIZE(random_paths) * ARRAY_SIZE(below); i++) {
                uint32_t refused = 0;

                snprintf(path, sizeof(path), "%s%s", random_paths[i % ARRAY_SIZE(random_paths)], below[i / ARRAY_SIZE(random_paths)]);
                for (int layer = 0; layer < HF_LAYERS; layer++)
                        refused |= hf_refused(node_at(&alone[layer], path), ~0ULL, HF_RIGHTS_ALL);
                assert_int_equal(hf_refused(node_at(all, path), ~0ULL, HF_RIGHTS_ALL), refused);
        }
}

static void compare_ports(const struct clipped *all, const struct clipped alone[HF_LAYERS])
{
        static const char *const addresses[] = { "10.1.2.3", "10.1.2.4", "10.2.0.1", "192.0.2.1", "2001:db8::1", "2001:db8::2", "fe80::1" };
        static const uint16_t ports[] = { 1, 49, 50, 99, 100, 101, 150, 151, 200, 201, 443, 65535 };

        for (size_t i = 0; i < ARRAY_SIZE(addresses) * ARRAY_SIZE(ports) * 2; i++) {
                const char *address = addresses[i % ARRAY_SIZE(addresses)];
                const uint16_t port = ports[i / ARRAY_SIZE(addresses) % ARRAY_SIZE(ports)];
                const uint32_t proto = i < ARRAY_SIZE(addresses) * ARRAY_SIZE(ports) ? HF_TCP : HF_UDP;
                bool allowed = true;
                __u32 rule = 0;

                for (int layer = 0; layer < HF_LAYERS; layer++)
                        allowed &= opens(&alone[layer], address, proto, port);
                assert_int_equal(decide(all, address, proto, port, &rule) == HF_WHY_ALLOWED, allowed);
                /* A ceiling is named only for what the policy allows. */
                if (!allowed && opens(&alone[0], address, proto, port))
                        assert_true(hf_rule_layer(rule) > HF_LAYER_POLICY && hf_rule_layer(rule) < HF_LAYERS);
                else
                        assert_int_equal(hf_rule_layer(rule), HF_LAYER_POLICY);
        }
}

static void the_result_is_what_every_layer_by_itself_allows(void **state)
{
        (void)state;
        random_state = 20261125;
        for (int round = 0; round < 400; round++) {
                _cleanup_clipped_ struct clipped all = { 0 }, policy = { 0 }, user = { 0 }, host = { 0 };
                struct clipped alone[HF_LAYERS];
                char texts[HF_LAYERS][2048];

                for (int i = 0; i < HF_LAYERS; i++)
                        random_policy(texts[i], sizeof(texts[i]));
                compile_under(&all, texts[0], texts[1], texts[2]);
                compile_under(&policy, texts[0], NULL, NULL);
                compile_under(&user, texts[1], NULL, NULL);
                compile_under(&host, texts[2], NULL, NULL);
                alone[HF_LAYER_POLICY] = policy;
                alone[HF_LAYER_USER] = user;
                alone[HF_LAYER_HOST] = host;
                compare_files(&all, alone);
                compare_ports(&all, alone);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_denial_of_a_ceiling_holds_inside_an_allowance),
                cmocka_unit_test(an_allowance_of_the_policy_does_not_open_what_a_ceiling_denies),
                cmocka_unit_test(an_allowance_inside_a_ceilings_denial_opens_it_again_for_what_the_policy_allows),
                cmocka_unit_test(a_ceiling_allows_nothing_by_itself),
                cmocka_unit_test(what_no_rule_of_a_ceiling_allows_is_refused_in_its_name_with_number_0),
                cmocka_unit_test(of_two_ceilings_each_clips_and_the_first_that_refuses_is_named),
                cmocka_unit_test(a_denial_of_a_ceiling_is_named_where_the_policy_has_no_rule),
                cmocka_unit_test(every_capability_of_a_ceiling_counts_whatever_its_authorization),
                cmocka_unit_test(which_capabilities_allow_stays_as_the_policy_says),
                cmocka_unit_test(names_that_do_not_exist_are_clipped_too),
                cmocka_unit_test(a_denial_of_a_ceiling_marks_the_way),
                cmocka_unit_test(a_symlink_on_the_way_of_a_ceilings_denial_cannot_be_replaced),
                cmocka_unit_test(a_seal_stays_a_seal_under_ceilings),
                cmocka_unit_test(a_mount_point_is_clipped_as_the_place_it_lies_at),
                cmocka_unit_test(one_object_at_two_places_is_clipped_by_what_each_layer_says_of_it),
                cmocka_unit_test(an_allowance_of_a_ceiling_by_another_name_takes_nothing),
                cmocka_unit_test(the_lower_limit_of_all_layers_wins),
                cmocka_unit_test(a_fault_in_a_ceiling_is_told_with_its_file),
                cmocka_unit_test(without_ceilings_the_result_is_the_same_whichever_way_there_are_none),
                cmocka_unit_test(under_itself_a_policy_stays_as_it_is),
                cmocka_unit_test(under_ceilings_that_allow_everything_the_result_is_the_same),
                cmocka_unit_test(ports_and_protocols_are_intersected),
                cmocka_unit_test(the_longest_prefix_of_each_layer_counts),
                cmocka_unit_test(ipv4_and_ipv6_stay_apart_under_a_ceiling),
                cmocka_unit_test(a_ceiling_without_network_rules_opens_nothing_and_is_named),
                cmocka_unit_test(the_first_ceiling_that_takes_a_port_is_named),
                cmocka_unit_test(prefixes_of_a_ceiling_alone_say_nothing),
                cmocka_unit_test(ranges_that_a_ceiling_splits_must_still_fit),
                cmocka_unit_test(rules_of_two_ceiling_capabilities_join_to_one_range),
                cmocka_unit_test(the_result_is_what_every_layer_by_itself_allows),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
