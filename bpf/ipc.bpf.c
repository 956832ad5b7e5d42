/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * System V IPC: shared memory, semaphores and message queues belong to the session that made them, and no session reaches another's.
 */
#include "holdfast.bpf.h"
#include "event.bpf.h"

#define OBJECTS (1 << 17) /* of all sessions together; the kernel allows 32,000 of each kind in a namespace */

/* Whose an object is, by its address, from its making to its end. What no session made is not in here. */
struct {
        __uint(type, BPF_MAP_TYPE_HASH);
        __uint(max_entries, OBJECTS);
        __uint(map_flags, BPF_F_NO_PREALLOC);
        __type(key, __u64);
        __type(value, struct hf_task);
} ipcs SEC(".maps");

static __always_inline int object_made(struct kern_ipc_perm *object)
{
        struct hf_task owner = {};
        __u64 key = number(object);
        struct agent a;

        if (!agent_current(&a))
                return 0;
        if (a.killed)
                return guard_refuse(&a, HF_OP_IPC, 0);
        make_own(&a, &owner);
        return bpf_map_update_elem(&ipcs, &key, &owner, BPF_ANY) ? -ENOMEM : 0;
}

static __always_inline int object_gone(struct kern_ipc_perm *object)
{
        __u64 key = number(object);

        bpf_map_delete_elem(&ipcs, &key);
        return 0;
}

/* Without an object the question is about the whole host: its limits and how much is used. */
static __always_inline int object_used(struct kern_ipc_perm *object)
{
        __u64 key = number(object);
        struct agent a;

        if (!object || !agent_current(&a))
                return 0;
        if (!a.killed && is_own(&a, bpf_map_lookup_elem(&ipcs, &key)))
                return 0;
        return guard_refuse(&a, HF_OP_IPC, object->key);
}

#define OBJECT_HOOK(hook, name, does) \
        SEC("lsm/" #hook) int BPF_PROG(name, struct kern_ipc_perm *object) \
        { \
                return does(object); \
        }

OBJECT_HOOK(shm_alloc_security, shm_made, object_made)
OBJECT_HOOK(sem_alloc_security, sem_made, object_made)
OBJECT_HOOK(msg_queue_alloc_security, queue_made, object_made)
OBJECT_HOOK(shm_free_security, shm_gone, object_gone)
OBJECT_HOOK(sem_free_security, sem_gone, object_gone)
OBJECT_HOOK(msg_queue_free_security, queue_gone, object_gone)
OBJECT_HOOK(ipc_permission, ipc_used, object_used)
/* Its owner's commands, removal among them, are not asked about there. */
OBJECT_HOOK(shm_shmctl, shm_ruled, object_used)
OBJECT_HOOK(sem_semctl, sem_ruled, object_used)
OBJECT_HOOK(msg_queue_msgctl, queue_ruled, object_used)
