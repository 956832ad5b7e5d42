/* SPDX-License-Identifier: Apache-2.0 */
/* Files and limits under ceilings. */
#include "unit/policy/fake_ceilings.h"

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
        place = compiled_find(c.compiled, "/srv/ws/.git/hooks/pre-commit", NULL);
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
        assert_int_equal(node_at(&c, "/srv")->flags & HF_NODE_WAY, HF_NODE_WAY);
        assert_int_equal(node_at(&c, "/srv/ws")->flags & HF_NODE_WAY, HF_NODE_WAY);
        assert_int_equal(node_at(&c, "/srv/ws/keys")->flags & HF_NODE_WAY, 0);
        assert_int_equal(node_at(&c, "/")->flags & HF_NODE_WAY, 0);
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
        place = compiled_find(c.compiled, "/mnt", NULL);
        assert_string_equal(place->name, "mnt");
        assert_int_equal(place->ruled, 0);
        assert_refused(&c, "/mnt", HF_WRITE, HF_WHY_RULE, HOST(0));
        assert_rights(&c, "/srv/ws", "rw");
}

static size_t index_of(const struct clipped *c, const char *path)
{
        return (size_t)(compiled_find(c->compiled, path, NULL) - c->compiled->places);
}

static void one_object_at_two_places_is_clipped_by_what_each_layer_says_of_it(void **state)
{
        _cleanup_clipped_ struct clipped c = { 0 };
        size_t same[2];

        (void)state;
        compile_under(&c, FILES(ALLOW("/srv/ws", "rw")), NULL, FILES(ALLOW("/", "rwx") "," DENY("/data/real", "w")));
        same[0] = index_of(&c, "/srv/ws");
        same[1] = index_of(&c, "/data/real");
        assert_int_equal(compiled_meet(c.compiled, same, 2), 0);
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
        assert_int_equal(compiled_meet(c.compiled, same, 2), 0);
        assert_rights(&c, "/srv/ws", "rw");
}

static void the_lower_limit_of_all_layers_wins(void **state)
{
        static const char policy[] =
                "{\"holdfast\":1,\"name\":\"t\",\"capabilities\":{\"a\":{}},\"limits\":{\"memory\":\"2G\",\"pids\":64}}";
        static const char user[] =
                "{\"holdfast\":1,\"name\":\"t\",\"capabilities\":{\"a\":{}},\"limits\":{\"memory\":\"1G\",\"cpu\":\"200%\","
                "\"files\":64,\"disk\":\"2M\",\"idle\":\"1m\"}}";
        static const char host[] = "{\"holdfast\":1,\"name\":\"t\",\"capabilities\":{\"a\":{}},\"limits\":{\"cpu\":\"50%\",\"pids\":100,"
                                   "\"wall\":\"1h\",\"disk\":\"1M\",\"bytes_out\":\"3K\"}}";
        _cleanup_clipped_ struct clipped c = { 0 }, same = { 0 };

        (void)state;
        compile_under(&c, policy, user, host);
        assert_int_equal(c.compiled->limits.memory, 1ULL << 30);
        assert_int_equal(c.compiled->limits.cpu, 50);
        assert_int_equal(c.compiled->limits.pids, 64);
        assert_int_equal(c.compiled->limits.files, 64);
        assert_int_equal(c.compiled->limits.disk, 1ULL << 20);
        assert_int_equal(c.compiled->limits.sent, 3072);
        assert_int_equal(c.compiled->limits.wall, 3600);
        assert_int_equal(c.compiled->limits.idle, 60);
        assert_true(c.compiled->clipped);
        compile_under(&same, policy, NULL, policy);
        assert_int_equal(same.compiled->limits.memory, 2ULL << 30);
        assert_false(same.compiled->clipped);
}

static void an_exception_to_the_guard_needs_every_layer(void **state)
{
        static const char policy[] = "{\"holdfast\":1,\"name\":\"t\",\"capabilities\":{\"a\":{\"guard\":[\"keys\"]},"
                                     "\"b\":{\"guard\":[\"perf\",\"keys\"]}}}";
        static const char user[] = "{\"holdfast\":1,\"name\":\"t\",\"capabilities\":{\"x\":{},\"y\":{\"guard\":[\"keys\",\"setuid\"]}}}";
        _cleanup_clipped_ struct clipped c = { 0 }, same = { 0 };

        (void)state;
        compile_under(&c, policy, user, NULL);
        assert_int_equal(c.compiled->guard[HF_GUARD_KEYS], 3);
        assert_int_equal(c.compiled->guard[HF_GUARD_PERF], 0);
        assert_int_equal(c.compiled->guard[HF_GUARD_SETUID], 0);
        assert_true(c.compiled->clipped);
        compile_under(&same, policy, policy, policy);
        assert_int_equal(same.compiled->guard[HF_GUARD_PERF], 2);
        assert_false(same.compiled->clipped);
}

static void a_ceiling_may_turn_a_pause_on_revocation_into_a_kill_and_not_the_other_way(void **state)
{
        const struct policy none = { 0 }, kill = { .on_revoke = HF_KILL_KILL }, pause = { .on_revoke = HF_KILL_PAUSE };
        struct ceiling ceilings[HF_LAYERS] = { { 0 } };

        (void)state;
        assert_int_equal(policy_on_revoke(NULL, NULL), HF_KILL_KILL);
        assert_int_equal(policy_on_revoke(&none, ceilings), HF_KILL_KILL);
        assert_int_equal(policy_on_revoke(&pause, ceilings), HF_KILL_PAUSE);
        ceilings[HF_LAYER_USER].policy = &pause;
        assert_int_equal(policy_on_revoke(&none, ceilings), HF_KILL_KILL);
        assert_int_equal(policy_on_revoke(&kill, ceilings), HF_KILL_KILL);
        ceilings[HF_LAYER_HOST].policy = &none;
        assert_int_equal(policy_on_revoke(&pause, ceilings), HF_KILL_PAUSE);
        ceilings[HF_LAYER_HOST].policy = &kill;
        assert_int_equal(policy_on_revoke(&pause, ceilings), HF_KILL_KILL);
}

