/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The last look at what leaves a session's sockets, attached to its cgroup: bytes that were queued before a kill, or before a right was
 * taken away, leave no more, whoever has the socket now; nothing goes by way of another host; on loopback only what a rule names, or the
 * session itself has there at this moment, gets any; where a rule asks for TLS, a connection begins with a hello to an allowed name; and of
 * what a capability with a throttle lets leave, no more does than that says.
 */
#include "datagram.bpf.h"
#include "hello.bpf.h"
#include "throttle.bpf.h"

#define ETH_P_IP 0x0800
#define NEXTHDR_HOP 0
#define LOOPBACK 1 /* number of that interface */
#define JUMBO 0xc2 /* RFC 2675: the kernel's own, of packets that the device splits */
#define TCP_SYN 0x02
#define TCP_RST 0x04
#define TCP_ACK 0x10
#define TCP_URG 0x20

struct headers {
        struct peer_address to;
        __u8 from[16] __attribute__((aligned(8)));
        __u16 from_port;
        __u8 protocol;
        __u8 flags; /* of TCP */
        bool v4;
        bool bare; /* TCP, and no data */
        __u32 at;  /* of the transport header */
        /* Of TCP: */
        __u32 sequence; /* as in the packet */
        __u32 data;     /* where that begins */
};

/* The first 16 bytes of a TCP header, RFC 9293. */
struct tcp_begin {
        __u16 from, to;
        __u32 sequence, acknowledged;
        __u8 length, flags;
        __u16 window;
};

struct ports {
        __u16 from, to;
};

/*
 * Reads *to from the packet, once: it is not looked at in place. Where the bytes are not in one piece with the headers, which the kernel
 * itself makes, by a call. False: the packet ends before.
 */
#define load(skb, at, to) \
        ({ \
                const __typeof__(*(to)) *there_ = (void *)(long)(skb)->data + (at); \
                bool whole_ = (void *)(there_ + 1) <= (void *)(long)(skb)->data_end; \
                if (whole_) \
                        *(to) = *there_; \
                else \
                        whole_ = !bpf_skb_load_bytes(skb, at, to, sizeof(*(to))); \
                whole_; \
        })

static __always_inline bool read_v4(struct __sk_buff *skb, struct headers *h)
{
        struct iphdr ip;

        if (!load(skb, 0, &ip) || ip.ihl != 5)
                return false;
        address_v4(&h->to, ip.daddr, 0);
        __builtin_memcpy(h->from + 12, &ip.saddr, 4);
        h->protocol = ip.protocol;
        h->at = sizeof(ip);
        return true;
}

static __always_inline bool read_v6(struct __sk_buff *skb, struct headers *h)
{
        struct ipv6hdr ip;
        __u8 jumbo[4];

        if (!load(skb, 0, &ip))
                return false;
        __builtin_memcpy(h->to.addr, &ip.daddr, sizeof(h->to.addr));
        __builtin_memcpy(h->from, &ip.saddr, sizeof(h->from));
        h->protocol = ip.nexthdr;
        h->at = sizeof(ip);
        if (h->protocol != NEXTHDR_HOP)
                return true;
        if (bpf_skb_load_bytes(skb, h->at, jumbo, sizeof(jumbo)) || jumbo[1] || jumbo[2] != JUMBO)
                return false;
        h->protocol = jumbo[0];
        h->at += 8;
        return true;
}

/* False: it has options, or headers between, that may lead it elsewhere; or no session can have sent it. */
static __always_inline bool read_headers(struct __sk_buff *skb, struct headers *h)
{
        struct tcp_begin tcp;
        struct ports udp;

        h->v4 = skb->protocol == __builtin_bswap16(ETH_P_IP);
        if (h->v4 ? !read_v4(skb, h) : !read_v6(skb, h))
                return false;
        h->to.known = true;
        if (h->protocol == IPPROTO_UDP) {
                if (!load(skb, h->at, &udp))
                        return false;
                h->from_port = udp.from;
                h->to.port = __builtin_bswap16(udp.to);
                return true;
        }
        if (h->protocol != IPPROTO_TCP || !load(skb, h->at, &tcp))
                return false;
        h->from_port = tcp.from;
        h->to.port = __builtin_bswap16(tcp.to);
        h->sequence = tcp.sequence;
        h->flags = tcp.flags;
        h->data = h->at + (tcp.length >> 4) * 4;
        h->bare = skb->len == h->data;
        return true;
}

