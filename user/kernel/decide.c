/* SPDX-License-Identifier: Apache-2.0 */
/* Asking the kernel what decides: about an object or a name by its own walk, about an address by its map. */
#include "kernel/book.h"
#include "kernel/internal.h"

#include <bpf/bpf.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

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

/* Names what does not exist in the request; of very many components it is enough that there are more than the kernel follows. */
static void request_names(struct kernel *k, const char *missing)
{
        struct hf_request *r = k->request;

        for (missing = missing ? missing : ""; *missing && r->missing <= HF_LEVELS; missing += strspn(missing, "/")) {
                size_t length = strcspn(missing, "/");
                char name[NAME_MAX + 1];

                snprintf(name, sizeof(name), "%.*s", (int)length, missing);
                if (r->missing < HF_LEVELS)
                        r->name[r->missing] = book_name_hash(k->host->hash_key, name);
                r->missing++;
                missing += length;
        }
}

int kernel_decide(struct kernel *k, uint32_t policy, int fd, const char *missing, struct hf_decided *ret, struct error *e)
{
        const union bpf_iter_link_info own = { .task.tid = (uint32_t)getpid() };
        struct answer a = { 0 };
        int r;

        *k->request = (struct hf_request){ .policy = policy, .fd = (uint32_t)fd };
        request_names(k, missing);
        r = iter_run(k->iter[ITER_DECIDE], &own, answer_chunk, &a);
        if (!r && !a.there)
                r = -EIO;
        if (r)
                return kernel_error(e, r, "the kernel does not tell what decides about the file");
        *ret = a.decided;
        return 0;
}

static int look_up(int map, uint32_t policy, const uint8_t addr[16], struct hf_egress *ret)
{
        struct hf_egress_key key = { .prefix = HF_ADDRESS_BITS, .policy = policy };

        memcpy(key.addr, addr, sizeof(key.addr));
        return bpf_map_lookup_elem(map, &key, ret) ? -errno : 0;
}

int kernel_egress(struct kernel *k, uint32_t policy, const uint8_t addr[16], struct hf_egress *ret)
{
        return look_up(k->map[MAP_EGRESS], policy, addr, ret);
}

int kernel_opened(struct kernel *k, uint32_t policy, const uint8_t addr[16], struct hf_egress *ret)
{
        return look_up(k->map[MAP_OPENED], policy, addr, ret);
}
