/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Changes a semaphore of a program outside.
 * event: guard ipc
 * policy: wide
 * targets: bystander session
 */
#include "lib/adversary.h"

#include <sys/ipc.h>
#include <sys/sem.h>

static int attempt(void)
{
        return outcome(semop(scene_number("SEM"), &(struct sembuf){ 0, 1, 0 }, 1));
}
