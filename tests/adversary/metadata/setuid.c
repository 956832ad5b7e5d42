/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes a program of the workspace setuid.
 * event: guard setattr
 */
#include "lib/adversary.h"

#include <sys/stat.h>

static int attempt(void)
{
        return outcome(chmod(made(at("NEW", "program"), "#!/bin/sh\n"), 04755));
}
