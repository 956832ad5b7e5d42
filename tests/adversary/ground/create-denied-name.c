/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes a denied name that does not exist yet.
 * event: file create
 */
#include "lib/adversary.h"

static int attempt(void)
{
        return put(open(at("WS", "later"), O_WRONLY | O_CREAT, 0644));
}
