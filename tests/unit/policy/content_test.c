/* SPDX-License-Identifier: Apache-2.0 */
/* Rules that name the content of a program. */
#include "unit/policy/fake_ceilings.h"

#define ONE "1111111111111111111111111111111111111111111111111111111111111111"
#define TWO "2222222222222222222222222222222222222222222222222222222222222222"
#define SHADOW(allow, sha256) "{\"path\":\"/etc/shadow\",\"allow\":\"" allow "\",\"sha256\":" sha256 "}"
#define BOTH "[\"" ONE "\",\"" TWO "\"]"

/* What is allowed at a path whose place is there, and which capabilities let a content run there that has this byte throughout. */
static uint64_t accepts(const struct clipped *c, const char *path, int byte)
{
        uint8_t sha256[SHA256_BYTES];

        memset(sha256, byte, sizeof(sha256));
        return compiled_accepts(c->compiled, (size_t)(compiled_find(c->compiled, path, NULL) - c->compiled->places), sha256);
}

static uint32_t allowed(const struct clipped *c, const char *path)
{
        return HF_RIGHTS_ALL & ~hf_refused(node_at(c, path), ~0ULL, HF_RIGHTS_ALL);
}

static void a_rule_with_a_digest_marks_its_place_and_takes_w_from_it(void **state)
{
        _cleanup_clipped_ struct clipped c = { 0 };

        (void)state;
        compile_under(&c, FILES(ALLOW("/etc", "rwx") "," SHADOW("rx", "\"" ONE "\"")), NULL, NULL);
        assert_int_equal(allowed(&c, "/etc/shadow"), HF_READ | HF_EXEC);
        assert_true(hf_content_asked(node_at(&c, "/etc/shadow"), HF_READ | HF_EXEC));
        assert_false(hf_content_asked(node_at(&c, "/etc/shadow"), HF_READ));
        assert_false(hf_content_asked(node_at(&c, "/etc/other"), HF_EXEC));
        assert_int_equal(node_at(&c, "/etc/shadow")->rule[2], 2);
        assert_true(node_at(&c, "/etc/shadow")->deny & HF_WRITE);
        assert_int_equal(accepts(&c, "/etc/shadow", 0x11), 1);
        assert_int_equal(accepts(&c, "/etc/shadow", 0x22), 0);
        assert_int_equal(c.compiled->n_contents, 1);
        assert_ptr_equal(compiled_content(c.compiled, c.compiled->contents[0].place)->rule, &c.layers[0]->rules[1]);
}

static void what_does_not_exist_is_named_too_and_its_links_stay_as_they_are(void **state)
{
        _cleanup_clipped_ struct clipped c = { 0 };

        (void)state;
        compile_under(&c, FILES(ALLOW("/", "rwx") ",{\"path\":\"/srv/ws/link/later\",\"allow\":\"x\",\"sha256\":\"" ONE "\"}"), NULL, NULL);
        assert_true(hf_content_asked(node_at(&c, "/data/real/later"), HF_EXEC));
        assert_int_equal(compiled_find(c.compiled, "/data/real/later", NULL)->fd, -1);
        assert_int_equal(allowed(&c, "/data/real/later"), HF_READ | HF_EXEC);
        /* Should somebody replace the link by a folder, nothing runs there by that name. */
        assert_int_equal(allowed(&c, "/srv/ws/link"), HF_READ | HF_EXEC);
        assert_int_equal(allowed(&c, "/srv/ws/link/later"), HF_READ);
        assert_int_equal(c.compiled->n_contents, 1);
}

static void nothing_else_gives_x_where_a_content_is_named(void **state)
{
        _cleanup_clipped_ struct clipped c = { 0 };

        (void)state;
        compile_under(&c,
                      "{\"holdfast\":1,\"name\":\"t\",\"capabilities\":{"
                      "\"wide\":{\"files\":[" ALLOW("/", "rx") "," ALLOW(
                              "/etc/shadow",
                              "x") "]},"
                                   "\"one\":{\"files\":[" SHADOW("x", "\"" ONE "\"") "]},"
                                                                                     "\"both\":{\"files\":[" SHADOW("x", BOTH) "]}}}",
                      NULL, NULL);
        assert_int_equal(node_at(&c, "/etc/shadow")->allow[2], 6);
        assert_int_equal(node_at(&c, "/etc/shadow")->allow[0], 1);
        assert_int_equal(accepts(&c, "/etc/shadow", 0x11), 6);
        assert_int_equal(accepts(&c, "/etc/shadow", 0x22), 4);
        assert_int_equal(accepts(&c, "/etc/shadow", 0x33), 0);
}

