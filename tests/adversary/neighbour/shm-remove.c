/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Removes the shared memory of a program outside.
 * event: guard ipc | guard capability
 * policy: wide
 * targets: bystander session
 */
#include "lib/adversary.h"

#include <sys/ipc.h>
#include <sys/shm.h>

static int attempt(void)
{
        return outcome(shmctl(scene_number("SHM"), IPC_RMID, NULL));
}
