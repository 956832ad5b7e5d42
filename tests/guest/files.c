/* SPDX-License-Identifier: Apache-2.0 */
/* Attempts to reach a file by its name, by another name for it, or through a descriptor. */
#include "lib/attempt.h"

#include <dirent.h>
#include <linux/fs.h>
#include <linux/openat2.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <sys/xattr.h>

/* Writes a byte to a descriptor that may be an open's failure. */
static int put(int fd)
{
        int result;

        if (fd < 0)
                return -errno;
        result = outcome(write(fd, "x", 1));
        close(fd);
        return result;
}

static int get(int fd)
{
        char byte;
        int result;

        if (fd < 0)
                return -errno;
        result = outcome(read(fd, &byte, 1));
        close(fd);
        return result;
}

static int attempt_read(char **arg)
{
        return get(open(arg[0], O_RDONLY));
}

static int attempt_write(char **arg)
{
        return put(open(arg[0], O_WRONLY | O_APPEND));
}

static int attempt_read_write(char **arg)
{
        return put(open(arg[0], O_RDWR));
}

static int attempt_list(char **arg)
{
        DIR *d = opendir(arg[0]);
        int result;

        if (!d)
                return -errno;
        errno = 0;
        result = readdir(d) ? 0 : -errno;
        closedir(d);
        return result;
}

static int attempt_create(char **arg)
{
        return put(open(arg[0], O_WRONLY | O_CREAT | O_EXCL, 0644));
}

static int attempt_creat(char **arg)
{
        return put(creat(arg[0], 0644));
}

/* Opening for reading with O_TRUNC empties the file. */
static int attempt_open_truncate(char **arg)
{
        return outcome(open(arg[0], O_RDONLY | O_TRUNC));
}

static int attempt_truncate(char **arg)
{
        return outcome(truncate(arg[0], 0));
}

static int attempt_unlink(char **arg)
{
        return outcome(unlink(arg[0]));
}

static int attempt_mkdir(char **arg)
{
        return outcome(mkdir(arg[0], 0755));
}

static int attempt_rmdir(char **arg)
{
        return outcome(rmdir(arg[0]));
}

static int attempt_mknod(char **arg)
{
        return outcome(mknod(arg[0], S_IFREG | 0644, 0));
}

static int attempt_mkfifo(char **arg)
{
        return outcome(mkfifo(arg[0], 0644));
}

/* A device of its own: the memory device, 1:1. */
static int attempt_mkdevice(char **arg)
{
        return outcome(mknod(arg[0], S_IFCHR | 0600, 1 << 8 | 1));
}

static int attempt_symlink(char **arg)
{
        return outcome(symlink(arg[0], arg[1]));
}

static int attempt_link(char **arg)
{
        return outcome(link(arg[0], arg[1]));
}

/* A link made to a file through an O_PATH descriptor of it. */
static int attempt_link_descriptor(char **arg)
{
        int fd = NEED(open(arg[0], O_PATH));

        return outcome(linkat(fd, "", AT_FDCWD, arg[1], AT_EMPTY_PATH));
}

static int attempt_rename(char **arg)
{
        return outcome(rename(arg[0], arg[1]));
}

static int attempt_exchange(char **arg)
{
        return outcome(renameat2(AT_FDCWD, arg[0], AT_FDCWD, arg[1], RENAME_EXCHANGE));
}

static int attempt_bind(char **arg)
{
        struct sockaddr_un a = { .sun_family = AF_UNIX };
        int fd = NEED(socket(AF_UNIX, SOCK_STREAM, 0));

        strncpy(a.sun_path, arg[0], sizeof(a.sun_path) - 1);
        return outcome(bind(fd, (struct sockaddr *)&a, sizeof(a)));
}

static int attempt_chmod(char **arg)
{
        return outcome(chmod(arg[0], 0777));
}

static int attempt_chown(char **arg)
{
        return outcome(chown(arg[0], 4711, 4711));
}

