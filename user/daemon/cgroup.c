/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/cgroup.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "base/paths.h"
#include "daemon/file.h"
#include "daemon/mounts.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>

#define CGROUP_FILE_MAX (16u << 20)
#define FILEID_KERNFS 0xfe /* linux/exportfs.h */
#define FREEZE_POLLS 2000  /* of a millisecond */

static const char *const controllers[] = { "memory", "cpu", "pids" };

/* What cannot be turned on is missed when a policy asks for it. */
static void enable_controllers(const struct cgroups *c, const char *path)
{
        _cleanup_close_ int fd = cgroup_open(c, path);

        for (size_t i = 0; fd >= 0 && i < ARRAY_SIZE(controllers); i++) {
                char text[32];
                int r;

                snprintf(text, sizeof(text), "+%s", controllers[i]);
                r = file_write(fd, "cgroup.subtree_control", text);
                if (r < 0)
                        log_debug("cgroup %s: no %s controller: %s", path, controllers[i], strerror(-r));
        }
}

int cgroups_open(struct cgroups *c, struct error *e)
{
        _cleanup_mounts_ struct mounts mounts = MOUNTS_INIT;
        const struct mount *m;
        int r = mounts_read(0, &mounts);

        if (r < 0)
                return error_set(e, r, "cannot read /proc/self/mountinfo: %s", strerror(-r));
        m = mounts_find_type(&mounts, "cgroup2");
        if (!m)
                return error_set(e, -EOPNOTSUPP, "cgroup v2 is not mounted: mount -t cgroup2 none /sys/fs/cgroup");
        c->mount = strdup(m->point);
        if (!c->mount)
                return error_set(e, -ENOMEM, "out of memory");
        c->root = open(c->mount, O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (c->root < 0)
                return error_set(e, -errno, "cannot open %s: %s", c->mount, strerror(errno));
        enable_controllers(c, "/");
        r = cgroup_make(c, "/" PATH_CGROUPS);
        if (r < 0 && r != -EEXIST)
                return error_set(e, r, "cannot make %s/%s: %s", c->mount, PATH_CGROUPS, strerror(-r));
        enable_controllers(c, "/" PATH_CGROUPS);
        return 0;
}

void cgroups_close(struct cgroups *c)
{
        if (c->root >= 0)
                close(c->root);
        free(c->mount);
        *c = (struct cgroups)CGROUPS_INIT;
}

int cgroup_open(const struct cgroups *c, const char *path)
{
        struct open_how how = { .flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC, .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS };
        int fd;

        while (*path == '/')
                path++;
        fd = (int)syscall(SYS_openat2, c->root, *path ? path : ".", &how, sizeof(how));
        return fd < 0 ? -errno : fd;
}

int cgroup_path(const struct cgroups *c, const char *given, char **ret)
{
        size_t n = strlen(c->mount);
        const char *rest = !strncmp(given, c->mount, n) && (given[n] == '/' || !given[n]) ? given + n : given;
        _cleanup_free_ char *path = calloc(1, strlen(rest) + 2);
        char *p = path;

        if (!path)
                return -ENOMEM;
        if (*given != '/')
                return -EINVAL;
        while (*rest) {
                size_t length = strcspn(rest, "/");

                if (length == 2 && !strncmp(rest, "..", 2))
                        return -EINVAL;
                if (length && !(length == 1 && *rest == '.')) {
                        *p++ = '/';
                        p = mempcpy(p, rest, length);
                }
                rest += length + (rest[length] == '/');
        }
        if (p == path)
                *p = '/';
        *ret = TAKE_PTR(path);
        return 0;
}

int cgroup_make(const struct cgroups *c, const char *path)
{
        return mkdirat(c->root, path + 1, 0755) < 0 ? -errno : 0;
}

static int remove_below(int fd)
{
        _cleanup_closedir_ DIR *folder = NULL;
        _cleanup_close_ int copy = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        struct dirent *entry;

        folder = copy < 0 ? NULL : fdopendir(copy);
        if (!folder)
                return -errno;
        TAKE_FD(copy);
        while ((entry = readdir(folder))) {
                _cleanup_close_ int child = -1;

                if (entry->d_type != DT_DIR || entry->d_name[0] == '.')
                        continue;
                child = openat(fd, entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
                if (child >= 0)
                        remove_below(child);
                if (unlinkat(fd, entry->d_name, AT_REMOVEDIR) < 0 && errno != ENOENT)
                        return -errno;
        }
        return 0;
}

int cgroup_remove(const struct cgroups *c, const char *path)
{
        _cleanup_close_ int fd = cgroup_open(c, path);

        if (fd == -ENOENT)
                return 0;
        if (fd < 0)
                return fd;
        if (unlinkat(c->root, path + 1, AT_REMOVEDIR) == 0 || errno == ENOENT)
                return 0;
        remove_below(fd);
        return unlinkat(c->root, path + 1, AT_REMOVEDIR) < 0 ? -errno : 0;
}

int cgroup_id(int fd, uint64_t *ret)
{
        struct stat st;

        if (fstat(fd, &st) < 0)
                return -errno;
        *ret = st.st_ino;
        return 0;
}

int cgroup_by_id(const struct cgroups *c, uint64_t id, char **ret)
{
        union {
                struct file_handle head;
                uint8_t room[sizeof(struct file_handle) + sizeof(id)];
        } handle = { .head = { .handle_bytes = sizeof(id), .handle_type = FILEID_KERNFS } };
        _cleanup_close_ int at = openat(c->root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), fd = -1;
        char link[32], path[PATH_MAX];
        const size_t above = strcmp(c->mount, "/") ? strlen(c->mount) : 0;
        ssize_t n;

        memcpy(handle.head.f_handle, &id, sizeof(id));
        fd = at < 0 ? -1 : open_by_handle_at(at, &handle.head, O_PATH | O_CLOEXEC);
        if (fd < 0)
                return -errno;
        snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
        n = readlink(link, path, sizeof(path) - 1);
        if (n < 0)
                return -errno;
        path[n] = '\0';
        if (strncmp(path, c->mount, above) != 0)
                return -EXDEV;
        *ret = strdup(path[above] ? path + above : "/");
        return *ret ? 0 : -ENOMEM;
}

int cgroup_move(int fd, pid_t pid)
{
        char text[16];

        snprintf(text, sizeof(text), "%d", pid);
        return file_write(fd, "cgroup.procs", text);
}

int cgroup_freeze(int fd, bool freeze)
{
        return file_write(fd, "cgroup.freeze", freeze ? "1" : "0");
}

int cgroup_interrupt(int fd)
{
        int r;

        if (cgroup_freeze_asked(fd))
                return 0;
        r = cgroup_freeze(fd, true);
        return r < 0 ? r : cgroup_freeze(fd, false);
}

bool cgroup_freeze_asked(int fd)
{
        _cleanup_free_ char *text = NULL;

        return file_read(fd, "cgroup.freeze", CGROUP_FILE_MAX, &text, NULL) == 0 && *text == '1';
}

static bool event_is(int fd, const char *line, bool otherwise)
{
        _cleanup_free_ char *text = NULL;

        if (file_read(fd, "cgroup.events", CGROUP_FILE_MAX, &text, NULL) < 0)
                return otherwise;
        return strstr(text, line);
}

bool cgroup_frozen(int fd)
{
        return event_is(fd, "frozen 1", true);
}

int cgroup_wait_frozen(int fd)
{
        for (int i = 0; i < FREEZE_POLLS; i++) {
                if (cgroup_frozen(fd))
                        return 0;
                nanosleep(&(struct timespec){ 0, 1000000 }, NULL);
        }
        return -ETIMEDOUT;
}

bool cgroup_populated(int fd)
{
        return event_is(fd, "populated 1", false);
}

int cgroup_kill(int fd)
{
        return file_write(fd, "cgroup.kill", "1");
}

pid_t cgroup_first(int fd)
{
        _cleanup_free_ char *text = NULL;
        _cleanup_closedir_ DIR *folder = NULL;
        int copy = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        struct dirent *entry;
        pid_t pid = 0;

        folder = copy < 0 ? NULL : fdopendir(copy);
        if (file_read(fd, "cgroup.procs", CGROUP_FILE_MAX, &text, NULL) == 0)
                pid = (pid_t)atoi(text);
        while (!pid && folder && (entry = readdir(folder))) {
                _cleanup_close_ int child = -1;

                if (entry->d_type != DT_DIR || entry->d_name[0] == '.')
                        continue;
                child = openat(fd, entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
                pid = child < 0 ? 0 : cgroup_first(child);
        }
        return pid;
}

bool cgroup_above(const char *a, const char *b)
{
        size_t n = strlen(a);

        if (!strcmp(a, "/"))
                return true;
        return !strncmp(a, b, n) && (!b[n] || b[n] == '/');
}

int cgroup_number(int fd, const char *file, const char *word, uint64_t *ret)
{
        _cleanup_free_ char *text = NULL;
        int r = file_read(fd, file, CGROUP_FILE_MAX, &text, NULL);
        const char *at = r < 0 ? NULL : strstr(text, word);

        if (r < 0)
                return r;
        if (!at)
                return -ENODATA;
        *ret = strtoull(at + strlen(word), NULL, 10);
        return 0;
}

/* Writes one limit; value 0 is none. A foreign cgroup's tighter limit stays. */
static int limit(int fd, const char *file, const char *where, const char *controller, uint64_t value, const char *text, bool own,
                 struct findings *findings)
{
        _cleanup_free_ char *now = NULL;
        int r = file_read(fd, file, CGROUP_FILE_MAX, &now, NULL);

        if (!value && (r < 0 || !own))
                return 0;
        if (r < 0) {
                findings_add(findings, where,
                             "this host cannot keep the limit: the cgroup has no %s controller; add +%s to cgroup.subtree_control above it "
                             "or take the limit out",
                             controller, controller);
                return -EINVAL;
        }
        if (!own && strncmp(now, "max", 3) != 0 && strtoull(now, NULL, 10) <= value)
                return 0;
        r = file_write(fd, file, text);
        if (r < 0)
                findings_add(findings, where, "the kernel refuses %s in %s: %s", text, file, strerror(-r));
        return r;
}

int cgroup_limit(int fd, const struct limits *limits, bool own, struct findings *findings)
{
        uint64_t quota = (uint64_t)limits->cpu * 1000;
        char memory[32] = "max", cpu[48] = "max 100000", pids[32] = "max";
        int r;

        if (limits->memory)
                snprintf(memory, sizeof(memory), "%llu", (unsigned long long)limits->memory);
        if (limits->cpu)
                snprintf(cpu, sizeof(cpu), "%llu 100000", (unsigned long long)quota);
        if (limits->pids)
                snprintf(pids, sizeof(pids), "%u", limits->pids);
        /* Memory that is swapped out would not count. A kernel without swap has no such file. */
        if (own && faccessat(fd, "memory.swap.max", F_OK, 0) == 0)
                file_write(fd, "memory.swap.max", limits->memory ? "0" : "max");
        r = limit(fd, "memory.max", "$.limits.memory", "memory", limits->memory, memory, own, findings);
        if (r >= 0)
                r = limit(fd, "cpu.max", "$.limits.cpu", "cpu", quota, cpu, own, findings);
        return r < 0 ? r : limit(fd, "pids.max", "$.limits.pids", "pids", limits->pids, pids, own, findings);
}
