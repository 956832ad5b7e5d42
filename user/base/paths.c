/* SPDX-License-Identifier: Apache-2.0 */
#include "base/paths.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int path_installed(const char *suffix, char *out, unsigned long size)
{
        char exe[PATH_MAX];
        ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);

        if (n < 0)
                return -errno;
        exe[n] = '\0';
        for (int i = 0; i < 2; i++) {
                char *slash = strrchr(exe, '/');

                if (!slash)
                        return -ENOENT;
                *slash = '\0';
        }
        n = snprintf(out, size, "%s/%s", exe, suffix);
        return n < 0 || (unsigned long)n >= size ? -ENAMETOOLONG : 0;
}
