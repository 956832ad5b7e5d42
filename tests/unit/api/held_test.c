/* SPDX-License-Identifier: Apache-2.0 */
#include "fixture.h"

#include "base/time.h"

#define GET_HELD(arguments) "GET /v1/held" arguments " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
#define GET_COUNTS "GET /v1/counts HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"

static int begin(void **state)
{
        (void)state;
        server.held = server.over = server.let_go = 0;
        return 0;
}

static uint64_t now_ms(void)
{
        return time_now(CLOCK_MONOTONIC) / 1000000;
}

static bool is_silent(int fd)
{
        struct pollfd p = { .fd = fd, .events = POLLIN };

        return poll(&p, 1, 0) == 0;
}

static void an_answer_is_held_until_what_it_waits_for_is_over(void **state)
{
        _cleanup_buffer_ struct buffer answer = BUFFER_INIT;
        _cleanup_close_ int fd = dial();

        (void)state;
        say(fd, GET_HELD("?seconds=60"));
        wait_for(&server.held, 1);
        for (int i = 0; i < 50; i++)
                ask(GET_COUNTS, "200 OK");
        assert_true(is_silent(fd));
        server.over = 1;
        assert_true(hear(fd, NULL, &answer));
        assert_non_null(strstr(answer.data, "200 OK"));
        assert_non_null(strstr(answer.data, "\r\n\r\nover"));
        assert_null(strstr(answer.data, "first"));
}

static void what_is_over_already_is_answered_at_once(void **state)
{
        const uint64_t began = now_ms();

        (void)state;
        server.over = 1;
        ask(GET_HELD("?seconds=60"), "\r\n\r\nover");
        assert_true(now_ms() - began < 30000);
}

static void an_answer_that_no_other_replaces_goes_out_as_it_was_given(void **state)
{
        (void)state;
        server.over = 1;
        ask(GET_HELD("?seconds=60&keep"), "\r\n\r\n\"first\"\n");
}

static void an_answer_goes_out_when_the_time_is_over(void **state)
{
        const uint64_t began = now_ms();

        (void)state;
        ask(GET_HELD("?seconds=1"), "\r\n\r\nlate");
        assert_true(now_ms() - began >= 1000);
        ask(GET_HELD("?seconds=1&keep"), "\r\n\r\n\"first\"\n");
}

static void a_client_that_hangs_up_meanwhile_is_forgotten(void **state)
{
        (void)state;
        for (int i = 0; i < 20; i++) {
                int fd = dial();

                say(fd, GET_HELD("?seconds=60"));
                wait_for(&server.held, i + 1);
                close(fd);
        }
        server.over = 1;
        ask(GET_HELD("?seconds=60"), "\r\n\r\nover");
        wait_for(&server.let_go, 21);
}

static void answers_that_are_held_leave_room_for_others(void **state)
{
        static int fds[500];
        _cleanup_buffer_ struct buffer answer = BUFFER_INIT;

        (void)state;
        for (int i = 0; i < 500; i++) {
                fds[i] = dial();
                say(fds[i], GET_HELD("?seconds=60"));
        }
        wait_for(&server.held, 500);
        ask(GET_HELD("?seconds=60"), "\r\n\r\nlate");
        server.over = 1;
        for (int i = 0; i < 500; i++) {
                buffer_truncate(&answer, 0);
                assert_true(hear(fds[i], NULL, &answer));
                assert_non_null(strstr(answer.data, "over"));
                close(fds[i]);
        }
}

static int left[3];

/* See the teardown. */
static void the_server_ends_with_answers_held(void **state)
{
        (void)state;
        for (int i = 0; i < 3; i++) {
                left[i] = dial();
                say(left[i], GET_HELD("?seconds=60"));
        }
        wait_for(&server.held, 3);
}

static int teardown(void **state)
{
        int r = server_teardown(state);

        for (int i = 0; i < 3; i++) {
                _cleanup_buffer_ struct buffer answer = BUFFER_INIT;

                if (!hear(left[i], "\r\n\r\n\"first\"\n", &answer))
                        r = -1;
                close(left[i]);
        }
        return r;
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup(an_answer_is_held_until_what_it_waits_for_is_over, begin),
                cmocka_unit_test_setup(what_is_over_already_is_answered_at_once, begin),
                cmocka_unit_test_setup(an_answer_that_no_other_replaces_goes_out_as_it_was_given, begin),
                cmocka_unit_test_setup(an_answer_goes_out_when_the_time_is_over, begin),
                cmocka_unit_test_setup(a_client_that_hangs_up_meanwhile_is_forgotten, begin),
                cmocka_unit_test_setup(answers_that_are_held_leave_room_for_others, begin),
                cmocka_unit_test_setup(the_server_ends_with_answers_held, begin),
        };

        return cmocka_run_group_tests_name("api held", tests, server_setup, teardown);
}
