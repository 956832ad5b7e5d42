/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Leads what a session sends to name servers to its resolver, and lets the answers seem to come from where it asked. Attached to the cgroup
 * of each session that has a resolver; the hooks of net.bpf.c have decided, and marked the socket.
 */
#include "holdfast.bpf.h"

#define LOOPBACK_V4 __builtin_bswap32(0x7f000001)
#define MAPPED __builtin_bswap32(0xffff)
#define LAST_OF_LOOPBACK_V6 __builtin_bswap32(1)

static __always_inline struct hf_led *record_of(struct bpf_sock_addr *ctx)
{
        return ctx->sk ? bpf_sk_storage_get(&led, ctx->sk, NULL, 0) : NULL;
}

/* Word n of an IPv6 address. The verifier takes a constant offset only, which a volatile load keeps. */
#define word6(ctx, n) (*(volatile __u32 *)&(ctx)->user_ip6[n])

/* Whether the address is one of the resolver's. */
static __always_inline bool from_here(struct bpf_sock_addr *ctx)
{
        __u32 third = word6(ctx, 2), last = word6(ctx, 3);

        if (word6(ctx, 0) || word6(ctx, 1))
                return false;
        return third ? third == MAPPED && last == LOOPBACK_V4 : last == LAST_OF_LOOPBACK_V6;
}

static __always_inline int lead4(struct bpf_sock_addr *ctx)
{
        struct hf_led *record;

        if (ctx->user_port != __builtin_bswap16(HF_NAME_SERVER))
                return 1;
        record = record_of(ctx);
        if (!record)
                return 1;
        ctx->user_ip4 = LOOPBACK_V4;
        ctx->user_port = __builtin_bswap16(record->to);
        return 1;
}

static __always_inline int lead6(struct bpf_sock_addr *ctx)
{
        struct hf_led *record;
        bool mapped;

        if (ctx->user_port != __builtin_bswap16(HF_NAME_SERVER))
                return 1;
        record = record_of(ctx);
        if (!record)
                return 1;
        mapped = !word6(ctx, 0) && !word6(ctx, 1) && word6(ctx, 2) == MAPPED;
        ctx->user_ip6[0] = 0;
        ctx->user_ip6[1] = 0;
        ctx->user_ip6[2] = mapped ? MAPPED : 0;
        ctx->user_ip6[3] = mapped ? LOOPBACK_V4 : LAST_OF_LOOPBACK_V6;
        ctx->user_port = __builtin_bswap16(record->to);
        return 1;
}

static __always_inline int seem4(struct bpf_sock_addr *ctx)
{
        struct hf_led *record;

        if (ctx->user_ip4 != LOOPBACK_V4)
                return 1;
        record = record_of(ctx);
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
        record = record_of(ctx);
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
int lead_connect4(struct bpf_sock_addr *ctx)
{
        return lead4(ctx);
}

SEC("cgroup/connect6")
int lead_connect6(struct bpf_sock_addr *ctx)
{
        return lead6(ctx);
}

SEC("cgroup/sendmsg4")
int lead_sendmsg4(struct bpf_sock_addr *ctx)
{
        return lead4(ctx);
}

SEC("cgroup/sendmsg6")
int lead_sendmsg6(struct bpf_sock_addr *ctx)
{
        return lead6(ctx);
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
