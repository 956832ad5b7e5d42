/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Puts a program into a folder of PATH.
 * event: file create
 * policy: agent
 */
#include "lib/adversary.h"

static int attempt(void)
{
        return put(open(at("HOME", ".local/bin/ls"), O_WRONLY | O_CREAT, 0755));
}
