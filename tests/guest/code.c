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

/* A copy of a program in memory. */
static int attempt_memfd(char **arg)
{
        static char block[65536];
        int from = NEED(open(arg[0], O_RDONLY | O_CLOEXEC)), to = NEED(memfd_create("copy", MFD_CLOEXEC));
        ssize_t n;

        while ((n = NEED(read(from, block, sizeof(block)))) > 0)
                NEED(write(to, block, n));
        return run(NULL, to);
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
        { "loader", 1, "PROGRAM", attempt_loader },
        { "dlopen", 1, "LIBRARY", attempt_dlopen },
        { "map", 1, "FILE", attempt_map },
        { "map-shared", 1, "FILE", attempt_map_shared },
        { "mprotect", 1, "FILE", attempt_mprotect },
        { "mprotect-after-close", 1, "FILE", attempt_mprotect_after_close },
        { "anonymous", 0, "", attempt_anonymous },
};

ATTEMPT_MAIN(attempts)
