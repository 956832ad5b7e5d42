/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes a folder of a denied name that does not exist yet.
 * event: file mkdir
 */
#include "lib/adversary.h"

#include <sys/stat.h>

static int attempt(void)
{
        return outcome(mkdir(at("WS", "later"), 0755));
}
