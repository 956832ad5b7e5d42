/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Moves the memory of a process outside.
 * event: guard memory | none: it is asked without a mind to attach | guard capability
 * event of a user: guard memory | none: it is asked without a mind to attach
 * policy: wide
 * targets: bystander session
 */
#include "lib/adversary.h"

#include <sys/syscall.h>

static int attempt(void)
{
        return outcome(syscall(SYS_migrate_pages, scene_number("PID"), 8, (unsigned long[]){ 1 }, (unsigned long[]){ 1 }));
}
