/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Egress over TCP and UDP, by address and port; every other kind of socket is refused. Follows the task, not the socket's cgroup. */
#include "holdfast.bpf.h"
#include "event.bpf.h"

#define AF_UNSPEC 0
#define AF_UNIX 1
#define AF_INET 2
#define AF_INET6 10
#define AF_NETLINK 16
#define SOCK_STREAM 1
#define SOCK_DGRAM 2
#define SOCK_TYPE_MASK 0xf
#define IPPROTO_IP 0
#define IPPROTO_TCP 6
#define IPPROTO_UDP 17
#define IPPROTO_IPV6 41
#define IP_OPTIONS 4
#define IPV6_HOPOPTS 54
#define IPV6_RTHDR 57
#define IPV6_DSTOPTS 59
#define IPV6_RTHDRDSTOPTS 55
#define IPV6_2292PKTOPTIONS_FIRST 3 /* IPV6_2292HOPOPTS, _2292DSTOPTS, _2292RTHDR and */
#define IPV6_2292PKTOPTIONS 6
#define IP_RETOPTS 7
#define SOL_SOCKET 1
#define SO_BINDTODEVICE 25
#define SO_BINDTOIFINDEX 62
#define MSG_FASTOPEN 0x20000000

/* Where something goes, or comes from. */
struct peer_address {
        __u8 addr[16]; /* IPv4 as ::ffff:a.b.c.d */
        __u16 port;    /* host order */
        bool known;
};

static __always_inline void address_v4(struct peer_address *p, __u32 addr, __u16 port)
{
        __builtin_memset(p->addr, 0, 10);
        p->addr[10] = p->addr[11] = 0xff;
        __builtin_memcpy(p->addr + 12, &addr, 4);
        p->port = __builtin_bswap16(port);
        p->known = true;
}

/* Reads a socket address that the kernel has copied in. AF_UNSPEC counts as IPv4 where the kernel takes it so (v4_unspec). */
static __always_inline void address_read(struct peer_address *p, const void *from, int length, bool v4_unspec)
{
        struct sockaddr_in6 in6 = {};
        struct sockaddr_in *in = (struct sockaddr_in *)&in6;

        p->known = false;
        p->port = 0;
        __builtin_memset(p->addr, 0, sizeof(p->addr));
        if (length < (int)sizeof(*in) || bpf_probe_read_kernel(&in6, sizeof(*in), from))
                return;
        if (in->sin_family == AF_INET || (in->sin_family == AF_UNSPEC && v4_unspec)) {
                address_v4(p, in->sin_addr.s_addr, in->sin_port);
        } else if (in->sin_family == AF_INET6 && length >= 24) {
                if (bpf_probe_read_kernel(&in6, 24, from))
                        return;
                __builtin_memcpy(p->addr, &in6.sin6_addr, 16);
                p->port = __builtin_bswap16(in6.sin6_port);
                p->known = true;
        }
}

static __always_inline int net_refuse(const struct agent *a, const struct peer_address *p, __u16 op, __u8 proto, enum hf_why why,
                                      __u32 rule)
{
        struct report r = { .kind = HF_EVENT_CONNECT, .op = op, .proto = proto, .error = -EACCES, .why = why, .rule = rule };

        if (a->killed) {
                r.why = HF_WHY_KILLED;
                r.error = -EPERM;
        }
        __builtin_memcpy(r.addr, p->addr, sizeof(r.addr));
        r.port = p->port;
        event_plain(a, &r);
        return r.error;
}

/* Whether the session may send there. */
static __always_inline int net_check(const struct agent *a, const struct peer_address *p, __u16 op, __u8 proto)
{
        struct hf_egress_key key = { .prefix = 32 + 128, .policy = a->policy };
        struct hf_egress *found;
        enum hf_why why;
        __u32 rule = 0;

        if (a->killed || !p->known)
                return net_refuse(a, p, op, proto, HF_WHY_DEPTH, 0);
        __builtin_memcpy(key.addr, p->addr, sizeof(key.addr));
        found = bpf_map_lookup_elem(&egress, &key);
        why = hf_egress_decide(found, a->live, proto, p->port, &rule);
        return why == HF_WHY_ALLOWED ? 0 : net_refuse(a, p, op, proto, why, rule);
}

static __always_inline bool inet(__u16 family)
{
        return family == AF_INET || family == AF_INET6;
}

/* Families that lead nowhere but to what their own hooks look at. Others look alike from here, whatever they carry. */
static __always_inline bool harmless(__u16 family)
{
        return family == AF_UNIX || family == AF_NETLINK;
}

static __always_inline __u8 protocol(struct socket *sock)
{
        return sock->type == SOCK_STREAM ? HF_TCP : HF_UDP;
}

