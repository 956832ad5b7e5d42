/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent OUTSIDE                  before anything of its own or of the C library runs, appends to the file; then prints what came of it,
 * lets a child try the same, prints that, and exits with 7 agent start HOW PROGRAM ARG... starts a program as a shell does (fork), as
 * spawn(3) does, from a second thread (thread), or by its descriptor (fexecve), and prints all that waiting for it tells, stops included
 * agent time RUNS PROGRAM ARG... the same over and over; prints the median of the times from the start to the end, in us
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;
static int first; /* errno of the first act; 0: it was done */

static int act(const char *file)
{
        int fd = (int)syscall(SYS_openat, AT_FDCWD, file, O_WRONLY | O_APPEND | O_CREAT, 0666);

        if (fd < 0)
                return errno;
        if (write(fd, "x", 1) != 1)
                return errno;
        close(fd);
        return 0;
}

static void before_all(int argc, char **argv, char **env)
{
        (void)env;
        if (argc == 2)
                first = act(argv[1]);
}

__attribute__((section(".preinit_array"), used)) static void (*const preinit)(int, char **, char **) = before_all;

static const char *text(int error)
{
        static char out[64];

        snprintf(out, sizeof(out), "%s%s", error ? "refused " : "done", error ? strerrorname_np(error) : "");
        return out;
}

static void *execute(void *argv)
{
        execv(((char **)argv)[0], argv);
        _exit(126);
}

static pid_t start(const char *how, char **argv)
{
        pthread_t thread;
        pid_t pid;

        if (!strcmp(how, "spawn")) {
                errno = posix_spawn(&pid, argv[0], NULL, NULL, argv, environ);
                return errno ? -1 : pid;
        }
        pid = fork();
        if (pid)
                return pid;
        if (!strcmp(how, "thread")) {
                pthread_create(&thread, NULL, execute, argv);
                for (;;)
                        pause();
        }
        if (!strcmp(how, "fexecve"))
                fexecve(open(argv[0], O_RDONLY), argv, environ);
        execute(argv);
        return -1;
}

/* What the parent sees. */
static int watch(const char *how, char **argv)
{
        pid_t pid = start(how, argv);
        int status;

        if (pid < 0) {
                printf("no process: %s\n", strerrorname_np(errno));
                return 1;
        }
        do {
                if (waitpid(pid, &status, WUNTRACED | WCONTINUED) < 0)
                        return 1;
                if (WIFEXITED(status))
                        printf("exited %d\n", WEXITSTATUS(status));
                else if (WIFSIGNALED(status))
                        printf("signal %d\n", WTERMSIG(status));
                else
                        printf("stopped or continued\n");
        } while (!WIFEXITED(status) && !WIFSIGNALED(status));
        return 0;
}

static int compare(const void *a, const void *b)
{
        const long *x = a, *y = b;

        return (*x > *y) - (*x < *y);
}

static int measure(int runs, char **argv)
{
        long *took = calloc((size_t)runs, sizeof(*took));
        int status;

        for (int i = 0; i < runs; i++) {
                struct timespec from, to;

                clock_gettime(CLOCK_MONOTONIC, &from);
                waitpid(start("fork", argv), &status, 0);
                clock_gettime(CLOCK_MONOTONIC, &to);
                took[i] = (to.tv_sec - from.tv_sec) * 1000000 + (to.tv_nsec - from.tv_nsec) / 1000;
        }
        qsort(took, (size_t)runs, sizeof(*took), compare);
        printf("%ld\n", took[runs / 2]);
        return 0;
}

int main(int argc, char **argv)
{
        pid_t pid;

        if (argc > 3 && !strcmp(argv[1], "start"))
                return watch(argv[2], argv + 3);
        if (argc > 3 && !strcmp(argv[1], "time"))
                return measure(atoi(argv[2]), argv + 3);
        if (argc != 2)
                return 7;
        printf("first %s\n", text(first));
        fflush(stdout);
        pid = fork();
        if (pid == 0) {
                printf("child %s\n", text(act(argv[1])));
                fflush(stdout);
                _exit(0);
        }
        waitpid(pid, NULL, 0);
        return 7;
}
