/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/writer.h"

#include "audit/files.h"
#include "audit/recover.h"
#include "base/cleanup.h"
#include "base/json.h"
#include "base/paths.h"
#include "base/time.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#define BATCH_MAX (1u << 20) /* bytes gathered before they are written all the same */

static void loss_add(struct audit *a, enum loss_kind kind, uint64_t count, const char *reason)
{
        struct loss *loss = &a->losses[kind];

        if (!count)
                return;
        if (!loss->count)
                snprintf(loss->reason, sizeof(loss->reason), "%s", reason);
        loss->count += count;
}

static void loss_add_errno(struct audit *a, uint64_t count, int error)
{
        char reason[128];

        snprintf(reason, sizeof(reason), "the stream could not be written: %s", strerror(-error));
        loss_add(a, LOSS_WRITE, count, reason);
}

static cJSON *loss_event(const struct loss *loss)
{
        _cleanup_json_ cJSON *event = cJSON_CreateObject();

        if (!event || !cJSON_AddStringToObject(event, "kind", "lost") || json_add_u64(event, "count", loss->count) < 0 ||
            !cJSON_AddStringToObject(event, "reason", loss->reason))
                return NULL;
        return TAKE_PTR(event);
}

/* Begins the batch with what was lost before it. Memory running out leaves that to the next batch. */
static void compose_losses(struct audit *a)
{
        for (int i = 0; i < LOSS_KINDS; i++) {
                _cleanup_json_ cJSON *event = a->losses[i].count ? loss_event(&a->losses[i]) : NULL;

                if (event && line_compose(&a->batch, &a->composed, event, time_now(CLOCK_REALTIME)) == 0)
                        a->reported[i] = a->losses[i].count;
        }
}

static int write_all(int fd, const char *bytes, size_t length, size_t *done)
{
        for (*done = 0; *done < length;) {
                ssize_t n = write(fd, bytes + *done, length - *done);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;
                *done += (size_t)n;
        }
        return 0;
}

/* Cuts the file back to its whole lines. */
static int mend(struct audit *a)
{
        if (!a->torn)
                return 0;
        if (ftruncate(a->fd, (off_t)a->end) < 0)
                return -errno;
        a->torn = false;
        return 0;
}

/* Writes as many of the lines as the file takes, whole ones only; kept gets their bytes. */
static int write_lines(struct audit *a, const struct buffer *lines, size_t *kept)
{
        const char *newline;
        size_t done;
        int r = mend(a);

        *kept = 0;
        if (r < 0)
                return r;
        r = write_all(a->fd, lines->data, lines->length, &done);
        newline = memrchr(lines->data, '\n', done);
        *kept = newline ? (size_t)(newline + 1 - lines->data) : 0;
        a->end += *kept;
        a->torn = done > *kept;
        if (a->torn)
                mend(a); /* else before the next write */
        return r;
}

static uint64_t count_lines(const char *text, size_t length)
{
        uint64_t n = 0;

        for (const char *p = text; (p = memchr(p, '\n', length - (size_t)(p - text))); p++)
                n++;
        return n;
}

/* Of the batch's leading reports, those within the lines that were kept have told their part; returns how many reports were not. */
static uint64_t settle_reports(struct audit *a, uint64_t kept)
{
        uint64_t untold = 0;

        for (int i = 0; i < LOSS_KINDS; i++) {
                if (!a->reported[i])
                        continue;
                if (kept) {
                        a->losses[i].count -= a->reported[i];
                        kept--;
                } else {
                        untold++;
                }
                a->reported[i] = 0;
        }
        return untold;
}

static void show_followers(struct audit *a, const char *lines, size_t length, uint64_t seq)
{
        for (const char *end = lines + length; lines < end; seq++) {
                const char *newline = memchr(lines, '\n', (size_t)(end - lines));
                size_t n = (size_t)(newline + 1 - lines);

                for (int i = 0; i < a->n_followers; i++)
                        a->followers[i].call(a->followers[i].context, seq, lines, n);
                lines += n;
        }
}

