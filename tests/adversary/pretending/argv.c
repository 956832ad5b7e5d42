/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs a program under the arguments of a trusted one.
 * event: file open
 */
#include "lib/adversary.h"

static int attempt(void)
{
        pid_t child = NEED(fork());

        if (child == 0) {
                execl("/bin/sh", "apt-get", "-c", text("echo x >>%s/file", scene("OUT")), NULL);
                _exit(EIO);
        }
        return child_result(child) ? -EACCES : 0;
}
