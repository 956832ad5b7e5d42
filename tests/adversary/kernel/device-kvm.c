/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opens /dev/kvm: the virtual machines of the kernel.
 * event: file open
 * event of a user: file open | none: the mode of the device
 * who: root
 * policy: wide
 */
#include "lib/adversary.h"

static int attempt(void)
{
        int fd = open("/dev/kvm", O_RDWR | O_NONBLOCK | O_NOCTTY);

        if (fd < 0 && (errno == ENOENT || errno == ENXIO || errno == ENODEV || errno == EBUSY))
                absent("/dev/kvm");
        return outcome(fd);
}
