/* SPDX-License-Identifier: Apache-2.0 */
/* Settings of Claude Code. */
#include "unit/import/fixture.h"

#define CLAUDE(sandbox, permissions) "{\"model\":\"opus\",\"sandbox\":{\"enabled\":true" sandbox "},\"permissions\":{" permissions "}}"

static const char example[] = CLAUDE(
        ",\"autoAllowBashIfSandboxed\":true,\"excludedCommands\":[\"docker *\"],\"allowUnsandboxedCommands\":false,"
        "\"filesystem\":{\"allowWrite\":[\"//opt/build\",\"/var/cache/x\",\"~/.kube\",\"./out\"],\"denyWrite\":[\"./generated\"],"
        "\"denyRead\":[\"~/.aws\",\"~/.gnupg\",\"/vault\"],\"allowRead\":[\"~/.aws/config\",\"~/.gnupg/pub\"]},"
        "\"network\":{\"allowedDomains\":[\"github.com\",\"*.npmjs.org\"],\"deniedDomains\":[\"x.npmjs.org\"],\"allowLocalBinding\":true,"
        "\"allowUnixSockets\":[\"~/.agent.sock\"]}",
        "\"allow\":[\"Bash(npm run lint)\",\"Read(~/.zshrc)\",\"Edit(//opt/notes/**)\",\"WebFetch(domain:docs.example.com)\",\"mcp__x\"],"
        "\"ask\":[\"Edit(/package.json)\",\"WebFetch(domain:ask.example.com)\"],"
        "\"deny\":[\"Read(.env)\",\"Read(./secrets/**)\",\"Edit(/.github/**)\",\"Read(//etc/ssl/private)\",\"Edit(src/*/gen)\","
        "\"WebFetch(domain:bad.example.com)\",\"Read(~/.gnupg/**)\"],"
        "\"additionalDirectories\":[\"~/notes\",\"/srv/docs\"],\"defaultMode\":\"acceptEdits\"");

static void a_full_example_is_carried_over(void **state)
{
        static const struct expectation expected[] = {
                { "/usr/bin/git", "rx" },
                { "/srv/ws/src/main.c", "rwx" },
                { "/srv/ws/src/a/gen/x", "rx" },
                { "/srv/ws/src/a/b/gen", "rwx" },
                { "/srv/ws/out/x", "rwx" },
                { "/srv/ws/generated/x", "rx" },
                { "/srv/ws/package.json", "rx" },
                { "/srv/ws/sub/package.json", "rwx" },
                { "/srv/ws/.github/workflows/ci.yml", "rx" },
                { "/srv/ws/.env", "" },
                { "/srv/ws/a/b/.env", "" },
                { "/srv/ws/secrets/key", "" },
                { "/srv/ws/a/secrets/key", "rwx" },
                { "/srv/ws/.claude/settings.json", "rx" },
                { "/srv/ws/.git/hooks/x", "rx" },
                { "/etc/ssl/private/key.pem", "" },
                { "/opt/build/x", "rwx" },
                { "/opt/notes/x", "rwx" },
                { "/opt/x", "rx" },
                { "/var/cache/x/y", "rwx" },
                { "/vault/x", "" },
                { "/srv/ws/vault/x", "" },
                { "/srv/docs/x", "rwx" },
                { "/home/u/.kube/config", "rwx" },
                { "/home/u/notes/x", "rwx" },
                { "/home/u/.aws/credentials", "" },
                { "/home/u/.aws/config", "rx" },
                { "/home/u/.gnupg/pub/x", "" },
                { "/home/u/.agent.sock", "rxc" },
                { "/home/u/.zshrc", "rx" },
                { NULL, NULL },
        };
        _cleanup_outcome_ struct outcome o = { 0 };

        (void)state;
        must_import(&o, IMPORT_GUESS, example);
        assert_int_equal(o.imported.format, IMPORT_CLAUDE);
        assert_rights(&o, expected);
        assert_true(reaches(&o, "github.com", 443));
        assert_true(reaches(&o, "registry.npmjs.org", 443));
        assert_false(reaches(&o, "x.npmjs.org", 443));
        assert_true(reaches(&o, "docs.example.com", 443));
        assert_false(reaches(&o, "bad.example.com", 443));
        assert_false(reaches(&o, "ask.example.com", 443));
        assert_int_equal(o.imported.n_denials, 0);
}

static void what_has_no_rule_is_listed(void **state)
{
        _cleanup_outcome_ struct outcome o = { 0 };

        (void)state;
        must_import(&o, IMPORT_CLAUDE, example);
        assert_lost(&o, "$.sandbox.autoAllowBashIfSandboxed", "does not ask", false);
        assert_lost(&o, "$.sandbox.excludedCommands[0]", "docker *", false);
        assert_lost(&o, "$.sandbox.filesystem.allowRead[1]", "$.permissions.deny[6] denies it", false);
        assert_lost(&o, "$.permissions.allow[0]", "Bash(npm run lint)", false);
        assert_lost(&o, "$.permissions.allow[4]", "tools of an agent", false);
        assert_lost(&o, "$.permissions.ask[0]", "approvals", false);
        assert_lost(&o, "$.permissions.ask[1]", "approvals", false);
        assert_lost(&o, "$.permissions.defaultMode", "does not ask", false);
        assert_lost(&o, "$", "${TMPDIR}", false);
        assert_int_equal(o.imported.n_left, 10);
}

