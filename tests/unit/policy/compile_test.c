/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/policy/fake_fs.h"

#include "holdfast/decide.h"

/* What the path's place allows with all capabilities on, in "rwxc" notation. */
static const char *rights(const struct fixture *f, const char *path, char out[5])
{
        right_format((uint8_t)(HF_RIGHTS_ALL & ~hf_refused(&compiled_find(f->compiled, path, NULL)->node, ~0ULL, HF_RIGHTS_ALL)), out);
        return out;
}

static void assert_rights_(const struct fixture *f, const char *path, const char *expected, int line)
{
        char found[5];

        if (strcmp(rights(f, path, found), expected) == 0)
                return;
        print_error("line %d: %s has \"%s\", expected \"%s\"\n", line, path, found, expected);
        fail();
}
#define assert_rights(f, path, expected) assert_rights_(f, path, expected, __LINE__)

/* The place of exactly this path, or NULL. */
static const struct place *place_at(const struct fixture *f, const char *path)
{
        const struct place *p = compiled_find(f->compiled, path, NULL);
        const char *name = strrchr(path, '/') + 1;

        return strcmp(p->name, name) == 0 ? p : NULL;
}

static void assert_way_(const struct fixture *f, const char *path, bool expected, int line)
{
        const struct place *p = place_at(f, path);

        if (p && !!(p->node.flags & HF_NODE_WAY) == expected)
                return;
        print_error("line %d: %s %s\n", line, path, p ? "has the wrong way flag" : "is no place");
        fail();
}
#define assert_way(f, path, expected) assert_way_(f, path, expected, __LINE__)

static void must_not_compile(const struct fake *objects, const char *text, const char *where, const char *words)
{
        _cleanup_fixture_ struct fixture f = { 0 };

        assert_int_equal(compile(&f, objects, NULL, text), -EINVAL);
        assert_null(f.compiled);
        if (has_finding(&f.findings, where, words))
                return;
        print_error("no finding at %s with %s, but:\n", where, words);
        print_findings(&f.findings);
        fail();
}

static const struct fake tree[] = {
        { "/usr", 'd', NULL },
        { "/usr/lib", 'd', NULL },
        { "/lib", 'l', "usr/lib" },
        { "/srv", 'd', NULL },
        { "/srv/ws", 'd', NULL },
        { "/srv/ws/.git", 'd', NULL },
        { "/srv/ws/.git/hooks", 'd', NULL },
        { "/srv/ws2", 'd', NULL },
        { "/home", 'l', "/data/home" },
        { "/data", 'd', NULL },
        { "/data/home", 'd', NULL },
        { "/data/home/u", 'd', NULL },
        { "/data/home/u/.ssh", 'l', "../secret/./ssh" },
        { "/data/home/secret", 'd', NULL },
        { "/data/home/secret/ssh", 'd', NULL },
        { "/loop1", 'l', "/loop2" },
        { "/loop2", 'l', "loop1" },
        { "/self", 'l', "self" },
        { "/dangling", 'l', "/data/nothing/here" },
        { "/etc", 'd', NULL },
        { "/etc/shadow", 'f', NULL },
        { "/fuse", 'd', NULL },
        { "/fuse/locked", 'e', NULL },
        { "/up", 'l', "../../../srv/ws" },
        { "/mnt", 'd', NULL },
        { "/mnt/disk", 'd', NULL },
        { "/srv/ws/disk", 'd', NULL },
        { "/srv/ws/a", 'd', NULL },
        { "/srv/ws/a/b", 'd', NULL },
        { "/srv/ws/link", 'l', "a" },
        { NULL, 0, NULL },
};

static void a_policy_without_rules_allows_nothing_anywhere(void **state)
{
        _cleanup_fixture_ struct fixture f = { 0 };

        (void)state;
        must_compile(&f, tree, NULL, FILES(""));
        assert_int_equal(f.compiled->n_places, 1);
        assert_int_equal(f.compiled->places[0].parent, -1);
        assert_string_equal(f.compiled->places[0].name, "");
        assert_int_equal(f.compiled->places[0].fd, FAKE_FD);
        assert_int_equal(f.compiled->places[0].node.names, 0);
        assert_rights(&f, "/", "");
        assert_rights(&f, "/usr/lib", "");
        assert_int_equal(f.compiled->n_prefixes, 0);
}

