/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What every BPF file starts with: types, maps, and the current task's session. */
#ifndef HOLDFAST_BPF_H
#define HOLDFAST_BPF_H

#include "vmlinux.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "holdfast/abi.h"
#include "holdfast/decide.h"

#define EPERM 1
#define EAGAIN 11
#define ENOMEM 12
#define EACCES 13
#define EEXIST 17
#define EXDEV 18
#define FMODE_PATH 0x4000
#define PF_IO_WORKER 0x10

/* Makes the verifier forget the bounds of a counter, which would make each turn of a loop another case. */
#define forget(counter) asm volatile("%0 ^= 0" : "+r"(counter))

/* A pointer as a number, which a global function can be given. The verifier forgets what it knows of a register that is negated. */
static __always_inline __u64 number(const void *pointer)
{
        __u64 n = (__u64)pointer;

        asm volatile("%0 = -%0; %0 = -%0" : "+r"(n));
        return n;
}

/*
 * Whether a name leads to an object. 6.12's verifier takes d_inode for never NULL and drops a plain check, so the number is looked at too.
 */
static __always_inline __attribute__((unused)) bool is_there(const struct inode *inode)
{
        return inode && number(inode);
}

/* Each map is defined once in the linked object; weak lets every file that includes this name it. */
#define MAP SEC(".maps") __weak

struct {
        __uint(type, BPF_MAP_TYPE_ARRAY);
        __uint(max_entries, HF_SLOTS);
        __uint(map_flags, BPF_F_MMAPABLE);
        __type(key, __u32);
        __type(value, struct hf_session);
} sessions MAP;

struct {
        __uint(type, BPF_MAP_TYPE_ARRAY);
        __uint(max_entries, HF_POLICIES);
        __uint(map_flags, BPF_F_MMAPABLE);
        __type(key, __u32);
        __type(value, struct hf_policy);
} policies MAP;

/* Data of the programs, in data.bpf.c: a load from it costs no look into a map. User space pins and maps it like the others. */
extern struct hf_host host;
extern struct hf_hints hints;
extern struct hf_known_task tasks_known[HF_TASKS_KNOWN];
extern struct hf_use uses[HF_SLOTS];

struct {
        __uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
        __uint(max_entries, HF_POLICIES);
        __type(key, __u32);
        __array(
                values, struct {
                        __uint(type, BPF_MAP_TYPE_ARRAY);
                        __uint(max_entries, 1);
                        __uint(map_flags, HF_BOOK_FLAGS);
                        __uint(key_size, sizeof(__u32));
                        __uint(value_size, sizeof(union hf_record));
                });
} books MAP;

struct {
        __uint(type, BPF_MAP_TYPE_LPM_TRIE);
        __uint(max_entries, 1 << 18);
        __uint(map_flags, BPF_F_NO_PREALLOC);
        __type(key, struct hf_egress_key);
        __type(value, struct hf_egress);
} egress MAP;

struct {
        __uint(type, BPF_MAP_TYPE_HASH);
        __uint(max_entries, HF_OPENED_MAX);
        __uint(map_flags, BPF_F_NO_PREALLOC);
        __type(key, struct hf_egress_key);
        __type(value, struct hf_egress);
} opened MAP;

struct {
        __uint(type, BPF_MAP_TYPE_HASH);
        __uint(max_entries, HF_NAMED_MAX);
        __uint(map_flags, BPF_F_NO_PREALLOC);
        __type(key, struct hf_named_key);
        __type(value, struct hf_egress);
} named MAP;

struct {
        __uint(type, BPF_MAP_TYPE_HASH);
        __uint(max_entries, HF_THROTTLES_MAX);
        __uint(map_flags, BPF_F_NO_PREALLOC);
        __type(key, struct hf_throttle_key);
        __type(value, struct hf_throttle);
} throttles MAP;

struct {
        __uint(type, BPF_MAP_TYPE_SK_STORAGE);
        __uint(map_flags, BPF_F_NO_PREALLOC);
        __type(key, int);
        __type(value, struct hf_led);
} led MAP;

struct {
        __uint(type, BPF_MAP_TYPE_HASH);
        __uint(max_entries, HF_KNOWN_MAX);
        __uint(map_flags, BPF_F_NO_PREALLOC);
        __type(key, struct hf_known_key);
        __type(value, struct hf_known);
} contents MAP;

