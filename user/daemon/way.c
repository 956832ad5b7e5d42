/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/way.h"

#include "base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEPTH 128
#define LINKS 40 /* as many as the kernel follows */

/* The folders from the root down to where the path has led so far. */
struct steps {
        int fd[DEPTH];
        char name[DEPTH][NAME_MAX + 1]; /* of each but the root */
        int count;
};

static void steps_close(struct steps *s)
{
        while (s->count > 0)
                close(s->fd[--s->count]);
}

void way_clear(struct way *w)
{
        cleanup_close(&w->fd);
        for (int i = 0; i < w->levels; i++)
                cleanup_close(&w->above[i]);
        *w = (struct way)WAY_INIT;
}

/* Notes who may change what is in a folder, or a link's place in it. */
static void note_owner(struct way *w, const struct stat *st)
{
        if (st->st_uid && w->owner == (uid_t)-1)
                w->owner = st->st_uid;
        if (S_ISDIR(st->st_mode) && (st->st_mode & S_IWOTH) && !(st->st_mode & S_ISVTX))
                w->open = true;
}

static int enter(struct steps *s, struct way *w, int fd, const char *name)
{
        struct stat st;

        if (s->count == DEPTH || fstat(fd, &st) < 0) {
                close(fd);
                return -ENAMETOOLONG;
        }
        note_owner(w, &st);
        strcpy(s->name[s->count], name);
        s->fd[s->count++] = fd;
        return 0;
}

static int enter_root(struct steps *s, struct way *w)
{
        int fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);

        steps_close(s);
        return fd < 0 ? -errno : enter(s, w, fd, "");
}

/* Takes the first name off a path; "" at its end. */
static int take_name(const char **path, char name[NAME_MAX + 1])
{
        size_t n;

        *path += strspn(*path, "/");
        n = strcspn(*path, "/");
        if (n > NAME_MAX)
                return -ENAMETOOLONG;
        memcpy(name, *path, n);
        name[n] = '\0';
        *path += n;
        return 0;
}

static bool is_last(const char *left)
{
        return !left[strspn(left, "/")];
}

/* What is below the last folder: the name, and those that are left, none of which is there. */
static int note_place(struct way *w, const struct steps *s, const char *name, const char *left)
{
        char below[HF_EXECUTABLE_LEVELS][NAME_MAX + 1];
        int n = 0, at = s->count - 1;

        strcpy(below[n++], name);
        while (!is_last(left)) {
                if (n == HF_EXECUTABLE_LEVELS)
                        return 0; /* too far from what is there: it is known once more of the way is */
                if (take_name(&left, below[n]) < 0 || !strcmp(below[n], ".."))
                        return 0;
                n += strcmp(below[n], ".") != 0;
        }
        while (w->levels < HF_EXECUTABLE_LEVELS && at >= 0) {
                if (n > 0) {
                        strcpy(w->name[w->levels], below[--n]);
                        w->above[w->levels] = n > 0 ? -1 : fcntl(s->fd[at], F_DUPFD_CLOEXEC, 0);
                } else {
                        strcpy(w->name[w->levels], s->name[at--]);
                        if (at < 0)
                                break;
                        w->above[w->levels] = fcntl(s->fd[at], F_DUPFD_CLOEXEC, 0);
                }
                w->levels++;
        }
        return 0;
}

/* Puts what a link says in the place of its name. */
static int follow_link(struct steps *s, struct way *w, int fd, char *path, const char **left, int *links)
{
        char target[PATH_MAX], joined[PATH_MAX];
        ssize_t n = readlinkat(fd, "", target, sizeof(target) - 1);

        if (n < 0)
                return -errno;
        if (++*links > LINKS)
                return -ELOOP;
        target[n] = '\0';
        if (snprintf(joined, sizeof(joined), "%s/%s", target, *left) >= (int)sizeof(joined))
                return -ENAMETOOLONG;
        strcpy(path, joined);
        *left = path;
        return *target == '/' ? enter_root(s, w) : 0;
}

static int note_program(struct way *w, const struct steps *s, int fd, const struct stat *st, const char *name)
{
        w->fd = fd;
        w->device = st->st_dev;
        w->inode = st->st_ino;
        note_owner(w, st);
        return note_place(w, s, name, "");
}

/* One name on. 1: that was all. */
static int step(struct steps *s, struct way *w, char *path, const char **left, int *links)
{
        _cleanup_close_ int fd = -1;
        char name[NAME_MAX + 1];
        struct stat st;
        int r = take_name(left, name);

        if (r < 0 || !*name)
                return r < 0 ? r : 1; /* it is a folder */
        if (!strcmp(name, "."))
                return 0;
        if (!strcmp(name, "..")) {
                if (s->count > 1)
                        close(s->fd[--s->count]);
                return 0;
        }
        fd = openat(s->fd[s->count - 1], name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0 && errno != ENOENT)
                return -errno;
        if (fd < 0 || fstat(fd, &st) < 0)
                return note_place(w, s, name, *left) < 0 ? -ENOMEM : 1;
        if (S_ISLNK(st.st_mode)) {
                note_owner(w, &st);
                return follow_link(s, w, fd, path, left, links);
        }
        if (S_ISDIR(st.st_mode))
                return enter(s, w, TAKE_FD(fd), name);
        if (!S_ISREG(st.st_mode) || !is_last(*left))
                return 1;
        note_program(w, s, TAKE_FD(fd), &st, name);
        return 1;
}

int way_follow(const char *path, void (*visit)(void *context, int folder, const char *name), void *context, struct way *ret)
{
        __attribute__((cleanup(steps_close))) struct steps s = { .count = 0 };
        char text[PATH_MAX], name[NAME_MAX + 1];
        const char *left = text;
        int links = 0, r;

        *ret = (struct way)WAY_INIT;
        if (snprintf(text, sizeof(text), "%s", path) >= (int)sizeof(text))
                return -ENAMETOOLONG;
        r = enter_root(&s, ret);
        while (r == 0) {
                const char *peek = left;

                if (visit && take_name(&peek, name) == 0 && *name)
                        visit(context, s.fd[s.count - 1], name);
                r = step(&s, ret, text, &left, &links);
        }
        return r < 0 ? r : 0;
}
