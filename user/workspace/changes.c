/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The upper layer has what the session made or touched, and a mark for what it removed. What only came there because something was opened
 * for writing is no change, and content is always compared: times are the agent's to set.
 */
#include "base/cleanup.h"
#include "workspace/beneath.h"
#include "workspace/side.h"
#include "workspace/workspace.h"

#include <fcntl.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#define CHANGES_MAX 200000u
#define BYTES_MAX (64u << 20) /* of all paths */
#define PIECE 65536
#define OPAQUE "trusted.overlay.opaque"
#define ORIGIN "trusted.overlay.origin"
#define CHANGED "it was changed outside since the session began"
#define REMOVED "it was removed outside since the session began"
#define ANOTHERS "it belongs to another user"
#define REPLACED "another folder has its place since the session began"

static const char *const op_names[CHANGE_OPS] = { [CHANGE_ADDED] = "added",
                                                  [CHANGE_MODIFIED] = "modified",
                                                  [CHANGE_DELETED] = "deleted",
                                                  [CHANGE_ATTRIBUTES] = "attributes",
                                                  [CHANGE_TYPE] = "type" };

/* A folder to look at, and why what is in it in the real one may be somebody else's. */
struct place {
        char *path;
        const char *conflict; /* NULL: it is not */
        bool old_only;        /* but what the session adds is all the same */
};

struct places {
        struct place *list;
        size_t count, room;
};

struct search {
        const struct layers *l;
        struct changes *c;
        struct places folders; /* of the upper layer */
        struct places gone;    /* that are to go, or were a folder and are none */
        struct error *e;
};

const char *change_op_name(enum change_op op)
{
        return op < CHANGE_OPS ? op_names[op] : "unknown";
}

static void list_clear(struct change *list, size_t n)
{
        for (size_t i = 0; i < n; i++)
                free(list[i].path);
        free(list);
}

void changes_clear(struct changes *c)
{
        list_clear(c->list, c->count);
        list_clear(c->same, c->n_same);
        *c = (struct changes){ 0 };
}

/* The path stays the caller's. */
static int note(struct search *s, struct change **list, size_t *count, size_t *room, const char *path, struct change what)
{
        struct changes *c = s->c;

        if (*count == *room) {
                const size_t more = *room ? *room * 2 : 64;
                struct change *grown = reallocarray(*list, more, sizeof(*grown));

                if (!grown)
                        return error_set(s->e, -ENOMEM, "out of memory");
                *list = grown;
                *room = more;
        }
        c->bytes += strlen(path);
        if (*count >= CHANGES_MAX || c->bytes > BYTES_MAX)
                return error_set(s->e, -E2BIG, "more changes than can be looked at: discard them");
        what.path = strdup(path);
        if (!what.path)
                return error_set(s->e, -ENOMEM, "out of memory");
        (*list)[(*count)++] = what;
        return 0;
}

/* Of what is in a folder. */
static int add(struct search *s, const struct place *in, const char *path, struct change what)
{
        if (!what.conflict && !(in->old_only && what.op == CHANGE_ADDED))
                what.conflict = in->conflict;
        return note(s, &s->c->list, &s->c->count, &s->c->room, path, what);
}

static int add_same(struct search *s, const char *path, struct change what)
{
        return note(s, &s->c->same, &s->c->n_same, &s->c->same_room, path, what);
}

static int later(struct search *s, struct places *all, const char *path, const char *conflict, bool old_only)
{
        char *copy = strdup(path);

        if (copy && all->count == all->room) {
                const size_t more = all->room ? all->room * 2 : 64;
                struct place *grown = reallocarray(all->list, more, sizeof(*grown));

                if (!grown) {
                        free(copy);
                        copy = NULL;
                } else {
                        all->list = grown;
                        all->room = more;
                }
        }
        if (!copy)
                return error_set(s->e, -ENOMEM, "out of memory");
        all->list[all->count++] = (struct place){ copy, conflict, old_only };
        return 0;
}

static void places_clear(struct places *all)
{
        for (size_t i = 0; i < all->count; i++)
                free(all->list[i].path);
        free(all->list);
}

