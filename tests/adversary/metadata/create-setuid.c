/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes a setuid program in one step.
 * event: guard create
 */
#include "lib/adversary.h"

static int attempt(void)
{
        return outcome(open(at("NEW", "program"), O_WRONLY | O_CREAT | O_EXCL, 04755));
}
