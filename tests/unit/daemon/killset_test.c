/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/id.c"
#include "daemon/killset.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static struct killset set;

static struct kill *add(const char *session, uint32_t strength, const char *reason)
{
        struct kill *k = kill_new(session, strength, 0, reason, "root", 1);

        assert_non_null(k);
        assert_int_equal(killset_add(&set, k), 0);
        return k;
}

static int clear(void **state)
{
        (void)state;
        killset_clear(&set);
        return 0;
}

static void nothing_stands_in_an_empty_set(void **state)
{
        (void)state;
        assert_int_equal(killset_bits(&set, "aaaaaaaa"), 0);
        assert_int_equal(killset_bits(&set, ""), 0);
        assert_null(killset_strictest(&set, "aaaaaaaa"));
}

static void a_kill_asks_for_its_bit_on_its_session_only(void **state)
{
        (void)state;
        add("aaaaaaaa", HF_KILL_DENY, "");
        assert_int_equal(killset_bits(&set, "aaaaaaaa"), HF_KILL_DENY);
        assert_int_equal(killset_bits(&set, "bbbbbbbb"), 0);
        assert_int_equal(killset_bits(&set, ""), 0);
}

static void several_kills_of_a_session_are_joined(void **state)
{
        struct kill *pause;

        (void)state;
        pause = add("aaaaaaaa", HF_KILL_PAUSE, "");
        add("aaaaaaaa", HF_KILL_DENY, "");
        assert_int_equal(killset_bits(&set, "aaaaaaaa"), HF_KILL_PAUSE | HF_KILL_DENY);
        killset_remove(&set, pause);
        assert_int_equal(killset_bits(&set, "aaaaaaaa"), HF_KILL_DENY);
}

static void the_same_kill_twice_stands_until_both_are_lifted(void **state)
{
        struct kill *first, *second;

        (void)state;
        first = add("aaaaaaaa", HF_KILL_DENY, "");
        second = add("aaaaaaaa", HF_KILL_DENY, "");
        killset_remove(&set, first);
        assert_int_equal(killset_bits(&set, "aaaaaaaa"), HF_KILL_DENY);
        killset_remove(&set, second);
        assert_int_equal(killset_bits(&set, "aaaaaaaa"), 0);
}

static void a_kill_of_all_is_a_scope_of_its_own(void **state)
{
        (void)state;
        add("", HF_KILL_KILL, "all of them");
        assert_int_equal(killset_bits(&set, ""), HF_KILL_KILL);
        assert_int_equal(killset_bits(&set, "aaaaaaaa"), 0);
        assert_string_equal(killset_strictest(&set, "aaaaaaaa")->reason, "all of them");
}

static void the_strictest_reason_is_shown(void **state)
{
        (void)state;
        add("aaaaaaaa", HF_KILL_DENY, "deny");
        add("", HF_KILL_PAUSE, "pause");
        assert_string_equal(killset_strictest(&set, "aaaaaaaa")->reason, "pause");
        add("aaaaaaaa", HF_KILL_KILL, "kill");
        add("bbbbbbbb", HF_KILL_KILL, "another's");
        assert_string_equal(killset_strictest(&set, "aaaaaaaa")->reason, "kill");
}

static void kills_are_walked_by_scope_and_found_by_id(void **state)
{
        struct kill *a;
        size_t i = 0;

        (void)state;
        add("bbbbbbbb", HF_KILL_DENY, "");
        a = add("aaaaaaaa", HF_KILL_DENY, "");
        assert_ptr_equal(killset_next(&set, "aaaaaaaa", &i), a);
        assert_null(killset_next(&set, "aaaaaaaa", &i));
        assert_ptr_equal(killset_find(&set, a->id), a);
        assert_null(killset_find(&set, "no-such"));
}

static void ids_are_eight_characters_of_base32_and_differ(void **state)
{
        char a[ID_SIZE], b[ID_SIZE];

        (void)state;
        id_new(a);
        id_new(b);
        assert_int_equal(strlen(a), ID_LENGTH);
        assert_int_equal(strspn(a, "abcdefghijklmnopqrstuvwxyz234567"), ID_LENGTH);
        assert_string_not_equal(a, b);
        assert_true(id_number() != id_number());
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_teardown(nothing_stands_in_an_empty_set, clear),
                cmocka_unit_test_teardown(a_kill_asks_for_its_bit_on_its_session_only, clear),
                cmocka_unit_test_teardown(several_kills_of_a_session_are_joined, clear),
                cmocka_unit_test_teardown(the_same_kill_twice_stands_until_both_are_lifted, clear),
                cmocka_unit_test_teardown(a_kill_of_all_is_a_scope_of_its_own, clear),
                cmocka_unit_test_teardown(the_strictest_reason_is_shown, clear),
                cmocka_unit_test_teardown(kills_are_walked_by_scope_and_found_by_id, clear),
                cmocka_unit_test(ids_are_eight_characters_of_base32_and_differ),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
