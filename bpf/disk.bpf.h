/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * How much a session whose policy limits it writes to files: what the kernel accounts to its tasks (task_io_accounting), looked at when a
 * task writes, when it ends, and by the daemon once a second.
 */
#ifndef HOLDFAST_DISK_BPF_H
#define HOLDFAST_DISK_BPF_H

#include "holdfast.bpf.h"

#define EDQUOT 122
#define DISK_NAME 4096 /* bytes that what is made counts, whatever it takes */

/* What of a task's bytes was counted before, and what counts for the reservation that it is making. */
struct counted {
        __u64 written;
        __u64 reserved;
};

struct {
        __uint(type, BPF_MAP_TYPE_TASK_STORAGE);
        __uint(map_flags, BPF_F_NO_PREALLOC);
        __type(key, int);
        __type(value, struct counted);
} counted MAP;

/* Counts what the task has written since it was last looked. Two that look at once each count a part. */
static __always_inline struct counted *disk_count(struct task_struct *task, __u32 slot)
{
        struct hf_use *use = &uses[slot & (HF_SLOTS - 1)];
        struct counted *before = bpf_task_storage_get(&counted, task, NULL, 0), begin = {};
        __u64 now = task->ioac.write_bytes;
        struct hf_task *record;

        if (!before) {
                record = task_record(task);
                begin.written = record && record->kind ? 0 : now;
                before = bpf_task_storage_get(&counted, task, &begin, BPF_LOCAL_STORAGE_GET_F_CREATE);
        }
        if (before && now != before->written)
                __sync_fetch_and_add(&use->written, now - __sync_lock_test_and_set(&before->written, now));
        return before;
}

/*
 * Adds to what the session of the current task has written; false, and nothing is added, where that is all that it may. Global, and so
 * verified once, whatever calls it.
 */
__attribute__((noinline)) __weak bool disk_take(__u32 slot, __u64 bytes)
{
        struct hf_use *use = &uses[slot & (HF_SLOTS - 1)];

        disk_count(bpf_get_current_task_btf(), slot);
        if (use->written_limit && use->written >= use->written_limit) {
                __sync_fetch_and_add(&use->written_held, 1);
                return false;
        }
        if (bytes)
                __sync_fetch_and_add(&use->written, bytes);
        return true;
}

#endif
