/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/workspace_mount.h"

#include "base/cleanup.h"
#include "daemon/fsuser.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define PLACES 3
#define OPTION_SIZE 64

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
        int overlay, at; /* -1: none; where the workspace is for the process */
};

/* ---- looking -------------------------------------------------------------------------------------------------------------------- */

static bool same_namespace(pid_t pid, const char *kind)
{
        char path[64];
        struct stat a, b;

        snprintf(path, sizeof(path), "/proc/%d/ns/%s", pid, kind);
        if (stat(path, &a) < 0)
                return true;
        snprintf(path, sizeof(path), "/proc/self/ns/%s", kind);
        return stat(path, &b) < 0 || (a.st_dev == b.st_dev && a.st_ino == b.st_ino);
}

static bool is_init_namespace(pid_t pid)
{
        char path[64];
        struct stat a, b;

        snprintf(path, sizeof(path), "/proc/%d/ns/mnt", pid);
        return stat(path, &a) < 0 || stat("/proc/1/ns/mnt", &b) < 0 || (a.st_dev == b.st_dev && a.st_ino == b.st_ino);
}

/* One that a user cannot have made would be somebody else's. */
static int check_namespace(const struct workspace_mount *m, struct error *e)
{
        if (same_namespace(m->pid, "mnt") || is_init_namespace(m->pid))
                return error_set(e, -EPERM,
                                 "process %d shares its mounts with the host: it must have a mount namespace of its own, as "
                                 "\"holdfast run\" makes it",
                                 m->pid);
        if (m->uid && same_namespace(m->pid, "user"))
                return error_set(e, -EPERM, "process %d shares its user namespace with the host: only root may have mounts there", m->pid);
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

static int finish(int fs)
{
        int fd;

        if (fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
                return -errno;
        fd = fsmount(fs, FSMOUNT_CLOEXEC, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
        return fd < 0 ? -errno : fd;
}

/* A folder that is renamed is copied, and so is all of a file: each layer can be read by itself. */
static int make_overlay(int lower, int upper, int work, int *ret, struct error *e)
{
        _cleanup_close_ int fs = fsopen("overlay", FSOPEN_CLOEXEC);
        int r = fs < 0 ? -errno : set(fs, "source", "holdfast");

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
        if (r == 0)
                r = finish(fs);
        if (r < 0)
                return error_set(
                        e, r == -EINVAL ? -EOPNOTSUPP : r,
                        "cannot lay an overlay over the workspace: %s; the daemon's state folder must be on a file system that can "
                        "be an upper layer, such as ext4, xfs, btrfs or tmpfs, and not within the workspace",
                        strerror(-r));
        *ret = r;
        return 0;
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
                r = finish(fs);
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

/* In the child, in the namespace of the process. The workspace is taken before an empty place covers it. */
static int put_all(const struct plan *p, int namespace)
{
        int workspace = p->overlay, inside = -1;

        if (setns(namespace, CLONE_NEWNS) < 0)
                return errno;
        for (int i = 0; i < p->n; i++)
                if (p->places[i].inside >= 0)
                        inside = p->places[i].inside;
        if (workspace < 0 && inside >= 0)
                workspace = (int)syscall(SYS_open_tree, p->at, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | AT_RECURSIVE);
        if (workspace < 0 && inside >= 0)
                return errno;
        for (int i = 0; i < p->n; i++)
                if (put(p->places[i].mount, p->places[i].at) < 0)
                        return errno;
        if (workspace >= 0 && put(workspace, inside >= 0 ? inside : p->at) < 0)
                return errno;
        return 0;
}

static int put_in_child(const struct plan *p, struct error *e)
{
        char path[64];
        _cleanup_close_ int namespace = -1;
        int status = 0;
        pid_t pid;

        snprintf(path, sizeof(path), "/proc/%d/ns/mnt", p->m->pid);
        namespace = open(path, O_RDONLY | O_CLOEXEC);
        pid = namespace < 0 ? -1 : fork();
        if (pid < 0)
                return error_set(e, -errno, "the mounts of process %d: %s", p->m->pid, strerror(errno));
        if (pid == 0)
                _exit(put_all(p, namespace));
        while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
                ;
        if (!WIFEXITED(status) || WEXITSTATUS(status))
                return error_set(e, -EPERM, "cannot mount for process %d: %s", p->m->pid,
                                 WIFEXITED(status) ? strerror(WEXITSTATUS(status)) : "it was ended");
        return 0;
}

static void plan_clear(struct plan *p)
{
        for (int i = 0; i < p->n; i++) {
                cleanup_close(&p->places[i].mount);
                cleanup_close(&p->places[i].at);
                cleanup_close(&p->places[i].inside);
        }
        cleanup_close(&p->overlay);
        cleanup_close(&p->at);
}

int workspace_mount(const struct workspace_mount *m, struct error *e)
{
        _cleanup_(plan_clear) struct plan p = { .m = m, .overlay = -1, .at = -1 };
        _cleanup_close_ int root = open_root(m->pid), lower = -1;
        int r = check_namespace(m, e);

        if (r < 0)
                return r;
        p.at = root < 0 ? root : open_in(root, m->workspace);
        if (p.at < 0)
                return error_set(e, p.at == -ELOOP ? -EINVAL : p.at, "workspace %s: %s", m->workspace, strerror(-p.at));
        if (m->upper >= 0) {
                r = open_lower(m, p.at, &lower, e);
                if (r == 0)
                        r = make_overlay(lower, m->upper, m->work, &p.overlay, e);
        }
        if (r == 0)
                r = add_places(&p, root, e);
        return r < 0 ? r : put_in_child(&p, e);
}
