/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the tasks of a session had before they were taken in, for the daemon to tell of; and letting go of them again. */
#include "look.bpf.h"
#include "socket.bpf.h"

#define MQUEUE_MAGIC 0x19800202
#define FMODE_READ 0x1
#define FMODE_WRITE 0x2

/* Writes each thread, of the requested slot or not, with what it may share with others. */
SEC("iter/task")
int see_tasks(struct bpf_iter__task *ctx)
{
        struct task_struct *task = ctx->task;
        struct hf_seen seen = {};
        struct hf_request *r;
        struct agent a;
        __u32 zero = 0;

        r = bpf_map_lookup_elem(&request, &zero);
        if (!task || !r)
                return 0;
        seen.memory = (__u64)BPF_CORE_READ(task, mm);
        if (!seen.memory)
                return 0;
        seen.files = (__u64)BPF_CORE_READ(task, files);
        seen.tid = task->pid;
        seen.tgid = task->tgid;
        seen.member = asked_about(&a, r, task);
        if (task->ptrace)
                seen.tracer = BPF_CORE_READ(task, parent, tgid);
        seen.userns = BPF_CORE_READ(task, real_cred, user_ns, ns.inum);
        bpf_probe_read_kernel(&seen.capabilities, sizeof(seen.capabilities), &BPF_CORE_READ(task, real_cred)->cap_effective);
        /* One that works off requests has its record there. */
        seen.sqpoll = (task->flags & PF_IO_WORKER) && !BPF_CORE_READ(task, worker_private);
        bpf_seq_write(ctx->meta->seq, &seen, sizeof(seen));
        return 0;
}

/* Notes whose a unix socket is that was made before its session, and what is wrong with a socket. */
static __always_inline bool see_socket(struct agent *a, struct hf_held *held, struct file *file)
{
        struct socket *sock = bpf_sock_from_file(file);
        struct sock *sk = sock ? sock->sk : NULL, *peer;
        struct unix_address *name;
        struct peer_address p;

        if (!sk)
                return false;
        held->family = sk->__sk_common.skc_family;
        held->type = sock->type;
        held->protocol = sk->sk_protocol;
        /* Of a listener it does not follow that nobody outside accepts on it. */
        if (held->family == AF_UNIX && sk->__sk_common.skc_state != TCP_LISTEN && !bpf_sk_storage_get(&owners, sk, NULL, 0))
                own_socket(a, sk);
        switch (socket_fault(a, sock, sk, 0)) {
        case SOCKET_FITS:
                return false;
        case SOCKET_KIND:
                held->kind = HF_HELD_SOCKET;
                return true;
        case SOCKET_LISTEN:
                held->kind = HF_HELD_LISTENER;
                held->port = sk->__sk_common.skc_num;
                if (held->family == AF_INET6) {
                        BPF_CORE_READ_INTO(&held->addr, sk, __sk_common.skc_v6_rcv_saddr);
                        return true;
                }
                address_v4(&p, sk->__sk_common.skc_rcv_saddr, 0);
                __builtin_memcpy(held->addr, p.addr, sizeof(p.addr));
                return true;
        case SOCKET_PEER:
                held->kind = HF_HELD_CONNECTED;
                address_of_peer(&p, sk);
                held->port = p.port;
                __builtin_memcpy(held->addr, p.addr, sizeof(p.addr));
                return true;
        case SOCKET_UNIX:
                held->kind = HF_HELD_UNIX;
                peer = named_peer(sk);
                name = BPF_CORE_READ((struct unix_sock *)peer, addr);
                held->name_len = BPF_CORE_READ(name, len) - sizeof(sa_family_t);
                if (held->name_len > HF_UNIX_NAME)
                        held->name_len = HF_UNIX_NAME;
                bpf_probe_read_kernel(held->name, HF_UNIX_NAME, name->name[0].sun_path);
                return true;
        }
        return false;
}

