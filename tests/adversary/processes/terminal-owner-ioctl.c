/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Has its terminal signal whoever is in the foreground, with a signal of its choice, by FIOASYNC.
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
                int on = 1;

                NEED(openpty(&master, &terminal, NULL, NULL, NULL));
                NEED(setsid());
                NEED(ioctl(terminal, TIOCSCTTY, 0));
                _exit(ioctl(terminal, FIOASYNC, &on) < 0 ? errno : 0);
        }
        return child_result(child);
}
