/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/contents.h"

#include "daemon/fsuser.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

int content_open(int fd)
{
        char path[64];
        struct stat st;
        int r;

        if (fstat(fd, &st) < 0)
                return -errno;
        if (!S_ISREG(st.st_mode))
                return -EINVAL;
        snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
        r = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY); /* not waiting for who holds a lease */
        return r < 0 ? -errno : r;
}

/* Whether the user may search all folders above a place. The compiler, which has reached it, may go everywhere. */
static bool may_reach(const struct compiled *c, size_t place)
{
        for (int i = c->places[place].parent; i >= 0; i = c->places[i].parent)
                if (c->places[i].fd >= 0 && faccessat(c->places[i].fd, "", X_OK, AT_EMPTY_PATH | AT_EACCESS) < 0)
                        return false;
        return true;
}

int contents_open(struct compiled *c, uid_t uid)
{
        _cleanup_fsuser_ struct fsuser user = FSUSER_INIT;
        int r = c->n_contents ? fsuser_enter(&user, uid) : 0;

        for (size_t i = 0; i < c->n_contents && r == 0; i++) {
                const size_t place = c->contents[i].place;
                const int fd = c->places[place].fd;

                c->contents[i].fd = !may_reach(c, place) ? -EACCES : fd < 0 ? -ENOENT : content_open(fd);
        }
        return r;
}
