/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Maps a file to read it, then makes the mapping executable.
 * event: exec map
 */
#include "lib/adversary.h"

#include <sys/mman.h>

static int attempt(void)
{
        int fd = NEED(open(at("WS", "data/program"), O_RDONLY));
        void *map = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0);

        NEED(map == MAP_FAILED ? -1 : 0);
        close(fd);
        return outcome(mprotect(map, 4096, PROT_READ | PROT_EXEC));
}