static void a_rule_holds_for_all_below_it_and_nothing_beside(void **state)
{
        _cleanup_fixture_ struct fixture f = { 0 };

        (void)state;
        must_compile(&f, tree, NULL, FILES(ALLOW("/srv/ws", "rwx")));
        assert_rights(&f, "/srv/ws", "rwx");
        assert_rights(&f, "/srv/ws/x/y/z", "rwx");
        assert_rights(&f, "/srv", "");
        assert_rights(&f, "/srv/w", "");
        assert_rights(&f, "/srv/ws2", "");
        assert_rights(&f, "/srv/ws2/x", "");
        assert_rights(&f, "/srv/ws.", "");
}

static void the_nearest_rule_wins_whatever_the_order_of_the_text(void **state)
{
        static const char *const texts[] = {
                FILES(ALLOW("/", "r") "," DENY("/a", "r") "," ALLOW("/a/b", "r") "," DENY("/a/b/c", "r")),
                FILES(DENY("/a/b/c", "r") "," ALLOW("/a/b", "r") "," DENY("/a", "r") "," ALLOW("/", "r")),
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
                _cleanup_fixture_ struct fixture f = { 0 };

                must_compile(&f, tree, NULL, texts[i]);
                assert_rights(&f, "/x", "r");
                assert_rights(&f, "/a", "");
                assert_rights(&f, "/a/x", "");
                assert_rights(&f, "/a/b", "r");
                assert_rights(&f, "/a/b/x", "r");
                assert_rights(&f, "/a/b/c", "");
                assert_rights(&f, "/a/b/c/x", "");
        }
}

static void rights_are_decided_one_by_one(void **state)
{
        _cleanup_fixture_ struct fixture f = { 0 };

        (void)state;
        must_compile(&f, tree, NULL,
                     FILES(ALLOW("/srv", "r") "," ALLOW("/srv/ws", "w") "," DENY("/srv/ws/a", "r") "," ALLOW("/srv/ws/a/b", "x")));
        assert_rights(&f, "/srv/ws", "rw");
        assert_rights(&f, "/srv/ws/a", "w");
        assert_rights(&f, "/srv/ws/a/b", "wx");
}

static void at_one_place_denial_beats_allowance_in_any_order(void **state)
{
        static const char *const texts[] = {
                FILES(DENY("/srv/ws", "w") "," ALLOW("/srv/ws", "rw")),
                FILES(ALLOW("/srv/ws", "rw") "," DENY("/srv/ws", "w")),
                FILES("{\"path\":\"/srv/ws\",\"allow\":\"r\",\"deny\":\"w\"}," ALLOW("/srv/ws", "w")),
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
                _cleanup_fixture_ struct fixture f = { 0 };

                must_compile(&f, tree, NULL, texts[i]);
                assert_rights(&f, "/srv/ws/x", "r");
                assert_int_equal(compiled_find(f.compiled, "/srv/ws", NULL)->node.deny, HF_WRITE);
        }
}

static void denial_counts_even_when_its_capability_is_not_granted(void **state)
{
        _cleanup_fixture_ struct fixture f = { 0 };
        const struct hf_node *node;

        (void)state;
        must_compile(&f, tree, NULL,
                     "{\"holdfast\":1,\"name\":\"t\",\"capabilities\":{\"base\":{\"files\":[" ALLOW(
                             "/srv", "rw") "]},"
                                           "\"more\":{\"authorization\":\"ask\",\"files\":[" DENY("/srv/ws", "w") "," ALLOW(
                                                   "/usr", "w") "," ALLOW("/srv/ws2", "x") "]}}}");
        assert_int_equal(f.compiled->active, 1);
        node = &compiled_find(f.compiled, "/srv/ws/x", NULL)->node;
        assert_int_equal(hf_refused(node, f.compiled->active, HF_RIGHTS_ALL), HF_RIGHTS_ALL & ~HF_READ);
        node = &compiled_find(f.compiled, "/usr", NULL)->node;
        assert_int_equal(hf_refused(node, f.compiled->active, HF_WRITE), HF_WRITE);
        assert_int_equal(hf_refused(node, 3, HF_WRITE), 0);
        assert_int_equal(node->allow[1], 2);
        node = &compiled_find(f.compiled, "/srv/ws2", NULL)->node;
        assert_int_equal(node->allow[0], 1);
        assert_int_equal(node->allow[2], 2);
}