static void denials_that_no_rule_can_say_are_told_apart(void **state)
{
        _cleanup_outcome_ struct outcome o = { 0 };

        (void)state;
        must_import(&o, IMPORT_CLAUDE,
                    CLAUDE(",\"filesystem\":{\"denyEverything\":true}",
                           "\"ask\":[\"Bash(git push *)\"],\"deny\":[\"Bash(curl "
                           "*)\",\"WebFetch\",\"Read\",\"Read(**/*.key)\",\"Read(!x)\",\"mcp__a__b\","
                           "\"Read(x\"],\"defaultMode\":\"plan\",\"disableBypassPermissionsMode\":\"disable\""));
        assert_lost(&o, "$.sandbox.filesystem.denyEverything", "does not know it", true);
        assert_lost(&o, "$.permissions.ask[0]", "by their words", true);
        assert_lost(&o, "$.permissions.deny[0]", "by their words", true);
        assert_lost(&o, "$.permissions.deny[1]", "domain:", true);
        assert_lost(&o, "$.permissions.deny[2]", "tools of an agent", true);
        assert_lost(&o, "$.permissions.deny[3]", "parts of names", true);
        assert_lost(&o, "$.permissions.deny[4]", "exception", true);
        assert_lost(&o, "$.permissions.deny[5]", "tools of an agent", true);
        assert_lost(&o, "$.permissions.deny[6]", "Read(x", true);
        assert_lost(&o, "$.permissions.defaultMode", "plan", true);
        assert_lost(&o, "$.permissions.disableBypassPermissionsMode", "no such mode", false);
        assert_int_equal(o.imported.n_denials, 10);
}

static void a_tool_that_writes_nowhere_leaves_nothing_to_write(void **state)
{
        static const struct expectation expected[] = { { "/srv/ws/x", "rx" }, { "/tmp/x", "rx" }, { "/dev/null", "rwx" }, { NULL, NULL } };
        _cleanup_outcome_ struct outcome o = { 0 };

        (void)state;
        must_import(&o, IMPORT_CLAUDE,
                    CLAUDE(",\"filesystem\":{\"allowWrite\":[\"/tmp\"]}", "\"deny\":[\"Edit\"],\"allow\":[\"Edit(/a)\"]"));
        assert_rights(&o, expected);
        assert_lost(&o, "$.permissions.allow[0]", "$.permissions.deny[0] denies it", false);
}

static void without_a_sandbox_it_confines_as_if_there_were_one(void **state)
{
        static const struct expectation expected[] = { { "/srv/ws/x", "rwx" }, { "/etc/x", "rx" }, { NULL, NULL } };
        _cleanup_outcome_ struct outcome o = { 0 };

        (void)state;
        must_import(&o, IMPORT_CLAUDE, "{}");
        assert_rights(&o, expected);
        assert_null(o.c.compiled->hosts);
        assert_lost(&o, "$.sandbox.enabled", "off", false);
}

static void servers_that_are_denied_count_as_denials(void **state)
{
        _cleanup_outcome_ struct outcome o = { 0 };

        (void)state;
        must_import(&o, IMPORT_CLAUDE,
                    "{\"sandbox\":{},\"deniedMcpServers\":[{\"serverName\":\"x\"}],\"disabledMcpjsonServers\":[],\"hooks\":{\"a\":1}}");
        assert_lost(&o, "$.deniedMcpServers", "servers", true);
        assert_int_equal(o.imported.n_denials, 1);
}

static void wrong_settings_are_told_with_their_place(void **state)
{
        (void)state;
        assert_wrong(IMPORT_GUESS, NULL, "{\"sandbox\":{\"enabled\":\"yes\"}}", "$.sandbox.enabled", "a string|true or false");
        assert_wrong(IMPORT_GUESS, NULL, "{\"permissions\":{\"deny\":{}}}", "$.permissions.deny", "an object|an array of strings");
        assert_wrong(IMPORT_GUESS, NULL, "{\"permissions\":{\"defaultMode\":1}}", "$.permissions.defaultMode", "a number|a string");
        assert_wrong(IMPORT_CLAUDE, NULL, "{\"permissions\":1}", "$.permissions", "a number|an object");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_full_example_is_carried_over),
                cmocka_unit_test(what_has_no_rule_is_listed),
                cmocka_unit_test(denials_that_no_rule_can_say_are_told_apart),
                cmocka_unit_test(a_tool_that_writes_nowhere_leaves_nothing_to_write),
                cmocka_unit_test(without_a_sandbox_it_confines_as_if_there_were_one),
                cmocka_unit_test(servers_that_are_denied_count_as_denials),
                cmocka_unit_test(wrong_settings_are_told_with_their_place),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
