/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Moves the denied folder itself.
 * event: file rename | exec rename
 */
#include "lib/adversary.h"

static int attempt(void)
{
        return outcome(rename(at("WS", "way/to/denied"), at("NEW", "gone")));
}