static void the_rule_that_decided_is_remembered_for_each_right(void **state)
{
        _cleanup_fixture_ struct fixture f = { 0 };
        const struct hf_node *node;
        __u32 rule;

        (void)state;
        must_compile(&f, tree, NULL, FILES(ALLOW("/srv", "r") "," DENY("/srv/ws", "w") "," ALLOW("/srv/ws", "x")));
        node = &compiled_find(f.compiled, "/srv/ws/deep", NULL)->node;
        assert_int_equal(node->rule[0], 1);
        assert_int_equal(node->rule[1], 2);
        assert_int_equal(node->rule[2], 3);
        assert_int_equal(node->rule[3], 0);
        assert_int_equal(hf_explain(node, HF_WRITE, &rule), HF_WHY_RULE);
        assert_int_equal(rule, 2);
        assert_int_equal(hf_explain(node, HF_CONNECT, &rule), HF_WHY_NO_RULE);
        assert_int_equal(rule, 0);
        assert_string_equal(f.policy->rules[node->rule[1] - 1].where, "$.capabilities.base.files[1]");
}

static void an_allowance_below_a_denial_takes_the_denial_away_for_its_rights_only(void **state)
{
        _cleanup_fixture_ struct fixture f = { 0 };

        (void)state;
        must_compile(&f, tree, NULL, FILES(DENY("/srv", "rwxc") "," ALLOW("/srv/ws", "r")));
        assert_int_equal(compiled_find(f.compiled, "/srv", NULL)->node.deny, HF_RIGHTS_ALL);
        assert_int_equal(compiled_find(f.compiled, "/srv/ws", NULL)->node.deny, HF_RIGHTS_ALL & ~HF_READ);
        assert_rights(&f, "/srv/ws", "r");
}

static void places_come_after_their_parents_and_name_their_table(void **state)
{
        _cleanup_fixture_ struct fixture f = { 0 };

        (void)state;
        must_compile(&f, tree, NULL, FILES(ALLOW("/srv/ws/a/b", "r") "," ALLOW("/etc", "r") "," ALLOW("/srv", "r")));
        for (size_t i = 1; i < f.compiled->n_places; i++) {
                const struct place *p = &f.compiled->places[i];

                assert_true(p->parent >= 0 && (size_t)p->parent < i);
                assert_int_equal(f.compiled->places[p->parent].node.names, p->parent + 1);
        }
        assert_int_equal(f.compiled->n_places, 6);
        assert_int_equal(place_at(&f, "/etc")->node.names, 0);
        assert_int_equal(place_at(&f, "/srv/ws/a/b")->node.names, 0);
        assert_true(place_at(&f, "/srv")->ruled);
        assert_false(place_at(&f, "/srv/ws")->ruled);
}

static void what_does_not_exist_becomes_a_place_without_an_object(void **state)
{
        _cleanup_fixture_ struct fixture f = { 0 };

        (void)state;
        must_compile(&f, tree, NULL,
                     FILES(ALLOW("/srv/ws", "rwx") "," DENY("${WORKSPACE}/.claude/settings.json", "w") "," DENY("/etc/shadow/x", "r")));
        assert_true(place_at(&f, "/srv/ws")->fd >= 0);
        assert_int_equal(place_at(&f, "/srv/ws/.claude")->fd, -1);
        assert_int_equal(place_at(&f, "/srv/ws/.claude/settings.json")->fd, -1);
        assert_rights(&f, "/srv/ws/.claude/x", "rwx");
        assert_rights(&f, "/srv/ws/.claude/settings.json", "rx");
        assert_int_equal(place_at(&f, "/etc/shadow/x")->fd, -1); /* below a file: nothing can be there yet */
}

