/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Explaining: the walk that the hooks make, made on request, for the daemon to tell what it leads to. */
#include "holdfast.bpf.h"
#include "content.bpf.h"
#include "walk.bpf.h"

/* On from a place along the names that do not exist, as names_find() goes. */
static __noinline void missing_find(const struct hf_request *r, struct place *place)
{
        for (int i = 0; i < HF_LEVELS; i++) {
                if (!place->node || i >= (int)r->missing)
                        return;
                if (!place->on || !place->node->names) {
                        place->own = false;
                        return;
                }
                name_step(r->policy, place, r->name[i]);
        }
        if (r->missing > HF_LEVELS)
                place->node = NULL;
}

/* Writes what decides about the object behind the requested descriptor of the daemon, or about what is missing below it. */
SEC("iter/task_file")
int decide_object(struct bpf_iter__task_file *ctx)
{
        struct file *file = ctx->file;
        struct seq_file *seq = ctx->meta->seq;
        struct hf_request *r;
        struct place place;
        __u32 zero = 0, head[4] = {};
        struct hf_policy *policy;

        r = bpf_map_lookup_elem(&request, &zero);
        if (!file || !r || ctx->fd != r->fd || !(file->f_mode & FMODE_PATH))
                return 0;
        place = place_find(r->policy, file->f_path.dentry);
        /* A place of a folder further up has nothing to say below this one but itself. */
        if (place.node && place.on && r->missing)
                missing_find(r, &place);
        head[0] = place.node != NULL;
        head[1] = place.own;
        policy = bpf_map_lookup_elem(&policies, &r->policy);
        if (policy && !r->missing && hf_content_asked(place.node, HF_EXEC))
                head[2] = content_known(r->policy, hf_live(policy), number(file->f_inode));
        bpf_seq_write(seq, head, sizeof(head));
        if (place.node)
                bpf_seq_write(seq, place.node, sizeof(*place.node));
        return 0;
}

/* Writes what the contents behind the daemon's own O_PATH descriptors of regular files are told by. */
SEC("iter/task_file")
int see_contents(struct bpf_iter__task_file *ctx)
{
        struct file *file = ctx->file;
        struct hf_sight sight = {};
        struct inode *inode;

        if (!file || !(file->f_mode & FMODE_PATH) || (file->f_inode->i_mode & S_IFMT) != S_IFREG)
                return 0;
        sight.fd = ctx->fd;
        inode = content_inode(file->f_inode);
        content_read(inode, &sight.content);
        sight.magic = BPF_CORE_READ(inode ? inode : file->f_inode, i_sb, s_magic);
        sight.writers = content_writers(inode);
        bpf_seq_write(ctx->meta->seq, &sight, sizeof(sight));
        return 0;
}
