/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/recover.h"

#include "base/cleanup.h"
#include "base/time.h"

#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#define WINDOW_FIRST (64u << 10)
#define WINDOW_MAX (64u << 20) /* looked through at most for a whole line; the longest line is shorter */

/* The last bytes of a file: text is the part of it from offset at to its end. */
struct window {
        char *text; /* owned */
        size_t length;
        uint64_t at;
};

static void window_clear(struct window *w)
{
        free(w->text);
}

static int window_read(int fd, uint64_t size, size_t length, struct window *w)
{
        _cleanup_free_ char *text = malloc(length ? length : 1);
        size_t done = 0;

        if (!text)
                return -ENOMEM;
        while (done < length) {
                ssize_t n = pread(fd, text + done, length - done, (off_t)(size - length + done));
                int error = n < 0 ? errno : EIO; /* nothing read: it is shorter than it was */

                if (n < 0 && error == EINTR)
                        continue;
                if (n <= 0)
                        return -error;
                done += (size_t)n;
        }
        free(w->text);
        *w = (struct window){ TAKE_PTR(text), length, size - length };
        return 0;
}

/* Finds the last whole line in the window; false where there is none. The first line in it may lack its beginning. */
static bool window_find(const struct window *w, struct recovery *found)
{
        const char *end = memrchr(w->text, '\n', w->length);

        while (end) {
                const char *newline = memrchr(w->text, '\n', (size_t)(end - w->text)), *prev;
                const char *start = newline ? newline + 1 : w->text;

                if ((newline || w->at == 0) && !line_check(start, (size_t)(end - start), &found->last, &prev)) {
                        found->end = w->at + (uint64_t)(end + 1 - w->text);
                        return true;
                }
                end = newline;
        }
        return false;
}

/* Whether what follows the last whole line is a line that a crash cut short. */
static bool tail_is_cut(const char *tail, size_t length, uint64_t seq)
{
        const char *nul = memchr(tail, '\0', length);

        if (!nul && memchr(tail, '\n', length))
                return false;
        return line_may_begin(tail, nul ? (size_t)(nul - tail) : length, seq);
}

int recover_end(int fd, const struct line_position *before, struct recovery *ret, struct error *e)
{
        __attribute__((cleanup(window_clear))) struct window w = { NULL, 0, 0 };
        struct recovery found = { *before, 0, 0 };
        size_t length = WINDOW_FIRST;
        struct stat st;
        int r;

        if (fstat(fd, &st) < 0)
                return error_set(e, -errno, "cannot read the size of the file: %s", strerror(errno));
        for (;; length *= 2) {
                if (length > (uint64_t)st.st_size)
                        length = (size_t)st.st_size;
                r = window_read(fd, (uint64_t)st.st_size, length, &w);
                if (r < 0 || !w.text)
                        return error_set(e, r, "cannot read the file: %s", strerror(-r));
                if (window_find(&w, &found) || w.at == 0 || length >= WINDOW_MAX)
                        break;
        }
        if (!found.end && w.at > 0)
                return error_set(e, -EBADMSG,
                                 "the last %zu bytes hold no whole line of an audit stream; move the file away to start a new one", length);
        found.cut = (uint64_t)st.st_size - found.end;
        if (!tail_is_cut(w.text + (found.end - w.at), (size_t)found.cut, found.last.seq + 1))
                return error_set(e, -EBADMSG,
                                 "after line %" PRIu64 " come %" PRIu64 " bytes that are neither whole lines nor one cut short by a crash; "
                                 "keep the file as evidence and move it away to start a new one",
                                 found.last.seq, found.cut);
        *ret = found;
        return 0;
}

void recover_first(int fd, uint64_t *seq, uint64_t *realtime_ns)
{
        char head[256], *time, *quote;
        ssize_t n = pread(fd, head, sizeof(head) - 1, 0);

        *seq = *realtime_ns = 0;
        if (n <= 0)
                return;
        head[n] = '\0';
        time = strchr(head, ',');
        time = time ? strstr(time, "\"time\":\"") : NULL;
        quote = time ? strchr(time += strlen("\"time\":\""), '"') : NULL;
        if (!quote || !line_seq(head, (size_t)n))
                return;
        *quote = '\0';
        if (time_parse(time, realtime_ns) == 0)
                *seq = line_seq(head, (size_t)n);
}
