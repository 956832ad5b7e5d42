/* SPDX-License-Identifier: Apache-2.0 */
/* Looking at files as another user: only for a moment, and only this thread. */
#ifndef HOLDFAST_DAEMON_FSUSER_H
#define HOLDFAST_DAEMON_FSUSER_H

#include <sys/types.h>

#define FSUSER_GROUPS 65536

struct fsuser {
        gid_t *groups; /* what the daemon had */
        int count;     /* -1: nothing was changed */
        gid_t gid;
};

#define FSUSER_INIT \
        { \
                NULL, -1, 0 \
        }
#define _cleanup_fsuser_ __attribute__((cleanup(fsuser_leave)))

/*
 * From here on files are opened with the rights of that user: their groups, and no capabilities over files (setfsuid(2)). For root
 * nothing changes. Negative errno, and then nothing did.
 */
int fsuser_enter(struct fsuser *u, uid_t uid);
void fsuser_leave(struct fsuser *u);

#endif
