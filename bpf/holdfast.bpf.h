/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What every BPF file starts with: types, maps, and the current task's session. */
#ifndef HOLDFAST_BPF_H
#define HOLDFAST_BPF_H

#include "vmlinux.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "holdfast/abi.h"
#include "holdfast/decide.h"

#define EPERM 1
#define ENOMEM 12
#define EACCES 13
#define EXDEV 18
#define FMODE_PATH 0x4000
#define PF_IO_WORKER 0x10

/* Makes the verifier forget the bounds of a counter, which would make each turn of a loop another case. */
#define forget(counter) asm volatile("%0 ^= 0" : "+r"(counter))

/* A pointer as a number, which a global function can be given. The verifier forgets what it knows of a register that is negated. */
static __always_inline __u64 number(const void *pointer)
{
        __u64 n = (__u64)pointer;

        asm volatile("%0 = -%0; %0 = -%0" : "+r"(n));
        return n;
}

/* Each map is defined once in the linked object; weak lets every file that includes this name it. */
#define MAP SEC(".maps") __weak

struct {
        __uint(type, BPF_MAP_TYPE_ARRAY);
        __uint(max_entries, HF_SLOTS);
        __uint(map_flags, BPF_F_MMAPABLE);
        __type(key, __u32);
        __type(value, struct hf_session);
} sessions MAP;

struct {
        __uint(type, BPF_MAP_TYPE_ARRAY);
        __uint(max_entries, 1);
        __uint(map_flags, BPF_F_MMAPABLE);
        __type(key, __u32);
        __type(value, struct hf_host);
} host MAP;

struct {
        __uint(type, BPF_MAP_TYPE_ARRAY);
        __uint(max_entries, HF_POLICIES);
        __uint(map_flags, BPF_F_MMAPABLE);
        __type(key, __u32);
        __type(value, struct hf_policy);
} policies MAP;

/* The places of each policy, by policy id; 0 has none. */
struct {
        __uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
        __uint(max_entries, HF_POLICIES);
        __type(key, __u32);
        __array(
                values, struct {
                        __uint(type, BPF_MAP_TYPE_ARRAY);
                        __uint(max_entries, 1);
                        __uint(map_flags, HF_BOOK_FLAGS);
                        __uint(key_size, sizeof(__u32));
                        __uint(value_size, sizeof(union hf_record));
                });
} books MAP;

struct {
        __uint(type, BPF_MAP_TYPE_ARRAY);
        __uint(max_entries, 1);
        __uint(map_flags, BPF_F_MMAPABLE);
        __type(key, __u32);
        __type(value, struct hf_hints);
} hints MAP;

struct {
        __uint(type, BPF_MAP_TYPE_LPM_TRIE);
        __uint(max_entries, 1 << 18);
        __uint(map_flags, BPF_F_NO_PREALLOC);
        __type(key, struct hf_egress_key);
        __type(value, struct hf_egress);
} egress MAP;

struct {
        __uint(type, BPF_MAP_TYPE_HASH);
        __uint(max_entries, HF_KNOWN_MAX);
        __uint(map_flags, BPF_F_NO_PREALLOC);
        __type(key, struct hf_known_key);
        __type(value, struct hf_known);
} contents MAP;

struct {
        __uint(type, BPF_MAP_TYPE_HASH);
        __uint(max_entries, 2 * HF_SLOTS);
        __uint(map_flags, BPF_F_NO_PREALLOC);
        __type(key, __u64);
        __type(value, __u32);
} cgroups MAP;

struct {
        __uint(type, BPF_MAP_TYPE_TASK_STORAGE);
        __uint(map_flags, BPF_F_NO_PREALLOC);
        __type(key, int);
        __type(value, struct hf_task);
} tasks MAP;

struct {
        __uint(type, BPF_MAP_TYPE_SK_STORAGE);
        __uint(map_flags, BPF_F_NO_PREALLOC);
        __type(key, int);
        __type(value, struct hf_peer);
} peers MAP;

struct {
        __uint(type, BPF_MAP_TYPE_SK_STORAGE);
        __uint(map_flags, BPF_F_NO_PREALLOC);
        __type(key, int);
        __type(value, struct hf_task);
} owners MAP;

struct {
        __uint(type, BPF_MAP_TYPE_ARRAY);
        __uint(max_entries, 1);
        __uint(map_flags, BPF_F_MMAPABLE);
        __type(key, __u32);
        __type(value, struct hf_request);
} request MAP;

struct {
        __uint(type, BPF_MAP_TYPE_RINGBUF);
        __uint(max_entries, 8 << 20);
} events MAP;

