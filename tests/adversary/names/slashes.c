/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Leaves the workspace with more slashes and dots than are needed.
 * event: file open
 */
#include "lib/adversary.h"

static int attempt(void)
{
        return put(open(at("WS", "/.//..//./out///file"), O_WRONLY | O_APPEND));
}
