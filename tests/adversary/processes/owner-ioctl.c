/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Has the kernel signal a process outside when something happens to a socket of its own, by ioctl(2).
 * event: guard ioctl | guard capability
 * event of a user: guard ioctl
 * policy: wide
 * targets: bystander session
 */
#include "lib/adversary.h"

#include <asm/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

static int attempt(void)
{
        return outcome(ioctl(NEED(socket(AF_UNIX, SOCK_STREAM, 0)), FIOSETOWN, (int[]){ scene_number("PID") }));
}
