/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Has the kernel signal a process outside when something happens to a socket of its own, by F_SETOWN_EX.
 * event: guard owner | guard capability
 * event of a user: guard owner
 * policy: wide
 * targets: bystander session
 */
#include "lib/adversary.h"

#include <sys/socket.h>

static int attempt(void)
{
        return outcome(fcntl(NEED(socket(AF_UNIX, SOCK_STREAM, 0)), F_SETOWN_EX, &(struct f_owner_ex){ F_OWNER_PID, scene_number("PID") }));
}
