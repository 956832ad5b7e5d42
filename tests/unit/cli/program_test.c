/* SPDX-License-Identifier: Apache-2.0 */
/* Finding what a command line runs, in folders of its own. */
#include "cli/program.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ftw.h>

static char root[64];

/* Paths are below the folder of the test. */
static char *at(const char *path)
{
        static char ring[8][PATH_MAX];
        static int next;
        char *out = ring[next++ % 8];

        snprintf(out, PATH_MAX, "%s/%s", root, path);
        return out;
}

static void make(const char *path, const char *text, mode_t mode)
{
        char *full = at(path);
        FILE *f;

        for (char *slash = full + strlen(root) + 1; (slash = strchr(slash, '/')); slash++) {
                *slash = '\0';
                mkdir(full, 0755);
                *slash = '/';
        }
        f = fopen(full, "we");
        assert_non_null(f);
        fputs(text, f);
        fclose(f);
        chmod(full, mode);
}

static void make_link(const char *path, const char *target)
{
        make(path, "", 0644);
        unlink(at(path));
        assert_int_equal(symlink(target, at(path)), 0);
}

static int set_up(void **state)
{
        char *real;

        (void)state;
        strcpy(root, "/tmp/holdfast-program-XXXXXX");
        if (!mkdtemp(root) || !(real = realpath(root, NULL)))
                return -1;
        snprintf(root, sizeof(root), "%s", real);
        free(real);
        make("home/x", "", 0644);
        make("bin/interpreter", "", 0755);
        setenv("PATH", at("bin"), 1);
        return 0;
}

static int take_away(const char *path, const struct stat *st, int type, struct FTW *walk)
{
        (void)st, (void)type, (void)walk;
        return remove(path);
}

static int tear_down(void **state)
{
        (void)state;
        return nftw(root, take_away, 16, FTW_DEPTH | FTW_PHYS);
}

static void found(const char *command, struct program *p)
{
        *p = (struct program){ 0 };
        assert_int_equal(program_find(command, at("home"), at("home/work"), p), 0);
}

/* Names with "," between them. */
static void assert_names(const struct program *p, const char *expected)
{
        char names[256] = "";

        for (int i = 0; i < PROGRAM_NAMES && p->names[i]; i++)
                snprintf(names + strlen(names), sizeof(names) - strlen(names), "%s%s", i ? "," : "", p->names[i]);
        assert_string_equal(names, expected);
}

static void make_npm(const char *prefix)
{
        char path[256];

        snprintf(path, sizeof(path), "%s/lib/node_modules/@maker/agent-cli/package.json", prefix);
        make(path, "{\"name\":\"@maker/agent-cli\",\"version\":\"1.2.3\",\"bin\":{\"agent\":\"bin/agent.js\"}}", 0644);
        snprintf(path, sizeof(path), "%s/lib/node_modules/@maker/agent-cli/bin/agent.js", prefix);
        make(path, "#!/usr/bin/env interpreter\n", 0755);
        snprintf(path, sizeof(path), "%s/bin/agent", prefix);
        make_link(path, "../lib/node_modules/@maker/agent-cli/bin/agent.js");
}

static void a_program_of_a_package_has_its_names_version_and_place(void **state)
{
        struct program p;

        (void)state;
        make_npm("home/.npm-global");
        setenv("PATH", at("home/.npm-global/bin"), 1);
        found("agent", &p);
        assert_string_equal(p.path, at("home/.npm-global/lib/node_modules/@maker/agent-cli/bin/agent.js"));
        assert_names(&p, "agent,agent.js");
        assert_string_equal(p.version, "1.2.3");
        assert_string_equal(p.places[0], at("home/.npm-global/lib/node_modules"));
        assert_null(p.places[1]); /* its interpreter is not there */
        program_clear(&p);
}

static void a_link_of_another_name_has_the_package_s_names_too(void **state)
{
        struct program p;

        (void)state;
        make_npm("home/.npm-global");
        make_link("bin/mine", at("home/.npm-global/bin/agent"));
        found("mine", &p);
        assert_names(&p, "mine,agent,agent.js");
        assert_string_equal(p.places[1], at("bin/interpreter")); /* what is above its bin holds the home folder */
        program_clear(&p);
}

static void a_program_in_a_folder_of_versions_has_that_version(void **state)
{
        struct program p;

        (void)state;
        make("home/.local/share/agent/versions/2.0.1",
             "\x7f"
             "ELF",
             0755);
        make_link("bin/agent", at("home/.local/share/agent/versions/2.0.1"));
        found("agent", &p);
        assert_string_equal(p.version, "2.0.1");
        assert_string_equal(p.places[0], at("home/.local/share/agent/versions"));
        program_clear(&p);
        make("home/.local/share/agent/versions/2026.01.02-abc/agent",
             "\x7f"
             "ELF",
             0755);
        found(at("home/.local/share/agent/versions/2026.01.02-abc/agent"), &p);
        assert_string_equal(p.version, "2026.01.02-abc");
        program_clear(&p);
}

