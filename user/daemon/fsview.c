/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/fsview.h"

#include "base/cleanup.h"
#include "daemon/file.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>

/* What a link says depends in /proc on who reads it: the daemon would see itself, so no rule may go through one. */
static int read_link(int fd, char **ret)
{
        struct statfs fs;

        if (fstatfs(fd, &fs) < 0)
                return -errno;
        if (fs.f_type == PROC_SUPER_MAGIC)
                return -ELOOP;
        return file_readlink(fd, "", ret);
}

static bool is_root(const struct fsview *v, int folder)
{
        struct stat a, b;

        return fstat(folder, &a) == 0 && fstat(v->root, &b) == 0 && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

static int view_open(void *context, int folder, const char *name, struct fs_object *ret)
{
        const struct fsview *v = context;
        _cleanup_close_ int fd = -1;
        _cleanup_free_ char *target = NULL;
        struct stat st;
        int r;

        if (folder < 0)
                fd = openat(v->root, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
        else if (v->covered >= 0 && !strcmp(name, FSVIEW_COVERED + 1) && is_root(v, folder))
                fd = fcntl(v->covered, F_DUPFD_CLOEXEC, 0);
        else
                fd = openat(folder, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0 || fstat(fd, &st) < 0)
                return -errno;
        if (S_ISLNK(st.st_mode)) {
                r = read_link(fd, &target);
                if (r < 0)
                        return r;
        }
        *ret = (struct fs_object){ .fd = TAKE_FD(fd), .folder = S_ISDIR(st.st_mode), .target = TAKE_PTR(target) };
        return 0;
}

int fsview_open(struct fsview *v, pid_t pid)
{
        char path[64];
        int r;

        snprintf(path, sizeof(path), "/proc/%d/root", pid);
        v->root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (v->root < 0)
                return errno == ENOENT ? -ESRCH : -errno;
        r = mounts_read(pid, &v->mounts);
        if (r < 0)
                return r == -ENOENT ? -ESRCH : r;
        v->points = mounts_points(&v->mounts);
        if (!v->points)
                return -ENOMEM;
        v->view = (struct fs_view){ .open = view_open, .context = v, .mounts = v->points };
        return 0;
}

void fsview_close(struct fsview *v)
{
        if (v->root >= 0)
                close(v->root);
        if (v->covered >= 0)
                close(v->covered);
        v->root = v->covered = -1;
        free(v->points);
        v->points = NULL;
        mounts_clear(&v->mounts);
}

int fsview_folder(const struct fsview *v, const char *path)
{
        struct open_how how = { .flags = O_PATH | O_DIRECTORY | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS };
        _cleanup_close_ int fd = (int)syscall(SYS_openat2, v->root, path, &how, sizeof(how));

        return fd < 0 ? -errno : 0;
}
