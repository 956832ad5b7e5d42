/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Changes the mode of a file outside by an O_PATH descriptor.
 * event: file setattr
 */
#include "lib/adversary.h"

#include <sys/syscall.h>

static int attempt(void)
{
        int result = outcome(syscall(452 /* fchmodat2 */, NEED(open(at("OUT", "file"), O_PATH)), "", 0777, AT_EMPTY_PATH));

        if (result == -ENOSYS)
                absent("fchmodat2");
        return result;
}
