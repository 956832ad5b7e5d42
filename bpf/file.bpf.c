/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Files and programs: opening, changing the tree, metadata, and what is open already. */
#include "check.bpf.h"
#include "socket.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

#define FMODE_READ 0x1
#define FMODE_WRITE 0x2
#define FMODE_CREATED 0x100000
#define O_TRUNC 01000
#define ATTR_SIZE (1 << 3)
#define ATTR_FORCE (1 << 9)
#define MAY_WRITE 2
#define RENAME_EXCHANGE 2
#define MQUEUE_MAGIC 0x19800202
#define O_TMPFILE_FLAG 020000000 /* __O_TMPFILE */
#define S_ISUID 04000
#define S_ISGID 02000
#define S_IXGRP 00010
#define ATTR_MODE (1 << 0)
#define ATTR_UID (1 << 1)
#define ATTR_GID (1 << 2)

/* Refuses the /proc entries of what is not in the session. Without an event: ps(1) asks for every process. */
static __always_inline int check_process(const struct agent *a, struct inode *inode)
{
        struct proc_inode *entry = (void *)number(inode) - bpf_core_field_offset(struct proc_inode, vfs_inode);
        struct pid *pid = BPF_CORE_READ(entry, pid);

        if (!pid || BPF_CORE_READ(pid, numbers[0].nr) == (int)(bpf_get_current_pid_tgid() >> 32) || process_slot(number(pid)) == a->slot)
                return 0;
        return guard_excepts(a, HF_GUARD_PROCESSES) ? 0 : -EACCES;
}

/* Refuses the terminal of a process that is not in the session, unless it is the session's own. One that nobody has yet is nobody's. */
static __always_inline int check_terminal(const struct agent *a, struct dentry *dentry)
{
        struct tty_struct *terminal = BPF_CORE_READ(dentry, d_fsdata);
        struct pid *leader = BPF_CORE_READ(terminal, ctrl.session);

        if (!leader || BPF_CORE_READ(bpf_get_current_task_btf(), signal, tty) == terminal || process_slot(number(leader)) == a->slot)
                return 0;
        return guard_refuse_path(a, HF_OP_OPEN, 0, dentry);
}

/* Whether a file of that mode gives whoever runs it another user or group. */
static __always_inline bool sets_id(__u32 mode)
{
        __u32 type = mode & S_IFMT;

        return (!type || type == S_IFREG) && ((mode & S_ISUID) || (mode & (S_ISGID | S_IXGRP)) == (S_ISGID | S_IXGRP));
}

static __always_inline int check_mode(const struct agent *a, struct dentry *dentry, __u32 mode, __u16 op)
{
        return sets_id(mode) && !guard_excepts(a, HF_GUARD_SETUID) ? guard_refuse_path(a, op, mode, dentry) : 0;
}

/* The rights that opening a file asks for. */
static __always_inline __u32 open_rights(__u32 mode, __u32 flags)
{
        __u32 rights = mode & FMODE_READ ? HF_READ : 0;

        if (flags & FMODE_EXEC_FLAG)
                return HF_EXEC;
        if ((mode & FMODE_WRITE) || (flags & O_TRUNC))
                rights |= HF_WRITE;
        /* Access mode 3: for ioctl alone. */
        return rights ? rights : HF_READ | HF_WRITE;
}

/* A file was opened, which the node allows. */
static __always_inline void tell_opened(const struct agent *a, const struct hf_node *node, struct file *file, __u32 rights)
{
        struct super_block *sb = file->f_inode->i_sb;

        if (rights & HF_EXEC) {
                if (is_told(a, node, TOLD_EXEC))
                        tell_allowed(a, file->f_path.dentry, node->rule[2], HF_OP_EXEC, HF_EXEC);
                return;
        }
        if ((rights & HF_WRITE) && is_told(a, node, TOLD_WRITE) && is_first_use(a, file->f_inode, sb, HF_WRITE))
                tell_allowed(a, file->f_path.dentry, node->rule[1], HF_OP_OPEN, HF_WRITE);
        if ((rights & HF_READ) && is_told(a, node, TOLD_READ) && is_first_use(a, file->f_inode, sb, HF_READ))
                tell_allowed(a, file->f_path.dentry, node->rule[0], HF_OP_OPEN, HF_READ);
}

