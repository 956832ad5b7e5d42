/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Empties a file outside by creat(2).
 * event: file open
 */
#include "lib/adversary.h"

static int attempt(void)
{
        return put(creat(at("OUT", "file"), 0644));
}
