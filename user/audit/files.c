/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/files.h"

#include "base/cleanup.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#define DIGITS 20 /* of the largest number there is */

static int compose(char out[PATH_MAX], const char *path, const char *suffix)
{
        return snprintf(out, PATH_MAX, "%s%s", path, suffix) < PATH_MAX ? 0 : -ENAMETOOLONG;
}

int files_rotated(const char *path, uint64_t first, char out[PATH_MAX])
{
        char suffix[DIGITS + 2];

        snprintf(suffix, sizeof(suffix), ".%0*" PRIu64, DIGITS, first);
        return compose(out, path, suffix);
}

int files_next(const char *path, char out[PATH_MAX])
{
        return compose(out, path, ".next");
}

int files_public_key(const char *path, char out[PATH_MAX])
{
        return compose(out, path, ".pub");
}

const char *files_name(const char *path)
{
        const char *slash = strrchr(path, '/');

        return slash ? slash + 1 : path;
}

uint64_t files_number(const char *path, size_t *stem)
{
        size_t length = strlen(path);
        const char *digits = length > DIGITS + 1 ? path + length - DIGITS : NULL;
        uint64_t n = 0;

        if (!digits || digits[-1] != '.' || strspn(digits, "0123456789") != DIGITS)
                return 0;
        errno = 0;
        n = strtoull(digits, NULL, 10);
        *stem = length - DIGITS - 1;
        return errno ? 0 : n;
}

static int rising(const void *a, const void *b)
{
        uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

        return x < y ? -1 : x > y;
}

static int add(struct files *f, uint64_t first)
{
        uint64_t *more = reallocarray(f->first, f->count + 1, sizeof(*more));

        if (!more)
                return -ENOMEM;
        f->first = more;
        more[f->count++] = first;
        return 0;
}

static DIR *open_folder(const char *path)
{
        size_t length = (size_t)(files_name(path) - path);
        char folder[PATH_MAX];

        if (length >= sizeof(folder)) {
                errno = ENAMETOOLONG;
                return NULL;
        }
        memcpy(folder, path, length);
        folder[length] = '\0';
        return opendir(length ? folder : ".");
}

int files_list(const char *path, struct files *ret)
{
        _cleanup_closedir_ DIR *folder = open_folder(path);
        _cleanup_files_ struct files found = FILES_INIT;
        const char *name = files_name(path);
        const struct dirent *entry;

        if (!folder)
                return -errno;
        while ((errno = 0, entry = readdir(folder))) {
                size_t stem = 0;
                uint64_t first = files_number(entry->d_name, &stem);

                if (!first || stem != strlen(name) || strncmp(entry->d_name, name, stem) != 0)
                        continue;
                if (add(&found, first) < 0)
                        return -ENOMEM;
        }
        if (errno)
                return -errno;
        if (found.count)
                qsort(found.first, found.count, sizeof(*found.first), rising);
        *ret = found;
        found = (struct files)FILES_INIT;
        return 0;
}

void files_clear(struct files *f)
{
        free(f->first);
        *f = (struct files)FILES_INIT;
}
