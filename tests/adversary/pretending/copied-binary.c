/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes to a file outside by a copy of a program of the system.
 * event: file open
 */
#include "lib/adversary.h"

static int attempt(void)
{
        pid_t child;

        NEED(system(text("cp /bin/dash %s", at("NEW", "apt-get"))));
        child = NEED(fork());
        if (child == 0) {
                execl(at("NEW", "apt-get"), "apt-get", "-c", text("echo x >>%s/file", scene("OUT")), NULL);
                _exit(EIO);
        }
        return child_result(child) ? -EACCES : 0;
}
