/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/exec_daemon.c"
#include "cli/systemd.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* As systemd 252 prints it. */
static const char shown[] = "ExecStart={ path=/usr/bin/node ; argv[]=/usr/bin/node /opt/agent/main.js --a=b ; ignore_errors=no ; pid=0 }\n"
                            "ExecStart={ path=/opt/my agent ; argv[]=/opt/my agent ; ignore_errors=no ; pid=0 }\n"
                            "Slice=ci-build.slice\n"
                            "WorkingDirectory=\n"
                            "LoadState=loaded\n";

static void each_program_is_found(void **state)
{
        const char *at = shown;
        _cleanup_free_ char *first = systemd_value(&at, "ExecStart"), *second = systemd_value(&at, "ExecStart"),
                            *third = systemd_value(&at, "ExecStart"), *one = systemd_program(first), *two = systemd_program(second);

        (void)state;
        assert_string_equal(one, "/usr/bin/node");
        assert_string_equal(two, "/opt/my agent");
        assert_null(third);
        assert_null(systemd_program("{ }"));
}

static void values_are_whole_and_may_be_empty(void **state)
{
        const char *at = shown, *again = shown;
        _cleanup_free_ char *folder = systemd_value(&at, "WorkingDirectory"), *part = systemd_value(&again, "Sli");

        (void)state;
        assert_string_equal(folder, "");
        assert_null(part);
}

static void a_slice_is_within_those_that_its_name_begins_with(void **state)
{
        _cleanup_free_ char *plain = systemd_cgroup("system.slice", "a.service"), *deep = systemd_cgroup("ci-build-x.slice", "a.service"),
                            *root = systemd_cgroup("-.slice", "a.service");

        (void)state;
        assert_string_equal(plain, "/system.slice/a.service");
        assert_string_equal(deep, "/ci.slice/ci-build.slice/ci-build-x.slice/a.service");
        assert_string_equal(root, "/a.service");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(each_program_is_found),
                cmocka_unit_test(values_are_whole_and_may_be_empty),
                cmocka_unit_test(a_slice_is_within_those_that_its_name_begins_with),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
