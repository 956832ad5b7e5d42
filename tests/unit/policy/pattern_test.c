/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/policy/fake_fs.h"

#include "holdfast/decide.h"

static const struct fake tree[] = {
        { "/srv", 'd', NULL },          { "/srv/ws", 'd', NULL },     { "/srv/ws/a", 'd', NULL }, { "/srv/ws/a/b", 'd', NULL },
        { "/srv/ws/a/key", 'f', NULL }, { "/srv/ws/link", 'l', "a" }, { "/mnt", 'd', NULL },      { NULL, 0, NULL },
};

/* "rw" and the like, with a "!" behind it where a rule speaks of the very path. */
static const char *rights(const struct fixture *f, const char *path, char out[6])
{
        bool own;
        const struct place *p = compiled_find(f->compiled, path, &own);

        right_format((uint8_t)(HF_RIGHTS_ALL & ~hf_refused(&p->node, ~0ULL, HF_RIGHTS_ALL)), out);
        return own && (p->node.flags & HF_NODE_NAMED) ? strcat(out, "!") : out;
}

static void assert_rights_(const struct fixture *f, const char *path, const char *expected, int line)
{
        char found[6];

        if (strcmp(rights(f, path, found), expected) == 0)
                return;
        print_error("line %d: %s has \"%s\", expected \"%s\"\n", line, path, found, expected);
        fail();
}
#define assert_rights(f, path, expected) assert_rights_(f, path, expected, __LINE__)

static void a_star_is_one_name(void **state)
{
        _cleanup_fixture_ struct fixture f = { 0 };

        (void)state;
        must_compile(&f, tree, NULL, FILES(ALLOW("/srv/ws", "rw") "," DENY("/srv/ws/*/key", "rw") "," ALLOW("/srv/ws/*/*/key", "x")));
        assert_rights(&f, "/srv/ws", "rw!");
        assert_rights(&f, "/srv/ws/key", "rw");
        assert_rights(&f, "/srv/ws/a", "rw");
        assert_rights(&f, "/srv/ws/a/key", "!");
        assert_rights(&f, "/srv/ws/a/key/below", "");
        assert_rights(&f, "/srv/ws/later/key", "!");
        assert_rights(&f, "/srv/ws/later/other", "rw");
        assert_rights(&f, "/srv/ws/key/key", "!");
        assert_rights(&f, "/srv/ws/a/b/key", "rwx!");
        assert_rights(&f, "/srv/ws/a/b/c/key", "rw");
        assert_rights(&f, "/srv/ws/a/key/key", "x!");
}

static void two_stars_are_any_number_of_names(void **state)
{
        _cleanup_fixture_ struct fixture f = { 0 };

        (void)state;
        must_compile(&f, tree, NULL, FILES(ALLOW("/srv/ws", "rw") "," DENY("/srv/ws/**/.git/hooks", "w")));
        assert_rights(&f, "/srv/ws/.git", "rw");
        assert_rights(&f, "/srv/ws/.git/hooks", "r!");
        assert_rights(&f, "/srv/ws/.git/hooks/a/b", "r");
        assert_rights(&f, "/srv/ws/x/y/z/.git/hooks", "r!");
        assert_rights(&f, "/srv/ws/x/y/z/.git/objects", "rw");
        assert_rights(&f, "/srv/ws/.git/.git/hooks", "r!");
        assert_rights(&f, "/srv/ws/.git/x/hooks", "rw");
        assert_rights(&f, "/srv/ws/hooks", "rw");
        assert_rights(&f, "/srv/.git/hooks", "");
}

static void the_nearest_rule_wins_whether_it_is_a_pattern_or_not(void **state)
{
        _cleanup_fixture_ struct fixture f = { 0 };

        (void)state;
        must_compile(&f, tree, NULL,
                     FILES(ALLOW("/srv/ws", "rw") "," DENY("/srv/ws/**/keys", "rw") "," ALLOW("/srv/ws/**/public",
                                                                                              "r") "," ALLOW("/srv/ws/a/keys/mine", "w")));
        assert_rights(&f, "/srv/ws/x/keys/y", "");
        assert_rights(&f, "/srv/ws/x/keys/public/y", "r");
        assert_rights(&f, "/srv/ws/x/keys/public/keys/y", "");
        assert_rights(&f, "/srv/ws/a/keys/mine", "w!");
        assert_rights(&f, "/srv/ws/a/keys/mine/keys", "!");
        assert_rights(&f, "/srv/ws/a/keys/mine/public", "rw!");
        assert_rights(&f, "/srv/ws/b/keys/mine", "");
        assert_rights(&f, "/srv/ws/a/x/keys", "!");
}

