/* SPDX-License-Identifier: Apache-2.0 */
/* The policies that are installed, and those that docs/policy.md shows, are right. Runs in the project's folder. */
#include "unit/policy/fake_fs.h"

#include "holdfast/decide.h"

#include <glob.h>

static char *read_file(const char *path)
{
        _cleanup_fclose_ FILE *f = fopen(path, "re");
        char *text = NULL;
        size_t room = 0;

        if (!f)
                fail_msg("%s: %s", path, strerror(errno));
        assert_true(getdelim(&text, &room, '\0', f) > 0);
        return text;
}

/* The policies that lie here, as the library that they extend. */
static int read_here(void *context, const char *name, const char *from, char **text, size_t *length, char **file, struct error *e)
{
        char path[128];

        (void)context;
        (void)from;
        (void)e;
        snprintf(path, sizeof(path), "policies/%s.json", name);
        *text = read_file(path);
        *length = strlen(*text);
        *file = strdup(path);
        return 0;
}

/* The whole text of a policy. */
static char *whole(const char *text)
{
        static const struct policy_library library = { read_here, NULL };
        _cleanup_findings_ struct findings findings = FINDINGS_INIT;
        struct policy *policy = NULL;
        char *ret = NULL;

        if (policy_load(text, strlen(text), NULL, &library, &policy, &ret, &findings) < 0) {
                print_findings(&findings);
                fail();
        }
        policy_free(policy);
        return ret;
}

static const struct fake tree[] = {
        { "/usr", 'd', NULL },          { "/usr/bin", 'd', NULL },  { "/usr/sbin", 'd', NULL },   { "/usr/lib", 'd', NULL },
        { "/usr/lib64", 'd', NULL },    { "/bin", 'l', "usr/bin" }, { "/sbin", 'l', "usr/sbin" }, { "/lib", 'l', "usr/lib" },
        { "/lib64", 'l', "usr/lib64" }, { "/etc", 'd', NULL },      { "/etc/shadow", 'f', NULL }, { "/home", 'd', NULL },
        { "/home/u", 'd', NULL },       { "/srv", 'd', NULL },      { "/srv/ws", 'd', NULL },     { "/tmp", 'd', NULL },
        { "/dev", 'd', NULL },          { "/dev/null", 'f', NULL }, { "/proc", 'd', NULL },       { NULL, 0, NULL },
};

/* What a session has from the start at these paths under a shipped policy. */
struct expectation {
        const char *path, *rights;
};

static void assert_policy(const char *file, const struct expectation *expected)
{
        _cleanup_fixture_ struct fixture f = { 0 };
        _cleanup_free_ char *text = read_file(file), *all = whole(text);

        if (compile(&f, tree, NULL, all) < 0) {
                print_findings(&f.findings);
                fail();
        }
        assert_int_equal(f.compiled->n_prefixes, 0);
        assert_int_equal(f.compiled->hosts != NULL, strstr(text, "\"host\"") != NULL);
        for (; expected->path; expected++) {
                const struct hf_node *node = &compiled_find(f.compiled, expected->path, NULL)->node;
                char found[5];

                right_format((uint8_t)(HF_RIGHTS_ALL & ~hf_refused(node, f.compiled->active, HF_RIGHTS_ALL)), found);
                if (strcmp(found, expected->rights) != 0)
                        fail_msg("%s: %s has \"%s\", expected \"%s\"", file, expected->path, found, expected->rights);
        }
}

static void a_coding_agent_works_in_its_workspace_and_reads_the_system(void **state)
{
        static const struct expectation expected[] = {
                { "/usr/bin/gcc", "rx" },
                { "/usr/lib/x86_64-linux-gnu/libc.so.6", "rx" },
                { "/etc/passwd", "r" },
                { "/dev/null", "rw" },
                { "/dev/sda", "" },
                { "/dev/mem", "" },
                { "/dev/shm/x", "" },
                { "/tmp/x", "rw" },
                { "/srv/ws/src/main.c", "rwx" },
                { "/srv/ws/.git/index", "rwx" },
                { "/srv/ws/sub/.git/config", "rwx" },
                { "/srv/ws2", "" },
                { "/home/u/.gitconfig", "r" },
                { "/home/u/other", "" },
                { "/", "" },
                { "/var/lib/misc", "" },
                { "/var/lib/holdfast/x", "" },
                { "/var/log/holdfast/audit.ndjson", "" },
                { "/run/holdfast/api.sock", "c" },
                { "/run/docker.sock", "" },
                { "/sys/fs/bpf/holdfast/x", "" },
                { "/sys/kernel/debug", "" },
                { "/root", "" },
                { NULL, NULL },
        };

        (void)state;
        assert_policy("policies/coding-agent.json", expected);
}

