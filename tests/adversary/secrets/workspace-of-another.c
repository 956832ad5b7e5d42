/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads a file in the workspace of another session.
 * event: file open
 */
#include "lib/adversary.h"

static int attempt(void)
{
        return get(open(at("OTHER", "file"), O_RDONLY));
}
