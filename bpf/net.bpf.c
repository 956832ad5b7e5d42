/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Egress over TCP and UDP, by address and port; every other kind of socket is refused. Follows the task, not the socket's cgroup. */
#include "socket.bpf.h"

#define AF_UNSPEC 0
#define SOCK_TYPE_MASK 0xf
#define IPPROTO_IPV6 41
#define IP_OPTIONS 4
#define IP_PKTINFO 8
#define IP_UNICAST_IF 50
#define IP_ADD_MEMBERSHIP 35
#define IP_DROP_MEMBERSHIP 36
#define IP_DROP_SOURCE_MEMBERSHIP 40
#define MCAST_LEAVE_GROUP 45
#define MCAST_LEAVE_SOURCE_GROUP 47
#define MCAST_MSFILTER 48
#define IPV6_2292PKTINFO 2
#define IPV6_JOIN_GROUP 20
#define IPV6_JOIN_ANYCAST 27
#define IPV6_FLOWLABEL_MGR 32
#define IPV6_PKTINFO 50
#define IPV6_UNICAST_IF 76
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
#define SO_ATTACH_REUSEPORT_CBPF 51 /* who gets what comes to a port that several have */
#define SO_ATTACH_REUSEPORT_EBPF 52
#define MSG_ZEROCOPY 0x4000000
#define MSG_SPLICE_PAGES 0x8000000
#define MSG_FASTOPEN 0x20000000

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

/*
 * Whether the programs of the session's cgroup decide about it, which a socket has that was made in that: about name servers where the
 * session has a resolver, and about loopback.
 */
static __always_inline bool is_left_to_cgroup(const struct agent *a, struct sock *sk, const struct peer_address *p)
{
        if (a->killed || !p->known || !a->session)
                return false;
        if (!(p->port == HF_NAME_SERVER && a->session->resolver) && !is_loopback(p))
                return false;
        return socket_session(number(sk)) == a->slot;
}

/*
 * To connect a UDP socket sends nothing: so programs look for the route to each address of a name before they choose one. It may, where a
 * name has opened the address for anything; what is sent is asked about.
 */
static __always_inline bool only_looks(const struct agent *a, struct socket *sock, struct sock *sk, const struct peer_address *p)
{
        struct hf_egress_key key = { .prefix = HF_ADDRESS_BITS, .policy = a->policy };

        if (sock->type != SOCK_DGRAM || a->killed || !p->known || !a->session || !a->session->resolver)
                return false;
        __builtin_memcpy(key.addr, p->addr, sizeof(key.addr));
        return bpf_map_lookup_elem(&opened, &key) && socket_session(number(sk)) == a->slot;
}

/*
 * The same, of a socket that leads there; one that was not made in the session's cgroup, where hellos are looked at and bytes are counted,
 * only where neither is asked for.
 */
static __always_inline int check_way(const struct agent *a, struct socket *sock, const struct peer_address *p, __u16 op, __u32 grace)
{
        int r = net_check_since(a, p, op, protocol(sock), grace);

        if (!r && escapes_throttle(a, sock->sk, p, protocol(sock)))
                return net_refuse(a, p, op, protocol(sock), HF_WHY_RATE, 0);
        if (r || sock->type != SOCK_STREAM || !a->session || !a->session->resolver)
                return r;
        if (net_is_plain(a, p) || socket_session(number(sock->sk)) == a->slot)
                return 0;
        return net_refuse(a, p, op, HF_TCP, HF_WHY_TLS, 0);
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
        /* What begins as every address does is read as that. */
        if (length >= (int)sizeof(*address) && address->sa_family == AF_INET)
                address_v4(&p, *(__u32 *)((void *)address + 4), *(__u16 *)((void *)address + 2));
        else
                address_read(&p, address, length, false);
        if (is_left_to_cgroup(&a, sk, &p) || only_looks(&a, sock, sk, &p))
                return 0;
        return check_way(&a, sock, &p, HF_OP_CONNECT, 0);
}

#define CONTROL_MESSAGES 4 /* in one message; what carries more is refused */

/* Whether what tells a packet's source names an interface too, which the routes then have no say in. */
static __always_inline bool names_interface(__u64 message, __u32 where)
{
        int index = 1;

        return bpf_probe_read_kernel(&index, sizeof(index), (void *)(message + where)) || index;
}

