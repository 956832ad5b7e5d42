/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Gives a file outside another name there.
 * event: file rename | exec rename
 */
#include "lib/adversary.h"

static int attempt(void)
{
        return outcome(rename(at("OUT", "file"), at("OUT", "new")));
}
