/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Takes the ports of the machine.
 * event: guard capability
 * event of a user: guard capability | none: the kernel refuses it first
 * who: root
 * policy: wide
 */
#include "lib/adversary.h"

#include <sys/io.h>

static int attempt(void)
{
        return outcome(iopl(3));
}
