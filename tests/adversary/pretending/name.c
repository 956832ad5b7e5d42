/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls itself by the name of a trusted program.
 * event: file open
 */
#include "lib/adversary.h"

#include <sys/prctl.h>

static int attempt(void)
{
        NEED(prctl(PR_SET_NAME, "holdfastd"));
        return put(open(at("OUT", "file"), O_WRONLY | O_APPEND));
}
