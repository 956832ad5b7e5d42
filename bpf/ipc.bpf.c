/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * System V IPC: shared memory, semaphores and message queues belong to the session that made them, and no session reaches another's.
 * They are removed when it ends, and it has only so many at a time.
 */
#include "holdfast.bpf.h"
#include "event.bpf.h"

#define OBJECTS (1 << 17) /* of all sessions together; the kernel allows 32,000 of each kind in a namespace */

struct ipc {
        struct hf_task owner;
        __u64 ns; /* address of the IPC namespace, whose object it is */
        __u32 kind;
        __u32 pad;
};

/* Whose an object is, by its address, from its making to its end. What no session made is not in here. */
struct {
        __uint(type, BPF_MAP_TYPE_HASH);
        __uint(max_entries, OBJECTS);
        __uint(map_flags, BPF_F_NO_PREALLOC);
        __type(key, __u64);
        __type(value, struct ipc);
} ipcs SEC(".maps");

static __always_inline __u64 current_ipc_ns(void)
{
        return number(bpf_get_current_task_btf()->nsproxy->ipc_ns);
}

static __always_inline int object_made(struct kern_ipc_perm *object, __u32 kind)
{
        struct ipc ipc = { .ns = current_ipc_ns(), .kind = kind };
        __u64 key = number(object);
        struct agent a;

        if (!agent_current(&a))
                return 0;
        if (a.killed || !a.session)
                return guard_refuse(&a, HF_OP_IPC, 0);
        if (__sync_fetch_and_add(&a.session->ipcs, 1) >= HF_IPCS) {
                __sync_fetch_and_sub(&a.session->ipcs, 1);
                return guard_refuse(&a, HF_OP_IPC, 0);
        }
        make_own(&a, &ipc.owner);
        if (!bpf_map_update_elem(&ipcs, &key, &ipc, BPF_ANY))
                return 0;
        __sync_fetch_and_sub(&a.session->ipcs, 1);
        return -ENOMEM;
}

static __always_inline int object_gone(struct kern_ipc_perm *object)
{
        __u64 key = number(object);
        struct ipc *ipc = bpf_map_lookup_elem(&ipcs, &key);
        struct hf_session *session;

        if (!ipc)
                return 0;
        session = bpf_map_lookup_elem(&sessions, &ipc->owner.slot);
        if (session && session->generation == ipc->owner.generation)
                __sync_fetch_and_sub(&session->ipcs, 1);
        bpf_map_delete_elem(&ipcs, &key);
        return 0;
}

/* Writes the objects of the requested slot's session that are in the daemon's own IPC namespace; others end with theirs. */
SEC("iter/bpf_map_elem")
int session_ipcs(struct bpf_iter__bpf_map_elem *ctx)
{
        struct hf_session *session;
        struct hf_request *r;
        struct ipc *ipc = ctx->value;
        struct hf_ipc found = {};
        __u64 *key = ctx->key;
        __u32 zero = 0;

        r = bpf_map_lookup_elem(&request, &zero);
        if (!key || !ipc || !r || ipc->owner.slot != r->slot || ipc->ns != current_ipc_ns())
                return 0;
        session = bpf_map_lookup_elem(&sessions, &r->slot);
        if (!session || session->generation != ipc->owner.generation)
                return 0;
        found.kind = ipc->kind;
        found.id = BPF_CORE_READ((struct kern_ipc_perm *)*key, id);
        bpf_seq_write(ctx->meta->seq, &found, sizeof(found));
        return 0;
}

static __always_inline bool owns(const struct agent *a, const struct ipc *ipc)
{
        return ipc && is_own(a, &ipc->owner);
}

/* Without an object the question is about the whole host: its limits and how much is used. */
static __always_inline int object_used(struct kern_ipc_perm *object)
{
        __u64 key = number(object);
        struct agent a;

        if (!object || !agent_current(&a))
                return 0;
        if (!a.killed && owns(&a, bpf_map_lookup_elem(&ipcs, &key)))
                return 0;
        return guard_refuse(&a, HF_OP_IPC, object->key);
}

#define OBJECT_HOOK(hook, name, does, ...) \
        SEC("lsm/" #hook) int BPF_PROG(name, struct kern_ipc_perm *object) \
        { \
                return does(object, ##__VA_ARGS__); \
        }

OBJECT_HOOK(shm_alloc_security, shm_made, object_made, HF_IPC_SHM)
OBJECT_HOOK(sem_alloc_security, sem_made, object_made, HF_IPC_SEM)
OBJECT_HOOK(msg_queue_alloc_security, queue_made, object_made, HF_IPC_QUEUE)
OBJECT_HOOK(shm_free_security, shm_gone, object_gone)
OBJECT_HOOK(sem_free_security, sem_gone, object_gone)
OBJECT_HOOK(msg_queue_free_security, queue_gone, object_gone)
OBJECT_HOOK(ipc_permission, ipc_used, object_used)
/* Its owner's commands, removal among them, are not asked about there. */
OBJECT_HOOK(shm_shmctl, shm_ruled, object_used)
OBJECT_HOOK(sem_semctl, sem_ruled, object_used)
OBJECT_HOOK(msg_queue_msgctl, queue_ruled, object_used)