static bool changed_since(const struct layers *l, const struct stat *st)
{
        return (uint64_t)st->st_ctim.tv_sec * 1000000000ull + (uint64_t)st->st_ctim.tv_nsec >= l->started;
}

/* What is in a folder of the user's is theirs to remove, whoever it belongs to; but they are to say so. */
static const char *doubt(const struct layers *l, const struct stat *hs)
{
        return changed_since(l, hs) ? CHANGED : l->uid && hs->st_uid != l->uid ? ANOTHERS : NULL;
}

static int failed(struct search *s, const char *path, int r)
{
        return r == -ENOMEM ? error_set(s->e, r, "out of memory") : error_set(s->e, r, "%s: %s", *path ? path : ".", strerror(-r));
}

/* ---- comparing two that have one name ------------------------------------------------------------------------------------------- */

static ssize_t read_full(int fd, char *out, size_t size)
{
        size_t n = 0;

        while (n < size) {
                ssize_t got = read(fd, out + n, size - n);

                if (got < 0 && errno == EINTR)
                        continue;
                if (got <= 0)
                        return got < 0 ? -errno : (ssize_t)n;
                n += (size_t)got;
        }
        return (ssize_t)n;
}

/* Whether two regular files say the same. One that cannot be read does not. */
static bool content_same(const struct layers *l, int us, int hs)
{
        _cleanup_free_ char *a = malloc(PIECE), *b = malloc(PIECE);
        _cleanup_close_ int upper = side_read(l, us), folder = side_read(l, hs);
        ssize_t n, m;

        if (!a || !b || upper < 0 || folder < 0)
                return false;
        do {
                n = read_full(upper, a, PIECE);
                m = read_full(folder, b, PIECE);
                if (n != m || n < 0 || memcmp(a, b, (size_t)n) != 0)
                        return false;
        } while (n > 0);
        return true;
}

static bool target_same(int upper, int folder)
{
        char a[PATH_MAX], b[PATH_MAX];
        ssize_t n = readlinkat(upper, "", a, sizeof(a)), m = readlinkat(folder, "", b, sizeof(b));

        return n >= 0 && n == m && !memcmp(a, b, (size_t)n);
}

static bool attributes_same(int upper, int folder)
{
        _cleanup_buffer_ struct buffer a = BUFFER_INIT, b = BUFFER_INIT;

        return attributes_read(upper, &a) == 0 && attributes_read(folder, &b) == 0 && a.length == b.length &&
               (!a.length || !memcmp(a.data, b.data, a.length));
}

static bool owner_mode_same(const struct stat *a, const struct stat *b)
{
        return a->st_mode == b->st_mode && a->st_uid == b->st_uid && a->st_gid == b->st_gid;
}

