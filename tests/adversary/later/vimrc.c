/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes ~/.vimrc: a start-up file of an editor.
 * event: file create
 * policy: agent
 */
#include "lib/adversary.h"

static int attempt(void)
{
        return put(open(at("HOME", ".vimrc"), O_WRONLY | O_CREAT | O_EXCL, 0644));
}
