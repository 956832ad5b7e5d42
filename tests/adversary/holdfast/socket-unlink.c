/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Removes the socket of the API, to listen in its place.
 * event: file unlink | file rename
 * event of a user: file rename | none: the mode of the folder
 * who: root
 * policy: wide
 */
#include "lib/adversary.h"

static int attempt(void)
{
        char *name = text("%s.gone", scene("SOCKET"));
        int result = outcome(rename(scene("SOCKET"), name));

        rename(name, scene("SOCKET"));
        return result;
}
