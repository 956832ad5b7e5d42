/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sets a semaphore of a program outside.
 * event: guard ipc
 * policy: wide
 * targets: bystander session
 */
#include "lib/adversary.h"

#include <sys/ipc.h>
#include <sys/sem.h>

static int attempt(void)
{
        return outcome(semctl(scene_number("SEM"), 0, SETVAL, 7));
}
