/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goes through the root of a process outside.
 * event: none: ps asks for these of every process | guard capability
 * event of a user: none: ps asks for these of every process
 * policy: wide
 */
#include "lib/adversary.h"

static int attempt(void)
{
        return get(open(text("/proc/%s/root/etc/hostname", scene("PID")), O_RDONLY));
}
