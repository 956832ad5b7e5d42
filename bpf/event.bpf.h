/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Events to user space. What does not fit in the ring buffer is counted, per session. */
#ifndef HOLDFAST_EVENT_BPF_H
#define HOLDFAST_EVENT_BPF_H

#include "holdfast.bpf.h"

#define SIGKILL 9
#define SIGSTOP 19
#define EVENT_COMPONENTS 128 /* of a path; what lies above is left out and the event says so */

/* What a hook found out. */
struct report {
        __u8 addr[16];
        __u32 rule;
        __u32 detail;
        __s32 error;
        __u16 kind, op;
        __u16 port;
        __u8 why, right, proto;
        __u8 allowed; /* not 0: it is told because the policy has it told */
        __u8 pad[2];
};

/* A walk upwards that measures a path. */
struct path_walk {
        __u64 dentry;
        __u64 bytes;
};

static long path_measure(__u32 i, struct path_walk *p)
{
        struct dentry *dentry = (struct dentry *)p->dentry;
        __u64 parent = (__u64)BPF_CORE_READ(dentry, d_parent);

        if (parent == p->dentry)
                return 1;
        p->bytes += (BPF_CORE_READ(dentry, d_name.len) & 255) + 1;
        p->dentry = parent;
        return 0;
}

/* Bytes that the path takes in an event. */
__attribute__((noinline)) __weak __u32 path_bytes(__u64 dentry)
{
        struct path_walk p = { .dentry = dentry };

        bpf_loop(EVENT_COMPONENTS, path_measure, &p, 0);
        return p.bytes;
}

/* Copies the components, the object's own first; returns the bytes written. room is a constant that leaves space for one more name. */
static __always_inline __u32 path_copy(char *to, __u32 room, __u64 dentry, __u16 *flags)
{
        __u64 at = 0;

        for (int i = 0; i < EVENT_COMPONENTS; i++) {
                struct dentry *d = (struct dentry *)dentry;
                __u64 parent = (__u64)BPF_CORE_READ(d, d_parent);
                __u32 length = BPF_CORE_READ(d, d_name.len) & 255;

                forget(at);
                /* The root of a file system has no name; an object without a place (memfd) is its own parent, and has one. */
                if (parent == dentry && (i || (__u64)BPF_CORE_READ(d, d_sb, s_root) == dentry))
                        return at;
                if (at >= room - 256)
                        break;
                bpf_probe_read_kernel(to + at, length, BPF_CORE_READ(d, d_name.name));
                at += length;
                if (at >= room)
                        break;
                to[at] = 0;
                at++;
                if (parent == dentry)
                        return at;
                dentry = parent;
        }
        *flags |= HF_EVENT_TRUNCATED;
        forget(at);
        return at;
}

/* What happened, without who did it. */
static __always_inline void event_what(struct hf_event *e, const struct agent *a, const struct report *r)
{
        __builtin_memset(e, 0, sizeof(*e));
        e->time = bpf_ktime_get_boot_ns();
        e->generation = a->session ? a->session->generation : 0;
        e->slot = a->slot;
        e->policy = a->policy;
        e->rule = r->rule;
        e->detail = r->detail;
        e->error = r->error;
        e->kind = r->kind;
        e->op = r->op;
        e->flags = r->error ? HF_EVENT_DENIED : r->allowed ? HF_EVENT_ALLOWED : 0;
        e->port = r->port;
        e->why = r->why;
        e->right = r->right;
        e->proto = r->proto;
        __builtin_memcpy(e->addr, r->addr, sizeof(e->addr));
}

static __always_inline void event_fill(struct hf_event *e, const struct agent *a, const struct report *r)
{
        __u64 id = bpf_get_current_pid_tgid();

        event_what(e, a, r);
        e->pid = id >> 32;
        e->tid = id;
        e->uid = bpf_get_current_uid_gid();
        bpf_get_current_comm(e->comm, sizeof(e->comm));
}

static __always_inline void event_object(struct hf_event *e, struct dentry *dentry)
{
        e->dev = BPF_CORE_READ(dentry, d_sb, s_dev);
        e->ino = BPF_CORE_READ(dentry, d_inode, i_ino); /* 0 where there is none */
}

/*
 * Counts what happened, and takes room for it in the ring buffer; NULL, with the loss counted, where there is none. To be looked at by the
 * caller at once: 6.1's verifier forgets that there is some.
 */
static __always_inline struct hf_event *event_start(const struct agent *a, const struct report *r, __u32 size)
{
        const bool large = size > HF_EVENT_SMALL;
        struct hf_session *s = a->session;
        struct hf_event *e = NULL;

        if (s && r->error)
                __sync_fetch_and_add(&s->denials, 1);
        /* What a policy has told leaves half of its places to connections; and what is large, seven eighths of them to what is not. */
        if (!s || (r->allowed ? event_fits(s->connections_sent - s->connections_taken, HF_CONNECTIONS_WAITING / (large ? 8 : 2))
                              : event_fits(s->sent - s->taken, HF_EVENTS_WAITING / (large ? 8 : 1))))
                e = bpf_ringbuf_reserve(&events, size, 0);
        if (!e) {
                if (s)
                        event_lost(s, r->kind);
                return NULL;
        }
        if (s)
                __sync_fetch_and_add(r->allowed ? &s->connections_sent : &s->sent, 1);
        return e;
}

