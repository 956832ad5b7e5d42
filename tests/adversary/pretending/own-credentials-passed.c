/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Claims another process id in the credentials of a message.
 * event: guard capability
 * event of a user: guard capability | none: the kernel refuses it first
 * who: root
 */
#include "lib/adversary-net.h"

static int attempt(void)
{
        union {
                char room[CMSG_SPACE(sizeof(struct ucred))];
                struct cmsghdr align;
        } control = { 0 };
        struct iovec data = { "x", 1 };
        struct msghdr m = { .msg_iov = &data, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control) };
        struct cmsghdr *c = CMSG_FIRSTHDR(&m);
        struct ucred who = { scene_number("DAEMON"), getuid(), getgid() };
        int ends[2];

        NEED(socketpair(AF_UNIX, SOCK_STREAM, 0, ends));
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_CREDENTIALS;
        c->cmsg_len = CMSG_LEN(sizeof(who));
        memcpy(CMSG_DATA(c), &who, sizeof(who));
        return outcome(sendmsg(ends[0], &m, MSG_NOSIGNAL));
}