static void more_missing_components_than_the_kernel_follows_are_refused(void **state)
{
        _cleanup_fixture_ struct fixture f = { 0 };

        (void)state;
        must_compile(&f, tree, NULL, FILES(ALLOW("/srv/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16", "r")));
        must_not_compile(tree, FILES(ALLOW("/srv/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17", "r")), "$.capabilities.base.files[0].path",
                         "more than 16 components that do not exist");
}

static void the_way_to_a_denial_is_marked_up_to_the_root(void **state)
{
        _cleanup_fixture_ struct fixture f = { 0 };

        (void)state;
        must_compile(&f, tree, NULL,
                     FILES(ALLOW("/srv/ws", "rwx") "," DENY("/srv/ws/.git/hooks", "w") "," ALLOW("/srv/ws/a/b", "r") "," DENY("/etc/shadow",
                                                                                                                              "r")));
        assert_way(&f, "/srv", true);
        assert_way(&f, "/srv/ws", true);
        assert_way(&f, "/srv/ws/.git", true);
        assert_way(&f, "/srv/ws/.git/hooks", false);
        assert_way(&f, "/srv/ws/a", false);
        assert_way(&f, "/srv/ws/a/b", false);
        assert_way(&f, "/etc", true);
        assert_int_equal(f.compiled->places[0].node.flags, 0);
}

static void symlinks_are_followed_as_the_session_would(void **state)
{
        _cleanup_fixture_ struct fixture f = { 0 };

        (void)state;
        must_compile(&f, tree, NULL, FILES(ALLOW("/lib", "rx") "," ALLOW("/up", "w") "," ALLOW("${HOME}", "r")));
        assert_rights(&f, "/usr/lib", "rx");
        assert_rights(&f, "/usr", "");
        assert_rights(&f, "/srv/ws", "w"); /* ".." at the root stays there */
        assert_rights(&f, "/data/home/u/x", "r");
        assert_rights(&f, "/data/home", "");
        assert_true(place_at(&f, "/lib")->fd >= 0);
        assert_rights(&f, "/lib", "");
        assert_way(&f, "/lib", false);
}

static void a_denial_through_symlinks_also_holds_the_links_in_place(void **state)
{
        _cleanup_fixture_ struct fixture f = { 0 };
        const struct place *link;

        (void)state;
        must_compile(&f, tree, NULL, FILES(ALLOW("/", "rwxc") "," DENY("${HOME}/.ssh", "rwxc")));
        assert_rights(&f, "/data/home/secret/ssh", "");
        assert_rights(&f, "/data/home/secret/ssh/id_rsa", "");
        assert_rights(&f, "/data/home/secret", "rwxc");
        /* A link on the way: it may be read and followed, not replaced. */
        link = place_at(&f, "/home");
        assert_rights(&f, "/home", "rxc");
        assert_int_equal(link->node.rule[1], 2);
        assert_way(&f, "/home", true);
        /* The link at the end is denied like what it names. */
        assert_rights(&f, "/data/home/u/.ssh", "");
        assert_way(&f, "/data/home/u/.ssh", true);
        assert_way(&f, "/data/home/u", true);
        assert_way(&f, "/data/home", true);
        assert_way(&f, "/data", true);
        assert_way(&f, "/data/home/secret", true);
        assert_rights(&f, "/data/home/u/x", "rwxc");
}

static void a_denied_name_behind_a_link_stays_denied_when_somebody_replaces_the_link(void **state)
{
        _cleanup_fixture_ struct fixture f = { 0 };
        const struct place *p;

        (void)state;
        must_compile(&f, tree, NULL, FILES(ALLOW("/srv/ws", "rwx") "," DENY("/srv/ws/link/b/secret", "r")));
        assert_rights(&f, "/srv/ws/a/b/secret", "wx");
        p = place_at(&f, "/srv/ws/link/b/secret");
        assert_non_null(p);
        assert_int_equal(p->fd, -1);
        assert_rights(&f, "/srv/ws/link/b/secret", "x"); /* w is denied for the link, and so below it */
        assert_int_equal(place_at(&f, "/srv/ws/link")->node.names, place_at(&f, "/srv/ws/link") - f.compiled->places + 1);
}

