/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Copies a file outside into the workspace by sendfile(2).
 * event: file open
 */
#include "lib/adversary.h"

#include <sys/sendfile.h>

static int attempt(void)
{
        int from = open(at("OUT", "file"), O_RDONLY), to = NEED(open(at("NEW", "copy"), O_WRONLY | O_CREAT, 0644));

        return from < 0 ? -errno : outcome(sendfile(to, from, NULL, 4096));
}
