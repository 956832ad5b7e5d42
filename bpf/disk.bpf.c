/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What a session writes to files past the hook for writing. */
#include "check.bpf.h"

#define FALLOC_FL_PUNCH_HOLE 0x02
#define FALLOC_FL_COLLAPSE_RANGE 0x08

/* The session of a task, where its policy has the limit; 0: none. */
static __always_inline __u32 limited(struct task_struct *task)
{
        struct hf_task *record = task->bpf_storage || task->group_leader->bpf_storage ? task_record(task) : NULL;
        struct hf_session *session;
        __u32 slot;

        if (!record)
                return 0;
        slot = record->slot;
        session = bpf_map_lookup_elem(&sessions, &slot);
        return session && session->disk && session->generation == record->generation ? slot : 0;
}

/*
 * What is reserved counts before the hook for writing is asked, which refuses it where that is too much; and no more once it was refused,
 * by whomever. More than the limit is as much as the limit, so that the count does not turn over.
 */
SEC("fentry/vfs_fallocate")
int BPF_PROG(reserve, struct file *file, int mode, loff_t offset, loff_t length)
{
        struct counted *of;
        struct hf_use *use;
        struct agent a;

        if (length <= 0 || (mode & (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_COLLAPSE_RANGE)) || !agent_acts_on(&a, file))
                return 0;
        if (!a.session || !a.session->disk || !is_on_disk(file->f_inode))
                return 0;
        use = &uses[a.slot & (HF_SLOTS - 1)];
        of = disk_count(bpf_get_current_task_btf(), a.slot);
        if (!of)
                return 0;
        of->reserved = (__u64)length < use->written_limit ? (__u64)length : use->written_limit;
        __sync_fetch_and_add(&use->written, of->reserved);
        return 0;
}

SEC("fexit/vfs_fallocate")
int BPF_PROG(reserved, struct file *file, int mode, loff_t offset, loff_t length, int error)
{
        struct task_struct *task = bpf_get_current_task_btf();
        struct counted *of = task->bpf_storage ? bpf_task_storage_get(&counted, task, NULL, 0) : NULL;
        __u32 slot = of && of->reserved ? limited(task) : 0;

        if (error && slot)
                __sync_fetch_and_sub(&uses[slot & (HF_SLOTS - 1)].written, of->reserved);
        if (of)
                of->reserved = 0;
        return 0;
}

/* The last of it. */
SEC("tp_btf/sched_process_exit")
int BPF_PROG(sched_process_exit, struct task_struct *task)
{
        __u32 slot = limited(task);

        if (slot)
                disk_count(task, slot);
        return 0;
}

/* What is written through mappings. */
SEC("iter/task")
int count_written(struct bpf_iter__task *ctx)
{
        struct task_struct *task = ctx->task;
        __u32 slot = task ? limited(task) : 0;

        if (slot)
                disk_count(task, slot);
        return 0;
}
