/* SPDX-License-Identifier: Apache-2.0 */
/* Settings of sandbox-runtime, and of which format settings are. */
#include "unit/import/fixture.h"

static const char example[] =
        "{\"network\":{\"allowedDomains\":[\"github.com\",\"*.github.com\",\"registry.npmjs.org:443\",\"localhost:8080\"],"
        "\"deniedDomains\":[\"gist.github.com\"],\"allowUnixSockets\":[\"/run/docker.sock\"],\"allowLocalBinding\":false},"
        "\"filesystem\":{\"denyRead\":[\"~/.ssh\",\"/home\"],\"allowRead\":[\".\",\"~/.config/git\"],"
        "\"allowWrite\":[\".\",\"src/\",\"/tmp\"],\"denyWrite\":[\".env\",\"config/production.json\"]},"
        "\"ignoreViolations\":{\"*\":[\"/usr/bin\"]},\"enableWeakerNestedSandbox\":false}";

static void a_full_example_is_carried_over(void **state)
{
        static const struct expectation expected[] = {
                { "/usr/bin/git", "rx" },
                { "/etc/passwd", "rx" },
                { "/srv/ws/src/main.c", "rwx" },
                { "/srv/ws/.env", "rx" },
                { "/srv/ws/config/production.json", "rx" },
                { "/srv/ws/config/test.json", "rwx" },
                { "/tmp/x", "rwx" },
                { "/var/x", "rx" },
                { "/home/u", "" },
                { "/home/u/.ssh/id_rsa", "" },
                { "/home/u/.config/git/config", "rx" },
                { "/run/docker.sock", "rxc" },
                { "/run/other.sock", "rx" },
                { "/dev/null", "rwx" },
                { NULL, NULL },
        };
        _cleanup_outcome_ struct outcome o = { 0 };

        (void)state;
        must_import(&o, IMPORT_GUESS, example);
        assert_int_equal(o.imported.format, IMPORT_SRT);
        assert_int_equal(o.imported.n_denials, 0);
        assert_string_equal(o.c.layers[0]->name, "imported-srt");
        assert_rights(&o, expected);
        assert_lost(&o, "$.network.allowLocalBinding", "loopback", false);
        assert_lost(&o, "$.ignoreViolations", "holdfast tells of all", false);
        assert_int_equal(o.imported.n_left, 2);
}

static void hosts_are_reached_as_the_proxies_would_let(void **state)
{
        _cleanup_outcome_ struct outcome o = { 0 };

        (void)state;
        must_import(&o, IMPORT_SRT, example);
        assert_true(reaches(&o, "github.com", 443));
        assert_true(reaches(&o, "github.com", 22));
        assert_true(reaches(&o, "api.github.com", 443));
        assert_false(reaches(&o, "gist.github.com", 443));
        assert_true(reaches(&o, "registry.npmjs.org", 443));
        assert_false(reaches(&o, "registry.npmjs.org", 80));
        assert_false(reaches(&o, "npmjs.org", 443));
        assert_false(reaches(&o, "example.com", 443));
        assert_true(opens(&o.c, "127.0.0.1", HF_TCP, 8080));
        assert_false(opens(&o.c, "127.0.0.1", HF_TCP, 8081));
        assert_false(opens(&o.c, "127.0.0.1", HF_UDP, 8080));
        assert_false(opens(&o.c, "192.0.2.1", HF_TCP, 443));
}

static void what_the_sandbox_never_lets_write_stays_so(void **state)
{
        static const struct expectation expected[] = {
                { "/srv/ws/.git/hooks/pre-commit", "rx" },
                { "/srv/ws/sub/.git/hooks/x", "rx" },
                { "/srv/ws/.git/config", "rx" },
                { "/srv/ws/.git/index", "rwx" },
                { "/srv/ws/a/.bashrc", "rx" },
                { "/srv/ws/.mcp.json", "rx" },
                { "/srv/ws/.vscode/tasks.json", "rx" },
                { "/srv/ws/a/.claude/commands/x", "rx" },
                { NULL, NULL },
        };
        static const struct expectation with_git[] = { { "/srv/ws/.git/config", "rwx" }, { "/srv/ws/.git/hooks/x", "rx" }, { NULL, NULL } };
        _cleanup_outcome_ struct outcome o = { 0 }, git = { 0 };

        (void)state;
        must_import(&o, IMPORT_SRT, example);
        assert_rights(&o, expected);
        must_import(&git, IMPORT_SRT, "{\"filesystem\":{\"allowWrite\":[\".\"],\"allowGitConfig\":true}}");
        assert_rights(&git, with_git);
        assert_lost(&git, "$", "${TMPDIR}", false);
}

