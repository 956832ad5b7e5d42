/* SPDX-License-Identifier: Apache-2.0 */
/* Reports of drills: how many are kept, and when the last one passed. */
#include "daemon/drills.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define SECOND 1000000000ull
#define FIRST (1750000000 * SECOND)

static char state[64];

static int make(void **unused)
{
        (void)unused;
        snprintf(state, sizeof(state), "/tmp/holdfast-drills-XXXXXX");
        return mkdtemp(state) ? 0 : -1;
}

static int clear(void **unused)
{
        _cleanup_names_ struct names names = { NULL, 0 };
        char folder[PATH_MAX], path[PATH_MAX];

        (void)unused;
        folder_of(state, folder);
        list_names(folder, &names);
        for (int i = 0; i < names.count; i++) {
                assert_true(snprintf(path, sizeof(path), "%s/%s", folder, names.list[i]->d_name) < (int)sizeof(path));
                unlink(path);
        }
        rmdir(folder);
        return rmdir(state);
}

static int store(unsigned seconds, bool good)
{
        _cleanup_buffer_ struct buffer report = BUFFER_INIT;
        _cleanup_free_ char *path = NULL;
        char text[200], time[TIME_TEXT_SIZE], id[16];
        uint64_t when = FIRST + seconds * SECOND;
        struct stat st;
        int r;

        snprintf(id, sizeof(id), "id%u", seconds);
        snprintf(text, sizeof(text), "{\"id\":\"%s\",\"passed\":%s,\"recorded\":\"%s\"}\n", id, good ? "true" : "false",
                 time_format(when, time));
        assert_int_equal(buffer_append(&report, text, strlen(text)), 0);
        r = drills_store(state, when, id, &report, &path, NULL);
        if (r == 0) {
                assert_int_equal(stat(path, &st), 0);
                assert_int_equal(st.st_mode & 07777, 0600);
        }
        return r;
}

static void assert_times(uint64_t last, uint64_t passed)
{
        struct drills d;

        drills_read(state, &d);
        assert_int_equal(d.last, last);
        assert_int_equal(d.passed, passed);
}

static void of_no_drill_nothing_is_said(void **unused)
{
        _cleanup_json_ cJSON *list = drills_list(state);

        (void)unused;
        assert_times(0, 0);
        assert_int_equal(cJSON_GetArraySize(list), 0);
}

static void the_last_that_passed_is_known_and_the_last_of_all(void **unused)
{
        (void)unused;
        assert_int_equal(store(1, true), 0);
        assert_int_equal(store(2, true), 0);
        assert_int_equal(store(3, false), 0);
        assert_times(FIRST + 3 * SECOND, FIRST + 2 * SECOND);
}

static void the_last_24_are_kept_and_the_last_that_passed(void **unused)
{
        _cleanup_json_ cJSON *list = NULL;

        (void)unused;
        for (unsigned i = 0; i < 30; i++)
                assert_int_equal(store(i, i == 2), 0);
        list = drills_list(state);
        assert_int_equal(cJSON_GetArraySize(list), 25);
        assert_string_equal(json_get_string(cJSON_GetArrayItem(list, 0), "id"), "id2");
        assert_string_equal(json_get_string(cJSON_GetArrayItem(list, 1), "id"), "id6");
        assert_string_equal(json_get_string(cJSON_GetArrayItem(list, 24), "id"), "id29");
        assert_times(FIRST + 29 * SECOND, FIRST + 2 * SECOND);
}

static void a_report_is_not_replaced(void **unused)
{
        (void)unused;
        assert_int_equal(store(1, true), 0);
        assert_int_equal(store(1, false), -EEXIST);
        assert_times(FIRST + SECOND, FIRST + SECOND);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, make, clear)
        const struct CMUnitTest tests[] = {
                TEST(of_no_drill_nothing_is_said),
                TEST(the_last_that_passed_is_known_and_the_last_of_all),
                TEST(the_last_24_are_kept_and_the_last_that_passed),
                TEST(a_report_is_not_replaced),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
