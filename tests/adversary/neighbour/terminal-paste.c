/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pastes into a console by TIOCLINUX.
 * event: guard ioctl
 */
#include "lib/adversary.h"

#include <pty.h>
#include <sys/ioctl.h>

static int attempt(void)
{
        int master, terminal, result;
        char paste = 3;

        NEED(openpty(&master, &terminal, NULL, NULL, NULL));
        result = outcome(ioctl(terminal, TIOCLINUX, &paste));
        return result == -ENOTTY || result == -EINVAL ? 0 : result; /* a console would have done it */
}
