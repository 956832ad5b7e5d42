/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What single operations cost, as the process that does them sees it.
 * ops prepare WORK                       makes in the folder what the operations need
 * ops run WORK PORT ROUNDS [NAME...]     does each operation (or those named) some times a round; prints JSON:
 *                                        { "NAME": { "ns": lower quartile, "median": , "mean": of the rounds' means }, ... }
 * The listener is on 127.0.0.1:PORT. Meant for a guest whose clock counts instructions: there a ns is an instruction.
 */
#include "bench/rounds.h"
#include "lib/shared.h"

#include <limits.h>
#include <netinet/in.h>
#include <spawn.h>
#include <sys/personality.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define DEPTH 17
#define BATCH 32 /* sockets between two rests that are not timed; fits into a backlog and a socket's buffer */

struct bench {
        char shallow[PATH_MAX], deep[PATH_MAX]; /* files 1 and 17 levels below the folder that a rule names */
        char fresh[PATH_MAX], moved[PATH_MAX];
        struct sockaddr_in server, sink;
        int listener, receiver, sender;
};

static void place(struct bench *b, const char *work)
{
        size_t used = snprintf(b->deep, sizeof(b->deep), "%s", work);

        for (int i = 1; i < DEPTH && used < sizeof(b->deep); i++)
                used += snprintf(b->deep + used, sizeof(b->deep) - used, "/d%d", i);
        if (used + 8 >= sizeof(b->deep)) {
                errno = ENAMETOOLONG;
                NEED(-1);
        }
        snprintf(b->deep + used, sizeof(b->deep) - used, "/file");
        snprintf(b->shallow, sizeof(b->shallow), "%.4000s/file", work);
        snprintf(b->fresh, sizeof(b->fresh), "%.4000s/fresh", work);
        snprintf(b->moved, sizeof(b->moved), "%.4000s/moved", work);
}

static void make_file(const char *path)
{
        close(NEED(open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644)));
}

static void prepare(struct bench *b, const char *work)
{
        char folder[PATH_MAX];

        for (char *slash = b->deep + strlen(work); slash; slash = strchr(slash + 1, '/')) {
                snprintf(folder, sizeof(folder), "%.*s", (int)(slash - b->deep), b->deep);
                if (mkdir(folder, 0755) < 0 && errno != EEXIST)
                        NEED(-1);
        }
        make_file(b->deep);
        make_file(b->shallow);
        make_file(b->moved);
}

static void open_close(const char *path, int flags, int count)
{
        for (int i = 0; i < count; i++)
                close(NEED(open(path, flags | O_CLOEXEC, 0644)));
}

static uint64_t open_1(void *context, int count)
{
        struct bench *b = context;
        uint64_t start = now_ns();

        open_close(b->shallow, O_RDONLY, count);
        return now_ns() - start;
}

static uint64_t open_17(void *context, int count)
{
        struct bench *b = context;
        uint64_t start = now_ns();

        open_close(b->deep, O_RDONLY, count);
        return now_ns() - start;
}

static uint64_t open_write(void *context, int count)
{
        struct bench *b = context;
        uint64_t start = now_ns();

        open_close(b->shallow, O_WRONLY, count);
        return now_ns() - start;
}

static uint64_t create_unlink(void *context, int count)
{
        struct bench *b = context;
        uint64_t start = now_ns();

        for (int i = 0; i < count; i++) {
                open_close(b->fresh, O_WRONLY | O_CREAT | O_EXCL, 1);
                NEED(unlink(b->fresh));
        }
        return now_ns() - start;
}

/* There and back, so that each round begins as the one before. */
static uint64_t rename_file(void *context, int count)
{
        struct bench *b = context;
        uint64_t start = now_ns();

        for (int i = 0; i < count; i += 2) {
                NEED(rename(b->moved, b->fresh));
                NEED(rename(b->fresh, b->moved));
        }
        return now_ns() - start;
}

static uint64_t spawn(void *context, int count)
{
        static char *argv[] = { "true", NULL }, *environment[] = { NULL };
        uint64_t start = now_ns();

        (void)context;
        for (int i = 0; i < count; i++) {
                int status;
                pid_t pid;

                errno = posix_spawn(&pid, "/usr/bin/true", NULL, NULL, argv, environment);
                NEED(errno ? -1 : 0);
                NEED(waitpid(pid, &status, 0));
                errno = ENOEXEC;
                NEED(status ? -1 : 0);
        }
        return now_ns() - start;
}

/* A new socket and its connect() are timed; accepting and closing, with a reset so that no port is used up, are not. */
static uint64_t connect_tcp(void *context, int count)
{
        struct bench *b = context;
        static const struct linger reset = { .l_onoff = 1 };
        uint64_t total = 0;

        for (int at = 0; at < count; at += BATCH) {
                int fd[BATCH], n = count - at < BATCH ? count - at : BATCH;
                uint64_t start = now_ns();

                for (int i = 0; i < n; i++) {
                        fd[i] = NEED(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
                        NEED(connect(fd[i], (struct sockaddr *)&b->server, sizeof(b->server)));
                }
                total += now_ns() - start;
                for (int i = 0; i < n; i++) {
                        NEED(setsockopt(fd[i], SOL_SOCKET, SO_LINGER, &reset, sizeof(reset)));
                        close(fd[i]);
                        close(NEED(accept4(b->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)));
                }
        }
        return total;
}

/* One socket for all, as a resolver's; receiving is not timed. */
static uint64_t send_udp(void *context, int count)
{
        struct bench *b = context;
        uint64_t total = 0;

        for (int at = 0; at < count; at += BATCH) {
                int n = count - at < BATCH ? count - at : BATCH;
                uint64_t start = now_ns();
                char byte = 'x';

                for (int i = 0; i < n; i++)
                        NEED(sendto(b->sender, &byte, 1, 0, (struct sockaddr *)&b->sink, sizeof(b->sink)));
                total += now_ns() - start;
                for (int i = 0; i < n; i++)
                        NEED(recv(b->receiver, &byte, 1, MSG_DONTWAIT));
        }
        return total;
}

static const struct row rows[] = {
        { "open-1", 50, open_1 },      { "open-17", 40, open_17 }, { "open-write", 50, open_write }, { "create", 20, create_unlink },
        { "rename", 30, rename_file }, { "spawn", 1, spawn },      { "connect", 16, connect_tcp },   { "sendto", 64, send_udp },
};
#define N_ROWS (sizeof(rows) / sizeof(rows[0]))

static void open_sockets(struct bench *b, int port)
{
        socklen_t length = sizeof(b->sink);
        int one = 1;

        b->server = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
        b->sink = b->server;
        b->listener = NEED(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
        NEED(setsockopt(b->listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)));
        NEED(bind(b->listener, (struct sockaddr *)&b->server, sizeof(b->server)));
        NEED(listen(b->listener, 2 * BATCH));
        b->receiver = NEED(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
        NEED(bind(b->receiver, (struct sockaddr *)&b->sink, length));
        NEED(getsockname(b->receiver, (struct sockaddr *)&b->sink, &length));
        b->sender = NEED(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
}

static int usage(void)
{
        fputs("usage: ops prepare WORK | run WORK PORT ROUNDS [NAME...]; names:", stderr);
        for (size_t i = 0; i < N_ROWS; i++)
                fprintf(stderr, " %s", rows[i].name);
        fputs("\n", stderr);
        return 2;
}

int main(int argc, char **argv)
{
        static struct bench b;
        int rounds;

        if (argc < 3)
                return usage();
        place(&b, argv[2]);
        if (!strcmp(argv[1], "prepare") && argc == 3) {
                prepare(&b, argv[2]);
                return 0;
        }
        if (strcmp(argv[1], "run") != 0 || argc < 5)
                return usage();
        rounds = atoi(argv[4]);
        if (rounds < 1 || rounds > ROUNDS_MAX)
                return usage();
        NEED(personality(ADDR_NO_RANDOMIZE)); /* of the programs that are started: where their memory lies changes what they cost */
        open_sockets(&b, atoi(argv[3]));
        return rounds_run(rows, N_ROWS, &b, rounds, argc - 5, argv + 5);
}
