/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs a copy of a program in memory.
 * event: exec exec
 */
#include "lib/adversary-exec.h"

#include <sys/mman.h>

static int attempt(void)
{
        static char block[65536];
        int from = NEED(open("/usr/bin/true", O_RDONLY | O_CLOEXEC)), to = NEED(memfd_create("copy", MFD_CLOEXEC));
        ssize_t n;

        while ((n = NEED(read(from, block, sizeof(block)))) > 0)
                NEED(write(to, block, n));
        return run(NULL, to);
}
