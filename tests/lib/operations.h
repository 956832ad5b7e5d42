/* SPDX-License-Identifier: Apache-2.0 */
/* What is done to a tree by chance: each operation with what the model expects of it. */
#ifndef HOLDFAST_TESTS_OPERATIONS_H
#define HOLDFAST_TESTS_OPERATIONS_H

#include "lib/chance.h"
#include "lib/model.h"

#include <linux/fs.h>
#include <sys/mman.h>

static struct model model;

/* One operation: what it is done to, what it should come to, and what it came to; 0 or negative errno. */
struct operation {
        const char *what;
        char path[PATH_MAX], other[PATH_MAX];
        struct stat st, other_st; /* st_nlink 0: nothing is there */
        int expected, got;
};

static void look(const char *path, struct stat *st)
{
        if (lstat(path, st) < 0)
                memset(st, 0, sizeof(*st));
}

/* Whether the folder, or one above it, is a part of the bind mount, which must stay where it is. */
static bool is_pinned(const char *path)
{
        char at[PATH_MAX];

        model_path(&model, path, at);
        return model.to && (path_within(model.to, at) || path_within(model.from, at));
}

static bool is_on_mount(const char *path)
{
        return model.to && path_within(path, model.to);
}

/* To list it could be refused, but there are no other names. */
static bool is_empty(const char *path)
{
        char child[PATH_MAX + 64];

        for (size_t i = 0; i < NAMES; i++) {
                snprintf(child, sizeof(child), "%s/%s", path, names[i]);
                if (faccessat(AT_FDCWD, child, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
                        return false;
        }
        return true;
}

/* Follows a link that is there; false: there is nothing to open, or it is outside of the tree. */
static bool follow(struct operation *o)
{
        char real[PATH_MAX];

        if (o->st.st_nlink && !S_ISLNK(o->st.st_mode))
                return true;
        if (!o->st.st_nlink || !realpath(o->path, real) || !path_within(real, root) || stat(real, &o->st) < 0)
                return false;
        strcpy(o->other, o->path);
        strcpy(o->path, real);
        return true;
}

/* Each of these says what is expected and does it, or returns false: it would fail anyway. */
static bool open_as(struct operation *o, int flags, unsigned rights)
{
        int fd;

        if (!follow(o) || (S_ISDIR(o->st.st_mode) && (rights & HF_WRITE)))
                return false;
        o->expected = model_check(&model, o->path, rights);
        fd = open(o->other[0] ? o->other : o->path, flags | O_CLOEXEC, 0755);
        o->got = fd < 0 ? -errno : 0;
        if (fd >= 0)
                close(fd);
        return true;
}

static bool do_read(struct operation *o)
{
        return open_as(o, O_RDONLY, HF_READ);
}

static bool do_write(struct operation *o)
{
        return open_as(o, O_WRONLY, HF_WRITE);
}

static bool do_read_write(struct operation *o)
{
        return open_as(o, O_RDWR, HF_READ | HF_WRITE);
}

static bool do_open_truncate(struct operation *o)
{
        return open_as(o, O_RDONLY | O_TRUNC, HF_READ | HF_WRITE);
}

static bool do_open_or_create(struct operation *o)
{
        return open_as(o, O_WRONLY | O_CREAT, HF_WRITE);
}

static bool do_truncate(struct operation *o)
{
        if (!follow(o) || S_ISDIR(o->st.st_mode))
                return false;
        o->expected = model_check(&model, o->path, HF_WRITE);
        o->got = outcome(truncate(o->path, below(3)));
        return true;
}

static bool do_chmod(struct operation *o)
{
        if (!follow(o))
                return false;
        o->expected = model_check(&model, o->path, HF_WRITE);
        o->got = outcome(chmod(o->path, percent(50) ? 0755 : 0711));
        return true;
}

/* The files are no programs: where running one is allowed, the kernel finds that out. */
static bool do_exec(struct operation *o)
{
        static char program[] = "program", *const arg[] = { program, NULL };

        if (!follow(o) || !S_ISREG(o->st.st_mode))
                return false;
        o->expected = model_check(&model, o->path, HF_EXEC);
        o->got = outcome(execve(o->path, arg, arg + 1));
        o->got = o->got == -ENOEXEC ? 0 : o->got;
        return true;
}

static bool do_map_as_code(struct operation *o)
{
        void *at = MAP_FAILED;
        int fd;

        if (!follow(o) || !S_ISREG(o->st.st_mode))
                return false;
        o->expected = model_check(&model, o->path, HF_READ | HF_EXEC);
        fd = open(o->path, O_RDONLY | O_CLOEXEC);
        if (fd >= 0)
                at = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
        o->got = at == MAP_FAILED ? -errno : 0;
        if (at != MAP_FAILED)
                munmap(at, 4096);
        if (fd >= 0)
                close(fd);
        return true;
}

static bool do_create(struct operation *o)
{
        int fd;

        if (o->st.st_nlink)
                return false;
        o->expected = model_change(&model, o->path, CHANGE_CREATE);
        if (!o->expected)
                o->expected = model_way(&model, o->path);
        fd = open(o->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0755);
        o->got = fd < 0 ? -errno : 0;
        if (fd >= 0)
                close(fd);
        return true;
}

static bool do_mkdir(struct operation *o)
{
        if (o->st.st_nlink)
                return false;
        o->expected = model_change(&model, o->path, CHANGE_FOLDER);
        o->got = outcome(mkdir(o->path, 0755));
        return true;
}

static bool do_symlink(struct operation *o)
{
        if (o->st.st_nlink)
                return false;
        o->expected = model_change(&model, o->path, CHANGE_OTHER);
        if (!o->expected)
                o->expected = model_way(&model, o->path);
        o->got = outcome(symlink(percent(50) ? name() : o->other, o->path));
        return true;
}

/* The object that a name led to loses it. */
static void lose(const struct stat *st)
{
        if (st->st_nlink && (S_ISDIR(st->st_mode) || st->st_nlink == 1))
                model_forget(&model, st);
}

static bool do_unlink(struct operation *o)
{
        if (!o->st.st_nlink || S_ISDIR(o->st.st_mode))
                return false;
        o->expected = model_change(&model, o->path, CHANGE_OTHER);
        o->got = outcome(unlink(o->path));
        if (!o->got)
                lose(&o->st);
        return true;
}

static bool do_rmdir(struct operation *o)
{
        if (!o->st.st_nlink || !S_ISDIR(o->st.st_mode) || is_pinned(o->path) || !is_empty(o->path))
                return false;
        o->expected = model_change(&model, o->path, CHANGE_OTHER);
        o->got = outcome(rmdir(o->path));
        if (!o->got)
                lose(&o->st);
        return true;
}

static bool do_link(struct operation *o)
{
        if (!o->st.st_nlink || S_ISDIR(o->st.st_mode) || o->other_st.st_nlink || is_on_mount(o->path) != is_on_mount(o->other))
                return false;
        o->expected = model_link(&model, o->path, o->other);
        o->got = outcome(link(o->path, o->other));
        return true;
}

static bool can_move(const struct operation *o)
{
        char from[PATH_MAX], to[PATH_MAX];

        model_path(&model, o->path, from);
        model_path(&model, o->other, to);
        return o->st.st_nlink && is_on_mount(o->path) == is_on_mount(o->other) && !path_within(from, to) && !path_within(to, from) &&
               !is_pinned(o->path) && !is_pinned(o->other);
}

static bool do_rename(struct operation *o)
{
        bool there = o->other_st.st_nlink, same = there && o->st.st_ino == o->other_st.st_ino;

        if (!can_move(o) || (there && S_ISDIR(o->st.st_mode) != S_ISDIR(o->other_st.st_mode)))
                return false;
        if (there && S_ISDIR(o->other_st.st_mode) && !is_empty(o->other))
                return false;
        o->expected = model_rename(&model, o->path, o->other, false);
        o->got = outcome(rename(o->path, o->other));
        if (!o->got && !same)
                lose(&o->other_st);
        return true;
}

static bool do_exchange(struct operation *o)
{
        if (!can_move(o) || !o->other_st.st_nlink)
                return false;
        o->expected = model_rename(&model, o->path, o->other, true);
        o->got = outcome(renameat2(AT_FDCWD, o->path, AT_FDCWD, o->other, RENAME_EXCHANGE));
        return true;
}

static const struct kind {
        const char *what;
        bool (*run)(struct operation *o);
        unsigned weight;
        bool two;
} kinds[] = {
        { "open to read", do_read, 12, false },
        { "open to write", do_write, 10, false },
        { "open to read and write", do_read_write, 3, false },
        { "open with O_TRUNC", do_open_truncate, 3, false },
        { "open with O_CREAT", do_open_or_create, 3, false },
        { "truncate", do_truncate, 4, false },
        { "chmod", do_chmod, 4, false },
        { "exec", do_exec, 6, false },
        { "map as code", do_map_as_code, 4, false },
        { "create", do_create, 10, false },
        { "mkdir", do_mkdir, 12, false },
        { "symlink", do_symlink, 3, true },
        { "unlink", do_unlink, 7, false },
        { "rmdir", do_rmdir, 7, false },
        { "link", do_link, 8, true },
        { "rename", do_rename, 14, true },
        { "exchange", do_exchange, 8, true },
};

#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

#endif