/* Whether it only tells the peer that the connection is no more. */
static __always_inline bool is_reset(const struct headers *h)
{
        return h->bare && (h->flags & TCP_RST);
}

enum receiver { RECEIVER_NOBODY, RECEIVER_HOME, RECEIVER_OTHER };

/* Whose socket gets it: the session's, or its resolver's; or another's. */
static __always_inline enum receiver receiver_of(struct __sk_buff *skb, const struct agent *a, const struct headers *h)
{
        struct bpf_sock_tuple way = {};
        __u32 size = h->v4 ? sizeof(way.ipv4) : sizeof(way.ipv6);
        struct bpf_sock *found;
        bool own;

        if (h->v4) {
                __builtin_memcpy(&way.ipv4.saddr, h->from + 12, 4);
                __builtin_memcpy(&way.ipv4.daddr, h->to.addr + 12, 4);
                way.ipv4.sport = h->from_port;
                way.ipv4.dport = __builtin_bswap16(h->to.port);
        } else {
                __builtin_memcpy(way.ipv6.saddr, h->from, 16);
                __builtin_memcpy(way.ipv6.daddr, h->to.addr, 16);
                way.ipv6.sport = h->from_port;
                way.ipv6.dport = __builtin_bswap16(h->to.port);
        }
        if (is_everybody(&h->to))
                return RECEIVER_OTHER;
        if (h->protocol == IPPROTO_TCP)
                found = bpf_sk_lookup_tcp(skb, &way, size, BPF_F_CURRENT_NETNS, 0);
        else
                found = bpf_sk_lookup_udp(skb, &way, size, BPF_F_CURRENT_NETNS, 0);
        /* One that is about to be forgotten is none; a new one goes to who listens. */
        if (!found && (h->flags & TCP_SYN)) {
                if (h->v4)
                        way.ipv4.saddr = way.ipv4.sport = 0;
                else
                        way.ipv6.sport = 0;
                found = bpf_sk_lookup_tcp(skb, &way, size, BPF_F_CURRENT_NETNS, 0);
        }
        if (!found)
                return RECEIVER_NOBODY;
        own = is_own(a, bpf_sk_storage_get(&owners, found, NULL, 0));
        bpf_sk_release(found);
        return own ? RECEIVER_HOME : RECEIVER_OTHER;
}

/*
 * Whether it answers who has connected to what the session listens to. Not what connects: a socket counts as one that listens as soon as
 * somebody has asked for that.
 */
static __always_inline bool is_answer(struct __sk_buff *skb, const struct agent *a, const struct headers *h)
{
        struct bpf_sock *any = skb->sk, *sk = any ? bpf_sk_fullsock(any) : NULL;
        struct hf_task *owner = sk ? bpf_sk_storage_get(&owners, sk, NULL, 0) : NULL;

        if (h->protocol != IPPROTO_TCP || (h->flags & (TCP_SYN | TCP_ACK)) == TCP_SYN)
                return false;
        return is_own(a, owner) && owner->kind == HF_SOCKET_LISTENS;
}

static __always_inline bool is_allowed(struct agent *a, const struct headers *h)
{
        __u32 rule;

        member_policy(a);
        return net_decide(a, &h->to, h->protocol == IPPROTO_TCP ? HF_TCP : HF_UDP, HF_GRACE, &rule) == HF_WHY_ALLOWED;
}

static __always_inline bool may_leave(struct agent *a, const struct headers *h)
{
        if (!a->session->recheck && !a->session->flows && (h->protocol == IPPROTO_TCP || !a->session->resolver))
                return true;
        return is_allowed(a, h);
}