SEC("lsm/file_open")
int BPF_PROG(file_open, struct file *file)
{
        struct hf_node *node = NULL;
        struct super_block *sb;
        struct agent a;
        __u32 rights, mode, flags;
        __u64 magic;
        int error;

        if (!agent_acts_on(&a, file))
                return 0;
        mode = file->f_mode;
        flags = file->f_flags;
        rights = open_rights(mode, flags);
        /* inode_create has checked the name, a moment ago. */
        if ((mode & FMODE_CREATED) && !(rights & HF_EXEC) && !a.killed)
                return 0;
        sb = file->f_inode->i_sb;
        magic = sb->s_magic;
        error = check_inode(&a, file->f_path.dentry, file->f_inode, sb, rights, rights & HF_EXEC ? HF_OP_EXEC : HF_OP_OPEN, &node);
        if (error)
                return error;
        if (magic == PROC_SUPER_MAGIC)
                error = check_process(&a, file->f_inode);
        else if (magic == DEVPTS_MAGIC)
                error = check_terminal(&a, file->f_path.dentry);
        else if (flags & O_TMPFILE_FLAG)
                error = check_mode(&a, file->f_path.dentry, file->f_inode->i_mode, HF_OP_CREATE);
        if (!error && node && (node->flags & HF_NODE_TOLD))
                tell_opened(&a, node, file, rights);
        return error;
}

/* splice(2) takes from a socket past the hook for receiving; and until 6.4 hands pages to one past the hook for sending. */
static __always_inline int spliced(const struct agent *a, struct file *file, int mask)
{
        struct socket *sock;

        if (LINUX_KERNEL_VERSION >= KERNEL_VERSION(6, 5, 0) && (mask & MAY_WRITE))
                return 0;
        sock = bpf_sock_from_file(file);
        return sock ? socket_recheck(a, sock, mask & MAY_WRITE ? HF_OP_SEND : HF_OP_RECV) : 0;
}

/* Reads and writes of what is open already: only after a kill, once a right may have been taken away, or where writing is limited. */
SEC("lsm/file_permission")
int BPF_PROG(file_permission, struct file *file, int mask)
{
        struct agent a;
        __u64 magic;
        __u16 type;
        int error;

        if (!host_look() || !agent_acts_on(&a, file))
                return 0;
        if (!a.killed && a.session->disk && (mask & MAY_WRITE) && is_on_disk(file->f_inode) && !disk_take(a.slot, 0))
                return refuse(&a, NULL, file->f_path.dentry, HF_OP_WRITE, HF_WRITE, -EDQUOT, HF_WHY_DISK);
        if (!a.killed && !a.session->recheck)
                return 0;
        type = file->f_inode->i_mode & S_IFMT;
        magic = file->f_inode->i_sb->s_magic;
        if (!a.killed && (type == S_IFIFO || !type))
                return 0;
        if (!a.killed && magic == SOCKFS_MAGIC)
                return spliced(&a, file, mask);
        /* Opened to execute it: the kernel reads a program's start itself. */
        if (file->f_flags & FMODE_EXEC_FLAG)
                return check(&a, file->f_path.dentry, HF_EXEC, HF_OP_EXEC);
        error = check(&a, file->f_path.dentry, mask & MAY_WRITE ? HF_WRITE : HF_READ, mask & MAY_WRITE ? HF_OP_WRITE : HF_OP_READ);
        return error || magic != PROC_SUPER_MAGIC ? error : check_process(&a, file->f_inode);
}

#define F_WRLCK 1

/* Who has a file to itself makes others wait, which is more than reading it. A lock of that kind may be taken by a descriptor for reading.
 */
SEC("lsm/file_lock")
int BPF_PROG(file_lock, struct file *file, unsigned int cmd)
{
        struct agent a;

        if (cmd != F_WRLCK || !agent_acts_on(&a, file))
                return 0;
        return check(&a, file->f_path.dentry, HF_WRITE, HF_OP_LOCK);
}

