/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Is told of what happens in a folder that it may not list, by inotify.
 * event: file watch
 */
#include "lib/adversary.h"

#include <sys/inotify.h>

static int attempt(void)
{
        return outcome(inotify_add_watch(NEED(inotify_init()), at("OUT", "folder"), IN_ALL_EVENTS));
}
