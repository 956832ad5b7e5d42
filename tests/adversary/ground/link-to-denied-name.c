/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Links a file to a denied name that does not exist yet.
 * event: file link | exec link
 */
#include "lib/adversary.h"

static int attempt(void)
{
        return outcome(link(made(at("NEW", "file"), "mine"), at("WS", "later")));
}
