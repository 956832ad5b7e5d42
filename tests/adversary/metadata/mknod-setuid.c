/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes a setuid program by mknod(2).
 * event: guard create
 */
#include "lib/adversary.h"

#include <sys/stat.h>

static int attempt(void)
{
        return outcome(mknod(at("NEW", "program"), S_IFREG | 04755, 0));
}
