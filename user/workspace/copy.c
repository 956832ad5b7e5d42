/* SPDX-License-Identifier: Apache-2.0 */
#include "workspace/copy.h"

#include "base/cleanup.h"
#include "workspace/beneath.h"
#include "workspace/side.h"

#include <fcntl.h>

#define PIECE (1u << 20)

/* One extent, from here to end. */
static int copy_extent(int from, int to, off_t at, off_t end, char *room)
{
        while (at < end) {
                const size_t want = end - at < (off_t)PIECE ? (size_t)(end - at) : PIECE;
                ssize_t n = pread(from, room, want, at), done = 0;

                if (n < 0 && errno == EINTR)
                        continue;
                if (n <= 0)
                        return n < 0 ? -errno : 0; /* it became shorter */
                while (done < n) {
                        ssize_t w = pwrite(to, room + done, (size_t)(n - done), at + done);

                        if (w < 0 && errno != EINTR)
                                return -errno;
                        done += w > 0 ? w : 0;
                }
                at += n;
        }
        return 0;
}

int copy_content(int from, int to)
{
        _cleanup_free_ char *room = malloc(PIECE);
        struct stat st;
        off_t at = 0;
        int r = 0;

        if (!room)
                return -ENOMEM;
        if (fstat(from, &st) < 0 || ftruncate(to, st.st_size) < 0)
                return -errno;
        while (r == 0 && at < st.st_size) {
                off_t data = lseek(from, at, SEEK_DATA), hole;

                if (data < 0)
                        return errno == ENXIO ? 0 : -errno; /* a hole until the end */
                hole = lseek(from, data, SEEK_HOLE);
                if (hole < 0)
                        return -errno;
                r = copy_extent(from, to, data, hole, room);
                at = hole;
        }
        return r;
}

static int give(const struct stat *us, int to)
{
        struct stat now;

        if (fstat(to, &now) < 0)
                return -errno;
        if (now.st_uid == us->st_uid && now.st_gid == us->st_gid)
                return 0;
        return fchownat(to, "", us->st_uid, us->st_gid, AT_EMPTY_PATH) < 0 ? -errno : 0;
}

/* The owner last: afterwards the user may not be the one who may change the rest. */
int copy_attributes(int upper, const struct stat *us, int to)
{
        const struct timespec times[2] = { us->st_atim, us->st_mtim };
        _cleanup_buffer_ struct buffer attributes = BUFFER_INIT;
        char path[FD_PATH_SIZE];
        int r = 0;

        if (!S_ISLNK(us->st_mode)) {
                r = attributes_read(upper, &attributes);
                /* In this order: the mode may not let the user write attributes; and of an ACL it has the mask. */
                if (r == 0)
                        r = attributes_write(to, &attributes);
                if (r == 0 && chmod(fd_path(to, path), us->st_mode & 07777) < 0)
                        r = -errno;
        }
        if (r == 0 && utimensat(to, "", times, AT_EMPTY_PATH) < 0)
                r = -errno;
        return r < 0 ? r : give(us, to);
}
