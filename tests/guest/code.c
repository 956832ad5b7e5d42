/* SPDX-License-Identifier: Apache-2.0 */
/* Attempts to run code: as a program, or by mapping it. */
#include "lib/attempt.h"

#include <dlfcn.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>

/* Runs a program by path, or by descriptor where fd is not -1, and returns what exec came to; the program must exit with 0. */
static int run(const char *path, int fd)
{
        int tell[2], error = 0, status;
        char *argv[] = { "program", NULL }, *envp[] = { NULL };
        pid_t child;

        NEED(pipe2(tell, O_CLOEXEC));
        child = NEED(fork());
        if (child == 0) {
                if (fd >= 0)
                        syscall(SYS_execveat, fd, "", argv, envp, AT_EMPTY_PATH);
                else
                        execve(path, argv, envp);
                error = errno;
                NEED(write(tell[1], &error, sizeof(error)));
                _exit(127);
        }
        close(tell[1]);
        NEED(read(tell[0], &error, sizeof(error)));
        NEED(waitpid(child, &status, 0));
        if (error)
                return -error;
        NEED(WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -1);
        return 0;
}

static int attempt_run(char **arg)
{
        return run(arg[0], -1);
}

static int attempt_run_descriptor(char **arg)
{
        return run(NULL, NEED(open(arg[0], O_PATH | O_CLOEXEC)));
}

static void copy(const char *path, int to)
{
        static char block[65536];
        int from = NEED(open(path, O_RDONLY | O_CLOEXEC));
        ssize_t n;

        while ((n = NEED(read(from, block, sizeof(block)))) > 0)
                NEED(write(to, block, n));
        close(from);
}

/* By the descriptor's name, which is how fexecve(3) goes without execveat(2). */
static int run_by_name(int fd)
{
        char path[64];

        snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
        return run(path, -1);
}

/* A copy of a program in memory. */
static int attempt_memfd(char **arg)
{
        int to = NEED(memfd_create("copy", MFD_CLOEXEC));

        copy(arg[0], to);
        return run(NULL, to);
}

static int attempt_memfd_by_name(char **arg)
{
        int to = NEED(memfd_create("copy", 0)), again;
        char path[64];

        copy(arg[0], to);
        snprintf(path, sizeof(path), "/proc/self/fd/%d", to);
        again = NEED(open(path, O_RDONLY));
        close(to);
        return run_by_name(again);
}

/* One that nobody can change any more. */
static int attempt_memfd_sealed(char **arg)
{
        int to = NEED(memfd_create("copy", MFD_CLOEXEC | MFD_ALLOW_SEALING));

        copy(arg[0], to);
        NEED(fcntl(to, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL));
        return run(NULL, to);
}

#ifndef MFD_EXEC
#define MFD_EXEC 0x10U
#endif

/* One that says that it is to be run; not on 6.1, where there is nothing to say. */
static int attempt_memfd_exec(char **arg)
{
        int to = memfd_create("copy", MFD_CLOEXEC | MFD_EXEC);

        if (to < 0 && errno == EINVAL)
                return attempt_memfd(arg);
        copy(arg[0], NEED(to));
        return run(NULL, to);
}

static int attempt_memfd_map(char **arg)
{
        int to = NEED(memfd_create("copy", MFD_CLOEXEC));

        copy(arg[0], to);
        return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, to, 0) == MAP_FAILED ? -errno : 0;
}

/* A copy that never has a name, in a folder. */
static int attempt_nameless(char **arg)
{
        int to = NEED(open(arg[1], O_TMPFILE | O_RDWR | O_CLOEXEC, 0700)), reader;
        char path[64];

        copy(arg[0], to);
        snprintf(path, sizeof(path), "/proc/self/fd/%d", to);
        reader = NEED(open(path, O_RDONLY));
        close(to);
        return run_by_name(reader);
}

/* A copy that has lost its name. */
static int attempt_removed(char **arg)
{
        int to = NEED(open(arg[1], O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0700)), reader = NEED(open(arg[1], O_RDONLY));

        copy(arg[0], to);
        close(to);
        NEED(unlink(arg[1]));
        return run_by_name(reader);
}

