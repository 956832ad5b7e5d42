/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Explaining: the walk that the hooks make, made on request, for the daemon to tell what it leads to. */
#include "holdfast.bpf.h"
#include "walk.bpf.h"

#define FMODE_PATH 0x4000

/* Writes what decides about the object behind the requested descriptor of the daemon, under the requested policy. */
SEC("iter/task_file")
int decide_object(struct bpf_iter__task_file *ctx)
{
        struct file *file = ctx->file;
        struct seq_file *seq = ctx->meta->seq;
        struct hf_request *r;
        struct place place;
        __u32 zero = 0, head[2];

        r = bpf_map_lookup_elem(&request, &zero);
        if (!file || !r || ctx->fd != r->fd || !(file->f_mode & FMODE_PATH))
                return 0;
        place = place_find(r->policy, file->f_path.dentry);
        head[0] = place.node != NULL;
        head[1] = place.own;
        bpf_seq_write(seq, head, sizeof(head));
        if (place.node)
                bpf_seq_write(seq, place.node, sizeof(*place.node));
        return 0;
}
