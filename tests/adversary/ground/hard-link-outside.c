/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Links a file outside to a name in the workspace and reads the link.
 * event: file link | exec link
 */
#include "lib/adversary.h"

static int attempt(void)
{
        if (link(at("OUT", "file"), at("NEW", "link")) < 0)
                return -errno;
        return get(open(at("NEW", "link"), O_RDONLY));
}
