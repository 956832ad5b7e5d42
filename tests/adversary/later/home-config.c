/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes ~/.config/environment.d: settings of every program.
 * event: file create
 * policy: agent
 */
#include "lib/adversary.h"

static int attempt(void)
{
        return put(open(at("HOME", ".config/environment.d"), O_WRONLY | O_CREAT | O_EXCL, 0644));
}
