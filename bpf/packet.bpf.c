/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The last look at what leaves a session's sockets: bytes that were queued before a kill, or before a right was taken away, leave no more,
 * whoever has the socket now. Attached to the cgroup of each session.
 */
#include "socket.bpf.h"

#define ETH_P_IP 0x0800
#define ETH_P_IPV6 0x86dd
#define TCP_RST 0x04

struct {
        __uint(type, BPF_MAP_TYPE_CGROUP_STORAGE);
        __type(key, __u64);
        __type(value, struct hf_task);
} cgroup_sessions MAP;

struct headers {
        struct peer_address to;
        __u8 protocol;
        __u32 at; /* of the transport header */
        __u32 size;
};

static __always_inline bool read_v4(struct __sk_buff *skb, struct headers *h)
{
        struct iphdr ip;

        if (bpf_skb_load_bytes(skb, 0, &ip, sizeof(ip)) || ip.ihl < 5)
                return false;
        address_v4(&h->to, ip.daddr, 0);
        h->protocol = ip.protocol;
        h->at = ip.ihl * 4;
        return true;
}

/* A session's sockets put no header between. */
static __always_inline bool read_v6(struct __sk_buff *skb, struct headers *h)
{
        struct ipv6hdr ip;

        if (bpf_skb_load_bytes(skb, 0, &ip, sizeof(ip)))
                return false;
        __builtin_memcpy(h->to.addr, &ip.daddr, sizeof(h->to.addr));
        h->protocol = ip.nexthdr;
        h->at = sizeof(ip);
        return true;
}

static __always_inline bool read_headers(struct __sk_buff *skb, struct headers *h)
{
        __u16 ports[2];
        bool v4 = skb->protocol == __builtin_bswap16(ETH_P_IP);

        if (v4 ? !read_v4(skb, h) : !read_v6(skb, h))
                return false;
        if (h->protocol != IPPROTO_TCP && h->protocol != IPPROTO_UDP)
                return false;
        if (bpf_skb_load_bytes(skb, h->at, ports, sizeof(ports)))
                return false;
        h->to.port = __builtin_bswap16(ports[1]);
        h->to.known = true;
        return true;
}

/* Whether it only tells the peer that the connection is no more. */
static __always_inline bool is_reset(struct __sk_buff *skb, const struct headers *h)
{
        __u8 tcp[2]; /* where the data begins, flags */

        if (h->protocol != IPPROTO_TCP || bpf_skb_load_bytes(skb, h->at + 12, tcp, sizeof(tcp)))
                return false;
        return (tcp[1] & TCP_RST) && skb->len == h->at + (tcp[0] >> 4) * 4;
}

static __always_inline bool may_leave(struct agent *a, const struct headers *h)
{
        struct hf_policy *policy;
        __u32 rule;

        if (leads_here(&h->to))
                return true;
        policy = bpf_map_lookup_elem(&policies, &a->policy);
        if (!policy)
                return false;
        a->live = hf_live(policy);
        return net_decide(a, &h->to, h->protocol == IPPROTO_TCP ? HF_TCP : HF_UDP, HF_GRACE, &rule) == HF_WHY_ALLOWED;
}

SEC("cgroup_skb/egress")
int packet_leaves(struct __sk_buff *skb)
{
        struct hf_task *of = bpf_get_local_storage(&cgroup_sessions, 0);
        struct agent a = { .slot = of->slot };
        struct headers h = {};
        __u32 killed;

        a.session = bpf_map_lookup_elem(&sessions, &a.slot);
        if (!a.slot || !a.session || a.session->generation != of->generation)
                return 1;
        killed = *(volatile __u32 *)&a.session->kill | *(volatile __u32 *)&host.kill;
        if (!killed && !a.session->recheck && !a.session->flows)
                return 1;
        if (!read_headers(skb, &h))
                return 0;
        a.policy = *(volatile __u32 *)&a.session->policy;
        return (!killed && may_leave(&a, &h)) || is_reset(skb, &h);
}
