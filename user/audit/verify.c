/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/audit.h"

#include "audit/line.h"
#include "base/cleanup.h"
#include "base/paths.h"

#include <fcntl.h>
#include <inttypes.h>
#include <string.h>

/* Whether a daemon has the file open for writing, so that an unfinished last line is only being written. */
static bool has_writer(int fd)
{
        struct flock lock = { .l_type = F_RDLCK, .l_whence = SEEK_SET };

        return fcntl(fd, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

/* Checks that a line, good by itself, follows the one before. */
static int check_link(uint64_t number, const struct line_position *before, const struct line_position *line, const char *prev,
                      struct error *e)
{
        if (line->seq != before->seq + 1)
                return error_set(e, -EBADMSG, "line %" PRIu64 " (seq %" PRIu64 "): expected seq %" PRIu64 ": %s", number, line->seq,
                                 before->seq + 1,
                                 line->seq > before->seq ? "events are missing before it" : "it is repeated or out of order");
        if (memcmp(prev, before->hash, LINE_HASH_LENGTH) != 0)
                return error_set(e, -EBADMSG,
                                 "line %" PRIu64 " (seq %" PRIu64 "): it does not continue the line before: prev is not that line's hash",
                                 number, line->seq);
        return 0;
}

static int check_line(const char *text, size_t length, uint64_t number, struct line_position *position, struct error *e)
{
        struct line_position line;
        const char *prev, *wrong = line_check(text, length, &line, &prev);
        int r;

        if (wrong)
                return error_set(e, -EBADMSG, "line %" PRIu64 " (seq %" PRIu64 "): %s", number, line_seq(text, length), wrong);
        r = check_link(number, position, &line, prev, e);
        if (r == 0)
                *position = line;
        return r;
}

static int check_file(FILE *file, uint64_t *lines, struct error *e)
{
        struct line_position position = LINE_POSITION_FIRST;
        _cleanup_free_ char *text = NULL;
        size_t capacity = 0;
        ssize_t n;

        for (; (errno = 0, n = getline(&text, &capacity, file)) > 0; ++*lines) {
                int r;

                if (text[n - 1] != '\n')
                        return has_writer(fileno(file))
                                       ? 0
                                       : error_set(e, -EBADMSG,
                                                   "line %" PRIu64 " (seq %" PRIu64 "): it is cut short, and nobody is writing it",
                                                   *lines + 1, line_seq(text, (size_t)n));
                r = check_line(text, (size_t)n - 1, *lines + 1, &position, e);
                if (r < 0)
                        return r;
        }
        return feof(file) ? 0 : error_set(e, errno ? -errno : -EIO, "cannot read it: %s", strerror(errno));
}

int audit_verify(const char *path, uint64_t *lines, struct error *e)
{
        _cleanup_fclose_ FILE *file = NULL;
        uint64_t ignored;
        int r;

        if (!path)
                path = PATH_AUDIT;
        if (!lines)
                lines = &ignored;
        *lines = 0;
        file = fopen(path, "re");
        if (!file)
                return error_set(e, -errno, "cannot read the audit stream %s: %s", path, strerror(errno));
        r = check_file(file, lines, e);
        if (r < 0)
                error_prefix(e, "the audit stream %s", path);
        return r;
}