static void a_dangling_symlink_makes_a_place_for_what_it_names(void **state)
{
        _cleanup_fixture_ struct fixture f = { 0 };

        (void)state;
        must_compile(&f, tree, NULL, FILES(DENY("/dangling", "w") "," ALLOW("/", "w")));
        assert_int_equal(place_at(&f, "/data/nothing/here")->fd, -1);
        assert_rights(&f, "/data/nothing/here", "");
        assert_rights(&f, "/data/nothing", "w");
}

static void loops_of_symlinks_are_refused(void **state)
{
        (void)state;
        must_not_compile(tree, FILES(ALLOW("/usr", "r") "," ALLOW("/loop1/x", "r")), "$.capabilities.base.files[1].path",
                         "\"/loop1/x\"|loop of symlinks");
        must_not_compile(tree, FILES(DENY("/self", "r")), "$.capabilities.base.files[0].path", "loop of symlinks");
        must_not_compile(tree, FILES(DENY("/loop2/a/b/c", "rw")), "$.capabilities.base.files[0].path", "loop of symlinks");
}

static void what_cannot_be_looked_at_is_refused(void **state)
{
        (void)state;
        must_not_compile(tree, FILES(DENY("/fuse/locked", "r")), "$.capabilities.base.files[0].path",
                         "cannot be looked at|Permission denied");
}

static void a_symlink_to_an_overlong_component_is_refused(void **state)
{
        char target[400];
        struct fake objects[] = { { "/l", 'l', target }, { NULL, 0, NULL } };

        (void)state;
        memset(target, 'x', sizeof(target) - 1);
        target[sizeof(target) - 1] = '\0';
        must_not_compile(objects, FILES(DENY("/l", "r")), "$.capabilities.base.files[0].path", "more than 255 bytes");
}

static void mount_points_where_a_rule_decides_become_places(void **state)
{
        static const char *const mounts[] = {
                "/", "/srv/ws/disk", "/mnt/disk", "/etc", "/srv/ws/gone", "/fuse/locked", "/srv/ws/disk/sub", "", "x", NULL
        };
        _cleanup_fixture_ struct fixture f = { 0 };

        (void)state;
        must_compile(&f, tree, mounts, FILES(ALLOW("/srv/ws", "rw") "," DENY("/srv/ws/disk/no", "w") "," DENY("/etc/shadow", "r")));
        assert_true(place_at(&f, "/srv/ws/disk")->fd >= 0);
        assert_rights(&f, "/srv/ws/disk", "rw");
        assert_null(place_at(&f, "/mnt/disk")); /* no rule speaks there */
        assert_null(place_at(&f, "/fuse/locked"));
        assert_way(&f, "/srv/ws/disk", true);
        assert_int_equal(f.findings.total, 0);
}

static void a_mount_point_without_rules_of_its_own_carries_what_it_inherits(void **state)
{
        static const char *const mounts[] = { "/srv/ws/a/b", "/usr/lib", NULL };
        _cleanup_fixture_ struct fixture f = { 0 };
        const struct place *p;

        (void)state;
        must_compile(&f, tree, mounts, FILES(ALLOW("/srv/ws", "rw") "," DENY("/usr", "w")));
        p = place_at(&f, "/srv/ws/a/b");
        assert_non_null(p);
        assert_true(p->fd >= 0);
        assert_false(p->ruled);
        assert_rights(&f, "/srv/ws/a/b", "rw");
        assert_int_equal(p->node.rule[0], 1);
        assert_int_equal(p->node.flags, 0);
        assert_int_equal(p->node.names, 0);
        p = place_at(&f, "/usr/lib"); /* below a denial: refused with its rule */
        assert_non_null(p);
        assert_int_equal(p->node.deny, HF_WRITE);
}

