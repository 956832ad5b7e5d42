/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only OR BSD-2-Clause */
/*
 * The decision itself, over plain values: the BPF programs, the daemon's explanations and the unit tests all compile this.
 * Nothing here reads memory that it was not given, allocates or loops without a constant bound.
 */
#ifndef HOLDFAST_DECIDE_H
#define HOLDFAST_DECIDE_H

#include "holdfast/abi.h"

#define HF_INLINE static inline __attribute__((always_inline, unused))

/* The capabilities that count now. */
HF_INLINE __u64 hf_live(const struct hf_policy *policy)
{
        return policy->active & ~policy->killed;
}

/* Which of the asked rights the node refuses under the live capabilities; 0 allows all. A missing node refuses everything. */
HF_INLINE __u32 hf_refused(const struct hf_node *node, __u64 live, __u32 asked)
{
        __u32 refused = 0;

        if (!node)
                return asked;
        if ((asked & HF_READ) && !(node->allow[0] & live))
                refused |= HF_READ;
        if ((asked & HF_WRITE) && !(node->allow[1] & live))
                refused |= HF_WRITE;
        if ((asked & HF_EXEC) && !(node->allow[2] & live))
                refused |= HF_EXEC;
        if ((asked & HF_CONNECT) && !(node->allow[3] & live))
                refused |= HF_CONNECT;
        return refused;
}

/* Whether a device at a place is closed: only those open that a rule names, not all below a folder. own: the place is the device's own. */
HF_INLINE int hf_device_closed(const struct hf_node *node, int own)
{
        return !node || !own || !(node->flags & HF_NODE_NAMED);
}

/* Whether the rights are there only while the content is one that the policy names. */
HF_INLINE int hf_content_asked(const struct hf_node *node, __u32 rights)
{
        return (rights & HF_EXEC) && node && (node->flags & HF_NODE_CONTENT);
}

HF_INLINE int hf_content_same(const struct hf_content *a, const struct hf_content *b)
{
        return a->ino && a->ino == b->ino && a->dev == b->dev && a->size == b->size && a->ctime == b->ctime &&
               a->ctime_nsec == b->ctime_nsec;
}

/* The rights an object would gain by moving or linking it from one place to another under the live capabilities. */
HF_INLINE __u32 hf_gained(const struct hf_node *from, const struct hf_node *to, __u64 live)
{
        return hf_refused(from, live, HF_RIGHTS_ALL) & ~hf_refused(to, live, HF_RIGHTS_ALL);
}

/* Index of the lowest right in a mask; 0 for an empty one. */
HF_INLINE __u32 hf_right_index(__u32 rights)
{
        return rights & HF_READ ? 0 : rights & HF_WRITE ? 1 : rights & HF_EXEC ? 2 : rights & HF_CONNECT ? 3 : 0;
}

/* Why the node refused, and by which rule (0: none). */
HF_INLINE enum hf_why hf_explain(const struct hf_node *node, __u32 refused, __u32 *rule)
{
        __u32 i = hf_right_index(refused);

        *rule = 0;
        if (!node)
                return HF_WHY_NO_RULE;
        /* One load per right: a variable index into a map value costs the verifier a bound. */
        *rule = i == 0 ? node->rule[0] : i == 1 ? node->rule[1] : i == 2 ? node->rule[2] : node->rule[3];
        if (node->deny & refused)
                return *rule == HF_RULE_SEAL ? HF_WHY_GUARD : HF_WHY_RULE;
        if (i == 0 ? node->allow[0] : i == 1 ? node->allow[1] : i == 2 ? node->allow[2] : node->allow[3])
                return HF_WHY_INACTIVE;
        return HF_WHY_NO_RULE;
}

/* The number of a rule as nodes, ports and events have it. Nothing of these is to be asked of HF_RULE_SEAL, which is no rule. */
HF_INLINE __u32 hf_rule(enum hf_layer layer, __u32 number)
{
        return ((__u32)layer << HF_RULE_LAYER_SHIFT) | number;
}

HF_INLINE __u32 hf_rule_layer(__u32 rule)
{
        return rule >> HF_RULE_LAYER_SHIFT;
}

HF_INLINE __u32 hf_rule_number(__u32 rule)
{
        return rule & ((1u << HF_RULE_LAYER_SHIFT) - 1);
}

/*
 * Whether the prefix allows the port at a time (s of CLOCK_BOOTTIME); *rule gets that of the entry that matched (the first live one, else
 * the first). spent: of the live capabilities, those that have used their budget. A rule with a ceiling's layer: that ceiling took the
 * port, which capabilities of the policy allow. HF_WHY_RULE: that rule denies it.
 */
HF_INLINE enum hf_why hf_egress_decide(const struct hf_egress *egress, __u64 live, __u64 spent, __u32 proto, __u32 port, __u32 now,
                                       __u32 *rule)
{
        enum hf_why why = HF_WHY_NO_RULE;

        *rule = 0;
        if (!egress)
                return HF_WHY_NO_RULE;
        for (int i = 0; i < HF_PORTS; i++) {
                const struct hf_port *p = &egress->port[i];

                if (i >= (int)egress->count)
                        break;
                if (!(p->proto & proto) || port < p->from || port > p->to || (p->until && p->until <= now))
                        continue;
                if (p->allow & live & ~spent) {
                        *rule = p->rule;
                        return HF_WHY_ALLOWED;
                }
                if (why == HF_WHY_NO_RULE || (why == HF_WHY_INACTIVE && (p->allow & live))) {
                        *rule = p->rule;
                        why = p->allow & live ? HF_WHY_BUDGET : p->flags & HF_PORT_DENIED ? HF_WHY_RULE : HF_WHY_INACTIVE;
                }
        }
        return why;
}