static void a_denial_at_the_same_name_beats_an_allowance(void **state)
{
        _cleanup_fixture_ struct fixture f = { 0 };

        (void)state;
        must_compile(&f, tree, NULL, FILES(ALLOW("/srv/ws", "rw") "," ALLOW("/srv/ws/a/key", "rw") "," DENY("/srv/ws/*/key", "w")));
        assert_rights(&f, "/srv/ws/a/key", "r!");
}

static void a_pattern_speaks_of_each_name_in_a_folder(void **state)
{
        _cleanup_fixture_ struct fixture f = { 0 };

        (void)state;
        must_compile(&f, tree, NULL, FILES(ALLOW("/mnt/*", "rw")));
        assert_rights(&f, "/mnt", "");
        assert_rights(&f, "/mnt/0", "rw!");
        assert_rights(&f, "/mnt/0/1", "rw");
        assert_rights(&f, "/", "");
}

static void every_depth_can_be_spoken_of(void **state)
{
        _cleanup_fixture_ struct fixture f = { 0 };

        (void)state;
        must_compile(&f, tree, NULL, FILES(ALLOW("/mnt/**/*", "r")));
        assert_rights(&f, "/mnt", "");
        assert_rights(&f, "/mnt/0", "r!");
        assert_rights(&f, "/mnt/0/1/2/3", "r!");
}

static void a_pattern_begins_where_its_folder_leads(void **state)
{
        _cleanup_fixture_ struct fixture f = { 0 };

        (void)state;
        must_compile(&f, tree, NULL,
                     FILES(ALLOW("${WORKSPACE}", "rw") "," DENY("${WORKSPACE}/link/*/key", "w") "," DENY("/*/ws/b/${USER}", "r")));
        assert_rights(&f, "/srv/ws/a/b/key", "r!");
        assert_rights(&f, "/srv/ws/a/later/key", "r!");
        assert_rights(&f, "/srv/ws/a/key", "rw");
        assert_rights(&f, "/srv/ws/b/u", "w!");
}

static void mount_points_are_where_patterns_have_come(void **state)
{
        static const char *const mounts[] = { "/", "/srv/ws/a/b", NULL };
        _cleanup_fixture_ struct fixture f = { 0 };
        const struct place *p;

        (void)state;
        must_compile(&f, tree, mounts, FILES(ALLOW("/srv/ws", "rw") "," DENY("/srv/ws/**/key", "w")));
        p = compiled_find(f.compiled, "/srv/ws/a/b", NULL);
        assert_string_equal(p->name, "b");
        assert_true(p->fd >= 0);
        assert_true(p->node.flags & HF_NODE_PATTERN);
        assert_rights(&f, "/srv/ws/a/b/c/key", "r!");
}

static void what_goes_on_alike_shares_a_table(void **state)
{
        _cleanup_fixture_ struct fixture f = { 0 };

        (void)state;
        must_compile(&f, tree, NULL, FILES(ALLOW("/srv/ws", "rw") "," DENY("/srv/ws/**/key", "w")));
        assert_int_equal(compiled_find(f.compiled, "/srv/ws/x", NULL)->node.names,
                         compiled_find(f.compiled, "/srv/ws/y/z", NULL)->node.names);
        assert_int_not_equal(compiled_find(f.compiled, "/srv/ws/x", NULL)->node.names, 0);
        assert_int_equal(compiled_find(f.compiled, "/srv", NULL)->node.flags & HF_NODE_PATTERN, 0);
        /* the root, srv, ws; key and any other below ws; key below that, and below key */
        assert_in_range(f.compiled->n_places, 6, 8);
}

static bool is_way(const struct fixture *f, const char *path)
{
        return compiled_find(f->compiled, path, NULL)->node.flags & HF_NODE_WAY;
}

static void the_way_to_where_a_denying_pattern_begins_is_marked(void **state)
{
        _cleanup_fixture_ struct fixture f = { 0 };

        (void)state;
        must_compile(&f, tree, NULL, FILES(ALLOW("/srv/ws", "rw") "," DENY("/srv/ws/new/base/*/b", "w") "," ALLOW("/mnt/*/x", "r")));
        assert_true(is_way(&f, "/srv"));
        assert_true(is_way(&f, "/srv/ws/new"));
        assert_true(is_way(&f, "/srv/ws/new/base"));
        assert_false(is_way(&f, "/srv/ws/new/base/x"));
        assert_false(is_way(&f, "/mnt"));
}

