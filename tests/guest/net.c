/* SPDX-License-Identifier: Apache-2.0 */
/* Attempts to reach an address, in each way that the socket calls offer; and the listener that tells what arrived. */
#include "lib/attempt.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif

struct address {
        union {
                struct sockaddr any;
                struct sockaddr_in v4;
                struct sockaddr_in6 v6;
        };
        socklen_t size;
};

/* Reads an IPv4 or IPv6 address and a port. */
static struct address parse(char **arg)
{
        struct address a = { 0 };

        if (inet_pton(AF_INET, arg[0], &a.v4.sin_addr) == 1) {
                a.v4.sin_family = AF_INET;
                a.v4.sin_port = htons(atoi(arg[1]));
                a.size = sizeof(a.v4);
                return a;
        }
        a.v6.sin6_family = AF_INET6;
        a.v6.sin6_port = htons(atoi(arg[1]));
        a.size = sizeof(a.v6);
        errno = EINVAL;
        NEED(inet_pton(AF_INET6, arg[0], &a.v6.sin6_addr) == 1 ? 0 : -1);
        return a;
}

static int make(const struct address *a, int type, int protocol)
{
        return NEED(socket(a->any.sa_family, type | SOCK_CLOEXEC, protocol));
}

static int attempt_tcp(char **arg)
{
        struct address a = parse(arg);

        return outcome(connect(make(&a, SOCK_STREAM, 0), &a.any, a.size));
}

static int attempt_mptcp(char **arg)
{
        struct address a = parse(arg);

        return outcome(connect(make(&a, SOCK_STREAM, IPPROTO_MPTCP), &a.any, a.size));
}

/* The first send is the connect. */
static int attempt_fast_open(char **arg)
{
        struct address a = parse(arg);

        return outcome(sendto(make(&a, SOCK_STREAM, 0), "x", 1, MSG_FASTOPEN | MSG_NOSIGNAL, &a.any, a.size));
}

/* connect() only remembers; the write is the connect. */
static int attempt_fast_open_connect(char **arg)
{
        struct address a = parse(arg);
        int fd = make(&a, SOCK_STREAM, 0), on = 1;

        NEED(setsockopt(fd, IPPROTO_TCP, TCP_FASTOPEN_CONNECT, &on, sizeof(on)));
        if (connect(fd, &a.any, a.size) < 0)
                return -errno;
        return outcome(send(fd, "x", 1, MSG_NOSIGNAL));
}

static int attempt_udp_sendto(char **arg)
{
        struct address a = parse(arg);

        return outcome(sendto(make(&a, SOCK_DGRAM, 0), "udp", 3, 0, &a.any, a.size));
}

static int attempt_udp_connect(char **arg)
{
        struct address a = parse(arg);
        int fd = make(&a, SOCK_DGRAM, 0);

        if (connect(fd, &a.any, a.size) < 0)
                return -errno;
        return outcome(send(fd, "udp", 3, 0));
}

static int attempt_udp_sendmsg(char **arg)
{
        struct address a = parse(arg);
        struct iovec data = { "udp", 3 };
        struct msghdr m = { .msg_name = &a.any, .msg_namelen = a.size, .msg_iov = &data, .msg_iovlen = 1 };

        return outcome(sendmsg(make(&a, SOCK_DGRAM, 0), &m, 0));
}

static int attempt_udp_sendmmsg(char **arg)
{
        struct address a = parse(arg);
        struct iovec data = { "udp", 3 };
        struct msghdr m = { .msg_name = &a.any, .msg_namelen = a.size, .msg_iov = &data, .msg_iovlen = 1 };
        struct mmsghdr both[2] = { { .msg_hdr = m }, { .msg_hdr = m } };

        return outcome(sendmmsg(make(&a, SOCK_DGRAM, 0), both, 2, 0));
}

/* A socket connected to where it may (arg[2], arg[3]) that names another address when it sends. */
static int attempt_udp_connected_sendto(char **arg)
{
        struct address a = parse(arg), allowed = parse(arg + 2);
        int fd = make(&a, SOCK_DGRAM, 0);

        NEED(connect(fd, &allowed.any, allowed.size));
        return outcome(sendto(fd, "udp", 3, 0, &a.any, a.size));
}

