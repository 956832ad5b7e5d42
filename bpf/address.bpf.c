/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Where a session's sockets go, at its cgroup, for what the hooks of net.bpf.c leave to it: what is sent to name servers is led to the
 * session's resolver, and its answers seem to come from where it asked; and on loopback a session reaches what it listens to itself.
 * Nothing here goes by what a hook has seen before: another thread may have used the socket meanwhile.
 */
#include "member.bpf.h"

#define LOOPBACK_V4 __builtin_bswap32(0x7f000001)
#define MAPPED __builtin_bswap32(0xffff)
#define LAST_OF_LOOPBACK_V6 __builtin_bswap32(1)
#define ECONNREFUSED 111

/* Word n of an IPv6 address. The verifier takes a constant offset only, which a volatile load keeps. */
#define word6(ctx, n) (*(volatile __u32 *)&(ctx)->user_ip6[n])

static __always_inline __u8 proto_of(const struct bpf_sock_addr *ctx)
{
        return ctx->protocol == IPPROTO_TCP ? HF_TCP : HF_UDP;
}

enum holder { HELD_BY_NONE, HELD_BY_OWN, HELD_BY_OTHER, HELD_BY_RESOLVER, HELD_BY_OTHERS_RESOLVER };

/* Who has the port there. */
static __always_inline enum holder holder_of(struct bpf_sock_addr *ctx, const struct agent *a, const struct peer_address *p, bool v4)
{
        struct bpf_sock_tuple to = {};
        __u32 size = v4 ? sizeof(to.ipv4) : sizeof(to.ipv6);
        struct bpf_sock *found, *from = ctx->sk;
        struct hf_task *owner;
        bool own, resolver;

        if (!from)
                return HELD_BY_OTHER;
        if (v4) {
                __builtin_memcpy(&to.ipv4.daddr, p->addr + 12, 4);
                to.ipv4.dport = __builtin_bswap16(p->port);
                to.ipv4.saddr = from->src_ip4 ? from->src_ip4 : LOOPBACK_V4;
                to.ipv4.sport = __builtin_bswap16(from->src_port);
        } else {
                __builtin_memcpy(to.ipv6.daddr, p->addr, 16);
                to.ipv6.dport = __builtin_bswap16(p->port);
                to.ipv6.saddr[3] = LAST_OF_LOOPBACK_V6;
                to.ipv6.sport = __builtin_bswap16(from->src_port);
        }
        if (ctx->protocol == IPPROTO_TCP)
                found = bpf_sk_lookup_tcp(ctx, &to, size, BPF_F_CURRENT_NETNS, 0);
        else
                found = bpf_sk_lookup_udp(ctx, &to, size, BPF_F_CURRENT_NETNS, 0);
        if (!found)
                return HELD_BY_NONE;
        owner = bpf_sk_storage_get(&owners, found, NULL, 0);
        own = is_own(a, owner);
        resolver = owner && owner->kind == HF_SOCKET_RESOLVER;
        bpf_sk_release(found);
        if (resolver)
                return own ? HELD_BY_RESOLVER : HELD_BY_OTHERS_RESOLVER;
        return own ? HELD_BY_OWN : HELD_BY_OTHER;
}

/* Notes where the socket goes on loopback. */
static __always_inline bool note(struct bpf_sock_addr *ctx, const struct agent *a, enum hf_socket kind)
{
        struct hf_task *owner = ctx->sk ? own_socket(a, ctx->sk) : NULL;

        if (!owner)
                return false;
        owner->kind = kind;
        return true;
}

/* Whether the socket may go there: by the policy, or to itself. Else 0, with an event. */
static __always_inline int decide(struct bpf_sock_addr *ctx, struct agent *a, const struct peer_address *p, bool v4, __u16 op)
{
        enum holder who = HELD_BY_OTHER;
        enum hf_why why = HF_WHY_KILLED;
        struct report r;
        __u32 rule = 0;
        int error;

        member_policy(a);
        if (!a->killed && is_loopback(p) && !is_everybody(p))
                who = holder_of(ctx, a, p, v4);
        if (who == HELD_BY_RESOLVER)
                return 1;
        if (who == HELD_BY_OTHERS_RESOLVER)
                why = HF_WHY_GUARD;
        else if (!a->killed)
                why = net_decide(a, p, proto_of(ctx), 0, &rule);
        if (why == HF_WHY_ALLOWED) {
                if (!leads_here(p) || note(ctx, a, who == HELD_BY_OWN ? HF_SOCKET_WITHIN : HF_SOCKET_AWAY))
                        return 1;
                why = HF_WHY_DEPTH;
        }
        if (who == HELD_BY_OWN && note(ctx, a, HF_SOCKET_HOME))
                return 1;
        __builtin_memset(&r, 0, sizeof(r));
        r.kind = HF_EVENT_CONNECT;
        r.op = op;
        r.proto = proto_of(ctx);
        error = a->killed ? -EPERM : who == HELD_BY_NONE && why == HF_WHY_NO_RULE ? -ECONNREFUSED : -EACCES;
        r.error = error;
        r.why = why;
        r.rule = rule;
        r.port = p->port;
        __builtin_memcpy(r.addr, p->addr, sizeof(r.addr));
        event_plain(a, &r);
        bpf_set_retval(error);
        return 0;
}

/* Keeps where it asked to go. False: it cannot. */
static __always_inline bool note_led(struct bpf_sock_addr *ctx, const struct agent *a, const struct peer_address *p)
{
        struct hf_led *record = ctx->sk ? bpf_sk_storage_get(&led, ctx->sk, NULL, BPF_SK_STORAGE_GET_F_CREATE) : NULL;

        if (!record)
                return false;
        __builtin_memcpy(record->addr, p->addr, sizeof(record->addr));
        record->to = a->session->resolver;
        return true;
}

