/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Appends to ~/.profile.
 * event: file open
 * policy: agent
 */
#include "lib/adversary.h"

static int attempt(void)
{
        return put(open(at("HOME", ".profile"), O_WRONLY | O_APPEND));
}
