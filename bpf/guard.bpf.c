/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The ways round: what would undo confinement, or reach another process, is refused whatever the policy says. */
#include "holdfast.bpf.h"
#include "event.bpf.h"

#define PTRACE_MODE_ATTACH 0x02
#define F_SETFL 4
#define F_SETOWN 8
#define F_SETOWN_EX 15
#define CAP_IPC_LOCK 14
#define CAP_SYS_NICE 23
#define CAP_LINUX_IMMUTABLE 9
#define CAP_SYS_ADMIN 21
#define CAP_SYS_RESOURCE 24
#define CAP_MKNOD 27
#define CAP_SETFCAP 31
#define CAP_OPT_NOAUDIT 2
#define FASYNC 0x2000
#define S_IFMT 0170000
#define S_IFCHR 0020000
#define SEND_SIG_PRIV ((void *)1)

static __always_inline int refuse_all(__u16 op, __u32 detail)
{
        struct agent a;

        return agent_current(&a) ? guard_refuse(&a, op, detail) : 0;
}

static __always_inline int refuse_unless(enum hf_guard exception, __u16 op, __u32 detail)
{
        struct agent a;

        return agent_current(&a) && !guard_excepts(&a, exception) ? guard_refuse(&a, op, detail) : 0;
}

SEC("lsm/bpf")
int BPF_PROG(guard_bpf, int cmd)
{
        return refuse_all(HF_OP_BPF, cmd);
}

SEC("lsm/perf_event_open")
int BPF_PROG(guard_perf)
{
        return refuse_unless(HF_GUARD_PERF, HF_OP_PERF, 0);
}

/* Refuses what is done to a task that is not in the session. */
static __always_inline int others(struct task_struct *task, __u16 op)
{
        struct agent a;

        if (!agent_current(&a) || same_session(&a, task))
                return 0;
        return guard_refuse(&a, op, task->tgid);
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
        return others(parent, HF_OP_PTRACE);
}

SEC("lsm/task_kill")
int BPF_PROG(guard_signal, struct task_struct *to, struct kernel_siginfo *info, int sig)
{
        struct agent a;

        if ((void *)info == SEND_SIG_PRIV || !agent_current(&a) || (!a.killed && same_session(&a, to)))
                return 0;
        return guard_refuse(&a, HF_OP_SIGNAL, sig);
}

