/* SPDX-License-Identifier: Apache-2.0 */
/* What no session may reach, whatever its policy says: what holds it, what records what it did, and the kernel's own settings. */
#ifndef HOLDFAST_DAEMON_SEALS_H
#define HOLDFAST_DAEMON_SEALS_H

#include "policy/policy.h"

#include <limits.h>

#define SEALS_MAX 20

struct seals {
        struct seal list[SEALS_MAX]; /* give this to policy_compile(); points into this structure, which must not move */
        char daemon[PATH_MAX], cli[PATH_MAX];
};

/* With the daemon's cgroup v2 mount, its socket, and the folder of ceilings. */
void seals_fill(struct seals *seals, const char *cgroups, const char *socket, const char *ceilings);

/* One more, as long as there is room (for one): the path stays the caller's. */
void seals_add(struct seals *seals, const char *path, uint8_t rights);

#endif