#define SOCKFS_MAGIC 0x534f434b
#define OVERLAYFS_MAGIC 0x794c7630
#define BTRFS_MAGIC 0x9123683e
#define BCACHEFS_MAGIC 0xca451a4e
#define FUSE_MAGIC 0x65735546

/* Whether inode numbers are not unique in a file system, or do not last: its inodes then go by their address. */
static __always_inline bool magic_by_address(__u64 magic)
{
        return magic == OVERLAYFS_MAGIC || magic == BTRFS_MAGIC || magic == BCACHEFS_MAGIC || magic == FUSE_MAGIC;
}

static __always_inline bool by_address(struct super_block *sb)
{
        return magic_by_address(sb->s_magic);
}

/* Whether what is open already needs a look at all. */
static __always_inline bool host_look(void)
{
        __u32 zero = 0;
        struct hf_host *h = bpf_map_lookup_elem(&host, &zero);

        return !h || h->look;
}

/* The current task's session, as one hook sees it: read once, so that a switch of the policy falls before or after the hook. */
struct agent {
        struct hf_session *session;
        __u64 live; /* capabilities that count */
        __u32 slot;
        __u32 policy;
        __u32 killed; /* enum hf_kill */
};

/* The record of a task, or of the leader of its thread group where the task has none of its own yet (it was moved as a whole). */
static __always_inline struct hf_task *task_record(struct task_struct *task)
{
        struct hf_task *own = bpf_task_storage_get(&tasks, task, NULL, 0);

        return own ? own : bpf_task_storage_get(&tasks, task->group_leader, NULL, 0);
}

/* Whether the current task belongs to a session. What is not an agent pays for three loads. */
static __always_inline bool agent_current(struct agent *a)
{
        struct task_struct *task = bpf_get_current_task_btf();
        struct hf_task *record;
        struct hf_policy *policy;
        struct hf_host *h;
        __u32 zero = 0;

        if (!task->bpf_storage && !task->group_leader->bpf_storage)
                return false;
        record = task_record(task);
        if (!record)
                return false;
        a->slot = record->slot;
        a->session = bpf_map_lookup_elem(&sessions, &a->slot);
        h = bpf_map_lookup_elem(&host, &zero);
        a->policy = 0;
        a->live = 0;
        a->killed = HF_KILL_DENY;
        if (!a->session || !h)
                return true;
        a->killed = a->session->kill | h->kill;
        /* A task that outlived its session may do nothing, whoever has the slot now. */
        if (a->session->generation != record->generation)
                a->killed |= HF_KILL_DENY;
        if (a->killed)
                return true;
        a->policy = *(volatile __u32 *)&a->session->policy;
        policy = bpf_map_lookup_elem(&policies, &a->policy);
        if (policy)
                a->live = hf_live(policy);
        return true;
}

/*
 * Whether the kernel acts for the task with another's credentials: a file system on top of another (overlayfs) working on the
 * files below, which the upper level has checked. Neither is so the worker of io_uring that takes on the credentials which the task
 * had when it asked, nor the task that writes its own core file: what these do is on the task's account.
 */
static __always_inline bool inner_credentials(void)
{
        struct task_struct *task = bpf_get_current_task_btf();

        return task->cred != task->real_cred && !(task->flags & PF_IO_WORKER) && !BPF_CORE_READ(task, signal, core_state);
}

/*
 * The same, of an open file, and of all tasks: only such a file system has files on a mount of its own that is in no namespace, or
 * (until 6.4) files with the path of the upper level and the inode of the lower.
 */
static __always_inline __attribute__((unused)) bool inner_file(struct file *file)
{
        struct task_struct *task = bpf_get_current_task_btf();
        struct mount *mount;
        __s64 namespace;

        if (task->cred == task->real_cred)
                return false;
        if (file->f_path.dentry->d_sb != file->f_inode->i_sb)
                return true;
        mount = (void *)number(file->f_path.mnt) - bpf_core_field_offset(struct mount, mnt);
        namespace = (__s64)BPF_CORE_READ(mount, mnt_ns);
        return namespace < 0 && namespace >= -4095; /* an error in place of a pointer */
}

/* Whether a record is of the same session, and not of one that had the slot before. */
static __always_inline bool is_own(const struct agent *a, const struct hf_task *record)
{
        return record && record->slot == a->slot && a->session && record->generation == a->session->generation;
}

static __always_inline void make_own(const struct agent *a, struct hf_task *record)
{
        record->slot = a->slot;
        record->generation = a->session ? a->session->generation : 0;
}

/* Whether a task is of the same session. */
static __always_inline bool same_session(const struct agent *a, struct task_struct *task)
{
        return is_own(a, task_record(task));
}

#endif