static void once_control_is_lost_the_strictest_of_policy_and_ceilings_is_done(void **state)
{
        const struct policy keep = { 0 }, kill = { .on_control_loss = HF_KILL_KILL }, pause = { .on_control_loss = HF_KILL_PAUSE };
        struct ceiling ceilings[HF_LAYERS] = { { 0 } };

        (void)state;
        assert_int_equal(policy_on_control_loss(NULL, NULL), 0);
        assert_int_equal(policy_on_control_loss(&keep, ceilings), 0);
        assert_int_equal(policy_on_control_loss(&pause, ceilings), HF_KILL_PAUSE);
        ceilings[HF_LAYER_USER].policy = &pause;
        assert_int_equal(policy_on_control_loss(&keep, ceilings), HF_KILL_PAUSE);
        assert_int_equal(policy_on_control_loss(&kill, ceilings), HF_KILL_KILL);
        ceilings[HF_LAYER_HOST].policy = &keep;
        assert_int_equal(policy_on_control_loss(&keep, ceilings), HF_KILL_PAUSE);
        ceilings[HF_LAYER_HOST].policy = &kill;
        assert_int_equal(policy_on_control_loss(&pause, ceilings), HF_KILL_KILL);
        ceilings[HF_LAYER_USER].policy = &kill;
        ceilings[HF_LAYER_HOST].policy = &pause;
        assert_int_equal(policy_on_control_loss(&keep, ceilings), HF_KILL_KILL);
}

static void a_fault_in_a_ceiling_is_told_with_its_file(void **state)
{
        _cleanup_clipped_ struct clipped c = { 0 };

        (void)state;
        assert_int_equal(try_compile(&c, NULL, FILES(ALLOW("/srv", "r")), FILES(ALLOW("/loop/x", "r")), NULL), -EINVAL);
        assert_null(c.compiled);
        assert_true(has_finding(&c.findings, FILE_USER ": $.capabilities.base.files[0].path", "loop of symlinks"));
}

static void a_ceiling_has_no_throttle(void **state)
{
        static const char policy[] = "{\"holdfast\":1,\"name\":\"t\",\"capabilities\":{\"a\":{\"egress\":[{\"cidr\":\"192.0.2.1\"}],"
                                     "\"throttle\":{\"budget\":\"1M\"}},\"b\":{}}}";
        _cleanup_clipped_ struct clipped c = { 0 }, alone = { 0 };

        (void)state;
        compile_under(&alone, policy, NULL, NULL);
        assert_int_equal(alone.compiled->throttled, 1);
        assert_int_equal(try_compile(&c, NULL, policy, policy, NULL), -EINVAL);
        assert_true(has_finding(&c.findings, FILE_USER ": $.capabilities.a.throttle", "throttle in a ceiling"));
}

static void what_a_ceiling_has_told_is_told_whatever_allows_it(void **state)
{
        static const char policy[] = "{\"holdfast\":1,\"name\":\"t\",\"capabilities\":{\"a\":{\"audit\":[\"exec\"]},"
                                     "\"b\":{\"audit\":\"denials\"},\"c\":{}}}";
        static const char user[] = "{\"holdfast\":1,\"name\":\"t\",\"capabilities\":{\"x\":{},\"y\":{\"audit\":[\"write\",\"connect\"]}}}";
        _cleanup_clipped_ struct clipped c = { 0 }, alone = { 0 };

        (void)state;
        compile_under(&alone, policy, NULL, NULL);
        assert_int_equal(alone.compiled->audit[HF_AUDIT_EXEC] & 7, 1);
        assert_int_equal(alone.compiled->audit[HF_AUDIT_WRITE] & 7, 0);
        assert_int_equal(alone.compiled->audit[HF_AUDIT_CONNECT] & 7, 4);
        assert_int_equal(alone.compiled->audit[HF_AUDIT_DNS] & 7, 4);
        compile_under(&c, policy, user, NULL);
        assert_int_equal(c.compiled->audit[HF_AUDIT_EXEC] & 7, 1);
        assert_int_equal(c.compiled->audit[HF_AUDIT_WRITE], ~0ULL);
        assert_int_equal(c.compiled->audit[HF_AUDIT_CONNECT], ~0ULL);
        assert_int_equal(c.compiled->audit[HF_AUDIT_DNS] & 7, 4);
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
                cmocka_unit_test(an_exception_to_the_guard_needs_every_layer),
                cmocka_unit_test(a_ceiling_may_turn_a_pause_on_revocation_into_a_kill_and_not_the_other_way),
                cmocka_unit_test(once_control_is_lost_the_strictest_of_policy_and_ceilings_is_done),
                cmocka_unit_test(a_fault_in_a_ceiling_is_told_with_its_file),
                cmocka_unit_test(a_ceiling_has_no_throttle),
                cmocka_unit_test(what_a_ceiling_has_told_is_told_whatever_allows_it),
                cmocka_unit_test(without_ceilings_the_result_is_the_same_whichever_way_there_are_none),
                cmocka_unit_test(under_itself_a_policy_stays_as_it_is),
                cmocka_unit_test(under_ceilings_that_allow_everything_the_result_is_the_same),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
