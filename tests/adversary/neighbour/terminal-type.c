/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Types into its terminal what the shell reads once the agent is gone, by TIOCSTI.
 * event: guard ioctl
 */
#include "lib/adversary.h"

#include <pty.h>
#include <sys/ioctl.h>

static int attempt(void)
{
        pid_t child = NEED(fork());
        int master, terminal;

        if (child == 0) {
                NEED(openpty(&master, &terminal, NULL, NULL, NULL));
                NEED(setsid());
                NEED(ioctl(terminal, TIOCSCTTY, 0));
                _exit(ioctl(terminal, TIOCSTI, "x") < 0 ? errno : 0);
        }
        return child_result(child);
}
