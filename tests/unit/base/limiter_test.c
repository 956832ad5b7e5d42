/* SPDX-License-Identifier: Apache-2.0 */
#include "base/limiter.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define NOW 1000000000000ull

static struct limiter *limiter(uint32_t burst, uint64_t interval)
{
        struct limiter *l = calloc(1, sizeof(*l));

        assert_non_null(l);
        l->burst = burst;
        l->interval = interval;
        return l;
}

static void a_burst_passes_and_then_one_for_each_interval(void **state)
{
        struct limiter *l = limiter(3, 100);
        uint64_t wait = 0;

        (void)state;
        for (int i = 0; i < 3; i++)
                assert_true(limiter_take(l, "a", NOW, NULL));
        assert_false(limiter_take(l, "a", NOW, &wait));
        assert_int_equal(wait, 100);
        assert_false(limiter_take(l, "a", NOW + 99, &wait));
        assert_int_equal(wait, 1);
        assert_true(limiter_take(l, "a", NOW + 100, NULL));
        assert_false(limiter_take(l, "a", NOW + 100, NULL));
        free(l);
}

static void what_was_refused_costs_nothing(void **state)
{
        struct limiter *l = limiter(1, 100);

        (void)state;
        assert_true(limiter_take(l, "a", NOW, NULL));
        for (int i = 0; i < 1000; i++)
                assert_false(limiter_take(l, "a", NOW, NULL));
        assert_true(limiter_take(l, "a", NOW + 100, NULL));
        free(l);
}

static void a_pause_gives_no_more_than_the_burst(void **state)
{
        struct limiter *l = limiter(2, 100);
        int taken = 0;

        (void)state;
        assert_true(limiter_take(l, "a", NOW, NULL));
        while (limiter_take(l, "a", NOW + 1000000, NULL))
                taken++;
        assert_int_equal(taken, 2);
        free(l);
}

static void names_do_not_take_from_each_other(void **state)
{
        struct limiter *l = limiter(1, 100);

        (void)state;
        assert_true(limiter_take(l, "192.0.2.1", NOW, NULL));
        assert_true(limiter_take(l, "192.0.2.10", NOW, NULL));
        assert_false(limiter_take(l, "192.0.2.1", NOW, NULL));
        free(l);
}

static void more_names_than_there_is_room_for_do_not_make_a_flood_be_forgotten(void **state)
{
        struct limiter *l = limiter(100, 100);
        char name[32];

        (void)state;
        while (limiter_take(l, "flood", NOW, NULL))
                ;
        for (int i = 0; i < 10 * LIMITER_NAMES; i++) {
                snprintf(name, sizeof(name), "name-%d", i);
                assert_true(limiter_take(l, name, NOW, NULL));
        }
        assert_false(limiter_take(l, "flood", NOW, NULL));
        free(l);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_burst_passes_and_then_one_for_each_interval),
                cmocka_unit_test(what_was_refused_costs_nothing),
                cmocka_unit_test(a_pause_gives_no_more_than_the_burst),
                cmocka_unit_test(names_do_not_take_from_each_other),
                cmocka_unit_test(more_names_than_there_is_room_for_do_not_make_a_flood_be_forgotten),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
