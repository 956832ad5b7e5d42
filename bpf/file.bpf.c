/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Files and programs: opening, changing the tree, metadata, mapping as code, and what is open already. */
#include "holdfast.bpf.h"
#include "event.bpf.h"
#include "walk.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

#define FMODE_READ 0x1
#define FMODE_WRITE 0x2
#define FMODE_CREATED 0x100000
#define FMODE_EXEC_FLAG 0x20 /* __FMODE_EXEC in f_flags: the kernel opens it to execute it */
#define O_TRUNC 01000
#define S_IFMT 0170000
#define S_IFIFO 0010000
#define S_IFCHR 0020000
#define S_IFBLK 0060000
#define S_IFREG 0100000
#define S_IFSOCK 0140000
#define ATTR_FORCE (1 << 9)
#define MAP_TYPE 0xf
#define MAP_SHARED 1
#define MAP_SHARED_VALIDATE 3
#define PROT_WRITE 2
#define PROT_EXEC 4
#define MAY_WRITE 2
#define RENAME_EXCHANGE 2
#define SB_KERNMOUNT (1 << 22)
#define PIPEFS_MAGIC 0x50495045
#define SOCKFS_MAGIC 0x534f434b
#define ANON_INODE_MAGIC 0x09041934
#define PIDFS_MAGIC 0x50494446
#define TMPFS_MAGIC 0x01021994
#define HUGETLBFS_MAGIC 0x958458f6
#define DEVPTS_MAGIC 0x1cd1

/*
 * What has no path: pipes, sockets, the kernel's own objects (io_uring, epoll, pidfd) and memory that a process made itself (memfd).
 * Whoever holds or reaches such an object was given it; running it is another matter.
 */
static __always_inline bool pathless(struct dentry *dentry, __u32 rights)
{
        struct super_block *sb = dentry->d_sb;
        __u64 magic = sb->s_magic;

        if (rights & HF_EXEC)
                return false;
        if (magic == PIPEFS_MAGIC || magic == SOCKFS_MAGIC || magic == ANON_INODE_MAGIC || magic == PIDFS_MAGIC)
                return true;
        return (magic == TMPFS_MAGIC || magic == HUGETLBFS_MAGIC) && (sb->s_flags & SB_KERNMOUNT);
}

/* Refuses with an event that names the rule which decided. */
static __always_inline int refuse(const struct agent *a, struct hf_node *node, struct dentry *dentry, __u16 op, __u32 rights, int error,
                                  enum hf_why why)
{
        struct report r = { .kind = rights & HF_EXEC ? HF_EVENT_EXEC : HF_EVENT_FILE, .op = op, .right = rights, .error = error };
        enum hf_why explained = hf_explain(node, rights, &r.rule);

        r.why = why ? why : explained;
        if (a->killed)
                r.why = HF_WHY_KILLED;
        event_path(a, &r, dentry);
        return error;
}

/* Terminals come and go: a rule for their folder names them. */
static __always_inline bool is_device(struct inode *inode)
{
        __u16 type = inode ? inode->i_mode & S_IFMT : 0;

        return (type == S_IFCHR || type == S_IFBLK) && inode->i_sb->s_magic != DEVPTS_MAGIC;
}

static __always_inline int check_inode(const struct agent *a, struct dentry *dentry, struct inode *inode, struct super_block *sb,
                                       __u32 rights, __u16 op)
{
        struct place place;
        __u32 refused;

        if (a->killed)
                return refuse(a, NULL, dentry, op, rights, -EPERM, HF_WHY_KILLED);
        place = place_of(a->policy, dentry, inode, sb);
        refused = hf_refused(place.node, a->live, rights);
        if (!refused) {
                if (is_device(inode) && hf_device_closed(place.node, place.own))
                        return refuse(a, place.node, dentry, op, rights, -EACCES, HF_WHY_DEVICE);
                return 0;
        }
        return pathless(dentry, rights) ? 0 : refuse(a, place.node, dentry, op, refused, -EACCES, 0);
}

/* The rights on an object, for anything that does not change the tree. */
static __always_inline int check(const struct agent *a, struct dentry *dentry, __u32 rights, __u16 op)
{
        return check_inode(a, dentry, dentry->d_inode, dentry->d_sb, rights, op);
}

/* Whether the hook concerns a session at all, and acts on its own account. */
static __always_inline bool agent_acts(struct agent *a)
{
        return agent_current(a) && !inner_credentials();
}

