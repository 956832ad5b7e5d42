/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opens a file that a process outside has open, by /proc/PID/fd.
 * event: none: ps asks for these of every process | guard capability
 * event of a user: none: ps asks for these of every process
 * policy: wide
 * targets: bystander session
 */
#include "lib/adversary.h"

static int attempt(void)
{
        return put(open(text("/proc/%s/fd/%s", scene("PID"), scene("FD")), O_WRONLY | O_APPEND));
}
