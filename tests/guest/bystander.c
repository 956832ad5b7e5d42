/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bystander FOLDER NAME FILE [PORT]: a program that an agent must not get at. It has a secret in memory and in its environment, FILE
 * open for writing, sockets and a fifo in FOLDER and an abstract one, a terminal, memory, semaphores and queues to share, a key,
 * and (with PORT) listens on loopback. It first prints where they are, as NAME=VALUE words; then, for each line on standard input,
 * the state of all that in one line, which stays the same as long as nobody touches it. Whoever connects to FOLDER/helper is passed
 * FILE, a socket connected to PORT and a raw one.
 */
#include "lib/attempt.h"

#include <linux/keyctl.h>
#include <mqueue.h>
#include <netinet/in.h>
#include <poll.h>
#include <pty.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>

#define LOOPBACK 0x7f000001

static char secret[64] = "the secret of the bystander";
static volatile sig_atomic_t signals;
static int arrived, typed;

static void on_signal(int number)
{
        (void)number;
        signals++;
}

static int unix_socket(int type, const char *path)
{
        struct sockaddr_un a = { .sun_family = AF_UNIX };
        int fd = NEED(socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));

        memcpy(a.sun_path, path, strnlen(path, sizeof(a.sun_path) - 1));
        if (path[0] == '@')
                a.sun_path[0] = 0;
        else
                unlink(path);
        NEED(bind(fd, (struct sockaddr *)&a, offsetof(struct sockaddr_un, sun_path) + strlen(path) + (path[0] != '@')));
        if (path[0] != '@')
                NEED(chmod(path, 0777));
        if (type != SOCK_DGRAM)
                NEED(listen(fd, 64));
        return fd;
}

static int inet_socket(int family, int type, int port)
{
        struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_ANY) };
        struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
        int fd = NEED(socket(family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)), on = 1;

        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
        if (family == AF_INET6)
                NEED(setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)));
        NEED(family == AF_INET ? bind(fd, (struct sockaddr *)&v4, sizeof(v4)) : bind(fd, (struct sockaddr *)&v6, sizeof(v6)));
        if (type == SOCK_STREAM)
                NEED(listen(fd, 64));
        return fd;
}

/* Passes the descriptor that whoever connected asks for by its number. */
static struct sockaddr_in loopback; /* where it listens itself */