/*
 * Hands it over. The first that waits wakes the daemon, also where those of connections wait, which wake nobody. Those about paths are read
 * with these then: there is no room on the stack to tell.
 */
static __always_inline void event_submit(const struct agent *a, struct hf_event *e)
{
        __u32 waiting = a->session ? a->session->sent - a->session->taken : 1;

        bpf_ringbuf_submit(e, waiting == 1 || waiting == HF_EVENTS_WAITING / 2 ? BPF_RB_FORCE_WAKEUP : 0);
}

/*
 * Whoever is killed and still asks is ended here, also where no daemon is there to do it. One that is paused because none is there is
 * stopped, until a daemon comes, freezes it in its stead and lets it go on.
 */
static __always_inline void refused_end(const struct agent *a, const struct report *r)
{
#ifndef NO_SIGNALS
        if (!r->error || !a->killed)
                return;
        if (a->killed & HF_KILL_KILL) {
                bpf_send_signal(SIGKILL);
        } else if (a->session && (a->killed & HF_KILL_PAUSE) && *(volatile __u64 *)&host.control_lost) {
                bpf_send_signal(SIGSTOP);
                *(volatile __u8 *)&a->session->stopped = 1;
        }
#endif
}

/*
 * The two below are global, and told of the agent in numbers, so that the kernel verifies them once for each program and not for each place
 * that calls them: they are most of what there is to verify. What *r is, is unknown to the verifier afterwards.
 */
#ifdef NO_SIGNALS
#define event_of_path event_of_path_quiet
#define event_of_task event_of_task_quiet
#endif

static __always_inline void agent_again(struct agent *a, __u32 slot, __u32 policy, __u32 killed)
{
        a->slot = slot;
        a->policy = policy;
        a->killed = killed;
        a->live = 0;
        a->session = bpf_map_lookup_elem(&sessions, &a->slot);
}

__attribute__((noinline)) __weak int event_of_path(__u64 object, const struct report *r, __u32 slot, __u32 policy, __u32 killed)
{
        struct hf_event *e;
        struct agent a;
        __u16 flags = 0;

        if (!r)
                return 0;
        agent_again(&a, slot, policy, killed);
        refused_end(&a, r);
        if (path_bytes(object) < HF_EVENT_SMALL - sizeof(*e) - 256) {
                e = event_start(&a, r, HF_EVENT_SMALL);
                if (!e)
                        return 0;
                event_fill(e, &a, r);
                e->path_len = path_copy(e->path, HF_EVENT_SMALL - sizeof(*e), object, &flags);
        } else {
                e = event_start(&a, r, HF_EVENT_LARGE);
                if (!e)
                        return 0;
                event_fill(e, &a, r);
                e->path_len = path_copy(e->path, HF_PATH, object, &flags);
        }
        event_object(e, (struct dentry *)object);
        e->flags |= flags;
        bpf_ringbuf_submit(e, 0);
        return 0;
}

__attribute__((noinline)) __weak int event_of_task(const struct report *r, __u32 slot, __u32 policy, __u32 killed)
{
        struct hf_event *e;
        struct agent a;

        if (!r)
                return 0;
        agent_again(&a, slot, policy, killed);
        refused_end(&a, r);
        e = event_start(&a, r, sizeof(*e));
        if (!e)
                return 0;
        event_fill(e, &a, r);
        event_submit(&a, e);
        return 0;
}

/* An event about a path. */
static __always_inline __attribute__((unused)) void event_path(const struct agent *a, const struct report *r, struct dentry *dentry)
{
        event_of_path(number(dentry), r, a->slot, a->policy, a->killed);
}

/* An event about an address, or about nothing but the task itself. */
static __always_inline __attribute__((unused)) void event_plain(const struct agent *a, const struct report *r)
{
        event_of_task(r, a->slot, a->policy, a->killed);
}

/* Refuses what the guard keeps from every session; detail says more for the event. */
static __always_inline int guard_refuse(const struct agent *a, __u16 op, __u32 detail)
{
        struct report r = { .kind = HF_EVENT_GUARD, .op = op, .detail = detail, .error = -EPERM, .why = HF_WHY_GUARD };

        if (a->killed)
                r.why = HF_WHY_KILLED;
        event_plain(a, &r);
        return -EPERM;
}

/* The same, of an object. */
static __always_inline __attribute__((unused)) int guard_refuse_path(const struct agent *a, __u16 op, __u32 detail, struct dentry *dentry)
{
        struct report r = { .kind = HF_EVENT_GUARD, .op = op, .detail = detail, .error = -EPERM, .why = HF_WHY_GUARD };

        if (a->killed)
                r.why = HF_WHY_KILLED;
        event_path(a, &r, dentry);
        return -EPERM;
}

/* Whether the policy makes this exception. */
static __always_inline __attribute__((unused)) bool guard_excepts(const struct agent *a, enum hf_guard exception)
{
        struct hf_policy *policy = bpf_map_lookup_elem(&policies, &a->policy);

        return !a->killed && policy && (policy->guard[exception] & a->live);
}

#endif
