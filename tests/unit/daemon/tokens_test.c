/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/id.c"
#include "daemon/roles.c"
#include "daemon/sql.c"
#include "daemon/store_tokens.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define NOW 1700000000000000000ull

static int setup(void **state)
{
        struct store *s = calloc(1, sizeof(*s));

        *state = s;
        return sqlite3_open(":memory:", &s->db) == SQLITE_OK && tokens_prepare(s, NULL) >= 0 ? 0 : -1;
}

static int teardown(void **state)
{
        struct store *s = *state;

        sqlite3_close(s->db);
        free(s);
        return 0;
}

static struct token make(struct store *s, enum caller role, uint64_t expires, char text[TOKEN_TEXT_SIZE])
{
        struct token t = { .name = "ci", .role = role, .creator = "root (uid 0, pid 1)", .created = NOW, .expires = expires };

        assert_true(token_create(s, &t, text, NULL) >= 0);
        return t;
}

static void a_token_gives_what_it_was_made_with(void **state)
{
        char text[TOKEN_TEXT_SIZE];
        struct token t = make(*state, CALLER_OPERATOR, 0, text), found = { "" };

        assert_int_equal(strlen(text), TOKEN_TEXT_SIZE - 1);
        assert_int_equal(token_find(*state, text, NOW, &found), 0);
        assert_string_equal(found.id, t.id);
        assert_string_equal(found.name, "ci");
        assert_string_equal(found.creator, "root (uid 0, pid 1)");
        assert_int_equal(found.role, CALLER_OPERATOR);
        assert_int_equal(found.created, NOW);
}

static void two_tokens_share_nothing(void **state)
{
        char a[TOKEN_TEXT_SIZE], b[TOKEN_TEXT_SIZE];

        make(*state, CALLER_VIEWER, 0, a);
        make(*state, CALLER_VIEWER, 0, b);
        assert_string_not_equal(a + 3 + ID_LENGTH, b + 3 + ID_LENGTH);
        assert_memory_not_equal(a + 3, b + 3, ID_LENGTH);
}

static void it_expires_to_the_nanosecond(void **state)
{
        char text[TOKEN_TEXT_SIZE];
        struct token found = { "" };

        make(*state, CALLER_VIEWER, NOW + 10, text);
        assert_int_equal(token_find(*state, text, NOW + 9, &found), 0);
        assert_int_equal(found.expires, NOW + 10);
        assert_int_equal(token_find(*state, text, NOW + 10, &found), -EACCES);
}

static void it_is_gone_once_it_is_revoked(void **state)
{
        char text[TOKEN_TEXT_SIZE], other[TOKEN_TEXT_SIZE];
        struct token t = make(*state, CALLER_ADMIN, 0, text), found = { "" };

        make(*state, CALLER_ADMIN, 0, other);
        assert_true(token_revoke(*state, t.id, NULL) >= 0);
        assert_int_equal(token_find(*state, text, NOW, &found), -EACCES);
        assert_int_equal(token_revoke(*state, t.id, NULL), -ENOENT);
        assert_int_equal(token_find(*state, other, NOW, &found), 0);
}

static void a_secret_that_is_wrong_in_any_one_place_is_refused(void **state)
{
        char text[TOKEN_TEXT_SIZE], wrong[TOKEN_TEXT_SIZE];
        struct token found = { "" };

        make(*state, CALLER_ADMIN, 0, text);
        for (size_t i = 0; i < TOKEN_TEXT_SIZE - 1; i++) {
                memcpy(wrong, text, sizeof(wrong));
                wrong[i] = wrong[i] == 'a' ? 'b' : 'a';
                assert_int_equal(token_find(*state, wrong, NOW, &found), -EACCES);
        }
        assert_string_equal(found.id, "");
}

static void the_id_of_one_and_the_secret_of_another_are_no_token(void **state)
{
        char a[TOKEN_TEXT_SIZE], b[TOKEN_TEXT_SIZE];
        struct token found = { "" };

        make(*state, CALLER_ADMIN, 0, a);
        make(*state, CALLER_VIEWER, 0, b);
        memcpy(b + 3, a + 3, ID_LENGTH);
        assert_int_equal(token_find(*state, b, NOW, &found), -EACCES);
}