/* Whether the file is a process's entry in /proc, and that is not of the session. */
static __always_inline bool is_strangers(const struct agent *a, struct file *file)
{
        struct proc_inode *entry = (void *)number(file->f_inode) - bpf_core_field_offset(struct proc_inode, vfs_inode);
        struct pid *pid = BPF_CORE_READ(entry, pid);

        return pid && process_slot(number(pid)) != a->slot && !guard_excepts(a, HF_GUARD_PROCESSES);
}

/* What the policy says to a file that is open. */
static __always_inline bool see_file(struct agent *a, struct hf_held *held, struct file *file)
{
        struct dentry *dentry = file->f_path.dentry;
        struct place place;
        __u32 rights = 0;

        if (file->f_mode & FMODE_READ)
                rights |= HF_READ;
        if (file->f_mode & FMODE_WRITE)
                rights |= HF_WRITE;
        rights = rights ? rights : HF_READ | HF_WRITE;
        place = place_of(a->policy, dentry, file->f_inode, dentry->d_sb);
        held->rights = hf_refused(place.node, a->live, rights);
        held->kind = is_device(file->f_inode) ? HF_HELD_DEVICE : HF_HELD_FILE;
        if (!held->rights && held->kind == HF_HELD_DEVICE && hf_device_closed(place.node, place.own))
                held->rights = rights;
        return held->rights;
}

/* Whose descriptors they are: those of most threads are the process's. */
static __always_inline __u32 descriptors_of(struct task_struct *task)
{
        return task->files == task->group_leader->files ? task->tgid : task->pid;
}

/* A walk along the marks of an inotify descriptor. */
struct marks {
        struct hf_held held; /* what it comes to */
        __u64 head, next;
        __u64 live;
        __u32 policy;
        __u32 count;
};

static long look_at_mark(__u32 i, struct marks *m)
{
        struct fsnotify_mark *mark = (void *)m->next - bpf_core_field_offset(struct fsnotify_mark, g_list);
        struct inode *inode;
        __u64 object, dentry;
        __u32 at = m->count;

        if (m->next == m->head || at >= HF_WATCHES)
                return 1;
        m->next = (__u64)BPF_CORE_READ(mark, g_list.next);
        object = (__u64)BPF_CORE_READ(mark, connector, obj);
        /* Until 6.9 it leads to where the inode has its marks. */
        inode = (void *)object;
        if (LINUX_KERNEL_VERSION < KERNEL_VERSION(6, 10, 0))
                inode = (void *)object - bpf_core_field_offset(struct inode, i_fsnotify_marks);
        dentry = object ? inode_dentry(inode) : 0;
        if (dentry && !hf_refused(number_place(m->policy, dentry), m->live, HF_READ))
                return 0;
        m->held.watch[at] = BPF_CORE_READ((struct inotify_inode_mark *)mark, wd);
        m->count = at + 1;
        return 0;
}

/* Writes of each inotify descriptor of a task of the requested slot which watches are of what may not be read. */
SEC("iter/task_file")
int see_watches(struct bpf_iter__task_file *ctx)
{
        struct task_struct *task = ctx->task;
        struct file *file = ctx->file;
        char name[sizeof("[inotify]")] = "";
        struct fsnotify_group *group;
        struct marks m = {};
        struct hf_request *r;
        struct agent a;
        __u32 zero = 0;

        r = bpf_map_lookup_elem(&request, &zero);
        if (!task || !file || !r || file->f_inode->i_sb->s_magic != ANON_INODE_MAGIC || !asked_about(&a, r, task))
                return 0;
        bpf_probe_read_kernel_str(name, sizeof(name), BPF_CORE_READ(file, f_path.dentry, d_name.name));
        if (bpf_strncmp(name, sizeof(name), "[inotify]") && bpf_strncmp(name, sizeof(name), "inotify"))
                return 0;
        group = file->private_data;
        m.policy = a.policy;
        m.live = a.live;
        m.head = (__u64)group + bpf_core_field_offset(struct fsnotify_group, marks_list);
        m.next = (__u64)BPF_CORE_READ(group, marks_list.next);
        bpf_loop(1 << 20, look_at_mark, &m, 0);
        if (!m.count)
                return 0;
        m.held.tid = descriptors_of(task);
        m.held.fd = ctx->fd;
        m.held.kind = HF_HELD_WATCHES;
        m.held.name_len = m.count;
        bpf_seq_write(ctx->meta->seq, &m.held, sizeof(m.held));
        return 0;
}

