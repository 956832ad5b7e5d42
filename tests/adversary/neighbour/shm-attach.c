/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Attaches the shared memory of a program outside.
 * event: guard ipc
 * policy: wide
 * targets: bystander session
 */
#include "lib/adversary.h"

#include <sys/ipc.h>
#include <sys/shm.h>

static int attempt(void)
{
        return shmat(scene_number("SHM"), NULL, SHM_RDONLY) == (void *)-1 ? -errno : 0;
}
