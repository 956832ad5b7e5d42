/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "daemon/metrics.h"
#include "holdfast/abi.h"
#include "resolver/protocol.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* Whether what is written has this line. */
static void has_line(const struct metrics *m, const char *line)
{
        struct exposition x = EXPOSITION_INIT;
        _cleanup_free_ char *text = NULL, *wanted = NULL;

        metrics_write(m, &x);
        assert_int_equal(x.error, 0);
        assert_true(asprintf(&text, "\n%s", x.text.data) > 0);
        assert_true(asprintf(&wanted, "\n%s\n", line) > 0);
        if (!strstr(text, wanted))
                fail_msg("%s is not in:%s", line, text);
        buffer_clear(&x.text);
}

static void events_are_counted_by_kind_and_verdict(void **state)
{
        struct metrics m = { 0 };

        (void)state;
        metrics_event(&m, "file", "deny");
        metrics_event(&m, "file", "deny");
        metrics_event(&m, "exec", "allow");
        metrics_event(&m, "lost", NULL);
        metrics_event(&m, "something", "maybe");
        metrics_event(&m, NULL, "deny");
        has_line(&m, "holdfast_events_total{kind=\"file\",verdict=\"deny\"} 2");
        has_line(&m, "holdfast_events_total{kind=\"file\",verdict=\"allow\"} 0");
        has_line(&m, "holdfast_events_total{kind=\"exec\",verdict=\"allow\"} 1");
        has_line(&m, "holdfast_events_total{kind=\"lost\",verdict=\"none\"} 1");
        has_line(&m, "holdfast_events_total{kind=\"other\",verdict=\"none\"} 1");
        has_line(&m, "holdfast_events_total{kind=\"other\",verdict=\"deny\"} 1");
        has_line(&m, "holdfast_denials_total{kind=\"file\"} 2");
        has_line(&m, "holdfast_denials_total{kind=\"exec\"} 0");
}

static void a_kill_is_in_all_buckets_from_its_latency_on(void **state)
{
        struct metrics m = { 0 };

        (void)state;
        metrics_kill(&m, HF_KILL_DENY, 50000);
        metrics_kill(&m, HF_KILL_DENY, 50001);
        metrics_kill(&m, HF_KILL_KILL, 31000000000);
        metrics_kill(&m, HF_KILL_PAUSE, 0);
        has_line(&m, "holdfast_kills_set_total{strength=\"deny\"} 2");
        has_line(&m, "holdfast_kills_set_total{strength=\"kill\"} 1");
        has_line(&m, "holdfast_kills_set_total{strength=\"pause\"} 1");
        has_line(&m, "holdfast_kill_latency_seconds_bucket{le=\"5e-05\"} 1");
        has_line(&m, "holdfast_kill_latency_seconds_bucket{le=\"0.0001\"} 2");
        has_line(&m, "holdfast_kill_latency_seconds_bucket{le=\"30\"} 2");
        has_line(&m, "holdfast_kill_latency_seconds_bucket{le=\"+Inf\"} 3");
        has_line(&m, "holdfast_kill_latency_seconds_count 3");
        has_line(&m, "holdfast_kill_latency_seconds_sum 31.000100001");
}

static void answers_of_the_resolver_are_counted_by_result(void **state)
{
        struct metrics m = { 0 };

        (void)state;
        metrics_resolver(&m, RESOLVER_ANSWERED);
        metrics_resolver(&m, RESOLVER_FAILED);
        metrics_resolver(&m, RESOLVER_FAILED);
        metrics_resolver(&m, RESOLVER_EXPIRED);
        metrics_resolver(&m, 77);
        has_line(&m, "holdfast_resolver_queries_total{result=\"answered\"} 1");
        has_line(&m, "holdfast_resolver_queries_total{result=\"failed\"} 2");
        has_line(&m, "holdfast_resolver_queries_total{result=\"limit\"} 0");
        has_line(&m, "holdfast_resolver_addresses_expired_total 1");
}

static void a_number_has_all_of_its_digits(void **state)
{
        struct metrics m = { .lost = 1ull << 52, .audit_errors = 3 };

        (void)state;
        has_line(&m, "holdfast_events_lost_total 4503599627370496");
        has_line(&m, "holdfast_audit_write_errors_total 3");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(events_are_counted_by_kind_and_verdict),
                cmocka_unit_test(a_kill_is_in_all_buckets_from_its_latency_on),
                cmocka_unit_test(answers_of_the_resolver_are_counted_by_result),
                cmocka_unit_test(a_number_has_all_of_its_digits),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
