/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes a symlink of a denied name that does not exist yet.
 * event: file symlink
 */
#include "lib/adversary.h"

static int attempt(void)
{
        return outcome(symlink("/tmp", at("WS", "later")));
}
