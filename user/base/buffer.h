/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes that grow. data ends with a NUL that length does not count, whenever it is not NULL. */
#ifndef HOLDFAST_BASE_BUFFER_H
#define HOLDFAST_BASE_BUFFER_H

#include <stddef.h>

struct buffer {
        char *data; /* owned, NULL while nothing was reserved */
        size_t length, capacity;
};

#define BUFFER_INIT \
        { \
                NULL, 0, 0 \
        }
#define _cleanup_buffer_ __attribute__((cleanup(buffer_clear)))

/* Makes room for extra more bytes and a NUL. 0 or -ENOMEM. */
int buffer_reserve(struct buffer *b, size_t extra);

/* Adds bytes, which may contain NULs. 0 or -ENOMEM, with the buffer as it was. */
int buffer_append(struct buffer *b, const void *bytes, size_t length);

/* Takes bytes off the end, the memory stays. length is at most the buffer's. */
void buffer_truncate(struct buffer *b, size_t length);

/* Frees the memory; the buffer is then as new. */
void buffer_clear(struct buffer *b);

#endif
