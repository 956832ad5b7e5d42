/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Removes the queue of a program outside.
 * event: guard ipc | guard capability
 * policy: wide
 * targets: bystander session
 */
#include "lib/adversary.h"

#include <sys/ipc.h>
#include <sys/msg.h>

static int attempt(void)
{
        return outcome(msgctl(scene_number("QUEUE"), IPC_RMID, NULL));
}