static void a_path_through_proc_self_is_refused_as_it_is_another_for_each_process(void **state)
{
        static const struct fake objects[] = {
                { "/proc", 'd', NULL },
                { "/proc/self", 'l', "42" },
                { "/proc/thread-self", 'l', "42/task/43" },
                { "/proc/42", 'd', NULL },
                { "/dev", 'd', NULL },
                { "/dev/fd", 'l', "/proc/self/fd" },
                { "/srv", 'd', NULL },
                { "/srv/self", 'l', "/proc/42" },
                { NULL, 0, NULL },
        };
        static const char *const paths[] = { "/proc/self", "/proc/self/mem", "/proc/thread-self/mem", "/dev/fd", "/dev/fd/3" };
        _cleanup_fixture_ struct fixture f = { 0 };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
                char text[256];

                snprintf(text, sizeof(text), FILES("{\"path\":\"%s\",\"deny\":\"r\"}"), paths[i]);
                must_not_compile(objects, text, "$.capabilities.base.files[0].path", "/proc/self|name /proc");
        }
        must_compile(&f, objects, NULL, FILES(ALLOW("/srv/self", "r")));
        assert_rights(&f, "/proc/42", "r");
}

static void a_file_in_the_place_of_a_denied_paths_folder_cannot_be_written(void **state)
{
        static const struct fake objects[] = { { "/ws", 'd', NULL }, { "/ws/.git", 'f', NULL }, { NULL, 0, NULL } };
        _cleanup_fixture_ struct fixture f = { 0 };

        (void)state;
        must_compile(&f, objects, NULL, FILES(ALLOW("/ws", "rwx") "," DENY("/ws/.git/hooks", "w") "," ALLOW("/ws/.git/x", "r")));
        assert_rights(&f, "/ws/.git", "rx");
        assert_way(&f, "/ws/.git", true);
        assert_int_equal(place_at(&f, "/ws/.git")->node.rule[1], 2);
}

static void two_places_of_one_object_keep_what_both_allow(void **state)
{
        struct hf_node node = { .allow = { 3, 1, 0, 1 }, .rule = { 1, 2, 3, 4 }, .deny = HF_EXEC, .names = 7 };
        const struct hf_node other = {
                .allow = { 1, 0, 1, 1 }, .rule = { 5, 6, 7, 8 }, .deny = HF_WRITE, .flags = HF_NODE_WAY, .names = 9
        };
        __u32 rule;

        (void)state;
        node_meet(&node, &other);
        assert_int_equal(hf_refused(&node, ~0ULL, HF_RIGHTS_ALL), HF_WRITE | HF_EXEC);
        assert_int_equal(hf_refused(&node, 2, HF_READ), HF_READ);
        assert_int_equal(node.deny, HF_WRITE | HF_EXEC);
        assert_int_equal(node.flags, HF_NODE_WAY);
        assert_int_equal(node.names, 7);
        assert_int_equal(hf_explain(&node, HF_WRITE, &rule), HF_WHY_RULE);
        assert_int_equal(rule, 6);
        assert_int_equal(hf_explain(&node, HF_EXEC, &rule), HF_WHY_RULE);
        assert_int_equal(rule, 3);
}

static void an_unknown_variable_value_is_an_error_at_the_rule(void **state)
{
        _cleanup_findings_ struct findings findings = FINDINGS_INIT;
        struct policy *p = parsed(
                FILES(ALLOW("${WORKSPACE}", "r") "," ALLOW("/home/${USER}", "r") "," ALLOW("${HOME}/x", "r") "," ALLOW("${TMPDIR}", "r")));
        struct policy_vars vars = { NULL, "home/u", "a/b", "/tmp/.." };
        struct fake_fs fs = { .objects = tree };
        struct compiled *c = NULL;

        (void)state;
        assert_int_equal(policy_compile(p, &vars, &(struct fs_view){ fake_open, &fs, NULL }, &c, &findings), -EINVAL);
        assert_null(c);
        assert_int_equal(findings.total, 4);
        assert_true(has_finding(&findings, "$.capabilities.base.files[0].path", "${WORKSPACE}|not known"));
        assert_true(has_finding(&findings, "$.capabilities.base.files[1].path", "${USER}"));
        assert_true(has_finding(&findings, "$.capabilities.base.files[2].path", "${HOME}|absolute"));
        assert_true(has_finding(&findings, "$.capabilities.base.files[3].path", "${TMPDIR}|\"..\""));
        policy_free(p);
}

