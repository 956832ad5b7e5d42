/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/file.c"
#include "daemon/mounts.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#define DEV(major, minor) ((uint32_t)(major) << 20 | (minor))

static const char text[] = "21 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n"
                           "22 21 0:5 / /proc rw - proc proc rw\n"
                           "23 21 8:1 /srv/data /mnt/with\\040space rw,relatime shared:1 master:2 - ext4 /dev/sda1 rw\n"
                           "24 21 0:40 /@home /home rw - btrfs /dev/sdb rw\n"
                           "25 21 0:40 /@home/a/deep /deep rw - btrfs /dev/sdb rw\n"
                           "26 21 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw,nsdelegate\n"
                           "27 21 259:3 / /boot/back\\134slash rw - vfat /dev/nvme0n1p3 rw\n";

static struct mounts parsed(void)
{
        struct mounts m = MOUNTS_INIT;

        assert_int_equal(mounts_parse(text, &m), 0);
        return m;
}

static void shows(uint32_t dev, const char *inside, const char *expected)
{
        _cleanup_mounts_ struct mounts m = parsed();
        _cleanup_free_ char *path = mounts_path(&m, dev, inside);

        if (!expected) {
                assert_null(path);
                return;
        }
        assert_non_null(path);
        assert_string_equal(path, expected);
}

static void every_line_becomes_a_mount(void **state)
{
        _cleanup_mounts_ struct mounts m = parsed();

        (void)state;
        assert_int_equal(m.count, 7);
        assert_int_equal(m.list[0].dev, DEV(8, 1));
        assert_string_equal(m.list[0].type, "ext4");
        assert_string_equal(m.list[3].root, "/@home");
}

static void octal_escapes_are_undone(void **state)
{
        _cleanup_mounts_ struct mounts m = parsed();

        (void)state;
        assert_string_equal(m.list[2].point, "/mnt/with space");
        assert_string_equal(m.list[6].point, "/boot/back\\slash");
}

static void a_mount_is_found_by_its_type(void **state)
{
        _cleanup_mounts_ struct mounts m = parsed();

        (void)state;
        assert_string_equal(mounts_find_type(&m, "cgroup2")->point, "/sys/fs/cgroup");
        assert_null(mounts_find_type(&m, "zfs"));
}

static void a_path_on_the_root_file_system_stays_as_it_is(void **state)
{
        (void)state;
        shows(DEV(8, 1), "/etc/passwd", "/etc/passwd");
        shows(DEV(8, 1), "/", "/");
}

static void a_mount_of_the_whole_is_preferred_to_a_bind_mount_of_a_part(void **state)
{
        (void)state;
        shows(DEV(8, 1), "/srv/data/file", "/srv/data/file");
}

static void the_mount_point_comes_before_the_path(void **state)
{
        (void)state;
        shows(DEV(0, 5), "/self", "/proc/self");
        shows(DEV(0, 5), "/", "/proc");
}

static void the_most_specific_part_is_taken_where_no_mount_shows_the_whole(void **state)
{
        (void)state;
        shows(DEV(0, 40), "/@home/user/file", "/home/user/file");
        shows(DEV(0, 40), "/@home/a/deep/file", "/deep/file");
        shows(DEV(0, 40), "/@home", "/home");
}

static void a_part_is_matched_by_whole_components_only(void **state)
{
        (void)state;
        shows(DEV(0, 40), "/@homestead/file", NULL);
        shows(DEV(0, 40), "/@other/file", NULL);
}

static void an_unknown_device_is_on_no_mount(void **state)
{
        (void)state;
        shows(DEV(7, 7), "/file", NULL);
}

static void text_that_is_no_mountinfo_is_refused(void **state)
{
        _cleanup_mounts_ struct mounts m = MOUNTS_INIT;

        (void)state;
        assert_int_equal(mounts_parse("nonsense\n", &m), -EBADMSG);
        assert_int_equal(mounts_parse("21 1 8:1 / / rw shared:1\n", &m), -EBADMSG);
        assert_int_equal(mounts_parse("21 1 eight:one / / rw - ext4 x rw\n", &m), -EBADMSG);
        assert_int_equal(mounts_parse("21 1 8:1 / / rw -\n", &m), -EBADMSG);
        assert_int_equal(m.count, 0);
}

static void the_mounts_of_this_process_are_read(void **state)
{
        _cleanup_mounts_ struct mounts m = MOUNTS_INIT;
        const char **points;

        (void)state;
        assert_int_equal(mounts_read(0, &m), 0);
        assert_true(m.count > 0);
        points = mounts_points(&m);
        assert_non_null(points[m.count - 1]);
        assert_null(points[m.count]);
        free(points);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(every_line_becomes_a_mount),
                cmocka_unit_test(octal_escapes_are_undone),
                cmocka_unit_test(a_mount_is_found_by_its_type),
                cmocka_unit_test(a_path_on_the_root_file_system_stays_as_it_is),
                cmocka_unit_test(a_mount_of_the_whole_is_preferred_to_a_bind_mount_of_a_part),
                cmocka_unit_test(the_mount_point_comes_before_the_path),
                cmocka_unit_test(the_most_specific_part_is_taken_where_no_mount_shows_the_whole),
                cmocka_unit_test(a_part_is_matched_by_whole_components_only),
                cmocka_unit_test(an_unknown_device_is_on_no_mount),
                cmocka_unit_test(text_that_is_no_mountinfo_is_refused),
                cmocka_unit_test(the_mounts_of_this_process_are_read),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
