/* SPDX-License-Identifier: Apache-2.0 */
/* Settings of Codex. */
#include "unit/import/fixture.h"

static const char example[] = "model = \"gpt-5\"\n"
                              "approval_policy = \"on-request\"\n"
                              "sandbox_mode = \"workspace-write\"\n"
                              "\n"
                              "[sandbox_workspace_write]\n"
                              "writable_roots = [\n"
                              "  \"/opt/shims\", # installed by hand\n"
                              "  '~/.cache/pip',\n"
                              "]\n"
                              "network_access = false\n"
                              "exclude_slash_tmp = false\n"
                              "\n"
                              "[shell_environment_policy]\n"
                              "inherit = \"all\"\n"
                              "ignore_default_excludes = true\n"
                              "set = { CI = \"1\" }\n"
                              "\n"
                              "[mcp_servers.docs]\n"
                              "command = \"npx\"\n"
                              "args = [\"-y\", \"docs\"]\n"
                              "\n"
                              "[projects.\"/srv/ws\"]\n"
                              "trust_level = \"trusted\"\n";

static void a_full_example_is_carried_over(void **state)
{
        static const struct expectation expected[] = {
                { "/usr/bin/git", "rx" },
                { "/srv/ws/src/main.c", "rwx" },
                { "/srv/ws/.git/index", "rx" },
                { "/srv/ws/.codex/config.toml", "rx" },
                { "/srv/ws/.agents/x", "rx" },
                { "/srv/ws/a/.git/index", "rwx" },
                { "/opt/shims/x", "rwx" },
                { "/opt/shims/.git/x", "rx" },
                { "/home/u/.cache/pip/x", "rwx" },
                { "/home/u/x", "rx" },
                { "/tmp/x", "rwx" },
                { "/run/x.sock", "rx" },
                { "/dev/null", "rwx" },
                { NULL, NULL },
        };
        _cleanup_outcome_ struct outcome o = { 0 };

        (void)state;
        must_import(&o, IMPORT_GUESS, example);
        assert_int_equal(o.imported.format, IMPORT_CODEX);
        assert_rights(&o, expected);
        assert_int_equal(o.c.compiled->n_prefixes, 0);
        assert_lost(&o, "approval_policy", "does not ask", false);
        assert_lost(&o, "mcp_servers", "outside of its sandbox", false);
        assert_lost(&o, "shell_environment_policy.set", "variables", false);
        assert_lost(&o, "shell_environment_policy.ignore_default_excludes", "--keep-env", false);
        assert_int_equal(o.imported.n_denials, 0);
        assert_int_equal(o.imported.n_left, 5);
}

static void each_mode(void **state)
{
        static const struct expectation read_only[] = { { "/srv/ws/x", "rx" }, { "/tmp/x", "rx" }, { "/dev/null", "rwx" }, { NULL, NULL } };
        static const struct expectation full[] = { { "/srv/ws/x", "rwxc" }, { "/etc/x", "rwxc" }, { NULL, NULL } };
        _cleanup_outcome_ struct outcome none = { 0 }, one = { 0 }, all = { 0 };

        (void)state;
        must_import(&none, IMPORT_CODEX, "model = 'x'");
        assert_rights(&none, read_only);
        assert_lost(&none, "sandbox_mode", "read-only", false);
        must_import(&one, IMPORT_CODEX, "sandbox_mode = 'read-only'\n[sandbox_workspace_write]\nnetwork_access = true");
        assert_rights(&one, read_only);
        assert_false(opens(&one.c, "192.0.2.1", HF_TCP, 443));
        must_import(&all, IMPORT_CODEX, "sandbox_mode = 'danger-full-access'");
        assert_rights(&all, full);
        assert_true(opens(&all.c, "192.0.2.1", HF_TCP, 443));
        assert_true(opens(&all.c, "2001:db8::1", HF_UDP, 53));
        assert_true(opens(&all.c, "127.0.0.1", HF_TCP, 80));
        assert_lost(&all, "sandbox_mode", "devices", false);
}