/* The same, to loopback. Where nobody is, what goes to the resolver's port is told so by the kernel: it may be about to begin anew. */
static __always_inline bool may_stay(struct __sk_buff *skb, struct agent *a, const struct headers *h, enum receiver *who)
{
        *who = RECEIVER_OTHER;
        if (skb->ifindex != LOOPBACK)
                return false;
        *who = RECEIVER_NOBODY;
        if ((h->bare && !(h->flags & TCP_SYN)) || is_answer(skb, a, h))
                return true;
        *who = receiver_of(skb, a, h);
        if (*who == RECEIVER_HOME || (*who == RECEIVER_NOBODY && h->to.port == a->session->resolver))
                return true;
        return is_allowed(a, h);
}

/* Tells of a packet that does not leave. Whoever runs now need not have sent it. */
static __always_inline void report_packet(const struct agent *a, const struct peer_address *to, struct report *r)
{
        struct hf_event *e = event_start(a, r, sizeof(*e));

        if (!e)
                return;
        __builtin_memcpy(r->addr, to->addr, sizeof(r->addr));
        r->port = to->port;
        event_what(e, a, r);
        event_submit(a, e);
}

/*
 * What the functions below are told of a packet, in numbers: the kernel verifies each once, by itself, and their stacks are not that of the
 * program. Beside the flags of TCP, and the port that it goes to.
 */
#define SEEN_BARE (1 << 8)
#define SEEN_BY_RULE (1 << 9) /* not to the session's own */
#define SEEN_TCP (1 << 10)
#define SEEN_PORT 16 /* bits before it */

static __always_inline __u64 seen(const struct headers *h, bool by_rule)
{
        return h->flags | (h->bare ? SEEN_BARE : 0) | (by_rule ? SEEN_BY_RULE : 0) | (h->protocol == IPPROTO_TCP ? SEEN_TCP : 0) |
               (__u64)h->to.port << SEEN_PORT;
}

/* Whether it asks for a connection. */
static __always_inline bool is_first(__u64 seen)
{
        return (seen & (SEEN_TCP | TCP_SYN | TCP_ACK)) == (SEEN_TCP | TCP_SYN);
}

/* Tells of one that no hook has seen. */
__attribute__((noinline)) __weak int report_unseen(__u64 high, __u64 low, __u64 seen)
{
        struct report r = { .kind = HF_EVENT_CONNECT, .op = HF_OP_SEND, .error = -EACCES, .why = HF_WHY_GUARD };
        struct peer_address to = { .port = seen >> SEEN_PORT };
        struct agent a;

        if (!member(&a))
                return 0;
        __builtin_memcpy(to.addr, &high, 8);
        __builtin_memcpy(to.addr + 8, &low, 8);
        report_packet(&a, &to, &r);
        return 0;
}

/* The ends of a connection as its socket has them: what leaves may be translated already. */
struct ends {
        struct peer_address to;
        __u8 from[16] __attribute__((aligned(8)));
        __u16 from_port; /* host order */
};

/* A word of a socket. The verifier takes a constant offset only, which the compiler may not keep. */
#define sock_word(sk, field, n) \
        ({ \
                __u64 word; \
                asm volatile("%0 = *(u32 *)(%1 + %2)" : "=r"(word) : "r"(sk), "i"(__builtin_offsetof(struct bpf_sock, field) + 4 * (n))); \
                (__u32) word; \
        })

static __always_inline void ends_of(struct bpf_sock *sk, struct ends *e)
{
        __u32 *to = (__u32 *)e->to.addr, *here = (__u32 *)e->from;

        __builtin_memset(e, 0, sizeof(*e));
        e->from_port = sk->src_port;
        if (sk->family == AF_INET) {
                address_v4(&e->to, sock_word(sk, dst_ip4, 0), sk->dst_port);
                here[3] = sock_word(sk, src_ip4, 0);
                return;
        }
        to[0] = sock_word(sk, dst_ip6, 0);
        to[1] = sock_word(sk, dst_ip6, 1);
        to[2] = sock_word(sk, dst_ip6, 2);
        to[3] = sock_word(sk, dst_ip6, 3);
        e->to.port = __builtin_bswap16(sk->dst_port);
        e->to.known = true;
        here[0] = sock_word(sk, src_ip6, 0);
        here[1] = sock_word(sk, src_ip6, 1);
        here[2] = sock_word(sk, src_ip6, 2);
        here[3] = sock_word(sk, src_ip6, 3);
}