static __always_inline int refuse_kind(const struct agent *a, __u16 op, __u32 detail)
{
        struct report r = { .kind = HF_EVENT_CONNECT, .op = op, .detail = detail, .error = -EACCES, .why = HF_WHY_GUARD };

        if (a->killed)
                r.why = HF_WHY_KILLED;
        event_plain(a, &r);
        return -EACCES;
}

/* Whether a session may have such a socket at all. */
static __always_inline bool kind_allowed(int family, int type, int proto)
{
        if (family == AF_UNIX || (family == AF_NETLINK && !proto))
                return true;
        if (inet(family) && type == SOCK_STREAM)
                return proto == IPPROTO_IP || proto == IPPROTO_TCP;
        return inet(family) && type == SOCK_DGRAM && (proto == IPPROTO_IP || proto == IPPROTO_UDP);
}

SEC("lsm/socket_create")
int BPF_PROG(socket_create, int family, int type, int proto, int kern)
{
        struct agent a;

        if (kern || !agent_current(&a))
                return 0;
        type &= SOCK_TYPE_MASK;
        if (!a.killed && kind_allowed(family, type, proto))
                return 0;
        return refuse_kind(&a, HF_OP_SOCKET, family);
}

SEC("lsm/socket_connect")
int BPF_PROG(socket_connect, struct socket *sock, struct sockaddr *address, int length)
{
        struct sock *sk = sock->sk;
        struct peer_address p;
        struct agent a;
        __u16 family;

        if (!sk || !agent_current(&a))
                return 0;
        family = sk->__sk_common.skc_family;
        if (!inet(family))
                return a.killed || !harmless(family) ? refuse_kind(&a, HF_OP_CONNECT, family) : 0;
        /* AF_UNSPEC takes an association back. */
        if (!a.killed && address->sa_family == AF_UNSPEC)
                return 0;
        address_read(&p, address, length, false);
        return net_check(&a, &p, HF_OP_CONNECT, protocol(sock));
}

/* Where a connected socket leads. */
static __always_inline void address_of_peer(struct peer_address *p, struct sock *sk)
{
        p->known = false;
        p->port = 0;
        __builtin_memset(p->addr, 0, sizeof(p->addr));
        if (sk->__sk_common.skc_family == AF_INET6) {
                BPF_CORE_READ_INTO(&p->addr, sk, __sk_common.skc_v6_daddr);
                p->port = __builtin_bswap16(sk->__sk_common.skc_dport);
                p->known = true;
        } else {
                address_v4(p, sk->__sk_common.skc_daddr, sk->__sk_common.skc_dport);
        }
}

#define CONTROL_MESSAGES 4 /* in one message; what carries more is refused */

/* Whether a control message may send the packet elsewhere first: a source route, or an extension header. An IPv6 socket takes both kinds.
 */
static __always_inline bool leads_elsewhere(struct msghdr *msg)
{
        __u64 at = (__u64)msg->msg_control, left = msg->msg_controllen;
        struct {
                __u64 length;
                int level, type;
        } head;

        for (int i = 0; i < CONTROL_MESSAGES; i++) {
                if (left < sizeof(head))
                        return false;
                if (bpf_probe_read_kernel(&head, sizeof(head), (void *)at) || head.length < sizeof(head))
                        return true;
                if (head.level == IPPROTO_IP && head.type == IP_RETOPTS)
                        return true;
                if (head.level == IPPROTO_IPV6 && head.type >= IPV6_2292PKTOPTIONS_FIRST && head.type <= IPV6_2292PKTOPTIONS)
                        return true;
                if (head.level == IPPROTO_IPV6 &&
                    (head.type == IPV6_RTHDR || head.type == IPV6_HOPOPTS || head.type == IPV6_DSTOPTS || head.type == IPV6_RTHDRDSTOPTS))
                        return true;
                head.length = (head.length + 7) & ~7ULL;
                if (head.length >= left)
                        return false;
                left -= head.length;
                at += head.length;
        }
        return true;
}

/* Sending: to the address given, and on what is connected after a kill or once a right may have been taken away. */
SEC("lsm/socket_sendmsg")
int BPF_PROG(socket_sendmsg, struct socket *sock, struct msghdr *msg, int size)
{
        struct sock *sk = sock->sk;
        struct peer_address p;
        struct agent a;
        __u16 family;
        void *name;

        if (!sk || !agent_current(&a))
                return 0;
        family = sk->__sk_common.skc_family;
        if (!inet(family))
                return a.killed || !harmless(family) ? refuse_kind(&a, HF_OP_SEND, family) : 0;
        if (msg->msg_controllen && sock->type != SOCK_STREAM && !a.killed && leads_elsewhere(msg))
                return refuse_kind(&a, HF_OP_SEND, family);
        name = msg->msg_name;
        if (name && (sock->type != SOCK_STREAM || (msg->msg_flags & MSG_FASTOPEN))) {
                address_read(&p, name, msg->msg_namelen, family == AF_INET);
                return net_check(&a, &p, HF_OP_SEND, protocol(sock));
        }
        if (!a.killed && !a.session->recheck)
                return 0;
        address_of_peer(&p, sk);
        return net_check(&a, &p, HF_OP_SEND, protocol(sock));
}

