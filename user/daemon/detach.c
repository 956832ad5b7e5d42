/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/detach.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "base/paths.h"
#include "daemon/cgroup.h"
#include "daemon/daemon.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#define POLLS 200 /* of 10 ms, until the keeper is gone */

/* The keeper is in a cgroup of its own; that of the sessions stays where others have put something there. */
static void remove_cgroups(struct cgroups *c)
{
        const struct timespec moment = { 0, 10000000 };
        _cleanup_close_ int keeper = cgroup_open(c, "/" PATH_CGROUPS "/keeper");
        int r;

        if (keeper >= 0)
                cgroup_kill(keeper);
        for (int i = 0; (r = cgroup_remove(c, "/" PATH_CGROUPS)) == -EBUSY && i < POLLS; i++)
                nanosleep(&moment, NULL);
        if (r < 0)
                log_warning("%s/" PATH_CGROUPS " stays: %s", c->mount, strerror(-r));
}

static int detach(int *lock, struct cgroups *c, struct error *e)
{
        int r;

        if (mkdir(PATH_RUN, 0755) < 0 && errno != EEXIST)
                return error_set(e, -errno, "cannot make " PATH_RUN ": %s", strerror(errno));
        r = daemon_lock(lock, e);
        if (r >= 0)
                r = kernel_detach(e);
        if (r >= 0)
                r = cgroups_open(c, e);
        if (r >= 0)
                remove_cgroups(c);
        return r;
}

int detach_host(void)
{
        _cleanup_error_ struct error e = ERROR_INIT;
        struct cgroups c = CGROUPS_INIT;
        _cleanup_close_ int lock = -1;
        int r = detach(&lock, &c, &e);

        if (r < 0)
                log_error("%s", error_text(&e));
        cgroups_close(&c);
        return r < 0;
}
