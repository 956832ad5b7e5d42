/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses and sockets for the attempts that speak to somebody. */
#ifndef HOLDFAST_TESTS_ADVERSARY_NET_H
#define HOLDFAST_TESTS_ADVERSARY_NET_H

#include "lib/adversary.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>

/* The loopback address of the family and a port of the scene: PORT, where somebody listens, or ALLOWED, which the policy opens. */
struct to {
        union {
                struct sockaddr any;
                struct sockaddr_in v4;
                struct sockaddr_in6 v6;
                struct sockaddr_un path;
        };
        socklen_t size;
};

__attribute__((unused)) static struct to v4(const char *port)
{
        return (struct to){
                .v4 = { .sin_family = AF_INET, .sin_port = htons(scene_number(port)), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) },
                .size = sizeof(struct sockaddr_in)
        };
}

__attribute__((unused)) static struct to v6(const char *port)
{
        return (struct to){ .v6 = { .sin6_family = AF_INET6, .sin6_port = htons(scene_number(port)), .sin6_addr = IN6ADDR_LOOPBACK_INIT },
                            .size = sizeof(struct sockaddr_in6) };
}

/* A unix socket by its path, or by "@NAME". */
__attribute__((unused)) static struct to local(const char *path)
{
        struct to a = { .path = { .sun_family = AF_UNIX } };

        memcpy(a.path.sun_path, path, strnlen(path, sizeof(a.path.sun_path) - 1));
        if (path[0] == '@')
                a.path.sun_path[0] = 0;
        a.size = offsetof(struct sockaddr_un, sun_path) + strlen(path) + (path[0] != '@');
        return a;
}

__attribute__((unused)) static int make(int family, int type, int protocol)
{
        return NEED(socket(family, type | SOCK_CLOEXEC, protocol));
}

/* A kind of socket that is an attempt in itself; where the kernel has no such kind, there is nothing to try. */
__attribute__((unused)) static int kind(int family, int type, int protocol)
{
        int fd = socket(family, type, protocol);

        if (fd < 0 && (errno == EAFNOSUPPORT || errno == EPROTONOSUPPORT || errno == ESOCKTNOSUPPORT))
                absent(strerrorname_np(errno));
        return outcome(fd);
}

__attribute__((unused)) static int reach(int fd, struct to a)
{
        return outcome(connect(fd, &a.any, a.size));
}

__attribute__((unused)) static int send_to(int fd, struct to a)
{
        return outcome(sendto(fd, "x", 1, MSG_NOSIGNAL, &a.any, a.size));
}

/* With one control message, of at most 64 bytes. */
__attribute__((unused)) static int send_with(int fd, struct to a, int level, int type, const void *data, size_t size)
{
        union {
                char room[CMSG_SPACE(64)];
                struct cmsghdr align;
        } control = { .align = { .cmsg_len = CMSG_LEN(size), .cmsg_level = level, .cmsg_type = type } };
        struct iovec byte = { "x", 1 };
        struct msghdr m = { .msg_name = &a.any,
                            .msg_namelen = a.size,
                            .msg_iov = &byte,
                            .msg_iovlen = 1,
                            .msg_control = &control,
                            .msg_controllen = CMSG_SPACE(size) };

        memcpy(CMSG_DATA(&control.align), data, size);
        return outcome(sendmsg(fd, &m, MSG_NOSIGNAL));
}

/* Takes what the bystander's helper passes: '0' a file, '1' a connected socket, '2' a raw one. Negative where the kernel keeps it back. */
__attribute__((unused)) static int passed(char which)
{
        union {
                char room[CMSG_SPACE(sizeof(int))];
                struct cmsghdr align;
        } control = { 0 };
        struct iovec data = { &which, 1 };
        struct msghdr m = { .msg_iov = &data, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control) };
        struct to helper = local(at("AT", "helper"));
        int fd = make(AF_UNIX, SOCK_STREAM, 0);
        struct cmsghdr *c;

        NEED(connect(fd, &helper.any, helper.size));
        NEED(write(fd, &which, 1));
        NEED(recvmsg(fd, &m, MSG_CMSG_CLOEXEC));
        c = CMSG_FIRSTHDR(&m);
        errno = EACCES;
        return c && c->cmsg_len == CMSG_LEN(sizeof(int)) ? *(int *)CMSG_DATA(c) : -1;
}

#endif
