/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes a file outside by mknod(2).
 * event: file create
 */
#include "lib/adversary.h"

#include <sys/stat.h>

static int attempt(void)
{
        return outcome(mknod(at("OUT", "new"), S_IFREG | 0644, 0));
}
