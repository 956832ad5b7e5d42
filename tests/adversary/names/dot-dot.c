/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Leaves the workspace by "..".
 * event: file open
 */
#include "lib/adversary.h"

static int attempt(void)
{
        return put(open(at("WS", "../out/file"), O_WRONLY | O_APPEND));
}