/*
 * Of the kernel's objects without a place, those that lead nowhere, or that the policy makes an exception for. One of another kind was
 * made before the session, or by somebody outside.
 */
static __always_inline bool may_receive(const struct agent *a, struct file *file)
{
        char name[sizeof("[landlock-ruleset]")] = "";

        bpf_probe_read_kernel_str(name, sizeof(name), BPF_CORE_READ(file, f_path.dentry, d_name.name));
        return !bpf_strncmp(name, sizeof(name), "[eventfd]") || !bpf_strncmp(name, sizeof(name), "[eventpoll]") ||
               !bpf_strncmp(name, sizeof(name), "[timerfd]") || !bpf_strncmp(name, sizeof(name), "[signalfd]") ||
               !bpf_strncmp(name, sizeof(name), "[pidfd]") || !bpf_strncmp(name, sizeof(name), "[landlock-ruleset]") ||
               (!bpf_strncmp(name, sizeof(name), "[perf_event]") && guard_excepts(a, HF_GUARD_PERF)) ||
               (!bpf_strncmp(name, sizeof(name), "[userfaultfd]") && guard_excepts(a, HF_GUARD_USERFAULTFD));
}

/* A descriptor that another process passed. */
SEC("lsm/file_receive")
int BPF_PROG(file_receive, struct file *file)
{
        struct agent a;
        __u32 rights = 0;
        __u16 type;

        if (!agent_current(&a))
                return 0;
        type = file->f_inode->i_mode & S_IFMT;
        if (!a.killed && !type)
                return may_receive(&a, file) ? 0 : guard_refuse(&a, HF_OP_RECV, 0);
        if (!a.killed && (type == S_IFIFO || type == S_IFSOCK))
                return 0;
        if (file->f_mode & FMODE_READ)
                rights |= HF_READ;
        if (file->f_mode & FMODE_WRITE)
                rights |= HF_WRITE;
        return check(&a, file->f_path.dentry, rights ? rights : HF_READ, HF_OP_OPEN);
}

enum change {
        CHANGE_MAKE_FOLDER, /* may be made on the way to a denied place */
        CHANGE_MAKE,
        CHANGE_REMOVE,
};

/* What check_name() is asked, in one argument. */
#define CHANGE(op, change) ((op) | (change) << 16)
#define FOLDER_TOO (1 << 24) /* a place of its own needs the right on its folder as well */

/*
 * A name appears or goes; place gets what decides about it, beside is that of another name in the folder, if known. What is a place of its
 * own (a rule names it) also needs the right on its folder to be removed or made other than by creating it, so that the top of an allowance
 * cannot be replaced.
 */
static __noinline int check_name(const struct agent *a, struct dentry *dentry, struct place *place, __u32 op_change,
                                 const struct place *beside)
{
        enum change change = op_change >> 16 & 0xff;
        __u16 op = op_change;
        struct place folder;
        __u32 refused;

        place->node = NULL;
        if (a->killed)
                return refuse(a, NULL, dentry, op, HF_WRITE, -EPERM, HF_WHY_KILLED);
        *place = beside ? place_beside(a->policy, dentry, beside) : place_find(a->policy, dentry);
        refused = hf_refused(place->node, a->live, HF_WRITE);
        if (refused)
                return refuse(a, place->node, dentry, op, refused, -EACCES, 0);
        if (!place->own)
                return 0;
        if (change != CHANGE_MAKE_FOLDER && place->node && (place->node->flags & HF_NODE_WAY))
                return refuse(a, place->node, dentry, op, HF_WRITE, -EACCES, HF_WHY_WAY);
        if (!(op_change & FOLDER_TOO))
                return 0;
        folder = place_find(a->policy, dentry->d_parent);
        refused = hf_refused(folder.node, a->live, HF_WRITE);
        return refused ? refuse(a, folder.node, dentry, op, refused, -EACCES, 0) : 0;
}

