/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/workspace_mount.h"

#include "base/cleanup.h"
#include "daemon/fsuser.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <linux/nsfs.h>
#include <limits.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define PLACES 3
#define OPTION_SIZE 64
#define SECONDS 5 /* for the mounts */

/* An empty place, where it goes, and what of the workspace is to be seen in it. */
struct place {
        const char *path;
        int mount, at;
        int inside; /* the workspace's folder in it; -1: it is elsewhere */
};

struct plan {
        const struct workspace_mount *m;
        struct place places[PLACES];
        int n;
        int namespace;
        int lower; /* of the overlay; -1: none */
        int at;    /* where the workspace is for the process */
};

/* ---- looking -------------------------------------------------------------------------------------------------------------------- */

static bool is_same(int fd, const char *path)
{
        struct stat a, b;

        return fstat(fd, &a) < 0 || stat(path, &b) < 0 || (a.st_dev == b.st_dev && a.st_ino == b.st_ino);
}

/*
 * Opens the mount namespace of the process, which may be another one's a moment later: this very one is looked at, and entered. One that a
 * user cannot have made would be somebody else's.
 */
static int open_namespace(const struct workspace_mount *m, int *ret, struct error *e)
{
        _cleanup_close_ int mounts = -1, users = -1;
        char path[64];
        uid_t owner;

        snprintf(path, sizeof(path), "/proc/%d/ns/mnt", m->pid);
        mounts = open(path, O_RDONLY | O_CLOEXEC);
        if (mounts < 0)
                return error_set(e, -errno, "the mounts of process %d: %s", m->pid, strerror(errno));
        if (is_same(mounts, "/proc/self/ns/mnt") || is_same(mounts, "/proc/1/ns/mnt"))
                return error_set(e, -EPERM,
                                 "process %d shares its mounts with the host: it must have a mount namespace of its own, as "
                                 "\"holdfast run\" makes it",
                                 m->pid);
        users = m->uid ? ioctl(mounts, NS_GET_USERNS) : -1;
        if (m->uid && (users < 0 || is_same(users, "/proc/self/ns/user") || ioctl(users, NS_GET_OWNER_UID, &owner) < 0 || owner != m->uid))
                return error_set(e, -EPERM, "process %d has its mounts by a user namespace that is not its user's own", m->pid);
        *ret = TAKE_FD(mounts);
        return 0;
}

static int open_in(int root, const char *path)
{
        struct open_how how = { .flags = O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, .resolve = RESOLVE_NO_SYMLINKS | RESOLVE_IN_ROOT };
        int fd = (int)syscall(SYS_openat2, root, path, &how, sizeof(how));

        return fd < 0 ? -errno : fd;
}

static int open_root(pid_t pid)
{
        char path[64];
        int fd;

        if (pid)
                snprintf(path, sizeof(path), "/proc/%d/root", pid);
        else
                snprintf(path, sizeof(path), "/");
        fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
        return fd < 0 ? -errno : fd;
}

/* The folder as the daemon sees it, with the user's rights; and that it is what the process sees. */
static int open_lower(const struct workspace_mount *m, int at, int *ret, struct error *e)
{
        _cleanup_fsuser_ struct fsuser as = FSUSER_INIT;
        _cleanup_close_ int root = open_root(0), fd = -1;
        struct stat a, b;
        int r = fsuser_enter(&as, m->uid);

        if (r == 0)
                fd = root < 0 ? root : open_in(root, m->workspace);
        if (r == 0 && fd < 0)
                r = fd;
        if (r == 0 && faccessat(fd, ".", R_OK | X_OK, AT_EACCESS) < 0)
                r = -errno;
        if (r < 0)
                return error_set(e, r == -ELOOP ? -EINVAL : r, "workspace %s: %s", m->workspace, strerror(-r));
        if (fstat(fd, &a) < 0 || fstat(at, &b) < 0 || a.st_dev != b.st_dev || a.st_ino != b.st_ino)
                return error_set(e, -EINVAL, "workspace %s: it is another folder for holdfastd than for process %d", m->workspace, m->pid);
        *ret = TAKE_FD(fd);
        return 0;
}

