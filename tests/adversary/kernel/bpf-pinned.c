/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opens a pinned object.
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
        union bpf_attr a = { .pathname = (unsigned long)scene("PIN") };

        return outcome(syscall(SYS_bpf, BPF_OBJ_GET, &a, sizeof(a)));
}