static char *map_writable(const char *path, size_t *size)
{
        int fd = NEED(open(path, O_RDWR | O_CLOEXEC));
        char *at;

        *size = (size_t)NEED(lseek(fd, 0, SEEK_END));
        at = mmap(NULL, *size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        NEED(at == MAP_FAILED ? -1 : 0);
        close(fd);
        return at;
}

/* Writes what is there already, by a mapping alone. */
static int attempt_write_mapped(char **arg)
{
        size_t size;
        volatile char *at = map_writable(arg[0], &size);

        at[size - 1] = at[size - 1];
        return 0;
}

/* Keeps a file mapped for writing, until it is killed. */
static int attempt_hold_writable(char **arg)
{
        size_t size;

        map_writable(arg[0], &size);
        puts("ready");
        fflush(stdout);
        while (pause() < 0)
                ;
        return 0;
}

/* Through the dynamic loader, which needs to read and map the program only. */
static int attempt_loader(char **arg)
{
        char text[512] = "";
        int tell[2], status;
        pid_t child;

        NEED(pipe2(tell, O_CLOEXEC));
        child = NEED(fork());
        if (child == 0) {
                NEED(dup2(tell[1], 2));
                execl("/lib64/ld-linux-x86-64.so.2", "ld.so", arg[0], NULL);
                _exit(126);
        }
        close(tell[1]);
        NEED(read(tell[0], text, sizeof(text) - 1));
        NEED(waitpid(child, &status, 0));
        if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
                return 0;
        errno = ENOEXEC;
        NEED(strstr(text, "failed to map") || strstr(text, "cannot open") || strstr(text, "ermi") ? 0 : -1);
        return -EACCES;
}

static int attempt_dlopen(char **arg)
{
        if (dlopen(arg[0], RTLD_NOW))
                return 0;
        errno = ENOEXEC;
        NEED(strstr(dlerror(), "failed to map") ? 0 : -1);
        return -EACCES;
}

static int map(const char *path, int protection, int flags)
{
        int fd = NEED(open(path, O_RDONLY));

        return mmap(NULL, 4096, protection, flags, fd, 0) == MAP_FAILED ? -errno : 0;
}

static int attempt_map(char **arg)
{
        return map(arg[0], PROT_READ | PROT_EXEC, MAP_PRIVATE);
}

static int attempt_map_shared(char **arg)
{
        return map(arg[0], PROT_READ | PROT_EXEC, MAP_SHARED);
}

/* Mapped for reading, then made executable. */
static int attempt_mprotect(char **arg)
{
        int fd = NEED(open(arg[0], O_RDONLY));
        void *at = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0);

        NEED(at == MAP_FAILED ? -1 : 0);
        return outcome(mprotect(at, 4096, PROT_READ | PROT_EXEC));
}

/* The same once the descriptor is closed: the mapping alone keeps the file. */
static int attempt_mprotect_after_close(char **arg)
{
        int fd = NEED(open(arg[0], O_RDONLY));
        void *at = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0);

        NEED(at == MAP_FAILED ? -1 : 0);
        NEED(close(fd));
        return outcome(mprotect(at, 4096, PROT_EXEC));
}

/* What just-in-time compilers do, and may. */
static int attempt_anonymous(char **arg)
{
        void *at = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

        (void)arg;
        NEED(at == MAP_FAILED ? -1 : 0);
        return outcome(mprotect(at, 4096, PROT_READ | PROT_EXEC));
}

static const struct attempt attempts[] = {
        { "run", 1, "PROGRAM", attempt_run },
        { "run-descriptor", 1, "PROGRAM", attempt_run_descriptor },
        { "memfd", 1, "PROGRAM", attempt_memfd },
        { "memfd-by-name", 1, "PROGRAM", attempt_memfd_by_name },
        { "memfd-sealed", 1, "PROGRAM", attempt_memfd_sealed },
        { "memfd-exec", 1, "PROGRAM", attempt_memfd_exec },
        { "memfd-map", 1, "PROGRAM", attempt_memfd_map },
        { "nameless", 2, "PROGRAM FOLDER", attempt_nameless },
        { "removed", 2, "PROGRAM FILE", attempt_removed },
        { "write-mapped", 1, "FILE", attempt_write_mapped },
        { "hold-writable", 1, "FILE", attempt_hold_writable },
        { "loader", 1, "PROGRAM", attempt_loader },
        { "dlopen", 1, "LIBRARY", attempt_dlopen },
        { "map", 1, "FILE", attempt_map },
        { "map-shared", 1, "FILE", attempt_map_shared },
        { "mprotect", 1, "FILE", attempt_mprotect },
        { "mprotect-after-close", 1, "FILE", attempt_mprotect_after_close },
        { "anonymous", 0, "", attempt_anonymous },
};

ATTEMPT_MAIN(attempts)
