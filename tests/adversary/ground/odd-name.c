/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes a name of 255 bytes outside, with a newline, a quote, and bytes that are no UTF-8.
 * event: file create
 */
#include "lib/adversary.h"

static int attempt(void)
{
        char name[256];

        memset(name, 'n', 255);
        memcpy(name, "a\n\"\xff\xfe", 5);
        name[255] = 0;
        NEED(chdir(scene("OUT")));
        return put(open(name, O_WRONLY | O_CREAT | O_EXCL, 0644));
}
