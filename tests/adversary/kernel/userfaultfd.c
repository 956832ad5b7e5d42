/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Holds the kernel up in the middle of a copy, by userfaultfd(2).
 * event: guard userfaultfd
 * policy: wide
 */
#include "lib/adversary.h"

#include <sys/syscall.h>

static int attempt(void)
{
        return outcome(syscall(SYS_userfaultfd, 1 /* UFFD_USER_MODE_ONLY */));
}
