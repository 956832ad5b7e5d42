/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/policy/fake_fs.h"

#include <errno.h>
#include <limits.h>

static const struct fake objects[] = {
        { "/srv", 'd', NULL },
        { "/srv/file", 'f', NULL },
        { "/srv/deep", 'd', NULL },
        { "/srv/deep/er", 'd', NULL },
        { "/srv/deep/er/page", 'f', NULL },
        { "/srv/link", 'l', "deep/er" },
        { "/srv/absolute", 'l', "/srv/deep" },
        { "/srv/dangling", 'l', "deep/new/leaf" },
        { "/srv/up", 'l', "../srv/../srv/file" },
        { "/srv/loop", 'l', "loop" },
        { "/srv/closed", 'e', NULL },
        { NULL, 0, NULL },
};

/* Looks it up: the path that it comes to, or NULL with errno. missing gets what does not exist. */
static char *lookup(const char *path, const char **missing)
{
        struct fake_fs fs = { .objects = objects };
        const struct fs_view view = { fake_open, &fs, NULL };
        struct fs_found found = { .fd = -1 };
        int r = fs_lookup(&view, path, &found);

        errno = -r;
        *missing = r < 0 ? NULL : found.missing;
        return r < 0 ? NULL : found.path;
}

static void leads_to(const char *path, const char *expected, const char *expected_missing)
{
        const char *missing;
        _cleanup_free_ char *got = lookup(path, &missing);

        assert_non_null(got);
        assert_string_equal(got, expected);
        if (expected_missing)
                assert_string_equal(missing, expected_missing);
        else
                assert_null(missing);
}

static void fails(const char *path, int code)
{
        const char *missing;
        _cleanup_free_ char *got = lookup(path, &missing);

        assert_null(got);
        assert_int_equal(errno, code);
}

static void plain_paths_lead_to_themselves(void **state)
{
        (void)state;
        leads_to("/", "/", NULL);
        leads_to("/srv/file", "/srv/file", NULL);
        leads_to("//srv/./deep//er/", "/srv/deep/er", NULL);
}

static void dots_go_up_and_not_beyond_the_root(void **state)
{
        (void)state;
        leads_to("/srv/deep/er/../../file", "/srv/file", NULL);
        leads_to("/../../srv/..", "/", NULL);
        leads_to("/srv/link/../er/page", "/srv/deep/er/page", NULL);
}

static void symlinks_are_followed_also_at_the_end(void **state)
{
        (void)state;
        leads_to("/srv/link", "/srv/deep/er", NULL);
        leads_to("/srv/link/page", "/srv/deep/er/page", NULL);
        leads_to("/srv/absolute/er", "/srv/deep/er", NULL);
        leads_to("/srv/up", "/srv/file", NULL);
}

static void what_does_not_exist_is_told_apart_from_what_does(void **state)
{
        (void)state;
        leads_to("/srv/new", "/srv/new", "new");
        leads_to("/srv/deep/new/a/b", "/srv/deep/new/a/b", "new/a/b");
        leads_to("/none", "/none", "none");
}

static void a_dangling_link_leads_to_what_it_would_make(void **state)
{
        (void)state;
        leads_to("/srv/dangling", "/srv/deep/new/leaf", "new/leaf");
        leads_to("/srv/dangling/x", "/srv/deep/new/leaf/x", "new/leaf/x");
}

static void what_a_process_could_not_follow_is_an_error(void **state)
{
        char longer[300] = "/srv/";

        (void)state;
        memset(longer + 5, 'a', 256);
        fails(longer, ENAMETOOLONG);
        fails("/srv/loop", ELOOP);
        fails("/srv/file/x", ENOTDIR);
        fails("/srv/file/..", ENOTDIR);
        fails("/srv/new/../file", ENOENT);
        fails("/srv/closed/x", EACCES);
        fails("srv", EINVAL);
}

#define DEEP 100

/* Each ".." goes all the way from the root again. */
static void a_path_of_very_many_steps_is_given_up(void **state)
{
        static struct fake deep[DEEP + 1];
        static char names[DEEP][2 * DEEP + 1];
        struct fake_fs fs = { .objects = deep };
        const struct fs_view view = { fake_open, &fs, NULL };
        struct fs_found found = { .fd = -1 };
        char path[PATH_MAX + 8] = "";
        size_t used = 2 * DEEP;

        (void)state;
        for (size_t i = 0; i < DEEP; i++) {
                snprintf(names[i], sizeof(names[i]), "%s/a", i ? names[i - 1] : "");
                deep[i] = (struct fake){ names[i], 'd', NULL };
        }
        strcpy(path, names[DEEP - 1]);
        while (used < PATH_MAX - 6)
                used += (size_t)snprintf(path + used, sizeof(path) - used, "/../a");
        assert_int_equal(fs_lookup(&view, path, &found), -ENAMETOOLONG);
        assert_in_range(fs.opened, DEEP, 10000);
        memset(path, '/', PATH_MAX);
        path[PATH_MAX] = '\0';
        assert_int_equal(fs_lookup(&view, path, &found), -ENAMETOOLONG);
        path[PATH_MAX - 1] = '\0';
        assert_int_equal(fs_lookup(&view, path, &found), 0);
        free(found.path);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(plain_paths_lead_to_themselves),
                cmocka_unit_test(dots_go_up_and_not_beyond_the_root),
                cmocka_unit_test(symlinks_are_followed_also_at_the_end),
                cmocka_unit_test(what_does_not_exist_is_told_apart_from_what_does),
                cmocka_unit_test(a_dangling_link_leads_to_what_it_would_make),
                cmocka_unit_test(what_a_process_could_not_follow_is_an_error),
                cmocka_unit_test(a_path_of_very_many_steps_is_given_up),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