static void a_coding_agent_sees_no_secret_and_changes_nothing_that_runs_later(void **state)
{
        static const struct expectation expected[] = {
                { "/etc/shadow", "" },
                { "/etc/gshadow", "" },
                { "/etc/sudoers.d/x", "" },
                { "/etc/ssh/ssh_host_ed25519_key", "" },
                { "/etc/ssh/ssh_config", "r" },
                { "/etc/holdfast/holdfast.json", "" },
                { "/proc/kcore", "" },
                { "/home/u/.ssh/id_rsa", "" },
                { "/home/u/.config/gcloud/x", "" },
                { "/home/u/.config/git/credentials", "" },
                { "/home/u/.config/git/config", "r" },
                { "/home/u/.bashrc", "" },
                { "/srv/ws/.git/hooks/pre-commit", "rx" },
                { "/srv/ws/.git/config", "rx" },
                { "/srv/ws/.claude/settings.json", "rx" },
                { "/srv/ws/.claude/agents/x.md", "rx" },
                { "/srv/ws/.github/workflows/ci.yml", "rx" },
                { "/srv/ws/.github/CODEOWNERS", "rwx" },
                { "/srv/ws/.env", "" },
                { "/srv/ws/.env.example", "rwx" },
                { "/home/u/.claude/settings.json", "" },
                { "/home/u/.codex/auth.json", "" },
                { "/srv/ws/.mcp.json", "rx" },
                { "/srv/ws/.vscode/tasks.json", "rx" },
                { "/srv/ws/.envrc", "rx" },
                { "/srv/ws/.npmrc", "rx" },
                { NULL, NULL },
        };

        (void)state;
        assert_policy("policies/coding-agent.json", expected);
}

