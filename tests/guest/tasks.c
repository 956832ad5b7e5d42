/* SPDX-License-Identifier: Apache-2.0 */
/* Attempts to shed the confinement by becoming another task: each makes a task in some way, which then writes to a file. */
#include "lib/attempt.h"

#include <linux/sched.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

static const char *file;

/* The attempt itself: the errno of writing to the file, 0 when that worked. */
static int errno_of_write(void)
{
        int fd = open(file, O_WRONLY | O_APPEND);

        return fd >= 0 && write(fd, "x", 1) == 1 ? 0 : errno;
}

static int result_of(pid_t child)
{
        int status;

        NEED(child);
        NEED(waitpid(child, &status, __WALL));
        errno = ECHILD;
        NEED(WIFEXITED(status) ? 0 : -1);
        return -WEXITSTATUS(status);
}

static int attempt_fork(char **arg)
{
        pid_t child;

        file = arg[0];
        child = fork();
        if (child == 0)
                _exit(errno_of_write());
        return result_of(child);
}

/* The grandchild tries once its parent is dead and it is init's. */
static int attempt_double_fork(char **arg)
{
        int tell[2], error = 0;
        pid_t child;

        file = arg[0];
        NEED(pipe2(tell, O_CLOEXEC));
        child = NEED(fork());
        if (child == 0) {
                pid_t parent = getpid();

                if (fork() == 0) {
                        setsid();
                        while (getppid() == parent)
                                sched_yield();
                        error = errno_of_write();
                        NEED(write(tell[1], &error, sizeof(error)));
                }
                _exit(0);
        }
        result_of(child);
        errno = EPIPE;
        NEED(read(tell[0], &error, sizeof(error)) == sizeof(error) ? 0 : -1);
        return -error;
}

static int attempt_new_session(char **arg)
{
        pid_t child;

        file = arg[0];
        child = fork();
        if (child == 0) {
                NEED(setsid());
                _exit(errno_of_write());
        }
        return result_of(child);
}

static int attempt_vfork(char **arg)
{
        pid_t child;

        file = arg[0];
        child = vfork();
        if (child == 0)
                _exit(errno_of_write());
        return result_of(child);
}

static int child_main(void *unused)
{
        (void)unused;
        return errno_of_write();
}

/* A process that shares everything with this one. */
static int attempt_clone_shared(char **arg)
{
        static char stack[65536] __attribute__((aligned(16)));

        file = arg[0];
        return result_of(clone(child_main, stack + sizeof(stack), CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_VFORK | SIGCHLD, NULL));
}

static void *thread_main(void *result)
{
        *(int *)result = -errno_of_write();
        return NULL;
}

static int attempt_thread(char **arg)
{
        pthread_t t;
        int result = 0;

        file = arg[0];
        errno = EAGAIN;
        NEED(-pthread_create(&t, NULL, thread_main, &result));
        pthread_join(t, NULL);
        return result;
}

/* Exec of a program that then tries, named like one that is trusted. */
static int attempt_exec(char **arg)
{
        pid_t child = NEED(fork());

        if (child == 0) {
                execl("/proc/self/exe", "apt-get", "write", arg[0], NULL);
                _exit(EIO);
        }
        return result_of(child);
}

static void *execute_when_told(void *path)
{
        char byte;

        NEED(read(0, &byte, 1));
        execl("/proc/self/exe", "tasks", "write", path, NULL);
        _exit(EIO);
}

/* Another thread than the first, once a byte comes in on standard input, becomes a program that tries; exits with the errno. */
static int attempt_thread_exec(char **arg)
{
        pthread_t t;

        errno = EAGAIN;
        NEED(-pthread_create(&t, NULL, execute_when_told, arg[0]));
        pthread_join(t, NULL);
        return -EIO;
}

static int attempt_write(char **arg)
{
        file = arg[0];
        _exit(errno_of_write());
}

static int attempt_rename_self(char **arg)
{
        file = arg[0];
        NEED(prctl(PR_SET_NAME, "holdfastd"));
        return -errno_of_write();
}

#define CROWD 1200
#define CROWD_SECONDS 8

