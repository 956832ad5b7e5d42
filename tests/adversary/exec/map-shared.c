/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Maps a file as code, shared, in a folder where nothing may be run.
 * event: exec map
 */
#include "lib/adversary.h"

#include <sys/mman.h>

static int attempt(void)
{
        int fd = NEED(open(at("WS", "data/program"), O_RDONLY));

        return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_SHARED, fd, 0) == MAP_FAILED ? -errno : 0;
}
