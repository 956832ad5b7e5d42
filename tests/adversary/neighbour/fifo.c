/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes to the fifo of a program outside.
 * event: file open
 * targets: bystander session
 */
#include "lib/adversary.h"

static int attempt(void)
{
        return put(open(at("AT", "fifo"), O_WRONLY | O_NONBLOCK));
}
