/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Links a file that may be read to where everything may be written.
 * event: file link | exec link
 */
#include "lib/adversary.h"

static int attempt(void)
{
        if (link(at("OUT", "readable/file"), at("NEW", "link")) < 0)
                return -errno;
        return put(open(at("NEW", "link"), O_WRONLY | O_APPEND));
}
