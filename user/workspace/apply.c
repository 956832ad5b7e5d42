/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A new file is made under a name of its own beside the one that it replaces, and the two are exchanged. What came out is then looked at:
 * was it changed by somebody at the last moment, it is put back. A note says meanwhile what is under way, for changes_recover().
 */
#include "base/cleanup.h"
#include "base/json.h"
#include "workspace/beneath.h"
#include "workspace/copy.h"
#include "workspace/side.h"
#include "workspace/workspace.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/xattr.h>

#define NOTE WORKSPACE_NOTE
#define NOTE_NEW NOTE ".new"
#define INO_OLD 0         /* what is beside is what was there before */
#define INO_NEW ULONG_MAX /* it is what is being made */
#define NAMES 100
#define ENTRY 100 /* bytes of JSON around a path */
#define LINKS 4096
#define SYMLINK_MAX PATH_MAX

/* A file with several names that was put into the folder already. */
struct linked {
        struct linked *next;
        ino_t upper, ino;
        const char *path;
};

struct apply {
        const struct layers *l;
        struct changes *c;
        bool force;
        cJSON *applied, *kept, *refused, *conflicts;
        size_t n_applied;
        size_t shown;                /* bytes that the answer has by now */
        bool cut, failed;            /* something was not applied */
        struct linked *links[LINKS]; /* by the number of the upper one */
};

/* ---- what is under way ---------------------------------------------------------------------------------------------------------- */

