/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * From an object to the place of the policy that decides about it. Near folders are walked by plain loads in a loop that the
 * verifier follows turn by turn; farther ones, and names several levels below an existing folder, by bpf_loop() over dentries held
 * as numbers, which costs helper calls but is verified once.
 */
#ifndef HOLDFAST_WALK_BPF_H
#define HOLDFAST_WALK_BPF_H

#include "holdfast.bpf.h"

#define HF_BOOK void

static __always_inline union hf_record *hf_record(void *book, __u32 number)
{
        return bpf_map_lookup_elem(book, &number);
}

#include "holdfast/book.h"

#define NEAR 40       /* folders walked by plain loads */
#define NAME_WORDS 32 /* 8-byte words of the longest component */

/* The hash of a name in kernel memory. Global, and so verified once, whatever calls it. */
__attribute__((noinline)) __weak __u64 name_hash(__u64 name, __u32 length)
{
        struct hf_hash h;
        __u64 left = length;

        hf_hash_start(&h, host.hash_key);
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
        bool on;              /* its names are those right below this very object or name */
        bool way;             /* only a folder may be made here, as a pattern leads on by this very name */
        bool by_name;         /* of the name: what is moved away from it leaves it behind */
};

static __always_inline void *book_of(__u32 policy)
{
        return bpf_map_lookup_elem(&books, &policy);
}

/* The record of an object's place by the buckets, 0: it has none. Global, and so verified once, whatever calls it. */
__attribute__((noinline)) __weak __u32 object_record(__u32 policy, __u64 ino, __u32 device, __u32 generation)
{
        struct hf_object object = { ino, device, generation };
        struct hf_policy *p = bpf_map_lookup_elem(&policies, &policy);
        void *book = book_of(policy);

        return p && book ? hf_find_object(book, p->objects_mask, p->seed, &object) : 0;
}

/* The record of the place with that name in a table of the policy, 0: there is none. */
__attribute__((noinline)) __weak __u32 name_record(__u32 policy, __u32 table, __u64 hash)
{
        struct hf_policy *p = bpf_map_lookup_elem(&policies, &policy);
        void *book = book_of(policy);

        return p && book ? hf_find_name(book, p->names_at, p->names_mask, table, hash) : 0;
}

static __always_inline union hf_record *record_of(__u32 policy, __u32 number)
{
        void *book = number ? book_of(policy) : NULL;

        return book ? hf_record(book, number) : NULL;
}

static __always_inline struct hf_node *record_node(__u32 policy, __u32 number)
{
        union hf_record *r = record_of(policy, number);

        return r ? &r->place.node : NULL;
}

static __always_inline bool is_place(const union hf_record *r, __u64 ino, __u32 device, __u32 generation)
{
        return r && r->place.object.ino == ino && r->place.object.dev == device && r->place.object.generation == generation;
}

/* A walk upwards over numbers. */
struct climb {
        __u64 dentry;
        __u64 top; /* below: stop under this one */
        __u64 found;
        __u32 policy;
        __u32 device;
        bool address;
};

static __always_inline struct hf_node *number_node(__u32 policy, __u32 device, struct inode *inode, bool address)
{
        __u64 ino = BPF_CORE_READ(inode, i_ino);
        __u32 generation = address ? (__u32)ino : BPF_CORE_READ(inode, i_generation);
        union hf_record *r;

        ino = address ? (__u64)inode : ino;
        r = record_of(policy, object_record(policy, ino, device, generation));
        return is_place(r, ino, device, generation) ? &r->place.node : NULL;
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
        if (number_node(c->policy, c->device, BPF_CORE_READ(parent, d_inode), c->address)) {
                c->found = c->dentry;
                return 1;
        }
        c->dentry = (__u64)parent;
        return 0;
}

/* The dentry right below the first folder, from dentry upwards, that has a node; 0: none. */
__attribute__((noinline)) __weak __u64 far_find(__u32 policy, __u32 device, __u64 dentry, bool address)
{
        struct climb c = { .dentry = dentry, .policy = policy, .device = device, .address = address };

        bpf_loop(HF_DEPTH, climb_find, &c, 0);
        return c.found;
}

