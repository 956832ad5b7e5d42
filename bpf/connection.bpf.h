/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* How the daemon is told of connections: each when it stands, and when it is over. */
#ifndef HOLDFAST_CONNECTION_BPF_H
#define HOLDFAST_CONNECTION_BPF_H

#include "member.bpf.h"

/* What is known of a connection. */
struct connection {
        __u32 pid, tid, uid; /* who connects, or listens: the kernel goes on for whoever runs; 0: not known */
        __u8 made;           /* not accepted */
        __u8 home;           /* to another of the session's own, on loopback */
        __u8 told;           /* that it stands, and not yet that it is over */
        __u8 pad;
        char comm[16];
};

struct bytes {
        __u64 sent, received;
};

/* Whose the cgroup is, while that session lives. */
static __always_inline bool session_is(struct agent *a)
{
        struct hf_task *of = bpf_get_local_storage(&cgroup_sessions, 0);

        return member(a) && !of->kind;
}

/* Whoever runs is who connects. By its task, as not each kind of program may ask who it is. */
static __always_inline void connection_by_current(struct connection *c)
{
        struct task_struct *task = bpf_get_current_task_btf();

        c->pid = task->tgid;
        c->tid = task->pid;
        c->uid = task->cred->uid.val;
        BPF_CORE_READ_INTO(&c->comm, task, comm);
}

/*
 * Connections have room of their own: whoever floods with those that are allowed leaves that of refusals as it was. To wake the daemon
 * takes more than all the rest, so it looks by itself, but for one that comes when half of the room is taken.
 */
static __always_inline struct hf_event *room_for(struct hf_session *s, __u64 *wakes)
{
        struct hf_event *e = NULL;
        __u32 waiting = s->connections_sent - s->connections_taken;

        if (event_fits(waiting, HF_CONNECTIONS_WAITING))
                e = bpf_ringbuf_reserve(&events, sizeof(*e), 0);
        if (e)
                waiting = __sync_fetch_and_add(&s->connections_sent, 1) - s->connections_taken;
        else
                event_lost(s, HF_EVENT_CONNECT);
        *wakes = waiting == HF_CONNECTIONS_WAITING / 2 ? BPF_RB_FORCE_WAKEUP : BPF_RB_NO_WAKEUP;
        return e;
}

/* detail of the report: the port of this end. */
static __noinline int emit(const struct agent *a, const struct connection *c, const struct report *r, const struct bytes *b)
{
        __u64 wakes;
        struct hf_event *e = a->session ? room_for(a->session, &wakes) : NULL;

        if (!e)
                return 0;
        event_what(e, a, r);
        e->flags = HF_EVENT_CONNECTION;
        e->local_port = r->detail;
        e->detail = 0;
        e->pid = c->pid;
        e->tid = c->tid;
        e->uid = c->uid;
        __builtin_memcpy(e->comm, c->comm, sizeof(e->comm));
        e->sent = b->sent;
        e->received = b->received;
        bpf_ringbuf_submit(e, wakes);
        return 0;
}

#endif
