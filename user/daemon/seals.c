/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/seals.h"

#include "base/cleanup.h"
#include "base/paths.h"

#include <string.h>

/* A policy may let a session ask the daemon why it was refused something: what it may ask there, the daemon decides. */
#define ALL_BUT_CONNECT (HF_RIGHTS_ALL & ~HF_CONNECT)

void seals_fill(struct seals *seals, const char *cgroups, const char *socket, const char *ceilings)
{
        const struct seal fixed[] = {
                { "/sys/fs/bpf", HF_RIGHTS_ALL }, { PATH_RUN, ALL_BUT_CONNECT },
                { PATH_STATE, HF_RIGHTS_ALL },    { PATH_LOG, HF_RIGHTS_ALL },
                { "/etc/holdfast", HF_WRITE },    { cgroups, HF_WRITE },
                { socket, ALL_BUT_CONNECT },      { "/sys", HF_WRITE },
                { "/proc/sys", HF_WRITE },        { "/proc/sysrq-trigger", HF_WRITE },
                { "/proc/kcore", HF_RIGHTS_ALL }, { "/dev/mem", HF_RIGHTS_ALL },
                { "/dev/kmem", HF_RIGHTS_ALL },   { "/dev/port", HF_RIGHTS_ALL },
                { ceilings, HF_WRITE },
        };
        size_t n = ARRAY_SIZE(fixed);

        memset(seals, 0, sizeof(*seals));
        memcpy(seals->list, fixed, sizeof(fixed));
        if (path_installed(SUFFIX_DAEMON, seals->daemon, sizeof(seals->daemon)) == 0)
                seals->list[n++] = (struct seal){ seals->daemon, HF_WRITE };
        if (path_installed(SUFFIX_CLI, seals->cli, sizeof(seals->cli)) == 0)
                seals->list[n++] = (struct seal){ seals->cli, HF_WRITE };
        _Static_assert(ARRAY_SIZE(fixed) + 4 <= SEALS_MAX, "SEALS_MAX");
}

void seals_add(struct seals *seals, const char *path, uint8_t rights)
{
        size_t n = 0;

        while (n + 1 < SEALS_MAX && seals->list[n].path)
                n++;
        seals->list[n] = (struct seal){ path, rights };
}
