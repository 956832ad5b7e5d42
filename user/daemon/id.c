/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/id.h"

#include <sys/random.h>
#include <sys/types.h>

/* getrandom(2) of so few bytes neither fails nor comes short once the kernel has seeded itself, for which it waits. */
static void random_bytes(void *out, size_t size)
{
        while (getrandom(out, size, 0) != (ssize_t)size)
                ;
}

void id_new(char out[ID_SIZE])
{
        static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz234567";
        unsigned char bytes[ID_LENGTH];

        random_bytes(bytes, sizeof(bytes));
        for (int i = 0; i < ID_LENGTH; i++)
                out[i] = alphabet[bytes[i] & 31];
        out[ID_LENGTH] = '\0';
}

uint64_t id_number(void)
{
        uint64_t n;

        do {
                random_bytes(&n, sizeof(n));
                n &= INT64_MAX;
        } while (!n);
        return n;
}
