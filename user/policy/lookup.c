/* SPDX-License-Identifier: Apache-2.0 */
/* Where a path leads in a view of the file system: component by component, as path_resolution(7) says. */
#include "policy/policy.h"

#include "base/buffer.h"
#include "base/cleanup.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#define OPENS_MAX 10000 /* steps of one path: links and ".." can make a short one long, and others wait meanwhile */

struct lookup {
        const struct fs_view *view;
        int fd;      /* what exists of it */
        bool folder; /* fd is one */
        struct buffer path;
        size_t missing; /* where in path begins what does not exist; 0: all exists */
        const char *rest;
        char *owned; /* where rest points into, once a symlink's target was put before it */
        int links, opens;
};

static int look(struct lookup *l, int folder, const char *name, struct fs_object *ret)
{
        *ret = (struct fs_object){ .fd = -1 };
        return ++l->opens > OPENS_MAX ? -ENAMETOOLONG : l->view->open(l->view->context, folder, name, ret);
}

static void lookup_clear(struct lookup *l)
{
        cleanup_close(&l->fd);
        buffer_clear(&l->path);
        free(l->owned);
}

static int append(struct lookup *l, const char *name, size_t length)
{
        int r = buffer_append(&l->path, "/", 1);

        return r < 0 ? r : buffer_append(&l->path, name, length);
}

/* Goes to what was opened. */
static void enter(struct lookup *l, struct fs_object *object)
{
        cleanup_close(&l->fd);
        l->fd = object->fd;
        l->folder = object->folder;
}

static int go_to_root(struct lookup *l)
{
        struct fs_object root;
        int r = look(l, -1, "", &root);

        if (r < 0)
                return r;
        buffer_truncate(&l->path, 0);
        enter(l, &root);
        l->folder = true;
        return 0;
}

/* One component that is no symlink, "." or "..": into the folder again that was left. */
static int enter_again(struct lookup *l, const char *name)
{
        struct fs_object object;
        int r = look(l, l->fd, name, &object);

        if (r < 0)
                return r;
        enter(l, &object);
        if (!object.target)
                return append(l, name, strlen(name));
        free(object.target);
        return -EAGAIN;
}

/* The parent, by its path from the root: a descriptor's own ".." could lead out of the root. */
static int go_up(struct lookup *l)
{
        char *end = l->path.length ? strrchr(l->path.data, '/') : NULL;
        _cleanup_free_ char *parent = end ? strndup(l->path.data, (size_t)(end - l->path.data)) : strdup("");
        char *save = NULL;
        int r;

        if (l->missing)
                return -ENOENT;
        if (!parent)
                return -ENOMEM;
        r = go_to_root(l);
        for (char *name = strtok_r(parent, "/", &save); name && r == 0; name = strtok_r(NULL, "/", &save))
                r = enter_again(l, name);
        return r;
}

/* Puts a symlink's target, which is taken, before the rest. */
static int follow(struct lookup *l, char *target)
{
        _cleanup_free_ char *owned = target;
        char *path;

        if (++l->links > FS_LINKS_MAX)
                return -ELOOP;
        if (asprintf(&path, "%s/%s", owned, l->rest) < 0)
                return -ENOMEM;
        free(l->owned);
        l->rest = l->owned = path;
        return path[0] == '/' ? go_to_root(l) : 0;
}

static int go_down(struct lookup *l, const char *name, size_t length)
{
        _cleanup_free_ char *component = strndup(name, length);
        struct fs_object object;
        int r;

        if (!component)
                return -ENOMEM;
        r = look(l, l->fd, component, &object);
        if (r == -ENOENT) {
                l->missing = l->path.length + 1;
                return append(l, name, length);
        }
        if (r < 0)
                return r;
        if (object.target) {
                cleanup_close(&object.fd);
                return follow(l, object.target);
        }
        enter(l, &object);
        return append(l, name, length);
}

static int step(struct lookup *l, const char *name, size_t length)
{
        if (!l->folder)
                return -ENOTDIR;
        if (length == 1 && name[0] == '.')
                return 0;
        if (length == 2 && name[0] == '.' && name[1] == '.')
                return go_up(l);
        if (length > NAME_MAX)
                return -ENAMETOOLONG;
        return l->missing ? append(l, name, length) : go_down(l, name, length);
}

int fs_lookup(const struct fs_view *view, const char *path, struct fs_found *ret)
{
        _cleanup_(lookup_clear) struct lookup l = { .view = view, .fd = -1, .path = BUFFER_INIT, .rest = path };
        int r = path[0] != '/' ? -EINVAL : strlen(path) >= PATH_MAX ? -ENAMETOOLONG : go_to_root(&l);

        while (r == 0) {
                const char *name = l.rest + strspn(l.rest, "/");
                size_t length = strcspn(name, "/");

                if (!length)
                        break;
                l.rest = name + length;
                r = step(&l, name, length);
        }
        if (r == 0 && !l.path.length)
                r = buffer_append(&l.path, "/", 1);
        if (r < 0)
                return r;
        *ret = (struct fs_found){ .fd = TAKE_FD(l.fd), .path = TAKE_PTR(l.path.data) };
        ret->missing = l.missing ? ret->path + l.missing : NULL;
        return 0;
}
