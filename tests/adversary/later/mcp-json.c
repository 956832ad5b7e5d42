/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes .mcp.json, which starts programs.
 * event: file create
 * policy: agent
 */
#include "lib/adversary.h"

static int attempt(void)
{
        return put(open(at("WS", ".mcp.json"), O_WRONLY | O_CREAT | O_EXCL, 0644));
}
