/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Programs that rules of the host have run in a session, or not at all. The daemon takes the process in while the kernel waits for it, as
 * the program is opened; here it is seen whether that was done.
 */
#include "check.bpf.h"

static __always_inline struct hf_executable *executable_find(__u64 inode, __u64 names)
{
        struct super_block *sb = BPF_CORE_READ((struct inode *)inode, i_sb);
        const bool address = magic_by_address(BPF_CORE_READ(sb, s_magic));
        __u64 ino = BPF_CORE_READ((struct inode *)inode, i_ino);
        struct hf_executable_key key = { .names = names };

        key.object.ino = address ? inode : ino;
        key.object.dev = BPF_CORE_READ(sb, s_dev);
        key.object.generation = address ? ino : BPF_CORE_READ((struct inode *)inode, i_generation);
        return bpf_map_lookup_elem(&executables, &key);
}

/* Whether the name may be one of them. */
static __always_inline bool may_be_named(__u64 dentry, __u64 filter)
{
        __u32 length = BPF_CORE_READ((struct dentry *)dentry, d_name.len);
        __u64 start = 0;

        bpf_probe_read_kernel(&start, sizeof(start), BPF_CORE_READ((struct dentry *)dentry, d_name.name));
        if (length < 8)
                start &= (1ULL << (length * 8 & 63)) - 1;
        return filter & hf_name_bit(start, length);
}

/* By its place, one folder after the other upwards. */
static __always_inline struct hf_executable *executable_at(__u64 dentry, __u64 filter)
{
        struct hf_executable *found = NULL;
        __u64 names = 0;

        if (!may_be_named(dentry, filter))
                return NULL;
        for (int i = 0; i < HF_EXECUTABLE_LEVELS && !found; i++) {
                __u64 above = (__u64)BPF_CORE_READ((struct dentry *)dentry, d_parent);

                if (above == dentry)
                        return NULL;
                names = hf_names_join(names, dentry_hash(dentry));
                found = executable_find((__u64)BPF_CORE_READ((struct dentry *)above, d_inode), names);
                dentry = above;
        }
        return found;
}

#define CGROUPS 16 /* one above the other; what is deeper counts as in every cgroup */
#define NAME_WORDS_MAX 32

/* The hash of a cgroup's name. Global, and so verified once. */
__attribute__((noinline)) __weak __u64 cgroup_name_hash(__u64 cgroup)
{
        __u64 name = (__u64)BPF_CORE_READ((struct cgroup *)cgroup, kn, name);
        __u32 length = 0;

        for (int i = 0; i < NAME_WORDS_MAX; i++) {
                char part[9];
                long n = bpf_probe_read_kernel_str(part, sizeof(part), (void *)(name + length));

                if (n <= 0)
                        break;
                length += n - 1;
                if (n < (long)sizeof(part))
                        break;
        }
        return name_hash(name, length);
}

/* Whether a task is in a cgroup, or below it. Global, and so verified once. */
__attribute__((noinline)) __weak int is_in_cgroup(__u64 task, __u64 wanted)
{
        struct cgroup *cgroup = BPF_CORE_READ((struct task_struct *)task, cgroups, dfl_cgrp);
        __u64 above[CGROUPS] = {}, names = 0;

        for (int i = 0; i < CGROUPS; i++) {
                struct cgroup *next = (struct cgroup *)BPF_CORE_READ(cgroup, self.parent);

                if (!next)
                        break; /* the root has no name */
                if (i == CGROUPS - 1)
                        return 1;
                above[i] = (__u64)cgroup;
                cgroup = next;
        }
        for (int i = CGROUPS - 1; i >= 0; i--) {
                if (!above[i])
                        continue;
                names = hf_names_join(names, cgroup_name_hash(above[i]));
                if (names == wanted)
                        return 1;
        }
        return 0;
}

static __always_inline bool is_about(const struct hf_executable *x, __u64 task)
{
        const __u32 uid = bpf_get_current_uid_gid();

        for (__u32 i = 0; i < HF_EXECUTABLE_RULES; i++) {
                if (i >= x->count)
                        break;
                if ((x->rule[i].user == HF_ANYBODY || x->rule[i].user == uid) &&
                    (!x->rule[i].cgroup || is_in_cgroup(task, x->rule[i].cgroup)))
                        return true;
        }
        return false;
}

/* Refuses, with an event, what the current task may execute in a session only. Not inlined, so that the hook's answer is plain to the
 * verifier. */
static __noinline bool refuse_exec(__u64 inode, __u64 dentry, __u64 filter)
{
        struct report r = { .kind = HF_EVENT_EXEC, .op = HF_OP_EXEC, .right = HF_EXEC, .error = -EACCES, .why = HF_WHY_HOST };
        struct task_struct *task = bpf_get_current_task_btf();
        const struct hf_executable *x;
        struct agent nobody = {};
        __u64 generation;
        __u32 slot;

        if (task_session(task, &slot, &generation))
                return false;
        x = executable_find(inode, 0);
        if (!x)
                x = executable_at(dentry, filter);
        if (!x || !is_about(x, number(task)))
                return false;
        event_path(&nobody, &r, (struct dentry *)dentry);
        return true;
}

/* Once for the program, and once for each interpreter. */
SEC("lsm/bprm_check_security")
int BPF_PROG(exec_host, struct linux_binprm *bprm)
{
        const __u64 filter = *(volatile __u64 *)&host.executables;

        if (!filter)
                return 0;
        return refuse_exec((__u64)BPF_CORE_READ(bprm, file, f_inode), (__u64)BPF_CORE_READ(bprm, file, f_path.dentry), filter) ? -EACCES
                                                                                                                               : 0;
}
