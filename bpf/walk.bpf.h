/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * From an object to the place of the policy that decides about it. Near folders are walked by plain loads in a loop that the
 * verifier follows turn by turn; farther ones, and names several levels below an existing folder, by bpf_loop() over dentries held
 * as numbers, which costs helper calls but is verified once.
 */
#ifndef HOLDFAST_WALK_BPF_H
#define HOLDFAST_WALK_BPF_H

#include "holdfast.bpf.h"

#define NEAR 40       /* folders walked by plain loads */
#define NAME_WORDS 32 /* 8-byte words of the longest component */

/* The hash of a name in kernel memory. Global, and so verified once, whatever calls it. */
__attribute__((noinline)) __weak __u64 name_hash(__u64 name, __u32 length)
{
        struct hf_hash h;
        struct hf_host *keys;
        __u64 left = length;
        __u32 zero = 0;

        keys = bpf_map_lookup_elem(&host, &zero);
        if (!keys)
                return 0;
        hf_hash_start(&h, keys->hash_key);
        for (int i = 0; i < NAME_WORDS; i++) {
                __u64 word = 0;
                __u64 now = left < 8 ? left : 8;

                if (!left)
                        break;
                now &= 15;
                barrier_var(now);
                if (now > 8)
                        break;
                bpf_probe_read_kernel(&word, now, (void *)name);
                name += 8;
                left -= now;
                forget(left);
                hf_hash_word(&h, word);
        }
        return hf_hash_finish(&h, length);
}

static __always_inline __u64 dentry_hash(__u64 dentry)
{
        struct dentry *d = (struct dentry *)dentry;

        return name_hash((__u64)BPF_CORE_READ(d, d_name.name), BPF_CORE_READ(d, d_name.len));
}

/* What decides about an object. */
struct place {
        struct hf_node *node; /* NULL: nothing does, so everything is refused */
        bool own;             /* it speaks of this very object or name, not of a folder above */
};

/* A walk upwards over numbers. */
struct climb {
        struct hf_node_key key; /* find: the policy and device; then the node that was found */
        __u64 dentry;
        __u64 top; /* below: stop under this one */
        __u64 found;
        bool address;
};

static __always_inline void key_number(struct hf_node_key *key, struct inode *inode, bool address)
{
        __u64 ino = BPF_CORE_READ(inode, i_ino);

        key->object.ino = address ? (__u64)inode : ino;
        key->object.generation = address ? (__u32)ino : BPF_CORE_READ(inode, i_generation);
}

static long climb_below(__u32 i, struct climb *c)
{
        struct dentry *dentry = (struct dentry *)c->dentry;
        __u64 parent = (__u64)BPF_CORE_READ(dentry, d_parent);

        if (parent == c->top) {
                c->found = c->dentry;
                return 1;
        }
        if (parent == c->dentry)
                return 1;
        c->dentry = parent;
        return 0;
}

/* The dentry right below top on the way to leaf; 0: there is none. */
__attribute__((noinline)) __weak __u64 dentry_below(__u64 leaf, __u64 top)
{
        struct climb c = { .dentry = leaf, .top = top };

        bpf_loop(HF_DEPTH, climb_below, &c, 0);
        return c.found;
}

static long climb_find(__u32 i, struct climb *c)
{
        struct dentry *dentry = (struct dentry *)c->dentry;
        struct dentry *parent = BPF_CORE_READ(dentry, d_parent);

        if ((__u64)parent == c->dentry)
                return 1;
        key_number(&c->key, BPF_CORE_READ(parent, d_inode), c->address);
        if (bpf_map_lookup_elem(&nodes, &c->key)) {
                c->found = c->dentry;
                return 1;
        }
        c->dentry = (__u64)parent;
        return 0;
}

/* The dentry right below the first folder, from dentry upwards, that has a node; 0: none. */
__attribute__((noinline)) __weak __u64 far_find(__u32 policy, __u32 device, __u64 dentry, bool address)
{
        struct climb c = { .dentry = dentry, .address = address };

        c.key.policy = policy;
        c.key.object.dev = device;
        bpf_loop(HF_DEPTH, climb_find, &c, 0);
        return c.found;
}

/* From a node that has names below it, down again along the names that led to the leaf, as far as the policy knows them. NULL: too far. */
static __noinline struct hf_node *names_find(__u32 policy, struct hf_node *node, __u64 leaf, __u64 child, bool *own)
{
        struct hf_name_key key = { .policy = policy };

        for (int i = 0; i < HF_LEVELS; i++) {
                struct hf_node *below;

                key.table = node->names;
                key.hash = dentry_hash(child);
                below = bpf_map_lookup_elem(&names, &key);
                if (!below)
                        return node;
                node = below;
                *own = child == leaf;
                if (*own || !node->names)
                        return node;
                child = dentry_below(leaf, child);
                if (!child)
                        break;
        }
        return NULL;
}

/* The node of an object itself. */
static __always_inline struct hf_node *node_of(struct hf_node_key *key, struct inode *inode, bool address)
{
        if (address) {
                key->object.ino = number(inode);
                key->object.generation = inode->i_ino;
        } else {
                key->object.ino = inode->i_ino;
                key->object.generation = inode->i_generation;
        }
        return bpf_map_lookup_elem(&nodes, key);
}

/* The place that is nearest to the object: its own, or that of the first folder above it. */
static __always_inline struct place place_find(__u32 policy, struct dentry *leaf)
{
        struct hf_node_key key = { .policy = policy };
        struct place place = { NULL, false };
        struct dentry *dentry = leaf, *child = leaf;
        struct inode *inode = leaf->d_inode;
        bool address = by_address(leaf->d_sb);
        __u64 below;

        key.object.dev = leaf->d_sb->s_dev;
        /* A name without an object has no inode. */
        if (inode && (place.node = node_of(&key, inode, address))) {
                place.own = true;
                return place;
        }
        for (int i = 0; i < NEAR; i++) {
                child = dentry;
                dentry = dentry->d_parent;
                if (dentry == child)
                        return place;
                place.node = node_of(&key, dentry->d_inode, address);
                if (place.node)
                        break;
        }
        below = number(child);
        if (!place.node) {
                struct dentry *far;

                below = far_find(policy, key.object.dev, number(dentry), address);
                if (!below)
                        return place;
                far = BPF_CORE_READ((struct dentry *)below, d_parent);
                key_number(&key, BPF_CORE_READ(far, d_inode), address);
                place.node = bpf_map_lookup_elem(&nodes, &key);
        }
        if (place.node && place.node->names)
                place.node = names_find(policy, place.node, number(leaf), below, &place.own);
        return place;
}

#endif
