/* SPDX-License-Identifier: Apache-2.0 */
/* Policies that extend others. */
#include "unit/policy/fake_fs.h"

#define BASE_LIMITS "\"limits\":{\"memory\":\"8G\",\"pids\":100},"
#define BASE \
        "{\"holdfast\":1,\"name\":\"base\",\"description\":\"no network\",\"programs\":[\"base\"]," BASE_LIMITS \
        "\"on_control_loss\":\"kill\",\"trips\":[{\"on\":\"denials\",\"over\":5,\"within\":\"1m\",\"do\":\"kill\"}]," \
        "\"capabilities\":{\"system\":{\"files\":[{\"path\":\"/usr\",\"allow\":\"rx\"}]}," \
        "\"secrets\":{\"files\":[{\"path\":\"/loop/a\",\"deny\":\"r\"},{\"path\":\"${HOME}/.ssh\",\"deny\":\"rw\"}]}}}"
#define MORE \
        "{\"holdfast\":1,\"name\":\"more\",\"extends\":\"base\",\"capabilities\":{\"net\":{\"egress\":[{\"host\":\"a.example\"}]," \
        "\"environment\":[\"A_KEY\"]}}}"

/* A library out of a table. */
struct shelf {
        const char *name, *file, *text;
};

static const struct shelf shelves[] = {
        { "base", "/lib/base.json", BASE },
        { "more", "/lib/more.json", MORE },
        { "self", "/site/self.json", "{\"holdfast\":1,\"name\":\"self\",\"extends\":\"self\"}" },
        { "self", "/lib/self.json", BASE },
        { "ring-a", "/lib/ring-a.json", "{\"holdfast\":1,\"name\":\"ring-a\",\"extends\":\"ring-b\"}" },
        { "ring-b", "/lib/ring-b.json", "{\"holdfast\":1,\"name\":\"ring-b\",\"extends\":\"ring-a\"}" },
        { "wrong", "/lib/wrong.json",
          "{\"holdfast\":1,\"name\":\"wrong\",\"extends\":\"nowhere\",\"colour\":1,\"limits\":{\"pids\":0},\"capabilities\":{}}" },
        { "c1", "/lib/c1.json", "{\"holdfast\":1,\"name\":\"c1\",\"extends\":\"c2\"}" },
        { "c2", "/lib/c2.json", "{\"holdfast\":1,\"name\":\"c2\",\"extends\":\"c3\"}" },
        { "c3", "/lib/c3.json", "{\"holdfast\":1,\"name\":\"c3\",\"extends\":\"c4\"}" },
        { "c4", "/lib/c4.json", "{\"holdfast\":1,\"name\":\"c4\",\"extends\":\"c5\"}" },
        { "c5", "/lib/c5.json", "{\"holdfast\":1,\"name\":\"c5\",\"extends\":\"c6\"}" },
        { "c6", "/lib/c6.json", "{\"holdfast\":1,\"name\":\"c6\",\"extends\":\"c7\"}" },
        { "c7", "/lib/c7.json", "{\"holdfast\":1,\"name\":\"c7\",\"extends\":\"base\"}" },
};

static int read_shelf(void *context, const char *name, const char *from, char **text, size_t *length, char **file, struct error *e)
{
        (void)context;
        for (size_t i = 0; i < ARRAY_SIZE(shelves); i++) {
                if (strcmp(shelves[i].name, name) != 0 || (from && !strcmp(from, shelves[i].file)))
                        continue;
                *text = strdup(shelves[i].text);
                *length = strlen(shelves[i].text);
                *file = strdup(shelves[i].file);
                return 0;
        }
        return error_set(e, -ENOENT, "there is no policy \"%s\"", name);
}

static const struct policy_library library = { read_shelf, NULL };

/* The policy and its whole text. */
static struct policy *loaded(const char *text, char **whole)
{
        _cleanup_findings_ struct findings findings = FINDINGS_INIT;
        struct policy *p = NULL;

        if (policy_load(text, strlen(text), NULL, &library, &p, whole, &findings) < 0) {
                print_findings(&findings);
                fail();
        }
        return p;
}

