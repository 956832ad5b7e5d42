/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes the memory of a process outside.
 * event: guard ptrace | guard capability
 * event of a user: guard ptrace
 * policy: wide
 * targets: bystander session
 */
#include "lib/adversary.h"

#include <sys/uio.h>

static int attempt(void)
{
        return outcome(process_vm_writev(scene_number("PID"), &(struct iovec){ (char[1]){ "t" }, 1 }, 1,
                                         &(struct iovec){ (void *)scene_number("ADDRESS"), 1 }, 1, 0));
}
