/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The mounts of a session that sees files of its own: an overlay over its workspace, empty places for /tmp and the home folder. They are
 * made here and put into the mount namespace of the process that asks, which must be its own: the host's is never touched, and they are
 * gone with the namespace.
 */
#ifndef HOLDFAST_DAEMON_WORKSPACE_MOUNT_H
#define HOLDFAST_DAEMON_WORKSPACE_MOUNT_H

#include "base/error.h"

#include <stdbool.h>
#include <sys/types.h>

struct workspace_mount {
        pid_t pid;
        uid_t uid;
        const char *workspace; /* as the process has it, and without symbolic links */
        const char *home;      /* NULL: none is known */
        int upper, work;       /* of the overlay; upper < 0: none */
        bool private_tmp, private_home;
};

/* -EPERM where the process has no mount namespace of its own, -EINVAL where a path cannot be used for this. */
int workspace_mount(const struct workspace_mount *m, struct error *e);

#endif
