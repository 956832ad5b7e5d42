/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Compares its descriptors with those of a process outside.
 * event: none: it is asked without a mind to attach | guard capability
 * event of a user: none: it is asked without a mind to attach
 * policy: wide
 * targets: bystander session
 */
#include "lib/adversary.h"

#include <sys/syscall.h>

static int attempt(void)
{
        return outcome(syscall(SYS_kcmp, getpid(), scene_number("PID"), 2 /* files */, 0, 0));
}