static void places_never_hold_the_home_folder_or_the_workspace(void **state)
{
        struct program p;

        (void)state;
        make("home/bin/agent",
             "\x7f"
             "ELF",
             0755);
        found(at("home/bin/agent"), &p);
        assert_string_equal(p.places[0], at("home/bin/agent"));
        program_clear(&p);
        make("home/.local/bin/agent",
             "\x7f"
             "ELF",
             0755);
        found(at("home/.local/bin/agent"), &p); /* ~/.local has more than programs */
        assert_string_equal(p.places[0], at("home/.local/bin/agent"));
        program_clear(&p);
        assert_int_equal(symlink(at("home"), at("alias")), 0);
        assert_int_equal(program_find(at("home/bin/agent"), at("alias"), at("home/work"), &p), 0);
        assert_string_equal(p.places[0], at("home/bin/agent"));
        program_clear(&p);
        assert_int_equal(program_find(at("home/bin/agent"), NULL, at("home/work"), &p), 0);
        assert_string_equal(p.places[0], at("home/bin/agent"));
        program_clear(&p);
        make("home/agent", "#!/usr/bin/env -S A=b interpreter x\n", 0755);
        found(at("home/agent"), &p);
        assert_string_equal(p.places[0], at("home/agent"));
        assert_string_equal(p.places[1], at("bin/interpreter"));
        program_clear(&p);
        make("home/work/node_modules/agent/agent",
             "\x7f"
             "ELF",
             0755);
        found(at("home/work/node_modules/agent/agent"), &p);
        assert_null(p.places[0]);
        program_clear(&p);
        make("home/a*b/bin/agent",
             "\x7f"
             "ELF",
             0755); /* no policy can name it */
        found(at("home/a*b/bin/agent"), &p);
        assert_null(p.places[0]);
        program_clear(&p);
}

static void programs_of_the_system_have_no_places(void **state)
{
        struct program p;

        (void)state;
        found("/bin/sh", &p);
        assert_string_equal(p.names[0], "sh");
        assert_null(p.version);
        assert_null(p.places[0]);
        program_clear(&p);
}

static void what_cannot_be_run_is_not_there(void **state)
{
        static const char *const absent[] = { "", "nowhere", ".", "/", "./x", "bin" };
        struct program p = { 0 };

        (void)state;
        make("bin/data", "", 0644);
        assert_int_equal(program_find("data", NULL, NULL, &p), -ENOENT);
        for (size_t i = 0; i < ARRAY_SIZE(absent); i++)
                assert_int_equal(program_find(absent[i], NULL, NULL, &p), -ENOENT);
        assert_null(p.path);
        program_clear(&p);
}

static void a_hostile_package_tells_nothing(void **state)
{
        static const char *const packages[] = {
                "",
                "[]",
                "{\"name\":1,\"version\":\"1\"}",
                "{\"name\":\"a\",\"version\":[\"1\"],\"bin\":[\"x\"]}",
                "{\"name\":\"a\",\"version\":\"1 under the policy x\\n\",\"bin\":{\"\":1}}",
                "{\"name\":\"a\",\"version\":\"\\u001b[2J\"}",
        };
        struct program p;

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(packages); i++) {
                make("home/p/package.json", packages[i], 0644);
                make("home/p/agent", "", 0755);
                found(at("home/p/agent"), &p);
                assert_null(p.version);
                assert_string_equal(p.names[0], "agent");
                program_clear(&p);
        }
}

static void the_first_policy_for_one_of_its_names_is_chosen(void **state)
{
        _cleanup_json_ cJSON *list = cJSON_Parse("[{\"name\":\"x\",\"programs\":[\"other\"]},{\"name\":\"site\",\"programs\":[\"agent\"]},"
                                                 "{\"name\":\"shipped\",\"programs\":[\"agent\",\"agent.js\"]},{\"name\":\"none\"},"
                                                 "{\"programs\":\"agent\"}]");
        const char *name = NULL;
        const cJSON *policy;
        struct program p;

        (void)state;
        make_npm("home/.npm-global");
        make_link("bin/mine", at("home/.npm-global/bin/agent"));
        found("mine", &p);
        policy = program_policy(&p, at("home/work"), list, &name);
        assert_string_equal(json_get_string(policy, "name"), "site");
        assert_string_equal(name, "agent");
        assert_null(program_policy(&p, at("home/.npm-global"), list, &name)); /* the workspace may hold anything */
        assert_null(program_policy(&p, NULL, NULL, &name));
        program_clear(&p);
        make_link("home/work/bin/agent", at("home/.npm-global/bin/agent"));
        found(at("home/work/bin/agent"), &p);
        assert_non_null(program_policy(&p, at("home/other"), list, &name));
        assert_null(program_policy(&p, at("home/work"), list, &name)); /* nor may a link in it choose */
        program_clear(&p);
        found("/bin/sh", &p);
        assert_null(program_policy(&p, NULL, list, &name));
        program_clear(&p);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(a_program_of_a_package_has_its_names_version_and_place, set_up, tear_down),
                cmocka_unit_test_setup_teardown(a_link_of_another_name_has_the_package_s_names_too, set_up, tear_down),
                cmocka_unit_test_setup_teardown(a_program_in_a_folder_of_versions_has_that_version, set_up, tear_down),
                cmocka_unit_test_setup_teardown(places_never_hold_the_home_folder_or_the_workspace, set_up, tear_down),
                cmocka_unit_test_setup_teardown(programs_of_the_system_have_no_places, set_up, tear_down),
                cmocka_unit_test_setup_teardown(what_cannot_be_run_is_not_there, set_up, tear_down),
                cmocka_unit_test_setup_teardown(a_hostile_package_tells_nothing, set_up, tear_down),
                cmocka_unit_test_setup_teardown(the_first_policy_for_one_of_its_names_is_chosen, set_up, tear_down),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
