/* SPDX-License-Identifier: Apache-2.0 */
/* The environment of a command, without what looks like a secret. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/json.h"

/* What is tested belongs to the command, which is no library. */
#include "cli/environment.c"

static void secrets_are_told_by_the_words_of_their_names(void **state)
{
        static const char *const secret[] = {
                "ANTHROPIC_API_KEY",
                "ANTHROPIC_AUTH_TOKEN",
                "AWS_ACCESS_KEY_ID",
                "AWS_CONTAINER_CREDENTIALS_FULL_URI",
                "AWS_PROFILE",
                "AWS_SECRET_ACCESS_KEY",
                "AWS_SESSION_TOKEN",
                "AZURE_CLIENT_SECRET",
                "AZURE_STORAGE_CONNECTION_STRING",
                "BORG_PASSPHRASE",
                "CI_JOB_JWT",
                "CLAUDE_CODE_OAUTH_TOKEN",
                "CONTAINER_HOST",
                "DOCKER_AUTH_CONFIG",
                "DOCKER_HOST",
                "GH_PAT",
                "GIT_ASKPASS",
                "GITHUB_TOKEN",
                "GITHUB_TOKEN2",
                "GOOGLE_APPLICATION_CREDENTIALS",
                "KRB5CCNAME",
                "KUBECONFIG",
                "MYSQL_PWD",
                "NPM_AUTH",
                "npm_config__authToken",
                "npm_config_//registry.npmjs.org/:_authToken",
                "OPENAI_API_KEY",
                "OPENAI_APIKEY",
                "PGPASSWORD",
                "SENTRY_DSN",
                "SMTP_PASS",
                "SSHPASS",
                "SSH_ASKPASS",
                "SSH_AUTH_SOCK",
                "STRIPE_SECRET_KEY",
                "TF_VAR_db_password",
                "TOKEN",
                "VAULT_TOKEN",
                "XAPIKEY",
                "db-password",
                "my.secrets",
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(secret); i++)
                if (!environment_is_secret(secret[i], "x"))
                        fail_msg("%s would be handed on", secret[i]);
}

static void what_programs_need_is_no_secret(void **state)
{
        static const char *const plain[] = {
                "",
                "AWS_DEFAULT_REGION",
                "AWS_REGION",
                "CLAUDE_CODE_MAX_OUTPUT_TOKENS",
                "COLORTERM",
                "DISPLAY",
                "EDITOR",
                "GIT_AUTHOR_NAME",
                "GOPATH",
                "HOME",
                "HTTPS_PROXY",
                "JAVA_HOME",
                "KEYBOARD",
                "LANG",
                "LC_ALL",
                "LD_LIBRARY_PATH",
                "LD_PRELOAD",
                "LOGNAME",
                "LS_COLORS",
                "MONKEY",
                "NODE_OPTIONS",
                "NVM_DIR",
                "OLDPWD",
                "PATH",
                "PATTERN",
                "PWD",
                "PYTHONPATH",
                "SECRETARY",
                "SHELL",
                "SSH_CONNECTION",
                "TERM",
                "TMPDIR",
                "TOKENIZERS_PARALLELISM",
                "TZ",
                "USER",
                "XAUTHORITY",
                "XDG_RUNTIME_DIR",
                "XDG_SESSION_ID",
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(plain); i++)
                if (environment_is_secret(plain[i], "http://proxy.example:3128"))
                        fail_msg("%s would be dropped", plain[i]);
}

static void a_url_with_a_password_is_a_secret_whatever_its_name(void **state)
{
        static const char *const secret[] = { "postgres://u:p@db/x",    "http://:p@h",
                                              "a=1 redis://u:p@h:6379", "https://x/ amqp://u:p@h",
                                              "postgres://u:p/w@db",    "https://ghp_0123456789abcdefghij@github.com/x" };
        static const char *const plain[] = { "https://u@h/x", "https://h:8080/a@b", "u:p@h", "://", "a://:@h", "https://h/?a=u:p@h" };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(secret); i++)
                if (!environment_is_secret("URL", secret[i]))
                        fail_msg("%s", secret[i]);
        for (size_t i = 0; i < ARRAY_SIZE(plain); i++)
                if (environment_is_secret("URL", plain[i]))
                        fail_msg("%s", plain[i]);
        assert_true(environment_is_secret("PWD", "ftp://u:p@h"));
}

static void clean_with(const char **environment, const char *kept, const char *more, const char *expected)
{
        _cleanup_json_ cJSON *list = kept ? cJSON_Parse(kept) : NULL;
        _cleanup_buffer_ struct buffer dropped = BUFFER_INIT;
        char **before = environ;

        environ = (char **)environment;
        assert_int_equal(environment_clean(list, more, &dropped), 0);
        environ = before;
        assert_string_equal(dropped.data ? dropped.data : "", expected);
}

static void names_that_are_kept_stay_and_the_others_are_told(void **state)
{
        const char *environment[] = { "A=1", "A_KEY=1", "B_KEY=2", "C_KEY=3", "C_KEY=4", "D_KEY", "E=5", "F\x1b_KEY=6", NULL };

        (void)state;
        clean_with(environment, "[\"A_KEY\",7]", "X,B_KEY", "C_KEY, C_KEY, D_KEY, F?_KEY");
        assert_string_equal(environment[0], "A=1");
        assert_string_equal(environment[1], "A_KEY=1");
        assert_string_equal(environment[2], "B_KEY=2");
        assert_string_equal(environment[3], "E=5");
        assert_null(environment[4]);
}

static void part_of_a_name_keeps_nothing(void **state)
{
        const char *environment[] = { "A_KEY=1", NULL };

        (void)state;
        clean_with(environment, "[\"A_KE\",\"A_KEY2\",\"a_key\",\"*\"]", "A,KEY,A_KEY2,*", "A_KEY");
        assert_null(environment[0]);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(secrets_are_told_by_the_words_of_their_names),
                cmocka_unit_test(what_programs_need_is_no_secret),
                cmocka_unit_test(a_url_with_a_password_is_a_secret_whatever_its_name),
                cmocka_unit_test(names_that_are_kept_stay_and_the_others_are_told),
                cmocka_unit_test(part_of_a_name_keeps_nothing),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
