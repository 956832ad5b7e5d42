/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads a file of the workspace that a rule denies.
 * event: file open
 */
#include "lib/adversary.h"

static int attempt(void)
{
        return get(open(at("WS", "secret/key"), O_RDONLY));
}
