/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes through a symlink that points out of the workspace.
 * event: file open
 */
#include "lib/adversary.h"

static int attempt(void)
{
        NEED(symlink(at("OUT", "file"), at("NEW", "link")));
        return put(open(at("NEW", "link"), O_WRONLY | O_APPEND));
}