/* Whether the name may appear and go as all do in its folder: what check_name() comes to for most, at less cost. place is as of that. */
static __always_inline bool is_plain(const struct agent *a, struct dentry *dentry, struct place *place)
{
        if (a->killed)
                return false;
        *place = place_find(a->policy, dentry);
        return !place->own && !place->way && !hf_refused(place->node, a->live, HF_WRITE);
}

/* Refuses to make what is no folder where only one may be. */
static __always_inline int check_way(const struct agent *a, struct dentry *dentry, const struct place *place, __u16 op)
{
        return place->way ? refuse(a, place->node, dentry, op, HF_WRITE, -EACCES, HF_WHY_WAY) : 0;
}

/* What is made takes room beside what is written to it: a name, an inode, what a symlink or an attribute holds. */
static __always_inline int charge_made(const struct agent *a, struct dentry *dentry, __u16 op, __u64 bytes)
{
        if (a->killed || !a->session || !a->session->disk || !has_disk(dentry->d_sb))
                return 0;
        return disk_take(a->slot, bytes) ? 0 : refuse(a, NULL, dentry, op, HF_WRITE, -EDQUOT, HF_WHY_DISK);
}

static __always_inline int check_one_name(const struct agent *a, struct dentry *dentry, __u32 op_change, struct place *place)
{
        int error;

        if (is_plain(a, dentry, place))
                return 0;
        error = check_name(a, dentry, place, op_change, NULL);
        return error || (op_change >> 16 & 0xff) != CHANGE_MAKE ? error : check_way(a, dentry, place, op_change);
}

/* A hook that concerns one name. */
static __always_inline int name_hook(struct dentry *dentry, __u32 op_change)
{
        struct place place;
        struct agent a;
        int error;

        if (!agent_current(&a))
                return 0;
        error = check_one_name(&a, dentry, op_change, &place);
        if (!error && (op_change >> 16 & 0xff) != CHANGE_REMOVE)
                error = charge_made(&a, dentry, op_change, DISK_NAME);
        if (!error)
                tell_name(&a, place.node, dentry, op_change);
        return error;
}

/* The names of POSIX message queues come and go through the hooks for inodes alone; no rule could name them. */
static __always_inline bool is_queue(struct dentry *dentry)
{
        return dentry->d_sb->s_magic == MQUEUE_MAGIC;
}

/*
 * Files are made and removed through these hooks and no others; those for paths are asked about the same names, and some not at all. A
 * file system on top of another makes and removes what is below on its own account.
 */
static __always_inline int check_made(struct inode *folder, struct dentry *dentry, __u32 mode)
{
        struct place place;
        struct agent a;
        int error;

        if (!agent_acts_in(&a, folder))
                return 0;
        if (is_queue(dentry))
                return guard_refuse(&a, HF_OP_IPC, 0);
        error = check_one_name(&a, dentry, CHANGE(HF_OP_CREATE, CHANGE_MAKE), &place);
        if (!error)
                error = check_mode(&a, dentry, mode, HF_OP_CREATE);
        if (!error)
                error = charge_made(&a, dentry, HF_OP_CREATE, DISK_NAME);
        if (!error)
                tell_name(&a, place.node, dentry, HF_OP_CREATE);
        return error;
}

SEC("lsm/inode_create")
int BPF_PROG(inode_create, struct inode *folder, struct dentry *dentry, umode_t mode)
{
        return check_made(folder, dentry, mode);
}

SEC("lsm/inode_mknod")
int BPF_PROG(inode_mknod, struct inode *folder, struct dentry *dentry, umode_t mode)
{
        return check_made(folder, dentry, mode);
}

SEC("lsm/inode_unlink")
int BPF_PROG(inode_unlink, struct inode *folder, struct dentry *dentry)
{
        struct place place;
        struct agent a;
        int error;

        if (!agent_acts_in(&a, folder))
                return 0;
        if (is_queue(dentry))
                return guard_refuse(&a, HF_OP_IPC, 0);
        error = check_one_name(&a, dentry, CHANGE(HF_OP_UNLINK, CHANGE_REMOVE) | FOLDER_TOO, &place);
        if (!error)
                tell_name(&a, place.node, dentry, HF_OP_UNLINK);
        return error;
}

