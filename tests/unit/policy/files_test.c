/* SPDX-License-Identifier: Apache-2.0 */
/* The compiler over a real folder: descriptors are opened where they should be, and all closed again. */
#include "unit/policy/fake_fs.h"

#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <sys/stat.h>

/* context: a descriptor of the folder that plays the root. */
static int open_real(void *context, int folder, const char *name, struct fs_object *ret)
{
        _cleanup_close_ int fd = openat(folder < 0 ? *(int *)context : folder, folder < 0 ? "." : name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
        char target[PATH_MAX];
        struct stat st;
        ssize_t n;

        if (fd < 0 || fstat(fd, &st) < 0)
                return -errno;
        n = S_ISLNK(st.st_mode) ? readlinkat(fd, "", target, sizeof(target) - 1) : 0;
        if (n < 0)
                return -errno;
        target[n] = '\0';
        *ret = (struct fs_object){ .folder = S_ISDIR(st.st_mode), .target = S_ISLNK(st.st_mode) ? strdup(target) : NULL };
        ret->fd = TAKE_FD(fd);
        return 0;
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
        (void)st;
        (void)kind;
        (void)ftw;
        return remove(path);
}

static int count_descriptors(void)
{
        _cleanup_closedir_ DIR *d = opendir("/proc/self/fd");
        int n = 0;

        while (readdir(d))
                n++;
        return n;
}

/* Whether the place's descriptor is that object of the folder. */
static bool is_object(int root, const struct place *p, const char *path)
{
        struct stat a, b;

        return p->fd >= 0 && fstat(p->fd, &a) == 0 && fstatat(root, path, &b, AT_SYMLINK_NOFOLLOW) == 0 && a.st_dev == b.st_dev &&
               a.st_ino == b.st_ino;
}

static int make_root(char path[])
{
        int root;

        assert_non_null(mkdtemp(path));
        root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
        assert_true(root >= 0);
        assert_int_equal(mkdirat(root, "ws", 0700), 0);
        assert_int_equal(mkdirat(root, "ws/secret", 0700), 0);
        assert_int_equal(symlinkat("/ws/secret", root, "link"), 0);
        return root;
}

static void places_hold_the_objects_and_leave_no_descriptor_behind(void **state)
{
        char path[] = "/tmp/holdfast-policy-XXXXXX";
        _cleanup_close_ int root = make_root(path);
        struct fs_view view = { open_real, &root, NULL };
        struct policy *p = parsed(FILES(ALLOW("/ws", "rw") "," DENY("/link/key", "rw")));
        _cleanup_findings_ struct findings findings = FINDINGS_INIT;
        struct compiled *c = NULL;
        int before = count_descriptors();

        (void)state;
        assert_int_equal(policy_compile(p, &fake_vars, &view, &c, &findings), 0);
        assert_true(is_object(root, compiled_find(c, "/", NULL), "."));
        assert_true(is_object(root, compiled_find(c, "/ws", NULL), "ws"));
        assert_true(is_object(root, compiled_find(c, "/ws/secret", NULL), "ws/secret"));
        assert_true(is_object(root, &c->places[compiled_find(c, "/link/key", NULL)->parent], "link"));
        assert_int_equal(compiled_find(c, "/ws/secret/key", NULL)->fd, -1);
        assert_int_equal(count_descriptors(), before + 4);
        compiled_close(c);
        assert_int_equal(count_descriptors(), before);
        compiled_free(c);
        policy_free(p);
        nftw(path, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static void a_failed_compilation_leaves_no_descriptor_behind(void **state)
{
        char path[] = "/tmp/holdfast-policy-XXXXXX";
        _cleanup_close_ int root = make_root(path);
        struct fs_view view = { open_real, &root, NULL };
        struct policy *p = parsed(FILES(ALLOW("/ws/secret", "rw") "," DENY("/loop", "rw")));
        _cleanup_findings_ struct findings findings = FINDINGS_INIT;
        struct compiled *c = NULL;
        int before = count_descriptors();

        (void)state;
        assert_int_equal(symlinkat("loop", root, "loop"), 0);
        assert_int_equal(policy_compile(p, &fake_vars, &view, &c, &findings), -EINVAL);
        assert_int_equal(findings.total, 1);
        assert_int_equal(count_descriptors(), before);
        policy_free(p);
        nftw(path, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(places_hold_the_objects_and_leave_no_descriptor_behind),
                cmocka_unit_test(a_failed_compilation_leaves_no_descriptor_behind),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