/* An agent under its own preset: what it keeps, and what would run outside or belongs to another agent. */
static void agents_keep_their_transcripts_and_login_and_change_nothing_that_runs_later(void **state)
{
        static const struct expectation claude[] = {
                { "/home/u/.claude/settings.json", "r" },
                { "/home/u/.claude/settings.local.json", "r" },
                { "/home/u/.claude/hooks/x", "r" },
                { "/home/u/.claude/plugins/x", "r" },
                { "/home/u/.claude/commands/x.md", "r" },
                { "/home/u/.claude/skills/x/run.sh", "r" },
                { "/home/u/.claude/agents/x.md", "r" },
                { "/home/u/.claude/shell-snapshots/x.sh", "r" },
                { "/home/u/.claude/session-env/id", "rw" },
                { "/home/u/.claude/session-env/id/hook.sh", "r" },
                { "/home/u/.claude/something-new", "r" },
                { "/home/u/.claude.json", "r" },
                { "/home/u/.claude/.credentials.json", "rw" },
                { "/home/u/.claude/projects/-srv-ws/x.jsonl", "rw" },
                { "/home/u/.claude/local/node_modules/.bin/claude", "rx" },
                { "/home/u/.codex/auth.json", "" },
                { "/home/u/.gemini/oauth_creds.json", "" },
                { "/srv/ws/.claude/settings.json", "rx" },
                { "/srv/ws/.env", "" },
                { "/srv/ws/main.c", "rwx" },
                { "/home/u/.ssh/id_rsa", "" },
                { NULL, NULL },
        };
        static const struct expectation codex[] = {
                { "/home/u/.codex/config.toml", "r" },     { "/home/u/.codex/hooks.json", "r" },
                { "/home/u/.codex/rules/x.rules", "r" },   { "/home/u/.codex/skills/x/run.sh", "r" },
                { "/home/u/.codex/plugins/x", "r" },       { "/home/u/.codex/shell_snapshots/x.sh", "r" },
                { "/home/u/.codex/auth.json", "rw" },      { "/home/u/.codex/sessions/x.jsonl", "rw" },
                { "/home/u/.codex/state_5.sqlite", "rw" }, { "/home/u/.claude.json", "" },
                { "/srv/ws/.codex/config.toml", "rx" },    { NULL, NULL },
        };
        static const struct expectation gemini[] = {
                { "/home/u/.gemini/settings.json", "r" },
                { "/home/u/.gemini/extensions/x/x.js", "r" },
                { "/home/u/.gemini/tmp/bin/rg", "rx" },
                { "/home/u/.gemini/trustedFolders.json", "r" },
                { "/home/u/.gemini/tmp/ws/chats/x", "rw" },
                { "/home/u/.gemini/oauth_creds.json", "rw" },
                { "/home/u/.gemini/.env", "r" },
                { "/home/u/.codex/auth.json", "" },
                { "/srv/ws/.gemini/settings.json", "rx" },
                { NULL, NULL },
        };
        static const struct expectation opencode[] = {
                { "/home/u/.config/opencode/opencode.json", "rx" },
                { "/home/u/.config/opencode/plugins/x.js", "rx" },
                { "/home/u/.cache/opencode/bin/rg", "rx" },
                { "/home/u/.cache/opencode/models.json", "rw" },
                { "/home/u/.cache/opencode/node_modules/x/x.js", "rx" },
                { "/home/u/.local/share/opencode/auth.json", "rw" },
                { "/home/u/.local/share/opencode/opencode.db-wal", "rw" },
                { "/home/u/.local/share/opencode/snapshot/x/config", "r" },
                { "/srv/ws/opencode.json", "rx" },
                { "/srv/ws/.opencode/plugin/x.js", "rx" },
                { "/tmp/.abc.node", "rwx" },
                { NULL, NULL },
        };
        static const struct expectation cursor[] = {
                { "/home/u/.cursor/mcp.json", "r" },          { "/home/u/.cursor/hooks.json", "r" },
                { "/home/u/.cursor/cli-config.json", "r" },   { "/home/u/.cursor/chats/x/store.db", "rw" },
                { "/home/u/.config/cursor/auth.json", "rw" }, { "/home/u/.local/share/cursor-agent/versions/1/cursor-agent", "rx" },
                { "/srv/ws/.cursor/mcp.json", "rx" },         { NULL, NULL },
        };
        static const struct expectation interpreter[] = {
                { "/usr/bin/python3", "rx" },
                { "/srv/ws/x.ipynb", "rwx" },
                { "/srv/ws/.env", "" },
                { "/home/u/.gitconfig", "" },
                { "/home/u/.npm/x", "" },
                { "/home/u/.ipython/profile_default/startup/x.py", "" },
                { NULL, NULL },
        };

        (void)state;
        assert_policy("policies/claude-code.json", claude);
        assert_policy("policies/codex.json", codex);
        assert_policy("policies/gemini.json", gemini);
        assert_policy("policies/opencode.json", opencode);
        assert_policy("policies/cursor-agent.json", cursor);
        assert_policy("policies/code-interpreter.json", interpreter);
}

static void locked_down_runs_nothing_that_it_wrote(void **state)
{
        static const struct expectation expected[] = {
                { "/usr/bin/python3", "rx" }, { "/srv/ws/x", "rw" }, { "/srv/ws/.git/index", "r" }, { "/tmp/x", "" },
                { "/etc/ssl/certs", "" },     { "/home/u/x", "" },   { "/proc/cpuinfo", "" },       { "/home/u/.ssh/id_rsa", "" },
                { "/dev/null", "rw" },        { NULL, NULL },
        };

        (void)state;
        assert_policy("policies/locked-down.json", expected);
}

static void read_only_writes_nothing(void **state)
{
        static const struct expectation expected[] = {
                { "/usr/bin/python3", "rx" }, { "/srv/ws/x", "r" },  { "/srv/ws/.git/index", "r" }, { "/tmp/x", "" },
                { "/etc/passwd", "r" },       { "/etc/shadow", "" }, { "/home/u/x", "" },           { "/home/u/.ssh/id_rsa", "" },
                { "/dev/null", "rw" },        { NULL, NULL },
        };

        (void)state;
        assert_policy("policies/read-only.json", expected);
}

