/* SPDX-License-Identifier: Apache-2.0 */
#include "workspace/beneath.h"

#include "base/cleanup.h"
#include "base/time.h"
#include "workspace/workspace.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>

#define NAMES 1000
#define TREE_SECONDS 600 /* for the removal of one */
#define PIECE 2048       /* of a path that is too long for one call */

static int open_piece(int folder, const char *path, int flags)
{
        struct open_how how = { .flags = (unsigned)(flags | O_CLOEXEC | O_NOFOLLOW),
                                .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV };
        int fd, tries = 0;

        do
                fd = (int)syscall(SYS_openat2, folder, *path ? path : ".", &how, sizeof(how));
        while (fd < 0 && errno == EAGAIN && ++tries < 100); /* somebody renames meanwhile */
        return fd < 0 ? -errno : fd;
}

int beneath_open(int folder, const char *path, int flags)
{
        _cleanup_close_ int at = -1;

        while (strlen(path) > PIECE) {
                char piece[PIECE + 1];
                size_t n = PIECE;
                int next;

                while (n > 0 && path[n] != '/')
                        n--;
                if (!n)
                        return -ENAMETOOLONG;
                memcpy(piece, path, n);
                piece[n] = '\0';
                next = open_piece(at < 0 ? folder : at, piece, O_PATH | O_DIRECTORY);
                if (next < 0)
                        return next;
                cleanup_close(&at);
                at = next;
                path += n + 1;
        }
        return open_piece(at < 0 ? folder : at, path, flags);
}

int beneath_parent(int folder, const char *path, const char **name)
{
        const char *slash = strrchr(path, '/');
        _cleanup_free_ char *parent = slash ? strndup(path, (size_t)(slash - path)) : strdup("");

        if (!parent)
                return -ENOMEM;
        *name = slash ? slash + 1 : path;
        return beneath_open(folder, parent, O_PATH | O_DIRECTORY);
}

char *beneath_join(const char *folder, const char *name)
{
        char *text = NULL;

        if (asprintf(&text, "%s%s%s", folder, *folder ? "/" : "", name) < 0)
                return NULL;
        return text;
}

void entries_clear(struct entries *n)
{
        for (size_t i = 0; i < n->count; i++)
                free(n->list[i]);
        free(n->list);
        *n = (struct entries){ 0 };
}

int entries_add(struct entries *n, char *taken)
{
        if (taken && n->count == n->room) {
                const size_t room = n->room ? n->room * 2 : 64;
                char **more = reallocarray(n->list, room, sizeof(*more));

                if (!more) {
                        free(taken);
                        return -ENOMEM;
                }
                n->list = more;
                n->room = room;
        }
        if (!taken)
                return -ENOMEM;
        n->list[n->count++] = taken;
        return 0;
}

static int by_name(const void *a, const void *b)
{
        return strcmp(*(char *const *)a, *(char *const *)b);
}

int entries_read(int folder, struct entries *ret)
{
        _cleanup_entries_ struct entries n = { 0 };
        _cleanup_closedir_ DIR *dir = NULL;
        int fd = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), r = 0;
        const struct dirent *entry;

        if (fd < 0)
                return -errno;
        dir = fdopendir(fd);
        if (!dir) {
                r = -errno;
                close(fd);
                return r;
        }
        while (r == 0 && (errno = 0, entry = readdir(dir)))
                if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
                        r = entries_add(&n, strdup(entry->d_name));
        if (r == 0 && errno)
                r = -errno;
        if (r < 0)
                return r;
        if (n.count)
                qsort(n.list, n.count, sizeof(*n.list), by_name);
        *ret = n;
        n = (struct entries){ 0 };
        return 0;
}

const char *fd_path(int fd, char out[FD_PATH_SIZE])
{
        snprintf(out, FD_PATH_SIZE, "/proc/self/fd/%d", fd);
        return out;
}

/* ---- removing ------------------------------------------------------------------------------------------------------------------ */

/* Of what was done, what failed, and the names that were given. */
struct removal {
        int top;
        uint64_t done, number;
        int failed;
};

static void failed(struct removal *r, int error)
{
        r->failed = r->failed ? r->failed : error;
}

/* A name at the top is as good as any: what is there goes too. */
static void move_up(struct removal *r, int folder, const char *name)
{
        char other[32];

        for (int tries = 0; tries < NAMES; tries++) {
                snprintf(other, sizeof(other), "%llx", (unsigned long long)r->number++);
                if (renameat2(folder, name, r->top, other, RENAME_NOREPLACE) == 0) {
                        r->done++;
                        return;
                }
                if (errno != EEXIST)
                        break;
        }
        failed(r, -errno);
}

/* What is no folder goes, and folders go up. */
static void clear(struct removal *r, int folder)
{
        _cleanup_closedir_ DIR *dir = NULL;
        int copy = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        const struct dirent *entry;

        dir = copy < 0 ? NULL : fdopendir(copy);
        if (!dir) {
                failed(r, -errno);
                return;
        }
        while ((entry = readdir(dir))) {
                if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
                        continue;
                if (unlinkat(folder, entry->d_name, 0) == 0)
                        r->done++;
                else if (errno == EISDIR || errno == EPERM)
                        move_up(r, folder, entry->d_name);
                else if (errno != ENOENT)
                        failed(r, -errno);
        }
}

/* Something at the top. */
static void remove_one(struct removal *r, const char *name)
{
        _cleanup_close_ int fd = -1;

        if (unlinkat(r->top, name, 0) == 0) {
                r->done++;
                return;
        }
        fd = errno == EISDIR || errno == EPERM ? openat(r->top, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) : -1;
        if (fd >= 0)
                clear(r, fd);
        if (fd >= 0 && unlinkat(r->top, name, AT_REMOVEDIR) == 0)
                r->done++;
        else if (errno != ENOENT)
                failed(r, -errno);
}

/*
 * Folders are moved to the top before what is in them is looked at: there are no paths, and whatever depth a tree has it takes the same
 * memory, and time by the number of its files. Somebody may make new ones all the while: it ends.
 */
int tree_empty(int folder)
{
        struct removal r = { .top = folder, .number = time_now(CLOCK_REALTIME) };
        const uint64_t end = time_now(CLOCK_MONOTONIC) + TREE_SECONDS * 1000000000ull;

        do {
                _cleanup_closedir_ DIR *dir = NULL;
                int copy = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
                const struct dirent *entry;

                dir = copy < 0 ? NULL : fdopendir(copy);
                if (!dir)
                        return -errno;
                r.done = 0;
                r.failed = 0;
                while ((entry = readdir(dir)))
                        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
                                remove_one(&r, entry->d_name);
        } while (r.done && time_now(CLOCK_MONOTONIC) < end);
        return r.done ? -EBUSY : r.failed;
}
