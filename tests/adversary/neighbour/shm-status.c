/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Asks about the shared memory of a program outside.
 * event: guard ipc
 * policy: wide
 * targets: bystander session
 */
#include "lib/adversary.h"

#include <sys/ipc.h>
#include <sys/shm.h>

static int attempt(void)
{
        return outcome(shmctl(scene_number("SHM"), IPC_STAT, &(struct shmid_ds){ 0 }));
}
