/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/file.h"

#include "base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/types.h>

int file_read_all(int fd, size_t max, char **ret, size_t *length)
{
        _cleanup_free_ char *text = NULL;
        size_t size = 0, used = 0;

        for (;;) {
                ssize_t n;

                if (used + 1 >= size) {
                        char *more = realloc(text, size ? size * 2 : 4096);

                        if (!more)
                                return -ENOMEM;
                        text = more;
                        size = size ? size * 2 : 4096;
                }
                n = read(fd, text + used, size - used - 1);
                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;
                if (n == 0)
                        break;
                used += (size_t)n;
                if (used > max)
                        return -EFBIG;
        }
        text[used] = '\0';
        if (length)
                *length = used;
        *ret = TAKE_PTR(text);
        return 0;
}

int file_read(int folder, const char *path, size_t max, char **ret, size_t *length)
{
        _cleanup_close_ int fd = openat(folder, path, O_RDONLY | O_CLOEXEC);

        return fd < 0 ? -errno : file_read_all(fd, max, ret, length);
}

int file_write(int folder, const char *path, const char *text)
{
        _cleanup_close_ int fd = openat(folder, path, O_WRONLY | O_CLOEXEC);
        size_t length = strlen(text);
        ssize_t n;

        if (fd < 0)
                return -errno;
        n = write(fd, text, length);
        if (n < 0)
                return -errno;
        return (size_t)n == length ? 0 : -EIO;
}

int file_readlink(int folder, const char *path, char **ret)
{
        char target[PATH_MAX];
        ssize_t n = readlinkat(folder, path, target, sizeof(target));
        char *copy;

        if (n < 0)
                return -errno;
        if ((size_t)n >= sizeof(target))
                return -ENAMETOOLONG;
        copy = strndup(target, (size_t)n);
        if (!copy)
                return -ENOMEM;
        *ret = copy;
        return 0;
}