static void variables_are_filled_in_once(void **state)
{
        struct policy *p = parsed(FILES(ALLOW("${WORKSPACE}/x", "r") "," ALLOW("${HOME}", "w") "," ALLOW("/srv/${USER}-${USER}", "x")));
        struct policy_vars vars = { "/a/${HOME}/", "/", "me", NULL };
        _cleanup_findings_ struct findings findings = FINDINGS_INIT;
        struct fake_fs fs = { .objects = tree };
        struct fixture f = { 0 };

        (void)state;
        assert_int_equal(policy_compile(p, &vars, &(struct fs_view){ fake_open, &fs, NULL }, &f.compiled, &findings), 0);
        assert_rights(&f, "/a/${HOME}/x", "rw");
        assert_rights(&f, "/", "w");
        assert_rights(&f, "/srv/me-me", "wx");
        fixture_clear(&f);
        policy_free(p);
}

static void a_path_too_long_with_its_variables_is_refused(void **state)
{
        static char home[4090];
        struct policy *p = parsed(FILES(ALLOW("${HOME}/123456", "r")));
        _cleanup_findings_ struct findings findings = FINDINGS_INIT;
        struct fake_fs fs = { .objects = tree };
        struct compiled *c = NULL;

        (void)state;
        for (size_t i = 0; i < sizeof(home) - 1; i++)
                home[i] = i % 100 ? 'h' : '/';
        assert_int_equal(policy_compile(p, &(struct policy_vars){ .home = home }, &(struct fs_view){ fake_open, &fs, NULL }, &c, &findings),
                         -EINVAL);
        assert_true(has_finding(&findings, "$.capabilities.base.files[0].path", "longer than 4095"));
        policy_free(p);
}

static int open_nothing(void *context, int folder, const char *name, struct fs_object *ret)
{
        (void)context;
        (void)folder;
        (void)name;
        (void)ret;
        return -EMFILE;
}

static void a_root_that_cannot_be_opened_is_refused(void **state)
{
        struct policy *p = parsed(FILES(ALLOW("/", "r")));
        _cleanup_findings_ struct findings findings = FINDINGS_INIT;
        struct compiled *c = NULL;

        (void)state;
        assert_int_equal(policy_compile(p, &fake_vars, &(struct fs_view){ open_nothing, NULL, NULL }, &c, &findings), -EINVAL);
        assert_null(c);
        assert_true(has_finding(&findings, "$", "root|Too many open files"));
        policy_free(p);
}

static int open_five(void *context, int folder, const char *name, struct fs_object *ret)
{
        (void)folder;
        (void)name;
        if (++*(int *)context > 5)
                return -EMFILE;
        *ret = (struct fs_object){ .fd = FAKE_FD, .folder = true };
        return 0;
}

static void running_out_of_descriptors_is_said_once(void **state)
{
        struct policy *p = parsed(FILES(ALLOW("/a/b/c", "r") "," ALLOW("/a/d/e", "r") "," ALLOW("/f", "r") "," ALLOW("/g", "r")));
        _cleanup_findings_ struct findings findings = FINDINGS_INIT;
        struct compiled *c = NULL;
        int opened = 0;

        (void)state;
        assert_int_equal(policy_compile(p, &fake_vars, &(struct fs_view){ open_five, &opened, NULL }, &c, &findings), -EINVAL);
        assert_int_equal(findings.total, 1);
        assert_true(has_finding(&findings, "$.capabilities.base.files[1].path", "LimitNOFILE"));
        policy_free(p);
}

static void errors_of_all_rules_come_at_once(void **state)
{
        _cleanup_fixture_ struct fixture f = { 0 };

        (void)state;
        assert_int_equal(compile(&f, tree, NULL, FILES(ALLOW("/self", "r") "," ALLOW("/fuse/locked/x", "r") "," ALLOW("/loop1", "r"))),
                         -EINVAL);
        assert_int_equal(f.findings.total, 3);
}

static void must_parse(struct fixture *f, const char *text)
{
        assert_int_equal(policy_parse(text, strlen(text), &f->policy, &f->findings), 0);
}

