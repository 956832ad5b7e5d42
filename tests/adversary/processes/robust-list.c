/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Asks for the list of locks of a process outside.
 * event: none: it is asked without a mind to attach | guard capability
 * event of a user: none: it is asked without a mind to attach
 * policy: wide
 * targets: bystander session
 */
#include "lib/adversary.h"

#include <sys/syscall.h>

static int attempt(void)
{
        return outcome(syscall(SYS_get_robust_list, scene_number("PID"), (void *[1]){ 0 }, (size_t[1]){ 0 }));
}
