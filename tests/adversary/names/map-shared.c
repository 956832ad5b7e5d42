/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes to a file outside through a shared mapping.
 * event: file open
 */
#include "lib/adversary.h"

#include <sys/mman.h>

static int attempt(void)
{
        int fd = open(at("OUT", "file"), O_RDWR);
        char *map = fd < 0 ? NULL : mmap(NULL, 1, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

        if (fd < 0 || map == MAP_FAILED)
                return -errno;
        map[0] = 'x';
        return 0;
}
