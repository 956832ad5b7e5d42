/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Moves the folder of the stream away.
 * event: file rename
 * event of a user: file rename | none: the mode of the folder
 * who: root
 * policy: wide
 */
#include "lib/adversary.h"

static int attempt(void)
{
        char *folder = strdup(scene("AUDIT"));

        *strrchr(folder, '/') = 0;
        return outcome(rename(folder, text("%s.gone", folder)));
}
