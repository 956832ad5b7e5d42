/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The first message of a TLS client, looked at as it leaves: the connections that need one have a record from their first packet on. TCP
 * sends the bytes in their order, whatever the segments; what is sent again was looked at before.
 */
#ifndef HOLDFAST_HELLO_BPF_H
#define HOLDFAST_HELLO_BPF_H

#include "holdfast.bpf.h"
#include "holdfast/hello.h"

#define HELLO_STEPS 512 /* fields in one packet, and what is passed over between them */

struct {
        __uint(type, BPF_MAP_TYPE_SK_STORAGE);
        __uint(map_flags, BPF_F_NO_PREALLOC);
        __type(key, int);
        __type(value, struct hf_hello);
} hellos MAP;

/* A packet, and the connection's record. */
struct hello_walk {
        struct __sk_buff *skb;
        struct hf_hello *hello;
};

/* For the verifier: n itself, which is from 1 to a power of two. */
#define AT_MOST(n, most) ((((n)-1) & ((most)-1)) + 1)

/* Gathers of the field what the packet has. False: it cannot be read. */
static __always_inline bool hello_gather(struct hello_walk *w, __u32 n)
{
        struct hf_hello *h = w->hello;
        __u32 have = h->have;

        if (n > h->need - have)
                n = h->need - have;
        if (!n)
                return false;
        h->have = have + n;
        if (h->stage == HF_HELLO_AT_NAME) {
                have &= HF_HOST_NAME - 1;
                if (bpf_skb_load_bytes(w->skb, h->at, h->key.name + have, AT_MOST(n, HF_HOST_NAME)))
                        return false;
        } else {
                have &= HF_HELLO_FIELD - 1;
                if (bpf_skb_load_bytes(w->skb, h->at, h->field + have, AT_MOST(n, HF_HELLO_FIELD)))
                        return false;
        }
        h->at += n;
        return true;
}

static long hello_step(__u32 i, struct hello_walk *w)
{
        struct hf_hello *h = w->hello;
        __u32 n = h->end - h->at;

        if (h->at >= h->end || h->fault || h->stage == HF_HELLO_AT_END)
                return 1;
        if (h->pass) {
                n = n < h->pass ? n : h->pass;
                h->pass -= n;
                h->at += n;
                return 0;
        }
        if (!hello_gather(w, n))
                h->fault = HF_HELLO_MALFORMED;
        else if (h->have >= h->need)
                hf_hello_field(h);
        return 0;
}

/* Looks at the packet's bytes from at to end; what they show is in the record. */
static __always_inline void hello_read(struct __sk_buff *skb, struct hf_hello *h, __u32 at, __u32 end)
{
        struct hello_walk w = { .skb = skb, .hello = h };

        h->at = at;
        h->end = end;
        bpf_loop(HELLO_STEPS, hello_step, &w, 0);
        if (!h->fault && h->stage != HF_HELLO_AT_END && h->at < end)
                h->fault = HF_HELLO_MALFORMED;
        hf_hello_end(h);
}

#endif
