/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/mounts.h"

#include "base/cleanup.h"
#include "daemon/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define MOUNTINFO_MAX (64u << 20)

/* Undoes \040 and the like, in place. */
static void unescape(char *text)
{
        char *out = text;

        for (const char *p = text; *p; p++) {
                if (p[0] == '\\' && p[1] >= '0' && p[1] <= '3' && p[2] >= '0' && p[2] <= '7' && p[3] >= '0' && p[3] <= '7') {
                        *out++ = (char)((p[1] - '0') << 6 | (p[2] - '0') << 3 | (p[3] - '0'));
                        p += 3;
                } else {
                        *out++ = *p;
                }
        }
        *out = '\0';
}

/* Takes the next field off the line; NULL at its end. */
static char *field(char **line)
{
        char *f;

        do
                f = strsep(line, " ");
        while (f && !*f);
        return f;
}

/* "36 35 98:0 /root /point options [optional…] - type source super-options" */
static int parse_line(char *line, struct mount *ret)
{
        unsigned major, minor;
        char *dev, *root, *point, *f, *type;

        field(&line); /* its own number, and its parent's */
        field(&line);
        dev = field(&line);
        root = field(&line);
        point = field(&line);
        if (!dev || !root || !point || sscanf(dev, "%u:%u", &major, &minor) != 2)
                return -EBADMSG;
        do
                f = field(&line);
        while (f && strcmp(f, "-") != 0);
        type = f ? field(&line) : NULL;
        if (!type)
                return -EBADMSG;
        unescape(root);
        unescape(point);
        *ret = (struct mount){ major << 20 | minor, strdup(root), strdup(point), strdup(type) };
        return ret->root && ret->point && ret->type ? 0 : -ENOMEM;
}

static int append(struct mounts *m, char *line)
{
        struct mount *list = reallocarray(m->list, m->count + 1, sizeof(*list));

        if (!list)
                return -ENOMEM;
        m->list = list;
        list[m->count] = (struct mount){ 0, NULL, NULL, NULL };
        return parse_line(line, &list[m->count++]);
}

int mounts_parse(const char *text, struct mounts *ret)
{
        _cleanup_mounts_ struct mounts m = MOUNTS_INIT;
        _cleanup_free_ char *copy = strdup(text);
        char *rest = copy, *line;

        if (!copy)
                return -ENOMEM;
        while ((line = strsep(&rest, "\n"))) {
                int r = *line ? append(&m, line) : 0;

                if (r < 0)
                        return r;
        }
        *ret = m;
        m = (struct mounts)MOUNTS_INIT;
        return 0;
}

int mounts_read(pid_t pid, struct mounts *ret)
{
        _cleanup_free_ char *text = NULL;
        char path[64] = "/proc/self/mountinfo";
        int r;

        if (pid > 0)
                snprintf(path, sizeof(path), "/proc/%d/mountinfo", pid);
        r = file_read(AT_FDCWD, path, MOUNTINFO_MAX, &text, NULL);
        return r < 0 ? r : mounts_parse(text, ret);
}

void mounts_clear(struct mounts *m)
{
        for (size_t i = 0; i < m->count; i++) {
                free(m->list[i].root);
                free(m->list[i].point);
                free(m->list[i].type);
        }
        free(m->list);
        *m = (struct mounts)MOUNTS_INIT;
}

const struct mount *mounts_find_type(const struct mounts *m, const char *type)
{
        for (size_t i = 0; i < m->count; i++)
                if (!strcmp(m->list[i].type, type))
                        return &m->list[i];
        return NULL;
}

/* What is left of path below root ("" when they are the same place), or NULL when it is elsewhere. */
static const char *below(const char *root, const char *path)
{
        size_t n = strlen(root);

        if (!strcmp(root, "/"))
                return strcmp(path, "/") != 0 ? path : "";
        if (strncmp(path, root, n) != 0 || (path[n] && path[n] != '/'))
                return NULL;
        return path + n;
}

static bool better(const struct mount *a, const struct mount *b)
{
        if (!b)
                return true;
        if (!strcmp(b->root, "/"))
                return false;
        return !strcmp(a->root, "/") || strlen(a->root) > strlen(b->root);
}

char *mounts_path(const struct mounts *m, uint32_t dev, const char *inside)
{
        const struct mount *best = NULL;
        const char *rest;
        char *path;

        for (size_t i = 0; i < m->count; i++) {
                const struct mount *c = &m->list[i];

                if (c->dev == dev && below(c->root, inside) && better(c, best))
                        best = c;
        }
        if (!best)
                return NULL;
        rest = below(best->root, inside);
        if (asprintf(&path, "%s%s", strcmp(best->point, "/") != 0 || !*rest ? best->point : "", rest) < 0)
                return NULL;
        return path;
}

const char **mounts_points(const struct mounts *m)
{
        const char **points = calloc(m->count + 1, sizeof(*points));

        if (!points)
                return NULL;
        for (size_t i = 0; i < m->count; i++)
                points[i] = m->list[i].point;
        return points;
}