SEC("lsm/path_mkdir")
int BPF_PROG(path_mkdir, const struct path *dir, struct dentry *dentry)
{
        return name_hook(dentry, CHANGE(HF_OP_MKDIR, CHANGE_MAKE_FOLDER));
}

SEC("lsm/path_symlink")
int BPF_PROG(path_symlink, const struct path *dir, struct dentry *dentry)
{
        return name_hook(dentry, CHANGE(HF_OP_SYMLINK, CHANGE_MAKE) | FOLDER_TOO);
}

SEC("lsm/path_rmdir")
int BPF_PROG(path_rmdir, const struct path *dir, struct dentry *dentry)
{
        return name_hook(dentry, CHANGE(HF_OP_RMDIR, CHANGE_REMOVE) | FOLDER_TOO);
}

/* The names of patterns that go on below a place. */
static __always_inline __u32 patterns_below(const struct place *place)
{
        return place->on && place->node && (place->node->flags & HF_NODE_PATTERN) ? place->node->names : 0;
}

/*
 * Refuses what would have a right under its new name that it has not under the old one. An object that a rule names takes its
 * rights with it; what has them by its name alone, because it came after the policy, does not. What is in a folder would, where patterns go
 * on otherwise below the new name.
 */
static __always_inline int check_gain(const struct agent *a, struct dentry *dentry, const struct place *from, const struct place *to,
                                      __u16 op)
{
        bool same = (from->own && !from->by_name) || from->node == to->node;
        __u32 gained = same ? 0 : hf_gained(from->node, to->node, a->live);

        if (patterns_below(from) != patterns_below(to) && is_folder(dentry->d_inode))
                return refuse(a, from->node, dentry, op, HF_RIGHTS_ALL, -EXDEV, HF_WHY_GAIN);
        return gained ? refuse(a, from->node, dentry, op, gained, -EXDEV, HF_WHY_GAIN) : 0;
}

SEC("lsm/path_link")
int BPF_PROG(path_link, struct dentry *old_dentry, const struct path *new_dir, struct dentry *new_dentry)
{
        struct place from, to;
        struct agent a;
        int error;

        if (!agent_current(&a))
                return 0;
        error = check_name(&a, new_dentry, &to, CHANGE(HF_OP_LINK, CHANGE_MAKE) | FOLDER_TOO, NULL);
        if (!error)
                error = check_way(&a, new_dentry, &to, HF_OP_LINK);
        if (error)
                return error;
        from = place_find(a.policy, old_dentry);
        /* FUSE may make the new name an inode of its own, which no rule knows. */
        if (old_dentry->d_sb->s_magic == FUSE_MAGIC)
                from.by_name = true;
        error = check_gain(&a, old_dentry, &from, &to, HF_OP_LINK);
        if (!error)
                error = charge_made(&a, new_dentry, HF_OP_LINK, DISK_NAME);
        if (!error)
                tell_name(&a, to.node, new_dentry, HF_OP_LINK);
        return error;
}

SEC("lsm/path_rename")
int BPF_PROG(path_rename, const struct path *old_dir, struct dentry *old_dentry, const struct path *new_dir, struct dentry *new_dentry,
             unsigned int flags)
{
        struct place from, to;
        struct agent a;
        int error;

        if (!agent_current(&a))
                return 0;
        error = check_name(&a, old_dentry, &from, CHANGE(HF_OP_RENAME, CHANGE_REMOVE) | FOLDER_TOO, NULL);
        if (!error)
                error = check_name(&a, new_dentry, &to, CHANGE(HF_OP_RENAME, CHANGE_MAKE) | FOLDER_TOO,
                                   old_dentry->d_parent == new_dentry->d_parent ? &from : NULL);
        if (!error && !is_folder(old_dentry->d_inode))
                error = check_way(&a, new_dentry, &to, HF_OP_RENAME);
        if (!error && (flags & RENAME_EXCHANGE) && !is_folder(new_dentry->d_inode))
                error = check_way(&a, old_dentry, &from, HF_OP_RENAME);
        if (!error)
                error = check_gain(&a, old_dentry, &from, &to, HF_OP_RENAME);
        if (!error && (flags & RENAME_EXCHANGE))
                error = check_gain(&a, new_dentry, &to, &from, HF_OP_RENAME);
        if (error)
                return error;
        tell_name(&a, from.node, old_dentry, HF_OP_RENAME);
        tell_name(&a, to.node, new_dentry, HF_OP_RENAME);
        return 0;
}

