/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes the configuration of a submodule.
 * event: file create
 * policy: agent
 */
#include "lib/adversary.h"

static int attempt(void)
{
        return put(open(at("WS", ".git/modules/config"), O_WRONLY | O_CREAT, 0644));
}
