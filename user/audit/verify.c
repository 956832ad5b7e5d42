/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/audit.h"

#include "audit/checkpoint.h"
#include "audit/files.h"
#include "audit/line.h"
#include "base/cleanup.h"
#include "base/json.h"
#include "base/paths.h"

#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#define UNSIGNED_MAX 8192 /* lines after the last checkpoint: 1024, and the longest batch */

struct verifier {
        const struct public_keys *keys; /* NULL: none */
        struct audit_report report;
        struct line_position position; /* the last good line */
        struct line_position gone;     /* the line before the first, where that is not number 1 */
        char first_file[PATH_MAX];     /* where the first line is */
        bool alone;                    /* only one file is looked at: what was before it does not matter */
        uint64_t told;                 /* the line that says that those up to gone were removed; 0: none so far */
        uint64_t unchecked;            /* checkpoints without a key to check them by */
};

/* The place of a bad line in the report, and the error. */
static int bad(struct verifier *v, uint64_t number, uint64_t seq, struct error *e, const char *wrong)
{
        v->report.line = number;
        v->report.seq = seq;
        return error_set(e, -EBADMSG, "line %" PRIu64 " (seq %" PRIu64 "): %s", number, seq, wrong);
}

/* Whether a daemon has the file open for writing, so that an unfinished last line is only being written. */
static bool has_writer(int fd)
{
        struct flock lock = { .l_type = F_RDLCK, .l_whence = SEEK_SET };

        return fcntl(fd, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

/* Checks that a line, good by itself, follows the one before. */
static int check_link(struct verifier *v, uint64_t number, const struct line_position *line, const char *prev, struct error *e)
{
        char wrong[128];

        if (!v->report.lines && line->seq > 1) {
                v->gone.seq = line->seq - 1;
                memcpy(v->gone.hash, prev, LINE_HASH_LENGTH);
                v->position = v->gone;
        }
        if (line->seq != v->position.seq + 1) {
                snprintf(wrong, sizeof(wrong), "expected seq %" PRIu64 ": %s", v->position.seq + 1,
                         line->seq > v->position.seq ? "events are missing before it" : "it is repeated or out of order");
                return bad(v, number, line->seq, e, wrong);
        }
        if (memcmp(prev, v->position.hash, LINE_HASH_LENGTH) != 0)
                return bad(v, number, line->seq, e, "it does not continue the line before: prev is not that line's hash");
        return 0;
}

/* Whether the event says that the lines before the first were removed. */
static bool tells_of_removal(const struct verifier *v, const cJSON *event)
{
        const char *op = json_get_string(event, "op"), *hash = json_get_string(event, "last_hash");
        uint64_t last = 0;

        return op && !strcmp(op, "audit-removed") && hash && json_get_u64(event, "last", &last) == 0 && last == v->gone.seq &&
               !strcmp(hash, v->gone.hash);
}

/* What a line means to the check: a checkpoint vouches for those before it, another says what was removed. */
static const char *check_meaning(struct verifier *v, const char *text, size_t length, uint64_t seq)
{
        const bool checkpoint = memmem(text, length, "\"checkpoint\"", 12), removal = memmem(text, length, "\"audit-removed\"", 15);
        _cleanup_json_ cJSON *event = checkpoint || removal ? cJSON_ParseWithLength(text, length) : NULL;
        const char *kind = json_get_string(event, "kind"), *wrong;

        if (kind && removal && !strcmp(kind, "admin") && v->gone.seq && tells_of_removal(v, event))
                v->told = seq;
        if (!kind || !checkpoint || strcmp(kind, "checkpoint") != 0)
                return NULL;
        if (!v->keys) {
                v->unchecked++;
                return NULL;
        }
        wrong = checkpoint_check(v->keys, event, &v->position);
        if (wrong)
                return wrong;
        v->report.checkpoints++;
        v->report.vouched = seq - 1;
        snprintf(v->report.key, sizeof(v->report.key), "%s", json_get_string(event, "key"));
        return NULL;
}

static int check_line(struct verifier *v, const char *text, size_t length, uint64_t number, struct error *e)
{
        struct line_position line;
        const char *prev, *wrong = line_check(text, length, &line, &prev);
        int r;

        if (wrong)
                return bad(v, number, line_seq(text, length), e, wrong);
        r = check_link(v, number, &line, prev, e);
        if (r < 0)
                return r;
        wrong = check_meaning(v, text, length, line.seq);
        if (wrong)
                return bad(v, number, line.seq, e, wrong);
        v->position = line;
        if (!v->report.lines++)
                v->report.first = line.seq;
        v->report.last = line.seq;
        return 0;
}

/* Checks the lines of a file. named is the number of its first line by its name; 0: it is the one that is written. */
static int check_lines(struct verifier *v, FILE *file, uint64_t named, struct error *e)
{
        _cleanup_free_ char *text = NULL;
        uint64_t number = 0;
        size_t capacity = 0;
        ssize_t n;

        while ((errno = 0, n = getline(&text, &capacity, file)) > 0) {
                int r;

                number++;
                if (text[n - 1] != '\n')
                        return has_writer(fileno(file))
                                       ? 0
                                       : bad(v, number, line_seq(text, (size_t)n), e, "it is cut short, and nobody is writing it");
                if (named && number == 1 && line_seq(text, (size_t)n) != named)
                        return bad(v, number, line_seq(text, (size_t)n), e, "the file's name says that it begins with another seq");
                r = check_line(v, text, (size_t)n - 1, number, e);
                if (r < 0)
                        return r;
        }
        if (!feof(file))
                return error_set(e, errno ? -errno : -EIO, "cannot read it: %s", strerror(errno));
        return named && !number ? bad(v, 0, named, e, "the file is empty") : 0;
}

static int check_file(struct verifier *v, const char *path, FILE *file, uint64_t named, struct error *e)
{
        int r;

        if (!v->report.files++)
                snprintf(v->first_file, sizeof(v->first_file), "%s", path);
        r = check_lines(v, file, named, e);
        if (r == 0)
                return 0;
        snprintf(v->report.file, sizeof(v->report.file), "%s", files_name(path));
        return error_prefix(e, "the audit stream %s", path);
}

static bool same_file(FILE *a, FILE *b)
{
        struct stat one, two;

        return a && fstat(fileno(a), &one) == 0 && fstat(fileno(b), &two) == 0 && one.st_ino == two.st_ino && one.st_dev == two.st_dev;
}

/* Checks those that were rotated away, up to the one that is open as the last. */
static int check_rotated(struct verifier *v, const char *path, const struct files *files, FILE *last, struct error *e)
{
        for (size_t i = 0; i < files->count; i++) {
                _cleanup_fclose_ FILE *file = NULL;
                char name[PATH_MAX];
                int r = files_rotated(path, files->first[i], name);

                if (r == 0) {
                        file = fopen(name, "re");
                        r = file ? 0 : -errno;
                }
                if (r == -ENOENT && !v->report.lines)
                        continue; /* the daemon removed it just now, and says so in what follows */
                if (r < 0)
                        return error_set(e, r, "cannot read the audit stream %s: %s", name, strerror(-r));
                if (same_file(last, file))
                        break;
                r = check_file(v, name, file, files->first[i], e);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int check_all(struct verifier *v, const char *path, struct error *e)
{
        _cleanup_files_ struct files files = FILES_INIT;
        /* Opened before the others are listed: whatever is rotated away from here on comes after it. */
        _cleanup_fclose_ FILE *last = fopen(path, "re");
        int missing = last ? 0 : errno, r = missing && missing != ENOENT ? -missing : files_list(path, &files);

        if (r == 0 && missing && !files.count)
                r = -missing;
        if (r < 0)
                return error_set(e, r, "cannot read the audit stream %s: %s", path, strerror(-r));
        r = check_rotated(v, path, &files, last, e);
        return r < 0 || !last ? r : check_file(v, path, last, 0, e);
}

/* Once all lines were read: that what came before the first was removed as the stream says. */
static int check_beginning(struct verifier *v, struct error *e)
{
        char wrong[160];

        if (v->gone.seq && !v->alone && (!v->told || (v->keys && v->told > v->report.vouched))) {
                snprintf(wrong, sizeof(wrong), "expected seq 1: events are missing before it, and no %sline says that they were removed",
                         v->told ? "signed " : "");
                v->report.lines = 0;
                snprintf(v->report.file, sizeof(v->report.file), "%s", files_name(v->first_file));
                return bad(v, 1, v->gone.seq + 1, e, wrong);
        }
        v->report.removed = v->gone.seq;
        return 0;
}

/* How far the signatures go. */
static int check_signatures(const struct verifier *v, struct error *e)
{
        if (v->unchecked)
                return error_set(e, -ENOKEY,
                                 "it has %" PRIu64 " signed checkpoints, and there is no public key to check them by: name it with --key",
                                 v->unchecked);
        if (v->keys && v->report.lines && !v->report.checkpoints)
                return error_set(e, -EBADMSG, "it has no checkpoint: no signature vouches for any of its %" PRIu64 " lines",
                                 v->report.lines);
        if (v->keys && v->report.last - v->report.vouched > UNSIGNED_MAX)
                return error_set(e, -EBADMSG,
                                 "after seq %" PRIu64 " come %" PRIu64 " lines without a checkpoint: more than holdfastd leaves unsigned",
                                 v->report.vouched, v->report.last - v->report.vouched);
        return 0;
}

/* The stream that is meant, and whether only this one of its files is. */
static int find_stream(const char *path, char stream[PATH_MAX], char stem[PATH_MAX], bool *alone)
{
        size_t length = strlen(path);
        struct stat st;

        if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
                length = (size_t)snprintf(stream, PATH_MAX, "%s%s%s", path, length && path[length - 1] == '/' ? "" : "/",
                                          files_name(PATH_AUDIT));
        else
                length = (size_t)snprintf(stream, PATH_MAX, "%s", path);
        if (length >= PATH_MAX)
                return -ENAMETOOLONG;
        *alone = files_number(stream, &length);
        memcpy(stem, stream, length);
        stem[length] = '\0';
        return 0;
}

/* The keys that were named, or those beside the stream, which need not be there. */
static int find_keys(const char *key, const char *stem, struct public_keys **ret, struct error *e)
{
        char beside[PATH_MAX];
        int r = files_public_key(stem, beside);

        if (key)
                return public_keys_read(key, ret, e);
        r = r < 0 ? r : public_keys_read(beside, ret, e);
        if (r != -ENOENT)
                return r;
        error_clear(e);
        return 0;
}

static int verify(struct verifier *v, const char *stream, struct error *e)
{
        _cleanup_fclose_ FILE *file = NULL;
        size_t stem;
        int r;

        if (!v->alone) {
                r = check_all(v, stream, e);
        } else {
                file = fopen(stream, "re");
                if (!file)
                        return error_set(e, -errno, "cannot read the audit stream %s: %s", stream, strerror(errno));
                r = check_file(v, stream, file, files_number(stream, &stem), e);
        }
        if (r < 0)
                return r;
        r = check_beginning(v, e);
        if (r < 0)
                return error_prefix(e, "the audit stream %s", v->first_file);
        r = check_signatures(v, e);
        return r < 0 ? error_prefix(e, "the audit stream %s", stream) : 0;
}

int audit_verify(const char *path, const char *key, struct audit_report *report, struct error *e)
{
        struct verifier v = { .position = LINE_POSITION_FIRST };
        _cleanup_error_ struct error ignored = ERROR_INIT;
        _cleanup_(public_keys_freep) struct public_keys *keys = NULL;
        char stream[PATH_MAX], stem[PATH_MAX];
        int r = find_stream(path ? path : PATH_AUDIT, stream, stem, &v.alone);

        if (!e)
                e = &ignored;
        if (r < 0)
                return error_set(e, r, "%s: the path is too long", path);
        r = find_keys(key, stem, &keys, e);
        v.keys = keys;
        if (r == 0)
                r = verify(&v, stream, e);
        if (report)
                *report = v.report;
        return r;
}
