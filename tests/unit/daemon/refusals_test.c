/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/refusals.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define NOW 1000000000000ull

struct told {
        int events;
        uint64_t count; /* of the last */
        char reason[REFUSALS_REASON_SIZE];
};

static void tell(void *context, const struct refusal *r, uint64_t count)
{
        struct told *t = context;

        t->events++;
        t->count = count;
        snprintf(t->reason, sizeof(t->reason), "%s", r->reason);
}

static void the_first_is_told_at_once_and_the_rest_as_a_count(void **state)
{
        struct refusals all = { .n = 0 };
        struct told t = { 0 };

        (void)state;
        for (int i = 0; i < 1000; i++)
                refusals_note(&all, "somebody", "no token", "192.0.2.1", NOW, tell, &t);
        assert_int_equal(t.events, 1);
        assert_int_equal(t.count, 1);
        refusals_tick(&all, NOW + REFUSALS_INTERVAL - 1, tell, &t);
        assert_int_equal(t.events, 1);
        refusals_tick(&all, NOW + REFUSALS_INTERVAL, tell, &t);
        assert_int_equal(t.events, 2);
        assert_int_equal(t.count, 999);
}

static void after_a_quiet_interval_the_next_is_told_at_once_again(void **state)
{
        struct refusals all = { .n = 0 };
        struct told t = { 0 };

        (void)state;
        refusals_note(&all, "somebody", "no token", "192.0.2.1", NOW, tell, &t);
        refusals_tick(&all, NOW + REFUSALS_INTERVAL, tell, &t);
        assert_int_equal(t.events, 1);
        assert_int_equal(all.n, 0);
        refusals_note(&all, "somebody", "no token", "192.0.2.1", NOW + REFUSALS_INTERVAL + 1, tell, &t);
        assert_int_equal(t.events, 2);
        assert_int_equal(t.count, 1);
}

static void what_differs_is_told_apart(void **state)
{
        struct refusals all = { .n = 0 };
        struct told t = { 0 };

        (void)state;
        refusals_note(&all, "somebody", "no token", "192.0.2.1", NOW, tell, &t);
        refusals_note(&all, "somebody", "no token", "192.0.2.2", NOW, tell, &t);
        refusals_note(&all, "somebody", "wrong token", "192.0.2.1", NOW, tell, &t);
        refusals_note(&all, "token x", "no token", "192.0.2.1", NOW, tell, &t);
        assert_int_equal(t.events, 4);
}

static void many_addresses_make_no_more_events_than_there_are_kinds(void **state)
{
        struct refusals all = { .n = 0 };
        struct told t = { 0 };
        char address[32];

        (void)state;
        for (int i = 0; i < 10000; i++) {
                snprintf(address, sizeof(address), "10.0.%d.%d", i / 250, i % 250);
                refusals_note(&all, "somebody", "no token", address, NOW, tell, &t);
        }
        assert_int_equal(t.events, REFUSALS_KINDS + 1);
        refusals_tick(&all, NOW + REFUSALS_INTERVAL, tell, &t);
        assert_int_equal(t.events, REFUSALS_KINDS + 2);
        assert_int_equal(t.count, 10000 - REFUSALS_KINDS - 1);
        assert_non_null(strstr(t.reason, "more kinds"));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(the_first_is_told_at_once_and_the_rest_as_a_count),
                cmocka_unit_test(after_a_quiet_interval_the_next_is_told_at_once_again),
                cmocka_unit_test(what_differs_is_told_apart),
                cmocka_unit_test(many_addresses_make_no_more_events_than_there_are_kinds),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
