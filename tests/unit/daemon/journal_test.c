/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/journal.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#define REFUSAL \
        "{\"seq\":7,\"session\":\"aaaaaaaa\",\"kind\":\"file\",\"verdict\":\"deny\",\"op\":\"open\",\"path\":\"/srv/a\\nb\",\"pid\":12," \
        "\"reason\":\"no capability allows it\"}\n"
#define ALLOWED \
        "{\"seq\":8,\"session\":\"aaaaaaaa\",\"kind\":\"connect\",\"verdict\":\"allow\",\"op\":\"connect\",\"addr\":\"192.0.2.1\"}\n"
#define KILL "{\"seq\":9,\"session\":null,\"kind\":\"kill\",\"verdict\":\"allow\",\"op\":\"lift\",\"scope\":\"all\"}\n"
#define CHECKPOINT "{\"seq\":10,\"kind\":\"checkpoint\"}\n"

/* A socket as journald has it. */
static char folder[] = "/tmp/holdfast-journal-XXXXXX", at[64];
static int receiver;

static int set_up(void **state)
{
        struct sockaddr_un address = { .sun_family = AF_UNIX };

        (void)state;
        assert_non_null(mkdtemp(folder));
        snprintf(at, sizeof(at), "%s/socket", folder);
        strcpy(address.sun_path, at);
        receiver = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        assert_int_equal(bind(receiver, (struct sockaddr *)&address, sizeof(address)), 0);
        return 0;
}

static int tear_down(void **state)
{
        (void)state;
        close(receiver);
        unlink(at);
        rmdir(folder);
        memcpy(folder + sizeof(folder) - 7, "XXXXXX", 6);
        return 0;
}

/* The next message, its size; 0: there is none. */
static size_t next(char *message, size_t size)
{
        ssize_t n = recv(receiver, message, size, 0);

        return n < 0 ? 0 : (size_t)n;
}

/* The value of a field, to be freed; NULL: it is not there. */
static char *field(const char *message, size_t size, const char *name)
{
        for (size_t i = 0; i < size;) {
                const char *end = memchr(message + i, '\n', size - i);
                const size_t length = (size_t)(end - (message + i));
                uint64_t n;

                memcpy(&n, end + 1, sizeof(n));
                n = le64toh(n);
                assert_int_equal(end[1 + sizeof(n) + n], '\n');
                if (length == strlen(name) && !memcmp(message + i, name, length))
                        return strndup(end + 1 + sizeof(n), n);
                i += length + 1 + sizeof(n) + n + 1;
        }
        return NULL;
}

static void has(const char *message, size_t size, const char *name, const char *value)
{
        char *found = field(message, size, name);

        assert_non_null(found);
        assert_string_equal(found, value);
        free(found);
}

#define SEND(j, line) journal_send(j, at, line, sizeof(line) - 1)

static void an_event_becomes_a_message_with_a_field_for_each_member(void **state)
{
        struct journal j;
        char message[4096];
        size_t n;

        (void)state;
        assert_int_equal(journal_open(&j, JOURNAL_ALL), 0);
        SEND(&j, REFUSAL);
        n = next(message, sizeof(message));
        has(message, n, "PRIORITY", "4");
        has(message, n, "SYSLOG_IDENTIFIER", "holdfast");
        has(message, n, "MESSAGE", "deny file open /srv/a\nb: no capability allows it");
        has(message, n, "HOLDFAST_SEQ", "7");
        has(message, n, "HOLDFAST_PID", "12");
        has(message, n, "HOLDFAST_PATH", "/srv/a\nb");
        assert_null(field(message, n, "HOLDFAST_USER"));
        {
                char *line = field(message, n, "HOLDFAST_EVENT");

                assert_int_equal(strlen(line), sizeof(REFUSAL) - 2);
                assert_memory_equal(line, REFUSAL, sizeof(REFUSAL) - 2);
                free(line);
        }
        assert_int_equal(next(message, sizeof(message)), 0);
        journal_close(&j);
}

static void what_is_allowed_to_agents_and_checkpoints_can_be_left_out(void **state)
{
        struct journal j;
        char message[4096];
        size_t n;

        (void)state;
        assert_int_equal(journal_open(&j, JOURNAL_DENIALS), 0);
        SEND(&j, ALLOWED);
        SEND(&j, CHECKPOINT);
        SEND(&j, KILL);
        n = next(message, sizeof(message));
        has(message, n, "HOLDFAST_SEQ", "9");
        assert_int_equal(next(message, sizeof(message)), 0);
        j.choice = JOURNAL_ALL;
        SEND(&j, ALLOWED);
        SEND(&j, CHECKPOINT);
        n = next(message, sizeof(message));
        has(message, n, "HOLDFAST_SEQ", "8");
        has(message, n, "PRIORITY", "6");
        assert_int_equal(next(message, sizeof(message)), 0);
        journal_close(&j);
}

static void a_journal_that_takes_nothing_is_not_waited_for_and_what_it_missed_is_told(void **state)
{
        struct journal j;
        char message[4096];
        uint64_t taken = 0;
        size_t n;

        (void)state;
        assert_int_equal(journal_open(&j, JOURNAL_ALL), 0);
        for (int i = 0; i < 10000; i++)
                SEND(&j, REFUSAL); /* a receiver that does not read blocks who would wait for it */
        assert_true(j.skipped > 0);
        while (next(message, sizeof(message)))
                taken++;
        assert_int_equal(taken + j.skipped, 10000);
        SEND(&j, KILL);
        n = next(message, sizeof(message));
        has(message, n, "HOLDFAST_SEQ", "9");
        n = next(message, sizeof(message));
        assert_non_null(memmem(message, n, "events were not taken by the journal", 36));
        assert_int_equal(j.told, j.skipped);
        journal_close(&j);
}

static void without_a_journal_events_are_counted_as_skipped(void **state)
{
        struct journal j;

        (void)state;
        assert_int_equal(journal_open(&j, JOURNAL_ALL), 0);
        journal_send(&j, "/nonexistent/socket", REFUSAL, sizeof(REFUSAL) - 1);
        assert_int_equal(j.skipped, 1);
        journal_close(&j);
}

static void a_line_that_is_too_long_for_the_socket_goes_without_itself(void **state)
{
        static char line[400000], message[400000];
        struct journal j;
        size_t n;

        (void)state;
        assert_int_equal(journal_open(&j, JOURNAL_ALL), 0);
        n = (size_t)snprintf(line, sizeof(line), "{\"seq\":7,\"kind\":\"admin\",\"addrs\":[\"");
        memset(line + n, 'x', sizeof(line) - n - 4);
        memcpy(line + sizeof(line) - 4, "\"]}\n", 4);
        journal_send(&j, at, line, sizeof(line));
        assert_int_equal(j.skipped, 0);
        n = next(message, sizeof(message));
        has(message, n, "HOLDFAST_SEQ", "7");
        assert_null(field(message, n, "HOLDFAST_EVENT"));
        journal_close(&j);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(an_event_becomes_a_message_with_a_field_for_each_member, set_up, tear_down),
                cmocka_unit_test_setup_teardown(what_is_allowed_to_agents_and_checkpoints_can_be_left_out, set_up, tear_down),
                cmocka_unit_test_setup_teardown(a_journal_that_takes_nothing_is_not_waited_for_and_what_it_missed_is_told, set_up,
                                                tear_down),
                cmocka_unit_test_setup_teardown(without_a_journal_events_are_counted_as_skipped, set_up, tear_down),
                cmocka_unit_test_setup_teardown(a_line_that_is_too_long_for_the_socket_goes_without_itself, set_up, tear_down),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