struct {
        __uint(type, BPF_MAP_TYPE_HASH);
        __uint(max_entries, 2 * HF_SLOTS);
        __uint(map_flags, BPF_F_NO_PREALLOC);
        __type(key, __u64);
        __type(value, __u32);
} cgroups MAP;

struct {
        __uint(type, BPF_MAP_TYPE_HASH);
        __uint(max_entries, HF_EXECUTABLES_MAX);
        __uint(map_flags, BPF_F_NO_PREALLOC);
        __type(key, struct hf_executable_key);
        __type(value, struct hf_executable);
} executables MAP;

struct {
        __uint(type, BPF_MAP_TYPE_TASK_STORAGE);
        __uint(map_flags, BPF_F_NO_PREALLOC);
        __type(key, int);
        __type(value, struct hf_task);
} tasks MAP;

struct {
        __uint(type, BPF_MAP_TYPE_SK_STORAGE);
        __uint(map_flags, BPF_F_NO_PREALLOC);
        __type(key, int);
        __type(value, struct hf_peer);
} peers MAP;

struct {
        __uint(type, BPF_MAP_TYPE_SK_STORAGE);
        __uint(map_flags, BPF_F_NO_PREALLOC | BPF_F_CLONE);
        __type(key, int);
        __type(value, struct hf_task);
} owners MAP;

/* Not 0: a TCP socket that was sent to without a copy, so that the program can still change what is to leave. */
struct {
        __uint(type, BPF_MAP_TYPE_SK_STORAGE);
        __uint(map_flags, BPF_F_NO_PREALLOC);
        __type(key, int);
        __type(value, __u32);
} uncopied MAP;

struct {
        __uint(type, BPF_MAP_TYPE_ARRAY);
        __uint(max_entries, 1);
        __uint(map_flags, BPF_F_MMAPABLE);
        __type(key, __u32);
        __type(value, struct hf_request);
} request MAP;

struct {
        __uint(type, BPF_MAP_TYPE_RINGBUF);
        __uint(max_entries, HF_EVENTS_BUFFER);
} events MAP;

struct {
        __uint(type, BPF_MAP_TYPE_LRU_HASH);
        __uint(max_entries, HF_USED_MAX);
        __type(key, struct hf_used);
        __type(value, __u8);
} used MAP;

/* What cannot be told is counted. */
static __always_inline void event_lost(struct hf_session *s, __u32 kind)
{
        __sync_fetch_and_add(&s->lost_kinds[kind & (HF_KINDS - 1)], 1);
        __sync_fetch_and_add(&s->lost, 1);
}

/*
 * Whether one more event of a session, of which so many wait, may go into the buffer. Signed: a daemon that died between reading an event
 * and letting go of it counts it twice.
 */
static __always_inline bool event_fits(__u32 waiting, int most)
{
        if ((int)waiting >= most)
                return false;
        return (int)waiting < HF_EVENTS_SPARE || bpf_ringbuf_query(&events, BPF_RB_AVAIL_DATA) < HF_EVENTS_BUFFER / 2;
}

#define SOCKFS_MAGIC 0x534f434b
#define OVERLAYFS_MAGIC 0x794c7630
#define BTRFS_MAGIC 0x9123683e
#define BCACHEFS_MAGIC 0xca451a4e
#define FUSE_MAGIC 0x65735546 /* the least of these, and more than most have */
#define MSDOS_MAGIC 0x4d44
#define EXFAT_MAGIC 0x2011bab0

/* Whether inode numbers are not unique in a file system, or do not last: its inodes then go by their address. */
static __always_inline bool magic_by_address(__u64 magic)
{
        if (magic < FUSE_MAGIC)
                return magic == MSDOS_MAGIC || magic == EXFAT_MAGIC;
        return magic == OVERLAYFS_MAGIC || magic == BTRFS_MAGIC || magic == BCACHEFS_MAGIC || magic == FUSE_MAGIC;
}

static __always_inline bool by_address(struct super_block *sb)
{
        return magic_by_address(sb->s_magic);
}

/* Whether what is open already needs a look at all. */
static __always_inline bool host_look(void)
{
        return *(volatile __u32 *)&host.look;
}

/* The current task's session, as one hook sees it: read once, so that a switch of the policy falls before or after the hook. */
struct agent {
        struct hf_session *session;
        __u64 live; /* capabilities that count */
        __u32 slot;
        __u32 policy;
        __u32 killed; /* enum hf_kill */
};

