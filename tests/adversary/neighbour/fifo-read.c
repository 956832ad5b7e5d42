/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Takes what is meant for the reader of a fifo.
 * event: file open
 */
#include "lib/adversary.h"

static int attempt(void)
{
        return outcome(open(at("AT", "fifo"), O_RDONLY | O_NONBLOCK));
}
