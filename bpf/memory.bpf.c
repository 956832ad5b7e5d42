/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Memory: what is mapped of files. */
#include "check.bpf.h"

#define MAP_TYPE 0xf
#define MAP_SHARED 1
#define MAP_SHARED_VALIDATE 3
#define PROT_WRITE 2
#define PROT_EXEC 4
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

/* A mapping that was made to read may have been made before the right to write was taken away. */
SEC("lsm/file_mprotect")
int BPF_PROG(file_mprotect, struct vm_area_struct *vma, unsigned long reqprot, unsigned long prot)
{
        __u32 rights = prot & PROT_EXEC ? HF_EXEC : 0;
        struct file *file = vma->vm_file;
        struct agent a;

        if ((prot & PROT_WRITE) && (vma->vm_flags & VM_SHARED))
                rights |= HF_WRITE;
        if (!file || !rights || !agent_acts(&a))
                return 0;
        return check(&a, mapped_dentry(file), rights, HF_OP_MAP);
}