#include "cgroup.bpf.h"

extern int LINUX_KERNEL_VERSION __kconfig;

/*
 * Until 6.2 the kernel's look into task storage comes to nothing while another task on the same CPU, preempted, is in the middle of one.
 * The cgroup, which a task inside cannot leave, tells then.
 */
static __always_inline bool busy_session(struct task_struct *task, __u32 *slot, __u64 *generation)
{
        struct hf_session *session;

        if (LINUX_KERNEL_VERSION >= KERNEL_VERSION(6, 2, 0))
                return false;
        *slot = cgroup_session(number(task));
        session = *slot ? bpf_map_lookup_elem(&sessions, slot) : NULL;
        if (!session)
                return false;
        *generation = session->generation;
        return true;
}

/* The record of a task, or of the leader of its thread group where the task has none of its own yet (it was moved as a whole). */
static __always_inline struct hf_task *task_record(struct task_struct *task)
{
        struct hf_task *own = bpf_task_storage_get(&tasks, task, NULL, 0);

        return own ? own : bpf_task_storage_get(&tasks, task->group_leader, NULL, 0);
}

/* What stands for a task in tasks_known. */
static __always_inline __u64 known_hash(struct task_struct *task)
{
        return number(task) * 0x9e3779b97f4a7c15ULL;
}

static __always_inline struct hf_known_task *known_task(__u64 hash)
{
        return &tasks_known[hash >> (64 - 12)];
}

static __always_inline __u64 known_check(__u64 hash, __u32 slot, __u64 generation)
{
        return (hash ^ generation) * 0xff51afd7ed558ccdULL + slot;
}

static __always_inline void known_write(__u64 hash, __u32 slot, __u64 generation)
{
        struct hf_known_task *known = known_task(hash);

        known->slot = slot;
        known->generation = generation;
        known->check = known_check(hash, slot, generation);
}

/* The session of the current task, if it has one, as its record says. */
static __always_inline bool task_session(struct task_struct *task, __u32 *slot, __u64 *generation)
{
        struct hf_known_task *known;
        struct hf_task *record;
        __u64 hash;

        if (!task->bpf_storage && !task->group_leader->bpf_storage)
                return false;
        hash = known_hash(task);
        known = known_task(hash);
        *slot = *(volatile __u32 *)&known->slot;
        *generation = *(volatile __u64 *)&known->generation;
        if (*(volatile __u64 *)&known->check == known_check(hash, *slot, *generation))
                return true;
        record = bpf_task_storage_get(&tasks, task, NULL, 0);
        if (record) {
                *slot = record->slot;
                *generation = record->generation;
                known_write(hash, *slot, *generation);
                return true;
        }
        record = bpf_task_storage_get(&tasks, task->group_leader, NULL, 0);
        if (!record)
                return busy_session(task, slot, generation);
        *slot = record->slot;
        *generation = record->generation;
        return true;
}

/* Whether the current task, task, belongs to a session. What is not an agent pays for three loads. */
static __always_inline bool agent_is(struct agent *a, struct task_struct *task)
{
        struct hf_policy *policy;
        __u64 generation;

        if (!task_session(task, &a->slot, &generation))
                return false;
        a->session = bpf_map_lookup_elem(&sessions, &a->slot);
        a->policy = 0;
        a->live = 0;
        a->killed = HF_KILL_DENY;
        if (!a->session)
                return true;
        a->killed = *(volatile __u32 *)&a->session->kill | *(volatile __u32 *)&host.kill;
        /* A task that outlived its session may do nothing, whoever has the slot now. */
        if (a->session->generation != generation)
                a->killed |= HF_KILL_DENY;
        if (a->killed)
                return true;
        a->policy = *(volatile __u32 *)&a->session->policy;
        policy = bpf_map_lookup_elem(&policies, &a->policy);
        if (policy)
                a->live = hf_live(policy);
        return true;
}

static __always_inline bool agent_current(struct agent *a)
{
        return agent_is(a, bpf_get_current_task_btf());
}

/*
 * Whether a task with other credentials than its own acts on its own account all the same. So does the worker of io_uring that has taken on
 * those which the task had when it asked, and the task that writes its own core file; but where a file system lies on top of another, what
 * is made in a folder other than the one that the core file's name led to is made on that file system's. Global, and so verified once,
 * whatever calls it.
 */
