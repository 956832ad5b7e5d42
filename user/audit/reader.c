/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/audit.h"

#include "audit/files.h"
#include "audit/line.h"
#include "base/cleanup.h"
#include "base/paths.h"

#include <inttypes.h>
#include <stdbool.h>
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
#define _cleanup_reader_ __attribute__((cleanup(reader_clear)))

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

struct reading {
        uint64_t since;
        int (*line)(void *context, uint64_t seq, const char *line, size_t length);
        void *context;
};

/* Reads one file, from the first line after since on. */
static int read_file(struct reader *reader, const char *path, const struct reading *reading, struct error *e)
{
        int r = reader_seek(reader, reading->since);
        ssize_t n;

        if (r < 0)
                return error_set(e, r, "cannot read the audit stream %s: %s", path, strerror(-r));
        while ((n = reader_next(reader)) > 0) {
                uint64_t seq = line_seq(reader->line, (size_t)n);

                if (!seq)
                        return error_set(e, -EBADMSG, "the audit stream %s is damaged, see holdfast audit verify", path);
                if (seq <= reading->since)
                        continue;
                r = reading->line(reading->context, seq, reader->line, (size_t)n);
                if (r)
                        return r;
        }
        return n < 0 ? error_set(e, (int)n, "cannot read the audit stream %s: %s", path, strerror((int)-n)) : 0;
}

static bool same_file(FILE *a, FILE *b)
{
        struct stat one, two;

        return a && fstat(fileno(a), &one) == 0 && fstat(fileno(b), &two) == 0 && one.st_ino == two.st_ino && one.st_dev == two.st_dev;
}

/* Reads those that were rotated away, up to the one that is open as the last. One that was removed meanwhile is passed over. */
static int read_rotated(const char *path, const struct files *files, FILE *last, const struct reading *reading, struct error *e)
{
        size_t i = 0;
        int r = 0;

        while (i + 1 < files->count && files->first[i + 1] - 1 <= reading->since)
                i++;
        for (; i < files->count && r == 0; i++) {
                _cleanup_reader_ struct reader reader = { NULL, NULL, 0 };
                char name[PATH_MAX];

                r = files_rotated(path, files->first[i], name);
                reader.file = r == 0 ? fopen(name, "re") : NULL;
                if (!reader.file && r == 0 && errno == ENOENT)
                        continue;
                if (!reader.file)
                        return error_set(e, -errno, "cannot read the audit stream %s: %s", name, strerror(errno));
                if (same_file(last, reader.file))
                        break;
                r = read_file(&reader, name, reading, e);
        }
        return r;
}

int audit_read(const char *path, uint64_t since, int (*line)(void *context, uint64_t seq, const char *line, size_t length), void *context,
               struct error *e)
{
        const struct reading reading = { since, line, context };
        _cleanup_reader_ struct reader last = { NULL, NULL, 0 };
        _cleanup_files_ struct files files = FILES_INIT;
        int r, missing = 0;

        if (!path)
                path = PATH_AUDIT;
        /* Opened before the others are listed: whatever is rotated away from here on comes after it. */
        last.file = fopen(path, "re");
        if (!last.file)
                missing = errno;
        r = missing && missing != ENOENT ? -missing : files_list(path, &files);
        if (r == 0 && missing && !files.count)
                r = -missing;
        if (r < 0)
                return error_set(e, r, "cannot read the audit stream %s: %s", path, strerror(-r));
        r = read_rotated(path, &files, last.file, &reading, e);
        return r || !last.file ? r : read_file(&last, path, &reading, e);
}
