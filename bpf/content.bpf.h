/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Telling whether the content of a file is still the one that user space has verified. Asked only where a node has HF_NODE_CONTENT. */
#ifndef HOLDFAST_CONTENT_BPF_H
#define HOLDFAST_CONTENT_BPF_H

#include "holdfast.bpf.h"

#define S_IFMT 0170000
#define S_IFREG 0100000
#define STACKED_MAX 2 /* overlays on top of each other, as the kernel allows */

/*
 * Overlayfs: a file there is one of a layer, and it is that one which writes change, also through the mapping of a file in the overlay.
 * These types are the overlay module's.
 */
struct ovl_path {
        struct dentry *dentry;
} __attribute__((preserve_access_index));

struct ovl_entry {
        unsigned int __numlower;
        struct ovl_path __lowerstack[0];
} __attribute__((preserve_access_index));

struct ovl_inode {
        struct inode *lowerdata; /* until 6.4 */
        unsigned long flags;
        struct inode vfs_inode;
        struct dentry *__upperdentry;
        struct ovl_path lowerpath; /* until 6.4 */
        struct ovl_entry *oe;      /* since 6.5 */
} __attribute__((preserve_access_index));

enum ovl_inode_flag {
        OVL_UPPERDATA,
};

/* The file below in its layer. NULL: there is none, or its data is in one layer and the rest in another. */
static __always_inline struct inode *overlay_below(struct inode *inode)
{
        struct ovl_inode *overlay;
        struct dentry *dentry;

        if (!bpf_core_type_exists(struct ovl_inode) || !bpf_core_enum_value_exists(enum ovl_inode_flag, OVL_UPPERDATA))
                return NULL;
        overlay = (void *)inode - bpf_core_field_offset(struct ovl_inode, vfs_inode);
        dentry = BPF_CORE_READ(overlay, __upperdentry);
        if (dentry) {
                if (!(BPF_CORE_READ(overlay, flags) >> bpf_core_enum_value(enum ovl_inode_flag, OVL_UPPERDATA) & 1))
                        return NULL;
        } else if (bpf_core_field_exists(overlay->oe)) {
                if (BPF_CORE_READ(overlay, oe, __numlower) != 1)
                        return NULL;
                dentry = BPF_CORE_READ(overlay, oe, __lowerstack[0].dentry);
        } else if (bpf_core_field_exists(overlay->lowerpath)) {
                if (BPF_CORE_READ(overlay, lowerdata))
                        return NULL;
                dentry = BPF_CORE_READ(overlay, lowerpath.dentry);
        }
        return dentry ? BPF_CORE_READ(dentry, d_inode) : NULL;
}

/* The inode that holds the content; NULL: it cannot be told. */
static __always_inline struct inode *content_inode(struct inode *inode)
{
        for (int i = 0; i < STACKED_MAX && inode && BPF_CORE_READ(inode, i_sb, s_magic) == OVERLAYFS_MAGIC; i++)
                inode = overlay_below(inode);
        return inode && BPF_CORE_READ(inode, i_sb, s_magic) != OVERLAYFS_MAGIC ? inode : NULL;
}

/* The name and the form of the change time have changed. */
struct inode___6_5 {
        struct timespec64 i_ctime;
} __attribute__((preserve_access_index));

struct inode___6_10 {
        struct timespec64 __i_ctime;
} __attribute__((preserve_access_index));

#define CTIME_MARKS (1u << 31) /* since 6.13, in i_ctime_nsec: somebody has asked for it */

static __always_inline void content_read(struct inode *inode, struct hf_content *content)
{
        if (!inode)
                return;
        content->ino = BPF_CORE_READ(inode, i_ino);
        content->dev = BPF_CORE_READ(inode, i_sb, s_dev);
        content->size = BPF_CORE_READ(inode, i_size);
        if (bpf_core_field_exists(inode->i_ctime_sec)) {
                content->ctime = BPF_CORE_READ(inode, i_ctime_sec);
                content->ctime_nsec = BPF_CORE_READ(inode, i_ctime_nsec) & ~CTIME_MARKS;
        } else if (bpf_core_field_exists(((struct inode___6_10 *)inode)->__i_ctime)) {
                content->ctime = BPF_CORE_READ((struct inode___6_10 *)inode, __i_ctime.tv_sec);
                content->ctime_nsec = BPF_CORE_READ((struct inode___6_10 *)inode, __i_ctime.tv_nsec);
        } else {
                content->ctime = BPF_CORE_READ((struct inode___6_5 *)inode, i_ctime.tv_sec);
                content->ctime_nsec = BPF_CORE_READ((struct inode___6_5 *)inode, i_ctime.tv_nsec);
        }
}

/* How many have it open for writing, with those that have it mapped so; not more than 0: none. */
static __always_inline __s32 content_writers(struct inode *inode)
{
        return inode ? BPF_CORE_READ(inode, i_writecount.counter) : 0;
}

/*
 * Whether the content of the object is one that live capabilities of the policy name. What somebody may be writing right now is not: the
 * change time tells when a write began, not when it ends. Global, and so verified once, whatever calls it.
 */
__attribute__((noinline)) __weak int content_known(__u32 policy, __u64 live, __u64 object)
{
        struct inode *inode = (struct inode *)object;
        struct hf_known_key key = { .policy = policy };
        struct hf_content now = {};
        struct hf_known *known;

        if (!inode)
                return 0;
        key.object.dev = BPF_CORE_READ(inode, i_sb, s_dev);
        key.object.ino = BPF_CORE_READ(inode, i_ino);
        key.object.generation = BPF_CORE_READ(inode, i_generation);
        if (magic_by_address(BPF_CORE_READ(inode, i_sb, s_magic))) {
                key.object.generation = key.object.ino;
                key.object.ino = object;
        }
        known = bpf_map_lookup_elem(&contents, &key);
        if (!known || !(known->allow & live))
                return 0;
        inode = content_inode(inode);
        if (content_writers(inode) > 0)
                return 0;
        content_read(inode, &now);
        return hf_content_same(&known->content, &now);
}

#endif