__attribute__((noinline)) __weak bool own_account(__u64 of, __u64 folder)
{
        struct task_struct *task = (struct task_struct *)of;
        struct io_worker *worker;
        struct io_wq_work *work;
        struct io_kiocb *asked;
        struct dentry *named;

        if (BPF_CORE_READ(task, flags) & PF_IO_WORKER) {
                worker = BPF_CORE_READ(task, worker_private);
                work = BPF_CORE_READ(worker, cur_work);
                if (!work)
                        return true;
                asked = (void *)work - bpf_core_field_offset(struct io_kiocb, work);
                return BPF_CORE_READ(asked, creds) == BPF_CORE_READ(task, cred);
        }
        if (!BPF_CORE_READ(task, signal, core_state))
                return false;
        named = BPF_CORE_READ(task, nameidata, path.dentry);
        return !folder || !named || (__u64)BPF_CORE_READ(named, d_inode) == folder;
}

/*
 * Whether the kernel acts for the task with another's credentials: a file system on top of another (overlayfs) working on the
 * files below, which the upper level has checked. folder is where something is made or removed, else NULL.
 */
static __always_inline bool inner_credentials(struct task_struct *task, struct inode *folder)
{
        return task->cred != task->real_cred && !own_account(number(task), number(folder));
}

/*
 * The same, of an open file, and of all tasks: only such a file system has files on a mount of its own that is in no namespace, or
 * (until 6.4) files with the path of the upper level and the inode of the lower.
 */
static __always_inline __attribute__((unused)) bool inner_file(struct task_struct *task, struct file *file)
{
        struct mount *mount;
        __s64 namespace;

        if (task->cred == task->real_cred)
                return false;
        if (file->f_path.dentry->d_sb != file->f_inode->i_sb)
                return true;
        mount = (void *)number(file->f_path.mnt) - bpf_core_field_offset(struct mount, mnt);
        namespace = (__s64)BPF_CORE_READ(mount, mnt_ns);
        return namespace < 0 && namespace >= -4095; /* an error in place of a pointer */
}

/* Whether the hook concerns a session at all, and acts on its own account; where in a folder, or NULL. */
static __always_inline __attribute__((unused)) bool agent_acts_in(struct agent *a, struct inode *folder)
{
        struct task_struct *task = bpf_get_current_task_btf();

        return agent_is(a, task) && !inner_credentials(task, folder);
}

static __always_inline __attribute__((unused)) bool agent_acts(struct agent *a)
{
        return agent_acts_in(a, NULL);
}

/* The same, of an open file. */
static __always_inline __attribute__((unused)) bool agent_acts_on(struct agent *a, struct file *file)
{
        struct task_struct *task = bpf_get_current_task_btf();

        return agent_is(a, task) && !inner_file(task, file);
}

/* Whether a record is of the same session, and not of one that had the slot before. */
static __always_inline bool is_own(const struct agent *a, const struct hf_task *record)
{
        return record && record->slot == a->slot && a->session && record->generation == a->session->generation;
}

static __always_inline void make_own(const struct agent *a, struct hf_task *record)
{
        record->slot = a->slot;
        record->generation = a->session ? a->session->generation : 0;
}

/* The record of a socket, which is the session's from now on. NULL: there is no memory for it. */
static __always_inline __attribute__((unused)) struct hf_task *own_socket(const struct agent *a, void *sk)
{
        struct hf_task *owner = bpf_sk_storage_get(&owners, sk, NULL, BPF_SK_STORAGE_GET_F_CREATE);

        if (owner)
                make_own(a, owner);
        return owner;
}

/*
 * Gives a task the record of another. The value comes with it, so that nobody sees one that is empty. A fork, a move and the daemon's own
 * look may meet at one task: the kernel tells who comes second that there is something already, so they ask again.
 */
static __always_inline __attribute__((unused)) int inherit(struct task_struct *task, const struct hf_task *from)
{
        struct hf_task value = *from;

        for (int i = 0; i < 3; i++)
                if (bpf_task_storage_get(&tasks, task, &value, BPF_LOCAL_STORAGE_GET_F_CREATE))
                        return 0;
        return -ENOMEM;
}

/* Whether a task is of the same session. */
static __always_inline bool same_session(const struct agent *a, struct task_struct *task)
{
        return is_own(a, task_record(task));
}

#endif
