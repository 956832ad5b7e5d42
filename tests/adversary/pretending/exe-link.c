/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Has /proc/self/exe say that it is the daemon's program, and writes outside.
 * event: file open | guard capability
 */
#include "lib/adversary.h"

#include <sys/prctl.h>

static int attempt(void)
{
        int fd = NEED(open("/usr/sbin/holdfastd", O_RDONLY));

        prctl(PR_SET_MM, PR_SET_MM_EXE_FILE, fd, 0, 0);
        return put(open(at("OUT", "file"), O_WRONLY | O_APPEND));
}
