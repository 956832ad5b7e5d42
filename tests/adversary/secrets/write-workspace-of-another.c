/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes to a file in the workspace of another session.
 * event: file open
 */
#include "lib/adversary.h"

static int attempt(void)
{
        return put(open(at("OTHER", "file"), O_WRONLY | O_APPEND));
}
