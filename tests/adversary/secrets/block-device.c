/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads the disk that everything lies on.
 * event: file open
 * event of a user: file open | none: the mode of the device
 * who: root
 * policy: wide
 */
#include "lib/adversary.h"

static int attempt(void)
{
        return get(open(scene("DISK"), O_RDONLY));
}