int writer_flush_batch(struct audit *a)
{
        struct buffer lines = a->batch;
        uint64_t first = a->written.seq + 1, composed, written;
        size_t kept;
        int r;

        a->batch = a->spare;
        a->spare = (struct buffer)BUFFER_INIT;
        r = write_lines(a, &lines, &kept);
        composed = count_lines(lines.data, lines.length);
        written = count_lines(lines.data, kept);
        if (written) {
                if (!a->first_time)
                        a->first_time = time_now(CLOCK_REALTIME);
                a->written.seq += written;
                memcpy(a->written.hash, lines.data + kept - LINE_HASH_LENGTH - 3, LINE_HASH_LENGTH);
        }
        a->composed = a->written;
        composed -= settle_reports(a, written);
        if (r < 0 && !a->uncounted)
                loss_add_errno(a, composed - written, r);
        show_followers(a, lines.data, kept, first);
        buffer_truncate(&lines, 0);
        a->spare = lines;
        return r;
}

/* Writes the batch, and those that followers make of it. */
static int flush_batches(struct audit *a)
{
        int r = 0;

        while (a->batch.length) {
                int q = writer_flush_batch(a);

                r = r < 0 ? r : q;
        }
        return r;
}

/* Writes what is gathered, and what is due then. */
static int flush(struct audit *a)
{
        int r, q;

        if (a->writing)
                return 0;
        a->writing = true;
        if (!a->batch.length)
                compose_losses(a);
        r = flush_batches(a);
        if (r == 0)
                upkeep(a);
        q = flush_batches(a);
        a->writing = false;
        return r < 0 ? r : q;
}

int audit_append(struct audit *a, cJSON *event, uint64_t realtime_ns)
{
        _cleanup_json_ cJSON *owned = event;
        int r, q = 0;

        if (!a->batch.length)
                compose_losses(a);
        r = line_compose(&a->batch, &a->composed, owned, realtime_ns ? realtime_ns : time_now(CLOCK_REALTIME));
        if (r < 0)
                loss_add_errno(a, 1, r);
        if (a->depth == 0 || a->batch.length >= BATCH_MAX)
                q = flush(a);
        r = r < 0 ? r : q;
        if (r < 0 && a->error == 0)
                a->error = r;
        return r;
}

void audit_begin(struct audit *a)
{
        if (a->depth++ == 0)
                a->error = 0;
}

int audit_end(struct audit *a)
{
        int r, error = a->error;

        if (--a->depth > 0)
                return 0;
        r = flush(a);
        return error < 0 ? error : r;
}

void audit_tick(struct audit *a)
{
        if (a->depth == 0)
                flush(a);
}

uint64_t audit_seq(const struct audit *a)
{
        return a->written.seq;
}

int audit_follow(struct audit *a, audit_follower follower, void *context)
{
        struct follower *more = reallocarray(a->followers, (size_t)a->n_followers + 1, sizeof(*more));

        if (!more)
                return -ENOMEM;
        a->followers = more;
        more[a->n_followers++] = (struct follower){ follower, context };
        return 0;
}

void audit_close(struct audit *a)
{
        if (!a)
                return;
        a->depth = 0;
        if (a->fd >= 0) {
                if (flush(a) == 0) {
                        a->writing = true;
                        upkeep_sign(a, false);
                        a->writing = false;
                        flush(a); /* what followers made of it */
                }
                fdatasync(a->fd);
                close(a->fd);
        }
        buffer_clear(&a->batch);
        buffer_clear(&a->spare);
        key_free(a->key);
        free(a->followers);
        free(a->path);
        free(a);
}
DEFINE_CLEANUP(struct audit *, audit_close)

/* An open file description lock (fcntl(2)) ends with the descriptor, however the process ends. */
int writer_open(const char *path, int flags, struct error *e)
{
        _cleanup_close_ int fd = open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | flags, 0600);
        struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
        struct stat st;

        if (fd < 0)
                return error_set(e, -errno, "cannot open it: %s", strerror(errno));
        if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
                return error_set(e, -EINVAL, "it is not a regular file");
        if (fcntl(fd, F_OFD_SETLK, &lock) < 0)
                return errno == EAGAIN || errno == EACCES ? error_set(e, -EBUSY, "another process, most likely holdfastd, is writing it")
                                                          : error_set(e, -errno, "cannot lock it: %s", strerror(errno));
        return TAKE_FD(fd);
}

/* What the stream had before the file that is written: the end of the newest file that was rotated away, open; fd -1: none. */
struct before {
        int fd;
        struct recovery end;
};

