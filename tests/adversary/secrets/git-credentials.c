/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads passwords for git under the shipped policy.
 * event: file open
 * policy: agent
 */
#include "lib/adversary.h"

static int attempt(void)
{
        return get(open(at("HOME", ".git-credentials"), O_RDONLY));
}
