/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The ways round: what would undo confinement, or reach another process, is refused whatever the policy says. */
#include "holdfast.bpf.h"
#include "event.bpf.h"

#define PTRACE_MODE_ATTACH 0x02
#define SEND_SIG_PRIV ((void *)1)
#define CAP(n) (1ULL << (n))

/* The Linux capabilities that a session's root keeps: those over its own files and processes. */
#define CAPABILITIES_KEPT \
        (CAP(0) /* CHOWN */ | CAP(1) /* DAC_OVERRIDE */ | CAP(2) /* DAC_READ_SEARCH */ | CAP(3) /* FOWNER */ | CAP(4) /* FSETID */ | \
         CAP(5) /* KILL */ | CAP(6) /* SETGID */ | CAP(7) /* SETUID */ | CAP(8) /* SETPCAP */ | CAP(10) /* NET_BIND_SERVICE */ | \
         CAP(39) /* BPF: bpf() itself is refused, with an event */)

static __always_inline int refuse_all(__u16 op, __u32 detail)
{
        struct agent a;

        return agent_current(&a) ? guard_refuse(&a, op, detail) : 0;
}

SEC("lsm/bpf")
int BPF_PROG(guard_bpf, int cmd)
{
        return refuse_all(HF_OP_BPF, cmd);
}

SEC("lsm/perf_event_open")
int BPF_PROG(guard_perf)
{
        return refuse_all(HF_OP_PERF, 0);
}

SEC("lsm/ptrace_access_check")
int BPF_PROG(guard_ptrace, struct task_struct *child, unsigned int mode)
{
        struct agent a;

        if (!agent_current(&a) || same_session(&a, child))
                return 0;
        /* Reading another's /proc entries is refused without an event: ps(1) asks for every process. */
        return mode & PTRACE_MODE_ATTACH ? guard_refuse(&a, HF_OP_PTRACE, child->tgid) : -EPERM;
}

SEC("lsm/ptrace_traceme")
int BPF_PROG(guard_traceme, struct task_struct *parent)
{
        struct agent a;

        if (!agent_current(&a) || same_session(&a, parent))
                return 0;
        return guard_refuse(&a, HF_OP_PTRACE, parent->tgid);
}

SEC("lsm/task_kill")
int BPF_PROG(guard_signal, struct task_struct *to, struct kernel_siginfo *info, int sig)
{
        struct agent a;

        if ((void *)info == SEND_SIG_PRIV || !agent_current(&a) || same_session(&a, to))
                return 0;
        return guard_refuse(&a, HF_OP_SIGNAL, sig);
}

static __always_inline int others(struct task_struct *task, __u16 op)
{
        struct agent a;

        if (!agent_current(&a) || same_session(&a, task))
                return 0;
        return guard_refuse(&a, op, task->tgid);
}

SEC("lsm/task_setnice")
int BPF_PROG(guard_nice, struct task_struct *task)
{
        return others(task, HF_OP_PRIORITY);
}

SEC("lsm/task_setioprio")
int BPF_PROG(guard_ioprio, struct task_struct *task)
{
        return others(task, HF_OP_PRIORITY);
}

SEC("lsm/task_setscheduler")
int BPF_PROG(guard_scheduler, struct task_struct *task)
{
        return others(task, HF_OP_PRIORITY);
}

SEC("lsm/sb_mount")
int BPF_PROG(guard_mount)
{
        return refuse_all(HF_OP_MOUNT, 0);
}

SEC("lsm/sb_umount")
int BPF_PROG(guard_umount)
{
        return refuse_all(HF_OP_MOUNT, 1);
}

SEC("lsm/move_mount")
int BPF_PROG(guard_move_mount)
{
        return refuse_all(HF_OP_MOUNT, 2);
}

SEC("lsm/sb_pivotroot")
int BPF_PROG(guard_pivotroot)
{
        return refuse_all(HF_OP_MOUNT, 3);
}

SEC("lsm/path_chroot")
int BPF_PROG(guard_chroot)
{
        return refuse_all(HF_OP_CHROOT, 0);
}

SEC("lsm/userns_create")
int BPF_PROG(guard_userns)
{
        return refuse_all(HF_OP_NAMESPACE, 0);
}

SEC("lsm/kernel_module_request")
int BPF_PROG(guard_module_request)
{
        return refuse_all(HF_OP_MODULE, 0);
}

SEC("lsm/kernel_read_file")
int BPF_PROG(guard_read_file)
{
        return refuse_all(HF_OP_MODULE, 1);
}

SEC("lsm/kernel_load_data")
int BPF_PROG(guard_load_data)
{
        return refuse_all(HF_OP_MODULE, 2);
}

SEC("lsm/uring_override_creds")
int BPF_PROG(guard_personality)
{
        return refuse_all(HF_OP_NAMESPACE, 1);
}

SEC("lsm/uring_sqpoll")
int BPF_PROG(guard_sqpoll)
{
        return refuse_all(HF_OP_NAMESPACE, 2);
}

/* Asked by the kernel at every turn, so refused without an event: what then fails says so by itself. */
SEC("lsm/capable")
int BPF_PROG(guard_capable, const struct cred *cred, struct user_namespace *ns, int cap)
{
        struct agent a;

        if ((cap < 64 && (CAPABILITIES_KEPT & CAP(cap))) || !agent_current(&a) || inner_credentials())
                return 0;
        return -EPERM;
}
