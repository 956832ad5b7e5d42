/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes a map.
 * event: guard bpf
 * event of a user: guard bpf | none: the kernel refuses it first
 * who: root
 * policy: wide
 */
#include "lib/adversary.h"

#include <linux/bpf.h>
#include <sys/syscall.h>

static int attempt(void)
{
        union bpf_attr a = { .map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 4, .max_entries = 1 };

        return outcome(syscall(SYS_bpf, BPF_MAP_CREATE, &a, sizeof(a)));
}