/*
 * Whether a control message may send the packet elsewhere first: a source route, an extension header, an interface. An IPv6 socket takes
 * both kinds.
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
                if (head.level == IPPROTO_IP && head.type == IP_PKTINFO && names_interface(at + sizeof(head), 0))
                        return true;
                if (head.level == IPPROTO_IPV6 && (head.type == IPV6_PKTINFO || head.type == IPV6_2292PKTINFO) &&
                    names_interface(at + sizeof(head), sizeof(struct in6_addr)))
                        return true;
                head.length = (head.length + 7) & ~7ULL;
                if (head.length >= left)
                        return false;
                left -= head.length;
                at += head.length;
        }
        return true;
}

/* Before it is sent: also where the connection begins only then. False: that cannot be noted. */
static __always_inline bool note_uncopied(struct sock *sk)
{
        __u32 *mark;

        if (sk->sk_type != SOCK_STREAM)
                return true;
        mark = bpf_sk_storage_get(&uncopied, sk, NULL, BPF_SK_STORAGE_GET_F_CREATE);
        if (mark)
                *mark = 1;
        return mark;
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
        if (a.killed ? !inet(family) : !inet(family) && !harmless(family))
                return refuse_kind(&a, HF_OP_SEND, family);
        if (!a.killed && a.session->recheck && !kind_allowed(family, sock->type, sk->sk_protocol))
                return refuse_kind(&a, HF_OP_SEND, family);
        if (!inet(family))
                return a.session->recheck ? socket_recheck(&a, sock, HF_OP_SEND) : 0;
        if (msg->msg_controllen && sock->type != SOCK_STREAM && !a.killed && leads_elsewhere(msg))
                return refuse_kind(&a, HF_OP_SEND, family);
        if ((msg->msg_flags & (MSG_ZEROCOPY | MSG_SPLICE_PAGES)) && !a.killed && a.session->resolver && !note_uncopied(sk))
                return -ENOMEM;
        name = msg->msg_name;
        if (name && (sock->type != SOCK_STREAM || (msg->msg_flags & MSG_FASTOPEN))) {
                address_read(&p, name, msg->msg_namelen, family == AF_INET);
                if (is_left_to_cgroup(&a, sk, &p))
                        return 0;
                return check_way(&a, sock, &p, HF_OP_SEND, 0);
        }
        if (!a.killed && !a.session->recheck && !a.session->flows && (sock->type != SOCK_DGRAM || !a.session->resolver))
                return 0;
        address_of_peer(&p, sk);
        if (at_home(&a, sk, &p))
                return 0;
        return check_way(&a, sock, &p, HF_OP_SEND, HF_GRACE);
}

/* Until 6.5 pages go to a socket by a way of their own. */
SEC("?fentry/inet_sendpage")
int BPF_PROG(inet_sendpage, struct socket *sock)
{
        struct sock *sk = sock->sk;
        struct agent a;

        if (sk && agent_current(&a) && a.session && a.session->resolver)
                note_uncopied(sk);
        return 0;
}

SEC("lsm/socket_recvmsg")
int BPF_PROG(socket_recvmsg, struct socket *sock, struct msghdr *msg, int size, int flags)
{
        struct sock *sk = sock->sk;
        struct agent a;

        if (!sk || !host_look() || !agent_current(&a))
                return 0;
        if (a.killed)
                return refuse_kind(&a, HF_OP_RECV, sk->__sk_common.skc_family);
        return a.session->recheck ? socket_recheck(&a, sock, HF_OP_RECV) : 0;
}

/*
 * A listener is a way out that others open: only on loopback. Its address may change until the kernel listens, so the socket is marked, and
 * who connects to another address of a marked one is refused.
 */
SEC("lsm/socket_listen")
int BPF_PROG(socket_listen, struct socket *sock, int backlog)
{
        struct sock *sk = sock->sk;
        struct hf_task *owner;
        struct agent a;
        __u16 family;

        if (!sk || !agent_current(&a))
                return 0;
        family = sk->__sk_common.skc_family;
        if (!a.killed && family == AF_UNIX)
                return 0;
        if (a.killed || !inet(family) || !on_loopback(sk))
                return refuse_kind(&a, HF_OP_LISTEN, family);
        owner = own_socket(&a, sk);
        if (!owner)
                return -ENOMEM;
        /* What is connected cannot listen; nor does what was, or another thread connects right now, count as one that does. */
        if (sock->type == SOCK_STREAM && (sk->__sk_common.skc_state == TCP_CLOSE || sk->__sk_common.skc_state == TCP_LISTEN))
                __sync_val_compare_and_swap(&owner->kind, HF_SOCKET_MADE, HF_SOCKET_LISTENS);
        return 0;
}

