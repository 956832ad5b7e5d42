/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Removes the POSIX queue of a program outside.
 * event: guard ipc
 */
#include "lib/adversary.h"

#include <mqueue.h>

static int attempt(void)
{
        return outcome(mq_unlink(scene("MQ")));
}
