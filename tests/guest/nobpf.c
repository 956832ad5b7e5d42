/* SPDX-License-Identifier: Apache-2.0 */
/* nobpf COMMAND ARG...: runs a command on what looks like a host that forbids bpf(2): it answers EPERM. */
#include "lib/attempt.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

int main(int argc, char **argv)
{
        struct sock_filter code[] = {
                BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
                BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_bpf, 0, 1),
                BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
                BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        };
        struct sock_fprog program = { sizeof(code) / sizeof(code[0]), code };

        if (argc < 2)
                return 2;
        NEED(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program));
        execvp(argv[1], argv + 1);
        return 127;
}
