/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads the log of the kernel by its device.
 * event: file open
 * event of a user: file open | none: the mode of the device
 * who: root
 * policy: wide
 */
#include "lib/adversary.h"

static int attempt(void)
{
        return outcome(open("/dev/kmsg", O_RDONLY | O_NONBLOCK));
}
