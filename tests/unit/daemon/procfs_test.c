/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/procfs.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static void a_number_is_found_by_its_name(void **state)
{
        long long n = 0;

        (void)state;
        assert_int_equal(fdinfo_number("pos:\t0\nflags:\t02000002\nPid:\t4711\nNSpid:\t4711\n", "Pid", &n), 0);
        assert_int_equal(n, 4711);
        assert_int_equal(fdinfo_number("Pid:\t-1", "Pid", &n), 0);
        assert_int_equal(n, -1);
}

static void a_number_that_is_none_is_told_apart_from_no_line(void **state)
{
        long long n = 5;

        (void)state;
        assert_int_equal(fdinfo_number("pos:\t0\nNSpid:\t7\n", "Pid", &n), -ENOENT);
        assert_int_equal(fdinfo_number("", "Pid", &n), -ENOENT);
        assert_int_equal(fdinfo_number("Pid:\tmany\n", "Pid", &n), -EBADMSG);
        assert_int_equal(fdinfo_number("Pid:\n", "Pid", &n), -EBADMSG);
        assert_int_equal(fdinfo_number("Pid:\t12x\n", "Pid", &n), -EBADMSG);
        assert_int_equal(fdinfo_number("Pid:\t99999999999999999999999\n", "Pid", &n), -EBADMSG);
        assert_int_equal(n, 5);
}

static void lines_of_maps_are_read_one_by_one(void **state)
{
        const char *text = "55d0a0000000-55d0a0001000 r--p 00000000 08:01 1234                       /usr/bin/a b\n"
                           "7f0000000000-7f0000001000 rw-s 00000000 00:01 32769                      /SYSV00000000 (deleted)\n"
                           "7f0000002000-7f0000003000 rwxp 00000000 00:00 0 \n"
                           "ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0                  [vsyscall]";
        struct map_line m;

        (void)state;
        assert_int_equal(maps_next(&text, &m), 0);
        assert_true(m.start == 0x55d0a0000000 && m.inode == 1234);
        assert_string_equal(m.permissions, "r--p");
        assert_int_equal(m.name_len, 12);
        assert_memory_equal(m.name, "/usr/bin/a b", 12);
        assert_int_equal(maps_next(&text, &m), 0);
        assert_int_equal(m.inode, 32769);
        assert_memory_equal(m.name, "/SYSV00000000 (deleted)", m.name_len);
        assert_int_equal(maps_next(&text, &m), 0);
        assert_int_equal(m.name_len, 0);
        assert_int_equal(maps_next(&text, &m), 0);
        assert_true(m.start == 0xffffffffff600000);
        assert_int_equal(maps_next(&text, &m), -ENOENT);
}

static void a_line_that_is_no_mapping_is_passed_over(void **state)
{
        const char *text = "\nnonsense\n1000-2000 r--p\n1000-2000 r--p 0 08:01\n77 /x\n1000-2000 r--p 0 08:01 5 /y\n";
        struct map_line m;

        (void)state;
        for (int i = 0; i < 5; i++)
                assert_int_equal(maps_next(&text, &m), -EBADMSG);
        assert_int_equal(maps_next(&text, &m), 0);
        assert_memory_equal(m.name, "/y", m.name_len);
        assert_int_equal(maps_next(&text, &m), -ENOENT);
}

#define COLUMNS "       key      shmid perms       size  cpid  lpid nattch   uid   gid  cuid  cgid  atime dtime ctime rss swap\n"

static void a_segment_tells_how_often_it_is_attached(void **state)
{
        uint64_t n = 9;

        (void)state;
        assert_int_equal(shm_attached(COLUMNS "         0          3   600       4096  1234  1234      2  0 0 0 0 1 2 3 4096 0\n"
                                              "-123456789      32770  1600       4096  1234  1234      7  0 0 0 0 1 2 3 4096 0\n",
                                      32770, &n),
                         0);
        assert_int_equal(n, 7);
        assert_int_equal(shm_attached(COLUMNS, 3, &n), -ENOENT);
        assert_int_equal(shm_attached("", 3, &n), -ENOENT);
        assert_int_equal(shm_attached(COLUMNS "no numbers\n", 3, &n), -EBADMSG);
        assert_int_equal(n, 7);
}

static void only_known_objects_are_harmless(void **state)
{
        (void)state;
        assert_true(object_harmless("anon_inode:[eventpoll]"));
        assert_true(object_harmless("anon_inode:inotify"));
        assert_false(object_harmless("anon_inode:bpf-map"));
        assert_false(object_harmless("anon_inode:[eventpoll]x"));
        assert_false(object_harmless("anon_inode:"));
        assert_false(object_harmless("?"));
        assert_false(object_harmless(""));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_number_is_found_by_its_name),
                cmocka_unit_test(a_number_that_is_none_is_told_apart_from_no_line),
                cmocka_unit_test(lines_of_maps_are_read_one_by_one),
                cmocka_unit_test(a_line_that_is_no_mapping_is_passed_over),
                cmocka_unit_test(a_segment_tells_how_often_it_is_attached),
                cmocka_unit_test(only_known_objects_are_harmless),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
