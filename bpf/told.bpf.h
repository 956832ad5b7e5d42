/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Events of what is allowed, where the policy has it told. Nearly everywhere it has not, which one bit of the node says. */
#ifndef HOLDFAST_TOLD_BPF_H
#define HOLDFAST_TOLD_BPF_H

#include "holdfast.bpf.h"
#include "event.bpf.h"
#include "walk.bpf.h"

#define DEVPTS_MAGIC 0x1cd1
#define PROC_SUPER_MAGIC 0x9fa0

/* By enum hf_audit and the right's index. */
#define TOLD_READ HF_AUDIT_READ, 0
#define TOLD_WRITE HF_AUDIT_WRITE, 1
#define TOLD_EXEC HF_AUDIT_EXEC, 2
#define TOLD_MAP HF_AUDIT_READ, 2
#define TOLD_CONNECT HF_AUDIT_READ, 3

/* Whether the policy has it told, of what the node allows by the right with that index. */
static __always_inline bool is_told(const struct agent *a, const struct hf_node *node, enum hf_audit of, __u32 right)
{
        struct hf_policy *policy;

        if (!node || !(node->flags & HF_NODE_TOLD))
                return false;
        policy = bpf_map_lookup_elem(&policies, &a->policy);
        return policy && (policy->audit[of] & a->live & node->allow[right]);
}

/* Tells of what is allowed, by that rule. */
static __noinline int tell_allowed(const struct agent *a, struct dentry *dentry, __u32 rule, __u32 op, __u32 right)
{
        struct report r = {
                .kind = right == HF_EXEC ? HF_EVENT_EXEC : HF_EVENT_FILE, .op = op, .right = right, .rule = rule, .allowed = 1
        };

        event_path(a, &r, dentry);
        return 0;
}

/*
 * Whether the session uses the object by that right the first time, as far as is remembered. What is in /proc, and terminals, come and go:
 * each such file system is one object.
 */
static __always_inline bool is_first_use(const struct agent *a, struct inode *inode, struct super_block *sb, __u32 right)
{
        const bool address = by_address(sb);
        __u64 magic = sb->s_magic;
        const __u8 one = 1;
        struct hf_used key = {};

        if (magic != PROC_SUPER_MAGIC && magic != DEVPTS_MAGIC) {
                key.object.ino = address ? number(inode) : inode->i_ino;
                key.object.generation = address ? inode->i_ino : inode->i_generation;
        }
        key.object.dev = sb->s_dev;
        key.generation = a->session ? a->session->generation : 0;
        key.right = right;
        /* Until 6.4 what comes back is an int. Where it is not known, it is told once more, rather than not. */
        return (int)bpf_map_update_elem(&used, &key, &one, BPF_NOEXIST) != -EEXIST;
}

/* A name was made or removed. */
static __always_inline void tell_name(const struct agent *a, const struct hf_node *node, struct dentry *dentry, __u16 op)
{
        if (is_told(a, node, TOLD_WRITE))
                tell_allowed(a, dentry, node->rule[1], op, HF_WRITE);
}

#endif
