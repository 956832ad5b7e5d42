/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The rights on an object, and the refusal. */
#ifndef HOLDFAST_CHECK_BPF_H
#define HOLDFAST_CHECK_BPF_H

#include "holdfast.bpf.h"
#include "content.bpf.h"
#include "disk.bpf.h"
#include "event.bpf.h"
#include "told.bpf.h"
#include "walk.bpf.h"

#define FMODE_EXEC_FLAG 0x20 /* __FMODE_EXEC in f_flags: the kernel opens it to execute it */
#define S_IFIFO 0010000
#define S_IFDIR 0040000
#define S_IFCHR 0020000
#define S_IFBLK 0060000
#define S_IFSOCK 0140000
#define SB_KERNMOUNT (1 << 22)
#define PIPEFS_MAGIC 0x50495045
#define ANON_INODE_MAGIC 0x09041934
#define PIDFS_MAGIC 0x50494446
#define TMPFS_MAGIC 0x01021994
#define HUGETLBFS_MAGIC 0x958458f6

/*
 * What has no path: pipes, sockets, the kernel's own objects (io_uring, epoll, pidfd) and memory that a process made itself (memfd).
 * Whoever holds or reaches such an object was given it; running it is another matter.
 */
static __always_inline bool pathless(struct dentry *dentry, __u32 rights)
{
        struct super_block *sb = dentry->d_sb;
        __u64 magic = sb->s_magic;

        if (rights & HF_EXEC)
                return false;
        if (magic == PIPEFS_MAGIC || magic == SOCKFS_MAGIC || magic == ANON_INODE_MAGIC || magic == PIDFS_MAGIC)
                return true;
        return (magic == TMPFS_MAGIC || magic == HUGETLBFS_MAGIC) && (sb->s_flags & SB_KERNMOUNT);
}

/* What refuse_event() is told, in one argument. */
#define REFUSAL(op, rights, error, why) ((op) | (rights) << 8 | (why) << 16 | -(error) << 24)

/* The event of a refusal. Not inlined, so that the way to an answer without one is short. */
static __noinline int refuse_event(const struct agent *a, struct hf_node *node, struct dentry *dentry, __u32 refusal)
{
        __u32 op = refusal & 0xff, rights = refusal >> 8 & 0xff, why = refusal >> 16 & 0xff;
        struct report r = { .kind = rights & HF_EXEC ? HF_EVENT_EXEC : HF_EVENT_FILE, .op = op, .right = rights };
        enum hf_why explained = hf_explain(node, rights, &r.rule);

        r.error = -(__s32)(refusal >> 24);
        r.why = why ? why : explained;
        if (a->killed)
                r.why = HF_WHY_KILLED;
        event_path(a, &r, dentry);
        return 0;
}

/* Refuses with an event that names the rule which decided. */
static __always_inline int refuse(const struct agent *a, struct hf_node *node, struct dentry *dentry, __u16 op, __u32 rights, int error,
                                  enum hf_why why)
{
        refuse_event(a, node, dentry, REFUSAL(op, rights, error, why));
        return error;
}

/* Terminals come and go: a rule for their folder names them. */
static __always_inline bool is_device(struct inode *inode)
{
        __u16 type = is_there(inode) ? inode->i_mode & S_IFMT : 0;

        return (type == S_IFCHR || type == S_IFBLK) && inode->i_sb->s_magic != DEVPTS_MAGIC;
}

/* Whether what is written there counts toward the limit of the disk: not what is in memory, nor where the kernel does not account it. */
static __always_inline bool has_disk(struct super_block *sb)
{
        __u64 magic = sb->s_magic;

        return magic != TMPFS_MAGIC && magic != HUGETLBFS_MAGIC && magic != PROC_SUPER_MAGIC && magic != FUSE_MAGIC;
}

static __always_inline bool is_on_disk(struct inode *inode)
{
        return (inode->i_mode & S_IFMT) == S_IFREG && has_disk(inode->i_sb);
}

static __always_inline bool is_folder(struct inode *inode)
{
        return is_there(inode) && (inode->i_mode & S_IFMT) == S_IFDIR;
}

/* node gets what allows it, where something does. */
static __always_inline int check_inode(const struct agent *a, struct dentry *dentry, struct inode *inode, struct super_block *sb,
                                       __u32 rights, __u16 op, struct hf_node **node)
{
        struct place place;
        __u32 refused;

        if (a->killed)
                return refuse(a, NULL, dentry, op, rights, -EPERM, HF_WHY_KILLED);
        place = place_of(a->policy, dentry, inode, sb);
        refused = hf_refused(place.node, a->live, rights);
        if (!refused) {
                if (is_device(inode) && hf_device_closed(place.node, place.own))
                        return refuse(a, place.node, dentry, op, rights, -EACCES, HF_WHY_DEVICE);
                /* A file here would say which folder is to be taken for the one that the pattern means: git's ".git" does. */
                if (place.way && (rights & HF_WRITE) && !is_folder(inode))
                        return refuse(a, place.node, dentry, op, HF_WRITE, -EACCES, HF_WHY_WAY);
                if (hf_content_asked(place.node, rights) && !content_known(a->policy, a->live, number(inode)))
                        return refuse(a, place.node, dentry, op, HF_EXEC, -EACCES, HF_WHY_CONTENT);
                if ((rights & HF_WRITE) && a->session && a->session->disk && is_there(inode) && is_on_disk(inode) && !disk_take(a->slot, 0))
                        return refuse(a, NULL, dentry, op, HF_WRITE, -EDQUOT, HF_WHY_DISK);
                *node = place.node;
                return 0;
        }
        return pathless(dentry, rights) ? 0 : refuse(a, place.node, dentry, op, refused, -EACCES, 0);
}

/* The rights on an object, for anything that does not change the tree. */
static __always_inline int check(const struct agent *a, struct dentry *dentry, __u32 rights, __u16 op)
{
        struct hf_node *node;

        return check_inode(a, dentry, dentry->d_inode, dentry->d_sb, rights, op, &node);
}

/* The same of one right, and tells of it the first time: TOLD_WRITE or TOLD_MAP. */
static __always_inline int check_told(const struct agent *a, struct dentry *dentry, __u32 right, __u16 op, enum hf_audit of, __u32 index)
{
        struct inode *inode = dentry->d_inode;
        struct hf_node *node = NULL;
        int error = check_inode(a, dentry, inode, dentry->d_sb, right, op, &node);

        if (!error && is_told(a, node, of, index) && is_there(inode) && is_first_use(a, inode, dentry->d_sb, right))
                tell_allowed(a, dentry, node->rule[index], op, right);
        return error;
}

/* The session of the process that a pid stands for, by its cgroup, which a process inside cannot leave. */
__attribute__((noinline)) __weak __u32 process_slot(__u64 number)
{
        struct pid *pid = (struct pid *)number;
        struct hlist_node *first = BPF_CORE_READ(pid, tasks[PIDTYPE_PID].first);
        struct task_struct *task;

        if (!first)
                return 0;
        task = (void *)first - bpf_core_field_offset(struct task_struct, pid_links[PIDTYPE_PID]);
        return cgroup_slot(BPF_CORE_READ(task, cgroups, dfl_cgrp), 0);
}

#endif
