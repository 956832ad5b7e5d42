/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/tcp_peer.h"

#include "base/cleanup.h"

#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>

struct question {
        struct nlmsghdr header;
        struct inet_diag_req_v2 request;
};

union address {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
};

static void set_end(const union address *a, __be16 *port, __be32 addr[4])
{
        const bool v4 = a->any.sa_family == AF_INET;

        *port = v4 ? a->v4.sin_port : a->v6.sin6_port;
        memcpy(addr, v4 ? (const void *)&a->v4.sin_addr : &a->v6.sin6_addr, v4 ? sizeof(a->v4.sin_addr) : sizeof(a->v6.sin6_addr));
}

/* Whether an address is this namespace's: what is sent to one of those comes from it, too. */
static bool is_local(const union address *there)
{
        _cleanup_close_ int fd = socket(there->any.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        union address own = { 0 };
        socklen_t size = sizeof(own);

        if (fd < 0 || connect(fd, &there->any, sizeof(*there)) < 0 || getsockname(fd, &own.any, &size) < 0)
                return errno != ENETUNREACH && errno != EHOSTUNREACH;
        return there->any.sa_family == AF_INET ? own.v4.sin_addr.s_addr == there->v4.sin_addr.s_addr
                                               : IN6_ARE_ADDR_EQUAL(&own.v6.sin6_addr, &there->v6.sin6_addr);
}

static int put_question(int netlink, int fd)
{
        union address here = { 0 }, there = { 0 };
        socklen_t size = sizeof(here);
        struct question q = {
                .header = { .nlmsg_len = sizeof(q), .nlmsg_type = SOCK_DIAG_BY_FAMILY, .nlmsg_flags = NLM_F_REQUEST },
                .request = { .sdiag_protocol = IPPROTO_TCP,
                             .idiag_states = ~0u,
                             .id.idiag_cookie = { INET_DIAG_NOCOOKIE, INET_DIAG_NOCOOKIE } },
        };

        if (getsockname(fd, &here.any, &size) < 0)
                return -errno;
        size = sizeof(there);
        if (getpeername(fd, &there.any, &size) < 0)
                return -errno;
        if (!is_local(&there))
                return -EHOSTUNREACH;
        q.request.sdiag_family = (uint8_t)here.any.sa_family;
        set_end(&there, &q.request.id.idiag_sport, q.request.id.idiag_src);
        set_end(&here, &q.request.id.idiag_dport, q.request.id.idiag_dst);
        return send(netlink, &q, sizeof(q), 0) < 0 ? -errno : 0;
}

static int read_answer(int netlink, uint64_t *ret)
{
        _Alignas(struct nlmsghdr) uint8_t room[4096];
        ssize_t size = recv(netlink, room, sizeof(room), 0);
        const struct nlmsghdr *h = (const void *)room;
        const struct inet_diag_msg *is = NLMSG_DATA(h);
        int left;

        if (size < 0)
                return -errno;
        if (!NLMSG_OK(h, (size_t)size))
                return -EBADMSG;
        if (h->nlmsg_type == NLMSG_ERROR)
                return ((const struct nlmsgerr *)NLMSG_DATA(h))->error;
        if (is->idiag_state == TCP_LISTEN) /* what has that port here; asked for one socket, it answers with another */
                return -ENOENT;
        left = (int)NLMSG_PAYLOAD(h, sizeof(*is));
        for (const struct rtattr *a = (const void *)(is + 1); RTA_OK(a, left); a = RTA_NEXT(a, left))
                if (a->rta_type == INET_DIAG_CGROUP_ID && RTA_PAYLOAD(a) >= sizeof(*ret)) {
                        memcpy(ret, RTA_DATA(a), sizeof(*ret));
                        return 0;
                }
        return -EOPNOTSUPP;
}

int tcp_peer_cgroup(int fd, uint64_t *ret)
{
        _cleanup_close_ int netlink = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
        int r = netlink < 0 ? -errno : put_question(netlink, fd);

        return r < 0 ? r : read_answer(netlink, ret);
}
