/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opens a map of another program by its number.
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
        union bpf_attr next = { .start_id = 0 }, a = { 0 };

        if (syscall(SYS_bpf, BPF_MAP_GET_NEXT_ID, &next, sizeof(next)) < 0)
                return -errno;
        a.map_id = next.next_id;
        return outcome(syscall(SYS_bpf, BPF_MAP_GET_FD_BY_ID, &a, sizeof(a)));
}