/* Very many processes on one CPU, each of which tries all the time: they get in each other's way in the middle of anything. */
static int attempt_crowd(char **arg)
{
        const time_t end = time(NULL) + CROWD_SECONDS;
        volatile int *done = mmap(NULL, sizeof(*done), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        cpu_set_t one;

        CPU_ZERO(&one);
        CPU_SET(0, &one);
        file = arg[0];
        NEED(done == MAP_FAILED ? -1 : 0);
        NEED(sched_setaffinity(0, sizeof(one), &one));
        for (int i = 0; i < CROWD; i++)
                if (NEED(fork()) == 0) {
                        while (!*done && time(NULL) < end)
                                if (errno_of_write() == 0)
                                        *done = 1;
                        _exit(0);
                }
        while (wait(NULL) > 0)
                ;
        errno = EACCES;
        return *done ? 0 : -errno;
}

static int attempt_set_uid(char **arg)
{
        file = arg[0];
        NEED(setresgid(atoi(arg[1]), atoi(arg[1]), atoi(arg[1])));
        NEED(setresuid(atoi(arg[1]), atoi(arg[1]), atoi(arg[1])));
        return -errno_of_write();
}

/* Born in another cgroup. Where the kernel refuses that, the attempt failed at once. */
static int attempt_into_cgroup(char **arg)
{
        struct clone_args a = { .flags = CLONE_INTO_CGROUP, .exit_signal = SIGCHLD };
        pid_t child;

        file = arg[0];
        a.cgroup = NEED(open(arg[1], O_PATH | O_DIRECTORY | O_CLOEXEC));
        child = syscall(SYS_clone3, &a, sizeof(a));
        if (child < 0)
                return -errno;
        if (child == 0)
                _exit(errno_of_write());
        return result_of(child);
}

/* Moves itself to another cgroup, then tries; the move itself is a write to cgroup.procs. */
static int attempt_move(char **arg)
{
        char path[4096];
        int fd;

        file = arg[0];
        snprintf(path, sizeof(path), "%s/cgroup.procs", arg[1]);
        fd = open(path, O_WRONLY);
        if (fd < 0 || write(fd, "0", 1) < 0)
                return -errno;
        return -errno_of_write();
}

/* Forks without end, each process going after three children of its own; at most 400 at once: a pipe holds a byte for each. */
static int attempt_bomb(char **arg)
{
        int tokens[2], forked = 0;
        char byte = 0;

        (void)arg;
        signal(SIGCHLD, SIG_IGN);
        NEED(pipe(tokens));
        for (int i = 0; i < 400; i++)
                NEED(write(tokens[1], &byte, 1));
        for (pid_t first = getpid();;) {
                pid_t child;

                if (read(tokens[0], &byte, 1) != 1)
                        return -errno;
                child = fork();
                if (child == 0)
                        forked = 0;
                else if (child < 0 || ++forked == 3)
                        (void)!write(tokens[1], &byte, 1);
                if (forked == 3 && getpid() != first)
                        _exit(0);
        }
}

static const struct attempt attempts[] = {
        { "fork", 1, "FILE", attempt_fork },
        { "double-fork", 1, "FILE", attempt_double_fork },
        { "new-session", 1, "FILE", attempt_new_session },
        { "vfork", 1, "FILE", attempt_vfork },
        { "clone-shared", 1, "FILE", attempt_clone_shared },
        { "thread", 1, "FILE", attempt_thread },
        { "exec", 1, "FILE", attempt_exec },
        { "thread-exec", 1, "FILE", attempt_thread_exec },
        { "write", 1, "FILE", attempt_write },
        { "rename-self", 1, "FILE", attempt_rename_self },
        { "set-uid", 2, "FILE UID", attempt_set_uid },
        { "into-cgroup", 2, "FILE CGROUP", attempt_into_cgroup },
        { "move", 2, "FILE CGROUP", attempt_move },
        { "crowd", 1, "FILE", attempt_crowd },
        { "bomb", 0, "", attempt_bomb },
};

ATTEMPT_MAIN(attempts)
