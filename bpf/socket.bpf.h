/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What a session may have of sockets: of which kind, connected to where. */
#ifndef HOLDFAST_SOCKET_BPF_H
#define HOLDFAST_SOCKET_BPF_H

#include "holdfast.bpf.h"
#include "event.bpf.h"
#include "told.bpf.h"
#include "walk.bpf.h"

#define AF_UNIX 1
#define AF_INET 2
#define AF_INET6 10
#define AF_NETLINK 16
#define SOCK_STREAM 1
#define SOCK_DGRAM 2
#define IPPROTO_IP 0
#define IPPROTO_TCP 6
#define IPPROTO_UDP 17
#define TCP_CLOSE 7
#define TCP_LISTEN 10

/* Where something goes, or comes from. */
struct peer_address {
        __u8 addr[16] __attribute__((aligned(8))); /* IPv4 as ::ffff:a.b.c.d */
        __u16 port;                                /* host order */
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

static __always_inline int net_refuse(const struct agent *a, const struct peer_address *p, __u16 op, __u8 proto, enum hf_why why,
                                      __u32 rule)
{
        const int error = a->killed ? -EPERM : -EACCES;
        struct report r = { .kind = HF_EVENT_CONNECT, .op = op, .proto = proto, .error = error, .why = why, .rule = rule };

        if (a->killed)
                r.why = HF_WHY_KILLED;
        __builtin_memcpy(r.addr, p->addr, sizeof(r.addr));
        r.port = p->port;
        event_plain(a, &r);
        return error;
}

static __always_inline bool is_loopback(const struct peer_address *p)
{
        const __u64 *addr = (const __u64 *)p->addr;

        if (addr[0])
                return false;
        return addr[1] == __builtin_bswap64(1) || ((addr[1] & 0xffffffff) == 0xffff0000 && p->addr[12] == 127);
}

/* The broadcast address of loopback: what is sent there all get. */
static __always_inline bool is_everybody(const struct peer_address *p)
{
        return *(const __u32 *)(p->addr + 12) == __builtin_bswap32(0x7fffffff);
}

/* The same, or one that is not specified: the kernel connects that to loopback. */
static __always_inline bool leads_here(const struct peer_address *p)
{
        const __u64 *addr = (const __u64 *)p->addr;

        return is_loopback(p) || (!addr[0] && (!addr[1] || addr[1] == 0xffff0000));
}

/* The capabilities of the policy in force that have used their budget. */
static __always_inline __u64 net_spent(const struct agent *a)
{
        struct hf_policy *policy;

        if (!a->session || !a->session->throttled)
                return 0;
        policy = bpf_map_lookup_elem(&policies, &a->policy);
        return policy ? *(volatile __u64 *)&policy->spent : ~0ULL;
}

/*
 * What the functions below are asked, in numbers, which the kernel verifies once, whatever calls them: about the two halves of an address,
 * and of the rest the port, enum hf_proto, whether the session has a resolver, and for how long (s) it goes on with an address that a name
 * has led to.
 */
#define ASK_NAMES (1 << 24)

static __always_inline __u64 ask_about(const struct agent *a, const struct peer_address *p, __u8 proto, __u32 grace)
{
        return (__u64)grace << 32 | (a->session && a->session->resolver ? ASK_NAMES : 0) | (__u32)proto << 16 | p->port;
}

static __always_inline __u32 time_less(__u32 grace)
{
        __u32 now = bpf_ktime_get_boot_ns() / HF_SECOND;

        return now > grace ? now - grace : 0;
}

#define DECIDED(why, rule) ((__u64)(why) << 32 | (rule))

/* Why the policy lets something go there or not, by what names have opened or by address, and by which rule. */
__attribute__((noinline)) __weak __u64 egress_decide(__u32 policy, __u64 live, __u64 high, __u64 low, __u64 ask)
{
        struct hf_egress_key key = { .prefix = HF_ADDRESS_BITS, .policy = policy };
        struct hf_policy *record = bpf_map_lookup_elem(&policies, &policy);
        const __u8 proto = ask >> 16;
        const __u16 port = ask;
        enum hf_why named = HF_WHY_NO_RULE, why;
        __u32 rule = 0, by_name = 0;
        __u64 spent;

        if (!record)
                return DECIDED(HF_WHY_DEPTH, 0);
        spent = *(volatile __u64 *)&record->spent;
        __builtin_memcpy(key.addr, &high, 8);
        __builtin_memcpy(key.addr + 8, &low, 8);
        if (ask & ASK_NAMES) {
                named = hf_egress_decide(bpf_map_lookup_elem(&opened, &key), live, spent, proto, port, time_less(ask >> 32), &by_name);
                if (named == HF_WHY_ALLOWED)
                        return DECIDED(named, by_name);
        }
        why = hf_egress_decide(bpf_map_lookup_elem(&egress, &key), live, spent, proto, port, 0, &rule);
        if (why == HF_WHY_ALLOWED || named == HF_WHY_NO_RULE)
                return DECIDED(why, rule);
        return DECIDED(named, by_name);
}

static __always_inline enum hf_why net_decide(const struct agent *a, const struct peer_address *p, __u8 proto, __u32 grace, __u32 *rule)
{
        const __u64 *addr = (const __u64 *)p->addr;
        __u64 decided;

        if (!p->known)
                return HF_WHY_DEPTH;
        decided = egress_decide(a->policy, a->live, addr[0], addr[1], ask_about(a, p, proto, grace));
        *rule = decided;
        return decided >> 32;
}

/* Whether the policy lets it connect there, or go on, whatever it sends. */
static __always_inline __attribute__((unused)) bool net_is_plain(const struct agent *a, const struct peer_address *p)
{
        struct hf_egress_key key = { .prefix = HF_ADDRESS_BITS, .policy = a->policy };
        __u64 live = a->live & ~net_spent(a);

        __builtin_memcpy(key.addr, p->addr, sizeof(key.addr));
        return hf_egress_plain(bpf_map_lookup_elem(&egress, &key), live, p->port, 0) ||
               hf_egress_plain(bpf_map_lookup_elem(&opened, &key), live, p->port, time_less(HF_GRACE));
}

/*
 * Of the live capabilities, the one that is charged for what goes there, as its bit; 0: none. A name that has opened the address may be
 * another than the one that it goes to, and one whose time has ended opens nothing for what begins now: neither makes it free.
 */
__attribute__((noinline)) __weak __u64 egress_charged(__u32 policy, __u64 live, __u64 high, __u64 low, __u64 ask)
{
        struct hf_egress_key key = { .prefix = HF_ADDRESS_BITS, .policy = policy };
        struct hf_policy *record = bpf_map_lookup_elem(&policies, &policy);
        struct hf_egress *found;
        const __u8 proto = ask >> 16;
        const __u16 port = ask;
        __u64 all, sure;

        if (!record)
                return 0;
        __builtin_memcpy(key.addr, &high, 8);
        __builtin_memcpy(key.addr + 8, &low, 8);
        all = sure = hf_egress_capabilities(bpf_map_lookup_elem(&egress, &key), live, 0, proto, port, 0);
        found = ask & ASK_NAMES ? bpf_map_lookup_elem(&opened, &key) : NULL;
        if (found) {
                all |= hf_egress_capabilities(found, live, 0, proto, port, time_less(ask >> 32));
                sure |= hf_egress_capabilities(found, live, HF_PORT_TLS, proto, port, time_less(0));
        }
        return hf_charged(all, sure, record->throttled, *(volatile __u64 *)&record->spent);
}

/* The same of a session that has a throttle. What sockets send that were not made in the session's cgroup is not counted. */
static __always_inline __attribute__((unused)) __u64 net_charged(const struct agent *a, const struct peer_address *p, __u8 proto)
{
        const __u64 *addr = (const __u64 *)p->addr;

        return p->known ? egress_charged(a->policy, a->live, addr[0], addr[1], ask_about(a, p, proto, HF_GRACE)) : 0;
}

/* Whether the policy has it told that something may go there, by one of the live capabilities. */
__attribute__((noinline)) __weak bool egress_told(__u32 policy, __u64 live, __u64 high, __u64 low, __u64 ask)
{
        struct hf_egress_key key = { .prefix = HF_ADDRESS_BITS, .policy = policy };
        struct hf_policy *record = bpf_map_lookup_elem(&policies, &policy);
        const __u8 proto = ask >> 16;
        const __u16 port = ask;
        __u64 by;

        if (!record || !~record->audit[HF_AUDIT_CONNECT])
                return true;
        __builtin_memcpy(key.addr, &high, 8);
        __builtin_memcpy(key.addr + 8, &low, 8);
        by = hf_egress_capabilities(bpf_map_lookup_elem(&egress, &key), live, 0, proto, port, 0);
        if (ask & ASK_NAMES)
                by |= hf_egress_capabilities(bpf_map_lookup_elem(&opened, &key), live, 0, proto, port, time_less(ask >> 32));
        return !by || (by & record->audit[HF_AUDIT_CONNECT]);
}

static __always_inline __attribute__((unused)) bool net_told(const struct agent *a, const struct peer_address *p, __u8 proto)
{
        const __u64 *addr = (const __u64 *)p->addr;

        return egress_told(a->policy, a->live, addr[0], addr[1], ask_about(a, p, proto, HF_GRACE));
}

/* Whether what the socket sends there has to be counted, and is not. */
static __always_inline __attribute__((unused)) bool escapes_throttle(const struct agent *a, struct sock *sk, const struct peer_address *p,
                                                                     __u8 proto)
{
        return a->session && a->session->throttled && socket_session(number(sk)) != a->slot && net_charged(a, p, proto);
}

static __always_inline bool unspecified(const struct peer_address *p)
{
        const __u64 *addr = (const __u64 *)p->addr;

        return p->known && !addr[0] && !addr[1];
}

/* The same, with the event of a refusal. To :: the kernel goes by IPv4 where the socket is bound to an address of that. */
static __always_inline int net_check_since(const struct agent *a, const struct peer_address *p, __u16 op, __u8 proto, __u32 grace)
{
        __u32 rule = 0;
        enum hf_why why = a->killed ? HF_WHY_DEPTH : net_decide(a, p, proto, grace, &rule);
        struct peer_address here;

        if (why == HF_WHY_ALLOWED && unspecified(p)) {
                address_v4(&here, __builtin_bswap32(0x7f000001), __builtin_bswap16(p->port));
                why = net_decide(a, &here, proto, grace, &rule);
        }
        return why == HF_WHY_ALLOWED ? 0 : net_refuse(a, p, op, proto, why, rule);
}

static __always_inline int net_check(const struct agent *a, const struct peer_address *p, __u16 op, __u8 proto)
{
        return net_check_since(a, p, op, proto, 0);
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

/* Whether a socket, or what asks for one, is bound to a loopback address. */
static __always_inline bool common_on_loopback(struct sock_common *sk)
{
        struct in6_addr addr = {};

        if (sk->skc_family == AF_INET)
                return (sk->skc_rcv_saddr & 0xff) == 127;
        BPF_CORE_READ_INTO(&addr, sk, skc_v6_rcv_saddr);
        if (addr.in6_u.u6_addr32[0] || addr.in6_u.u6_addr32[1])
                return false;
        if (!addr.in6_u.u6_addr32[2])
                return addr.in6_u.u6_addr32[3] == __builtin_bswap32(1);
        return addr.in6_u.u6_addr32[2] == __builtin_bswap32(0xffff) && addr.in6_u.u6_addr8[12] == 127;
}

static __always_inline bool on_loopback(struct sock *sk)
{
        return common_on_loopback(&sk->__sk_common);
}

/* Whether the session made the socket, and may still use it. */
static __always_inline bool owned(const struct agent *a, struct sock *sk)
{
        return !a->killed && is_own(a, bpf_sk_storage_get(&owners, sk, NULL, 0));
}

/* Whether the other end of a connection on loopback is the session's too, or its resolver. */
static __always_inline bool at_home(const struct agent *a, struct sock *sk, const struct peer_address *p)
{
        struct hf_task *owner;
        struct hf_led *record;

        if (a->killed || !a->session || !is_loopback(p) || socket_session(number(sk)) != a->slot)
                return false; /* of others no packet is asked about */
        owner = bpf_sk_storage_get(&owners, sk, NULL, 0);
        if (is_own(a, owner) && (owner->kind == HF_SOCKET_LISTENS || owner->kind == HF_SOCKET_HOME))
                return true;
        record = bpf_sk_storage_get(&led, sk, NULL, 0);
        return record && record->to == p->port && record->to == a->session->resolver;
}

static __always_inline void report_peer(const struct agent *a, struct hf_node *node, struct dentry *dentry)
{
        struct report r = { .kind = HF_EVENT_FILE, .op = HF_OP_UNIX, .right = HF_CONNECT, .error = -EACCES };
        enum hf_why why = hf_explain(node, HF_CONNECT, &r.rule);

        r.why = a->killed ? HF_WHY_KILLED : why;
        if (dentry)
                event_path(a, &r, dentry);
        else
                event_plain(a, &r);
}

/* Whether the session may speak to the socket at the other end. */
static __always_inline __attribute__((unused)) int check_peer(const struct agent *a, struct sock *other)
{
        struct unix_sock *peer;
        struct hf_node *node = NULL;
        struct dentry *dentry = NULL;

        if (owned(a, other))
                return 0;
        peer = bpf_skc_to_unix_sock(other);
        if (peer)
                dentry = peer->path.dentry;
        if (dentry && !a->killed) {
                node = place_find(a->policy, dentry).node;
                if (!hf_refused(node, a->live, HF_CONNECT)) {
                        struct inode *inode = dentry->d_inode;

                        if (is_told(a, node, TOLD_CONNECT) && is_there(inode) && is_first_use(a, inode, dentry->d_sb, HF_CONNECT))
                                tell_allowed(a, dentry, node->rule[3], HF_OP_UNIX, HF_CONNECT);
                        return 0;
                }
        }
        report_peer(a, node, dentry);
        return -EACCES;
}

/*
 * The other end of a connection that was made before, where it has a name to which it could have been made now. An end without a name is
 * one of socketpair(2), or has connected to this one: as a pipe, it was given.
 */
static __always_inline struct sock *named_peer(struct sock *sk)
{
        struct unix_sock *end = bpf_skc_to_unix_sock(sk), *other;

        if (!end || !end->peer)
                return NULL;
        other = bpf_skc_to_unix_sock(end->peer);
        return other && other->addr ? end->peer : NULL;
}

/*
 * What decides about that end: refused or not. One that is closed has lost its path, and nothing goes there any more; what it sent before
 * is here already.
 */
static __always_inline bool named_refused(const struct agent *a, struct sock *peer, struct hf_node **node, struct dentry **dentry)
{
        struct unix_sock *other;

        *node = NULL;
        *dentry = NULL;
        if (owned(a, peer))
                return false;
        other = bpf_skc_to_unix_sock(peer);
        if (other)
                *dentry = other->path.dentry;
        if (!*dentry)
                return !(BPF_CORE_READ(peer, __sk_common.skc_flags) & (1 << SOCK_DEAD));
        *node = number_place(a->policy, number(*dentry));
        return hf_refused(*node, a->live, HF_CONNECT);
}

/* What is wrong with a socket that was there before the session, or before its policy. */
enum socket_fault {
        SOCKET_FITS,
        SOCKET_KIND,   /* no session may have such a one */
        SOCKET_LISTEN, /* listens beyond loopback */
        SOCKET_PEER,   /* connected to where the policy does not let it */
        SOCKET_UNIX,   /* the same, by a unix socket */
};

/* report: with the event of a refusal, of that operation. */
static __always_inline enum socket_fault socket_fault(const struct agent *a, struct socket *sock, struct sock *sk, __u32 report)
{
        __u16 family = sk->__sk_common.skc_family;
        struct peer_address p;
        struct dentry *dentry;
        struct hf_node *node;
        struct sock *peer;
        enum hf_why why;
        __u32 rule = 0;

        if (!kind_allowed(family, sock->type, sk->sk_protocol)) {
                if (report)
                        refuse_kind(a, report, family);
                return SOCKET_KIND;
        }
        if (family == AF_UNIX) {
                peer = named_peer(sk);
                if (!peer || !named_refused(a, peer, &node, &dentry))
                        return SOCKET_FITS;
                if (report)
                        report_peer(a, node, dentry);
                return SOCKET_UNIX;
        }
        if (!inet(family))
                return SOCKET_FITS;
        if (sk->__sk_common.skc_state == TCP_LISTEN) {
                if (on_loopback(sk))
                        return SOCKET_FITS;
                if (report)
                        refuse_kind(a, report, family);
                return SOCKET_LISTEN;
        }
        address_of_peer(&p, sk);
        if (at_home(a, sk, &p))
                return SOCKET_FITS;
        why = p.port ? net_decide(a, &p, protocol(sock), HF_GRACE, &rule) : HF_WHY_ALLOWED;
        if (why == HF_WHY_ALLOWED && p.port && escapes_throttle(a, sk, &p, protocol(sock)))
                why = HF_WHY_RATE;
        if (why == HF_WHY_ALLOWED)
                return SOCKET_FITS;
        if (report)
                net_refuse(a, &p, report, protocol(sock), why, rule);
        return SOCKET_PEER;
}

/* Refuses further use of such a socket, with an event. */
static __noinline __attribute__((unused)) int socket_recheck(const struct agent *a, struct socket *sock, __u32 op)
{
        struct sock *sk = sock->sk;

        return sk && socket_fault(a, sock, sk, op) != SOCKET_FITS ? -EACCES : 0;
}

#endif
