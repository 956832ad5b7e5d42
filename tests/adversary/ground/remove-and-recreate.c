/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Removes a file below a denied folder, and then the folder, to make both again.
 * event: file unlink
 */
#include "lib/adversary.h"

#include <sys/stat.h>

static int attempt(void)
{
        if (unlink(at("WS", "way/to/denied/file")) < 0 || rmdir(at("WS", "way/to/denied")) < 0 ||
            mkdir(at("WS", "way/to/denied"), 0755) < 0)
                return -errno;
        return put(open(at("WS", "way/to/denied/file"), O_WRONLY | O_CREAT, 0644));
}
