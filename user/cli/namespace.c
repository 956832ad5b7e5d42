/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/namespace.h"

#include "base/cleanup.h"
#include "cli/command.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>

static int put(const char *path, const char *text)
{
        _cleanup_close_ int fd = open(path, O_WRONLY | O_CLOEXEC);

        return fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text) ? -errno : 0;
}

/* The same user and group inside as outside; the other groups go on to count for files. */
static int map_ids(uid_t uid, gid_t gid)
{
        char users[64], groups[64];
        int r = put("/proc/self/setgroups", "deny");

        snprintf(users, sizeof(users), "%u %u 1", uid, uid);
        snprintf(groups, sizeof(groups), "%u %u 1", gid, gid);
        if (r == 0)
                r = put("/proc/self/uid_map", users);
        return r == 0 ? put("/proc/self/gid_map", groups) : r;
}

static int refused(const char *what, int code)
{
        fprintf(stderr, "holdfast: cannot make %s: %s\n", what, strerror(-code));
        if (code == -EPERM || code == -EACCES || code == -ENOSPC)
                fputs("holdfast: a user but root needs user namespaces for this (user.max_user_namespaces, "
                      "kernel.unprivileged_userns_clone and "
                      "kernel.apparmor_restrict_unprivileged_userns, see sysctl(8))\n",
                      stderr);
        return STATUS_FAILED;
}

int namespace_enter(void)
{
        const uid_t uid = geteuid();
        const gid_t gid = getegid();
        int r;

        if (unshare(CLONE_NEWNS | (uid ? CLONE_NEWUSER : 0)) < 0)
                return refused("a mount namespace", -errno);
        r = uid ? map_ids(uid, gid) : 0;
        if (r < 0)
                return refused("a user namespace", r);
        /* What is mounted outside later is still seen here, and nothing the other way. */
        if (mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0)
                return refused("the mounts this process's own", -errno);
        return STATUS_DONE;
}