static void pass(int listener, int fds[4], const char *folder)
{
        union {
                char room[CMSG_SPACE(sizeof(int))];
                struct cmsghdr align;
        } control = { 0 };
        struct timeval patience = { 1, 0 };
        char which = 0;
        struct iovec data = { &which, 1 };
        struct msghdr m = { .msg_iov = &data, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = CMSG_SPACE(sizeof(int)) };
        struct cmsghdr *c = CMSG_FIRSTHDR(&m);
        int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
        if (read(fd, &which, 1) == 1 && which >= '0' && which <= '3') {
                if (which == '1') {
                        close(fds[1]);
                        fds[1] = NEED(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
                        NEED(connect(fds[1], (const struct sockaddr *)&loopback, sizeof(loopback)));
                        arrived--; /* that was itself */
                }
                if (which == '3') {
                        struct sockaddr_un own = { .sun_family = AF_UNIX };

                        close(fds[3]);
                        fds[3] = NEED(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
                        snprintf(own.sun_path, sizeof(own.sun_path), "%.80s/stream", folder);
                        NEED(connect(fds[3], (const struct sockaddr *)&own, sizeof(own)));
                        arrived--;
                }
                c->cmsg_level = SOL_SOCKET;
                c->cmsg_type = SCM_RIGHTS;
                c->cmsg_len = CMSG_LEN(sizeof(int));
                memcpy(CMSG_DATA(c), &fds[which - '0'], sizeof(int));
                sendmsg(fd, &m, MSG_NOSIGNAL);
        }
        close(fd);
}

/* Takes whatever came: connections, datagrams, bytes. */
static void drain(struct pollfd *p, int n)
{
        char data[256];

        while (poll(p, n, 0) > 0) {
                for (int i = 0; i < n; i++) {
                        int fd;

                        if (!p[i].revents)
                                continue;
                        arrived++;
                        fd = accept4(p[i].fd, NULL, NULL, SOCK_CLOEXEC);
                        if (fd >= 0)
                                close(fd);
                        else if (read(p[i].fd, data, sizeof(data)) <= 0)
                                p[i].fd = -1;
                }
        }
}

/* What is typed into the terminal by others, and what they print on it. */
static void drain_terminal(int terminal, int master)
{
        char data[256];

        while (read(terminal, data, sizeof(data)) > 0)
                typed++;
        while (read(master, data, sizeof(data)) > 0)
                typed++;
}

int main(int argc, char **argv)
{
        int file, fifo, shm, sem, queue, terminal, master, n = 0, passed[4] = { -1, -1, -1, -1 };
        struct pollfd p[16];
        char path[128], name[128], line[64], *shared, *posix_shared, *tty;
        struct mq_attr attributes = { .mq_maxmsg = 8, .mq_msgsize = 64 };
        mqd_t mq;
        long key;

        if (argc < 4)
                return 2;
        umask(0);
        for (int i = 1; i < 32; i++)
                if (i != SIGCHLD && i != SIGSEGV && i != SIGPIPE && i != SIGTERM && i != SIGHUP)
                        signal(i, on_signal);
        setenv("BYSTANDER_SECRET", "hidden", 1);
        file = NEED(open(argv[3], O_WRONLY | O_APPEND));
        static const struct {
                int type;
                const char *name;
        } sockets[] = { { SOCK_STREAM, "stream" }, { SOCK_SEQPACKET, "packets" }, { SOCK_DGRAM, "datagrams" } };
        for (size_t i = 0; i < 3; i++) {
                snprintf(path, sizeof(path), "%s/%s", argv[1], sockets[i].name);
                p[n++] = (struct pollfd){ unix_socket(sockets[i].type, path), POLLIN, 0 };
                snprintf(path, sizeof(path), "@%s-%s", argv[2], sockets[i].name);
                p[n++] = (struct pollfd){ unix_socket(sockets[i].type, path), POLLIN, 0 };
        }
        snprintf(path, sizeof(path), "%s/fifo", argv[1]);
        unlink(path);
        NEED(mkfifo(path, 0666));
        fifo = NEED(open(path, O_RDWR | O_NONBLOCK));
        p[n++] = (struct pollfd){ fifo, POLLIN, 0 };
        passed[0] = file;
        if (argc > 4) {
                loopback =
                        (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons(atoi(argv[4])), .sin_addr.s_addr = htonl(LOOPBACK) };
                for (int stream = 0; stream < 2; stream++) {
                        p[n++] = (struct pollfd){ inet_socket(AF_INET, stream ? SOCK_STREAM : SOCK_DGRAM, atoi(argv[4])), POLLIN, 0 };
                        p[n++] = (struct pollfd){ inet_socket(AF_INET6, stream ? SOCK_STREAM : SOCK_DGRAM, atoi(argv[4])), POLLIN, 0 };
                }
                passed[2] = NEED(socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_UDP));
        }
        NEED(setresgid(1000, 1000, 1000)); /* what it needed of root it has by now */
        NEED(setresuid(1000, 1000, 1000));
        NEED(prctl(PR_SET_DUMPABLE, 1));
        shm = NEED(shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0666));
        shared = shmat(shm, NULL, 0);
        NEED(shared == (void *)-1 ? -1 : 0);
        strcpy(shared, "shared");
        sem = NEED(semget(IPC_PRIVATE, 1, IPC_CREAT | 0666));
        queue = NEED(msgget(IPC_PRIVATE, IPC_CREAT | 0666));
        NEED(msgsnd(queue, &(struct {
                            long type;
                            char text[8];
                    }){ 1, "secret" },
                    7, 0));
        snprintf(name, sizeof(name), "/%s", argv[2]);
        mq_unlink(name);
        mq = mq_open(name, O_RDWR | O_CREAT | O_NONBLOCK, 0666, &attributes);
        if (mq >= 0) /* there is none for a session */
                NEED(mq_send(mq, "secret", 7, 0));
        shm_unlink(name);
        {
                int fd = NEED(shm_open(name, O_RDWR | O_CREAT, 0666));

                NEED(ftruncate(fd, 4096));
                posix_shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
                NEED(posix_shared == MAP_FAILED ? -1 : 0);
                strcpy(posix_shared, "shared");
        }
        key = NEED(syscall(SYS_add_key, "user", argv[2], "secret", 6, KEY_SPEC_USER_KEYRING));
        NEED(syscall(SYS_keyctl, KEYCTL_SETPERM, key, 0x3f3f3f3f));
        NEED(openpty(&master, &terminal, NULL, NULL, NULL));
        tty = ttyname(terminal);
        NEED(fchmod(terminal, 0666));
        setsid(); /* it may lead one already */
        NEED(ioctl(terminal, TIOCSCTTY, 0));
        NEED(fcntl(terminal, F_SETFL, O_NONBLOCK));
        NEED(fcntl(master, F_SETFL, O_NONBLOCK));
        snprintf(path, sizeof(path), "%s/helper", argv[1]);
        int helper = unix_socket(SOCK_STREAM, path);

        printf("PID=%d ADDRESS=%p FD=%d SHM=%d SEM=%d QUEUE=%d MQ=%s KEY=%ld TTY=%s AT=%s ABSTRACT=%s\n", getpid(), (void *)secret, file,
               shm, sem, queue, name, key, tty, argv[1], argv[2]);
        fflush(stdout);
        for (;;) {
                struct pollfd both[2] = { { 0, POLLIN, 0 }, { helper, POLLIN, 0 } };
                struct rlimit files = { 0 }, core = { 0 };
                struct mq_attr now = { 0 };
                struct msqid_ds messages = { 0 };
                struct stat st = { 0 }, queue_file = { 0 };
                cpu_set_t cpus;
                char score[16] = "";
                int fd;

                if (poll(both, 2, -1) < 0)
                        continue;
                if (both[1].revents)
                        pass(helper, passed, argv[1]);
                if (!both[0].revents)
                        continue;
                if (!fgets(line, sizeof(line), stdin))
                        return 0;
                drain(p, n);
                drain_terminal(terminal, master);
                sched_getaffinity(0, sizeof(cpus), &cpus);
                prlimit(0, RLIMIT_NOFILE, NULL, &files);
                prlimit(0, RLIMIT_CORE, NULL, &core);
                mq_getattr(mq, &now);
                msgctl(queue, IPC_STAT, &messages);
                fstat(terminal, &st);
                fstat(mq, &queue_file);
                fd = open("/proc/self/oom_score_adj", O_RDONLY);
                if (fd >= 0 && read(fd, score, sizeof(score) - 1) > 0)
                        score[strcspn(score, "\n")] = 0;
                close(fd);
                printf("memory=%.24s shm=%.8s sem=%d queue=%ld mq=%ld/%d shm2=%.8s key=%ld arrived=%d typed=%d signals=%d nice=%d "
                       "policy=%d "
                       "ioprio=%ld cpus=%d nofile=%lu core=%lu oom=%s tty=%o\n",
                       secret, shared, semctl(sem, 0, GETVAL), (long)messages.msg_qnum, now.mq_curmsgs, (int)queue_file.st_nlink,
                       posix_shared, syscall(SYS_keyctl, KEYCTL_READ, key, NULL, 0), arrived, typed, (int)signals,
                       getpriority(PRIO_PROCESS, 0), sched_getscheduler(0), syscall(SYS_ioprio_get, 1, 0), CPU_COUNT(&cpus), files.rlim_cur,
                       core.rlim_cur, score, st.st_mode);
                fflush(stdout);
        }
}
