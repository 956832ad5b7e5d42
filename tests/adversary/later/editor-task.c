/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes a task of an editor.
 * event: file create
 * policy: agent
 */
#include "lib/adversary.h"

static int attempt(void)
{
        return put(open(at("WS", ".vscode/tasks.json"), O_WRONLY | O_CREAT, 0644));
}
