/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loads a program.
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
        static const struct bpf_insn code[] = { { .code = 0xb7 }, { .code = 0x95 } }; /* r0 = 0; exit */
        union bpf_attr a = {
                .prog_type = BPF_PROG_TYPE_SOCKET_FILTER, .insns = (unsigned long)code, .insn_cnt = 2, .license = (unsigned long)"GPL"
        };

        return outcome(syscall(SYS_bpf, BPF_PROG_LOAD, &a, sizeof(a)));
}