#define OTHERS_HOOK(hook, name, op) \
        SEC("lsm/" #hook) int BPF_PROG(name, struct task_struct *task) \
        { \
                return others(task, op); \
        }

OTHERS_HOOK(task_setnice, guard_nice, HF_OP_PRIORITY)
OTHERS_HOOK(task_setioprio, guard_ioprio, HF_OP_PRIORITY)
OTHERS_HOOK(task_setscheduler, guard_scheduler, HF_OP_PRIORITY)
OTHERS_HOOK(task_setrlimit, guard_limit, HF_OP_LIMIT)
OTHERS_HOOK(task_movememory, guard_memory, HF_OP_MEMORY)

/* The task's process id as it knows it itself. */
static __always_inline __u32 own_id(struct task_struct *task)
{
        struct pid *pid = BPF_CORE_READ(task, group_leader, thread_pid);
        __u32 level = BPF_CORE_READ(pid, level);
        __u32 id = 0;

        bpf_core_read(&id, sizeof(id), &pid->numbers[level & 31].nr);
        return id;
}

/*
 * Whom a file signals when something happens to it: the signal comes from whoever makes that happen, so the owner is looked at when it
 * is set. Only the process itself. F_SETOWN_EX names the owner in memory that could change after a look; a terminal makes an owner of who
 * is in the foreground once it is asked for signals.
 */
SEC("lsm/file_fcntl")
int BPF_PROG(guard_owner, struct file *file, unsigned int cmd, unsigned long arg)
{
        struct agent a;

        bool async = cmd == F_SETFL && (arg & FASYNC) && (file->f_inode->i_mode & S_IFMT) == S_IFCHR;

        if ((cmd != F_SETOWN && cmd != F_SETOWN_EX && !async) || !agent_current(&a))
                return 0;
        if (cmd == F_SETOWN && !a.killed && (!(__u32)arg || (__u32)arg == own_id(bpf_get_current_task_btf())))
                return 0;
        return guard_refuse(&a, HF_OP_OWNER, arg);
}

extern const int __preempt_count __ksym __weak;      /* amd64 until 6.1 and since 6.15; */
extern const struct pcpu_hot pcpu_hot __ksym __weak; /* in between */

/* Whether an interrupt, hard or soft, has come over the current task. */
static __always_inline bool in_interrupt(void)
{
#ifdef __TARGET_ARCH_arm64
        int count = bpf_get_current_task_btf()->thread_info.preempt.count;
#else
        int count = &pcpu_hot          ? ((struct pcpu_hot *)bpf_this_cpu_ptr(&pcpu_hot))->preempt_count
                    : &__preempt_count ? *(int *)bpf_this_cpu_ptr(&__preempt_count)
                                       : 0;
#endif
        return count & 0xffff00 & ~0xfe00; /* softirq's lowest bit; more of it says only that they are off */
}

/* The owner may have been set before the session. What comes by an interrupt need not be the current task's doing. */
SEC("lsm/file_send_sigiotask")
int BPF_PROG(guard_sigio, struct task_struct *task)
{
        struct agent a;

        if (in_interrupt() || !agent_current(&a) || (!a.killed && same_session(&a, task)))
                return 0;
        return guard_refuse(&a, HF_OP_OWNER, task->pid);
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
        return refuse_unless(HF_GUARD_USER_NAMESPACES, HF_OP_CHROOT, 0);
}

SEC("lsm/userns_create")
int BPF_PROG(guard_userns)
{
        return refuse_unless(HF_GUARD_USER_NAMESPACES, HF_OP_NAMESPACE, 0);
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
        return refuse_unless(HF_GUARD_IO_URING_SQPOLL, HF_OP_NAMESPACE, 2);
}

/* Whether it is userfaultfd that the kernel makes an object for, by how its name starts: "[userfau" as a little-endian number. */
static __always_inline bool is_userfaultfd(const struct qstr *name)
{
        __u64 start = 0;

        bpf_probe_read_kernel(&start, sizeof(start), BPF_CORE_READ(name, name));
        return start == 0x756166726573755bULL;
}

/* Who can hold the kernel up in the middle of a copy wins races that nobody else can. */
SEC("lsm/inode_init_security_anon")
int BPF_PROG(guard_userfaultfd, struct inode *inode, const struct qstr *name)
{
        struct agent a;

        if (!agent_current(&a) || !is_userfaultfd(name) || guard_excepts(&a, HF_GUARD_USERFAULTFD))
                return 0;
        return guard_refuse(&a, HF_OP_USERFAULTFD, 0);
}

SEC("lsm/syslog")
int BPF_PROG(guard_log, int type)
{
        return refuse_all(HF_OP_LOG, type);
}

/* Keys of the user, and of sessions that he has elsewhere, are within reach of all that runs as him. The kernel's own use is its own. */
SEC("lsm/key_permission")
int BPF_PROG(guard_key)
{
        return inner_credentials(bpf_get_current_task_btf(), NULL) ? 0 : refuse_unless(HF_GUARD_KEYS, HF_OP_KEY, 0);
}

/* A key that is asked for and not there is made, and the kernel runs a program outside to find what belongs in it. */
SEC("lsm/key_alloc")
int BPF_PROG(guard_key_made)
{
        return inner_credentials(bpf_get_current_task_btf(), NULL) ? 0 : refuse_unless(HF_GUARD_KEYS, HF_OP_KEY, 1);
}

/* Whether a program that starts gets another user, group or Linux capabilities from its file. Root's own come with every program. */
static __always_inline bool gains(const struct cred *old, const struct cred *new)
{
        __u64 had = 0, gets = 0;

        if (new->euid.val != old->euid.val || new->egid.val != old->egid.val)
                return true;
        bpf_core_read(&had, sizeof(had), &old->cap_permitted);
        bpf_core_read(&gets, sizeof(gets), &new->cap_permitted);
        return new->euid.val && (gets & ~had);
}

/*
 * A thread that executes a program becomes the only one of its process, and the leader. What it belongs to by its leader alone, as the
 * process was moved in as a whole, is noted as its own before; where the kernel's look comes to nothing, it is to be tried again.
 */
static __always_inline int keep_session(struct task_struct *task)
{
        struct hf_task *from;

        if (task->pid == task->tgid || bpf_task_storage_get(&tasks, task, NULL, 0))
                return 0;
        from = bpf_task_storage_get(&tasks, task->group_leader, NULL, 0);
        return from ? inherit(task, from) : -EAGAIN;
}

SEC("lsm/bprm_creds_from_file")
int BPF_PROG(guard_exec, struct linux_binprm *bprm, const struct file *file)
{
        struct task_struct *task = bpf_get_current_task_btf();
        struct agent a;
        int error;

        if (!agent_is(&a, task))
                return 0;
        error = keep_session(task);
        if (error || !gains(task->cred, bprm->cred) || guard_excepts(&a, HF_GUARD_SETUID))
                return error;
        return guard_refuse_path(&a, HF_OP_SETUID, bprm->cred->euid.val, file->f_path.dentry);
}

static __always_inline bool capability_excepted(const struct agent *a, const struct user_namespace *ns, int cap)
{
        /* In a user namespace of its own. Joining others takes capabilities in those. */
        if (ns->level > 0 && guard_excepts(a, HF_GUARD_USER_NAMESPACES))
                return true;
        return (cap == CAP_SYS_NICE && guard_excepts(a, HF_GUARD_PRIORITY)) ||
               (cap == CAP_SYS_RESOURCE && guard_excepts(a, HF_GUARD_LIMITS)) ||
               (cap == CAP_IPC_LOCK && guard_excepts(a, HF_GUARD_LOCK_MEMORY));
}

/* Of the mounter's, for what a file system on top of another keeps there. */
#define CAPABILITIES_BELOW \
        (HF_CAPABILITY(CAP_SYS_ADMIN) | HF_CAPABILITY(CAP_SYS_RESOURCE) | HF_CAPABILITY(CAP_MKNOD) | HF_CAPABILITY(CAP_SETFCAP) | \
         HF_CAPABILITY(CAP_LINUX_IMMUTABLE))

/*
 * Whether the kernel asks for a file system on top of another. What io_uring does in a task that has changed its credentials meanwhile
 * looks alike, so a task with a ring does without.
 */
static __always_inline bool asks_below(struct task_struct *task, int cap)
{
        return cap < 64 && (CAPABILITIES_BELOW & HF_CAPABILITY(cap)) && !task->io_uring && inner_credentials(task, NULL);
}

/* What the kernel asks by the way, without meaning to refuse anything for it, makes no event. */
SEC("lsm/capable")
int BPF_PROG(guard_capable, const struct cred *cred, struct user_namespace *ns, int cap, unsigned int opts)
{
        struct task_struct *task = bpf_get_current_task_btf();
        struct agent a;

        if ((cap < 64 && (HF_CAPABILITIES_KEPT & HF_CAPABILITY(cap))) || !agent_is(&a, task) || capability_excepted(&a, ns, cap) ||
            asks_below(task, cap))
                return 0;
        return opts & CAP_OPT_NOAUDIT ? -EPERM : guard_refuse(&a, HF_OP_CAPABILITY, cap);
}
