/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes ~/.zshenv: a start-up file of a shell that the user does not have yet.
 * event: file create
 * policy: agent
 */
#include "lib/adversary.h"

static int attempt(void)
{
        return put(open(at("HOME", ".zshenv"), O_WRONLY | O_CREAT | O_EXCL, 0644));
}