static int attempt_utimes(char **arg)
{
        struct timespec times[2] = { { 1, 0 }, { 1, 0 } };

        return outcome(utimensat(AT_FDCWD, arg[0], times, 0));
}

static int attempt_setxattr(char **arg)
{
        return outcome(setxattr(arg[0], "user.holdfast-test", "x", 1, 0));
}

/* fchmod of a descriptor that was only opened for reading. */
static int attempt_fchmod(char **arg)
{
        return outcome(fchmod(NEED(open(arg[0], O_RDONLY)), 0777));
}

/* Flags are set by a descriptor for reading too. */
static int attempt_set_flags(char **arg)
{
        int fd = NEED(open(arg[0], O_RDONLY)), flags;

        NEED(ioctl(fd, FS_IOC_GETFLAGS, &flags));
        flags |= FS_NODUMP_FL;
        return outcome(ioctl(fd, FS_IOC_SETFLAGS, &flags));
}

/* The write goes to what the link, made here, points at. */
static int attempt_through_symlink(char **arg)
{
        NEED(symlink(arg[0], arg[1]));
        return put(open(arg[1], O_WRONLY | O_APPEND));
}

/* A folder linked to, and a file made below the link. */
static int attempt_create_through_symlink(char **arg)
{
        char path[4096];

        NEED(symlink(arg[0], arg[1]));
        snprintf(path, sizeof(path), "%s/made", arg[1]);
        return put(open(path, O_WRONLY | O_CREAT | O_EXCL, 0644));
}

static int attempt_proc_root(char **arg)
{
        char path[4096];

        snprintf(path, sizeof(path), "/proc/self/root%s", arg[0]);
        return put(open(path, O_WRONLY | O_APPEND));
}

/* From the folder arg[1], entered by its allowed name. */
static int attempt_proc_cwd(char **arg)
{
        char path[4096];

        NEED(chdir(arg[1]));
        snprintf(path, sizeof(path), "/proc/self/cwd/%s", arg[0]);
        return put(open(path, O_WRONLY | O_APPEND));
}

/* An O_PATH descriptor asks for no right; opening it again does. */
static int attempt_reopen(char **arg)
{
        char path[64];

        snprintf(path, sizeof(path), "/proc/self/fd/%ld", NEED(open(arg[0], O_PATH)));
        return put(open(path, O_WRONLY | O_APPEND));
}

static int attempt_reopen_dev_fd(char **arg)
{
        char path[64];

        snprintf(path, sizeof(path), "/dev/fd/%ld", NEED(open(arg[0], O_PATH)));
        return put(open(path, O_WRONLY | O_APPEND));
}

/* A file opened for reading, where that is allowed, and opened again for writing. */
static int attempt_reopen_reader(char **arg)
{
        char path[64];

        snprintf(path, sizeof(path), "/proc/self/fd/%ld", NEED(open(arg[0], O_RDONLY)));
        return put(open(path, O_WRONLY | O_APPEND));
}

/* openat2 relative to "/" with each way to resolve that allows a plain path; all of them must be refused. */
static int attempt_openat2(char **arg)
{
        static const unsigned long long ways[] = { 0, RESOLVE_BENEATH, RESOLVE_IN_ROOT, RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS };
        int root = NEED(open("/", O_PATH | O_DIRECTORY)), result = -EINVAL;

        for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
                struct open_how how = { .flags = O_WRONLY | O_APPEND, .resolve = ways[i] };

                result = put(syscall(SYS_openat2, root, arg[0] + 1, &how, sizeof(how)));
                if (result == 0)
                        return 0;
        }
        return result;
}