/* Tells of a hello that does not fit, so that the daemon ends the connection: again only for one that is still there after a second. */
static __always_inline void report_hello(struct __sk_buff *skb, const struct agent *a, const struct ends *ends, struct hf_hello *hello)
{
        struct report r = { .kind = HF_EVENT_CONNECT, .op = HF_OP_HELLO, .proto = HF_TCP, .error = -EACCES, .why = HF_WHY_TLS };
        __u32 now = bpf_ktime_get_boot_ns() / 1000000000;
        struct hf_event *e;

        if (hello->told == now)
                return;
        hello->told = now;
        e = event_start(a, &r, HF_EVENT_SMALL);
        if (!e)
                return;
        __builtin_memcpy(r.addr, ends->to.addr, sizeof(r.addr));
        r.port = ends->to.port;
        r.detail = hello->fault;
        event_what(e, a, &r);
        __builtin_memcpy(e->from, ends->from, sizeof(e->from));
        e->local_port = ends->from_port;
        e->ino = bpf_get_socket_cookie(skb);
        __builtin_memcpy(e->path, hello->key.name, sizeof(hello->key.name));
        e->path_len = hello->name_len;
        event_submit(a, e);
}

/* A connection begins: whether it needs a hello. by_rule: not to the session's own. False: that cannot be noted. */
static __always_inline bool hello_expect(struct agent *a, struct bpf_sock *sk, const struct ends *ends, __u32 sequence, bool by_rule)
{
        struct hf_hello *hello;

        member_policy(a);
        if (!by_rule || net_is_plain(a, &ends->to)) {
                bpf_sk_storage_delete(&hellos, sk);
                return true;
        }
        /* Both while there is room for them: a session can use up a socket's. */
        hello = bpf_sk_storage_get(&hellos, sk, NULL, BPF_SK_STORAGE_GET_F_CREATE);
        if (!hello || !bpf_sk_storage_get(&uncopied, sk, NULL, BPF_SK_STORAGE_GET_F_CREATE))
                return false;
        hf_hello_begin(hello, sequence);
        return true;
}

/* Whether the name of the hello is one that opens the port there. */
static __always_inline bool hello_fits(struct agent *a, const struct ends *ends, struct hf_hello *hello)
{
        __u32 now = bpf_ktime_get_boot_ns() / 1000000000, rule;

        member_policy(a);
        __builtin_memcpy(hello->key.addr, ends->to.addr, sizeof(hello->key.addr));
        hello->key.policy = a->policy;
        return hf_egress_decide(bpf_map_lookup_elem(&named, &hello->key), a->live, net_spent(a), HF_TCP, ends->to.port,
                                now > HF_GRACE ? now - HF_GRACE : 0, &rule) == HF_WHY_ALLOWED;
}

/*
 * Looks at what of the hello has not been looked at. False: nothing of it leaves. Urgent data is in it for who sends, and not for who
 * receives, wherever the packet says that it ends.
 */
static __always_inline bool hello_look(struct __sk_buff *skb, struct agent *a, struct bpf_sock *sk, const struct ends *ends,
                                       struct hf_hello *hello, __u64 seen, __u32 sequence, __u32 data)
{
        __u32 behind = hello->next - sequence, *mark;

        if (hello->fault)
                return false;
        mark = bpf_sk_storage_get(&uncopied, sk, NULL, 0);
        if (seen & TCP_URG)
                hello->fault = HF_HELLO_MALFORMED;
        else if (!mark || *mark)
                hello->fault = HF_HELLO_UNCOPIED;
        if (hello->fault || (seen & SEEN_BARE))
                return !hello->fault;
        if ((__s32)behind < 0)
                return false; /* what is between has not left */
        if (data + behind >= skb->len)
                return true;
        hello_read(skb, hello, data + behind, skb->len);
        hello->next = sequence + (skb->len - data);
        if (!hello->fault && hello->stage == HF_HELLO_AT_END) {
                if (hello_fits(a, ends, hello))
                        bpf_sk_storage_delete(&hellos, sk);
                else
                        hello->fault = HF_HELLO_OTHER;
        }
        return !hello->fault;
}