/* Who may write to a device need not decide who else may. */
static __always_inline int check_owned(const struct agent *a, struct dentry *dentry, __u16 op)
{
        if (!is_device(dentry->d_inode))
                return check_told(a, dentry, HF_WRITE, op, TOLD_WRITE);
        return refuse(a, NULL, dentry, op, HF_WRITE, a->killed ? -EPERM : -EACCES, HF_WHY_DEVICE);
}

static __always_inline int check_metadata(struct dentry *dentry, __u16 op, __u64 bytes)
{
        struct agent a;
        int error;

        if (!agent_acts(&a))
                return 0;
        error = check_owned(&a, dentry, op);
        return error || !bytes ? error : charge_made(&a, dentry, op, bytes);
}

/*
 * chmod, chown, utimes, truncate and ftruncate all come through here. The kernel's own change, after a write, takes away setuid bits; with
 * a new size it is what truncate changes by the way.
 */
static __always_inline int check_setattr(struct dentry *dentry, struct iattr *attr)
{
        struct agent a;
        int error;

        if ((attr->ia_valid & (ATTR_FORCE | ATTR_SIZE)) == ATTR_FORCE || !agent_acts(&a))
                return 0;
        if (attr->ia_valid & (ATTR_MODE | ATTR_UID | ATTR_GID))
                error = check_owned(&a, dentry, HF_OP_SETATTR);
        else
                error = check_told(&a, dentry, HF_WRITE, HF_OP_SETATTR, TOLD_WRITE);
        return error || !(attr->ia_valid & ATTR_MODE) ? error : check_mode(&a, dentry, attr->ia_mode, HF_OP_SETATTR);
}

/* The hook has gained a first argument, the mount's id map, since 6.1: user space loads the form that fits. */
SEC("?lsm/inode_setattr")
int BPF_PROG(inode_setattr, void *idmap, struct dentry *dentry, struct iattr *attr)
{
        return check_setattr(dentry, attr);
}

SEC("?lsm/inode_setattr")
int BPF_PROG(inode_setattr_6_1, struct dentry *dentry, struct iattr *attr)
{
        return check_setattr(dentry, attr);
}

SEC("lsm/inode_setxattr")
int BPF_PROG(inode_setxattr, void *idmap, struct dentry *dentry, const char *name, const void *value, size_t size)
{
        return check_metadata(dentry, HF_OP_XATTR, size + DISK_NAME);
}

SEC("lsm/inode_removexattr")
int BPF_PROG(inode_removexattr, void *idmap, struct dentry *dentry)
{
        return check_metadata(dentry, HF_OP_XATTR, 0);
}

/* The attributes that users give are content; the kernel's own, such as ACLs, are what stat tells. */
SEC("lsm/inode_getxattr")
int BPF_PROG(inode_getxattr, struct dentry *dentry, const char *name)
{
        struct task_struct *task = bpf_get_current_task_btf();
        char start[sizeof("user.") - 1] = { 0 };
        struct agent a;

        if (!agent_is(&a, task) || (!bpf_probe_read_kernel(start, sizeof(start), name) && bpf_strncmp(start, sizeof(start), "user.")))
                return 0;
        return inner_credentials(task, NULL) ? 0 : check(&a, dentry, HF_READ, HF_OP_XATTR);
}

/* Not on 6.1, where ACLs come through inode_setxattr. */
SEC("?lsm/inode_set_acl")
int BPF_PROG(inode_set_acl, void *idmap, struct dentry *dentry)
{
        return check_metadata(dentry, HF_OP_XATTR, DISK_NAME);
}

