/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Changes the root of its mount namespace.
 * event: guard mount | guard capability
 * event of a user: guard mount | guard capability | none: the kernel refuses it first
 * who: root
 */
#include "lib/adversary.h"

#include <sys/mount.h>
#include <sys/syscall.h>

static int attempt(void)
{
        pid_t child = NEED(fork());

        if (child == 0) {
                /* In a namespace of its own where it gets one, so that the control does no harm. */
                if (syscall(SYS_unshare, 0x00020000 /* CLONE_NEWNS */) < 0)
                        _exit(errno);
                NEED(mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL));
                NEED(mount("none", "/mnt", "tmpfs", 0, NULL));
                _exit(syscall(SYS_pivot_root, "/mnt", "/mnt") < 0 ? errno : 0);
        }
        return child_result(child);
}
