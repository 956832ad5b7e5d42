/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Links a denied file to a name in the workspace and writes the link.
 * event: file link | exec link
 */
#include "lib/adversary.h"

static int attempt(void)
{
        if (link(at("WS", "way/to/denied/file"), at("NEW", "link")) < 0)
                return -errno;
        return put(open(at("NEW", "link"), O_WRONLY | O_APPEND));
}