/* In the settings a denial of writing wins wherever it is; in a policy the nearest rule does. */
static void a_denial_of_writing_stands_before_what_is_allowed_within(void **state)
{
        static const struct expectation expected[] = {
                { "/opt/a/b/c", "rx" }, { "/opt/x/y/z", "rx" },  { "/home/u/work", "rx" }, { "/srv/ws/v/out", "rx" },
                { "/srv/ws/x", "rx" },  { "/opt/other", "rwx" }, { NULL, NULL },
        };
        _cleanup_outcome_ struct outcome o = { 0 };

        (void)state;
        must_import(&o, IMPORT_SRT,
                    "{\"filesystem\":{\"allowWrite\":[\"/opt/a/b\",\"/opt/*/y\",\"~/work\",\"v/out\",\"/opt/other\",\".\"],"
                    "\"denyWrite\":[\"/opt/a\",\"/opt/x\",\"/home/u\",\"**/v\",\"/srv\"]}}");
        assert_rights(&o, expected);
        assert_int_equal(o.imported.n_denials, 0);
        for (int i = 0; i < 6; i++) {
                char where[64];

                snprintf(where, sizeof(where), "$.filesystem.allowWrite[%d]", i);
                if (i != 4)
                        assert_lost(&o, where, "stands before it", false);
        }
}

static void reading_is_allowed_again_within_what_is_denied(void **state)
{
        static const struct expectation expected[] = {
                { "/data/a", "" },         { "/data/open/a", "rx" }, { "/data/open/deep/shut", "" },
                { "/srv/ws/a/build", "" }, { "/same", "" },          { NULL, NULL },
        };
        _cleanup_outcome_ struct outcome o = { 0 };

        (void)state;
        must_import(&o, IMPORT_SRT,
                    "{\"filesystem\":{\"denyRead\":[\"/data\",\"/data/open/deep\",\"**/build/**\",\"/same\"],"
                    "\"allowRead\":[\"/data/open/\",\"/same\",\".\"]}}");
        assert_rights(&o, expected);
        assert_lost(&o, "$.filesystem.allowRead[1]", "denyRead[3] denies it", false);
}

static void a_denied_domain_holds_at_more_exact_names(void **state)
{
        _cleanup_outcome_ struct outcome o = { 0 };

        (void)state;
        must_import(
                &o, IMPORT_SRT,
                "{\"network\":{\"allowedDomains\":[\"a.example.com\",\"*.b.example.com\",\"c.example.net\",\"example.com\",\"192.0.2.9\"],"
                "\"deniedDomains\":[\"*.example.com\",\"*:22\"]}}");
        assert_false(reaches(&o, "a.example.com", 443));
        assert_false(reaches(&o, "x.b.example.com", 443));
        assert_true(reaches(&o, "c.example.net", 443));
        assert_false(reaches(&o, "c.example.net", 22));
        assert_true(reaches(&o, "example.com", 443));
        assert_false(reaches(&o, "example.com", 22));
        assert_true(opens(&o.c, "192.0.2.9", HF_TCP, 443));
        assert_false(opens(&o.c, "192.0.2.9", HF_TCP, 22));
        assert_int_equal(o.imported.n_denials, 0);
}

static void an_allowed_domain_holds_at_more_exact_names(void **state)
{
        _cleanup_outcome_ struct outcome o = { 0 };

        (void)state;
        must_import(&o, IMPORT_SRT,
                    "{\"network\":{\"allowedDomains\":[\"*.example.com\",\"a.example.com:8443\",\"*.c.example.com:80\",\"*.example.com\"],"
                    "\"deniedDomains\":[\"b.example.com:22\",\"*.example.com:25\",\"d.example.com:26\",\"e.example.com\"]}}");
        assert_true(reaches(&o, "a.example.com", 443));
        assert_true(reaches(&o, "a.example.com", 8443));
        assert_false(reaches(&o, "a.example.com", 25));
        assert_true(reaches(&o, "b.example.com", 443));
        assert_false(reaches(&o, "b.example.com", 22));
        assert_false(reaches(&o, "b.example.com", 25));
        assert_true(reaches(&o, "x.c.example.com", 443));
        assert_false(reaches(&o, "x.c.example.com", 25));
        assert_false(reaches(&o, "d.example.com", 25));
        assert_false(reaches(&o, "d.example.com", 26));
        assert_true(reaches(&o, "d.example.com", 27));
        assert_false(reaches(&o, "e.example.com", 443));
}

