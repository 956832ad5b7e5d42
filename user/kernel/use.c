/* SPDX-License-Identifier: Apache-2.0 */
/* How full the ring buffer is. */
#include "kernel/internal.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

int kernel_events_use(const struct kernel *k, uint64_t *used, uint64_t *size)
{
        const size_t page = (size_t)sysconf(_SC_PAGESIZE);
        struct bpf_map_info info = { 0 };
        __u32 length = sizeof(info);
        const uint8_t *positions;
        uint64_t read;

        if (bpf_obj_get_info_by_fd(k->map[MAP_EVENTS], &info, &length) < 0)
                return -errno;
        /* The first page has how far was read, the second how far was written: see kernel/bpf/ringbuf.c. */
        positions = mmap(NULL, 2 * page, PROT_READ, MAP_SHARED, k->map[MAP_EVENTS], 0);
        if (positions == MAP_FAILED)
                return -errno;
        read = __atomic_load_n((const uint64_t *)positions, __ATOMIC_ACQUIRE);
        *used = __atomic_load_n((const uint64_t *)(positions + page), __ATOMIC_ACQUIRE) - read;
        *size = info.max_entries;
        munmap((void *)positions, 2 * page);
        return 0;
}
