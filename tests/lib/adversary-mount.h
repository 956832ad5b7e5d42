/* SPDX-License-Identifier: Apache-2.0 */
/* Mounts by the system calls that work on descriptors, in a user namespace of one's own. */
#ifndef HOLDFAST_TESTS_ADVERSARY_MOUNT_H
#define HOLDFAST_TESTS_ADVERSARY_MOUNT_H

#include "lib/adversary.h"

#include <linux/mount.h>
#include <sched.h>
#include <sys/syscall.h>

#ifndef AT_RECURSIVE
#define AT_RECURSIVE 0x8000
#endif

static void own_namespaces(void)
{
        NEED(unshare(CLONE_NEWUSER | CLONE_NEWNS));
}

/* An overlay of the folder and the workspace, mounted nowhere. */
__attribute__((unused)) static int overlay_over(const char *folder)
{
        int context = NEED(syscall(SYS_fsopen, "overlay", 0));

        NEED(syscall(SYS_fsconfig, context, FSCONFIG_SET_STRING, "lowerdir", text("%s:%s", folder, scene("WS")), 0));
        NEED(syscall(SYS_fsconfig, context, FSCONFIG_CMD_CREATE, NULL, NULL, 0));
        return NEED(syscall(SYS_fsmount, context, 0, 0));
}

#endif
