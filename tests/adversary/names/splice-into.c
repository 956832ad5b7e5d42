/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes to a file outside by splice(2).
 * event: file open
 */
#include "lib/adversary.h"

static int attempt(void)
{
        int to = open(at("OUT", "file"), O_WRONLY), ends[2];

        NEED(pipe(ends));
        NEED(write(ends[1], "x", 1));
        return to < 0 ? -errno : outcome(splice(ends[0], NULL, to, NULL, 1, 0));
}