static void sockets_and_proxies(void **state)
{
        static const struct expectation expected[] = { { "/run/x.sock", "rxc" }, { "/secret/x.sock", "" }, { NULL, NULL } };
        _cleanup_outcome_ struct outcome o = { 0 };

        (void)state;
        must_import(&o, IMPORT_SRT,
                    "{\"network\":{\"allowedDomains\":[\"a.example\"],\"allowAllUnixSockets\":true,\"httpProxyPort\":3128,"
                    "\"socksProxyPort\":1080},"
                    "\"filesystem\":{\"denyRead\":[\"/secret\"]}}");
        assert_rights(&o, expected);
        assert_true(opens(&o.c, "127.0.0.1", HF_TCP, 3128));
        assert_true(opens(&o.c, "127.0.0.1", HF_TCP, 1080));
        assert_false(opens(&o.c, "127.0.0.1", HF_TCP, 80));
        assert_null(o.c.compiled->hosts);
        assert_lost(&o, "$.network.httpProxyPort", "HTTP_PROXY", false);
        assert_lost(&o, "$.network.allowedDomains", "proxies", false);
}

static void what_no_rule_can_say_is_listed(void **state)
{
        _cleanup_outcome_ struct outcome o = { 0 };

        (void)state;
        must_import(&o, IMPORT_SRT,
                    "{\"network\":{\"allowedDomains\":[\"*\",\"https://a.example/\",\"a.example:0\",\"2001:db8::1:443\"],"
                    "\"deniedDomains\":[\"bad_*.example\"],\"tlsTerminate\":{}},"
                    "\"filesystem\":{\"denyRead\":[\"**/*.pem\",\"../x\",\"~other/x\",\"${HOME}/x\",\"a\\\\b\",\"f?\",\"\"],"
                    "\"allowWrite\":[\"*.log\",\"C:/x\"],\"denyWrite\":[\"[a]\"],\"denyDelete\":[\"/x\"]},\"strict\":true}");
        assert_lost(&o, "$.network.allowedDomains[0]", "every name", false);
        assert_lost(&o, "$.network.allowedDomains[1]", "https://a.example/", false);
        assert_lost(&o, "$.network.allowedDomains[2]", "1 to 65535", false);
        assert_lost(&o, "$.network.allowedDomains[3]", "brackets", false);
        assert_lost(&o, "$.network.deniedDomains[0]", "bad_*.example", true);
        assert_lost(&o, "$.network.tlsTerminate", "does not know it", true);
        assert_lost(&o, "$.filesystem.denyRead[0]", "parts of names", true);
        assert_lost(&o, "$.filesystem.denyRead[1]", "leads out of ${WORKSPACE}", true);
        assert_lost(&o, "$.filesystem.denyRead[2]", "another user", true);
        assert_lost(&o, "$.filesystem.denyRead[3]", "variable", true);
        assert_lost(&o, "$.filesystem.denyRead[4]", "backslash", true);
        assert_lost(&o, "$.filesystem.denyRead[5]", "\"?\"", true);
        assert_lost(&o, "$.filesystem.denyRead[6]", "empty", true);
        assert_lost(&o, "$.filesystem.allowWrite[0]", "parts of names", false);
        assert_lost(&o, "$.filesystem.allowWrite[1]", "Windows", false);
        assert_lost(&o, "$.filesystem.denyWrite[0]", "\"[\"", true);
        assert_lost(&o, "$.filesystem.denyDelete", "does not know it", true);
        assert_lost(&o, "$.strict", "does not know it", true);
        assert_int_equal(o.imported.n_denials, 12);
}

