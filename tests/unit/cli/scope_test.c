/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/agent.c"
#include "cli/scope.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void says(const struct scope *s, const char *session, const char *expected)
{
        _cleanup_json_ cJSON *body = cJSON_CreateObject();
        _cleanup_free_ char *text = NULL;

        assert_int_equal(scope_count(s, session), 1);
        scope_add(body, s, session);
        text = cJSON_PrintUnformatted(body);
        assert_string_equal(text, expected);
}

static void one_scope_becomes_its_members(void **state)
{
        (void)state;
        says(&(struct scope){ 0 }, "night-shift", "{\"session\":\"night-shift\"}");
        says(&(struct scope){ .agent = "coder" }, NULL, "{\"agent\":\"coder\"}");
        says(&(struct scope){ .agent = "coder@1.4" }, NULL, "{\"agent\":\"coder\",\"version\":\"1.4\"}");
        says(&(struct scope){ .capability = "llm" }, NULL, "{\"capability\":\"llm\"}");
        says(&(struct scope){ .capability = "llm" }, "night-shift", "{\"session\":\"night-shift\",\"capability\":\"llm\"}");
        says(&(struct scope){ .user = "dev" }, NULL, "{\"user\":\"dev\"}");
        says(&(struct scope){ .all = true }, NULL, "{\"all\":true}");
}

static void none_and_several_are_counted(void **state)
{
        (void)state;
        assert_int_equal(scope_count(&(struct scope){ 0 }, NULL), 0);
        assert_int_equal(scope_count(&(struct scope){ .all = true }, "a"), 2);
        assert_int_equal(scope_count(&(struct scope){ .agent = "a", .user = "b" }, NULL), 2);
        assert_int_equal(scope_count(&(struct scope){ .agent = "a", .capability = "b" }, "c"), 2);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(one_scope_becomes_its_members),
                cmocka_unit_test(none_and_several_are_counted),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