/* Until 6.11 it is in the file itself. */
struct file___whole {
        struct fown_struct f_owner;
};

/* Whether the file's signals (F_SETOWN) go to what is not of the session. */
static __always_inline bool signals_stranger(const struct agent *a, struct file *file)
{
        struct fown_struct *owner;
        struct pid *pid;

        if (bpf_core_field_exists(struct fown_struct, file))
                owner = BPF_CORE_READ(file, f_owner);
        else
                owner = (void *)number(file) + bpf_core_field_offset(struct file___whole, f_owner);
        pid = owner ? BPF_CORE_READ(owner, pid) : NULL;
        return pid && process_slot(number(pid)) != a->slot;
}

/* Writes what the policy refuses of that which a task of the requested slot has descriptors of, and what no policy speaks of. */
SEC("iter/task_file")
int see_files(struct bpf_iter__task_file *ctx)
{
        struct task_struct *task = ctx->task;
        struct file *file = ctx->file;
        struct hf_held held = {};
        struct hf_request *r;
        struct agent a;
        __u32 zero = 0;
        __u64 magic;
        bool told;

        r = bpf_map_lookup_elem(&request, &zero);
        if (!task || !file || !r || (file->f_mode & FMODE_PATH) || !asked_about(&a, r, task))
                return 0;
        held.tid = descriptors_of(task);
        held.fd = ctx->fd;
        if (signals_stranger(&a, file)) {
                held.kind = HF_HELD_OWNED;
                bpf_seq_write(ctx->meta->seq, &held, sizeof(held));
        }
        magic = file->f_inode->i_sb->s_magic;
        if (magic == SOCKFS_MAGIC) {
                told = see_socket(&a, &held, file);
        } else if (magic == ANON_INODE_MAGIC || magic == PIDFS_MAGIC || magic == MQUEUE_MAGIC) {
                held.kind = magic == MQUEUE_MAGIC ? HF_HELD_QUEUE : HF_HELD_OBJECT;
                told = true;
        } else if (pathless(file->f_path.dentry, 0) || (file->f_inode->i_mode & S_IFMT) == S_IFIFO) {
                /* As a pipe, a FIFO that is open was given. */
                told = false;
        } else {
                told = see_file(&a, &held, file);
                if (magic == PROC_SUPER_MAGIC && is_strangers(&a, file)) {
                        held.kind = HF_HELD_PROCESS;
                        told = true;
                }
        }
        if (told)
                bpf_seq_write(ctx->meta->seq, &held, sizeof(held));
        return 0;
}

/* Lets go of the tasks of the requested slot: what is remembered of them goes after the record that it is from. */
SEC("iter/task")
int release_tasks(struct bpf_iter__task *ctx)
{
        struct task_struct *task = ctx->task;
        struct hf_known_task *known;
        struct hf_task *record;
        struct hf_request *r;
        __u32 zero = 0;
        __u64 hash;

        r = bpf_map_lookup_elem(&request, &zero);
        if (!task || !r)
                return 0;
        record = bpf_task_storage_get(&tasks, task, NULL, 0);
        if (record && record->slot == r->slot) {
                r->count++;
                bpf_task_storage_delete(&tasks, task);
        }
        hash = known_hash(task);
        known = known_task(hash);
        if (known->slot == r->slot && known->check == known_check(hash, known->slot, known->generation)) {
                known->check = 0;
                r->count++;
        }
        return 0;
}
