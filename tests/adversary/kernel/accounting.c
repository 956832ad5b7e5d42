/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Has the kernel write accounts of every process to a file of the workspace.
 * event: guard capability
 * event of a user: guard capability | none: the kernel refuses it first
 * who: root
 * policy: wide
 */
#include "lib/adversary.h"

static int attempt(void)
{
        int result = outcome(acct(made(at("NEW", "accounts"), "")));

        acct(NULL);
        return result;
}