/* One name on from a place that has names below it. */
static __always_inline void name_step(__u32 policy, struct place *place, __u64 hash)
{
        __u32 at = name_record(policy, place->node->names, hash);
        struct hf_node *below;

        if (!at && (place->node->flags & HF_NODE_ANY))
                at = name_record(policy, place->node->names, 0);
        below = record_node(policy, at);
        place->on = below || (place->node->flags & HF_NODE_DEEP);
        place->own = below && !(below->flags & HF_NODE_PASS);
        place->way = below && (below->flags & HF_NODE_FOLDER);
        if (below)
                place->node = below;
}

#define DCACHE_OP_COMPARE 0x2
#define S_CASEFOLD (1 << 15)
#define PROC_MAGIC 0x9fa0
#define EXT4_MAGIC 0xef53
#define F2FS_MAGIC 0xf2f52010
#define TMPFS_MAGIC 0x01021994

/* Whether the file system compares names itself, in this folder; in part of those that have such folders it compares in all of them. */
static __always_inline __u32 compares_names(const struct dentry *dentry, const struct inode *folder)
{
        return (dentry->d_flags & DCACHE_OP_COMPARE) | (folder->i_flags & S_CASEFOLD);
}

/*
 * Whether the name is not the only one of what it stands for: where a folder takes upper and lower case for the same, a rule's name, which
 * is looked for byte by byte, could be gone round. Global, and so verified once, whatever calls it.
 */
__attribute__((noinline)) __weak bool has_other_names(__u64 child)
{
        struct dentry *dentry = (struct dentry *)child;

        if (BPF_CORE_READ(dentry, d_parent, d_inode, i_flags) & S_CASEFOLD)
                return true;
        if (!(BPF_CORE_READ(dentry, d_flags) & DCACHE_OP_COMPARE))
                return false;
        switch (BPF_CORE_READ(dentry, d_sb, s_magic)) {
        case PROC_MAGIC:
        case EXT4_MAGIC:
        case F2FS_MAGIC:
        case TMPFS_MAGIC:
                return false;
        }
        return true;
}

/* From a place that has names below it, down again along the names that led to the leaf, as far as the policy knows them. No node: too far.
 */
static __noinline void names_find(__u32 policy, struct place *place, __u64 leaf, __u64 child)
{
        for (int i = 0; i < HF_LEVELS; i++) {
                if (!place->node)
                        return;
                if (has_other_names(child))
                        break;
                name_step(policy, place, dentry_hash(child));
                if (child == leaf)
                        return;
                if (!place->on || !place->node->names) {
                        place->own = place->on = place->way = false;
                        return;
                }
                child = dentry_below(leaf, child);
                if (!child)
                        break;
        }
        place->node = NULL;
}

/* Since 6.15. */
struct dentry___shortname {
        union shortname_store {
                unsigned char string[40];
        } d_shortname;
};

#define SHORT_NAME 32 /* bytes, the NUL included: what every kernel keeps within the dentry */

/* Whether the name may be in the table below the node, which is the folder's. A name that is short lies in the dentry itself. */
static __always_inline bool name_may_be(const struct hf_node *node, const struct dentry *dentry, const struct inode *folder)
{
        __u32 length = dentry->d_name.len;
        __u64 start, at;

        if (!node->names)
                return false;
        if (length >= SHORT_NAME || (compares_names(dentry, folder) | (node->flags & (HF_NODE_ANY | HF_NODE_DEEP))))
                return true;
        if (bpf_core_field_exists(dentry->d_iname))
                at = bpf_core_field_offset(struct dentry, d_iname);
        else
                at = bpf_core_field_offset(struct dentry___shortname, d_shortname);
        start = *(const __u64 *)((const char *)dentry + at);
        if (length < 8)
                start &= (1ULL << (length * 8)) - 1;
        return ((const struct hf_place *)node)->below & hf_name_bit(start, length);
}

/* Looking for places by objects: what all looks of one walk have in common. */
struct look {
        __u64 salt;
        __u32 policy;
        __u32 device;
        bool address;
};

