/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opens the POSIX shared memory of a program outside.
 * event: file open
 * targets: bystander session
 */
#include "lib/adversary.h"

#include <sys/mman.h>

static int attempt(void)
{
        return outcome(shm_open(scene("MQ"), O_RDWR, 0));
}