/* Asserts that loading fails with a finding at that place that has those words, and that nothing comes out. */
static void assert_wrong(const char *text, const char *where, const char *words)
{
        _cleanup_findings_ struct findings findings = FINDINGS_INIT;
        struct policy *p = NULL;
        char *whole = NULL;

        assert_int_equal(policy_load(text, strlen(text), NULL, &library, &p, &whole, &findings), -EINVAL);
        assert_null(p);
        assert_null(whole);
        for (int i = 0; i < findings.count; i++)
                if (!strcmp(findings.list[i].where, where) && strstr(findings.list[i].what, words))
                        return;
        print_findings(&findings);
        fail_msg("no finding at %s with \"%s\"", where, words);
}

#define MINE(rest) "{\"holdfast\":1,\"name\":\"mine\",\"extends\":" rest "}"

static void a_policy_without_extends_is_left_as_it_is(void **state)
{
        _cleanup_free_ char *whole = NULL;
        struct policy *p = loaded(BASE, &whole);

        (void)state;
        assert_string_equal(whole, BASE);
        assert_string_equal(p->description, "no network");
        assert_null(p->capabilities[0].from);
        policy_free(p);
}

static void capabilities_are_taken_over_added_and_replaced_by_their_names(void **state)
{
        _cleanup_free_ char *whole = NULL;
        struct policy *p = loaded(MINE("\"more\",\"capabilities\":{\"secrets\":{\"files\":[{\"path\":\"/other\",\"deny\":\"r\"}]},"
                                       "\"own\":{}}"),
                                  &whole);

        (void)state;
        assert_string_equal(p->name, "mine");
        assert_null(p->description);
        assert_null(p->extends);
        assert_int_equal(p->programs.n, 0);
        assert_int_equal(p->n_capabilities, 4);
        assert_string_equal(p->capabilities[0].name, "system");
        assert_string_equal(p->capabilities[0].from, "base");
        assert_string_equal(p->capabilities[1].name, "secrets");
        assert_null(p->capabilities[1].from);
        assert_string_equal(p->capabilities[2].name, "net");
        assert_string_equal(p->capabilities[2].from, "more");
        assert_int_equal(p->capabilities[2].environment.n, 1);
        assert_string_equal(p->capabilities[2].environment.list[0], "A_KEY");
        assert_string_equal(p->capabilities[3].name, "own");
        assert_int_equal(p->n_rules, 3);
        assert_string_equal(p->rules[1].path, "/other");
        policy_free(p);
}

static void limits_are_taken_over_one_by_one_and_the_rest_as_a_whole(void **state)
{
        _cleanup_free_ char *whole = NULL;
        struct policy *p = loaded(MINE("\"base\",\"limits\":{\"pids\":7},\"on_control_loss\":\"keep\","
                                       "\"trips\":[{\"on\":\"lost\",\"over\":0,\"within\":\"1m\",\"do\":\"pause\"}]"),
                                  &whole);

        (void)state;
        assert_int_equal(p->limits.pids, 7);
        assert_int_equal(p->limits.memory, 8ULL << 30);
        assert_int_equal(p->on_control_loss, 0);
        assert_int_equal(p->n_trips, 1);
        assert_int_equal(p->trips[0].on, TRIP_LOST);
        policy_free(p);
        free(TAKE_PTR(whole));
        p = loaded(MINE("\"base\""), &whole);
        assert_int_equal(p->on_control_loss, HF_KILL_KILL);
        assert_int_equal(p->trips[0].on, TRIP_DENIALS);
        policy_free(p);
}

/* What is in force is the whole text: it is read again without a library, whatever became of what was extended. */
static void the_whole_text_stands_by_itself(void **state)
{
        _cleanup_findings_ struct findings findings = FINDINGS_INIT;
        _cleanup_free_ char *whole = NULL, *again = NULL;
        struct policy *p = loaded(MINE("\"more\",\"description\":\"d\",\"programs\":[\"mine\"]"), &whole), *q = NULL;

        (void)state;
        assert_int_equal(policy_parse(whole, strlen(whole), &q, &findings), 0);
        assert_int_equal(q->n_rules, p->n_rules);
        for (int i = 0; i < p->n_rules; i++)
                assert_string_equal(q->rules[i].where, p->rules[i].where);
        assert_string_equal(q->description, "d");
        assert_string_equal(q->programs.list[0], "mine");
        assert_string_equal(q->capabilities[0].from, "base");
        policy_free(q);
        q = loaded(whole, &again);
        assert_string_equal(again, whole);
        policy_free(q);
        policy_free(p);
}