/* ---- making --------------------------------------------------------------------------------------------------------------------- */

static int set(int fs, const char *name, const char *value)
{
        return fsconfig(fs, FSCONFIG_SET_STRING, name, value, 0) < 0 ? -errno : 0;
}

static int set_folder(int fs, const char *name, int folder)
{
        char path[OPTION_SIZE];

        snprintf(path, sizeof(path), "/proc/self/fd/%d", folder);
        return set(fs, name, path);
}

static int finish(int fs, unsigned more)
{
        int fd;

        if (fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
                return -errno;
        fd = fsmount(fs, FSMOUNT_CLOEXEC, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | more);
        return fd < 0 ? -errno : fd;
}

/* A folder that is renamed is copied, and so is all of a file: each layer can be read by itself. */
static int make_overlay(int lower, int upper, int work)
{
        _cleanup_close_ int fs = fsopen("overlay", FSOPEN_CLOEXEC);
        int r = fs < 0 ? -errno : set(fs, "source", "holdfast");
        struct statvfs st = { 0 };

        if (r == 0 && fstatvfs(lower, &st) < 0)
                r = -errno;
        if (r == 0)
                r = set_folder(fs, "lowerdir", lower);
        if (r == 0)
                r = set_folder(fs, "upperdir", upper);
        if (r == 0)
                r = set_folder(fs, "workdir", work);
        if (r == 0)
                r = set(fs, "redirect_dir", "nofollow");
        if (r == 0)
                r = set(fs, "metacopy", "off");
        if (r == 0)
                r = set(fs, "index", "off");
        return r < 0 ? r : finish(fs, st.f_flag & ST_NOEXEC ? MOUNT_ATTR_NOEXEC : 0);
}

#define PLACE "/proc" /* any folder does */

/* In a user namespace of its own, where what the mount forbids is the host's to forbid. */
__attribute__((noreturn)) static void clone_locked(int to)
{
        int fd = unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0
                         ? -1
                         : (int)syscall(SYS_open_tree, AT_FDCWD, PLACE, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);

        _exit(fd < 0 || dup3(fd, to, O_CLOEXEC) < 0);
}

/*
 * Puts in the mount's place a copy of it whose flags nobody can take off: a user is master of a mount namespace of theirs, and an overlay
 * shows the devices of a file system that itself is mounted without them. The kernel locks flags of what comes from another user namespace.
 */
static int lock_flags(int mounted)
{
        int status = 1;
        pid_t pid;

        if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
            syscall(SYS_move_mount, mounted, "", AT_FDCWD, PLACE, MOVE_MOUNT_F_EMPTY_PATH) < 0)
                return -errno;
        pid = (pid_t)syscall(SYS_clone, CLONE_FILES | SIGCHLD, 0, 0, 0, 0);
        if (pid == 0)
                clone_locked(mounted);
        while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
                ;
        return pid < 0 || status ? -EPERM : 0;
}

static int make_empty(const char *mode, uid_t uid, gid_t gid, int *ret, struct error *e)
{
        _cleanup_close_ int fs = fsopen("tmpfs", FSOPEN_CLOEXEC);
        char number[OPTION_SIZE];
        int r = fs < 0 ? -errno : set(fs, "mode", mode);

        snprintf(number, sizeof(number), "%u", uid);
        if (r == 0)
                r = set(fs, "uid", number);
        snprintf(number, sizeof(number), "%u", gid);
        if (r == 0)
                r = set(fs, "gid", number);
        if (r == 0)
                r = finish(fs, 0);
        if (r < 0)
                return error_set(e, r, "cannot make an empty folder in memory: %s", strerror(-r));
        *ret = r;
        return 0;
}

