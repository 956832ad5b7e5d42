/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opens the POSIX queue of a program outside.
 * event: file open
 */
#include "lib/adversary.h"

#include <mqueue.h>

static int attempt(void)
{
        return outcome(mq_open(scene("MQ"), O_RDWR | O_NONBLOCK));
}
