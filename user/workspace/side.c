/* SPDX-License-Identifier: Apache-2.0 */
#include "workspace/side.h"

#include "base/cleanup.h"
#include "workspace/beneath.h"

#include <fcntl.h>
#include <string.h>
#include <sys/xattr.h>

#define VALUE_MAX 65536 /* of the kernel's XATTR_SIZE_MAX */

int side_read(const struct layers *l, int fd)
{
        char path[FD_PATH_SIZE];
        struct stat st;
        int file;

        if (fstat(fd, &st) < 0)
                return -errno;
        if (!S_ISREG(st.st_mode))
                return -EINVAL;
        side_folder(l);
        file = open(fd_path(fd, path), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
        if (file < 0)
                file = -errno;
        side_upper();
        return file;
}

int side_read_upper(const struct layers *l, const char *path)
{
        _cleanup_close_ int fd = beneath_open(l->upper, path, O_PATH);

        return fd < 0 ? fd : side_read(l, fd);
}

static bool is_users(const char *name)
{
        return !strncmp(name, "user.", 5) || !strcmp(name, "system.posix_acl_access") || !strcmp(name, "system.posix_acl_default");
}

static int names_of(const char *path, struct entries *ret)
{
        _cleanup_entries_ struct entries n = { 0 };
        _cleanup_free_ char *list = malloc(VALUE_MAX);
        ssize_t length = list ? listxattr(path, list, VALUE_MAX) : -1;
        int r = 0;

        if (!list)
                return -ENOMEM;
        if (length < 0)
                return errno == EOPNOTSUPP ? 0 : -errno;
        for (char *at = list; r == 0 && at < list + length; at += strlen(at) + 1) {
                size_t i = n.count;

                if (!is_users(at))
                        continue;
                r = entries_add(&n, strdup(at));
                for (; r == 0 && i > 0 && strcmp(n.list[i - 1], n.list[i]) > 0; i--) {
                        char *other = n.list[i];

                        n.list[i] = n.list[i - 1];
                        n.list[i - 1] = other;
                }
        }
        if (r < 0)
                return r;
        *ret = n;
        n = (struct entries){ 0 };
        return 0;
}

/* Each as its name, a NUL, the length of its value and the value. */
int attributes_read(int fd, struct buffer *ret)
{
        _cleanup_entries_ struct entries n = { 0 };
        _cleanup_free_ char *value = malloc(VALUE_MAX);
        char path[FD_PATH_SIZE];
        int r = value ? names_of(fd_path(fd, path), &n) : -ENOMEM;

        for (size_t i = 0; r == 0 && i < n.count; i++) {
                ssize_t length = getxattr(path, n.list[i], value, VALUE_MAX);
                uint32_t size = (uint32_t)length;

                if (length < 0)
                        return -errno;
                r = buffer_append(ret, n.list[i], strlen(n.list[i]) + 1);
                if (r == 0)
                        r = buffer_append(ret, &size, sizeof(size));
                if (r == 0)
                        r = buffer_append(ret, value, size);
        }
        return r;
}

static bool wanted(const struct buffer *want, const char *name)
{
        for (size_t at = 0; at < want->length;) {
                const char *other = want->data + at;
                uint32_t size;

                if (!strcmp(other, name))
                        return true;
                at += strlen(other) + 1;
                memcpy(&size, want->data + at, sizeof(size));
                at += sizeof(size) + size;
        }
        return false;
}

int attributes_write(int fd, const struct buffer *want)
{
        _cleanup_entries_ struct entries there = { 0 };
        char path[FD_PATH_SIZE];
        int r = names_of(fd_path(fd, path), &there);

        for (size_t i = 0; r == 0 && i < there.count; i++)
                if (!wanted(want, there.list[i]) && removexattr(path, there.list[i]) < 0 && errno != ENODATA)
                        r = -errno;
        for (size_t at = 0; r == 0 && at < want->length;) {
                const char *name = want->data + at;
                uint32_t size;

                at += strlen(name) + 1;
                memcpy(&size, want->data + at, sizeof(size));
                at += sizeof(size);
                if (setxattr(path, name, want->data + at, size, 0) < 0)
                        r = -errno;
                at += size;
        }
        return r;
}

bool attribute_is(int fd, const char *name)
{
        char path[FD_PATH_SIZE];

        return getxattr(fd_path(fd, path), name, NULL, 0) >= 0;
}

struct seen seen_of(const struct stat *st)
{
        return (struct seen){ true, st->st_mode, st->st_dev, st->st_ino, st->st_size, st->st_mtim, st->st_uid, st->st_gid };
}

bool seen_same(const struct seen *a, const struct seen *b)
{
        if (!a->there || !b->there)
                return a->there == b->there;
        return a->mode == b->mode && a->dev == b->dev && a->ino == b->ino && a->size == b->size && a->mtime.tv_sec == b->mtime.tv_sec &&
               a->mtime.tv_nsec == b->mtime.tv_nsec && a->uid == b->uid && a->gid == b->gid;
}
