/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opens a file outside by openat2(2) with RESOLVE_NO_XDEV.
 * event: file open
 */
#include "lib/adversary.h"

#include <linux/openat2.h>
#include <sys/syscall.h>

static int attempt(void)
{
        struct open_how how = { .flags = O_WRONLY | O_APPEND, .resolve = RESOLVE_NO_XDEV };

        return put(syscall(SYS_openat2, NEED(open(scene("OUT"), O_PATH)), "file", &how, sizeof(how)));
}