/* The live capabilities that open the port at a time, but for entries with one of these flags. */
HF_INLINE __u64 hf_egress_capabilities(const struct hf_egress *egress, __u64 live, __u8 but, __u32 proto, __u32 port, __u32 now)
{
        __u64 all = 0;

        if (!egress)
                return 0;
        for (int i = 0; i < HF_PORTS; i++) {
                const struct hf_port *p = &egress->port[i];

                if (i >= (int)egress->count)
                        break;
                if ((p->proto & proto) && port >= p->from && port <= p->to && (!p->until || p->until > now) && !(p->flags & but))
                        all |= p->allow & live;
        }
        return all;
}

/*
 * The capability that is charged for what some let leave, as its bit; 0: none is. sure: those of them that let it leave whatever it is. One
 * that has used its budget only where there is no other.
 */
HF_INLINE __u64 hf_charged(__u64 capabilities, __u64 sure, __u64 throttled, __u64 spent)
{
        __u64 left;

        capabilities &= throttled;
        if (sure & ~throttled)
                return 0;
        left = capabilities & ~spent ? capabilities & ~spent : capabilities;
        return left & -left;
}

/*
 * Whether what costs so many ns at a rate may leave now, which is noted then; burst: ns that may be run up. The generic cell rate
 * algorithm (ITU-T I.371), for all CPUs at once.
 */
HF_INLINE int hf_rate_take(__u64 *until, __u64 now, __u64 cost, __u64 burst)
{
        for (int i = 0; i < 8; i++) {
                __u64 before = *(volatile __u64 *)until;

                if (before > now + burst)
                        return 0;
                if (__sync_val_compare_and_swap(until, before, (before > now ? before : now) + cost) == before)
                        return 1;
        }
        return 0; /* others were first: it is taken for one that comes too early */
}

#define HF_SECOND 1000000000ull /* ns */

HF_INLINE int hf_bytes_take(struct hf_throttle *t, __u64 now, __u32 bytes)
{
        return !t->bytes || hf_rate_take(&t->bytes_until, now, bytes * HF_SECOND / t->bytes, HF_THROTTLE_BURST);
}

/* Those of one second may come at once. */
HF_INLINE int hf_connection_take(struct hf_throttle *t, __u64 now)
{
        return !t->connections ||
               hf_rate_take(&t->connections_until, now, HF_SECOND / t->connections, HF_SECOND - HF_SECOND / t->connections);
}

/* Whether the bytes fit into what is left of the budget; else nothing does any more. */
HF_INLINE int hf_budget_take(struct hf_throttle *t, __u32 bytes)
{
        return !t->budget || __sync_fetch_and_add(&t->used, bytes) + bytes <= t->budget;
}

/* Whether the TCP port is open without a look at what is sent there. */
HF_INLINE int hf_egress_plain(const struct hf_egress *egress, __u64 live, __u32 port, __u32 now)
{
        return hf_egress_capabilities(egress, live, HF_PORT_TLS, HF_TCP, port, now) != 0;
}

/*
 * SipHash-1-3 of a path component, fed as 64-bit little-endian words: start, one hf_hash_word() for each 8 bytes (the last one
 * padded with zeros), then finish with the length. Keyed, so that nobody can make a name that collides with a rule's.
 * Aumasson and Bernstein, "SipHash: a fast short-input PRF", 2012.
 */
struct hf_hash {
        __u64 v0, v1, v2, v3;
};

HF_INLINE __u64 hf_rotl(__u64 x, int b)
{
        return (x << b) | (x >> (64 - b));
}

HF_INLINE void hf_hash_round(struct hf_hash *h)
{
        h->v0 += h->v1;
        h->v1 = hf_rotl(h->v1, 13) ^ h->v0;
        h->v0 = hf_rotl(h->v0, 32);
        h->v2 += h->v3;
        h->v3 = hf_rotl(h->v3, 16) ^ h->v2;
        h->v0 += h->v3;
        h->v3 = hf_rotl(h->v3, 21) ^ h->v0;
        h->v2 += h->v1;
        h->v1 = hf_rotl(h->v1, 17) ^ h->v2;
        h->v2 = hf_rotl(h->v2, 32);
}

HF_INLINE void hf_hash_start(struct hf_hash *h, const __u64 key[2])
{
        h->v0 = key[0] ^ 0x736f6d6570736575ULL;
        h->v1 = key[1] ^ 0x646f72616e646f6dULL;
        h->v2 = key[0] ^ 0x6c7967656e657261ULL;
        h->v3 = key[1] ^ 0x7465646279746573ULL;
}

HF_INLINE void hf_hash_word(struct hf_hash *h, __u64 word)
{
        h->v3 ^= word;
        hf_hash_round(h);
        h->v0 ^= word;
}

HF_INLINE __u64 hf_hash_finish(struct hf_hash *h, __u32 length)
{
        hf_hash_word(h, (__u64)length << 56);
        h->v2 ^= 0xff;
        hf_hash_round(h);
        hf_hash_round(h);
        hf_hash_round(h);
        return h->v0 ^ h->v1 ^ h->v2 ^ h->v3;
}

#endif
