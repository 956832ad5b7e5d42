/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Gives advice on the memory of a process outside.
 * event: guard ptrace | none: it is asked without a mind to attach | guard capability
 * event of a user: guard ptrace | none: it is asked without a mind to attach
 * who: root
 * policy: wide
 * targets: bystander session
 */
#include "lib/adversary.h"

#include <sys/syscall.h>
#include <sys/uio.h>

static int attempt(void)
{
        struct iovec memory = { (void *)(scene_number("ADDRESS") & ~4095L), 4096 };

        return outcome(
                syscall(SYS_process_madvise, NEED(syscall(SYS_pidfd_open, scene_number("PID"), 0)), &memory, 1, 20 /* MADV_COLD */, 0));
}