/* Whether there may be something that a connection has to begin with. */
static __always_inline bool hello_is_due(struct __sk_buff *skb, const struct agent *a, const struct headers *h)
{
        struct bpf_sock *any = skb->sk, *sk = any ? bpf_sk_fullsock(any) : NULL;

        if (!sk || h->protocol != IPPROTO_TCP)
                return false;
        if (is_first(seen(h, false)))
                return a->session->resolver;
        return (!h->bare || (h->flags & TCP_URG)) && bpf_sk_storage_get(&hellos, sk, NULL, 0);
}

/* Whether that lets the packet leave. data: where that begins. */
__attribute__((noinline)) __weak int hello_lets(struct __sk_buff *skb, __u64 seen, __u32 sequence, __u32 data)
{
        struct bpf_sock *any = skb->sk, *sk = any ? bpf_sk_fullsock(any) : NULL;
        const bool first = is_first(seen);
        struct hf_hello *hello;
        struct ends ends;
        struct agent a;

        if (!sk || !member(&a))
                return false;
        sequence = __builtin_bswap32(sequence) + first;
        ends_of(sk, &ends);
        if (first && !hello_expect(&a, sk, &ends, sequence, seen & SEEN_BY_RULE))
                return false;
        hello = bpf_sk_storage_get(&hellos, sk, NULL, 0);
        if (!hello || hello_look(skb, &a, sk, &ends, hello, seen, sequence, data))
                return true;
        if (hello->fault)
                report_hello(skb, &a, &ends, hello);
        return false;
}

enum verdict {
        PACKET_DROP, /* the kernel tells who sent it; TCP tries again, each time later than before */
        PACKET_LEAVE,
        PACKET_LATER /* TCP tries again soon, but not often */
};

/* What is charged, and for what. */
struct charged {
        struct hf_throttle_key key;
        struct peer_address to;
        __u8 proto;
        bool first; /* it asks for a connection */
};

/* Tells that a throttle holds something up: once a second of each. */
static __always_inline void report_throttle(const struct agent *a, const struct peer_address *to, const struct charged *c, enum hf_why why)
{
        struct report r = { .kind = HF_EVENT_CONNECT,
                            .op = c->first ? HF_OP_CONNECT : HF_OP_SEND,
                            .proto = c->proto,
                            .error = why == HF_WHY_BUDGET ? -EPERM : -EAGAIN,
                            .why = why };
        struct agent only = *a;

        only.live = c->key.capability;
        net_decide(&only, &c->to, c->proto, HF_GRACE, &r.rule);
        report_packet(a, to, &r);
}

/* One that TCP could not send for a while is given up after some tries that come soon, so they are to come later and later. */
static __always_inline enum verdict later(struct __sk_buff *skb)
{
        struct bpf_sock *any = skb->sk;
        struct tcp_sock *tcp = any ? bpf_skc_to_tcp_sock(any) : NULL;

        return tcp && tcp->inet_conn.icsk_probes_out > 1 ? PACKET_DROP : PACKET_LATER;
}

/* Where it goes, as its socket has it: what leaves may be translated already. */
static __always_inline void destination(struct __sk_buff *skb, struct charged *c)
{
        struct bpf_sock *any = skb->sk, *sk = any ? bpf_sk_fullsock(any) : NULL;
        struct ends ends;

        if (c->proto != HF_TCP || !sk)
                return;
        ends_of(sk, &ends);
        c->to = ends.to;
}

