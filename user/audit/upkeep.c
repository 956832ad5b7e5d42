/* SPDX-License-Identifier: Apache-2.0 */
/* What the writer does at times: checkpoints, rotation, and the removal of old files. */
#include "audit/writer.h"

#include "audit/checkpoint.h"
#include "audit/files.h"
#include "audit/recover.h"
#include "base/cleanup.h"
#include "base/json.h"
#include "base/log.h"
#include "base/time.h"

#include <fcntl.h>
#include <inttypes.h>
#include <string.h>

#define CHECKPOINT_LINES 1024
#define CHECKPOINT_NS (60 * 1000000000ull)
#define PAUSE_NS (60 * 1000000000ull) /* after a failure */
#define REMOVE_MAX 64                 /* files removed at once */

int upkeep_sign(struct audit *a, bool at_once)
{
        uint64_t now = time_now(CLOCK_REALTIME);
        _cleanup_json_ cJSON *event = NULL;
        uint64_t seq;
        int r;

        if (!a->key || (!at_once && a->written.seq == a->signed_seq))
                return 0;
        /* What followers append meanwhile comes after it. */
        if (a->batch.length) {
                r = writer_flush_batch(a);
                if (r < 0)
                        return r;
                if (a->batch.length)
                        return -EAGAIN;
        }
        event = checkpoint_event(a->key, &a->written, now);
        r = event ? line_compose(&a->batch, &a->composed, event, now) : -ENOMEM;
        if (r < 0)
                return r;
        seq = a->composed.seq;
        a->uncounted = true;
        r = writer_flush_batch(a);
        a->uncounted = false;
        if (r < 0)
                return r;
        a->signed_seq = seq;
        a->signed_at = time_now(CLOCK_BOOTTIME);
        return 0;
}

static int rename_new(const char *from, const char *to)
{
        if (access(to, F_OK) == 0)
                return -EEXIST;
        return rename(from, to) < 0 ? -errno : 0;
}

/*
 * Gives the file the name of its first line, and goes on in a new one. That is made under a name that nobody reads, so a crash between
 * any two of the steps leaves the lines under the stream's name, or all of them rotated away and none there.
 */
static int swap_files(struct audit *a, struct error *e)
{
        char rotated[PATH_MAX], next[PATH_MAX];
        _cleanup_close_ int fd = -1;
        int r = files_rotated(a->path, a->first, rotated);

        if (r == 0)
                r = files_next(a->path, next);
        if (r < 0)
                return error_set(e, r, "the path is too long");
        fd = writer_open(next, O_TRUNC, e);
        if (fd < 0)
                return error_prefix(e, "%s", next);
        r = rename_new(a->path, rotated);
        if (r < 0)
                return error_set(e, r, "cannot rename it to %s: %s", rotated, strerror(-r));
        if (rename(next, a->path) < 0) {
                r = error_set(e, -errno, "cannot rename %s: %s", next, strerror(errno));
                rename(rotated, a->path);
                return r;
        }
        sync_file_range(a->fd, 0, 0, SYNC_FILE_RANGE_WRITE); /* begins to write it out, and does not wait */
        close(a->fd);
        a->fd = TAKE_FD(fd);
        a->end = a->first_time = 0;
        a->torn = false;
        a->first = a->written.seq + 1;
        return 0;
}

/* The line that says that a file is removed, so that what is missing can be told from what was taken away. */
static cJSON *removal_event(const char *path, uint64_t first, const struct line_position *last)
{
        _cleanup_json_ cJSON *o = cJSON_CreateObject();

        if (!o || !cJSON_AddNullToObject(o, "session") || !cJSON_AddNullToObject(o, "agent") || !cJSON_AddNullToObject(o, "user") ||
            !cJSON_AddNumberToObject(o, "pid", getpid()) || !cJSON_AddStringToObject(o, "comm", "holdfastd") ||
            !cJSON_AddStringToObject(o, "kind", "admin") || !cJSON_AddStringToObject(o, "verdict", "allow") ||
            !cJSON_AddStringToObject(o, "op", "audit-removed") || json_add_text(o, "path", path) < 0 ||
            json_add_u64(o, "first", first) < 0 || json_add_u64(o, "last", last->seq) < 0 ||
            !cJSON_AddStringToObject(o, "last_hash", last->hash) ||
            !cJSON_AddStringToObject(o, "reason", "more files were rotated away than audit_keep says to keep") ||
            !cJSON_AddStringToObject(o, "actor", "holdfastd"))
                return NULL;
        return TAKE_PTR(o);
}

