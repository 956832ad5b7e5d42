/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opens a file outside by its handle, without a name.
 * event: file open
 * event of a user: file open | none: the kernel asks for a Linux capability first
 * who: root
 */
#include "lib/adversary.h"

static int attempt(void)
{
        struct {
                struct file_handle head;
                unsigned char rest[MAX_HANDLE_SZ];
        } handle = { .head.handle_bytes = MAX_HANDLE_SZ };
        int mount;

        NEED(name_to_handle_at(AT_FDCWD, at("OUT", "file"), &handle.head, &mount, 0));
        return put(open_by_handle_at(NEED(open(scene("WS"), O_RDONLY)), &handle.head, O_WRONLY | O_APPEND));
}
