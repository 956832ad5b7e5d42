/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes a unit of the user's systemd.
 * event: file create
 * policy: agent
 */
#include "lib/adversary.h"

static int attempt(void)
{
        return put(open(at("HOME", ".config/systemd/user/mine.service"), O_WRONLY | O_CREAT, 0644));
}
