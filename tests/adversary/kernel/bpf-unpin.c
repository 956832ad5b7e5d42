/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Removes a pinned object.
 * event: file unlink
 * event of a user: file unlink | none: the kernel refuses it first
 * who: root
 * policy: wide
 */
#include "lib/adversary.h"

static int attempt(void)
{
        int result = outcome(unlink(scene("PIN")));

        if (result == 0) /* for who comes next */
                NEED(system(text("bpftool map create %s type array key 4 value 4 entries 1 name holdfast_test", scene("PIN"))) == 0 ? 0
                                                                                                                                    : -1);
        return result;
}