static void the_network_and_temporary_folders_are_switches(void **state)
{
        static const struct expectation expected[] = {
                { "/tmp/x", "rxc" }, { "/srv/ws/x", "rwxc" }, { "/run/x.sock", "rxc" }, { NULL, NULL }
        };
        _cleanup_outcome_ struct outcome o = { 0 };

        (void)state;
        must_import(&o, IMPORT_CODEX,
                    "sandbox_mode = \"workspace-write\"\nsandbox_workspace_write = { network_access = true, exclude_slash_tmp = true }");
        assert_rights(&o, expected);
        assert_true(opens(&o.c, "192.0.2.1", HF_TCP, 443));
        assert_lost(&o, "sandbox_workspace_write.exclude_tmpdir_env_var", "/tmp", false);
}

static void a_profile_that_is_chosen_counts(void **state)
{
        static const struct expectation expected[] = { { "/srv/ws/x", "rx" }, { NULL, NULL } };
        _cleanup_outcome_ struct outcome o = { 0 };

        (void)state;
        must_import(&o, IMPORT_CODEX,
                    "profile = 'ci'\nsandbox_mode = 'danger-full-access'\n[profiles.ci]\nsandbox_mode = 'read-only'\n"
                    "[profiles.ci.sandbox_workspace_write]\nnetwork_access = true");
        assert_rights(&o, expected);
        assert_lost(&o, "profiles.ci.sandbox_workspace_write", "write it there", true);
}

static void variables_that_are_kept_are_named(void **state)
{
        _cleanup_outcome_ struct outcome o = { 0 };

        (void)state;
        must_import(&o, IMPORT_CODEX,
                    "sandbox_mode = 'read-only'\n[shell_environment_policy]\ninherit = 'core'\nignore_default_excludes = true\n"
                    "include_only = ['PATH', 'GITHUB_TOKEN', 'AWS_*']\nexclude = ['AZURE_*']");
        assert_int_equal(o.c.layers[0]->capabilities[0].environment.n, 2);
        assert_string_equal(o.c.layers[0]->capabilities[0].environment.list[1], "GITHUB_TOKEN");
        assert_lost(&o, "shell_environment_policy.inherit", "hands on", true);
        assert_lost(&o, "shell_environment_policy.include_only", "hands on", true);
        assert_lost(&o, "shell_environment_policy.exclude", "secret", true);
        assert_int_equal(o.imported.n_denials, 3);
}

static void what_is_not_understood_may_deny(void **state)
{
        _cleanup_outcome_ struct outcome o = { 0 };

        (void)state;
        must_import(&o, IMPORT_CODEX,
                    "sandbox_mode = 'workspace-write'\ndefault_permissions = 'w'\n[sandbox_workspace_write]\nwritable_roots = ['relative', "
                    "'/a']\n"
                    "read_only_roots = ['/a/b']\n[permissions.w]\nx = 1");
        assert_lost(&o, "sandbox_workspace_write.read_only_roots", "does not know it", true);
        assert_lost(&o, "sandbox_workspace_write.writable_roots[0]", "whole path", false);
        assert_lost(&o, "default_permissions", "profiles", true);
        assert_lost(&o, "permissions", "profiles", true);
        assert_int_equal(o.imported.n_denials, 3);
}

static void wrong_settings_are_told_with_their_place(void **state)
{
        (void)state;
        assert_wrong(IMPORT_CODEX, NULL, "sandbox_mode = 'off'", "sandbox_mode", "\"off\"|read-only");
        assert_wrong(IMPORT_CODEX, NULL, "sandbox_mode = 1", "sandbox_mode", "a number|a string");
        assert_wrong(IMPORT_CODEX, NULL, "a = 1\nb = [", "TOML", "line 2");
        assert_wrong(IMPORT_CODEX, NULL, "sandbox_mode = 'workspace-write'\nsandbox_workspace_write.writable_roots = '/a'",
                     "sandbox_workspace_write.writable_roots", "a string|an array of strings");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_full_example_is_carried_over),
                cmocka_unit_test(each_mode),
                cmocka_unit_test(the_network_and_temporary_folders_are_switches),
                cmocka_unit_test(a_profile_that_is_chosen_counts),
                cmocka_unit_test(variables_that_are_kept_are_named),
                cmocka_unit_test(what_is_not_understood_may_deny),
                cmocka_unit_test(wrong_settings_are_told_with_their_place),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
