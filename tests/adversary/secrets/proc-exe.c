/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Learns what a process outside runs, by the link /proc/PID/exe.
 * event: none: ps asks for these of every process | guard capability
 * event of a user: none: ps asks for these of every process
 * policy: wide
 * targets: bystander session
 */
#include "lib/adversary.h"

static int attempt(void)
{
        return outcome(readlink(text("/proc/%s/exe", scene("PID")), (char[100]){ 0 }, 100));
}
