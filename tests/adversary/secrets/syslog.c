/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads the log of the kernel by syslog(2).
 * event: guard log
 * policy: wide
 */
#include "lib/adversary.h"

#include <sys/klog.h>

static int attempt(void)
{
        return outcome(klogctl(3, (char[4096]){ 0 }, 4096));
}
