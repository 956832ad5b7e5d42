/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Looking at what a task of a session has, by what holds for that session. */
#ifndef HOLDFAST_LOOK_BPF_H
#define HOLDFAST_LOOK_BPF_H

#include "check.bpf.h"

/* Whether the task is one that is asked about, and what holds for it: the policy in force, whatever is killed. */
static __always_inline bool asked_about(struct agent *a, const struct hf_request *r, struct task_struct *task)
{
        struct hf_task *record = task_record(task);
        struct hf_policy *policy;

        a->killed = 0;
        a->slot = r->slot;
        a->session = bpf_map_lookup_elem(&sessions, &a->slot);
        if (!a->session || !is_own(a, record))
                return false;
        a->policy = *(volatile __u32 *)&a->session->policy;
        policy = bpf_map_lookup_elem(&policies, &a->policy);
        a->live = policy ? hf_live(policy) : 0;
        return true;
}

/* Newer kernels have it outside of d_u. */
struct dentry___flat {
        struct hlist_node d_alias;
};

/* A name of an inode; 0: it has none. */
static __always_inline __u64 inode_dentry(struct inode *inode)
{
        __u64 alias = (__u64)BPF_CORE_READ(inode, i_dentry.first), offset;

        if (bpf_core_field_exists(struct dentry___flat, d_alias))
                offset = bpf_core_field_offset(struct dentry___flat, d_alias);
        else
                offset = bpf_core_field_offset(struct dentry, d_u.d_alias);
        return alias ? alias - offset : 0;
}

#endif