/* The number of the new file, and the paths of the one beside and of the one that is to be, each with its NUL. */
static int note_write(const struct apply *a, ino_t ino, const char *beside, const char *path)
{
        _cleanup_close_ int fd = -1;
        uint64_t number = ino;

        if (a->l->state < 0)
                return 0;
        fd = openat(a->l->state, NOTE_NEW, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (fd < 0 || write(fd, &number, sizeof(number)) != sizeof(number) ||
            write(fd, beside, strlen(beside) + 1) != (ssize_t)strlen(beside) + 1 ||
            write(fd, path, strlen(path) + 1) != (ssize_t)strlen(path) + 1 || renameat(a->l->state, NOTE_NEW, a->l->state, NOTE) < 0)
                return errno ? -errno : -EIO;
        return 0;
}

static int note(const struct apply *a, ino_t ino, const char *beside, const char *path)
{
        int r;

        side_upper();
        r = note_write(a, ino, beside, path);
        side_folder(a->l);
        return r;
}

static void settle(const struct layers *l, ino_t ino, const char *beside, const char *path)
{
        const char *name, *other;
        _cleanup_close_ int parent = beneath_parent(l->folder, beside, &other);
        struct stat st;

        name = strrchr(path, '/');
        name = name ? name + 1 : path;
        if (parent < 0 || fstatat(parent, other, &st, AT_SYMLINK_NOFOLLOW) < 0)
                return;
        /* The old one, and nothing has taken its place: it was to be deleted, and nobody looked yet whether it was the same. */
        if (ino != INO_NEW && st.st_ino != ino && renameat2(parent, other, parent, name, RENAME_NOREPLACE) == 0)
                return;
        unlinkat(parent, other, 0);
}

int changes_recover(const struct layers *l)
{
        _cleanup_buffer_ struct buffer text = BUFFER_INIT;
        _cleanup_close_ int fd = openat(l->state, NOTE, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
        uint64_t ino;
        const char *beside, *path, *end;

        if (fd < 0)
                return errno == ENOENT ? 0 : -errno;
        if (buffer_read(&text, fd) == 0 && text.length > sizeof(ino) + 2) {
                memcpy(&ino, text.data, sizeof(ino));
                beside = text.data + sizeof(ino);
                end = text.data + text.length;
                path = beside + strlen(beside) + 1;
                if (path < end && path + strlen(path) + 1 == end) {
                        side_folder(l);
                        settle(l, (ino_t)ino, beside, path);
                        side_upper();
                }
        }
        return unlinkat(l->state, NOTE, 0) < 0 && errno != ENOENT ? -errno : 0;
}

/* ---- one file ------------------------------------------------------------------------------------------------------------------- */

static struct seen look(int parent, const char *name)
{
        struct stat st;

        return fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) == 0 ? seen_of(&st) : (struct seen){ 0 };
}

/* A free name beside the file. */
static char *beside(const char *path, int n)
{
        const char *slash = strrchr(path, '/');
        char *text = NULL;

        if (asprintf(&text, "%.*s.holdfast-%d-%d", slash ? (int)(slash + 1 - path) : 0, path, (int)getpid(), n) < 0)
                return NULL;
        return text;
}

/* Puts the new one in the place of the one that was seen there; -ESTALE: that is another one by now, and stays. */
static int exchange(int parent, const char *other, const char *name, const struct seen *before)
{
        struct seen now;

        if (!before->there) {
                if (renameat2(parent, other, parent, name, RENAME_NOREPLACE) == 0)
                        return 0;
                return errno == EEXIST ? -ESTALE : -errno;
        }
        if (renameat2(parent, other, parent, name, RENAME_EXCHANGE) < 0)
                return errno == ENOENT ? -ESTALE : -errno;
        now = look(parent, other);
        if (seen_same(before, &now))
                return unlinkat(parent, other, 0) < 0 ? -errno : 0;
        renameat2(parent, other, parent, name, RENAME_EXCHANGE);
        return -ESTALE;
}

static int take_away(struct apply *a, const struct change *c, int parent, const char *name)
{
        struct seen now = look(parent, name);
        _cleanup_free_ char *path = NULL;
        const char *other;
        int r;

        if (!now.there)
                return 0;
        if (S_ISDIR(now.mode)) {
                if (unlinkat(parent, name, AT_REMOVEDIR) == 0)
                        return 0;
                return errno == ENOTEMPTY || errno == EEXIST ? -ESTALE : -errno;
        }
        for (int n = 0; n < NAMES; n++) {
                free(path);
                path = beside(c->path, n);
                r = path ? note(a, INO_OLD, path, c->path) : -ENOMEM;
                if (r < 0)
                        return r;
                other = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
                if (renameat2(parent, name, parent, other, RENAME_NOREPLACE) < 0) {
                        if (errno == EEXIST)
                                continue;
                        return errno == ENOENT ? 0 : -errno;
                }
                now = look(parent, other);
                if (seen_same(&now, &c->seen))
                        return unlinkat(parent, other, 0) < 0 ? -errno : 0;
                renameat2(parent, other, parent, name, RENAME_NOREPLACE);
                return -ESTALE;
        }
        return -EEXIST;
}

/* The new file under its name beside; *fd gets it. */
static int make_regular(const struct change *c, int upper, int parent, const char *other, int *fd)
{
        int r;

        *fd = openat(parent, other, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (*fd < 0)
                return -errno;
        r = copy_content(upper, *fd);
        if (r == 0)
                r = copy_attributes(upper, &c->upper, *fd);
        return r == 0 && fsync(*fd) < 0 ? -errno : r;
}

static int make_symlink(const struct change *c, int upper, int parent, const char *other, int *fd)
{
        char target[SYMLINK_MAX];
        ssize_t n = readlinkat(upper, "", target, sizeof(target) - 1);

        if (n < 0)
                return -errno;
        target[n] = '\0';
        if (symlinkat(target, parent, other) < 0)
                return -errno;
        *fd = openat(parent, other, O_PATH | O_NOFOLLOW | O_CLOEXEC);
        return *fd < 0 ? -errno : copy_attributes(upper, &c->upper, *fd);
}

/* Another name of a file that is in the folder already; -ENOENT where it is not. */
static int make_link(struct apply *a, const struct change *c, int parent, const char *other, int *fd)
{
        char path[FD_PATH_SIZE];
        struct stat st;

        for (const struct linked *known = a->links[c->upper.st_ino % LINKS]; known; known = known->next) {
                if (known->upper != c->upper.st_ino)
                        continue;
                cleanup_close(fd);
                *fd = beneath_open(a->l->folder, known->path, O_PATH);
                if (*fd < 0 || fstat(*fd, &st) < 0 || st.st_ino != known->ino)
                        continue;
                return linkat(AT_FDCWD, fd_path(*fd, path), parent, other, AT_SYMLINK_FOLLOW) < 0 ? -errno : 0;
        }
        cleanup_close(fd);
        *fd = -1;
        return -ENOENT;
}

static int remember(struct apply *a, ino_t upper, ino_t ino, const char *path)
{
        struct linked **head = &a->links[upper % LINKS], *one = malloc(sizeof(*one));

        if (!one)
                return -ENOMEM;
        *one = (struct linked){ *head, upper, ino, path };
        *head = one;
        return 0;
}

static void links_clear(struct apply *a)
{
        for (size_t i = 0; i < LINKS; i++)
                for (struct linked *one = a->links[i], *next; one; one = next) {
                        next = one->next;
                        free(one);
                }
}

static int make(struct apply *a, const struct change *c, int upper, int parent, const char *other, int *fd)
{
        int r = -ENOENT;

        if (S_ISLNK(c->upper.st_mode))
                return make_symlink(c, upper, parent, other, fd);
        if (c->upper.st_nlink > 1)
                r = make_link(a, c, parent, other, fd);
        if (r == -ENOENT)
                r = make_regular(c, upper, parent, other, fd);
        return r;
}

/* Opens the upper one again, if it is still that; a file so that the user can read it. */
static int open_upper(struct apply *a, const struct change *c)
{
        _cleanup_close_ int fd = -1;
        struct stat st;

        side_upper();
        fd = beneath_open(a->l->upper, c->path, O_PATH);
        side_folder(a->l);
        if (fd < 0)
                return TAKE_FD(fd);
        if (fstat(fd, &st) < 0 || st.st_ino != c->upper.st_ino || (st.st_mode & S_IFMT) != (c->upper.st_mode & S_IFMT))
                return -ESTALE;
        if (S_ISREG(st.st_mode)) {
                int file = side_read(a->l, fd);

                side_folder(a->l);
                return file;
        }
        return TAKE_FD(fd);
}

static int put(struct apply *a, const struct change *c, int parent, const char *name)
{
        _cleanup_close_ int upper = open_upper(a, c);
        _cleanup_free_ char *path = NULL;
        struct seen before = S_ISDIR(c->seen.mode) ? (struct seen){ 0 } : c->seen; /* a folder went before */
        const char *other = NULL;
        struct stat st;
        int r = -EEXIST;

        if (upper < 0)
                return upper;
        for (int n = 0; r == -EEXIST && n < NAMES; n++) {
                _cleanup_close_ int fd = -1;

                free(path);
                path = beside(c->path, n);
                if (!path)
                        return -ENOMEM;
                other = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
                if (look(parent, other).there)
                        continue;
                r = note(a, INO_NEW, path, c->path);
                if (r == 0)
                        r = make(a, c, upper, parent, other, &fd);
                if (r == -EEXIST)
                        continue;
                if (r == 0 && fstat(fd, &st) < 0)
                        r = -errno;
                if (r == 0)
                        r = note(a, st.st_ino, path, c->path);
                if (r == 0)
                        r = exchange(parent, other, name, &before);
                if (r < 0)
                        unlinkat(parent, other, 0);
                if (r == 0 && c->upper.st_nlink > 1 && S_ISREG(st.st_mode))
                        r = remember(a, c->upper.st_ino, st.st_ino, c->path);
        }
        return r;
}

static int make_folder(const struct change *c, int parent, const char *name)
{
        if (mkdirat(parent, name, 0700) == 0)
                return 0;
        if (errno == EEXIST && !c->seen.there)
                return look(parent, name).there && S_ISDIR(look(parent, name).mode) ? 0 : -ESTALE;
        return -errno;
}

static int finish_folder(struct apply *a, const struct change *c)
{
        _cleanup_close_ int upper = open_upper(a, c), to = beneath_open(a->l->folder, c->path, O_PATH | O_DIRECTORY);
        struct stat us = c->upper, st;

        if (upper < 0 || to < 0)
                return upper < 0 ? upper : to;
        if (c->op == CHANGE_ATTRIBUTES && fstat(to, &st) == 0)
                us.st_mtim = st.st_mtim; /* of what is in it */
        return copy_attributes(upper, &us, to);
}

/* ---- all of them ---------------------------------------------------------------------------------------------------------------- */

/* Whether the answer has room for one more. */
static bool room(struct apply *a, const char *path)
{
        a->shown += json_size(path, strlen(path)) + ENTRY;
        a->cut = a->cut || a->shown > CHANGES_SHOWN;
        return !a->cut;
}

static void tell(struct apply *a, cJSON *list, const struct change *c, const char *why)
{
        cJSON *o = room(a, c->path) ? cJSON_CreateObject() : NULL;

        if (!o)
                return;
        json_add_text(o, "path", c->path);
        json_add_text(o, "why", why);
        cJSON_AddItemToArray(list, o);
}

static void done(struct apply *a, struct change *c, int r)
{
        if (r == 0 && c->chosen) {
                a->n_applied++;
                if (room(a, c->path))
                        cJSON_AddItemToArray(a->applied, json_bytes(c->path, strlen(c->path)));
        } else if (r == -ESTALE) {
                tell(a, a->conflicts, c, "it was changed outside meanwhile, and stays");
        } else if (r < 0) {
                tell(a, a->refused, c, r == -EPERM ? "it would belong to another user, or others have it in hand" : strerror(-r));
        }
        if (r < 0) {
                c->chosen = false;
                a->failed = true;
        }
}

static void act(struct apply *a, struct change *c, int (*with)(struct apply *a, const struct change *c, int parent, const char *name))
{
        const char *name;
        _cleanup_close_ int parent = beneath_parent(a->l->folder, c->path, &name);

        if (parent < 0)
                done(a, c, parent == -ENOENT ? -ESTALE : parent);
        else
                done(a, c, with(a, c, parent, name));
}

static int folder_of(struct apply *a, const struct change *c, int parent, const char *name)
{
        (void)a;
        return make_folder(c, parent, name);
}

static bool is_below(const char *path, const char *above)
{
        const size_t n = above ? strlen(above) : 0;

        return above && strncmp(path, above, n) == 0 && path[n] == '/';
}

/* What is to go below a folder that becomes something else. */
static void find_early(struct changes *c)
{
        const char *above = NULL;

        for (size_t i = 0; i < c->count; i++) {
                struct change *x = &c->list[i];

                x->early = is_below(x->path, above);
                if (x->chosen && x->op == CHANGE_TYPE)
                        above = x->path;
        }
}

/* A file can take a folder's place, and a folder a file's, once that is gone. From below. */
static void clear_away(struct apply *a)
{
        find_early(a->c);
        for (size_t i = a->c->count; i-- > 0;) {
                struct change *c = &a->c->list[i];
                const char *name;
                _cleanup_close_ int parent = -1;

                if (!c->chosen || (c->op != CHANGE_DELETED && c->op != CHANGE_TYPE))
                        continue;
                if (c->op == CHANGE_DELETED) {
                        if (c->early)
                                act(a, c, take_away);
                        continue;
                }
                if (!S_ISDIR(c->seen.mode) && !S_ISDIR(c->upper.st_mode))
                        continue; /* they are exchanged, as any */
                parent = beneath_parent(a->l->folder, c->path, &name);
                if (parent >= 0) {
                        int r = take_away(a, c, parent, name);

                        if (r < 0)
                                done(a, c, r);
                }
        }
}

/* All else that is to go does once what was made is there: it may have been moved to where that is. */
static void take_rest(struct apply *a)
{
        for (size_t i = a->c->count; i-- > 0;) {
                struct change *c = &a->c->list[i];

                if (!c->chosen || c->op != CHANGE_DELETED || c->early)
                        continue;
                if (!a->failed) {
                        act(a, c, take_away);
                        continue;
                }
                tell(a, a->kept, c, "something else was not applied, which may be its new name");
                c->chosen = false;
        }
}

static void put_all(struct apply *a)
{
        for (size_t i = 0; i < a->c->count; i++) {
                struct change *c = &a->c->list[i];

                if (!c->chosen || c->op == CHANGE_DELETED)
                        continue;
                if (!S_ISDIR(c->upper.st_mode))
                        act(a, c, put);
                else if (c->op != CHANGE_ATTRIBUTES)
                        act(a, c, folder_of);
                else
                        done(a, c, finish_folder(a, c));
        }
        take_rest(a);
        for (size_t i = a->c->count; i-- > 0;) {
                struct change *c = &a->c->list[i];
                int r;

                if (!c->chosen || c->op == CHANGE_DELETED || !S_ISDIR(c->upper.st_mode))
                        continue;
                r = finish_folder(a, c);
                if (r < 0)
                        done(a, c, r);
        }
}

/* ---- choosing ------------------------------------------------------------------------------------------------------------------- */

/* What is shown of a path is at one that was given, or below. */
static bool is_at(const char *shown, const char *given)
{
        size_t n = strlen(given);

        while (n > 1 && given[n - 1] == '/')
                n--;
        return !strcmp(given, ".") || (strncmp(shown, given, n) == 0 && (!shown[n] || shown[n] == '/'));
}

/* By the paths as the answers have them (json_bytes()), so that any name can be given. */
static int choose_at(struct changes *c, const char *const *paths, size_t n, bool *found)
{
        for (size_t i = 0; i < c->count; i++) {
                _cleanup_json_ cJSON *text = json_bytes(c->list[i].path, strlen(c->list[i].path));

                if (!text)
                        return -ENOMEM;
                for (size_t p = 0; p < n; p++)
                        if (is_at(cJSON_GetStringValue(text), paths[p]))
                                c->list[i].chosen = found[p] = true;
        }
        return 0;
}

static int choose(struct changes *c, const char *const *paths, size_t n, struct error *e)
{
        _cleanup_free_ bool *found = calloc(n + 1, sizeof(*found));

        if (!found || choose_at(c, paths, n, found) < 0)
                return error_set(e, -ENOMEM, "out of memory");
        for (size_t i = 0; n == 0 && i < c->count; i++)
                c->list[i].chosen = true;
        for (size_t p = 0; p < n; p++)
                if (!found[p])
                        return error_set(e, -ENOENT, "the session changed nothing at %s", paths[p]);
        /* And the new folder that it is in; whose own has its turn later. */
        for (size_t i = c->count; i-- > 0;) {
                struct change *above = c->list[i].chosen && c->list[i].op != CHANGE_DELETED ? changes_above(c, c->list[i].path) : NULL;

                if (above && (above->op == CHANGE_ADDED || above->op == CHANGE_TYPE))
                        above->chosen = true;
        }
        return 0;
}

/* Where a folder does not come to be, or not to its end, what is below has no place, or stays. */
static void refuse_below(struct changes *c)
{
        const char *above = NULL;

        for (size_t i = 0; i < c->count; i++) {
                struct change *x = &c->list[i];

                if (is_below(x->path, above))
                        x->refused = x->refused ? x->refused : "what it is in is not applied";
                else if (x->refused && (x->op == CHANGE_ADDED || x->op == CHANGE_TYPE))
                        above = x->path;
        }
}

/*
 * Nothing is applied where some of it is somebody else's by now; nor, unless it was named, where some is refused: that may be the new name
 * of what would be removed.
 */
static int weigh(struct apply *a, bool named, struct findings *findings, struct error *e)
{
        size_t n = 0, refused = 0;

        refuse_below(a->c);
        for (size_t i = 0; i < a->c->count; i++) {
                struct change *c = &a->c->list[i];

                if (!c->chosen)
                        continue;
                if (c->refused && !named)
                        findings_add(findings, c->path, "%s", c->refused), refused++;
                else if (c->refused)
                        tell(a, a->refused, c, c->refused);
                else if (c->conflict && !a->force)
                        findings_add(findings, c->path, "%s", c->conflict), n++;
                else if (c->unclear && !(a->force && named))
                        tell(a, a->kept, c, c->unclear);
                c->chosen = !c->refused && !(c->unclear && !(a->force && named));
        }
        if (n)
                return error_set(e, -EBUSY,
                                 "others have changed %zu of these since the session began: choose other paths, or overwrite them by force",
                                 n);
        return refused ? error_set(e, -EBUSY, "%zu of these are never applied: name what is to be, \".\" for all the rest", refused) : 0;
}

int changes_apply(const struct layers *l, struct changes *c, const char *const *paths, size_t n, bool force, cJSON *object, size_t *applied,
                  struct findings *findings, struct error *e)
{
        struct apply a = { .l = l, .c = c, .force = force };
        int r = 0;

        a.applied = cJSON_AddArrayToObject(object, "applied");
        a.kept = cJSON_AddArrayToObject(object, "kept");
        a.refused = cJSON_AddArrayToObject(object, "refused");
        a.conflicts = cJSON_AddArrayToObject(object, "conflicts");
        if (!a.conflicts)
                return error_set(e, -ENOMEM, "out of memory");
        r = choose(c, paths, n, e);
        if (r == 0)
                r = weigh(&a, n > 0, findings, e);
        for (size_t i = 0; r == 0 && i < c->n_same; i++)
                if ((r = remember(&a, c->same[i].upper.st_ino, c->same[i].seen.ino, c->same[i].path)) < 0)
                        error_set(e, r, "out of memory");
        if (r == 0) {
                side_folder(l);
                clear_away(&a);
                put_all(&a);
                side_upper();
                if (l->state >= 0)
                        unlinkat(l->state, NOTE, 0);
        }
        if (a.cut)
                cJSON_AddBoolToObject(object, "cut", true);
        *applied = a.n_applied;
        links_clear(&a);
        return r;
}
