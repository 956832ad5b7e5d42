/* SPDX-License-Identifier: Apache-2.0 */
/* What a client does that is broken, slow or means harm. Each test ends with the server as quick as before. */
#include "fixture.h"

#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>

#define POST_ECHO "POST /v1/echo HTTP/1.1\r\nHost: a\r\n"
#define GET_THING "GET /v1/things/a HTTP/1.1\r\nHost: a\r\n"

static double seconds_since(const struct timespec *start)
{
        struct timespec now;

        clock_gettime(CLOCK_MONOTONIC, &now);
        return (double)(now.tv_sec - start->tv_sec) + (double)(now.tv_nsec - start->tv_nsec) / 1e9;
}

static void assert_still_serves(void)
{
        ask(GET_THING "Connection: close\r\n\r\n", "{\"id\":\"a\"}");
}

static void half_a_request_is_cut_off_after_ten_seconds(void **state)
{
        static const char *const halves[] = { "",
                                              "G",
                                              "GET /v1/things/a HTT",
                                              GET_THING,
                                              POST_ECHO "Content-Length: 10\r\n\r\n12345",
                                              POST_ECHO "Transfer-Encoding: chunked\r\n\r\n5\r\n123" };
        int fds[ARRAY_SIZE(halves)], handled = server.handled;
        struct timespec start;

        (void)state;
        clock_gettime(CLOCK_MONOTONIC, &start);
        for (size_t i = 0; i < ARRAY_SIZE(halves); i++) {
                fds[i] = dial();
                say(fds[i], halves[i]);
        }
        assert_still_serves();
        for (size_t i = 0; i < ARRAY_SIZE(halves); i++) {
                _cleanup_buffer_ struct buffer answer = BUFFER_INIT;

                assert_true(hear(fds[i], NULL, &answer));
                close(fds[i]);
        }
        assert_true(seconds_since(&start) > 9);
        assert_int_equal(server.handled, handled);
}

static void a_body_that_comes_byte_by_byte_is_taken(void **state)
{
        _cleanup_buffer_ struct buffer answer = BUFFER_INIT;
        _cleanup_close_ int fd = dial();

        (void)state;
        say(fd, POST_ECHO "Content-Length: 300\r\nConnection: close\r\n\r\n");
        for (int i = 0; i < 300; i++) {
                say(fd, "z");
                if (i % 50 == 0)
                        assert_still_serves();
        }
        assert_true(hear(fd, NULL, &answer));
        assert_non_null(strstr(answer.data, "zzzzzz"));
}

static void garbage_is_answered_with_400_or_closed(void **state)
{
        static const char *const garbage[] = {
                "\r\n\r\n\r\n",
                "\x16\x03\x01\x02\x01\x01",
                "GET\r\n\r\n",
                "GET /v1/things/a\r\n\r\n",
                "GET  HTTP/1.1\r\n\r\n",
                "GET v1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
                "GET * HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
                "GET /v1/things/a HTTP/9.9\r\n\r\n",
                GET_THING "no colon here\r\n\r\n",
                POST_ECHO "Content-Length: -5\r\n\r\n",
                POST_ECHO "Content-Length: 99999999999999999999999\r\n\r\n",
                POST_ECHO "Content-Length: ten\r\n\r\n",
                POST_ECHO "Transfer-Encoding: chunked\r\n\r\nzz\r\n",
                POST_ECHO "Transfer-Encoding: chunked\r\n\r\nffffffffffffffffffff\r\n",
        };

        int fds[ARRAY_SIZE(garbage)];

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(garbage); i++) {
                fds[i] = dial();
                say(fds[i], garbage[i]);
                shutdown(fds[i], SHUT_WR);
        }
        for (size_t i = 0; i < ARRAY_SIZE(garbage); i++) {
                _cleanup_buffer_ struct buffer answer = BUFFER_INIT;

                if (!hear(fds[i], NULL, &answer))
                        fail_msg("hung on: %s", garbage[i]);
                if (answer.data && strstr(answer.data, "200 OK"))
                        fail_msg("taken: %s", garbage[i]);
                close(fds[i]);
        }
        assert_still_serves();
}

static void random_bytes_do_no_harm(void **state)
{
        unsigned int seed = 1;

        (void)state;
        for (int i = 0; i < 500; i++) {
                _cleanup_close_ int fd = dial();
                char bytes[512];

                for (size_t j = 0; j < sizeof(bytes); j++)
                        bytes[j] = (char)rand_r(&seed);
                if (i % 2)
                        memcpy(bytes, "POST /v1/json HTTP/1.1\r\nContent-Length: 400\r\n\r\n", 48);
                say_bytes(fd, bytes, sizeof(bytes));
        }
        assert_still_serves();
}

