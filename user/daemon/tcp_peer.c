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

static void set_end(const struct sockaddr_storage *s, __be16 *port, __be32 addr[4])
{
        const struct sockaddr_in *v4 = (const void *)s;
        const struct sockaddr_in6 *v6 = (const void *)s;

        *port = s->ss_family == AF_INET ? v4->sin_port : v6->sin6_port;
        if (s->ss_family == AF_INET)
                memcpy(addr, &v4->sin_addr, sizeof(v4->sin_addr));
        else
                memcpy(addr, &v6->sin6_addr, sizeof(v6->sin6_addr));
}

/* Whether an address is this namespace's: what is sent to one of those comes from it, too. */
static bool is_local(const struct sockaddr_storage *address, socklen_t size)
{
        _cleanup_close_ int fd = socket(address->ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        struct sockaddr_storage own = { 0 };
        socklen_t own_size = sizeof(own);
        __be32 there[4] = { 0 }, here[4] = { 0 };
        __be16 port;

        if (fd < 0 || connect(fd, (const struct sockaddr *)address, size) < 0 || getsockname(fd, (struct sockaddr *)&own, &own_size) < 0)
                return errno != ENETUNREACH && errno != EHOSTUNREACH;
        set_end(address, &port, there);
        set_end(&own, &port, here);
        return !memcmp(there, here, sizeof(here));
}

static int put_question(int netlink, int fd)
{
        struct sockaddr_storage here = { 0 }, there = { 0 };
        socklen_t size = sizeof(here);
        struct question q = {
                .header = { .nlmsg_len = sizeof(q), .nlmsg_type = SOCK_DIAG_BY_FAMILY, .nlmsg_flags = NLM_F_REQUEST },
                .request = { .sdiag_protocol = IPPROTO_TCP,
                             .idiag_states = ~0u,
                             .id.idiag_cookie = { INET_DIAG_NOCOOKIE, INET_DIAG_NOCOOKIE } },
        };

        if (getsockname(fd, (struct sockaddr *)&here, &size) < 0)
                return -errno;
        size = sizeof(there);
        if (getpeername(fd, (struct sockaddr *)&there, &size) < 0)
                return -errno;
        if (!is_local(&there, size))
                return -EHOSTUNREACH;
        q.request.sdiag_family = (uint8_t)here.ss_family;
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