SEC("lsm/socket_recvmsg")
int BPF_PROG(socket_recvmsg, struct socket *sock, struct msghdr *msg, int size, int flags)
{
        struct sock *sk = sock->sk;
        struct agent a;

        if (!sk || !host_look() || !agent_current(&a) || !a.killed)
                return 0;
        return refuse_kind(&a, HF_OP_RECV, sk->__sk_common.skc_family);
}

/* Whether a socket is bound to a loopback address. */
static __always_inline bool on_loopback(struct sock *sk)
{
        if (sk->__sk_common.skc_family == AF_INET)
                return (sk->__sk_common.skc_rcv_saddr & 0xff) == 127;
        struct in6_addr addr = {};

        BPF_CORE_READ_INTO(&addr, sk, __sk_common.skc_v6_rcv_saddr);
        if (addr.in6_u.u6_addr32[0] || addr.in6_u.u6_addr32[1])
                return false;
        if (!addr.in6_u.u6_addr32[2])
                return addr.in6_u.u6_addr32[3] == __builtin_bswap32(1);
        return addr.in6_u.u6_addr32[2] == __builtin_bswap32(0xffff) && addr.in6_u.u6_addr8[12] == 127;
}

/* A listener is a way out that others open: only on loopback. */
SEC("lsm/socket_listen")
int BPF_PROG(socket_listen, struct socket *sock, int backlog)
{
        struct sock *sk = sock->sk;
        struct agent a;
        __u16 family;

        if (!sk || !agent_current(&a))
                return 0;
        family = sk->__sk_common.skc_family;
        if (!a.killed && (family == AF_UNIX || (inet(family) && on_loopback(sk))))
                return 0;
        return refuse_kind(&a, HF_OP_LISTEN, family);
}

SEC("lsm/socket_accept")
int BPF_PROG(socket_accept, struct socket *sock, struct socket *newsock)
{
        struct sock *sk = sock->sk;
        struct agent a;

        if (!sk || !agent_current(&a) || !a.killed)
                return 0;
        return refuse_kind(&a, HF_OP_ACCEPT, sk->__sk_common.skc_family);
}

#define TCP_LISTEN 10

/* A socket that another process passed: of a kind, and with a peer, that the session could have had by itself. */
SEC("lsm/file_receive")
int BPF_PROG(socket_receive, struct file *file)
{
        struct peer_address p;
        struct socket *sock;
        struct agent a;
        struct sock *sk;
        __u16 family;

        if (file->f_inode->i_sb->s_magic != SOCKFS_MAGIC || !agent_current(&a))
                return 0;
        sock = bpf_sock_from_file(file);
        sk = sock ? sock->sk : NULL;
        if (!sk)
                return 0;
        family = sk->__sk_common.skc_family;
        if (a.killed || !kind_allowed(family, sock->type, sk->sk_protocol))
                return refuse_kind(&a, HF_OP_RECV, family);
        if (!inet(family))
                return 0;
        if (sk->__sk_common.skc_state == TCP_LISTEN)
                return on_loopback(sk) ? 0 : refuse_kind(&a, HF_OP_LISTEN, family);
        address_of_peer(&p, sk);
        return p.port ? net_check(&a, &p, HF_OP_RECV, protocol(sock)) : 0;
}

/* Whether an option leads packets elsewhere than their address says: source routes, extension headers, an interface of its choice. */
static __always_inline bool option_leads_elsewhere(int level, int name)
{
        switch (level) {
        case SOL_SOCKET:
                return name == SO_BINDTODEVICE || name == SO_BINDTOIFINDEX;
        case IPPROTO_IP:
                return name == IP_OPTIONS;
        case IPPROTO_IPV6:
                return name == IPV6_RTHDR || name == IPV6_HOPOPTS || name == IPV6_DSTOPTS || name == IPV6_RTHDRDSTOPTS ||
                       name == IPV6_2292PKTOPTIONS;
        }
        return false;
}

SEC("lsm/socket_setsockopt")
int BPF_PROG(socket_setsockopt, struct socket *sock, int level, int name)
{
        struct agent a;

        return option_leads_elsewhere(level, name) && agent_current(&a) ? refuse_kind(&a, HF_OP_SOCKET, name) : 0;
}
