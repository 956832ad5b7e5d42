/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Takes a processor for itself by a real-time priority.
 * event: guard capability
 * event of a user: guard capability | none: the kernel refuses it first
 * who: root
 * policy: wide
 */
#include "lib/adversary.h"

#include <sched.h>

static int attempt(void)
{
        return outcome(sched_setscheduler(0, SCHED_FIFO, &(struct sched_param){ 1 }));
}
