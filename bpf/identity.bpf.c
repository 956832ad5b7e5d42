/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Which task belongs to which session: stamped on entry into an agent's cgroup, inherited by every fork, never lost. */
#include "holdfast.bpf.h"
#include "event.bpf.h"

#define ANCESTORS 256

/* Stamps a task, unless it belongs to a session already. Returns 1 when it was not in one, 0 when it was, or a negative errno. */
static __always_inline int stamp(struct task_struct *task, __u32 slot)
{
        struct hf_session *session = bpf_map_lookup_elem(&sessions, &slot);
        struct hf_task record = { .slot = slot };
        int error;

        if (!session)
                return -EPERM;
        if (bpf_task_storage_get(&tasks, task, NULL, 0))
                return 0;
        record.generation = session->generation;
        error = inherit(task, &record);
        return error ? error : 1;
}

/*
 * A fork belongs where its parent does. Where there is no memory to say so, there is no fork. What is remembered of a task that had the
 * address before is forgotten, whoever forks. Who was killed has no more children; where it is only paused, a fork waits like all else,
 * or where no daemon is there to freeze it, is refused. Who forks faster than it can be brought into its cgroup is told to try again.
 */
SEC("lsm/task_alloc")
int BPF_PROG(task_alloc, struct task_struct *task, unsigned long clone_flags)
{
        __u64 hash = known_hash(task);
        struct hf_task record = { .kind = 1 };
        struct agent a;
        int error;

        known_task(hash)->check = 0;
        if (!task_session(bpf_get_current_task_btf(), &record.slot, &record.generation))
                return 0;
        if (agent_current(&a)) {
                if (a.killed & (HF_KILL_DENY | HF_KILL_KILL) || (a.killed & HF_KILL_PAUSE && *(volatile __u64 *)&host.control_lost))
                        return guard_refuse(&a, HF_OP_FORK, 0);
                if (a.session && *(volatile __u8 *)&a.session->gathered && !*(volatile __u64 *)&host.control_lost)
                        return -EAGAIN;
        }
        error = inherit(task, &record);
        if (!error)
                known_write(hash, record.slot, record.generation);
        return error;
}

/* A task, or a thread group by its leader, was moved into a cgroup. The other threads find the leader's record. */
SEC("tp_btf/cgroup_attach_task")
int BPF_PROG(cgroup_attach_task, struct cgroup *cgroup, const char *path, struct task_struct *task, bool threadgroup)
{
        __u32 slot = cgroup_slot(cgroup, 0);

        if (slot && stamp(task, slot) < 0) {
                struct hf_session *session = bpf_map_lookup_elem(&sessions, &slot);

                /* It is in the cgroup and cannot be confined: count it where the daemon looks before it lets anything go on. */
                if (session)
                        event_lost(session, HF_EVENT_SESSION);
        }
        return 0;
}

/*
 * A child that has not run yet: its parent may have been taken in during the fork, after the child got its record; or the parent is
 * no agent and made it straight in an agent's cgroup (CLONE_INTO_CGROUP).
 */
SEC("tp_btf/sched_process_fork")
int BPF_PROG(sched_process_fork, struct task_struct *parent, struct task_struct *child)
{
        struct cgroup *cgroup = child->cgroups->dfl_cgrp;
        struct hf_task *record;
        __u32 slot;

        if (child->bpf_storage)
                return 0;
        record = parent->bpf_storage || parent->group_leader->bpf_storage ? task_record(parent) : NULL;
        if (record)
                slot = record->slot;
        else
                slot = cgroup == parent->cgroups->dfl_cgrp ? 0 : cgroup_slot(cgroup, 0);
        if (slot)
                stamp(child, slot);
        return 0;
}

/* Whether a task belongs to the process with that id, or descends from it. */
static __always_inline bool descends(struct task_struct *task, __u32 root)
{
        for (int i = 0; i < ANCESTORS; i++) {
                __u32 tgid = BPF_CORE_READ(task, tgid);

                if (tgid == root)
                        return true;
                if (tgid <= 1)
                        return false;
                task = BPF_CORE_READ(task, real_parent);
        }
        return false;
}

/* Whether a task is the user's who may have it taken in, through and through: no program that runs with another's rights for them. */
static __always_inline bool owned(struct task_struct *task, __u32 owner)
{
        return owner == HF_ANYBODY ||
               (BPF_CORE_READ(task, real_cred, uid.val) == owner && BPF_CORE_READ(task, real_cred, euid.val) == owner &&
                BPF_CORE_READ(task, real_cred, suid.val) == owner);
}

/* Takes in what is in the requested cgroup, or below the requested process, already. */
SEC("iter/task")
int stamp_tasks(struct bpf_iter__task *ctx)
{
        struct task_struct *task = ctx->task;
        struct hf_request *r;
        __u32 zero = 0;
        int result;

        r = bpf_map_lookup_elem(&request, &zero);
        if (!task || !r)
                return 0;
        if (!(r->root && descends(task, r->root)) &&
            !(r->cgroup && cgroup_slot(BPF_CORE_READ(task, cgroups, dfl_cgrp), r->cgroup) == r->slot))
                return 0;
        if (!owned(task, r->owner)) {
                r->foreign = task->tgid;
                return 0;
        }
        result = stamp(task, r->slot);
        if (result > 0)
                r->count++;
        else if (result < 0)
                r->failed++;
        return 0;
}

/* Writes the thread group of each task of the requested slot; of all slots where that is 0. */
SEC("iter/task")
int session_members(struct bpf_iter__task *ctx)
{
        struct task_struct *task = ctx->task;
        struct hf_task *record;
        struct hf_request *r;
        __u32 zero = 0, pid;

        r = bpf_map_lookup_elem(&request, &zero);
        if (!task || !r)
                return 0;
        record = bpf_task_storage_get(&tasks, task, NULL, 0);
        if (!record || (r->slot && record->slot != r->slot))
                return 0;
        pid = task->tgid;
        bpf_seq_write(ctx->meta->seq, &pid, sizeof(pid));
        return 0;
}

/* Names the objects behind the daemon's own O_PATH descriptors with the kernel's numbers. */
SEC("iter/task_file")
int name_objects(struct bpf_iter__task_file *ctx)
{
        struct file *file = ctx->file;
        struct hf_named named = {};
        struct inode *inode;

        if (!file || !(file->f_mode & FMODE_PATH))
                return 0;
        inode = file->f_inode;
        named.fd = ctx->fd;
        named.object.dev = inode->i_sb->s_dev;
        named.hold = by_address(inode->i_sb);
        named.object.ino = named.hold ? number(inode) : inode->i_ino;
        named.object.generation = named.hold ? inode->i_ino : inode->i_generation;
        bpf_seq_write(ctx->meta->seq, &named, sizeof(named));
        return 0;
}