static bool mtime_same(const struct stat *a, const struct stat *b)
{
        return a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

/* ---- what is never applied ------------------------------------------------------------------------------------------------------ */

static bool is_readable(const struct layers *l, int fd)
{
        _cleanup_close_ int file = side_read(l, fd);

        return file >= 0;
}

static const char *refusal(const struct layers *l, int upper, const struct stat *us)
{
        switch (us->st_mode & S_IFMT) {
        case S_IFCHR:
        case S_IFBLK:
                return "it is a device node";
        case S_IFIFO:
                return "it is a named pipe";
        case S_IFSOCK:
                return "it is a socket";
        case S_IFREG:
                if (us->st_mode & (S_ISUID | S_ISGID))
                        return "it would run as its owner or group (set-user-ID or set-group-ID)";
                if (attribute_is(upper, "security.capability"))
                        return "it would run with capabilities";
        }
        if (l->uid && us->st_uid != l->uid)
                return ANOTHERS;
        return S_ISREG(us->st_mode) && !is_readable(l, upper) ? "its user may not read it" : NULL;
}

/* ---- where a file of the upper layer came from ---------------------------------------------------------------------------------- */

#define HANDLE_MAX 128
#define HANDLE_AT 21 /* version, magic, length, flags, type, uuid: struct ovl_fb of the kernel's fs/overlayfs/overlayfs.h */
#define HANDLE_TYPE 4

/* Opens what it was copied from. -ENODATA: it is not known; -ESTALE: that is no more. */
static int open_origin(const struct layers *l, int upper)
{
        union {
                struct file_handle h;
                char room[sizeof(struct file_handle) + HANDLE_MAX];
        } handle;
        char path[FD_PATH_SIZE], value[HANDLE_AT + HANDLE_MAX];
        const ssize_t n = getxattr(fd_path(upper, path), ORIGIN, value, sizeof(value));
        _cleanup_close_ int folder = -1;
        int fd;

        if (n <= HANDLE_AT)
                return -ENODATA;
        handle.h.handle_bytes = (unsigned int)(n - HANDLE_AT);
        handle.h.handle_type = (unsigned char)value[HANDLE_TYPE];
        memcpy(handle.h.f_handle, value + HANDLE_AT, handle.h.handle_bytes);
        folder = openat(l->folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (folder < 0)
                return -ENODATA;
        fd = open_by_handle_at(folder, &handle.h, O_PATH | O_CLOEXEC);
        return fd >= 0 ? fd : errno == ESTALE ? -ESTALE : -ENODATA;
}

/*
 * Whether it was copied from a file of the folder that is no more. One that the session renamed came from a file that is still there, under
 * its old name. Without a handle nothing is known, and nothing would be overwritten.
 */
static bool origin_is_gone(const struct layers *l, int upper)
{
        _cleanup_close_ int fd = open_origin(l, upper);
        struct stat st;

        return fd < 0 ? fd == -ESTALE : fstat(fd, &st) == 0 && st.st_nlink == 0;
}

/* No folder of the real one can be renamed in the session: what it was copied from has its place, or somebody has put another one there. */
static bool origin_is_another(const struct layers *l, int upper, const struct stat *hs)
{
        _cleanup_close_ int fd = open_origin(l, upper);
        struct stat st;

        return fd < 0 ? fd == -ESTALE : fstat(fd, &st) < 0 || st.st_dev != hs->st_dev || st.st_ino != hs->st_ino;
}

/* ---- the walk ------------------------------------------------------------------------------------------------------------------- */

static bool is_whiteout(const struct stat *st)
{
        return S_ISCHR(st->st_mode) && st->st_rdev == makedev(0, 0);
}

static bool is_opaque(int upper)
{
        char path[FD_PATH_SIZE], value = 0;

        return getxattr(fd_path(upper, path), OPAQUE, &value, 1) == 1 && value == 'y';
}

/* What cannot be looked at keeps nobody from the rest. */
static int cannot_look(struct search *s, const struct place *in, const char *path, enum change_op op, const struct stat *us, int r)
{
        struct change what = { .op = op };

        if (r == -ENOMEM)
                return failed(s, path, r);
        if (us)
                what.upper = *us;
        what.refused = r == -EXDEV                   ? "another file system is mounted there"
                       : r == -EACCES || r == -EPERM ? "its user may not look at what is there"
                                                     : "what is there cannot be looked at";
        return add(s, in, path, what);
}

/* Opens and looks, as the user; -ENOENT where there is nothing. */
static int look_below(struct search *s, const char *path, struct stat *st)
{
        int fd, r;

        side_folder(s->l);
        fd = beneath_open(s->l->folder, path, O_PATH);
        side_upper();
        if (fd == -ENOTDIR || fd == -ELOOP)
                return -ENOENT;
        if (fd < 0 || fstat(fd, st) == 0)
                return fd;
        r = -errno;
        close(fd);
        return r;
}

static bool can_list(const struct layers *l, const char *path)
{
        _cleanup_close_ int fd = -1;

        side_folder(l);
        fd = beneath_open(l->folder, path, O_RDONLY | O_DIRECTORY);
        side_upper();
        return fd >= 0;
}

/*
 * It, and all that is in it, is to go. A folder that was changed may be another one by now, or have what was elsewhere before, and is as it
 * was: nothing in it is sure to be what the session removed.
 */
static int gone(struct search *s, const struct place *in, const char *path, const struct stat *hs)
{
        struct change what = { .op = CHANGE_DELETED, .seen = seen_of(hs), .conflict = doubt(s->l, hs) };
        int r = 0;

        if (S_ISDIR(hs->st_mode) && !can_list(s->l, path)) {
                what.refused = "its user may not look at what is in it";
                return add(s, in, path, what);
        }

        what.conflict = what.conflict ? what.conflict : in->conflict;
        if (S_ISDIR(hs->st_mode))
                r = later(s, &s->gone, path, what.conflict, false);
        return r < 0 ? r : add(s, in, path, what);
}

/* What is in a folder of below that the session's view has no more: all, but for the names that are kept. */
static int gone_below(struct search *s, const struct place *in, const struct entries *kept)
{
        const char *path = in->path;
        _cleanup_entries_ struct entries names = { 0 };
        _cleanup_close_ int fd = -1;
        int r;

        side_folder(s->l);
        fd = beneath_open(s->l->folder, path, O_RDONLY | O_DIRECTORY);
        r = fd < 0 ? fd : entries_read(fd, &names);
        side_upper();
        if (r == -ENOMEM)
                return failed(s, path, r);
        if (r < 0)
                return 0; /* then it is not empty when it is to go, and stays */
        for (size_t i = 0, k = 0; r == 0 && i < names.count; i++) {
                _cleanup_free_ char *child = NULL;
                struct stat hs = { 0 };
                int at;

                while (kept && k < kept->count && strcmp(kept->list[k], names.list[i]) < 0)
                        k++;
                if (kept && k < kept->count && !strcmp(kept->list[k], names.list[i]))
                        continue;
                child = beneath_join(path, names.list[i]);
                if (!child)
                        return failed(s, path, -ENOMEM);
                at = look_below(s, child, &hs);
                if (at >= 0)
                        r = gone(s, in, child, &hs);
                else if (at != -ENOENT)
                        r = cannot_look(s, in, child, CHANGE_DELETED, NULL, at);
                if (at >= 0)
                        close(at);
        }
        return r;
}

static int compare_folder(struct search *s, const struct place *in, const char *path, int upper, const struct stat *us, int below,
                          const struct stat *hs, struct change *what)
{
        const bool opaque = is_opaque(upper), another = !opaque && origin_is_another(s->l, upper, hs);
        struct place self = *in;
        int r;

        /* A new folder of the session that covers what is there: others may have made that, or an apply of a part. */
        if (another)
                self = (struct place){ .conflict = what->conflict = REPLACED };
        else if (opaque && changed_since(s->l, hs) && !in->conflict)
                self = (struct place){ .conflict = CHANGED, .old_only = true };
        r = later(s, &s->folders, path, self.conflict, self.old_only);
        if (r < 0 || (!another && owner_mode_same(us, hs) && attributes_same(upper, below)))
                return r;
        what->op = CHANGE_ATTRIBUTES;
        if (!another && changed_since(s->l, hs))
                what->unclear = "it was touched outside since the session began, and only its attributes differ";
        return add(s, in, path, *what);
}

static int compare_file(struct search *s, const struct place *in, const char *path, int upper, const struct stat *us, int below,
                        const struct stat *hs, struct change *what)
{
        const bool link = S_ISLNK(us->st_mode);
        const bool content = link ? target_same(upper, below) : us->st_size == hs->st_size && content_same(s->l, upper, below);

        if (content && owner_mode_same(us, hs) && (link || (mtime_same(us, hs) && attributes_same(upper, below)))) {
                what->refused = NULL;
                return us->st_nlink > 1 && !link ? add_same(s, path, *what) : 0;
        }
        what->op = content ? CHANGE_ATTRIBUTES : CHANGE_MODIFIED;
        if (changed_since(s->l, hs) && content)
                what->unclear = "it was touched outside since the session began, and only its attributes differ";
        else
                what->conflict = doubt(s->l, hs);
        return add(s, in, path, *what);
}

/* There is something of that name in the upper layer. */
static int compare(struct search *s, const struct place *in, const char *path, int upper, const struct stat *us)
{
        struct change what = { .upper = *us };
        struct stat hs = { 0 };
        _cleanup_close_ int below = look_below(s, path, &hs);
        int r = 0;

        if (below < 0 && below != -ENOENT)
                return cannot_look(s, in, path, is_whiteout(us) ? CHANGE_DELETED : CHANGE_TYPE, us, below);
        if (is_whiteout(us))
                return below >= 0 ? gone(s, in, path, &hs) : 0;
        if (below >= 0)
                what.seen = seen_of(&hs);
        what.refused = refusal(s->l, upper, us);
        if (below >= 0 && S_ISDIR(us->st_mode) && S_ISDIR(hs.st_mode))
                return compare_folder(s, in, path, upper, us, below, &hs, &what);
        if ((us->st_mode & S_IFMT) == (hs.st_mode & S_IFMT) && (S_ISREG(us->st_mode) || S_ISLNK(us->st_mode)))
                return compare_file(s, in, path, upper, us, below, &hs, &what);
        if (below < 0) {
                what.op = CHANGE_ADDED;
                what.conflict = origin_is_gone(s->l, upper) ? REMOVED : NULL;
        } else {
                what.op = CHANGE_TYPE;
                what.conflict = doubt(s->l, &hs);
                if (S_ISDIR(hs.st_mode) && !can_list(s->l, path))
                        what.refused = "its user may not look at what is in it";
                what.conflict = what.conflict ? what.conflict : in->conflict;
        }
        if (S_ISDIR(us->st_mode))
                r = later(s, &s->folders, path, in->conflict, in->old_only);
        if (r == 0 && below >= 0 && S_ISDIR(hs.st_mode))
                r = later(s, &s->gone, path, what.conflict, false);
        return r < 0 ? r : add(s, in, path, what);
}

static int look_at(struct search *s, const struct place *in)
{
        const char *path = in->path;
        _cleanup_close_ int folder = beneath_open(s->l->upper, path, O_RDONLY | O_DIRECTORY);
        _cleanup_entries_ struct entries names = { 0 };
        int r = folder < 0 ? folder : entries_read(folder, &names);

        if (r == -ENOENT || r == -ENOTDIR)
                return 0; /* the session runs */
        if (r < 0)
                return failed(s, path, r);
        for (size_t i = 0; r == 0 && i < names.count; i++) {
                _cleanup_free_ char *child = beneath_join(path, names.list[i]);
                _cleanup_close_ int fd = beneath_open(folder, names.list[i], O_PATH);
                struct stat st;

                if (!child)
                        return failed(s, path, -ENOMEM);
                if (fd == -ENOENT)
                        continue; /* the session runs */
                if (fd < 0 || fstat(fd, &st) < 0)
                        return failed(s, child, fd < 0 ? fd : -EIO);
                r = compare(s, in, child, fd, &st);
        }
        return r == 0 && is_opaque(folder) ? gone_below(s, in, &names) : r;
}

/* A folder before what is in it, and that before its neighbour: "/" sorts before all other bytes. */
static int by_path(const void *a, const void *b)
{
        const unsigned char *x = (const unsigned char *)((const struct change *)a)->path;
        const unsigned char *y = (const unsigned char *)((const struct change *)b)->path;

        while (*x && *x == *y) {
                x++;
                y++;
        }
        return (*x == '/' ? 1 : *x ? *x + 1 : 0) - (*y == '/' ? 1 : *y ? *y + 1 : 0);
}

int changes_find(const struct layers *l, struct changes *ret, struct error *e)
{
        struct search s = { .l = l, .c = ret, .e = e };
        int r = later(&s, &s.folders, "", NULL, false);

        *ret = (struct changes){ 0 };
        for (size_t i = 0; r == 0 && i < s.folders.count; i++) {
                const struct place in = s.folders.list[i]; /* the list may move */

                r = look_at(&s, &in);
        }
        for (size_t i = 0; r == 0 && i < s.gone.count; i++) {
                const struct place in = s.gone.list[i];

                r = gone_below(&s, &in, NULL);
        }
        places_clear(&s.folders);
        places_clear(&s.gone);
        if (r == 0 && ret->count)
                qsort(ret->list, ret->count, sizeof(*ret->list), by_path);
        return r < 0 && e && !e->code ? error_set(e, r, "%s", strerror(-r)) : r;
}

struct change *changes_above(const struct changes *c, const char *path)
{
        const char *slash = strrchr(path, '/');
        struct change key = { .path = slash ? strndup(path, (size_t)(slash - path)) : NULL };
        struct change *found = key.path ? bsearch(&key, c->list, c->count, sizeof(*c->list), by_path) : NULL;

        free(key.path);
        return found;
}
