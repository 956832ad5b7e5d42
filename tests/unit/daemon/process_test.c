/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/file.c"
#include "daemon/process.c"

#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <sys/wait.h>

#include <cmocka.h>

#define REST " 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 1 20 123456 22 23\n" /* from field 5 on; threads is 1 */

static void a_stat_file_is_read(void **state)
{
        struct process p;

        (void)state;
        assert_int_equal(process_parse("77 (bash) S 42" REST, &p), 0);
        assert_int_equal(p.parent, 42);
        assert_int_equal(p.state, 'S');
        assert_int_equal(p.threads, 1);
        assert_int_equal(p.start, 123456);
        assert_string_equal(p.comm, "bash");
}

static void a_name_with_parentheses_and_numbers_fools_nobody(void **state)
{
        struct process p;

        (void)state;
        assert_int_equal(process_parse("77 (x) R 1 (y) Z 9) S 42" REST, &p), 0);
        assert_int_equal(p.parent, 42);
        assert_int_equal(p.state, 'S');
}

static void text_that_is_no_stat_file_is_refused(void **state)
{
        struct process p;

        (void)state;
        assert_int_equal(process_parse("", &p), -EBADMSG);
        assert_int_equal(process_parse("77 bash S 42", &p), -EBADMSG);
        assert_int_equal(process_parse("77 (bash) S 42\n", &p), -EBADMSG);
}

static void this_process_is_its_parents_child(void **state)
{
        struct process p;
        uid_t uid = 1;

        (void)state;
        assert_int_equal(process_read(getpid(), &p), 0);
        assert_int_equal(p.parent, getppid());
        assert_true(process_lives(&p));
        assert_int_equal(process_uid(getpid(), &uid), 0);
        assert_int_equal(uid, getuid());
}

static void a_zombie_does_not_live(void **state)
{
        pid_t child = fork();
        siginfo_t info;
        struct process p;

        (void)state;
        if (child == 0)
                _exit(0);
        assert_int_equal(waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT), 0);
        assert_int_equal(process_read(child, &p), 0);
        assert_false(process_lives(&p));
        assert_int_equal(waitpid(child, NULL, 0), child);
        assert_int_equal(process_read(child, &p), -ESRCH);
}

static void *sleep_on(void *unused)
{
        pause();
        return unused;
}

static void of_a_process_whose_first_thread_ended_another_is_found(void **state)
{
        pid_t child = fork(), thread;
        struct process p = { 0 };
        char path[64];

        (void)state;
        if (child == 0) {
                pthread_t t;

                if (pthread_create(&t, NULL, sleep_on, NULL) != 0)
                        _exit(1);
                pthread_exit(NULL);
        }
        while (process_read(child, &p) == 0 && p.state != 'Z')
                sched_yield();
        assert_true(process_lives(&p));
        thread = process_thread(child);
        assert_int_not_equal(thread, child);
        snprintf(path, sizeof(path), "/proc/%d/root", thread);
        assert_int_equal(access(path, F_OK), 0);
        assert_int_equal(process_thread(getpid()), getpid());
        kill(child, SIGKILL);
        assert_int_equal(waitpid(child, NULL, 0), child);
}

static void a_start_in_nanoseconds_matches_the_ticks_of_the_same_start(void **state)
{
        uint64_t tick = NSEC_PER_SEC / (uint64_t)sysconf(_SC_CLK_TCK);

        (void)state;
        assert_true(process_same_start(5 * tick, 5));
        assert_true(process_same_start(6 * tick - 1, 5));
        assert_false(process_same_start(6 * tick, 5));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_stat_file_is_read),
                cmocka_unit_test(a_name_with_parentheses_and_numbers_fools_nobody),
                cmocka_unit_test(text_that_is_no_stat_file_is_refused),
                cmocka_unit_test(this_process_is_its_parents_child),
                cmocka_unit_test(a_zombie_does_not_live),
                cmocka_unit_test(of_a_process_whose_first_thread_ended_another_is_found),
                cmocka_unit_test(a_start_in_nanoseconds_matches_the_ticks_of_the_same_start),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
