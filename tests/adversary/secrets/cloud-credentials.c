/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads cloud credentials under the shipped policy.
 * event: file open
 * policy: agent
 */
#include "lib/adversary.h"

static int attempt(void)
{
        return get(open(at("HOME", ".aws/credentials"), O_RDONLY));
}