static void a_content_must_be_named_by_every_layer_that_names_any(void **state)
{
        static const char rest[] = FILES(ALLOW("/", "rwxc"));
        _cleanup_clipped_ struct clipped c = { 0 }, host = { 0 }, neither = { 0 };

        (void)state;
        compile_under(&c, FILES(ALLOW("/etc", "rwx") "," SHADOW("x", BOTH)), rest,
                      FILES(ALLOW("/", "rwxc") "," SHADOW("rx", "\"" TWO "\"")));
        assert_int_equal(accepts(&c, "/etc/shadow", 0x11), 0);
        assert_int_equal(accepts(&c, "/etc/shadow", 0x22), 1);
        compile_under(&host, FILES(ALLOW("/etc", "rwx")), rest, FILES(ALLOW("/", "rwxc") "," SHADOW("rx", "\"" TWO "\"")));
        assert_true(hf_content_asked(node_at(&host, "/etc/shadow"), HF_EXEC));
        assert_int_equal(allowed(&host, "/etc/shadow"), HF_READ | HF_EXEC);
        assert_int_equal(node_at(&host, "/etc/shadow")->rule[2], HOST(2));
        assert_int_equal(node_at(&c, "/etc/shadow")->rule[2], 2);
        assert_int_equal(accepts(&host, "/etc/shadow", 0x11), 0);
        assert_int_equal(accepts(&host, "/etc/shadow", 0x22), UINT64_MAX);
        assert_string_equal(host.compiled->contents[0].file, FILE_HOST);
        /* A ceiling allows nothing by itself. */
        compile_under(&neither, FILES(ALLOW("/etc", "r")), NULL, FILES(ALLOW("/", "rwxc") "," SHADOW("rx", "\"" TWO "\"")));
        assert_int_equal(allowed(&neither, "/etc/shadow"), HF_READ);
}

static void a_denial_of_x_holds_against_a_content(void **state)
{
        _cleanup_clipped_ struct clipped c = { 0 };

        (void)state;
        compile_under(&c, FILES(SHADOW("rx", "\"" ONE "\"") "," DENY("/etc/shadow", "x")), NULL, NULL);
        assert_int_equal(allowed(&c, "/etc/shadow"), HF_READ);
}

static void one_object_at_two_places_is_held_to_the_content(void **state)
{
        _cleanup_clipped_ struct clipped c = { 0 };
        size_t both[2];

        (void)state;
        compile_under(&c, FILES(SHADOW("rx", "\"" ONE "\"") "," ALLOW("/data/linked", "rwx")), NULL, NULL);
        both[0] = (size_t)(compiled_find(c.compiled, "/data/linked", NULL) - c.compiled->places);
        both[1] = (size_t)(compiled_find(c.compiled, "/etc/shadow", NULL) - c.compiled->places);
        assert_int_equal(compiled_meet(c.compiled, both, 2), 0);
        for (int i = 0; i < 2; i++)
                assert_true(hf_content_asked(&c.compiled->places[both[i]].node, HF_EXEC));
        assert_int_equal(allowed(&c, "/data/linked"), HF_READ | HF_EXEC);
}

static void a_folder_has_no_content(void **state)
{
        _cleanup_clipped_ struct clipped c = { 0 }, host = { 0 };
        static const char text[] = FILES("{\"path\":\"/srv/ws/link\",\"allow\":\"x\",\"sha256\":\"" ONE "\"}");

        (void)state;
        assert_int_equal(try_compile(&c, NULL, text, NULL, NULL), -EINVAL);
        assert_true(has_finding(&c.findings, "$.capabilities.base.files[0].sha256", "/srv/ws/link|is a folder"));
        assert_int_equal(try_compile(&host, NULL, FILES(""), NULL, text), -EINVAL);
        assert_true(has_finding(&host.findings, FILE_HOST ": $.capabilities.base.files[0].sha256", "is a folder"));
}

static void contents_are_the_same_only_in_everything(void **state)
{
        const struct hf_content content = { .ino = 1, .size = 2, .ctime = 3, .ctime_nsec = 4, .dev = 5 };
        struct hf_content other[] = { content, content, content, content, content };

        (void)state;
        assert_true(hf_content_same(&content, &content));
        other[0].ino++;
        other[1].size++;
        other[2].ctime++;
        other[3].ctime_nsec++;
        other[4].dev++;
        for (size_t i = 0; i < ARRAY_SIZE(other); i++)
                assert_false(hf_content_same(&content, &other[i]));
        assert_false(hf_content_same(&(struct hf_content){ 0 }, &(struct hf_content){ 0 }));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_rule_with_a_digest_marks_its_place_and_takes_w_from_it),
                cmocka_unit_test(what_does_not_exist_is_named_too_and_its_links_stay_as_they_are),
                cmocka_unit_test(nothing_else_gives_x_where_a_content_is_named),
                cmocka_unit_test(a_content_must_be_named_by_every_layer_that_names_any),
                cmocka_unit_test(a_denial_of_x_holds_against_a_content),
                cmocka_unit_test(one_object_at_two_places_is_held_to_the_content),
                cmocka_unit_test(a_folder_has_no_content),
                cmocka_unit_test(contents_are_the_same_only_in_everything),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
