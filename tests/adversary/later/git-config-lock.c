/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Has git run a program by its configuration, by moving a new file over the old one as git itself does.
 * event: file rename
 * policy: agent
 */
#include "lib/adversary.h"

static int attempt(void)
{
        return outcome(rename(made(at("NEW", "config"), "[core]"), at("WS", ".git/config")));
}
