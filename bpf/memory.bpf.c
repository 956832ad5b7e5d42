/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Memory: what is mapped of files, and what was, when rights are taken away. */
#include "look.bpf.h"

#define MAP_TYPE 0xf
#define MAP_SHARED 1
#define MAP_SHARED_VALIDATE 3
#define PROT_WRITE 2
#define PROT_EXEC 4
#define VM_WRITE 0x2
#define VM_EXEC 0x4
#define VM_SHARED 0x8

/* Mapping as code is executing; a shared mapping to write is writing. */
SEC("lsm/mmap_file")
int BPF_PROG(mmap_file, struct file *file, unsigned long reqprot, unsigned long prot, unsigned long flags)
{
        __u32 rights = prot & PROT_EXEC ? HF_EXEC : 0;
        struct agent a;

        flags &= MAP_TYPE;
        if ((prot & PROT_WRITE) && (flags == MAP_SHARED || flags == MAP_SHARED_VALIDATE))
                rights |= HF_WRITE;
        if (!file || (!rights && !host_look()) || !agent_current(&a))
                return 0;
        if (!a.killed && a.session->recheck) {
                /* It may have been opened before: what is read or written here, no other hook is asked about. */
                rights |= file->f_flags & FMODE_EXEC_FLAG ? HF_EXEC : HF_READ;
                if (file->f_inode->i_sb->s_magic == SOCKFS_MAGIC)
                        return guard_refuse(&a, HF_OP_MAP, 0);
        }
        if (rights == HF_EXEC)
                return check_told(&a, file->f_path.dentry, HF_EXEC, HF_OP_MAP, TOLD_MAP);
        return rights ? check(&a, file->f_path.dentry, rights, HF_OP_MAP) : 0;
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

/* A mapping that was made to read may have been made before the right to write was taken away. */
SEC("lsm/file_mprotect")
int BPF_PROG(file_mprotect, struct vm_area_struct *vma, unsigned long reqprot, unsigned long prot)
{
        __u32 rights = prot & PROT_EXEC ? HF_EXEC : 0;
        struct file *file = vma->vm_file;
        struct agent a;

        if ((prot & PROT_WRITE) && (vma->vm_flags & VM_SHARED))
                rights |= HF_WRITE;
        if (!file || !rights || !agent_current(&a))
                return 0;
        return check(&a, mapped_dentry(file), rights, HF_OP_MAP);
}

/* The rights that the mapping exercises, as the hooks ask for them. */
static __always_inline __u32 mapping_rights(struct vm_area_struct *vma, struct file *file)
{
        __u32 rights;

        /* Nothing of the file is in it: /dev/zero, mapped privately. */
        if (!vma->vm_ops)
                return 0;
        /* Of a program that runs the kernel mapped all parts, and asked for one right. */
        if (file->f_flags & FMODE_EXEC_FLAG)
                return HF_EXEC;
        rights = HF_READ;
        if (vma->vm_flags & VM_EXEC)
                rights |= HF_EXEC;
        if ((vma->vm_flags & (VM_SHARED | VM_WRITE)) == (VM_SHARED | VM_WRITE))
                rights |= HF_WRITE;
        return rights;
}

/* As event_path(), about a task that is not the current one. */
static __always_inline void event_memory(const struct agent *a, const struct report *r, struct task_struct *task, struct dentry *dentry)
{
        struct hf_event *e = event_start(a, r, HF_EVENT_LARGE);
        __u16 flags = HF_EVENT_DENIED;

        if (!e)
                return;
        event_fill(e, a, r);
        e->pid = e->tid = task->tgid;
        e->uid = task->cred->uid.val;
        BPF_CORE_READ_STR_INTO(&e->comm, task, group_leader, comm);
        e->path_len = path_copy(e->path, HF_PATH, number(dentry), &flags);
        e->dev = BPF_CORE_READ(dentry, d_sb, s_dev);
        e->ino = BPF_CORE_READ(dentry, d_inode, i_ino);
        e->flags |= flags;
        bpf_ringbuf_submit(e, 0);
}

/* Notes that the task uses memory of what the node refuses, and why (0: as the node says). */
static __always_inline void found(const struct agent *a, struct hf_request *r, struct task_struct *task, struct dentry *dentry,
                                  struct hf_node *node, __u32 refused, enum hf_why why)
{
        struct report report = { .op = HF_OP_REVOKE, .right = refused, .detail = r->action };
        enum hf_why explained = hf_explain(node, refused, &report.rule);

        r->count = 1;
        if (!r->action)
                return;
        report.kind = refused & HF_EXEC ? HF_EVENT_EXEC : HF_EVENT_FILE;
        report.why = why ? why : explained;
        event_memory(a, &report, task, dentry);
}

/* Looks for a mapping of the requested slot's that is refused now. The first that is found is enough, and makes the event. */
SEC("iter/task_vma")
int find_mappings(struct bpf_iter__task_vma *ctx)
{
        struct vm_area_struct *vma = ctx->vma;
        struct task_struct *task = ctx->task;
        __u32 zero = 0, rights, refused;
        struct dentry *dentry;
        struct hf_request *r;
        struct place place;
        struct file *file;
        struct agent a;

        r = bpf_map_lookup_elem(&request, &zero);
        if (!task || !vma || !r || r->count)
                return 0;
        file = vma->vm_file;
        if (!file || !asked_about(&a, r, task))
                return 0;
        rights = mapping_rights(vma, file);
        dentry = mapped_dentry(file);
        /* Of a device even what is mapped to be read is not what was read once. */
        if (!is_device(dentry->d_inode))
                rights &= r->rights;
        /* What has no path, no policy gives or takes away. */
        if (!rights || pathless(dentry, 0))
                return 0;
        place = place_find(a.policy, dentry);
        refused = hf_refused(place.node, a.live, rights);
        if (refused)
                found(&a, r, task, dentry, place.node, refused, 0);
        else if (is_device(dentry->d_inode) && hf_device_closed(place.node, place.own))
                found(&a, r, task, dentry, place.node, rights, HF_WHY_DEVICE);
        return 0;
}

/* Writes the mappings of files that the policy refuses, with what it refuses of them. */
SEC("iter/task_vma")
int see_mappings(struct bpf_iter__task_vma *ctx)
{
        struct vm_area_struct *vma = ctx->vma;
        struct task_struct *task = ctx->task;
        struct hf_held held = {};
        struct dentry *dentry;
        struct hf_request *r;
        struct place place;
        struct file *file;
        struct agent a;
        __u32 zero = 0, rights;

        r = bpf_map_lookup_elem(&request, &zero);
        if (!task || !vma || !r || !vma->vm_file || !asked_about(&a, r, task))
                return 0;
        file = vma->vm_file;
        rights = mapping_rights(vma, file);
        dentry = mapped_dentry(file);
        if (!rights || pathless(dentry, 0))
                return 0;
        place = place_find(a.policy, dentry);
        held.rights = hf_refused(place.node, a.live, rights);
        held.kind = is_device(dentry->d_inode) ? HF_HELD_DEVICE : HF_HELD_FILE;
        if (!held.rights && held.kind == HF_HELD_DEVICE && hf_device_closed(place.node, place.own))
                held.rights = rights;
        if (!held.rights)
                return 0;
        held.tid = task->pid;
        held.start = vma->vm_start;
        bpf_seq_write(ctx->meta->seq, &held, sizeof(held));
        return 0;
}

/*
 * Buffers that a process gave to an io_uring: the kernel holds their pages, and reads into them also when the process has unmapped
 * them. It takes pages of files in memory (tmpfs), so that this may be writing a file.
 */
#define BUFFERS (1 << 14) /* that the kernel lets a ring have */
#define PAGES (1 << 18)   /* of one, which is at most 1 GiB */
#define MAPPING_FLAGS 3   /* in page.mapping: no file's */
#define HEAD_MASKS (-1ULL << 28)

/* Since 6.13. */
struct io_rsrc_node___table {
        struct io_mapped_ubuf *buf;
};

struct io_ring_ctx___table {
        struct io_rsrc_data___table {
                unsigned int nr;
                struct io_rsrc_node___table **nodes;
        } buf_table;
};

/* Newer kernels: of a tail page either the address of the head, or a mask that leads there; an odd number, both. */
struct page___info {
        unsigned long compound_info;
};

/* A look through the buffers of one ring. */
struct buffers {
        __u64 live;
        __u64 list;    /* of the buffers, or of what points to them */
        __u64 pages;   /* of the buffer that is looked at */
        __u64 refused; /* dentry of a file that may not be written; 0: none was found */
        __u32 policy;
};

/* The first page of the folio that the page is in. */
static __always_inline struct page *page_head(struct page *page)
{
        __u64 head;

        if (bpf_core_field_exists(struct page___info, compound_info))
                head = BPF_CORE_READ((struct page___info *)page, compound_info);
        else
                head = BPF_CORE_READ(page, compound_head);
        if (!(head & 1))
                return page;
        return (struct page *)(head > HEAD_MASKS ? (__u64)page & head : head - 1);
}

/* The name of the file that the page is of; 0: it is of none, or of one without a path. */
static __always_inline __u64 page_dentry(struct page *page)
{
        struct address_space *mapping;
        struct inode *inode;

        mapping = BPF_CORE_READ(page_head(page), mapping);
        if (!mapping || ((__u64)mapping & MAPPING_FLAGS))
                return 0;
        inode = BPF_CORE_READ(mapping, host);
        if (BPF_CORE_READ(inode, i_sb, s_flags) & SB_KERNMOUNT)
                return 0;
        return inode_dentry(inode);
}

static long look_at_page(__u32 i, struct buffers *b)
{
        struct page *page = NULL;
        __u64 dentry;

        bpf_probe_read_kernel(&page, sizeof(page), (void *)(b->pages + i * sizeof(struct bio_vec)));
        dentry = page_dentry(page);
        if (!dentry || !hf_refused(number_place(b->policy, dentry), b->live, HF_WRITE))
                return 0;
        b->refused = dentry;
        return 1;
}

static long look_at_buffer(__u32 i, struct buffers *b)
{
        struct io_mapped_ubuf *buffer = NULL;

        bpf_probe_read_kernel(&buffer, sizeof(buffer), (void *)(b->list + i * sizeof(buffer)));
        if (bpf_core_field_exists(struct io_ring_ctx___table, buf_table) && buffer)
                buffer = BPF_CORE_READ((struct io_rsrc_node___table *)buffer, buf);
        if (!buffer)
                return 0;
        b->pages = (__u64)buffer + bpf_core_field_offset(struct io_mapped_ubuf, bvec);
        bpf_loop(BPF_CORE_READ(buffer, nr_bvecs) & (2 * PAGES - 1), look_at_page, b, 0);
        return b->refused != 0;
}

/* Looks for a buffer of an io_uring of the requested slot's in a file that may not be written now; as find_mappings(). */
SEC("iter/task_file")
int find_buffers(struct bpf_iter__task_file *ctx)
{
        struct task_struct *task = ctx->task;
        struct buffers b = {};
        struct hf_request *r;
        struct file *file = ctx->file;
        char name[sizeof("[io_uring]")] = "";
        __u32 zero = 0, count;
        struct agent a;
        void *ring;

        r = bpf_map_lookup_elem(&request, &zero);
        if (!task || !file || !r || r->count || !(r->rights & HF_WRITE) || file->f_inode->i_sb->s_magic != ANON_INODE_MAGIC)
                return 0;
        bpf_probe_read_kernel_str(name, sizeof(name), BPF_CORE_READ(file, f_path.dentry, d_name.name));
        if (bpf_strncmp(name, sizeof(name), "[io_uring]") || !asked_about(&a, r, task))
                return 0;
        ring = file->private_data;
        b.policy = a.policy;
        b.live = a.live;
        if (bpf_core_field_exists(struct io_ring_ctx___table, buf_table)) {
                count = BPF_CORE_READ((struct io_ring_ctx___table *)ring, buf_table.nr);
                b.list = (__u64)BPF_CORE_READ((struct io_ring_ctx___table *)ring, buf_table.nodes);
        } else {
                count = BPF_CORE_READ((struct io_ring_ctx *)ring, nr_user_bufs);
                b.list = (__u64)BPF_CORE_READ((struct io_ring_ctx *)ring, user_bufs);
        }
        bpf_loop(count & (2 * BUFFERS - 1), look_at_buffer, &b, 0);
        if (b.refused)
                found(&a, r, task, (struct dentry *)b.refused, number_place(a.policy, b.refused), HF_WRITE, 0);
        return 0;
}