/* Connected to where it may, disconnected by AF_UNSPEC, connected again. */
static int attempt_udp_reconnect(char **arg)
{
        struct address a = parse(arg), allowed = parse(arg + 2);
        struct sockaddr none = { .sa_family = AF_UNSPEC };
        int fd = make(&a, SOCK_DGRAM, 0);

        NEED(connect(fd, &allowed.any, allowed.size));
        NEED(connect(fd, &none, sizeof(none)));
        if (connect(fd, &a.any, a.size) < 0)
                return -errno;
        return outcome(send(fd, "udp", 3, 0));
}

/* For sendto on an IPv4 socket, AF_UNSPEC means IPv4. */
static int attempt_udp_unspecified(char **arg)
{
        struct address a = parse(arg);
        int fd = make(&a, SOCK_DGRAM, 0);

        a.any.sa_family = AF_UNSPEC;
        return outcome(sendto(fd, "udp", 3, 0, &a.any, a.size));
}

/* An IPv4 address given to an IPv6 socket. */
static int attempt_udp_v4_on_v6(char **arg)
{
        struct address a = parse(arg);

        return outcome(sendto(NEED(socket(AF_INET6, SOCK_DGRAM, 0)), "udp", 3, 0, &a.any, a.size));
}

/* Any family, type and protocol, by number. */
static int attempt_socket(char **arg)
{
        return outcome(socket(atoi(arg[0]), atoi(arg[1]), atoi(arg[2])));
}

static socklen_t unix_address(const char *path, struct sockaddr_un *a)
{
        *a = (struct sockaddr_un){ .sun_family = AF_UNIX };
        memcpy(a->sun_path, path, strnlen(path, sizeof(a->sun_path) - 1));
        if (path[0] != '@')
                return sizeof(*a);
        a->sun_path[0] = 0; /* an abstract name */
        return offsetof(struct sockaddr_un, sun_path) + strlen(path);
}

static int attempt_unix(char **arg)
{
        struct sockaddr_un a;
        socklen_t size = unix_address(arg[0], &a);

        return outcome(connect(NEED(socket(AF_UNIX, SOCK_STREAM, 0)), (struct sockaddr *)&a, size));
}

static int attempt_unix_datagram(char **arg)
{
        struct sockaddr_un a;
        char path[128];
        socklen_t size;

        snprintf(path, sizeof(path), "%s.datagram", arg[0]);
        size = unix_address(path, &a);
        return outcome(sendto(NEED(socket(AF_UNIX, SOCK_DGRAM, 0)), "unix", 4, 0, (struct sockaddr *)&a, size));
}

/* Connects where it may, then sends one byte for each byte it is given on standard input, until a send fails. */
static int attempt_hold(char **arg)
{
        struct address a = parse(arg);
        int fd = make(&a, strcmp(arg[2], "tcp") ? SOCK_DGRAM : SOCK_STREAM, 0);
        char byte;

        NEED(connect(fd, &a.any, a.size));
        printf("connected\n");
        fflush(stdout);
        while (read(0, &byte, 1) == 1) {
                if (send(fd, "x", 1, MSG_NOSIGNAL) < 0)
                        return -errno;
                printf("sent\n");
                fflush(stdout);
        }
        return 0;
}

/* The listener's own sockets: TCP and UDP on IPv4 and IPv6 for each port, and unix sockets for each name. */
struct listener {
        struct pollfd at;
        const char *name;
        bool stream;
};

static int listen_at(int family, int type, const void *address, socklen_t size)
{
        int fd = NEED(socket(family, type | SOCK_CLOEXEC, 0)), on = 1;

        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
        if (family == AF_INET6)
                NEED(setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)));
        NEED(bind(fd, address, size));
        if (type == SOCK_STREAM)
                NEED(listen(fd, 64));
        return fd;
}

