/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Has the kernel run the program that looks for keys, which runs unconfined, with words of its choice.
 * event: guard key
 * policy: wide
 */
#include "lib/adversary.h"

#include <linux/keyctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

static int attempt(void)
{
        struct stat before = { 0 }, after = { 0 };

        stat(scene("UPCALLS"), &before);
        for (int keyring = 0; keyring >= KEY_SPEC_PROCESS_KEYRING; keyring--)
                syscall(SYS_request_key, "user", "adversary", "words of its choice", keyring);
        stat(scene("UPCALLS"), &after);
        return after.st_size > before.st_size ? 0 : -EACCES;
}
