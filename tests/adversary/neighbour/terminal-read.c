/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Takes what is typed into the terminal of a program outside.
 * event: guard open
 * targets: bystander session
 */
#include "lib/adversary.h"

#include <sys/ioctl.h>

static int attempt(void)
{
        return outcome(open(scene("TTY"), O_RDONLY | O_NOCTTY | O_NONBLOCK));
}
