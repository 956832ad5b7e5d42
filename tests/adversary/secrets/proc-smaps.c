/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads /proc/PID/smaps of a process outside.
 * event: none: ps asks for these of every process | guard capability
 * event of a user: none: ps asks for these of every process
 * policy: wide
 * targets: bystander session
 */
#include "lib/adversary.h"

static int attempt(void)
{
        return get(open(text("/proc/%s/smaps", scene("PID")), O_RDONLY));
}
