/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Copies a file outside into the workspace by copy_file_range(2).
 * event: file open
 */
#include "lib/adversary.h"

static int attempt(void)
{
        int from = open(at("OUT", "file"), O_RDONLY), to = NEED(open(at("NEW", "copy"), O_WRONLY | O_CREAT, 0644));

        return from < 0 ? -errno : outcome(copy_file_range(from, NULL, to, NULL, 4096, 0));
}
