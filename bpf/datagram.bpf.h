/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Where a UDP socket sends: each place is told of with the first datagram that leaves for it, and when the socket is closed, or sends to
 * too many others in between. Two threads that send at one moment may have a place told of twice.
 */
#ifndef HOLDFAST_DATAGRAM_BPF_H
#define HOLDFAST_DATAGRAM_BPF_H

#include "connection.bpf.h"

#define PLACES 4 /* of a socket */

struct reached {
        __u8 addr[16] __attribute__((aligned(8)));
        __u64 sent; /* bytes, without headers */
        __u16 port; /* 0: none yet */
        __u16 local_port;
        __u32 untold; /* not 0: the policy has it that it is not told of */
};

struct datagrams {
        struct connection of; /* who sent first */
        __u32 last, next;     /* used, to be replaced */
        struct reached reached[PLACES];
};

struct {
        __uint(type, BPF_MAP_TYPE_SK_STORAGE);
        __uint(map_flags, BPF_F_NO_PREALLOC);
        __type(key, int);
        __type(value, struct datagrams);
} datagrams MAP;

static __always_inline bool reached_is(const struct reached *at, const struct peer_address *to)
{
        const __u64 *one = (const __u64 *)at->addr, *other = (const __u64 *)to->addr;

        return one[0] == other[0] && one[1] == other[1] && at->port == to->port;
}

static __always_inline void reached_tell(const struct agent *a, const struct connection *of, const struct reached *at, __u16 op, __u32 rule)
{
        struct report r = { .kind = HF_EVENT_CONNECT, .op = op, .proto = HF_UDP, .rule = rule, .port = at->port, .detail = at->local_port };
        struct bytes b = { .sent = at->sent };

        if (at->untold)
                return;
        __builtin_memcpy(r.addr, at->addr, sizeof(r.addr));
        emit(a, of, &r, &b);
}

/* The first to that place: takes the room of another where there is no more. */
static __always_inline struct reached *reached_new(struct agent *a, struct datagrams *d, const struct peer_address *to, __u16 local_port)
{
        __u32 rule = 0, n = d->next & (PLACES - 1);
        struct reached *at = &d->reached[n];

        if (at->port)
                reached_tell(a, &d->of, at, HF_OP_CLOSE, 0);
        d->last = n;
        d->next = n + 1;
        connection_by_current(&d->of);
        __builtin_memcpy(at->addr, to->addr, sizeof(at->addr));
        at->sent = 0;
        at->port = to->port;
        at->local_port = local_port;
        member_policy(a);
        if (net_decide(a, to, HF_UDP, HF_GRACE, &rule) != HF_WHY_ALLOWED)
                rule = 0;
        at->untold = rule && !net_told(a, to, HF_UDP);
        reached_tell(a, &d->of, at, HF_OP_CONNECT, rule);
        return at;
}

/*
 * A datagram leaves for there, from a port, with so many bytes. The kernel verifies it once, by itself: hence numbers, and the halves of
 * the address.
 */
__attribute__((noinline)) __weak int datagram_leaves(struct __sk_buff *skb, __u64 high, __u64 low, __u64 ports, __u64 length)
{
        struct peer_address to = { .port = ports, .known = true };
        struct bpf_sock *any = skb->sk, *sk = any ? bpf_sk_fullsock(any) : NULL;
        struct datagrams *d;
        struct reached *at;
        struct agent a;

        if (!sk || !member(&a))
                return 0;
        __builtin_memcpy(to.addr, &high, 8);
        __builtin_memcpy(to.addr + 8, &low, 8);
        d = bpf_sk_storage_get(&datagrams, sk, NULL, BPF_SK_STORAGE_GET_F_CREATE);
        if (!d) {
                event_lost(a.session, HF_EVENT_CONNECT);
                return 0;
        }
        at = &d->reached[d->last & (PLACES - 1)];
        for (int i = 0; i < PLACES && !reached_is(at, &to); i++)
                at = &d->reached[i];
        if (!reached_is(at, &to))
                at = reached_new(&a, d, &to, ports >> 16);
        __sync_fetch_and_add(&at->sent, length);
        return 0;
}

#endif