static void before_clear(struct before *b)
{
        cleanup_close(&b->fd);
}

static int find_before(const char *path, struct before *ret, struct error *e)
{
        const struct line_position first = LINE_POSITION_FIRST;
        _cleanup_files_ struct files files = FILES_INIT;
        char name[PATH_MAX];
        int r = files_list(path, &files);

        if (r < 0)
                return error_set(e, r, "cannot list the files beside it: %s", strerror(-r));
        if (!files.count)
                return 0;
        r = files_rotated(path, files.first[files.count - 1], name);
        if (r < 0)
                return error_set(e, r, "its path is too long");
        ret->fd = open(name, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
        if (ret->fd < 0)
                return error_set(e, -errno, "cannot open %s: %s", name, strerror(errno));
        r = recover_end(ret->fd, &first, &ret->end, e);
        if (r == 0 && !ret->end.end)
                r = error_set(e, -EBADMSG, "it holds no whole line");
        return r < 0 ? error_prefix(e, "the file before it, %s", name) : 0;
}

/* Finds where the stream goes on, and drops what a crash left behind the last whole line. */
static int take_over(struct audit *a, struct error *e)
{
        __attribute__((cleanup(before_clear))) struct before before = { -1, { LINE_POSITION_FIRST, 0, 0 } };
        _cleanup_error_ struct error cause = ERROR_INIT;
        struct recovery found;
        uint64_t cut;
        int r, unknown = find_before(a->path, &before, &cause);

        r = recover_end(a->fd, &before.end.last, &found, e);
        /* Only where the file has no line itself does it matter that the one before cannot be read. */
        if (unknown < 0 && (r < 0 || !found.end))
                return error_set(e, unknown, "%s", error_text(&cause));
        if (r < 0)
                return r;
        a->written = a->composed = found.last;
        a->end = found.end;
        a->torn = found.cut > 0;
        cut = found.cut;
        if (!found.end && before.fd >= 0) {
                cut += before.end.cut;
                if (before.end.cut && ftruncate(before.fd, (off_t)before.end.end) < 0)
                        return error_set(e, -errno, "cannot cut off the unfinished last line of the file before it: %s", strerror(errno));
        }
        r = mend(a);
        if (r < 0)
                return error_set(e, r, "cannot cut off its unfinished last line: %s", strerror(-r));
        recover_first(a->fd, &a->first, &a->first_time);
        if (!a->end)
                a->first = a->written.seq + 1;
        loss_add(a, LOSS_CRASH, cut > 0, "a crash cut the last line of the stream short");
        return 0;
}

/* The key, and its public half beside the stream. */
static int take_key(struct audit *a, const char *key, struct error *e)
{
        char path[PATH_MAX];
        int r = key ? key_open(key, &a->key, e) : 0;

        if (!key || r < 0)
                return r;
        r = files_public_key(a->path, path);
        return r < 0 ? error_set(e, r, "%s: the path is too long", a->path) : key_publish(a->key, path, e);
}

static int set_up(struct audit *a, const char *path, const struct audit_options *o, struct error *e)
{
        int r = 0;

        a->path = strdup(path);
        if (!a->path)
                return error_set(e, -ENOMEM, "out of memory");
        if (o) {
                a->rotate_size = o->rotate_size;
                a->rotate_age = o->rotate_age;
                a->keep = o->keep;
                a->remove_at = a->keep != 0;
                r = take_key(a, o->key, e);
        }
        return r < 0 ? r : take_over(a, e);
}

int audit_open(const char *path, const struct audit_options *options, struct audit **ret, struct error *e)
{
        _cleanup_(audit_closep) struct audit *a = calloc(1, sizeof(*a));
        int r;

        if (!path)
                path = PATH_AUDIT;
        if (!a)
                return error_set(e, -ENOMEM, "the audit stream %s: out of memory", path);
        a->fd = writer_open(path, 0, e);
        r = a->fd < 0 ? a->fd : set_up(a, path, options, e);
        if (r < 0) {
                error_prefix(e, "the audit stream %s", path);
                cleanup_close(&a->fd); /* nothing of this is written */
                a->fd = -1;
                return r;
        }
        if (a->key && flush(a) == 0)
                upkeep_sign(a, !a->signed_seq);
        *ret = TAKE_PTR(a);
        return 0;
}
