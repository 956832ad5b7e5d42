/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Changes the flags of a file outside by file_setattr(2).
 * event: file setattr
 */
#include "lib/adversary.h"

#include <sys/syscall.h>

static int attempt(void)
{
        struct {
                unsigned long long flags;
                unsigned int extent, count, project, cow;
        } a = { 0 };
        int result;

        if (syscall(468 /* file_getattr */, AT_FDCWD, at("OUT", "file"), &a, sizeof(a), 0) < 0 && errno == ENOSYS)
                absent("file_setattr");
        a.flags |= 0x80; /* no dump */
        result = outcome(syscall(469, AT_FDCWD, at("OUT", "file"), &a, sizeof(a), 0));
        return result;
}