/* Charges what by a rule may leave. Of TCP, what carries no data and does not ask for a connection is free. */
__attribute__((noinline)) __weak int charge(struct __sk_buff *skb, __u64 high, __u64 low, __u64 seen)
{
        struct peer_address to = { .port = seen >> SEEN_PORT, .known = true };
        struct charged c = { .proto = seen & SEEN_TCP ? HF_TCP : HF_UDP, .first = is_first(seen) };
        const bool bare = seen & SEEN_BARE;
        struct hf_policy *policy;
        struct hf_throttle *t;
        struct agent a;
        __u64 now;

        if (!member(&a))
                return PACKET_DROP;
        member_policy(&a);
        policy = bpf_map_lookup_elem(&policies, &a.policy);
        __builtin_memcpy(to.addr, &high, 8);
        __builtin_memcpy(to.addr + 8, &low, 8);
        c.to = to;
        destination(skb, &c);
        t = throttle_of(&a, &c.to, c.proto, &c.key);
        if (!t || !policy)
                return PACKET_LEAVE;
        if (policy->spent & c.key.capability)
                return PACKET_DROP;
        now = bpf_ktime_get_boot_ns();
        if ((c.first && !hf_connection_take(t, now)) || (!bare && !hf_bytes_take(t, now, skb->len))) {
                if (t->told != (__u32)(now / HF_SECOND)) {
                        t->told = now / HF_SECOND;
                        report_throttle(&a, &to, &c, HF_WHY_RATE);
                }
                return later(skb);
        }
        if (bare || hf_budget_take(t, skb->len))
                return PACKET_LEAVE;
        __sync_fetch_and_or(&policy->spent, c.key.capability);
        report_throttle(&a, &to, &c, HF_WHY_BUDGET);
        return PACKET_DROP;
}

/* Adds to what the session has sent; false, and nothing is added, where that would be more than it may. */
static __noinline bool take_sent(__u32 slot, __u32 bytes)
{
        struct hf_use *use = &uses[slot & (HF_SLOTS - 1)];
        const __u64 before = __sync_fetch_and_add(&use->sent, bytes);

        if (!use->sent_limit || before + bytes <= use->sent_limit)
                return true;
        __sync_fetch_and_sub(&use->sent, bytes);
        __sync_fetch_and_add(&use->sent_held, 1);
        return false;
}

/* What by a rule may leave. */
static __always_inline int leave(struct __sk_buff *skb, const struct agent *a, const struct headers *h)
{
        const __u64 *to = (const __u64 *)h->to.addr, what = seen(h, true);
        int verdict = PACKET_LEAVE;

        if (a->session->throttled && (!h->bare || is_first(what)))
                verdict = charge(skb, to[0], to[1], what) & 3; /* for the verifier */
        if (verdict == PACKET_LEAVE && !take_sent(a->slot, skb->len))
                verdict = PACKET_DROP;
        if (verdict == PACKET_LEAVE && h->protocol == IPPROTO_UDP)
                datagram_leaves(skb, to[0], to[1], (__u32)__builtin_bswap16(h->from_port) << 16 | h->to.port,
                                skb->len - h->at - sizeof(struct udphdr));
        return verdict;
}

SEC("cgroup_skb/egress")
int packet_leaves(struct __sk_buff *skb)
{
        enum receiver who = RECEIVER_OTHER;
        struct headers h = {};
        const __u64 *to = (const __u64 *)h.to.addr;
        struct agent a;
        bool known;

        if (!member(&a))
                return PACKET_LEAVE;
        known = read_headers(skb, &h);
        if (known && !a.killed && (is_loopback(&h.to) ? may_stay(skb, &a, &h, &who) : may_leave(&a, &h))) {
                if (hello_is_due(skb, &a, &h) && !hello_lets(skb, seen(&h, who == RECEIVER_OTHER), h.sequence, h.data))
                        return PACKET_DROP;
                return who == RECEIVER_OTHER ? leave(skb, &a, &h) : PACKET_LEAVE;
        }
        if (known && is_reset(&h))
                return PACKET_LEAVE;
        if (!a.killed && (!known || (is_loopback(&h.to) && who == RECEIVER_OTHER)))
                report_unseen(to[0], to[1], seen(&h, false));
        return PACKET_DROP;
}

/* A UDP socket is over. */
SEC("cgroup/sock_release")
int socket_closes(struct bpf_sock *sk)
{
        struct datagrams *d;
        struct agent a;

        if (sk->type != SOCK_DGRAM || !session_is(&a))
                return 1;
        d = bpf_sk_storage_get(&datagrams, sk, NULL, 0);
        for (int i = 0; d && i < PLACES; i++)
                if (d->reached[i].port)
                        reached_tell(&a, &d->of, &d->reached[i], HF_OP_CLOSE, 0);
        return 1;
}
