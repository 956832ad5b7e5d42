/* SPDX-License-Identifier: Apache-2.0 */
/*
 * masks SLOT grant|revoke|kill|lift CAPABILITY: changes a bit of the policy that the session in a slot is under, as an approval or the
 * kill of a capability does: in the kernel's map, by the capability's number.
 */
#include "holdfast/abi.h"

#include <linux/bpf.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static int map_open(const char *path)
{
        union bpf_attr attr = { .pathname = (uint64_t)(uintptr_t)path };

        return (int)syscall(SYS_bpf, BPF_OBJ_GET, &attr, sizeof(attr));
}

static int element(int command, int map, uint32_t key, void *value)
{
        union bpf_attr attr = { .map_fd = (uint32_t)map, .key = (uint64_t)(uintptr_t)&key, .value = (uint64_t)(uintptr_t)value };

        return (int)syscall(SYS_bpf, command, &attr, sizeof(attr));
}

int main(int argc, char **argv)
{
        int sessions = map_open("/sys/fs/bpf/holdfast/maps/sessions"), policies = map_open("/sys/fs/bpf/holdfast/maps/policies");
        struct hf_session session;
        struct hf_policy policy;
        uint64_t bit;

        if (argc != 4)
                return 2;
        bit = 1ULL << atoi(argv[3]);
        if (element(BPF_MAP_LOOKUP_ELEM, sessions, (uint32_t)atoi(argv[1]), &session) < 0 ||
            element(BPF_MAP_LOOKUP_ELEM, policies, session.policy, &policy) < 0)
                return perror("masks"), 1;
        if (!strcmp(argv[2], "grant"))
                policy.active |= bit;
        else if (!strcmp(argv[2], "revoke"))
                policy.active &= ~bit;
        else if (!strcmp(argv[2], "kill"))
                policy.killed |= bit;
        else if (!strcmp(argv[2], "lift"))
                policy.killed &= ~bit;
        else
                return 2;
        return element(BPF_MAP_UPDATE_ELEM, policies, session.policy, &policy) < 0 ? perror("masks"), 1 : 0;
}
