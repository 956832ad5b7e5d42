/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/audit.h"

#include "audit/line.h"
#include "base/cleanup.h"
#include "base/paths.h"

#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#define SEARCH_LEAST (64u << 10) /* bytes that are read through rather than halved */

struct reader {
        FILE *file;
        char *line; /* owned, getline(3)'s */
        size_t capacity;
};

static void reader_clear(struct reader *r)
{
        cleanup_fclose(&r->file);
        free(r->line);
}

/* Reads one whole line, newline included. Its length; 0 at the end, or where only part of a line has been written; negative errno. */
static ssize_t reader_next(struct reader *r)
{
        ssize_t n;

        errno = 0;
        n = getline(&r->line, &r->capacity, r->file);
        if (n < 0)
                return feof(r->file) || !errno ? 0 : -errno;
        return r->line[n - 1] == '\n' ? n : 0;
}

/* The number of the first line that begins at or after an offset; 0 where there is none or it has none. */
static uint64_t reader_probe(struct reader *r, off_t offset)
{
        ssize_t n;

        /* From the byte before, so that a line that begins right there is not skipped. */
        if (fseeko(r->file, offset - 1, SEEK_SET) < 0 || reader_next(r) <= 0)
                return 0;
        n = reader_next(r);
        return n > 0 ? line_seq(r->line, (size_t)n) : 0;
}

/*
 * Goes to a place at or before the line after since. Numbers rise along the file, so halving finds it in a few reads however
 * long the file is; where a probe meets no number, what is left is read through.
 */
static int reader_seek(struct reader *r, uint64_t since)
{
        off_t low = 0, high;
        struct stat st;

        if (fstat(fileno(r->file), &st) < 0)
                return -errno;
        high = since ? st.st_size : 0;
        while (high - low > (off_t)SEARCH_LEAST) {
                off_t middle = low + (high - low) / 2;
                uint64_t seq = reader_probe(r, middle);

                if (!seq)
                        break;
                if (seq <= since)
                        low = middle;
                else
                        high = middle;
        }
        if (fseeko(r->file, low ? low - 1 : 0, SEEK_SET) < 0)
                return -errno;
        return low && reader_next(r) < 0 ? -EIO : 0;
}

static int reader_open(const char *path, struct reader *r, struct error *e)
{
        r->file = fopen(path, "re");
        if (!r->file)
                return error_set(e, -errno, "cannot read the audit stream %s: %s", path, strerror(errno));
        return 0;
}

int audit_read(const char *path, uint64_t since, int (*line)(void *context, uint64_t seq, const char *line, size_t length), void *context,
               struct error *e)
{
        __attribute__((cleanup(reader_clear))) struct reader reader = { NULL, NULL, 0 };
        ssize_t n;
        int r;

        if (!path)
                path = PATH_AUDIT;
        r = reader_open(path, &reader, e);
        if (r < 0)
                return r;
        r = reader_seek(&reader, since);
        if (r < 0)
                return error_set(e, r, "cannot read the audit stream %s: %s", path, strerror(-r));
        while ((n = reader_next(&reader)) > 0) {
                uint64_t seq = line_seq(reader.line, (size_t)n);

                if (!seq)
                        return error_set(e, -EBADMSG, "the audit stream %s is damaged, see holdfast audit verify", path);
                if (seq <= since)
                        continue;
                r = line(context, seq, reader.line, (size_t)n);
                if (r)
                        return r;
        }
        return n < 0 ? error_set(e, (int)n, "cannot read the audit stream %s: %s", path, strerror((int)-n)) : 0;
}
