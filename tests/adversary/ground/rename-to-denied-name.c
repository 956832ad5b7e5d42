/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Moves a file to a denied name that does not exist yet.
 * event: file rename | exec rename
 */
#include "lib/adversary.h"

static int attempt(void)
{
        return outcome(rename(made(at("NEW", "file"), "mine"), at("WS", "later")));
}
