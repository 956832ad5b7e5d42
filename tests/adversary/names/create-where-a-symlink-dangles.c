/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes a file where a dangling symlink of the workspace points.
 * event: file create
 */
#include "lib/adversary.h"

static int attempt(void)
{
        NEED(symlink(at("OUT", "new"), at("NEW", "link")));
        return put(open(at("NEW", "link"), O_WRONLY | O_CREAT, 0644));
}
