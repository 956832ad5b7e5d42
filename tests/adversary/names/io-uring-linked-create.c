/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Has io_uring create a file outside once a read has ended that waits, and changes its own credentials meanwhile: the kernel then does it
 * in the task itself, with the credentials of before.
 * event: file create
 */
#include "lib/adversary-uring.h"

static int attempt(void)
{
        return ring_linked((ring_open(at("OUT", "made"), O_WRONLY | O_CREAT)));
}
