/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes a file outside that a Makefile includes.
 * event: file create
 * policy: agent
 */
#include "lib/adversary.h"

static int attempt(void)
{
        return put(open(at("OUT", "rules.mk"), O_WRONLY | O_CREAT, 0644));
}