/* The way to the workspace in an empty place, of the user; *ret gets its end. */
static int make_way(int mount, const char *rest, uid_t uid, gid_t gid, int *ret)
{
        char name[NAME_MAX + 1];
        int at = openat(mount, ".", O_PATH | O_DIRECTORY | O_CLOEXEC), next;

        while (at >= 0 && *(rest += strspn(rest, "/"))) {
                const size_t n = strcspn(rest, "/");

                if (n > NAME_MAX)
                        return close(at), -ENAMETOOLONG;
                memcpy(name, rest, n);
                name[n] = '\0';
                rest += n;
                if (mkdirat(at, name, 0755) < 0 || fchownat(at, name, uid, gid, AT_SYMLINK_NOFOLLOW) < 0)
                        return close(at), -errno;
                next = openat(at, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
                close(at);
                at = next;
        }
        if (at < 0)
                return -errno;
        *ret = at;
        return 0;
}

static const char *below(const char *path, const char *folder)
{
        const size_t n = strlen(folder);

        return strncmp(path, folder, n) == 0 && (path[n] == '/' || !path[n]) ? path + n : NULL;
}

static int add_place(struct plan *p, int root, const char *path, const char *mode, uid_t uid, struct error *e)
{
        struct place *new = &p->places[p->n];
        const char *rest = below(p->m->workspace, path);
        struct stat st;
        int r;

        if (rest && !*rest)
                return error_set(e, -EINVAL, "the workspace is %s itself, which cannot be private: give a folder in it with --workspace",
                                 path);
        *new = (struct place){ path, -1, open_in(root, path), -1 };
        p->n++;
        if (new->at < 0 || fstat(new->at, &st) < 0)
                return error_set(e, new->at < 0 ? new->at : -EIO, "%s: %s", path, strerror(new->at < 0 ? -new->at : EIO));
        r = make_empty(mode, uid, st.st_gid, &new->mount, e);
        if (r == 0 && rest && (r = make_way(new->mount, rest, p->m->uid, st.st_gid, &new->inside)) < 0)
                error_set(e, r, "%s: %s", path, strerror(-r));
        return r;
}

static int add_places(struct plan *p, int root, struct error *e)
{
        int r = 0;

        if (p->m->private_home && !p->m->home)
                return error_set(e, -EINVAL, "no home folder is known of user %u", p->m->uid);
        if (p->m->private_home)
                r = add_place(p, root, p->m->home, "0700", p->m->uid, e);
        if (r == 0 && p->m->private_tmp)
                r = add_place(p, root, "/tmp", "1777", 0, e);
        if (r == 0 && p->m->private_tmp)
                r = add_place(p, root, "/var/tmp", "1777", 0, e);
        return r;
}

/* ---- putting them there --------------------------------------------------------------------------------------------------------- */

static int put(int mount, int at)
{
        return (int)syscall(SYS_move_mount, mount, "", at, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
}

/* What the one that works in the namespace has to say: 0, or negative errno and of which half. */
struct outcome {
        int overlay, mounts;
};

/* In the namespace of the process, whose own mounts alone can be reached. The workspace is taken before an empty place covers it. */
static int put_all(const struct plan *p, int workspace)
{
        int inside = -1;

        if (setns(p->namespace, CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0)
                return -errno;
        for (int i = 0; i < p->n; i++)
                if (p->places[i].inside >= 0)
                        inside = p->places[i].inside;
        if (workspace < 0 && inside >= 0)
                workspace = (int)syscall(SYS_open_tree, p->at, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | AT_RECURSIVE);
        if (workspace < 0 && inside >= 0)
                return -errno;
        for (int i = 0; i < p->n; i++)
                if (put(p->places[i].mount, p->places[i].at) < 0)
                        return -errno;
        if (workspace >= 0 && put(workspace, inside >= 0 ? inside : p->at) < 0)
                return -errno;
        return 0;
}

/*
 * The overlay is made here, so that where it comes to nothing this process is who ends it: with its last descriptor the kernel writes out
 * all that the upper layer's file system has. Nothing else of the daemon's stays open meanwhile.
 */
__attribute__((noreturn)) static void work(const struct plan *p, int to)
{
        struct outcome o = { 0, 0 };
        int overlay = -1;

        alarm(SECONDS);
        if (p->lower >= 0)
                overlay = make_overlay(p->lower, p->m->upper, p->m->work);
        if (overlay < 0 && p->lower >= 0)
                o.overlay = overlay;
        else if (overlay >= 0)
                o.mounts = lock_flags(overlay);
        if (!o.overlay && !o.mounts)
                o.mounts = put_all(p, overlay);
        if (write(to, &o, sizeof(o)) != sizeof(o))
                _exit(1);
        if (overlay > 0)
                close_range(0, (unsigned)overlay - 1, 0);
        close_range((unsigned)overlay + 1, ~0U, 0);
        _exit(0);
}

/* Its parent does not wait for its end, only for what it says. */
static int begin_work(const struct plan *p, int *from)
{
        int ends[2], status = 1;
        pid_t pid;

        if (pipe2(ends, O_CLOEXEC) < 0)
                return -errno;
        pid = fork();
        if (pid == 0) {
                pid = fork();
                if (pid == 0)
                        work(p, ends[1]);
                _exit(pid < 0);
        }
        close(ends[1]);
        *from = ends[0];
        while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
                ;
        return pid < 0 || status ? -EAGAIN : 0;
}

static int put_in_child(const struct plan *p, struct error *e)
{
        _cleanup_close_ int from = -1;
        struct outcome o = { 0, 0 };
        int r = begin_work(p, &from);
        struct pollfd wait = { .fd = from, .events = POLLIN };

        if (r == 0 && poll(&wait, 1, SECONDS * 1000) <= 0)
                r = -ETIMEDOUT;
        if (r == 0 && read(from, &o, sizeof(o)) != sizeof(o))
                r = -EIO;
        if (r < 0)
                return error_set(e, r, "cannot mount for process %d: %s", p->m->pid, strerror(-r));
        if (o.overlay < 0)
                return error_set(
                        e, o.overlay == -EINVAL ? -EOPNOTSUPP : o.overlay,
                        "cannot lay an overlay over the workspace: %s; the daemon's state folder must be on a file system that can "
                        "be an upper layer, such as ext4, xfs, btrfs or tmpfs, and not within the workspace",
                        strerror(-o.overlay));
        return o.mounts < 0 ? error_set(e, -EPERM, "cannot mount for process %d: %s", p->m->pid, strerror(-o.mounts)) : 0;
}

static void plan_clear(struct plan *p)
{
        for (int i = 0; i < p->n; i++) {
                cleanup_close(&p->places[i].mount);
                cleanup_close(&p->places[i].at);
                cleanup_close(&p->places[i].inside);
        }
        cleanup_close(&p->namespace);
        cleanup_close(&p->lower);
        cleanup_close(&p->at);
}

int workspace_mount(const struct workspace_mount *m, struct error *e)
{
        _cleanup_(plan_clear) struct plan p = { .m = m, .namespace = -1, .lower = -1, .at = -1 };
        _cleanup_close_ int root = -1;
        int r = open_namespace(m, &p.namespace, e);

        if (r < 0)
                return r;
        root = open_root(m->pid);
        p.at = root < 0 ? root : open_in(root, m->workspace);
        if (p.at < 0)
                return error_set(e, p.at == -ELOOP ? -EINVAL : p.at, "workspace %s: %s", m->workspace, strerror(-p.at));
        if (m->upper >= 0)
                r = open_lower(m, p.at, &p.lower, e);
        if (r == 0)
                r = add_places(&p, root, e);
        return r < 0 ? r : put_in_child(&p, e);
}
