/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The session of a cgroup, for the programs that are attached to that: whoever uses its sockets now. */
#ifndef HOLDFAST_MEMBER_BPF_H
#define HOLDFAST_MEMBER_BPF_H

#define NO_SIGNALS /* bpf_send_signal() is not for these programs */
#include "socket.bpf.h"

struct {
        __uint(type, BPF_MAP_TYPE_CGROUP_STORAGE);
        __type(key, __u64);
        __type(value, struct hf_task);
} cgroup_sessions MAP;

/* False: the session has ended, and the cgroup is nobody's. Policy and capabilities are not filled in. */
static __always_inline bool member(struct agent *a)
{
        struct hf_task *of = bpf_get_local_storage(&cgroup_sessions, 0);

        a->slot = of->slot;
        a->policy = 0;
        a->live = 0;
        a->session = bpf_map_lookup_elem(&sessions, &a->slot);
        if (!a->slot || !a->session)
                return false;
        a->killed = of->kind;
        if (of->kind)
                return true;
        if (a->session->generation != of->generation)
                return false;
        a->killed = *(volatile __u32 *)&a->session->kill | *(volatile __u32 *)&host.kill;
        return true;
}

static __always_inline void member_policy(struct agent *a)
{
        struct hf_policy *policy;

        a->policy = *(volatile __u32 *)&a->session->policy;
        policy = bpf_map_lookup_elem(&policies, &a->policy);
        if (policy)
                a->live = hf_live(policy);
}

#endif