static void a_nul_in_the_head_does_no_harm(void **state)
{
        static const char target[] = "GET /v1/thi\0ngs/a HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
        static const char header[] = GET_THING "X-Test: a\0b\r\nConnection: close\r\n\r\n";
        _cleanup_buffer_ struct buffer a = BUFFER_INIT, b = BUFFER_INIT;
        _cleanup_close_ int one = dial(), two = dial();

        (void)state;
        say_bytes(one, target, sizeof(target) - 1);
        say_bytes(two, header, sizeof(header) - 1);
        shutdown(one, SHUT_WR);
        shutdown(two, SHUT_WR);
        assert_true(hear(one, NULL, &a));
        assert_true(hear(two, NULL, &b));
        assert_true(!a.data || !strstr(a.data, "200 OK"));
        assert_still_serves();
}

static void requests_in_one_packet_are_answered_in_their_order(void **state)
{
        _cleanup_buffer_ struct buffer answer = BUFFER_INIT, request = BUFFER_INIT;
        _cleanup_close_ int fd = dial();
        const char *at;

        (void)state;
        for (int i = 0; i < 50; i++) {
                char text[160];

                snprintf(text, sizeof(text),
                         "GET /v1/things/n%d HTTP/1.1\r\nHost: a\r\n\r\nPOST /v1/echo HTTP/1.1\r\nHost: a\r\nContent-Length: "
                         "4\r\n\r\n<%02d>",
                         i, i);
                assert_int_equal(buffer_append(&request, text, strlen(text)), 0);
        }
        say(fd, request.data);
        assert_true(hear(fd, "<49>", &answer));
        at = answer.data;
        for (int i = 0; i < 50; i++) {
                char thing[32], echo[16];

                snprintf(thing, sizeof(thing), "{\"id\":\"n%d\"}", i);
                snprintf(echo, sizeof(echo), "<%02d>", i);
                at = strstr(at, thing);
                assert_non_null(at);
                at = strstr(at, echo);
                assert_non_null(at);
        }
}

static void a_chunked_body_is_put_together(void **state)
{
        (void)state;
        ask(POST_ECHO "Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n3\r\nabc\r\n1\r\nd\r\n0\r\n\r\n", "\r\n\r\nabcd");
}

static void a_chunked_body_beyond_the_limit_is_refused(void **state)
{
        _cleanup_buffer_ struct buffer answer = BUFFER_INIT;
        _cleanup_close_ int fd = dial();
        _cleanup_free_ char *chunk = calloc(1, 1u << 20);
        int handled = server.handled;

        (void)state;
        say(fd, POST_ECHO "Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n");
        for (int i = 0; i < 18; i++) {
                say(fd, "100000\r\n");
                say_bytes(fd, chunk, 1u << 20);
                say(fd, "\r\n");
        }
        say(fd, "0\r\n\r\n");
        assert_true(hear(fd, NULL, &answer));
        assert_non_null(strstr(answer.data, "413"));
        assert_non_null(strstr(answer.data, "urn:holdfast:too-large"));
        assert_int_equal(server.handled, handled);
}

static void a_chunked_body_without_end_is_cut_off(void **state)
{
        _cleanup_buffer_ struct buffer answer = BUFFER_INIT;
        _cleanup_close_ int fd = dial();
        _cleanup_free_ char *chunk = calloc(1, 1u << 20);

        (void)state;
        say(fd, POST_ECHO "Transfer-Encoding: chunked\r\n\r\n");
        for (int i = 0; i < 100; i++) {
                say(fd, "100000\r\n");
                say_bytes(fd, chunk, 1u << 20);
                say(fd, "\r\n");
        }
        assert_true(hear(fd, NULL, &answer));
        assert_still_serves();
}

