/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Watches what the processor does, by perf_event_open(2).
 * event: guard perf
 * policy: wide
 */
#include "lib/adversary.h"

#include <linux/perf_event.h>
#include <sys/syscall.h>

static int attempt(void)
{
        struct perf_event_attr a = {
                .type = PERF_TYPE_SOFTWARE, .size = sizeof(a), .config = PERF_COUNT_SW_CPU_CLOCK, .exclude_kernel = 1
        };

        return outcome(syscall(SYS_perf_event_open, &a, 0, -1, -1, 0));
}
