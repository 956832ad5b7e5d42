/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Holds a file mapped and goes on using it: mapped HOW FILE BEAT. Once it has the mapping it works on it until it is stopped, and counts
 * in BEAT, which it has mapped too: how often, and (ns of CLOCK_REALTIME) when last.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PAGE 4096

struct beat {
        volatile uint64_t count, last;
};

static struct beat *beat;
static volatile sig_atomic_t told;

static void need(int ok, const char *what)
{
        if (ok)
                return;
        perror(what);
        exit(3);
}

static volatile uint64_t *map(int fd, int protection, int flags)
{
        void *p = mmap(NULL, PAGE, protection, flags, fd, 0);

        need(p != MAP_FAILED, "mmap");
        return p;
}

static int open_file(const char *path, int flags)
{
        int fd = open(path, flags | O_CLOEXEC);

        need(fd >= 0, path);
        return fd;
}

static void pulse(void)
{
        const struct timespec pause = { .tv_nsec = 200000 };
        struct timespec now;

        clock_gettime(CLOCK_REALTIME, &now);
        beat->last = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
        beat->count++;
        nanosleep(&pause, NULL);
}

static void write_on(volatile uint64_t *held)
{
        for (;;) {
                ++*held;
                pulse();
        }
}

static void read_on(volatile uint64_t *held)
{
        for (volatile uint64_t sum = 0;; sum += *held)
                pulse();
}

static volatile uint64_t *map_to_write(const char *path)
{
        int fd = open_file(path, O_RDWR);
        volatile uint64_t *held = map(fd, PROT_READ | PROT_WRITE, MAP_SHARED);

        close(fd);
        return held;
}

static void how_write(const char *path)
{
        write_on(map_to_write(path));
}

static void how_read(const char *path)
{
        read_on(map(open_file(path, O_RDONLY), PROT_READ, MAP_SHARED));
}

static void how_execute(const char *path)
{
        read_on(map(open_file(path, O_RDONLY), PROT_READ | PROT_EXEC, MAP_PRIVATE));
}

/* A copy of its own: writing there is not writing the file. */
static void how_private(const char *path)
{
        write_on(map(open_file(path, O_RDONLY), PROT_READ | PROT_WRITE, MAP_PRIVATE));
}

static void how_descriptor_link(const char *path)
{
        char link[64];

        snprintf(link, sizeof(link), "/proc/self/fd/%d", open_file(path, O_RDWR));
        write_on(map_to_write(link));
}

static void how_deleted(const char *path)
{
        volatile uint64_t *held = map_to_write(path);

        need(unlink(path) == 0, "unlink");
        write_on(held);
}

/* The one that mapped it lets go of it; its child has it. */
static void how_inherited(const char *path)
{
        volatile uint64_t *held = map_to_write(path);

        if (fork() == 0)
                write_on(held);
        munmap((void *)held, PAGE);
        pause();
}

static void *thread_main(void *held)
{
        write_on(held);
        return NULL;
}

/* The first thread ends, and with it what /proc/PID shows of the process. */
static void how_thread(const char *path)
{
        pthread_t t;

        need(pthread_create(&t, NULL, thread_main, (void *)map_to_write(path)) == 0, "pthread_create");
        pthread_exit(NULL);
}

/* Opened by another, who ends. */
static void how_received(const char *path)
{
        union {
                struct cmsghdr header;
                char room[CMSG_SPACE(sizeof(int))];
        } control = { { 0 } };
        char byte = 0;
        struct iovec iov = { &byte, 1 };
        struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control) };
        int pair[2], fd;

        need(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0, "socketpair");
        if (fork() == 0) {
                fd = open_file(path, O_RDWR);
                control.header = (struct cmsghdr){ CMSG_LEN(sizeof(fd)), SOL_SOCKET, SCM_RIGHTS };
                memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
                _exit(sendmsg(pair[1], &m, 0) < 0);
        }
        need(recvmsg(pair[0], &m, 0) == 1, "recvmsg");
        memcpy(&fd, CMSG_DATA(&control.header), sizeof(fd));
        wait(NULL);
        write_on(map(fd, PROT_READ | PROT_WRITE, MAP_SHARED));
}

static void on_signal(int sig)
{
        (void)sig;
        told = 1;
}

/* Mapped to read, through a descriptor that may write; told by SIGUSR1 it tries to write, and says what that came to. */
static void how_protect(const char *path)
{
        volatile uint64_t *held = map(open_file(path, O_RDWR), PROT_READ, MAP_SHARED);

        signal(SIGUSR1, on_signal);
        while (!told)
                pulse();
        printf("%s\n", mprotect((void *)held, PAGE, PROT_READ | PROT_WRITE) < 0 ? strerrorname_np(errno) : "done");
        fflush(stdout);
        for (;;)
                pulse();
}

/* Processes that have it mapped, and never cease to fork and end. */
static void how_storm(const char *path)
{
        volatile uint64_t *held = map_to_write(path);

        signal(SIGCHLD, SIG_IGN);
        for (int i = 0; i < 8; i++)
                if (fork() == 0)
                        break;
        for (;;) {
                pid_t child = fork();

                if (child > 0)
                        _exit(0);
                ++*held;
                pulse();
        }
}

static const struct {
        const char *name;
        void (*run)(const char *path);
} hows[] = {
        { "write", how_write },          { "read", how_read },       { "execute", how_execute },     { "private", how_private },
        { "link", how_descriptor_link }, { "deleted", how_deleted }, { "inherited", how_inherited }, { "thread", how_thread },
        { "received", how_received },    { "protect", how_protect }, { "storm", how_storm },
};

int main(int argc, char **argv)
{
        for (size_t i = 0; argc == 4 && i < sizeof(hows) / sizeof(*hows); i++) {
                if (strcmp(hows[i].name, argv[1]))
                        continue;
                beat = (struct beat *)map(open_file(argv[3], O_RDWR), PROT_READ | PROT_WRITE, MAP_SHARED);
                hows[i].run(argv[2]);
        }
        fprintf(stderr, "usage: mapped HOW FILE BEAT\n");
        return 2;
}
