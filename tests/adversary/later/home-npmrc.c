/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes ~/.npmrc: settings of npm.
 * event: file create
 * policy: agent
 */
#include "lib/adversary.h"

static int attempt(void)
{
        return put(open(at("HOME", ".npmrc"), O_WRONLY | O_CREAT | O_EXCL, 0644));
}