static void large_bodies_at_once_do_not_take_all_memory(void **state)
{
        enum { CLIENTS = 10, SIZE = 16u << 20 };
        _cleanup_free_ char *body = calloc(1, SIZE);
        int fds[CLIENTS], refused = 0, taken = 0;

        (void)state;
        for (int i = 0; i < CLIENTS; i++) {
                fds[i] = dial();
                say(fds[i], POST_ECHO "Content-Length: 16777216\r\nConnection: close\r\n\r\n");
                say_bytes(fds[i], body, SIZE - 1); /* and one byte is kept back */
        }
        for (int i = 0; i < CLIENTS; i++) {
                _cleanup_buffer_ struct buffer answer = BUFFER_INIT;

                say(fds[i], "x");
                assert_true(hear(fds[i], NULL, &answer));
                refused += strncmp(answer.data, "HTTP/1.1 503", 12) == 0 && strstr(answer.data, "Retry-After: 1") != NULL;
                taken += strncmp(answer.data, "HTTP/1.1 200", 12) == 0;
                close(fds[i]);
        }
        assert_int_equal(taken, 8);
        assert_int_equal(refused, 2);
        assert_still_serves();
}

static void a_client_that_expects_100_continue_gets_it_or_the_refusal(void **state)
{
        _cleanup_buffer_ struct buffer a = BUFFER_INIT;
        _cleanup_close_ int fd = dial();

        (void)state;
        say(fd, POST_ECHO "Expect: 100-continue\r\nContent-Length: 3\r\nConnection: close\r\n\r\n");
        assert_true(hear(fd, "100 Continue", &a));
        say(fd, "abc");
        assert_true(hear(fd, NULL, &a));
        assert_non_null(strstr(a.data, "\r\n\r\nabc"));
        ask(POST_ECHO "Expect: 100-continue\r\nContent-Length: 20000000\r\n\r\n", "413");
        ask("POST /v1/none HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n", "404");
}

static void headers_without_end_are_refused(void **state)
{
        _cleanup_buffer_ struct buffer answer = BUFFER_INIT;
        _cleanup_close_ int fd = dial();

        (void)state;
        say(fd, GET_THING);
        for (int i = 0; i < 2000; i++)
                say(fd, "X-Filler: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n");
        assert_true(hear(fd, NULL, &answer));
        assert_still_serves();
}

static void the_absolute_form_of_a_target_is_taken(void **state)
{
        (void)state;
        ask("GET http://localhost/v1/things/a?since=5 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", "\"since\":\"5\"");
}

static void clients_that_leave_before_the_answer_do_no_harm(void **state)
{
        (void)state;
        for (int i = 0; i < 2000; i++) {
                _cleanup_close_ int fd = dial();

                say(fd, i % 2 ? GET_THING "\r\n" : POST_ECHO "Content-Length: 5\r\n\r\nabcde");
        }
        assert_still_serves();
}

static void those_beyond_the_limit_wait_until_others_end(void **state)
{
        enum { LIMIT = 1000, ALL = 1200 };
        static int fds[ALL];
        eventfd_t held;

        (void)state;
        for (int i = 0; i < ALL; i++) {
                _cleanup_buffer_ struct buffer answer = BUFFER_INIT;

                fds[i] = dial();
                if (i >= LIMIT)
                        continue;
                say(fds[i], GET_THING "\r\n");
                assert_true(hear(fds[i], "{\"id\":\"a\"}", &answer));
        }
        /* All that it has taken end in one turn of its loop. */
        assert_int_equal(eventfd_write(server.hold, 1), 0);
        wait_for(&server.holds, 1);
        for (int i = 0; i < ALL; i++)
                say(fds[i], GET_THING "Connection: close\r\n\r\n");
        assert_int_equal(eventfd_read(server.hold, &held), 0);
        for (int i = 0; i < ALL; i++) {
                _cleanup_buffer_ struct buffer answer = BUFFER_INIT;

                assert_true(hear(fds[i], NULL, &answer));
                assert_true(answer.data && strstr(answer.data, "{\"id\":\"a\"}"));
                close(fds[i]);
        }
        assert_still_serves();
}

/* In this thread alone: the wrapper of the C library would change them all. */
static void become(uid_t user)
{
        assert_int_equal(syscall(SYS_setresuid, -1, user, -1), 0);
}

static void let_users_in(void)
{
        if (geteuid() != 0)
                skip();
        assert_int_equal(chmod(server.folder, 0755), 0);
        assert_int_equal(chmod(server.socket, 0666), 0);
}

static bool is_open(int fd)
{
        struct pollfd p = { .fd = fd, .events = POLLIN };

        return poll(&p, 1, 0) == 0;
}

