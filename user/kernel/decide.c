/* SPDX-License-Identifier: Apache-2.0 */
/* Asking the kernel what decides: about an object by its own walk, about names and addresses by its maps. */
#include "kernel/internal.h"

#include <bpf/bpf.h>
#include <string.h>

struct answer {
        struct hf_decided decided;
        bool there;
};

static int answer_chunk(void *context, const void *data, size_t size)
{
        const size_t head = offsetof(struct hf_decided, node);
        struct answer *a = context;
        size_t whole;

        if (size < head)
                return 0;
        memcpy(&a->decided, data, head);
        whole = a->decided.found ? sizeof(a->decided) : head;
        if (size < whole)
                return 0;
        memcpy(&a->decided, data, whole);
        a->there = true;
        return (int)whole;
}

int kernel_decide(struct kernel *k, uint32_t policy, int fd, struct hf_decided *ret, struct error *e)
{
        struct answer a = { 0 };
        int r;

        *k->request = (struct hf_request){ .policy = policy, .fd = (uint32_t)fd };
        r = iter_run(k->iter[ITER_DECIDE], true, answer_chunk, &a);
        if (!r && !a.there)
                r = -EIO;
        if (r)
                return kernel_error(e, r, "the kernel does not tell what decides about the file");
        *ret = a.decided;
        return 0;
}

/* The same steps as names_find() of the BPF programs. A place that is not the name's own has nothing to say below it by name. */
int kernel_decide_below(struct kernel *k, uint32_t policy, const char *missing, struct hf_decided *d, struct error *e)
{
        while (d->found && d->own && *missing) {
                size_t length = strcspn(missing, "/");
                struct hf_name_key key = { .policy = policy, .table = d->node.names, .hash = name_hash(k->host, missing, length) };

                if (!d->node.names || bpf_map_lookup_elem(k->map[MAP_NAMES], &key, &d->node)) {
                        if (d->node.names && errno != ENOENT)
                                return kernel_error(e, -errno, "cannot look up a name in the policy");
                        d->own = 0;
                }
                missing += length + strspn(missing + length, "/");
        }
        return 0;
}

int kernel_egress(struct kernel *k, uint32_t policy, const uint8_t addr[16], struct hf_egress *ret)
{
        struct hf_egress_key key = { .prefix = 32 + 128, .policy = policy };

        memcpy(key.addr, addr, sizeof(key.addr));
        return bpf_map_lookup_elem(k->map[MAP_EGRESS], &key, ret) ? -errno : 0;
}
