/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads passwords for the network under the shipped policy.
 * event: file open
 * policy: agent
 */
#include "lib/adversary.h"

static int attempt(void)
{
        return get(open(at("HOME", ".netrc"), O_RDONLY));
}