SEC("?lsm/inode_remove_acl")
int BPF_PROG(inode_remove_acl, void *idmap, struct dentry *dentry)
{
        return check_metadata(dentry, HF_OP_XATTR, 0);
}

/* Being told what happens to files is reading. */
SEC("lsm/path_notify")
int BPF_PROG(path_notify, const struct path *path)
{
        struct agent a;

        return agent_current(&a) ? check(&a, path->dentry, HF_READ, HF_OP_WATCH) : 0;
}

#define FS_IOC_SETFLAGS 0x40086602
#define FS_IOC32_SETFLAGS 0x40046602
#define FS_IOC_FSSETXATTR 0x401c5820
#define FS_IOC_SETVERSION 0x40087602
#define FS_IOC32_SETVERSION 0x40047602
#define EXT4_IOC_SETVERSION 0x40086604
#define EXT4_IOC32_SETVERSION 0x40046604
#define FS_IOC_ENABLE_VERITY 0x40806685
#define FS_IOC_SET_ENCRYPTION_POLICY 0x800c6613
#define FAT_IOCTL_SET_ATTRIBUTES 0x40047211

/* By type and number, whatever the size of the argument. */
#define BTRFS_IOCTL(cmd) (((cmd)&0xff00) == 0x9400)
#define BCACHEFS_IOCTL(cmd) (((cmd)&0xff00) == 0xbc00)
#define IOCTL_NUMBER(cmd) ((cmd)&0xff)
#define BTRFS_SNAPSHOT 1
#define BTRFS_SUBVOLUME 14
#define BTRFS_DESTROY 15
#define BTRFS_SNAPSHOT_2 23
#define BTRFS_SUBVOLUME_2 24
#define BTRFS_SET_FLAGS 26
#define BTRFS_SET_RECEIVED 37
#define BTRFS_DESTROY_2 63

/* A console's keyboard, as whoever sits there will find it, and which console is seen. */
#define KDSKBMODE 0x4b45
#define KDSKBENT 0x4b47
#define KDSKBSENT 0x4b49
#define KDSKBDIACR 0x4b4b
#define KDSETKEYCODE 0x4b4d
#define KDSKBDIACRUC 0x4bfb
#define VT_SETMODE 0x5602
#define VT_ACTIVATE 0x5606
#define VT_SETACTIVATE 0x560f

#define FIOASYNC 0x5452
#define TIOCSTI 0x5412
#define TIOCLINUX 0x541c
#define TIOCCONS 0x541d
#define TIOCSETD 0x5423
#define TIOCVHANGUP 0x5437
#define FIOSETOWN 0x8901
#define SIOCSPGRP 0x8902

/* What trades blocks with another file, which the command names by its descriptor. */
#define EXT4_IOC_MOVE_EXT 0xc028660f
#define XFS_IOC_SWAPEXT 0xc0c0586d
#define F2FS_IOC_MOVE_RANGE 0xc020f509

/* Subvolumes come and go by ioctl alone, and a snapshot is a copy of a tree in which no object is one that a rule knows. */
static __always_inline bool changes_subvolumes(struct file *file, unsigned int cmd)
{
        if (BCACHEFS_IOCTL(cmd))
                return file->f_inode->i_sb->s_magic == BCACHEFS_MAGIC;
        if (!BTRFS_IOCTL(cmd))
                return false;
        switch (IOCTL_NUMBER(cmd)) {
        case BTRFS_SNAPSHOT:
        case BTRFS_SUBVOLUME:
        case BTRFS_DESTROY:
        case BTRFS_SNAPSHOT_2:
        case BTRFS_SUBVOLUME_2:
        case BTRFS_SET_FLAGS:
        case BTRFS_SET_RECEIVED:
        case BTRFS_DESTROY_2:
                return true;
        }
        return false;
}

static __always_inline __u16 file_type(struct file *file)
{
        return file->f_inode->i_mode & S_IFMT;
}

/* A device that is open already does what commands say: those take the rights that it was opened with. */
static __always_inline __u32 device_rights(struct file *file)
{
        __u16 type = file_type(file);

        return (type == S_IFCHR || type == S_IFBLK) && host_look() ? open_rights(file->f_mode, 0) : 0;
}