static void a_seal_holds_whatever_rules_say_there_and_below(void **state)
{
        static const struct fake objects[] = {
                { "/run", 'd', NULL }, { "/run/sealed", 'd', NULL }, { "/run/sealed/in", 'd', NULL },
                { "/usr", 'd', NULL }, { "/usr/sealed", 'f', NULL }, { NULL, 0, NULL },
        };
        static const struct seal seals[] = { { "/run/sealed", HF_RIGHTS_ALL }, { "/usr/sealed", HF_WRITE }, { NULL, 0 } };
        static const struct policy_vars vars = { "/srv/ws", "/home/u", "u", "/tmp", seals };
        _cleanup_fixture_ struct fixture f = { .fs = { objects } };
        uint32_t rule;

        (void)state;
        must_parse(&f, "{\"holdfast\":1,\"name\":\"p\",\"capabilities\":{\"all\":{\"files\":[{\"path\":\"/\",\"allow\":\"rwxc\"},"
                       "{\"path\":\"/run/sealed/in\",\"allow\":\"rwxc\"}]}}}");
        assert_int_equal(policy_compile(f.policy, &vars, &(struct fs_view){ fake_open, &f.fs, NULL }, &f.compiled, &f.findings), 0);
        assert_rights(&f, "/run/other", "rwxc");
        assert_rights(&f, "/run/sealed", "");
        assert_rights(&f, "/run/sealed/in/deep", "");
        assert_rights(&f, "/usr/sealed", "rxc");
        assert_way(&f, "/run", true);
        assert_int_equal(hf_explain(&compiled_find(f.compiled, "/run/sealed/in", NULL)->node, HF_WRITE, &rule), HF_WHY_GUARD);
        assert_int_equal(rule, HF_RULE_SEAL);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_seal_holds_whatever_rules_say_there_and_below),
                cmocka_unit_test(a_policy_without_rules_allows_nothing_anywhere),
                cmocka_unit_test(a_rule_holds_for_all_below_it_and_nothing_beside),
                cmocka_unit_test(the_nearest_rule_wins_whatever_the_order_of_the_text),
                cmocka_unit_test(rights_are_decided_one_by_one),
                cmocka_unit_test(at_one_place_denial_beats_allowance_in_any_order),
                cmocka_unit_test(denial_counts_even_when_its_capability_is_not_granted),
                cmocka_unit_test(the_rule_that_decided_is_remembered_for_each_right),
                cmocka_unit_test(an_allowance_below_a_denial_takes_the_denial_away_for_its_rights_only),
                cmocka_unit_test(places_come_after_their_parents_and_name_their_table),
                cmocka_unit_test(what_does_not_exist_becomes_a_place_without_an_object),
                cmocka_unit_test(more_missing_components_than_the_kernel_follows_are_refused),
                cmocka_unit_test(the_way_to_a_denial_is_marked_up_to_the_root),
                cmocka_unit_test(symlinks_are_followed_as_the_session_would),
                cmocka_unit_test(a_denial_through_symlinks_also_holds_the_links_in_place),
                cmocka_unit_test(a_denied_name_behind_a_link_stays_denied_when_somebody_replaces_the_link),
                cmocka_unit_test(a_dangling_symlink_makes_a_place_for_what_it_names),
                cmocka_unit_test(loops_of_symlinks_are_refused),
                cmocka_unit_test(what_cannot_be_looked_at_is_refused),
                cmocka_unit_test(a_symlink_to_an_overlong_component_is_refused),
                cmocka_unit_test(mount_points_where_a_rule_decides_become_places),
                cmocka_unit_test(a_mount_point_without_rules_of_its_own_carries_what_it_inherits),
                cmocka_unit_test(a_path_through_proc_self_is_refused_as_it_is_another_for_each_process),
                cmocka_unit_test(a_file_in_the_place_of_a_denied_paths_folder_cannot_be_written),
                cmocka_unit_test(two_places_of_one_object_keep_what_both_allow),
                cmocka_unit_test(an_unknown_variable_value_is_an_error_at_the_rule),
                cmocka_unit_test(variables_are_filled_in_once),
                cmocka_unit_test(a_path_too_long_with_its_variables_is_refused),
                cmocka_unit_test(a_root_that_cannot_be_opened_is_refused),
                cmocka_unit_test(running_out_of_descriptors_is_said_once),
                cmocka_unit_test(errors_of_all_rules_come_at_once),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
