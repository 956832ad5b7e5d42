/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Gets executable mappings of what it reads by the personality READ_IMPLIES_EXEC.
 * event: exec map
 */
#include "lib/adversary.h"

#include <sys/mman.h>
#include <sys/personality.h>

static int attempt(void)
{
        int fd = NEED(open(at("WS", "data/program"), O_RDONLY));

        NEED(personality(READ_IMPLIES_EXEC));
        return mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0) == MAP_FAILED ? -errno : 0;
}