static bool is_for_folders(const struct fixture *f, const char *path)
{
        return compiled_find(f->compiled, path, NULL)->node.flags & HF_NODE_FOLDER;
}

static void a_name_by_which_a_denial_leads_on_is_for_folders(void **state)
{
        _cleanup_fixture_ struct fixture f = { 0 };

        (void)state;
        must_compile(&f, tree, NULL,
                     FILES(ALLOW("/srv/ws", "rw") "," DENY("/srv/ws/**/.git/hooks", "w") "," ALLOW("/srv/ws/*/bin/*", "x")));
        assert_true(is_for_folders(&f, "/srv/ws/.git"));
        assert_true(is_for_folders(&f, "/srv/ws/a/b/.git"));
        assert_false(is_for_folders(&f, "/srv/ws/.git/hooks"));
        assert_false(is_for_folders(&f, "/srv/ws/.git/objects"));
        assert_false(is_for_folders(&f, "/srv/ws/x"));
        assert_false(is_for_folders(&f, "/srv/ws/x/bin"));
}

static void places_of_one_folder_meet_only_where_patterns_go_on_alike(void **state)
{
        static const char *const mounts[] = { "/", "/mnt", NULL };
        _cleanup_fixture_ struct fixture f = { 0 }, g = { 0 };
        size_t both[2];

        (void)state;
        must_compile(&f, tree, mounts,
                     FILES(ALLOW("/srv/ws", "rw") "," DENY("/srv/ws/*/key", "w") "," ALLOW("/mnt", "rw") "," DENY("/mnt/*/key", "w")));
        both[0] = (size_t)(compiled_find(f.compiled, "/srv/ws", NULL) - f.compiled->places);
        both[1] = (size_t)(compiled_find(f.compiled, "/mnt", NULL) - f.compiled->places);
        assert_int_equal(compiled_meet(f.compiled, both, 2), -EXDEV);
        must_compile(&g, tree, mounts, FILES(ALLOW("/srv/ws", "rw") "," DENY("/srv/ws/*/key", "w") "," ALLOW("/mnt/x", "r")));
        both[0] = (size_t)(compiled_find(g.compiled, "/srv/ws", NULL) - g.compiled->places);
        both[1] = (size_t)(compiled_find(g.compiled, "/mnt/x", NULL) - g.compiled->places);
        assert_int_equal(compiled_meet(g.compiled, both, 2), -EXDEV); /* another rule speaks there */
        both[1] = 0;
        assert_int_equal(compiled_meet(g.compiled, both, 2), -EXDEV); /* names lead on from there */
}

static void too_many_patterns_are_an_error(void **state)
{
        _cleanup_fixture_ struct fixture f = { 0 };
        _cleanup_free_ char *text = NULL;
        size_t n;
        FILE *out = open_memstream(&text, &n);

        (void)state;
        fputs("{\"holdfast\":1,\"name\":\"t\",\"capabilities\":{\"base\":{\"files\":[" ALLOW("/srv", "r"), out);
        for (int i = 0; i < 600; i++)
                fprintf(out, ",{\"path\":\"/srv/**/n%d\",\"deny\":\"r\"}", i);
        fputs("]}}}", out);
        fclose(out);
        assert_int_equal(compile(&f, tree, NULL, text), -EINVAL);
        assert_true(has_finding(&f.findings, "$", "too many"));
}

/* ---- by chance: against what the words say -------------------------------------------------------------------------------------- */

#define RULES 6
#define DEPTH 5

static uint64_t chance = 7;

static unsigned below(unsigned n)
{
        chance = chance * 6364136223846793005ULL + 1442695040888963407ULL;
        return (unsigned)(chance >> 33) % n;
}

struct said {
        char path[64];
        uint8_t allow, deny;
};

/* Whether the pattern from its i-th component on is the path from its j-th on, up to its n-th. */
static bool matches(char pattern[][4], int i, int of, char path[][4], int j, int n)
{
        if (i == of)
                return j == n;
        if (strcmp(pattern[i], "**") == 0)
                return matches(pattern, i + 1, of, path, j, n) || (j < n && matches(pattern, i, of, path, j + 1, n));
        return j < n && (strcmp(pattern[i], "*") == 0 || strcmp(pattern[i], path[j]) == 0) && matches(pattern, i + 1, of, path, j + 1, n);
}