/* The node of an object itself. For most there is none, which the hint tells. */
static __always_inline struct hf_node *node_of(const struct look *look, struct inode *inode)
{
        __u64 ino = look->address ? number(inode) : inode->i_ino;
        __u32 at = hints.place[hf_hint(ino, look->salt)], generation;
        union hf_record *r;

        if (!at)
                return NULL;
        generation = look->address ? (__u32)inode->i_ino : inode->i_generation;
        if (at == HF_HINT_MANY)
                at = object_record(look->policy, ino, look->device, generation);
        r = record_of(look->policy, at);
        return is_place(r, ino, look->device, generation) ? &r->place.node : NULL;
}

static __always_inline void look_start(struct look *look, __u32 policy, struct super_block *sb)
{
        look->policy = policy;
        look->device = sb->s_dev;
        look->address = by_address(sb);
        look->salt = hf_hint_salt(policy, look->device);
}

/*
 * The place that is nearest to the object: its own, or that of the first folder above it. The inode, which a name without an object
 * does not have, is the caller's, who may have a pointer to it that the verifier trusts: loads through others cost a check each.
 */
static __always_inline struct place place_of(__u32 policy, struct dentry *leaf, struct inode *inode, struct super_block *sb)
{
        struct place place = {};
        struct dentry *dentry = leaf, *child = leaf;
        struct look look;
        __u64 below;

        look_start(&look, policy, sb);
        if (is_there(inode) && (place.node = node_of(&look, inode))) {
                place.own = place.on = true;
                place.way = place.node->flags & HF_NODE_FOLDER;
                return place;
        }
        for (int i = 0; i < NEAR; i++) {
                child = dentry;
                dentry = dentry->d_parent;
                if (dentry == child)
                        return place;
                place.node = node_of(&look, dentry->d_inode);
                if (place.node)
                        break;
        }
        below = number(child);
        if (place.node) {
                if (!name_may_be(place.node, child, dentry->d_inode))
                        return place;
        } else {
                struct dentry *far;

                below = far_find(policy, look.device, number(dentry), look.address);
                if (!below)
                        return place;
                far = BPF_CORE_READ((struct dentry *)below, d_parent);
                place.node = number_node(policy, look.device, BPF_CORE_READ(far, d_inode), look.address);
        }
        if (place.node && place.node->names) {
                names_find(policy, &place, number(leaf), below);
                place.by_name = place.own;
        }
        return place;
}

static __always_inline struct place place_find(__u32 policy, struct dentry *leaf)
{
        return place_of(policy, leaf, leaf->d_inode, leaf->d_sb);
}

/* The same, of an object beside another in one folder, whose place is known. */
static __always_inline struct place place_beside(__u32 policy, struct dentry *leaf, const struct place *beside)
{
        struct place place = { .node = beside->node };
        struct inode *inode = leaf->d_inode;
        struct hf_node *own;
        struct look look;

        if (beside->own || !beside->node || beside->node->names)
                return place_find(policy, leaf);
        if (!is_there(inode))
                return place;
        look_start(&look, policy, leaf->d_sb);
        own = node_of(&look, inode);
        if (own) {
                place.node = own;
                place.own = place.on = true;
                place.way = own->flags & HF_NODE_FOLDER;
        }
        return place;
}

/* As place_find(), of a dentry that is known by its address. */
static __always_inline __attribute__((unused)) struct hf_node *number_place(__u32 policy, __u64 dentry)
{
        __u32 device = BPF_CORE_READ((struct dentry *)dentry, d_sb, s_dev);
        bool address = magic_by_address(BPF_CORE_READ((struct dentry *)dentry, d_sb, s_magic));
        struct place place = { .node = number_node(policy, device, BPF_CORE_READ((struct dentry *)dentry, d_inode), address) };
        __u64 below;

        if (place.node)
                return place.node;
        below = far_find(policy, device, dentry, address);
        if (!below)
                return NULL;
        place.node = number_node(policy, device, BPF_CORE_READ((struct dentry *)below, d_parent, d_inode), address);
        if (place.node && place.node->names)
                names_find(policy, &place, dentry, below);
        return place.node;
}

#endif
