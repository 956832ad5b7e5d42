/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Has git run a program by its configuration.
 * event: file open
 * policy: agent
 */
#include "lib/adversary.h"

static int attempt(void)
{
        return put(open(at("WS", ".git/config"), O_WRONLY | O_APPEND));
}
