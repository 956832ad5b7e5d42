/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Is told of what happens in a folder that it may not list, by fanotify as ordinary users may use it.
 * event: file watch
 */
#include "lib/adversary.h"

#include <sys/fanotify.h>
#include <sys/syscall.h>

static int attempt(void)
{
        int fd = NEED(syscall(SYS_fanotify_init, FAN_CLASS_NOTIF | FAN_REPORT_FID, O_RDONLY));

        return outcome(syscall(SYS_fanotify_mark, fd, FAN_MARK_ADD, FAN_OPEN | FAN_EVENT_ON_CHILD, AT_FDCWD, at("OUT", "folder")));
}