static void garbage_is_refused(void **state)
{
        static const char *const garbage[] = { "",      "hf_", "hf__", "Bearer", "hf_aaaaaaaa_", "hf_aaaaaaaa_aaaaaaaa", "hf_' OR 1=1 --",
                                               "\xff\n" };
        char text[TOKEN_TEXT_SIZE], longer[TOKEN_TEXT_SIZE + 1];
        struct token found = { "" };

        make(*state, CALLER_ADMIN, 0, text);
        for (size_t i = 0; i < ARRAY_SIZE(garbage); i++)
                assert_int_equal(token_find(*state, garbage[i], NOW, &found), -EACCES);
        snprintf(longer, sizeof(longer), "%sa", text);
        assert_int_equal(token_find(*state, longer, NOW, &found), -EACCES);
        text[TOKEN_TEXT_SIZE - 2] = '\0';
        assert_int_equal(token_find(*state, text, NOW, &found), -EACCES);
}

static void no_column_has_the_secret(void **state)
{
        struct store *s = *state;
        _cleanup_stmt_ sqlite3_stmt *stmt = NULL;
        char text[TOKEN_TEXT_SIZE];
        int columns = 0;

        make(s, CALLER_ADMIN, 0, text);
        assert_true(sql_prepare(s, &stmt, NULL, "SELECT * FROM tokens", "") >= 0);
        assert_int_equal(sql_step(s, stmt, NULL), 1);
        for (; columns < sqlite3_column_count(stmt); columns++)
                assert_null(strstr((const char *)sqlite3_column_text(stmt, columns), text + 3 + ID_LENGTH + 1));
        assert_int_equal(columns, 7);
}

static void a_role_that_this_version_does_not_know_gives_nothing(void **state)
{
        struct store *s = *state;
        char text[TOKEN_TEXT_SIZE];
        struct token found = { "" };

        make(s, CALLER_ADMIN, 0, text);
        assert_true(sql_run(s, NULL, "UPDATE tokens SET role = 'emperor'", "") >= 0);
        assert_int_equal(token_find(s, text, NOW, &found), -EACCES);
}

static void a_database_that_cannot_be_read_is_told_from_a_wrong_token(void **state)
{
        struct store *s = *state;
        char text[TOKEN_TEXT_SIZE];
        struct token found = { "" };

        make(s, CALLER_ADMIN, 0, text);
        assert_true(sql_run(s, NULL, "DROP TABLE tokens", "") >= 0);
        assert_int_equal(token_find(s, text, NOW, &found), -EIO);
}

static int count_one(void *context, const struct token *t)
{
        (void)t;
        ++*(int *)context;
        return 0;
}

static void there_is_a_limit_to_their_number(void **state)
{
        struct token t = { .name = "one-too-many", .role = CALLER_VIEWER, .creator = "x", .created = NOW };
        char text[TOKEN_TEXT_SIZE];
        int n = 0;

        for (int i = 0; i < TOKENS_MAX; i++)
                make(*state, CALLER_VIEWER, 0, text);
        assert_int_equal(token_create(*state, &t, text, NULL), -ENOSPC);
        assert_true(tokens_each(*state, count_one, &n, NULL) >= 0);
        assert_int_equal(n, TOKENS_MAX);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
        const struct CMUnitTest tests[] = {
                TEST(a_token_gives_what_it_was_made_with),
                TEST(two_tokens_share_nothing),
                TEST(it_expires_to_the_nanosecond),
                TEST(it_is_gone_once_it_is_revoked),
                TEST(a_secret_that_is_wrong_in_any_one_place_is_refused),
                TEST(the_id_of_one_and_the_secret_of_another_are_no_token),
                TEST(garbage_is_refused),
                TEST(no_column_has_the_secret),
                TEST(a_role_that_this_version_does_not_know_gives_nothing),
                TEST(a_database_that_cannot_be_read_is_told_from_a_wrong_token),
                TEST(there_is_a_limit_to_their_number),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
