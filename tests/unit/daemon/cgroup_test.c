/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/cgroup.c"
#include "daemon/file.c"
#include "daemon/mounts.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static const struct cgroups at = { (char[]){ "/sys/fs/cgroup/unified" }, -1 };

static void becomes(const char *given, const char *expected)
{
        _cleanup_free_ char *path = NULL;

        assert_int_equal(cgroup_path(&at, given, &path), 0);
        assert_string_equal(path, expected);
}

static void a_path_may_begin_at_the_mount_or_at_the_hierarchys_root(void **state)
{
        (void)state;
        becomes("/sys/fs/cgroup/unified/system.slice/x.service", "/system.slice/x.service");
        becomes("/system.slice/x.service", "/system.slice/x.service");
        becomes("/sys/fs/cgroup/unified", "/");
        becomes("/", "/");
        becomes("/sys/fs/cgroup/unified-not", "/sys/fs/cgroup/unified-not");
}

static void superfluous_slashes_and_dots_go(void **state)
{
        (void)state;
        becomes("//a///b/./c/", "/a/b/c");
        becomes("/.hidden/...", "/.hidden/...");
}

static void what_leads_upwards_or_is_relative_is_refused(void **state)
{
        _cleanup_free_ char *path = NULL;

        (void)state;
        assert_int_equal(cgroup_path(&at, "/a/../b", &path), -EINVAL);
        assert_int_equal(cgroup_path(&at, "/..", &path), -EINVAL);
        assert_int_equal(cgroup_path(&at, "a/b", &path), -EINVAL);
        assert_int_equal(cgroup_path(&at, "", &path), -EINVAL);
        assert_null(path);
}

static void above_goes_by_whole_components(void **state)
{
        (void)state;
        assert_true(cgroup_above("/", "/a"));
        assert_true(cgroup_above("/a", "/a"));
        assert_true(cgroup_above("/a", "/a/b"));
        assert_false(cgroup_above("/a", "/ab"));
        assert_false(cgroup_above("/a/b", "/a"));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_path_may_begin_at_the_mount_or_at_the_hierarchys_root),
                cmocka_unit_test(superfluous_slashes_and_dots_go),
                cmocka_unit_test(what_leads_upwards_or_is_relative_is_refused),
                cmocka_unit_test(above_goes_by_whole_components),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