static int split(const char *path, char out[][4])
{
        int n = 0;

        for (path += strspn(path, "/"); *path; path += strspn(path, "/")) {
                size_t length = strcspn(path, "/");

                snprintf(out[n++], 4, "%.*s", (int)length, path);
                path += length;
        }
        return n;
}

/* The rights by the rule that is nearest for each. */
static uint8_t expected(const struct said *rules, int n, char path[][4], int depth)
{
        uint8_t have = 0;

        for (int right = 0; right < HF_RIGHTS; right++)
                for (int at = depth; at >= 0; at--) {
                        bool allow = false, deny = false;

                        for (int i = 0; i < n; i++) {
                                char pattern[8][4];
                                int of = split(rules[i].path, pattern);

                                if (!matches(pattern, 0, of, path, 0, at))
                                        continue;
                                allow |= rules[i].allow & 1u << right;
                                deny |= rules[i].deny & 1u << right;
                        }
                        if (!allow && !deny)
                                continue;
                        have |= (uint8_t)((!deny && allow) << right);
                        break;
                }
        return have;
}

static void random_path(char out[64], bool pattern)
{
        static const char *const names[] = { "a", "b", "c" };
        size_t n = 0;
        int depth = 1 + (int)below(DEPTH - 1);

        for (int i = 0; i < depth; i++) {
                unsigned kind = pattern ? below(10) : 9;
                bool any = n >= 2 && !strncmp(out + n - 2, "**", 2);

                n += (size_t)sprintf(out + n, "/%s", kind < 2 ? "*" : kind < 4 && !any && i < depth - 1 ? "**" : names[below(3)]);
        }
}

static void random_policies_mean_what_they_say(void **state)
{
        (void)state;
        for (int round = 0; round < 3000; round++) {
                _cleanup_fixture_ struct fixture f = { 0 };
                struct said rules[RULES];
                char text[4096] = "{\"holdfast\":1,\"name\":\"t\",\"capabilities\":{\"base\":{\"files\":[";

                for (int i = 0; i < RULES; i++) {
                        char allow[5], deny[5];
                        struct said *r = &rules[i];

                        random_path(r->path, true);
                        r->deny = (uint8_t)below(16);
                        r->allow = (uint8_t)(~r->deny & (1 + below(15)) & 15);
                        r->deny |= r->allow || r->deny ? 0 : 1;
                        right_format(r->allow, allow);
                        right_format(r->deny, deny);
                        sprintf(text + strlen(text), "%s{\"path\":\"%s\"", i ? "," : "", r->path);
                        if (r->allow)
                                sprintf(text + strlen(text), ",\"allow\":\"%s\"", allow);
                        if (r->deny)
                                sprintf(text + strlen(text), ",\"deny\":\"%s\"", deny);
                        strcat(text, "}");
                }
                strcat(text, "]}}}");
                must_compile(&f, tree, NULL, text);
                for (int i = 0; i < 40; i++) {
                        char path[64], components[8][4];
                        uint8_t found, wanted;

                        random_path(path, false);
                        wanted = expected(rules, RULES, components, split(path, components));
                        found = HF_RIGHTS_ALL & ~hf_refused(&compiled_find(f.compiled, path, NULL)->node, ~0ULL, HF_RIGHTS_ALL);
                        if (found == wanted)
                                continue;
                        print_error("round %d: %s: %#x, expected %#x: %s\n", round, path, found, wanted, text);
                        fail();
                }
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_star_is_one_name),
                cmocka_unit_test(two_stars_are_any_number_of_names),
                cmocka_unit_test(the_nearest_rule_wins_whether_it_is_a_pattern_or_not),
                cmocka_unit_test(a_denial_at_the_same_name_beats_an_allowance),
                cmocka_unit_test(a_pattern_speaks_of_each_name_in_a_folder),
                cmocka_unit_test(every_depth_can_be_spoken_of),
                cmocka_unit_test(a_pattern_begins_where_its_folder_leads),
                cmocka_unit_test(mount_points_are_where_patterns_have_come),
                cmocka_unit_test(what_goes_on_alike_shares_a_table),
                cmocka_unit_test(the_way_to_where_a_denying_pattern_begins_is_marked),
                cmocka_unit_test(a_name_by_which_a_denial_leads_on_is_for_folders),
                cmocka_unit_test(places_of_one_folder_meet_only_where_patterns_go_on_alike),
                cmocka_unit_test(too_many_patterns_are_an_error),
                cmocka_unit_test(random_policies_mean_what_they_say),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
