/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Appends to ~/.bashrc.
 * event: file open
 * policy: agent
 */
#include "lib/adversary.h"

static int attempt(void)
{
        return put(open(at("HOME", ".bashrc"), O_WRONLY | O_APPEND));
}
