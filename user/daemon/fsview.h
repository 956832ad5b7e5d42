/* SPDX-License-Identifier: Apache-2.0 */
/* The file system as a process sees it: what the policy compiler resolves paths with. */
#ifndef HOLDFAST_DAEMON_FSVIEW_H
#define HOLDFAST_DAEMON_FSVIEW_H

#include "daemon/mounts.h"
#include "policy/policy.h"

struct fsview {
        struct fs_view view; /* give this to policy_compile(); points into this structure, which must not move */
        int root;            /* the process's own root folder */
        int covered;         /* a folder that a mount of the session covers, which has the path FSVIEW_COVERED; -1: none */
        struct mounts mounts;
        const char **points;
};

/* Opens the view of a process. */
int fsview_open(struct fsview *v, pid_t pid);
void fsview_close(struct fsview *v);

/* Whether the view has a folder at this absolute path (symlinks followed within the view): 0, -ENOENT, -ENOTDIR, … */
int fsview_folder(const struct fsview *v, const char *path);

#define FSVIEW_COVERED "/\001covered"

#define FSVIEW_INIT \
        { \
                .root = -1, .covered = -1 \
        }
#define _cleanup_fsview_ __attribute__((cleanup(fsview_close)))

#endif