/* By a file handle: no name is looked up. arg[1]: an allowed folder on the same file system. */
static int attempt_handle(char **arg)
{
        struct {
                struct file_handle head;
                unsigned char rest[MAX_HANDLE_SZ];
        } handle = { .head.handle_bytes = MAX_HANDLE_SZ };
        int mount_id, fd = NEED(open(arg[1], O_RDONLY | O_DIRECTORY));

        NEED(name_to_handle_at(AT_FDCWD, arg[0], &handle.head, &mount_id, 0));
        return put(open_by_handle_at(fd, &handle.head, O_WRONLY | O_APPEND));
}

/* A file without a name in arg[0], given the name arg[1]. */
static int attempt_tmpfile_link(char **arg)
{
        int fd = NEED(open(arg[0], O_TMPFILE | O_WRONLY, 0644));

        NEED(write(fd, "x", 1));
        return outcome(linkat(fd, "", AT_FDCWD, arg[1], AT_EMPTY_PATH));
}

static int attempt_tmpfile(char **arg)
{
        return put(open(arg[0], O_TMPFILE | O_WRONLY, 0644));
}

/* Renames the folder arg[0] to arg[1] and writes the file arg[2] under its new name. */
static int attempt_rename_then_write(char **arg)
{
        if (rename(arg[0], arg[1]) < 0)
                return -errno;
        return put(open(arg[2], O_WRONLY | O_APPEND));
}

/* Links arg[0] as arg[1] and writes through the link. */
static int attempt_link_then_write(char **arg)
{
        if (link(arg[0], arg[1]) < 0)
                return -errno;
        return put(open(arg[1], O_WRONLY | O_APPEND));
}

static int attempt_mkdir_then_create(char **arg)
{
        char path[4096];

        if (mkdir(arg[0], 0755) < 0)
                return -errno;
        snprintf(path, sizeof(path), "%s/made", arg[0]);
        return put(open(path, O_WRONLY | O_CREAT | O_EXCL, 0644));
}

/* A descriptor that whoever started the program had open already. */
static int attempt_write_descriptor(char **arg)
{
        return outcome(write(atoi(arg[0]), "x", 1));
}

static int attempt_read_descriptor(char **arg)
{
        char byte;

        return outcome(read(atoi(arg[0]), &byte, 1));
}

/*
 * A link that another process swaps between an allowed file and a denied one while this one opens it: done when a descriptor
 * ever is that of the denied file. Refusals on the way are not the end.
 */
static int attempt_swap(char **arg)
{
        const char *denied = arg[0], *allowed = arg[1], *link = arg[2];
        char other[4096];
        struct stat target, got;
        int result = -ETIMEDOUT;
        pid_t swapper;

        NEED(stat(denied, &target));
        snprintf(other, sizeof(other), "%s.other", link);
        swapper = NEED(fork());
        for (; swapper == 0;) {
                unlink(other);
                NEED(symlink(denied, other));
                NEED(rename(other, link));
                NEED(symlink(allowed, other));
                NEED(rename(other, link));
        }
        for (int i = 0, opened = 0; i < 200000 && opened < 1000; i++) {
                int fd = open(link, O_WRONLY | O_APPEND);

                if (fd < 0) {
                        if (errno != ENOENT)
                                result = -errno;
                        continue;
                }
                opened++;
                NEED(fstat(fd, &got));
                close(fd);
                if (got.st_ino == target.st_ino && got.st_dev == target.st_dev) {
                        result = 0;
                        break;
                }
        }
        kill(swapper, SIGKILL);
        waitpid(swapper, NULL, 0);
        return result;
}

/* Tries arg[0] for writing arg[1] times; done when one try works. */
static int attempt_flood(char **arg)
{
        int result = 0;

        for (long i = atol(arg[1]); i > 0; i--) {
                int fd = open(arg[0], O_WRONLY | O_APPEND);

                if (fd >= 0)
                        return 0;
                result = -errno;
        }
        return result;
}

/* A folder 500 levels down, entered one step at a time, and a file made there. */
static int attempt_deep(char **arg)
{
        NEED(chdir(arg[0]));
        for (int i = 0; i < 500; i++) {
                if (mkdir("d", 0755) < 0 && errno != EEXIST)
                        return -errno;
                NEED(chdir("d"));
        }
        return put(open("made", O_WRONLY | O_CREAT | O_EXCL, 0644));
}

