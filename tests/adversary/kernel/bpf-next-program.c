/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Asks for the first program that there is.
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
        union bpf_attr a = { .start_id = 0 };

        return outcome(syscall(SYS_bpf, BPF_PROG_GET_NEXT_ID, &a, sizeof(a)));
}