SEC("lsm/file_open")
int BPF_PROG(file_open, struct file *file)
{
        struct agent a;
        __u32 rights = 0;

        if (!agent_acts(&a))
                return 0;
        if (file->f_flags & FMODE_EXEC_FLAG) {
                rights = HF_EXEC;
        } else {
                __u32 mode = file->f_mode;

                if (mode & FMODE_READ)
                        rights |= HF_READ;
                if ((mode & FMODE_WRITE) || (file->f_flags & O_TRUNC))
                        rights |= HF_WRITE;
                /* Access mode 3: for ioctl alone. */
                if (!rights)
                        rights = HF_READ | HF_WRITE;
                /* path_mknod has checked the name, a moment ago. */
                if ((mode & FMODE_CREATED) && !a.killed)
                        return 0;
        }
        return check_inode(&a, file->f_path.dentry, file->f_inode, file->f_inode->i_sb, rights, rights & HF_EXEC ? HF_OP_EXEC : HF_OP_OPEN);
}

/* Mapping as code is executing; a shared mapping to write is writing. */
SEC("lsm/mmap_file")
int BPF_PROG(mmap_file, struct file *file, unsigned long reqprot, unsigned long prot, unsigned long flags)
{
        __u32 rights = prot & PROT_EXEC ? HF_EXEC : 0;
        struct agent a;

        flags &= MAP_TYPE;
        if ((prot & PROT_WRITE) && (flags == MAP_SHARED || flags == MAP_SHARED_VALIDATE))
                rights |= HF_WRITE;
        if (!file || !rights || !agent_acts(&a))
                return 0;
        return check(&a, file->f_path.dentry, rights, HF_OP_MAP);
}

void *bpf_rdonly_cast(const void *object, __u32 type) __ksym __weak;

/*
 * The dentry of a mapped file by the name that it was opened with: since 6.5 the mapping of an overlay's file holds the file below,
 * in a struct backing_file with the path in the overlay. What lies behind an ordinary file in memory is no path into an
 * overlay; a bad address there reads as zeros.
 */
static __always_inline struct dentry *mapped_dentry(struct file *file)
{
        struct backing_file *backing;
        struct dentry *dentry;

        if (!bpf_core_type_exists(struct backing_file) || !bpf_rdonly_cast)
                return file->f_path.dentry;
        backing = bpf_rdonly_cast(file, bpf_core_type_id_kernel(struct backing_file));
        dentry = backing->user_path.dentry;
        return dentry && dentry->d_sb && dentry->d_sb->s_magic == OVERLAYFS_MAGIC ? dentry : file->f_path.dentry;
}

SEC("lsm/file_mprotect")
int BPF_PROG(file_mprotect, struct vm_area_struct *vma, unsigned long reqprot, unsigned long prot)
{
        struct file *file = vma->vm_file;
        struct agent a;

        if (!(prot & PROT_EXEC) || !file || !agent_acts(&a))
                return 0;
        return check(&a, mapped_dentry(file), HF_EXEC, HF_OP_MAP);
}

/* Reads and writes of what is open already: only after a kill, or once a right may have been taken away. */
SEC("lsm/file_permission")
int BPF_PROG(file_permission, struct file *file, int mask)
{
        struct agent a;
        __u16 type;

        if (!host_look() || !agent_acts(&a))
                return 0;
        if (!a.killed && !a.session->recheck)
                return 0;
        type = file->f_inode->i_mode & S_IFMT;
        if (!a.killed && (type == S_IFIFO || type == S_IFSOCK || !type))
                return 0;
        /* Opened to execute it: the kernel reads a program's start itself. */
        if (file->f_flags & FMODE_EXEC_FLAG)
                return check(&a, file->f_path.dentry, HF_EXEC, HF_OP_EXEC);
        return check(&a, file->f_path.dentry, mask & MAY_WRITE ? HF_WRITE : HF_READ, mask & MAY_WRITE ? HF_OP_WRITE : HF_OP_READ);
}

