/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/opened.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>

static struct hf_egress_key key_of(__u32 policy, const __u8 addr[16])
{
        struct hf_egress_key key = { .prefix = HF_ADDRESS_BITS, .policy = policy };

        memcpy(key.addr, addr, sizeof(key.addr));
        return key;
}

int opened_write(int map, __u32 policy, const __u8 addr[16], const struct hf_egress *egress)
{
        const struct hf_egress_key key = key_of(policy, addr);

        return bpf_map_update_elem(map, &key, egress, BPF_ANY) ? -errno : 0;
}

void opened_delete(int map, __u32 policy, const __u8 addr[16])
{
        const struct hf_egress_key key = key_of(policy, addr);

        bpf_map_delete_elem(map, &key);
}

static struct hf_named_key named_key(__u32 policy, const __u8 addr[16], const char *name)
{
        struct hf_named_key key = { .policy = policy };

        memcpy(key.addr, addr, sizeof(key.addr));
        memcpy(key.name, name, strnlen(name, sizeof(key.name) - 1));
        return key;
}

int named_write(int map, __u32 policy, const __u8 addr[16], const char *name, const struct hf_egress *egress)
{
        const struct hf_named_key key = named_key(policy, addr, name);

        return bpf_map_update_elem(map, &key, egress, BPF_ANY) ? -errno : 0;
}

void named_delete(int map, __u32 policy, const __u8 addr[16], const char *name)
{
        const struct hf_named_key key = named_key(policy, addr, name);

        bpf_map_delete_elem(map, &key);
}