/* Whether what is open already is looked at again. */
static __always_inline bool looks_again(const struct agent *a)
{
        return a->killed || a->session->recheck;
}

static __always_inline int check_ioctl(struct file *file, unsigned int cmd)
{
        __u32 rights = HF_WRITE;
        bool again = false;
        struct agent a;

        if (changes_subvolumes(file, cmd))
                return agent_current(&a) ? guard_refuse_path(&a, HF_OP_IOCTL, cmd, file->f_path.dentry) : 0;
        switch (cmd) {
        /* These change a file's metadata; the descriptor may be open for reading alone. */
        case FS_IOC_SETFLAGS:
        case FS_IOC32_SETFLAGS:
        case FS_IOC_FSSETXATTR:
        case FS_IOC_ENABLE_VERITY:
        case FS_IOC_SET_ENCRYPTION_POLICY:
        case FAT_IOCTL_SET_ATTRIBUTES:
                break;
        /*
         * Typing into a terminal for whoever reads it next, what its keys will type, taking the console, a line discipline's module; and
         * F_SETOWN by another name.
         */
        case KDSKBMODE:
        case KDSKBENT:
        case KDSKBSENT:
        case KDSKBDIACR:
        case KDSETKEYCODE:
        case KDSKBDIACRUC:
        case VT_SETMODE:
        case VT_ACTIVATE:
        case VT_SETACTIVATE:
        case TIOCSTI:
        case TIOCLINUX:
        case TIOCCONS:
        case TIOCSETD:
        case TIOCVHANGUP:
        case FIOSETOWN:
        case SIOCSPGRP:
        /* The number of generation is one of those by which a rule knows its object. */
        case FS_IOC_SETVERSION:
        case FS_IOC32_SETVERSION:
        case EXT4_IOC_SETVERSION:
        case EXT4_IOC32_SETVERSION:
                return agent_current(&a) ? guard_refuse_path(&a, HF_OP_IOCTL, cmd, file->f_path.dentry) : 0;
        /* A terminal's own way of saying that its signals go to whoever is in the foreground. */
        case FIOASYNC:
                if (file_type(file) != S_IFCHR)
                        return 0;
                return agent_current(&a) ? guard_refuse_path(&a, HF_OP_IOCTL, cmd, file->f_path.dentry) : 0;
        case EXT4_IOC_MOVE_EXT:
        case XFS_IOC_SWAPEXT:
        case F2FS_IOC_MOVE_RANGE:
                if (!host_look() || !agent_acts_on(&a, file) || !looks_again(&a))
                        return 0;
                return guard_refuse_path(&a, HF_OP_IOCTL, cmd, file->f_path.dentry);
        default:
                rights = device_rights(file);
                again = true;
        }
        if (!rights || !agent_acts_on(&a, file) || (again && !looks_again(&a)))
                return 0;
        return check(&a, file->f_path.dentry, rights, HF_OP_IOCTL);
}

SEC("lsm/file_ioctl")
int BPF_PROG(file_ioctl, struct file *file, unsigned int cmd)
{
        return check_ioctl(file, cmd);
}

/* Not on 6.1, where the hook above is called for these too. */
SEC("?lsm/file_ioctl_compat")
int BPF_PROG(file_ioctl_compat, struct file *file, unsigned int cmd)
{
        return check_ioctl(file, cmd);
}

/* A command to a device through io_uring is an ioctl by another way. */
SEC("lsm/uring_cmd")
int BPF_PROG(uring_cmd, struct io_uring_cmd *command)
{
        struct file *file = command->file;
        __u32 rights = device_rights(file);
        struct agent a;

        if (!rights || !agent_acts_on(&a, file) || !looks_again(&a))
                return 0;
        return check(&a, file->f_path.dentry, rights, HF_OP_IOCTL);
}

SEC("?lsm/inode_file_setattr")
int BPF_PROG(inode_file_setattr, struct dentry *dentry)
{
        return check_metadata(dentry, HF_OP_SETATTR, 0);
}