static int tell_removal(struct audit *a, uint64_t first, struct error *e)
{
        const struct line_position none = LINE_POSITION_FIRST;
        _cleanup_json_ cJSON *event = NULL;
        _cleanup_close_ int fd = -1;
        struct recovery found;
        char path[PATH_MAX];
        int r = files_rotated(a->path, first, path);

        if (r == 0) {
                fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
                r = fd < 0 ? -errno : 0;
        }
        if (r < 0)
                return error_set(e, r, "cannot read %s: %s", path, strerror(-r));
        r = recover_end(fd, &none, &found, e);
        if (r == 0 && !found.end)
                r = error_set(e, -EBADMSG, "it holds no whole line");
        if (r < 0)
                return error_prefix(e, "%s is kept", path);
        event = removal_event(path, first, &found.last);
        r = event ? line_compose(&a->batch, &a->composed, event, time_now(CLOCK_REALTIME)) : -ENOMEM;
        return r < 0 ? error_set(e, r, "%s is kept: %s", path, strerror(-r)) : 0;
}

/* Removes the oldest files beyond those to keep: first the signed lines that say so, then the files. */
static int remove_old(struct audit *a, struct error *e)
{
        _cleanup_files_ struct files files = FILES_INIT;
        size_t excess, told = 0;
        char path[PATH_MAX];
        int r = a->keep ? files_list(a->path, &files) : 0, q = 0;

        if (r < 0)
                return error_set(e, r, "cannot list its files: %s", strerror(-r));
        excess = files.count > a->keep ? files.count - a->keep : 0;
        excess = excess < REMOVE_MAX ? excess : REMOVE_MAX;
        if (!excess) {
                a->remove_at = 0;
                return 0;
        }
        while (told < excess && (q = tell_removal(a, files.first[told], e)) == 0)
                told++;
        r = a->batch.length ? writer_flush_batch(a) : 0;
        if (r == 0)
                r = upkeep_sign(a, false);
        if (r < 0)
                return error_set(e, r, "cannot say that old files are removed, and keeps them: %s", strerror(-r));
        for (size_t i = 0; i < told; i++)
                if (files_rotated(a->path, files.first[i], path) < 0 || unlink(path) < 0)
                        return error_set(e, -errno, "cannot remove %s: %s", path, strerror(errno));
        if (q == 0 && excess < REMOVE_MAX)
                a->remove_at = 0;
        return q;
}

static int rotate(struct audit *a, struct error *e)
{
        int r = upkeep_sign(a, false);

        if (r < 0)
                return error_set(e, r, "cannot sign its last line: %s", strerror(-r));
        r = swap_files(a, e);
        if (r == 0 && a->keep)
                a->remove_at = 1;
        return r;
}

static bool rotation_due(const struct audit *a)
{
        uint64_t now;

        if (!a->end || !a->first)
                return false;
        if (a->rotate_size && a->end >= a->rotate_size)
                return true;
        now = a->rotate_age && a->first_time ? time_now(CLOCK_REALTIME) : 0;
        return now > a->first_time && now - a->first_time >= a->rotate_age;
}

static bool checkpoint_due(const struct audit *a, uint64_t now)
{
        return a->key && a->written.seq > a->signed_seq &&
               (a->written.seq - a->signed_seq >= CHECKPOINT_LINES || now - a->signed_at >= CHECKPOINT_NS);
}

void upkeep(struct audit *a)
{
        _cleanup_error_ struct error e = ERROR_INIT;
        uint64_t now = time_now(CLOCK_BOOTTIME);
        int r = 0;

        if (now < a->upkeep_not_until)
                return;
        if (rotation_due(a)) {
                r = rotate(a, &e);
        } else if (checkpoint_due(a, now)) {
                r = upkeep_sign(a, false);
                if (r < 0)
                        error_set(&e, r, "cannot write a checkpoint: %s", strerror(-r));
        }
        if (r == 0 && a->remove_at && now >= a->remove_at) {
                a->remove_at = now + PAUSE_NS; /* unless it succeeds */
                r = remove_old(a, &e);
                if (r < 0)
                        log_warning("the audit stream %s: %s; trying again in a minute", a->path, error_text(&e));
                return;
        }
        if (r == 0)
                return;
        log_warning("the audit stream %s: %s; trying again in a minute", a->path, error_text(&e));
        a->upkeep_not_until = now + PAUSE_NS;
}
