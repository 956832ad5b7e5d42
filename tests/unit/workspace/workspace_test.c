/* SPDX-License-Identifier: Apache-2.0 */
/* What is found in an upper layer, and how it gets into the folder. The layer is made by hand, as overlayfs would leave it. */
#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/json.h"
#include "workspace/beneath.h"
#include "workspace/workspace.h"

#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include <cmocka.h>

#define LONG_AGO \
        { \
                { 1000000000, 0 }, \
                { \
                        1000000000, 123456789 \
                } \
        }

struct world {
        char path[64];
        struct layers l;
        int state;
};

static int make_folder(int at, const char *name)
{
        int fd;

        assert_return_code(mkdirat(at, name, 0755), errno);
        fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        assert_true(fd >= 0);
        return fd;
}

static int begin(void **state)
{
        struct world *w = calloc(1, sizeof(*w));
        int top;

        assert_non_null(w);
        umask(022);
        strcpy(w->path, "/tmp/workspace-test-XXXXXX");
        assert_non_null(mkdtemp(w->path));
        top = open(w->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        w->l.upper = make_folder(top, "upper");
        w->l.folder = make_folder(top, "folder");
        w->l.state = make_folder(top, "state");
        w->l.uid = geteuid();
        w->l.started = UINT64_MAX; /* nothing was changed outside */
        close(top);
        *state = w;
        return 0;
}

static int end(void **state)
{
        struct world *w = *state;
        int top = open(w->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        close(w->l.upper);
        close(w->l.folder);
        close(w->l.state);
        assert_int_equal(tree_empty(top), 0);
        close(top);
        rmdir(w->path);
        free(w);
        return 0;
}

static void put(int at, const char *name, const char *text)
{
        const struct timespec times[2] = LONG_AGO;
        int fd = openat(at, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

        assert_true(fd >= 0);
        assert_int_equal(write(fd, text, strlen(text)), strlen(text));
        assert_return_code(futimens(fd, times), errno);
        close(fd);
}

static void folder(int at, const char *name)
{
        assert_return_code(mkdirat(at, name, 0755), errno);
}

/* An ordinary user may make those too: the kernel knows them as no device. */
static void whiteout(int at, const char *name)
{
        assert_return_code(mknodat(at, name, S_IFCHR, makedev(0, 0)), errno);
}

static void holds(int at, const char *name, const char *text)
{
        _cleanup_buffer_ struct buffer b = BUFFER_INIT;
        _cleanup_close_ int fd = openat(at, name, O_RDONLY | O_CLOEXEC);

        assert_true(fd >= 0);
        assert_int_equal(buffer_read(&b, fd), 0);
        assert_string_equal(b.data ? b.data : "", text);
}

static bool there(int at, const char *name)
{
        return faccessat(at, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* By the clock of files. */
static uint64_t now(const struct world *w)
{
        struct stat st;

        assert_return_code(futimens(w->l.state, NULL), errno);
        assert_return_code(fstat(w->l.state, &st), errno);
        return (uint64_t)st.st_ctim.tv_sec * 1000000000ull + (uint64_t)st.st_ctim.tv_nsec;
}

/* Of the session's folder d. */
static int attribute(const struct world *w, const char *name, const void *value, size_t size)
{
        _cleanup_close_ int fd = openat(w->l.upper, "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        return fsetxattr(fd, name, value, size, 0);
}

/* "added a, deleted b" */
static void finds(struct world *w, const char *expected)
{
        _cleanup_changes_ struct changes c = { 0 };
        _cleanup_error_ struct error e = ERROR_INIT;
        char text[4096] = "";

        if (changes_find(&w->l, &c, &e) < 0)
                fail_msg("%s", error_text(&e));
        for (size_t i = 0; i < c.count; i++)
                snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%s %s%s%s%s", i ? ", " : "", change_op_name(c.list[i].op),
                         c.list[i].path, c.list[i].conflict ? "!" : "", c.list[i].unclear ? "?" : "", c.list[i].refused ? " x" : "");
        assert_string_equal(text, expected);
}

static cJSON *applies_as(struct world *w, int expected, bool force, const char *const *paths, size_t n)
{
        _cleanup_changes_ struct changes c = { 0 };
        _cleanup_error_ struct error e = ERROR_INIT;
        _cleanup_findings_ struct findings f = FINDINGS_INIT;
        cJSON *o = cJSON_CreateObject();
        size_t applied = 0;

        assert_int_equal(changes_find(&w->l, &c, &e), 0);
        assert_int_equal(changes_apply(&w->l, &c, paths, n, force, o, &applied, &f, &e), expected);
        assert_int_equal(applied, cJSON_GetArraySize(json_get_array(o, "applied")));
        return o;
}

static void applies(struct world *w)
{
        _cleanup_json_ cJSON *o = applies_as(w, 0, false, NULL, 0);

        assert_int_equal(cJSON_GetArraySize(json_get_array(o, "refused")), 0);
        assert_int_equal(cJSON_GetArraySize(json_get_array(o, "conflicts")), 0);
}

static void what_is_the_same_is_no_change(void **state)
{
        struct world *w = *state;

        put(w->l.folder, "a", "text");
        put(w->l.upper, "a", "text");
        folder(w->l.folder, "d");
        folder(w->l.upper, "d");
        finds(w, "");
}

static void each_kind_of_change_is_found(void **state)
{
        struct world *w = *state;

        put(w->l.folder, "changed", "one");
        put(w->l.upper, "changed", "two");
        put(w->l.upper, "new", "new");
        put(w->l.folder, "gone", "");
        whiteout(w->l.upper, "gone");
        whiteout(w->l.upper, "never-was");
        put(w->l.folder, "mode", "x");
        put(w->l.upper, "mode", "x");
        assert_return_code(fchmodat(w->l.upper, "mode", 0755, 0), errno);
        folder(w->l.folder, "tree");
        folder(w->l.folder, "tree/in");
        put(w->l.folder, "tree/in/file", "");
        whiteout(w->l.upper, "tree");
        put(w->l.folder, "type", "");
        assert_return_code(symlinkat("new", w->l.upper, "type"), errno);
        finds(w,
              "modified changed, deleted gone, attributes mode, added new, deleted tree, deleted tree/in, deleted tree/in/file, type type");
        applies(w);
        finds(w, "");
        holds(w->l.folder, "changed", "two");
        holds(w->l.folder, "type", "new");
        assert_false(there(w->l.folder, "tree"));
        assert_false(there(w->l.folder, "gone"));
}

static void content_is_compared_whatever_the_times_say(void **state)
{
        struct world *w = *state;

        put(w->l.folder, "a", "good");
        put(w->l.upper, "a", "evil");
        finds(w, "modified a");
}

static void a_folder_takes_a_files_place_and_the_other_way(void **state)
{
        struct world *w = *state;

        put(w->l.folder, "a", "file");
        folder(w->l.upper, "a");
        put(w->l.upper, "a/in", "in");
        folder(w->l.folder, "b");
        put(w->l.folder, "b/old", "old");
        put(w->l.upper, "b", "file");
        finds(w, "type a, added a/in, type b, deleted b/old");
        applies(w);
        holds(w->l.folder, "a/in", "in");
        holds(w->l.folder, "b", "file");
        finds(w, "");
}

static void what_others_changed_is_a_conflict(void **state)
{
        struct world *w = *state;
        const char *const one[] = { "b" };

        w->l.started = 0;
        put(w->l.folder, "a", "theirs");
        put(w->l.upper, "a", "agent's");
        put(w->l.upper, "b", "new");
        finds(w, "modified a!, added b");
        cJSON_Delete(applies_as(w, -EBUSY, false, NULL, 0));
        holds(w->l.folder, "a", "theirs");
        assert_false(there(w->l.folder, "b"));
        cJSON_Delete(applies_as(w, 0, false, one, 1));
        holds(w->l.folder, "b", "new");
        cJSON_Delete(applies_as(w, 0, true, NULL, 0));
        holds(w->l.folder, "a", "agent's");
}

static void what_was_moved_into_a_folder_that_goes_is_a_conflict(void **state)
{
        struct world *w = *state;
        const struct timespec old[2] = LONG_AGO;

        /* The session began in between: the files are from before, the folder was changed after. */
        folder(w->l.folder, "d");
        put(w->l.folder, "d/old", "old");
        folder(w->l.folder, "precious");
        put(w->l.folder, "precious/file", "precious");
        w->l.started = now(w) + 1;
        while (now(w) <= w->l.started)
                ;
        whiteout(w->l.upper, "d");
        assert_return_code(renameat(w->l.folder, "precious", w->l.folder, "d/precious"), errno);
        assert_return_code(utimensat(w->l.folder, "d", old, 0), errno);
        finds(w, "deleted d!, deleted d/old!, deleted d/precious!, deleted d/precious/file!");
        cJSON_Delete(applies_as(w, -EBUSY, false, NULL, 0));
        holds(w->l.folder, "d/precious/file", "precious");
}

static void a_folder_that_was_exchanged_is_a_conflict(void **state)
{
        struct world *w = *state;
        union {
                struct file_handle h;
                char room[sizeof(struct file_handle) + 128];
        } handle = { .h = { .handle_bytes = 100 } };
        char origin[21 + 128] = { 0 };
        int mount;

        folder(w->l.folder, "d");
        put(w->l.folder, "d/f", "one");
        folder(w->l.folder, "other");
        put(w->l.folder, "other/f", "two");
        folder(w->l.upper, "d");
        put(w->l.upper, "d/f", "agent's");
        put(w->l.upper, "d/new", "new");
        if (name_to_handle_at(w->l.folder, "d", &handle.h, &mount, 0) < 0)
                skip();
        origin[4] = (char)handle.h.handle_type;
        memcpy(origin + 21, handle.h.f_handle, handle.h.handle_bytes);
        if (attribute(w, "trusted.overlay.origin", origin, 21 + handle.h.handle_bytes) < 0)
                skip(); /* only root can */
        finds(w, "modified d/f, added d/new");
        assert_return_code(renameat2(w->l.folder, "d", w->l.folder, "other", RENAME_EXCHANGE), errno);
        finds(w, "attributes d!, modified d/f!, added d/new!");
        cJSON_Delete(applies_as(w, -EBUSY, false, NULL, 0));
        holds(w->l.folder, "d/f", "two");
}

static void a_new_folder_over_one_that_was_changed_is_a_conflict(void **state)
{
        struct world *w = *state;

        folder(w->l.upper, "d");
        put(w->l.upper, "d/new", "new");
        put(w->l.upper, "d/f", "agent's");
        folder(w->l.folder, "d");
        put(w->l.folder, "d/f", "other");
        put(w->l.folder, "d/g", "other");
        if (attribute(w, "trusted.overlay.opaque", "y", 1) < 0)
                skip();
        finds(w, "modified d/f, deleted d/g, added d/new");
        w->l.started = 0;
        finds(w, "modified d/f!, deleted d/g!, added d/new");
}

static void a_mode_that_others_may_have_set_stays(void **state)
{
        struct world *w = *state;
        struct stat st;

        w->l.started = 0;
        folder(w->l.folder, "d");
        folder(w->l.upper, "d");
        put(w->l.upper, "d/new", "new");
        assert_return_code(fchmodat(w->l.folder, "d", 0700, 0), errno);
        finds(w, "attributes d?, added d/new");
        applies(w);
        holds(w->l.folder, "d/new", "new");
        fstatat(w->l.folder, "d", &st, 0);
        assert_int_equal(st.st_mode & 07777, 0700);
}

static void a_chosen_file_brings_its_new_folders(void **state)
{
        struct world *w = *state;
        const char *const paths[] = { "a/b/c" };

        folder(w->l.upper, "a");
        folder(w->l.upper, "a/b");
        put(w->l.upper, "a/b/c", "c");
        put(w->l.upper, "a/b/d", "d");
        cJSON_Delete(applies_as(w, 0, false, paths, 1));
        holds(w->l.folder, "a/b/c", "c");
        assert_false(there(w->l.folder, "a/b/d"));
        finds(w, "added a/b/d");
}

static void what_is_not_there_cannot_be_chosen(void **state)
{
        const char *const paths[] = { "nothing" };

        cJSON_Delete(applies_as(*state, -ENOENT, false, paths, 1));
}

static void links_holes_times_and_attributes_are_exact(void **state)
{
        struct world *w = *state;
        const struct timespec times[2] = LONG_AGO;
        struct stat a, b, s;
        bool has_attributes; /* a tmpfs has none on older kernels */
        char value[16];
        int fd;

        put(w->l.upper, "one", "text");
        assert_return_code(linkat(w->l.upper, "one", w->l.upper, "two", 0), errno);
        fd = openat(w->l.upper, "sparse", O_RDWR | O_CREAT | O_CLOEXEC, 0640);
        assert_return_code(ftruncate(fd, 64 << 20), errno);
        assert_int_equal(pwrite(fd, "middle", 6, 32 << 20), 6);
        has_attributes = fsetxattr(fd, "user.note", "kept", 4, 0) == 0;
        assert_return_code(futimens(fd, times), errno);
        fstat(fd, &s);
        close(fd);
        assert_return_code(symlinkat("/etc/passwd", w->l.upper, "link"), errno);
        applies(w);
        fstatat(w->l.folder, "one", &a, 0);
        fstatat(w->l.folder, "two", &b, 0);
        assert_int_equal(a.st_ino, b.st_ino);
        assert_int_equal(a.st_nlink, 2);
        assert_int_equal(a.st_mtim.tv_nsec, 123456789);
        fd = openat(w->l.folder, "sparse", O_RDONLY | O_CLOEXEC);
        fstat(fd, &b);
        assert_int_equal(b.st_size, 64 << 20);
        assert_true(b.st_blocks <= s.st_blocks + 16);
        assert_int_equal(b.st_mode & 07777, 0640);
        if (has_attributes)
                assert_int_equal(fgetxattr(fd, "user.note", value, sizeof(value)), 4);
        close(fd);
        finds(w, "");
}

static void a_new_name_of_a_file_that_stays_is_one_more_of_it(void **state)
{
        struct world *w = *state;
        struct stat a, b;

        put(w->l.folder, "one", "text");
        put(w->l.upper, "one", "text");
        assert_return_code(linkat(w->l.upper, "one", w->l.upper, "two", 0), errno);
        finds(w, "added two");
        applies(w);
        fstatat(w->l.folder, "one", &a, 0);
        fstatat(w->l.folder, "two", &b, 0);
        assert_int_equal(a.st_ino, b.st_ino);
}

static void pipes_and_set_user_id_are_refused(void **state)
{
        static const char *const all[] = { "." };
        struct world *w = *state;
        _cleanup_json_ cJSON *o = NULL;

        assert_return_code(mknodat(w->l.upper, "pipe", S_IFIFO | 0644, 0), errno);
        put(w->l.upper, "fine", "fine");
        put(w->l.upper, "setuid", "x");
        assert_return_code(fchmodat(w->l.upper, "setuid", 04755, 0), errno);
        finds(w, "added fine, added pipe x, added setuid x");
        cJSON_Delete(applies_as(w, -EBUSY, false, NULL, 0));
        assert_false(there(w->l.folder, "fine"));
        o = applies_as(w, 0, false, all, 1);
        assert_int_equal(cJSON_GetArraySize(json_get_array(o, "refused")), 2);
        assert_false(there(w->l.folder, "pipe"));
        assert_false(there(w->l.folder, "setuid"));
        holds(w->l.folder, "fine", "fine");
}

static void a_link_in_a_folders_place_is_not_followed(void **state)
{
        struct world *w = *state;
        int outside = make_folder(w->l.state, "outside");

        folder(w->l.upper, "d");
        put(w->l.upper, "d/file", "evil");
        assert_return_code(symlinkat("../state/outside", w->l.folder, "d"), errno);
        cJSON_Delete(applies_as(w, 0, true, NULL, 0));
        assert_false(there(outside, "file"));
        close(outside);
}

static void a_tree_of_any_depth_is_applied_and_removed(void **state)
{
        struct world *w = *state;
        int at = dup(w->l.upper), next;

        for (int i = 0; i < 1200; i++) {
                mkdirat(at, "a-folder", 0755);
                next = openat(at, "a-folder", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
                assert_true(next >= 0);
                close(at);
                at = next;
        }
        put(at, "bottom", "found");
        close(at);
        applies(w);
        finds(w, "");
}

static void a_tree_goes_whatever_its_shape(void **state)
{
        struct world *w = *state;
        struct stat st;
        int at = dup(w->l.upper), next;

        /* Paths that are together much longer than the tree is large. */
        for (int i = 0; i < 4000; i++) {
                static const char name[] =
                        "a-folder-with-a-long-name-a-folder-with-a-long-name-a-folder-with-a-long-name-a-folder-with-a-long-name";

                assert_return_code(mkdirat(at, name, 0755), errno);
                next = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
                assert_true(next >= 0);
                close(at);
                at = next;
        }
        put(at, "bottom", "found");
        close(at);
        for (int i = 0; i < 300; i++) {
                char name[32];

                snprintf(name, sizeof(name), "%d", i);
                folder(w->l.upper, name);
                snprintf(name, sizeof(name), "%d/file", i);
                put(w->l.upper, name, "");
        }
        assert_int_equal(tree_empty(w->l.upper), 0);
        assert_return_code(fstat(w->l.upper, &st), errno);
        assert_true(st.st_nlink <= 2);
}

static void names_are_chosen_as_they_are_shown(void **state)
{
        struct world *w = *state;
        const char *const paths[] = { "b\\xff" };

        put(w->l.upper, "b\xff", "x");
        put(w->l.upper, "a\x01", "y");
        cJSON_Delete(applies_as(w, 0, false, paths, 1));
        assert_true(there(w->l.folder, "b\xff"));
        assert_false(there(w->l.folder, "a\x01"));
}

static void a_patch_has_the_differences_of_text(void **state)
{
        struct world *w = *state;
        _cleanup_changes_ struct changes c = { 0 };
        _cleanup_json_ cJSON *o = cJSON_CreateObject();

        put(w->l.folder, "a", "one\n");
        put(w->l.upper, "a", "two\n");
        put(w->l.upper, "e\x1b[2J", "x\n");
        assert_int_equal(changes_find(&w->l, &c, NULL), 0);
        assert_int_equal(changes_json(&w->l, &c, true, o, NULL), 0);
        assert_string_equal(json_get_string(o, "patch"),
                            "--- a/a\n+++ b/a\n@@ -1 +1 @@\n-one\n+two\n--- /dev/null\n+++ b/e?[2J\n@@ -0,0 +1 @@\n+x\n");
}

/* Runs the rest as one who is not root where it is root that runs the tests: root reads all. */
static uid_t somebody(struct world *w)
{
        if (geteuid() == 0) {
                w->l.uid = 12345;
                assert_return_code(chmod(w->path, 0755), errno);
                assert_return_code(fchown(w->l.folder, w->l.uid, w->l.uid), errno);
        }
        return w->l.uid;
}

static void what_the_user_may_not_read_is_neither_shown_nor_applied(void **state)
{
        struct world *w = *state;
        const uid_t uid = somebody(w);
        _cleanup_changes_ struct changes c = { 0 };
        _cleanup_json_ cJSON *o = cJSON_CreateObject(), *answer = NULL;

        /* As an overlay leaves it where somebody renames a file that only root may read. */
        put(w->l.upper, "public", "secret\n");
        assert_return_code(fchmodat(w->l.upper, "public", 0, 0), errno);
        if (geteuid() == 0)
                assert_return_code(fchownat(w->l.upper, "public", uid, uid, 0), errno);
        put(w->l.folder, "public", "sesame\n");
        if (geteuid() == 0)
                assert_return_code(fchownat(w->l.folder, "public", uid, uid, 0), errno);
        finds(w, "modified public x");
        assert_int_equal(changes_find(&w->l, &c, NULL), 0);
        assert_int_equal(changes_json(&w->l, &c, true, o, NULL), 0);
        assert_string_equal(json_get_string(o, "patch"), "b/public: Permission denied\n");
        answer = applies_as(w, 0, true, (const char *[]){ "." }, 1);
        assert_int_equal(cJSON_GetArraySize(json_get_array(answer, "refused")), 1);
        holds(w->l.folder, "public", "sesame\n");
}

static void what_is_refused_a_new_name_stays_under_the_old_one(void **state)
{
        static const char *const all[] = { "." };
        struct world *w = *state;

        put(w->l.folder, "tool", "tool");
        whiteout(w->l.upper, "tool");
        put(w->l.upper, "tool.old", "tool");
        assert_return_code(fchmodat(w->l.upper, "tool.old", 04755, 0), errno);
        cJSON_Delete(applies_as(w, -EBUSY, false, NULL, 0));
        holds(w->l.folder, "tool", "tool");
        unlinkat(w->l.upper, "tool", 0);
        unlinkat(w->l.upper, "tool.old", 0);
        /* A pipe in a folder's place. */
        folder(w->l.folder, "d");
        put(w->l.folder, "d/f", "f");
        assert_return_code(mknodat(w->l.upper, "d", S_IFIFO | 0644, 0), errno);
        finds(w, "type d x, deleted d/f");
        cJSON_Delete(applies_as(w, 0, true, all, 1));
        holds(w->l.folder, "d/f", "f");
}

static void another_users_file_is_a_conflict(void **state)
{
        struct world *w = *state;

        if (geteuid() != 0)
                skip();
        put(w->l.folder, "theirs", "theirs");
        put(w->l.folder, "gone", "theirs");
        whiteout(w->l.upper, "gone");
        put(w->l.upper, "theirs", "changed");
        assert_return_code(fchownat(w->l.upper, "theirs", somebody(w), 0, 0), errno);
        finds(w, "deleted gone!, modified theirs!");
        cJSON_Delete(applies_as(w, -EBUSY, false, NULL, 0));
        holds(w->l.folder, "gone", "theirs");
        assert_return_code(fchownat(w->l.upper, "theirs", 0, 0, 0), errno);
        finds(w, "deleted gone!, modified theirs! x");
}

static void what_cannot_be_looked_at_keeps_nobody_from_the_rest(void **state)
{
        static const char *const all[] = { "." };
        struct world *w = *state;

        folder(w->l.folder, "shut");
        folder(w->l.folder, "shut/in");
        folder(w->l.upper, "shut");
        put(w->l.upper, "shut/file", "x");
        folder(w->l.folder, "gone");
        put(w->l.folder, "gone/file", "x");
        whiteout(w->l.upper, "gone");
        put(w->l.upper, "fine", "fine");
        if (geteuid() == 0) {
                assert_return_code(fchownat(w->l.folder, "gone", somebody(w), 0, 0), errno);
                assert_return_code(fchownat(w->l.upper, "fine", w->l.uid, 0, 0), errno);
                assert_return_code(fchownat(w->l.upper, "shut", w->l.uid, w->l.uid, 0), errno);
                assert_return_code(fchownat(w->l.upper, "shut/file", w->l.uid, w->l.uid, 0), errno);
                assert_return_code(fchownat(w->l.folder, "shut", w->l.uid, w->l.uid, 0), errno);
        }
        assert_return_code(fchmodat(w->l.folder, "gone", 0, 0), errno);
        assert_return_code(fchmodat(w->l.folder, "shut", 0, 0), errno);
        finds(w, "added fine, deleted gone x, attributes shut, type shut/file x");
        cJSON_Delete(applies_as(w, 0, false, all, 1));
        holds(w->l.folder, "fine", "fine");
        assert_true(there(w->l.folder, "gone"));
        assert_return_code(fchmodat(w->l.folder, "gone", 0755, 0), errno);
        assert_return_code(fchmodat(w->l.folder, "shut", 0755, 0), errno);
}

static void note(struct world *w, uint64_t ino, const char *text, size_t length)
{
        _cleanup_close_ int fd = openat(w->l.state, "under-way", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

        assert_int_equal(write(fd, &ino, sizeof(ino)), sizeof(ino));
        assert_int_equal(write(fd, text, length), length);
}

static void what_an_apply_left_is_cleared_up(void **state)
{
        static const char paths[] = ".holdfast-1-0\0name";
        struct world *w = *state;

        /* Half made. */
        put(w->l.folder, ".holdfast-1-0", "hal");
        note(w, UINT64_MAX, paths, sizeof(paths));
        assert_int_equal(changes_recover(&w->l), 0);
        assert_false(there(w->l.folder, ".holdfast-1-0"));
        assert_false(there(w->l.folder, "name"));
        /* To be deleted, and not looked at yet. */
        put(w->l.folder, ".holdfast-1-0", "old");
        note(w, 0, paths, sizeof(paths));
        assert_int_equal(changes_recover(&w->l), 0);
        holds(w->l.folder, "name", "old");
        /* Exchanged. */
        put(w->l.folder, ".holdfast-1-0", "older");
        note(w, 1, paths, sizeof(paths));
        assert_int_equal(changes_recover(&w->l), 0);
        holds(w->l.folder, "name", "old");
        assert_false(there(w->l.folder, ".holdfast-1-0"));
        assert_false(there(w->l.state, "under-way"));
}

static void a_record_is_read_as_it_was_written(void **state)
{
        struct world *w = *state;
        struct workspace a = { .id = (char[]){ "abcdefgh" },
                               .uid = 1000,
                               .user = (char[]){ "dev" },
                               .path = (char[]){ "/home/dev/work" },
                               .agent = (char[]){ "agent" },
                               .folder = (char[]){ "1 2" },
                               .started = 1700000000123456789,
                               .discard = true };
        _cleanup_workspace_ struct workspace b = { 0 };

        assert_int_equal(workspace_read(w->l.state, &b), -ENOENT);
        assert_int_equal(workspace_write(w->l.state, &a, true), 0);
        assert_int_equal(workspace_read(w->l.state, &b), 0);
        assert_string_equal(b.id, a.id);
        assert_string_equal(b.path, a.path);
        assert_string_equal(b.folder, a.folder);
        assert_int_equal(b.uid, a.uid);
        assert_int_equal(b.started, a.started);
        assert_int_equal(b.ended, 0);
        assert_true(b.discard);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
        const struct CMUnitTest tests[] = {
                TEST(what_is_the_same_is_no_change),
                TEST(each_kind_of_change_is_found),
                TEST(content_is_compared_whatever_the_times_say),
                TEST(a_folder_takes_a_files_place_and_the_other_way),
                TEST(what_others_changed_is_a_conflict),
                TEST(what_was_moved_into_a_folder_that_goes_is_a_conflict),
                TEST(a_folder_that_was_exchanged_is_a_conflict),
                TEST(a_new_folder_over_one_that_was_changed_is_a_conflict),
                TEST(a_mode_that_others_may_have_set_stays),
                TEST(a_chosen_file_brings_its_new_folders),
                TEST(what_is_not_there_cannot_be_chosen),
                TEST(links_holes_times_and_attributes_are_exact),
                TEST(a_new_name_of_a_file_that_stays_is_one_more_of_it),
                TEST(pipes_and_set_user_id_are_refused),
                TEST(a_link_in_a_folders_place_is_not_followed),
                TEST(a_tree_of_any_depth_is_applied_and_removed),
                TEST(a_tree_goes_whatever_its_shape),
                TEST(names_are_chosen_as_they_are_shown),
                TEST(a_patch_has_the_differences_of_text),
                TEST(what_the_user_may_not_read_is_neither_shown_nor_applied),
                TEST(what_is_refused_a_new_name_stays_under_the_old_one),
                TEST(another_users_file_is_a_conflict),
                TEST(what_cannot_be_looked_at_keeps_nobody_from_the_rest),
                TEST(what_an_apply_left_is_cleared_up),
                TEST(a_record_is_read_as_it_was_written),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
