/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes a setuid program without a name, by O_TMPFILE.
 * event: guard create
 */
#include "lib/adversary.h"

static int attempt(void)
{
        return outcome(open(scene("NEW"), O_TMPFILE | O_WRONLY, 04755));
}
