/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Which session a cgroup belongs to. */
#ifndef HOLDFAST_CGROUP_BPF_H
#define HOLDFAST_CGROUP_BPF_H

#include "holdfast.bpf.h"

#define CGROUP_DEPTH 128

/* The slot of a cgroup or of one above it; 0: none. only, where not 0, is the one cgroup that counts. */
static __always_inline __u32 cgroup_slot(struct cgroup *cgroup, __u64 only)
{
        for (int i = 0; i < CGROUP_DEPTH; i++) {
                __u64 id;
                __u32 *slot;

                if (!cgroup)
                        return 0;
                id = BPF_CORE_READ(cgroup, kn, id);
                if (!only || id == only) {
                        slot = bpf_map_lookup_elem(&cgroups, &id);
                        if (slot)
                                return *slot;
                }
                /* The state of a cgroup itself is its first member. */
                cgroup = (struct cgroup *)BPF_CORE_READ(cgroup, self.parent);
        }
        return 0;
}

/* The slot of a socket's cgroup, that in which it was made. Global, and so verified once. */
__attribute__((noinline)) __weak __u32 socket_session(__u64 sk)
{
        return cgroup_slot(BPF_CORE_READ((struct sock *)sk, sk_cgrp_data.cgroup), 0);
}

/* The slot of a task's cgroup. Global, and so verified once, whatever calls it. */
__attribute__((noinline)) __weak __u32 cgroup_session(__u64 task)
{
        return cgroup_slot(BPF_CORE_READ((struct task_struct *)task, cgroups, dfl_cgrp), 0);
}

#endif
