/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/kill_read.c"
#include "daemon/names.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static void reads(const char *text, enum kill_scope scope, const char *name, const char *version, const char *session, uint32_t strength,
                  uint64_t seconds)
{
        _cleanup_json_ cJSON *body = cJSON_Parse(text);
        _cleanup_error_ struct error e = ERROR_INIT;
        struct kill_asked k;

        if (kill_read(body, &k, &e) < 0)
                fail_msg("%s: %s", text, error_text(&e));
        assert_int_equal(k.target.scope, scope);
        assert_string_equal(k.target.name, name);
        assert_string_equal(k.target.version, version);
        assert_string_equal(k.target.session, "");
        assert_string_equal(k.session ? k.session : "", session);
        assert_int_equal(k.strength, strength);
        assert_int_equal(k.seconds, seconds);
}

static void refuses(const char *text, const char *part)
{
        _cleanup_json_ cJSON *body = cJSON_Parse(text);
        _cleanup_error_ struct error e = ERROR_INIT;
        struct kill_asked k;

        assert_non_null(body);
        if (kill_read(body, &k, &e) != -EINVAL)
                fail_msg("%s was taken", text);
        if (!strstr(error_text(&e), part))
                fail_msg("%s: %s lacks %s", text, error_text(&e), part);
}

static void each_scope_is_read(void **state)
{
        (void)state;
        reads("{\"session\":\"night-shift\"}", KILL_SESSION, "", "", "night-shift", HF_KILL_KILL, 0);
        reads("{\"agent\":\"coder\"}", KILL_AGENT, "coder", "", "", HF_KILL_KILL, 0);
        reads("{\"agent\":\"coder\",\"version\":\"2\",\"strength\":\"pause\"}", KILL_AGENT, "coder", "2", "", HF_KILL_PAUSE, 0);
        reads("{\"capability\":\"llm\"}", KILL_CAPABILITY, "llm", "", "", HF_KILL_DENY, 0);
        reads("{\"capability\":\"llm\",\"session\":\"a\",\"strength\":\"deny\"}", KILL_CAPABILITY, "llm", "", "a", HF_KILL_DENY, 0);
        reads("{\"user\":\"dev\",\"for\":\"15m\"}", KILL_USER, "dev", "", "", HF_KILL_KILL, 900);
        reads("{\"user\":1000}", KILL_USER, "1000", "", "", HF_KILL_KILL, 0);
        reads("{\"user\":0}", KILL_USER, "0", "", "", HF_KILL_KILL, 0);
        reads("{\"all\":true,\"strength\":\"deny\",\"for\":\"2h\"}", KILL_ALL, "", "", "", HF_KILL_DENY, 7200);
        reads("{\"all\":false,\"session\":\"a\",\"agent\":null}", KILL_SESSION, "", "", "a", HF_KILL_KILL, 0);
}

static void anything_but_one_scope_is_refused(void **state)
{
        static const char *const bodies[] = {
                "{}",
                "{\"all\":false}",
                "{\"version\":\"2\"}",
                "{\"session\":\"a\",\"all\":true}",
                "{\"session\":\"a\",\"agent\":\"b\"}",
                "{\"session\":\"a\",\"user\":\"b\"}",
                "{\"agent\":\"a\",\"capability\":\"b\"}",
                "{\"capability\":\"a\",\"user\":0}",
                "{\"capability\":\"a\",\"session\":\"b\",\"all\":true}",
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(bodies); i++)
                refuses(bodies[i], "expected {\"session\": ID}");
        refuses("{\"user\":\"dev\",\"version\":\"2\"}", "$.version");
        refuses("{\"all\":true,\"version\":\"2\"}", "$.version");
}

#define LONG "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" /* 65 */

static void a_member_of_the_wrong_kind_is_named(void **state)
{
        (void)state;
        refuses("{\"session\":7}", "$.session");
        refuses("{\"session\":\"\"}", "$.session");
        refuses("{\"agent\":\"\"}", "$.agent");
        refuses("{\"agent\":\"" LONG "\"}", "$.agent");
        refuses("{\"agent\":\"a\",\"version\":\"\"}", "$.version");
        refuses("{\"capability\":[]}", "$.capability");
        refuses("{\"user\":true}", "$.user");
        refuses("{\"user\":4294967295}", "$.user");
        refuses("{\"user\":-1}", "$.user");
        refuses("{\"all\":1}", "$.all");
        refuses("{\"all\":true,\"strength\":\"gently\"}", "$.strength");
        refuses("{\"all\":true,\"reason\":{}}", "$.reason");
        refuses("{\"all\":true,\"for\":15}", "$.for");
        refuses("{\"all\":true,\"for\":\"15\"}", "$.for");
        refuses("{\"all\":true,\"for\":\"0m\"}", "$.for");
        refuses("{\"all\":true,\"for\":\"366d\"}", "$.for");
}

static void a_capability_is_denied_and_nothing_else(void **state)
{
        (void)state;
        refuses("{\"capability\":\"llm\",\"strength\":\"kill\"}", "a capability can only be denied");
        refuses("{\"capability\":\"llm\",\"session\":\"a\",\"strength\":\"pause\"}", "a capability can only be denied");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(each_scope_is_read),
                cmocka_unit_test(anything_but_one_scope_is_refused),
                cmocka_unit_test(a_member_of_the_wrong_kind_is_named),
                cmocka_unit_test(a_capability_is_denied_and_nothing_else),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