static void a_policy_that_is_not_to_extend_says_so(void **state)
{
        _cleanup_findings_ struct findings findings = FINDINGS_INIT;
        struct policy *p = NULL;

        (void)state;
        assert_int_equal(policy_parse(MORE, strlen(MORE), &p, &findings), -EINVAL);
        assert_int_equal(findings.total, 1);
        assert_string_equal(findings.list[0].where, "$.extends");
}

static void a_policy_of_the_site_extends_the_one_that_it_hides(void **state)
{
        _cleanup_free_ char *whole = NULL;
        struct policy *p = loaded(MINE("\"self\""), &whole);

        (void)state;
        assert_string_equal(p->capabilities[0].name, "system");
        policy_free(p);
}

static void a_chain_that_does_not_end_or_is_not_there_is_named(void **state)
{
        (void)state;
        assert_wrong(MINE("\"nowhere\""), "$.extends", "mine extends nowhere: there is no policy \"nowhere\"");
        assert_wrong(MINE("\"ring-a\""), "/lib/ring-b.json: $.extends",
                     "mine extends ring-a extends ring-b extends ring-a: the chain comes back");
        assert_wrong(MINE("\"c1\""), "/lib/c7.json: $.extends", "extends c7 extends base: the chain is too long");
        assert_wrong(MINE("\"../base\""), "$.extends", "expected a name");
        assert_wrong(MINE("[\"base\"]"), "$.extends", "expected a name");
        assert_wrong(MINE("\"base\",\"capabilities\":{}"), "$.capabilities", "at least one");
}

static void a_chain_of_eight_is_taken(void **state)
{
        static const char text[] = "{\"holdfast\":1,\"name\":\"mine\",\"extends\":\"c2\"}";
        _cleanup_free_ char *whole = NULL;
        struct policy *p = loaded(text, &whole);

        (void)state;
        assert_int_equal(p->n_capabilities, 2);
        policy_free(p);
}

static void errors_of_all_files_come_at_once_each_with_its_file(void **state)
{
        static const char text[] = MINE("\"wrong\",\"capabilities\":{\"a\":{\"file\":[]}}");

        (void)state;
        assert_wrong(text, "$.capabilities.a.file", "did you mean \"files\"");
        assert_wrong(text, "/lib/wrong.json: $.colour", "unknown field");
        assert_wrong(text, "/lib/wrong.json: $.limits.pids", "whole number");
        assert_wrong(text, "/lib/wrong.json: $.capabilities", "at least one");
        assert_wrong(text, "/lib/wrong.json: $.extends", "mine extends wrong extends nowhere");
}

/* Paths are resolved later: what is wrong there names the policy that the rule is from. */
static void an_error_of_compiling_names_the_policy_that_the_rule_is_from(void **state)
{
        static const struct fake tree[] = { { "/loop", 'd', NULL }, { "/loop/a", 'l', "a" }, { NULL, 0, NULL } };
        _cleanup_fixture_ struct fixture f = { 0 };
        _cleanup_free_ char *whole = NULL;

        (void)state;
        policy_free(loaded(MINE("\"base\",\"capabilities\":{\"own\":{\"files\":[{\"path\":\"/loop/a\",\"allow\":\"r\"}]}}"), &whole));
        assert_true(compile(&f, tree, NULL, whole) < 0);
        assert_int_equal(f.findings.total, 2);
        assert_string_equal(f.findings.list[0].where, "base: $.capabilities.secrets.files[0].path");
        assert_string_equal(f.findings.list[1].where, "$.capabilities.own.files[0].path");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_policy_without_extends_is_left_as_it_is),
                cmocka_unit_test(capabilities_are_taken_over_added_and_replaced_by_their_names),
                cmocka_unit_test(limits_are_taken_over_one_by_one_and_the_rest_as_a_whole),
                cmocka_unit_test(the_whole_text_stands_by_itself),
                cmocka_unit_test(a_policy_that_is_not_to_extend_says_so),
                cmocka_unit_test(a_policy_of_the_site_extends_the_one_that_it_hides),
                cmocka_unit_test(a_chain_that_does_not_end_or_is_not_there_is_named),
                cmocka_unit_test(a_chain_of_eight_is_taken),
                cmocka_unit_test(errors_of_all_files_come_at_once_each_with_its_file),
                cmocka_unit_test(an_error_of_compiling_names_the_policy_that_the_rule_is_from),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
