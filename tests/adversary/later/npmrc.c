/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes .npmrc in the workspace.
 * event: file create
 * policy: agent
 */
#include "lib/adversary.h"

static int attempt(void)
{
        return put(open(at("WS", ".npmrc"), O_WRONLY | O_CREAT | O_EXCL, 0644));
}