/* A descriptor that another process passed. */
SEC("lsm/file_receive")
int BPF_PROG(file_receive, struct file *file)
{
        struct agent a;
        __u32 rights = 0;
        __u16 type;

        if (!agent_acts(&a))
                return 0;
        type = file->f_inode->i_mode & S_IFMT;
        if (!a.killed && (type == S_IFIFO || type == S_IFSOCK || !type))
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

/* A hook that concerns one name. */
static __always_inline int name_hook(struct dentry *dentry, __u32 op_change)
{
        struct place place;
        struct agent a;

        return agent_acts(&a) ? check_name(&a, dentry, &place, op_change, NULL) : 0;
}

SEC("lsm/path_mknod")
int BPF_PROG(path_mknod, const struct path *dir, struct dentry *dentry)
{
        return name_hook(dentry, CHANGE(HF_OP_CREATE, CHANGE_MAKE));
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

SEC("lsm/path_unlink")
int BPF_PROG(path_unlink, const struct path *dir, struct dentry *dentry)
{
        return name_hook(dentry, CHANGE(HF_OP_UNLINK, CHANGE_REMOVE) | FOLDER_TOO);
}

SEC("lsm/path_rmdir")
int BPF_PROG(path_rmdir, const struct path *dir, struct dentry *dentry)
{
        return name_hook(dentry, CHANGE(HF_OP_RMDIR, CHANGE_REMOVE) | FOLDER_TOO);
}

/*
 * Refuses what would have a right under its new name that it has not under the old one. An object that a rule names takes its
 * rights with it; what has them by its name alone, because it came after the policy, does not.
 */
static __always_inline int check_gain(const struct agent *a, struct dentry *dentry, const struct place *from, const struct place *to,
                                      __u16 op)
{
        bool same = (from->own && !from->by_name) || from->node == to->node;
        __u32 gained = same ? 0 : hf_gained(from->node, to->node, a->live);

        return gained ? refuse(a, from->node, dentry, op, gained, -EXDEV, HF_WHY_GAIN) : 0;
}

SEC("lsm/path_link")
int BPF_PROG(path_link, struct dentry *old_dentry, const struct path *new_dir, struct dentry *new_dentry)
{
        struct place from, to;
        struct agent a;
        int error;

        if (!agent_acts(&a))
                return 0;
        error = check_name(&a, new_dentry, &to, CHANGE(HF_OP_LINK, CHANGE_MAKE) | FOLDER_TOO, NULL);
        if (error)
                return error;
        from = place_find(a.policy, old_dentry);
        /* FUSE may make the new name an inode of its own, which no rule knows. */
        if (old_dentry->d_sb->s_magic == FUSE_MAGIC)
                from.by_name = true;
        return check_gain(&a, old_dentry, &from, &to, HF_OP_LINK);
}

SEC("lsm/path_rename")
int BPF_PROG(path_rename, const struct path *old_dir, struct dentry *old_dentry, const struct path *new_dir, struct dentry *new_dentry,
             unsigned int flags)
{
        struct place from, to;
        struct agent a;
        int error;

        if (!agent_acts(&a))
                return 0;
        error = check_name(&a, old_dentry, &from, CHANGE(HF_OP_RENAME, CHANGE_REMOVE) | FOLDER_TOO, NULL);
        if (!error)
                error = check_name(&a, new_dentry, &to, CHANGE(HF_OP_RENAME, CHANGE_MAKE) | FOLDER_TOO,
                                   old_dentry->d_parent == new_dentry->d_parent ? &from : NULL);
        if (!error)
                error = check_gain(&a, old_dentry, &from, &to, HF_OP_RENAME);
        if (!error && (flags & RENAME_EXCHANGE))
                error = check_gain(&a, new_dentry, &to, &from, HF_OP_RENAME);
        return error;
}

static __always_inline int check_metadata(struct dentry *dentry, __u16 op)
{
        struct agent a;

        return agent_acts(&a) ? check(&a, dentry, HF_WRITE, op) : 0;
}

/* chmod, chown, utimes, truncate and ftruncate all come through here. The kernel's own change, after a write, takes away setuid bits. */
static __always_inline int check_setattr(struct dentry *dentry, struct iattr *attr)
{
        return attr->ia_valid & ATTR_FORCE ? 0 : check_metadata(dentry, HF_OP_SETATTR);
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
int BPF_PROG(inode_setxattr, void *idmap, struct dentry *dentry)
{
        return check_metadata(dentry, HF_OP_XATTR);
}

SEC("lsm/inode_removexattr")
int BPF_PROG(inode_removexattr, void *idmap, struct dentry *dentry)
{
        return check_metadata(dentry, HF_OP_XATTR);
}

/* Not on 6.1, where ACLs come through inode_setxattr. */
SEC("?lsm/inode_set_acl")
int BPF_PROG(inode_set_acl, void *idmap, struct dentry *dentry)
{
        return check_metadata(dentry, HF_OP_XATTR);
}

SEC("?lsm/inode_remove_acl")
int BPF_PROG(inode_remove_acl, void *idmap, struct dentry *dentry)
{
        return check_metadata(dentry, HF_OP_XATTR);
}

#define FS_IOC_SETFLAGS 0x40086602
#define FS_IOC32_SETFLAGS 0x40046602
#define FS_IOC_FSSETXATTR 0x401c5820

/* The ioctls that change a file's metadata; the descriptor may be open for reading alone. */
static __always_inline int check_ioctl(struct file *file, unsigned int cmd)
{
        if (cmd != FS_IOC_SETFLAGS && cmd != FS_IOC32_SETFLAGS && cmd != FS_IOC_FSSETXATTR)
                return 0;
        return check_metadata(file->f_path.dentry, HF_OP_IOCTL);
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

SEC("?lsm/inode_file_setattr")
int BPF_PROG(inode_file_setattr, struct dentry *dentry)
{
        return check_metadata(dentry, HF_OP_SETATTR);
}