/* A name of 255 bytes with a newline, a quote and a byte that is no UTF-8. */
static int attempt_odd_name(char **arg)
{
        char name[256];

        memset(name, 'n', 255);
        memcpy(name, "a\n\"\xff", 4);
        name[255] = 0;
        NEED(chdir(arg[0]));
        return put(open(name, O_WRONLY | O_CREAT | O_EXCL, 0644));
}

static const struct attempt attempts[] = {
        { "read", 1, "FILE", attempt_read },
        { "write", 1, "FILE", attempt_write },
        { "read-write", 1, "FILE", attempt_read_write },
        { "list", 1, "FOLDER", attempt_list },
        { "create", 1, "FILE", attempt_create },
        { "creat", 1, "FILE", attempt_creat },
        { "open-truncate", 1, "FILE", attempt_open_truncate },
        { "truncate", 1, "FILE", attempt_truncate },
        { "unlink", 1, "FILE", attempt_unlink },
        { "mkdir", 1, "FOLDER", attempt_mkdir },
        { "rmdir", 1, "FOLDER", attempt_rmdir },
        { "mknod", 1, "FILE", attempt_mknod },
        { "mkfifo", 1, "FILE", attempt_mkfifo },
        { "mkdevice", 1, "FILE", attempt_mkdevice },
        { "symlink", 2, "TARGET LINK", attempt_symlink },
        { "link", 2, "FILE LINK", attempt_link },
        { "link-descriptor", 2, "FILE LINK", attempt_link_descriptor },
        { "rename", 2, "FROM TO", attempt_rename },
        { "exchange", 2, "ONE OTHER", attempt_exchange },
        { "bind", 1, "SOCKET", attempt_bind },
        { "chmod", 1, "FILE", attempt_chmod },
        { "chown", 1, "FILE", attempt_chown },
        { "utimes", 1, "FILE", attempt_utimes },
        { "setxattr", 1, "FILE", attempt_setxattr },
        { "fchmod", 1, "FILE", attempt_fchmod },
        { "set-flags", 1, "FILE", attempt_set_flags },
        { "through-symlink", 2, "FILE LINK", attempt_through_symlink },
        { "create-through-symlink", 2, "FOLDER LINK", attempt_create_through_symlink },
        { "proc-root", 1, "FILE", attempt_proc_root },
        { "proc-cwd", 2, "RELATIVE FOLDER", attempt_proc_cwd },
        { "reopen", 1, "FILE", attempt_reopen },
        { "reopen-dev-fd", 1, "FILE", attempt_reopen_dev_fd },
        { "reopen-reader", 1, "FILE", attempt_reopen_reader },
        { "openat2", 1, "FILE", attempt_openat2 },
        { "handle", 2, "FILE ALLOWED-FOLDER", attempt_handle },
        { "tmpfile-link", 2, "FOLDER NAME", attempt_tmpfile_link },
        { "tmpfile", 1, "FOLDER", attempt_tmpfile },
        { "rename-then-write", 3, "FOLDER NAME FILE", attempt_rename_then_write },
        { "link-then-write", 2, "FILE LINK", attempt_link_then_write },
        { "mkdir-then-create", 1, "FOLDER", attempt_mkdir_then_create },
        { "write-descriptor", 1, "NUMBER", attempt_write_descriptor },
        { "read-descriptor", 1, "NUMBER", attempt_read_descriptor },
        { "swap", 3, "DENIED ALLOWED LINK", attempt_swap },
        { "flood", 2, "FILE COUNT", attempt_flood },
        { "deep", 1, "FOLDER", attempt_deep },
        { "odd-name", 1, "FOLDER", attempt_odd_name },
};

ATTEMPT_MAIN(attempts)
