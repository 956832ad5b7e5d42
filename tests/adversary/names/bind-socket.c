/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes a unix socket outside.
 * event: file create
 */
#include "lib/adversary-net.h"

static int attempt(void)
{
        struct to a = local(at("OUT", "new"));

        return outcome(bind(make(AF_UNIX, SOCK_STREAM, 0), &a.any, a.size));
}
