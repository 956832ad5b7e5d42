/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"
#include "daemon/recent.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static uint64_t now;

static void note(struct recent *r, const char *path)
{
        _cleanup_json_ cJSON *o = cJSON_CreateObject();

        cJSON_AddStringToObject(o, "kind", "file");
        cJSON_AddStringToObject(o, "verdict", "deny");
        cJSON_AddStringToObject(o, "path", path);
        cJSON_AddNumberToObject(o, "pid", 4711);
        cJSON_AddStringToObject(o, "session", "k3v7x2ma");
        recent_note(r, o, now);
        now += RECENT_INTERVAL;
}

/* The paths, with a space after each. */
static const char *paths(struct recent *r, bool fresh)
{
        static char out[4096];
        _cleanup_json_ cJSON *list = recent_json(r, fresh);
        const cJSON *each;

        assert_non_null(list);
        *out = '\0';
        cJSON_ArrayForEach (each, list) {
                strcat(out, json_get_string(each, "path"));
                strcat(out, " ");
        }
        return out;
}

static void test_the_last_are_kept_in_order(void **state)
{
        struct recent r = { 0 };
        char path[32];

        (void)state;
        assert_string_equal(paths(&r, false), "");
        note(&r, "/a");
        note(&r, "/b");
        assert_string_equal(paths(&r, false), "/a /b ");
        for (int i = 0; i < RECENT_MAX; i++) {
                snprintf(path, sizeof(path), "/%d", i);
                note(&r, path);
        }
        assert_string_equal(paths(&r, false), "/0 /1 /2 /3 /4 /5 /6 /7 ");
        recent_clear(&r);
        assert_string_equal(paths(&r, false), "");
}

static void test_what_is_new_is_told_once(void **state)
{
        struct recent r = { 0 };

        (void)state;
        note(&r, "/a");
        assert_string_equal(paths(&r, true), "/a ");
        assert_string_equal(paths(&r, true), "");
        note(&r, "/b");
        assert_string_equal(paths(&r, false), "/a /b ");
        assert_string_equal(paths(&r, true), "/b ");
        for (int i = 0; i < 3 * RECENT_MAX; i++)
                note(&r, "/c");
        assert_int_equal(strlen(paths(&r, true)), 3 * RECENT_MAX);
        assert_string_equal(paths(&r, true), "");
        recent_clear(&r);
}

static void test_nothing_of_the_host_is_kept_and_a_long_path_by_its_end(void **state)
{
        struct recent r = { 0 };
        _cleanup_json_ cJSON *list = NULL;
        const cJSON *o;
        char path[4001];

        (void)state;
        /* Characters of two bytes, so that the cut would fall into one. */
        for (size_t i = 0; i < 4000; i += 2)
                memcpy(path + i, "\xc3\xa9", 3);
        memcpy(path, "/", 1);
        path[1] = 'x';
        path[3998] = 'z';
        path[3999] = '\0';
        now = 1;
        note(&r, path);
        list = recent_json(&r, false);
        o = cJSON_GetArrayItem(list, 0);
        assert_null(json_get_string(o, "session"));
        assert_null(cJSON_GetObjectItem(o, "pid"));
        assert_string_equal(json_get_string(o, "time"), "1970-01-01T00:00:00.000000001Z");
        assert_true(cJSON_IsTrue(cJSON_GetObjectItem(o, "truncated")));
        assert_true(strlen(json_get_string(o, "path")) <= 512 && strlen(json_get_string(o, "path")) >= 510);
        assert_memory_equal(json_get_string(o, "path"), "\xc3\xa9", 2);
        recent_clear(&r);
}

static void test_of_a_flood_the_first_are_kept(void **state)
{
        struct recent r = { 0 };
        char path[32];

        (void)state;
        for (int i = 0; i < 1000; i++) {
                snprintf(path, sizeof(path), "/%d", i);
                note(&r, path);
                now -= RECENT_INTERVAL;
        }
        assert_string_equal(paths(&r, false), "/0 /1 /2 /3 /4 /5 /6 /7 ");
        now += RECENT_INTERVAL;
        note(&r, "/after");
        assert_string_equal(paths(&r, false), "/1 /2 /3 /4 /5 /6 /7 /after ");
        recent_clear(&r);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_the_last_are_kept_in_order),
                cmocka_unit_test(test_what_is_new_is_told_once),
                cmocka_unit_test(test_of_a_flood_the_first_are_kept),
                cmocka_unit_test(test_nothing_of_the_host_is_kept_and_a_long_path_by_its_end),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