static void a_canary_writes_in_its_folder_only(void **state)
{
        static const struct expectation expected[] = {
                { "/usr/bin/holdfast", "rx" }, { "/srv/ws/canary", "rw" }, { "/srv/ws2", "" },    { "/tmp/x", "" },
                { "/etc/passwd", "" },         { "/home/u/x", "" },        { "/dev/null", "rw" }, { NULL, NULL },
        };

        (void)state;
        assert_policy("policies/drill.json", expected);
}

/* With the home folder itself as the workspace, keys and start-up files stay out of reach. */
static void the_home_folder_as_workspace_keeps_its_secrets(void **state)
{
        static const char *const secret[] = { "/home/u/.ssh/id_rsa",
                                              "/home/u/.gnupg/x",
                                              "/home/u/.aws/credentials",
                                              "/home/u/.config/gcloud/x",
                                              "/home/u/.kube/config",
                                              "/home/u/.docker/config.json",
                                              "/home/u/.netrc" };
        static const char *const files[] = { "policies/coding-agent.json", "policies/locked-down.json", "policies/read-only.json" };
        static const struct policy_vars vars = { "/home/u", "/home/u", "u", "/tmp" };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
                _cleanup_free_ char *text = read_file(files[i]);
                struct fixture f = { .policy = parsed(text), .fs = { .objects = tree } };

                assert_int_equal(policy_compile(f.policy, &vars, &(struct fs_view){ fake_open, &f.fs, NULL }, &f.compiled, &f.findings), 0);
                assert_int_equal(hf_refused(&compiled_find(f.compiled, "/home/u/x", NULL)->node, ~0ULL, HF_READ), 0);
                for (size_t j = 0; j < ARRAY_SIZE(secret); j++)
                        assert_int_equal(hf_refused(&compiled_find(f.compiled, secret[j], NULL)->node, ~0ULL, HF_RIGHTS_ALL),
                                         HF_RIGHTS_ALL);
                assert_int_equal(hf_refused(&compiled_find(f.compiled, "/home/u/.bashrc", NULL)->node, ~0ULL, HF_WRITE), HF_WRITE);
                assert_int_equal(hf_refused(&compiled_find(f.compiled, "/home/u/.profile", NULL)->node, ~0ULL, HF_WRITE), HF_WRITE);
                fixture_clear(&f);
        }
}

static void every_shipped_policy_is_right_and_named_like_its_file(void **state)
{
        glob_t found;

        (void)state;
        assert_int_equal(glob("policies/*.json", 0, NULL, &found), 0);
        for (size_t i = 0; i < found.gl_pathc; i++) {
                _cleanup_free_ char *text = read_file(found.gl_pathv[i]);
                _cleanup_free_ char *all = whole(text);
                struct policy *p = parsed(all);
                char file[128];

                snprintf(file, sizeof(file), "policies/%s.json", p->name);
                assert_string_equal(file, found.gl_pathv[i]);
                assert_non_null(p->description);
                policy_free(p);
        }
        globfree(&found);
}

static void every_example_in_the_documentation_is_right(void **state)
{
        _cleanup_free_ char *text = read_file("docs/policy.md");
        char *at = text;
        int n = 0;

        (void)state;
        while ((at = strstr(at, "```json\n"))) {
                _cleanup_fixture_ struct fixture f = { 0 };
                _cleanup_free_ char *all = NULL;
                char *end = strstr(at += 8, "```");

                assert_non_null(end);
                *end = '\0';
                all = whole(at);
                assert_int_equal(compile(&f, tree, NULL, all), 0);
                at = end + 1;
                n++;
        }
        assert_true(n >= 3);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_coding_agent_works_in_its_workspace_and_reads_the_system),
                cmocka_unit_test(a_coding_agent_sees_no_secret_and_changes_nothing_that_runs_later),
                cmocka_unit_test(agents_keep_their_transcripts_and_login_and_change_nothing_that_runs_later),
                cmocka_unit_test(locked_down_runs_nothing_that_it_wrote),
                cmocka_unit_test(read_only_writes_nothing),
                cmocka_unit_test(a_canary_writes_in_its_folder_only),
                cmocka_unit_test(the_home_folder_as_workspace_keeps_its_secrets),
                cmocka_unit_test(every_shipped_policy_is_right_and_named_like_its_file),
                cmocka_unit_test(every_example_in_the_documentation_is_right),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
