/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes a fifo outside.
 * event: file create
 */
#include "lib/adversary.h"

#include <sys/stat.h>

static int attempt(void)
{
        return outcome(mkfifo(at("OUT", "new"), 0644));
}
