/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes to the terminal of a program outside.
 * event: guard open
 * targets: bystander session
 */
#include "lib/adversary.h"

#include <sys/ioctl.h>

static int attempt(void)
{
        return put(open(scene("TTY"), O_WRONLY | O_NOCTTY | O_NONBLOCK));
}
