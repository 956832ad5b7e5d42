/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads an ssh key under the shipped policy.
 * event: file open
 * policy: agent
 */
#include "lib/adversary.h"

static int attempt(void)
{
        return get(open(at("HOME", ".ssh/id_ed25519"), O_RDONLY));
}
