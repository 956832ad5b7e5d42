/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes a file below a symlink to a folder outside.
 * event: file create
 */
#include "lib/adversary.h"

static int attempt(void)
{
        NEED(symlink(scene("OUT"), at("NEW", "link")));
        return put(open(at("NEW", "link/new"), O_WRONLY | O_CREAT | O_EXCL, 0644));
}