static void paths_come_out_as_rules_have_them(void **state)
{
        static const struct expectation expected[] = {
                { "/a/c", "rwx" }, { "/srv/ws/d", "rwx" }, { "/home/u", "rwx" }, { "/x/y/z/w", "rwx" }, { "/x/y", "rx" }, { NULL, NULL },
        };
        _cleanup_outcome_ struct outcome o = { 0 };

        (void)state;
        must_import(&o, IMPORT_SRT, "{\"filesystem\":{\"allowWrite\":[\"/a//b/../c/\",\"./d/**\",\"~\",\"/x/**/**/z/**\"]}}");
        assert_rights(&o, expected);
        assert_non_null(strstr(o.imported.policy, "        {\"path\": \"/a/c\", \"allow\": \"w\"},\n"));
        assert_non_null(strstr(o.imported.policy, "        {\"path\": \"/x/**/z\", \"allow\": \"w\"},\n"));
}

static void the_format_is_guessed(void **state)
{
        static const struct {
                const char *file, *text;
                enum import_format format;
        } cases[] = {
                { NULL, "{\"filesystem\":{}}", IMPORT_SRT },
                { "x.json", "{\"network\":{}}", IMPORT_SRT },
                { NULL, " {\"permissions\":{}}", IMPORT_CLAUDE },
                { NULL, "{\"sandbox\":{},\"network\":{}}", IMPORT_CLAUDE },
                { "config.toml", "", IMPORT_CODEX },
                { NULL, "sandbox_mode = 'read-only'", IMPORT_CODEX },
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_outcome_ struct outcome o = { 0 };

                import_as(&o, IMPORT_GUESS, cases[i].file, cases[i].text);
                print_findings(&o.findings);
                assert_int_equal(o.r, 0);
                assert_int_equal(o.imported.format, cases[i].format);
        }
        assert_int_equal(import_format_parse("codex"), IMPORT_CODEX);
        assert_int_equal(import_format_parse("seatbelt"), IMPORT_FORMATS);
        assert_string_equal(import_format_name(IMPORT_SRT), "srt");
}

static void wrong_settings_are_told_with_their_place(void **state)
{
        _cleanup_outcome_ struct outcome o = { 0 };
        const struct import_options options = { .format = IMPORT_SRT, .name = "Not A Name" };

        (void)state;
        assert_wrong(IMPORT_GUESS, "x.json", "{\"theme\":\"dark\"}", "$", "--format");
        assert_wrong(IMPORT_GUESS, "x.json", "[1]", "$", "expected an object");
        assert_wrong(IMPORT_GUESS, NULL, "{\"filesystem\":", "$", "line 1");
        assert_wrong(IMPORT_GUESS, "x.json", "", "$", "line 1");
        assert_wrong(IMPORT_SRT, NULL, "{\"filesystem\":{\"denyRead\":\"/x\"}}", "$.filesystem.denyRead", "a string|an array of strings");
        assert_wrong(IMPORT_SRT, NULL, "{\"filesystem\":{\"denyRead\":[\"/x\",1]}}", "$.filesystem.denyRead[1]", "a number|a string");
        assert_wrong(IMPORT_SRT, NULL, "{\"filesystem\":[]}", "$.filesystem", "an array|an object");
        assert_wrong(IMPORT_SRT, NULL, "{\"network\":{\"httpProxyPort\":70000}}", "$.network.httpProxyPort", "65535");
        assert_wrong(IMPORT_SRT, NULL, "{\"network\":{\"allowAllUnixSockets\":1}}", "$.network.allowAllUnixSockets", "true or false");
        assert_wrong(IMPORT_SRT, NULL, "{\"network\":{},\"network\":{}}", "$", "\"network\" more than once");
        assert_int_equal(import_settings("{}", 2, &options, &o.imported, &o.findings), -EINVAL);
        assert_true(has_finding(&o.findings, "$.name", "Not A Name"));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_full_example_is_carried_over),
                cmocka_unit_test(hosts_are_reached_as_the_proxies_would_let),
                cmocka_unit_test(what_the_sandbox_never_lets_write_stays_so),
                cmocka_unit_test(a_denial_of_writing_stands_before_what_is_allowed_within),
                cmocka_unit_test(reading_is_allowed_again_within_what_is_denied),
                cmocka_unit_test(a_denied_domain_holds_at_more_exact_names),
                cmocka_unit_test(an_allowed_domain_holds_at_more_exact_names),
                cmocka_unit_test(sockets_and_proxies),
                cmocka_unit_test(what_no_rule_can_say_is_listed),
                cmocka_unit_test(paths_come_out_as_rules_have_them),
                cmocka_unit_test(the_format_is_guessed),
                cmocka_unit_test(wrong_settings_are_told_with_their_place),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