static void one_user_cannot_hold_all_connections(void **state)
{
        enum { TRIED = 300, OTHERS = 9 };
        static int fds[OTHERS][TRIED];
        int open_ = 0, last = 0;

        (void)state;
        let_users_in();
        for (int user = 0; user < OTHERS; user++) {
                become(50000 + (uid_t)user);
                for (int i = 0; i < TRIED; i++)
                        fds[user][i] = dial();
                become(0);
        }
        assert_still_serves();
        for (int user = 0; user < OTHERS; user++)
                for (int i = 0; i < TRIED; i++)
                        open_ += is_open(fds[user][i]);
        assert_int_equal(open_, 900);
        become(60000);
        last = dial();
        become(0);
        assert_true(hear(last, NULL, &(struct buffer)BUFFER_INIT));
        close(last);
        for (int user = 0; user < OTHERS; user++)
                for (int i = 0; i < TRIED; i++)
                        close(fds[user][i]);
        assert_still_serves();
        become(60000);
        assert_still_serves();
        become(0);
}

static void slow_requests_of_a_user_let_root_pass(void **state)
{
        enum { SLOW = 40 };
        int fds[SLOW], holds = server.holds;
        eventfd_t held;

        (void)state;
        let_users_in();
        become(50000);
        for (int i = 0; i < SLOW; i++) {
                _cleanup_buffer_ struct buffer answer = BUFFER_INIT;

                fds[i] = dial();
                say(fds[i], GET_THING "\r\n");
                assert_true(hear(fds[i], "{\"id\":\"a\"}", &answer));
        }
        become(0);
        /* All of them are there when its loop comes back, and root connects. */
        assert_int_equal(eventfd_write(server.hold, 1), 0);
        wait_for(&server.holds, holds + 1);
        for (int i = 0; i < SLOW; i++)
                say(fds[i], "GET /v1/slow HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
        assert_int_equal(eventfd_write(server.beside, 1), 0);
        assert_int_equal(eventfd_read(server.hold, &held), 0);
        assert_still_serves();
        if (server.slow > SLOW / 4)
                fail_msg("%d requests of the user were answered first", server.slow);
        for (int i = 0; i < SLOW; i++) {
                _cleanup_buffer_ struct buffer answer = BUFFER_INIT;

                assert_true(hear(fds[i], NULL, &answer));
                assert_non_null(strstr(answer.data, "204"));
                close(fds[i]);
        }
        assert_int_equal(server.slow, SLOW);
        if (!server.slow_before || server.slow_before > SLOW / 2)
                fail_msg("what is beside the API had its turn after %d requests", server.slow_before);
}

static void bodies_of_a_user_leave_root_its_room(void **state)
{
        enum { CLIENTS = 9, SIZE = 16u << 20 };
        _cleanup_free_ char *body = calloc(1, SIZE);
        int fds[CLIENTS];

        (void)state;
        let_users_in();
        become(50000);
        for (int i = 0; i < CLIENTS; i++) {
                fds[i] = dial();
                say(fds[i], POST_ECHO "Content-Length: 16777216\r\nConnection: close\r\n\r\n");
                say_bytes(fds[i], body, SIZE - 1);
        }
        become(0);
        ask(POST_ECHO "Content-Length: 2\r\nConnection: close\r\n\r\n{}", "{}");
        for (int i = 0; i < CLIENTS; i++)
                close(fds[i]);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(half_a_request_is_cut_off_after_ten_seconds),
                cmocka_unit_test(a_body_that_comes_byte_by_byte_is_taken),
                cmocka_unit_test(garbage_is_answered_with_400_or_closed),
                cmocka_unit_test(random_bytes_do_no_harm),
                cmocka_unit_test(a_nul_in_the_head_does_no_harm),
                cmocka_unit_test(requests_in_one_packet_are_answered_in_their_order),
                cmocka_unit_test(a_chunked_body_is_put_together),
                cmocka_unit_test(a_chunked_body_beyond_the_limit_is_refused),
                cmocka_unit_test(a_chunked_body_without_end_is_cut_off),
                cmocka_unit_test(large_bodies_at_once_do_not_take_all_memory),
                cmocka_unit_test(a_client_that_expects_100_continue_gets_it_or_the_refusal),
                cmocka_unit_test(headers_without_end_are_refused),
                cmocka_unit_test(the_absolute_form_of_a_target_is_taken),
                cmocka_unit_test(clients_that_leave_before_the_answer_do_no_harm),
                cmocka_unit_test(those_beyond_the_limit_wait_until_others_end),
                cmocka_unit_test(one_user_cannot_hold_all_connections),
                cmocka_unit_test(slow_requests_of_a_user_let_root_pass),
                cmocka_unit_test(bodies_of_a_user_leave_root_its_room),
        };

        return cmocka_run_group_tests_name("api hostile clients", tests, server_setup, server_teardown);
}
