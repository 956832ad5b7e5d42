/* SPDX-License-Identifier: Apache-2.0 */
/* Attempts at files that have no name of their own, or another one than they were opened by: pipes, memory, what is deleted already. */
#include "lib/attempt.h"

#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

/* Opens again what a descriptor stands for. */
static int reopen(int fd, int flags)
{
        char path[64];

        snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
        return outcome(open(path, flags));
}

static int attempt_open_at(char **arg)
{
        return outcome(openat(NEED(open(arg[0], O_PATH | O_DIRECTORY)), arg[1], arg[2][0] == 'w' ? O_WRONLY : O_RDONLY));
}

static int attempt_reopen_deleted(char **arg)
{
        int fd = NEED(open(arg[0], O_RDWR));

        NEED(unlink(arg[0]));
        return reopen(fd, O_RDWR);
}

static int attempt_reopen_pipe(char **arg)
{
        int ends[2];

        (void)arg;
        NEED(pipe(ends));
        return reopen(ends[0], O_RDONLY) ?: reopen(ends[1], O_WRONLY);
}

static int attempt_truncate_memory(char **arg)
{
        int fd = NEED(memfd_create("memory", MFD_CLOEXEC)), waiting;

        (void)arg;
        return outcome(ftruncate(fd, 4096)) ?: outcome(ioctl(fd, FIONREAD, &waiting));
}

/* Done when the kernel says that the descriptor is good for nothing of the sort. */
static int attempt_truncate_path(char **arg)
{
        int fd = open(arg[0], O_PATH);

        if (fd < 0)
                return -errno;
        return ftruncate(fd, 0) < 0 && errno == EBADF ? 0 : -EEXIST;
}

static int attempt_truncate_open(char **arg)
{
        return outcome(ftruncate(NEED(open(arg[0], O_WRONLY)), 0));
}

static int send_descriptor(int socket, int fd)
{
        union {
                struct cmsghdr header;
                char room[CMSG_SPACE(sizeof(int))];
        } control = { { CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS } };
        struct iovec iov = { "x", 1 };
        struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control) };

        memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
        return (int)sendmsg(socket, &m, 0);
}

static int receive_descriptor(int socket)
{
        union {
                struct cmsghdr header;
                char room[CMSG_SPACE(sizeof(int))];
        } control;
        char byte;
        struct iovec iov = { &byte, 1 };
        struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control) };
        int fd;

        NEED(recvmsg(socket, &m, 0));
        if (!CMSG_FIRSTHDR(&m))
                return -1;
        memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof(fd));
        return fd;
}

/* Opened by a child, which passes it on. */
static int attempt_truncate_passed(char **arg)
{
        int ends[2];

        NEED(socketpair(AF_UNIX, SOCK_STREAM, 0, ends));
        if (NEED(fork()) == 0)
                _exit(send_descriptor(ends[1], (int)NEED(open(arg[0], O_WRONLY))) < 0);
        return outcome(ftruncate(NEED(receive_descriptor(ends[0])), 0));
}

static int attempt_pipe_ioctl(char **arg)
{
        int waiting;

        return outcome(ioctl(NEED(open(arg[0], O_RDWR)), FIONREAD, &waiting));
}

static int attempt_socket_ioctl(char **arg)
{
        struct sockaddr_un a = { .sun_family = AF_UNIX };
        int server = NEED(socket(AF_UNIX, SOCK_STREAM, 0)), client = NEED(socket(AF_UNIX, SOCK_STREAM, 0)), waiting;

        strncpy(a.sun_path, arg[0], sizeof(a.sun_path) - 1);
        NEED(bind(server, (struct sockaddr *)&a, sizeof(a)));
        NEED(listen(server, 1));
        NEED(connect(client, (struct sockaddr *)&a, sizeof(a)));
        return outcome(ioctl(client, FIONREAD, &waiting));
}

/* arg[0]: stream, datagram, or packet. */
static int attempt_connect(char **arg)
{
        int type = arg[0][0] == 's' ? SOCK_STREAM : arg[0][0] == 'd' ? SOCK_DGRAM : SOCK_SEQPACKET;
        struct sockaddr_un a = { .sun_family = AF_UNIX };

        strncpy(a.sun_path, arg[1], sizeof(a.sun_path) - 1);
        return outcome(connect(NEED(socket(AF_UNIX, type, 0)), (struct sockaddr *)&a, sizeof(a)));
}

/* Sockets of all three types at FOLDER/stream, …/datagram and …/packet, until it is killed. */
static int attempt_serve(char **arg)
{
        static const char *const names[] = { "stream", "datagram", "packet" };
        static const int types[] = { SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET };

        for (int i = 0; i < 3; i++) {
                struct sockaddr_un a = { .sun_family = AF_UNIX };
                int fd = NEED(socket(AF_UNIX, types[i], 0));

                snprintf(a.sun_path, sizeof(a.sun_path), "%s/%s", arg[0], names[i]);
                NEED(bind(fd, (struct sockaddr *)&a, sizeof(a)));
                if (types[i] != SOCK_DGRAM)
                        NEED(listen(fd, 100));
        }
        pause();
        return 0;
}

static int attempt_block_device(char **arg)
{
        return outcome(mknod(arg[0], S_IFBLK | 0600, 7 << 8));
}

/* What overlayfs takes for a deleted file; making one needs no privilege. */
static int attempt_whiteout(char **arg)
{
        return outcome(mknod(arg[0], S_IFCHR | 0600, 0));
}

static int attempt_rename_whiteout(char **arg)
{
        return outcome(renameat2(AT_FDCWD, arg[0], AT_FDCWD, arg[1], RENAME_WHITEOUT));
}

static const struct attempt attempts[] = {
        { "open-at", 3, "FOLDER NAME r|w", attempt_open_at },
        { "reopen-deleted", 1, "FILE", attempt_reopen_deleted },
        { "reopen-pipe", 0, "", attempt_reopen_pipe },
        { "truncate-memory", 0, "", attempt_truncate_memory },
        { "truncate-path", 1, "FILE", attempt_truncate_path },
        { "truncate-open", 1, "FILE", attempt_truncate_open },
        { "truncate-passed", 1, "FILE", attempt_truncate_passed },
        { "pipe-ioctl", 1, "FIFO", attempt_pipe_ioctl },
        { "socket-ioctl", 1, "SOCKET", attempt_socket_ioctl },
        { "connect", 2, "stream|datagram|packet SOCKET", attempt_connect },
        { "serve", 1, "FOLDER", attempt_serve },
        { "block-device", 1, "FILE", attempt_block_device },
        { "whiteout", 1, "FILE", attempt_whiteout },
        { "rename-whiteout", 2, "FROM TO", attempt_rename_whiteout },
};

ATTEMPT_MAIN(attempts)