/* Somebody's first packet, which is nobody's system call: it is dropped, and makes no event. */
SEC("lsm/inet_conn_request")
int BPF_PROG(inet_conn_request, struct sock *sk, struct sk_buff *packet, struct request_sock *asked)
{
        if (!sk->sk_bpf_storage || !bpf_sk_storage_get(&owners, sk, NULL, 0))
                return 0;
        return common_on_loopback(&asked->__req_common) ? 0 : -EACCES;
}

SEC("lsm/socket_accept")
int BPF_PROG(socket_accept, struct socket *sock, struct socket *newsock)
{
        struct sock *sk = sock->sk;
        struct agent a;

        if (!sk || !agent_current(&a))
                return 0;
        if (a.killed)
                return refuse_kind(&a, HF_OP_ACCEPT, sk->__sk_common.skc_family);
        return a.session->recheck ? socket_recheck(&a, sock, HF_OP_ACCEPT) : 0;
}

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
        return p.port && !at_home(&a, sk, &p) ? check_way(&a, sock, &p, HF_OP_RECV, HF_GRACE) : 0;
}

/* Whether it takes the socket into a group, or says of a group whom to hear: the kernel tells the network, and so whoever is there. */
static __always_inline bool joins_group(int name)
{
        return name >= IP_ADD_MEMBERSHIP && name <= MCAST_MSFILTER && name != IP_DROP_MEMBERSHIP && name != IP_DROP_SOURCE_MEMBERSHIP &&
               name != MCAST_LEAVE_GROUP && name != MCAST_LEAVE_SOURCE_GROUP;
}

/*
 * Whether an option leads packets elsewhere than their address says: source routes, extension headers (also as those of a flow), an
 * interface of its choice; or makes packets of its own.
 */
static __always_inline bool option_leads_elsewhere(int level, int name)
{
        switch (level) {
        case SOL_SOCKET:
                return name == SO_BINDTODEVICE || name == SO_BINDTOIFINDEX || name == SO_ATTACH_REUSEPORT_CBPF ||
                       name == SO_ATTACH_REUSEPORT_EBPF;
        case IPPROTO_IP:
                return name == IP_OPTIONS || name == IP_UNICAST_IF || joins_group(name);
        case IPPROTO_IPV6:
                switch (name) {
                case IPV6_RTHDR:
                case IPV6_HOPOPTS:
                case IPV6_DSTOPTS:
                case IPV6_RTHDRDSTOPTS:
                case IPV6_2292PKTOPTIONS:
                case IPV6_2292PKTINFO:
                case IPV6_PKTINFO:
                case IPV6_UNICAST_IF:
                case IPV6_FLOWLABEL_MGR:
                case IPV6_JOIN_GROUP:
                case IPV6_JOIN_ANYCAST:
                        return true;
                }
                return name > IP_DROP_SOURCE_MEMBERSHIP && joins_group(name);
        }
        return false;
}

/* What is bound may be sent to: by the session itself. */
SEC("lsm/socket_bind")
int BPF_PROG(socket_bind, struct socket *sock, struct sockaddr *address, int length)
{
        struct sock *sk = sock->sk;
        struct agent a;

        if (sock->type != SOCK_DGRAM || !sk || !inet(sk->__sk_common.skc_family) || !agent_current(&a))
                return 0;
        return own_socket(&a, sk) ? 0 : -ENOMEM;
}

SEC("lsm/socket_setsockopt")
int BPF_PROG(socket_setsockopt, struct socket *sock, int level, int name)
{
        bool elsewhere = option_leads_elsewhere(level, name);
        struct sock *sk = sock->sk;
        struct agent a;

        if ((!elsewhere && !host_look()) || !sk || !agent_current(&a))
                return 0;
        if (elsewhere)
                return refuse_kind(&a, HF_OP_SOCKET, name);
        if (a.killed || !a.session->recheck || kind_allowed(sk->__sk_common.skc_family, sock->type, sk->sk_protocol))
                return 0;
        return refuse_kind(&a, HF_OP_SOCKET, sk->__sk_common.skc_family);
}

#define TCP_ZEROCOPY_RECEIVE 35

/* Receiving by another way. */
SEC("lsm/socket_getsockopt")
int BPF_PROG(socket_getsockopt, struct socket *sock, int level, int name)
{
        struct agent a;

        if (level != IPPROTO_TCP || name != TCP_ZEROCOPY_RECEIVE || !host_look() || !agent_current(&a))
                return 0;
        if (a.killed)
                return refuse_kind(&a, HF_OP_RECV, sock->type);
        return a.session->recheck ? socket_recheck(&a, sock, HF_OP_RECV) : 0;
}