/* A connection to no address in particular leads to loopback, where a rule lets it. */
static __always_inline int unspecified_allowed(struct bpf_sock_addr *ctx)
{
        struct agent a;

        if (ctx->protocol != IPPROTO_TCP || !member(&a) || note(ctx, &a, HF_SOCKET_AWAY))
                return 1;
        bpf_set_retval(-ENOMEM);
        return 0;
}

static __always_inline int go4(struct bpf_sock_addr *ctx, __u16 op)
{
        bool name = ctx->user_port == __builtin_bswap16(HF_NAME_SERVER);
        struct peer_address p;
        struct agent a;

        if (!name && (ctx->user_ip4 & 0xff) != 127)
                return ctx->user_ip4 ? 1 : unspecified_allowed(ctx);
        if (!member(&a))
                return 1;
        address_v4(&p, ctx->user_ip4, ctx->user_port);
        if (!name || a.killed || !a.session->resolver || !note_led(ctx, &a, &p))
                return decide(ctx, &a, &p, true, op);
        ctx->user_ip4 = LOOPBACK_V4;
        ctx->user_port = __builtin_bswap16(a.session->resolver);
        return 1;
}

static __always_inline int go6(struct bpf_sock_addr *ctx, __u16 op)
{
        bool name = ctx->user_port == __builtin_bswap16(HF_NAME_SERVER), mapped;
        struct peer_address p = { .known = true };
        __u32 *addr = (__u32 *)p.addr;
        struct agent a;

        addr[0] = word6(ctx, 0);
        addr[1] = word6(ctx, 1);
        addr[2] = word6(ctx, 2);
        addr[3] = word6(ctx, 3);
        p.port = __builtin_bswap16(ctx->user_port);
        if (!name && !is_loopback(&p))
                return leads_here(&p) ? unspecified_allowed(ctx) : 1;
        if (!member(&a))
                return 1;
        mapped = addr[2] == MAPPED && !addr[0] && !addr[1];
        if (!name || a.killed || !a.session->resolver || !note_led(ctx, &a, &p))
                return decide(ctx, &a, &p, mapped, op);
        ctx->user_ip6[0] = 0;
        ctx->user_ip6[1] = 0;
        ctx->user_ip6[2] = mapped ? MAPPED : 0;
        ctx->user_ip6[3] = mapped ? LOOPBACK_V4 : LAST_OF_LOOPBACK_V6;
        ctx->user_port = __builtin_bswap16(a.session->resolver);
        return 1;
}

static __always_inline struct hf_led *led_of(struct bpf_sock_addr *ctx)
{
        return ctx->sk ? bpf_sk_storage_get(&led, ctx->sk, NULL, 0) : NULL;
}

/* Whether the address is one of the resolver's. */
static __always_inline bool from_here(struct bpf_sock_addr *ctx)
{
        __u32 third = word6(ctx, 2), last = word6(ctx, 3);

        if (word6(ctx, 0) || word6(ctx, 1))
                return false;
        return third ? third == MAPPED && last == LOOPBACK_V4 : last == LAST_OF_LOOPBACK_V6;
}

static __always_inline int seem4(struct bpf_sock_addr *ctx)
{
        struct hf_led *record;

        if (ctx->user_ip4 != LOOPBACK_V4)
                return 1;
        record = led_of(ctx);
        if (!record || ctx->user_port != __builtin_bswap16(record->to))
                return 1;
        ctx->user_ip4 = *(__u32 *)(record->addr + 12);
        ctx->user_port = __builtin_bswap16(HF_NAME_SERVER);
        return 1;
}

static __always_inline int seem6(struct bpf_sock_addr *ctx)
{
        struct hf_led *record;
        const __u32 *addr;

        if (!from_here(ctx))
                return 1;
        record = led_of(ctx);
        if (!record || ctx->user_port != __builtin_bswap16(record->to))
                return 1;
        addr = (const __u32 *)record->addr;
        ctx->user_ip6[0] = addr[0];
        ctx->user_ip6[1] = addr[1];
        ctx->user_ip6[2] = addr[2];
        ctx->user_ip6[3] = addr[3];
        ctx->user_port = __builtin_bswap16(HF_NAME_SERVER);
        return 1;
}

SEC("cgroup/connect4")
int go_connect4(struct bpf_sock_addr *ctx)
{
        return go4(ctx, HF_OP_CONNECT);
}

SEC("cgroup/connect6")
int go_connect6(struct bpf_sock_addr *ctx)
{
        return go6(ctx, HF_OP_CONNECT);
}

SEC("cgroup/sendmsg4")
int go_sendmsg4(struct bpf_sock_addr *ctx)
{
        return go4(ctx, HF_OP_SEND);
}

SEC("cgroup/sendmsg6")
int go_sendmsg6(struct bpf_sock_addr *ctx)
{
        return go6(ctx, HF_OP_SEND);
}

SEC("cgroup/recvmsg4")
int seem_recvmsg4(struct bpf_sock_addr *ctx)
{
        return seem4(ctx);
}

SEC("cgroup/recvmsg6")
int seem_recvmsg6(struct bpf_sock_addr *ctx)
{
        return seem6(ctx);
}

SEC("cgroup/getpeername4")
int seem_getpeername4(struct bpf_sock_addr *ctx)
{
        return seem4(ctx);
}

SEC("cgroup/getpeername6")
int seem_getpeername6(struct bpf_sock_addr *ctx)
{
        return seem6(ctx);
}