/* Appends a line to the log for whatever arrives: "tcp NAME", "udp NAME", "data NAME" for the first bytes on a connection. */
static int attempt_listen(char **arg)
{
        static struct listener l[512];
        nfds_t n = 0, fixed;
        FILE *log = fopen(arg[0], "a");

        NEED(log ? 0 : -1);
        for (char **name = arg + 1; *name; name++) {
                for (int stream = 0; stream < 2; stream++) {
                        int type = stream ? SOCK_STREAM : SOCK_DGRAM;

                        if ((*name)[0] == '@' || (*name)[0] == '/') {
                                struct sockaddr_un a;
                                char path[128];
                                socklen_t size;

                                snprintf(path, sizeof(path), "%s%s", *name, stream ? "" : ".datagram");
                                size = unix_address(path, &a);
                                l[n++] = (struct listener){ { listen_at(AF_UNIX, type, &a, size), POLLIN, 0 }, *name, stream };
                                continue;
                        }
                        struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons(atoi(*name)) };
                        struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = htons(atoi(*name)) };

                        l[n++] = (struct listener){ { listen_at(AF_INET, type, &v4, sizeof(v4)), POLLIN, 0 }, *name, stream };
                        l[n++] = (struct listener){ { listen_at(AF_INET6, type, &v6, sizeof(v6)), POLLIN, 0 }, *name, stream };
                }
        }
        fixed = n;
        fprintf(log, "ready\n");
        fflush(log);
        for (;;) {
                struct pollfd p[512];

                for (nfds_t i = 0; i < n; i++)
                        p[i] = l[i].at;
                NEED(poll(p, n, -1));
                for (nfds_t i = 0, now = n; i < now; i++) {
                        char data[64];
                        ssize_t got;

                        if (!p[i].revents)
                                continue;
                        if (i < fixed && l[i].stream) {
                                int fd = accept4(p[i].fd, NULL, NULL, SOCK_CLOEXEC);

                                fprintf(log, "tcp %s\n", l[i].name);
                                if (fd >= 0 && n < 512)
                                        l[n++] = (struct listener){ { fd, POLLIN, 0 }, l[i].name, true };
                                continue;
                        }
                        got = recv(p[i].fd, data, sizeof(data), 0);
                        if (got > 0)
                                fprintf(log, "%s %s\n", l[i].stream ? "data" : "udp", l[i].name);
                        if (got <= 0 && i >= fixed) {
                                close(p[i].fd);
                                l[i].at.fd = -1;
                        }
                }
                fflush(log);
        }
}

static const struct attempt attempts[] = {
        { "tcp", 2, "ADDRESS PORT", attempt_tcp },
        { "mptcp", 2, "ADDRESS PORT", attempt_mptcp },
        { "fast-open", 2, "ADDRESS PORT", attempt_fast_open },
        { "fast-open-connect", 2, "ADDRESS PORT", attempt_fast_open_connect },
        { "udp-sendto", 2, "ADDRESS PORT", attempt_udp_sendto },
        { "udp-connect", 2, "ADDRESS PORT", attempt_udp_connect },
        { "udp-sendmsg", 2, "ADDRESS PORT", attempt_udp_sendmsg },
        { "udp-sendmmsg", 2, "ADDRESS PORT", attempt_udp_sendmmsg },
        { "udp-connected-sendto", 4, "ADDRESS PORT ALLOWED PORT", attempt_udp_connected_sendto },
        { "udp-reconnect", 4, "ADDRESS PORT ALLOWED PORT", attempt_udp_reconnect },
        { "udp-unspecified", 2, "ADDRESS PORT", attempt_udp_unspecified },
        { "udp-v4-on-v6", 2, "ADDRESS PORT", attempt_udp_v4_on_v6 },
        { "socket", 3, "FAMILY TYPE PROTOCOL", attempt_socket },
        { "unix", 1, "PATH|@NAME", attempt_unix },
        { "unix-datagram", 1, "PATH|@NAME", attempt_unix_datagram },
        { "hold", 3, "ADDRESS PORT tcp|udp", attempt_hold },
        { "listen", -1, "LOG PORT|PATH|@NAME...", attempt_listen },
};

ATTEMPT_MAIN(attempts)
