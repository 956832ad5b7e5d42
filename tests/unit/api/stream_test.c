/* SPDX-License-Identifier: Apache-2.0 */
#include "fixture.h"

#define GET_STREAM(arguments) "GET /v1/stream" arguments " HTTP/1.1\r\nHost: a\r\n\r\n"
#define WAKE "POST /v1/wake HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"

static void a_stream_sends_what_there_is_and_then_what_it_is_woken_for(void **state)
{
        _cleanup_buffer_ struct buffer answer = BUFFER_INIT;
        _cleanup_close_ int fd = dial();
        int done = server.done;

        (void)state;
        say(fd, GET_STREAM("?lines=2"));
        assert_true(hear(fd, "{\"left\":0}", &answer));
        assert_non_null(strstr(answer.data, "{\"left\":1}"));
        assert_non_null(strstr(answer.data, "application/x-ndjson"));
        for (int i = 0; i < 100; i++) {
                buffer_truncate(&answer, 0);
                ask(WAKE, "204");
                assert_true(hear(fd, "{\"left\":0}", &answer));
        }
        assert_int_equal(server.done, done);
}

static void a_waiting_stream_is_done_once_when_the_client_hangs_up(void **state)
{
        _cleanup_buffer_ struct buffer answer = BUFFER_INIT;
        int fd = dial(), done = server.done;

        (void)state;
        say(fd, GET_STREAM("?lines=1"));
        assert_true(hear(fd, "{\"left\":0}", &answer));
        close(fd);
        wait_for(&server.done, done + 1);
        ask(WAKE, "204");
        assert_int_equal(server.done, done + 1);
}

static void a_sending_stream_is_done_once_when_the_client_hangs_up(void **state)
{
        _cleanup_buffer_ struct buffer answer = BUFFER_INIT;
        int fd = dial(), done = server.done;

        (void)state;
        say(fd, GET_STREAM("?lines=-1"));
        assert_true(hear(fd, "xxxx", &answer));
        close(fd);
        wait_for(&server.done, done + 1);
}

static void a_client_that_reads_nothing_does_not_hold_others_up(void **state)
{
        int fd = dial(), done = server.done;

        (void)state;
        say(fd, GET_STREAM("?lines=-1"));
        for (int i = 0; i < 200; i++)
                ask(WAKE, "204");
        assert_int_equal(server.done, done);
        close(fd);
        wait_for(&server.done, done + 1);
}

static void a_stream_that_ends_itself_closes_the_body(void **state)
{
        int done = server.done;

        (void)state;
        ask(GET_STREAM("?lines=3&end"), "{\"left\":0}\n\r\n0\r\n\r\n");
        wait_for(&server.done, done + 1);
}

static void a_stream_asked_for_by_head_is_done_at_once(void **state)
{
        int done = server.done;

        (void)state;
        ask("HEAD /v1/stream HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", "200 OK");
        wait_for(&server.done, done + 1);
}

static void a_client_may_shut_down_its_sending_half_and_go_on_reading(void **state)
{
        _cleanup_buffer_ struct buffer answer = BUFFER_INIT;
        _cleanup_close_ int fd = dial();

        (void)state;
        say(fd, GET_STREAM("?lines=1"));
        assert_int_equal(shutdown(fd, SHUT_WR), 0);
        assert_true(hear(fd, "{\"left\":0}", &answer));
        buffer_truncate(&answer, 0);
        ask(WAKE, "204");
        assert_true(hear(fd, "{\"left\":0}", &answer));
}

static void an_http_1_0_client_gets_the_stream_without_chunks(void **state)
{
        (void)state;
        ask("GET /v1/stream?lines=2&end HTTP/1.0\r\n\r\n", "\r\n\r\n{\"left\":1}\n{\"left\":0}\n");
}

static void streams_leave_room_for_other_requests(void **state)
{
        static int fds[1100];
        _cleanup_buffer_ struct buffer answer = BUFFER_INIT;
        int begun = server.begun, done = server.done, refused = 0;

        (void)state;
        for (int i = 0; i < 510; i++) {
                fds[i] = dial();
                say(fds[i], GET_STREAM("?lines=1"));
                buffer_truncate(&answer, 0);
                assert_true(hear(fds[i], "\n", &answer));
                refused += strstr(answer.data, "503") != NULL;
        }
        assert_int_equal(server.begun - begun, 500);
        assert_int_equal(refused, 10);
        ask(WAKE, "204");
        for (int i = 0; i < 510; i++)
                close(fds[i]);
        wait_for(&server.done, done + 500);
}

/* The fixture's teardown compares how many began and how many were done. */
static void streams_are_done_when_the_server_ends(void **state)
{
        _cleanup_buffer_ struct buffer answer = BUFFER_INIT;
        int waiting = dial(), sending = dial();

        (void)state;
        say(waiting, GET_STREAM("?lines=1"));
        assert_true(hear(waiting, "{\"left\":0}", &answer));
        say(sending, GET_STREAM("?lines=-1"));
        assert_true(hear(sending, "xxx", &answer));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup(a_stream_sends_what_there_is_and_then_what_it_is_woken_for, settle),
                cmocka_unit_test_setup(a_waiting_stream_is_done_once_when_the_client_hangs_up, settle),
                cmocka_unit_test_setup(a_sending_stream_is_done_once_when_the_client_hangs_up, settle),
                cmocka_unit_test_setup(a_client_that_reads_nothing_does_not_hold_others_up, settle),
                cmocka_unit_test_setup(a_stream_that_ends_itself_closes_the_body, settle),
                cmocka_unit_test_setup(a_stream_asked_for_by_head_is_done_at_once, settle),
                cmocka_unit_test_setup(a_client_may_shut_down_its_sending_half_and_go_on_reading, settle),
                cmocka_unit_test_setup(an_http_1_0_client_gets_the_stream_without_chunks, settle),
                cmocka_unit_test_setup(streams_leave_room_for_other_requests, settle),
                cmocka_unit_test_setup(streams_are_done_when_the_server_ends, settle),
        };

        return cmocka_run_group_tests_name("api stream", tests, server_setup, server_teardown);
}
