/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes that grow. data ends with a NUL that length does not count, whenever it is not NULL. */
#ifndef HOLDFAST_BASE_BUFFER_H
#define HOLDFAST_BASE_BUFFER_H

#include <stdarg.h>
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

/* Adds what printf(3) would print. 0 or -ENOMEM, with the buffer as it was. */
int buffer_print(struct buffer *b, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Adds what can be read until the end of the file. 0, or negative errno with what was read until then. */
int buffer_read(struct buffer *b, int fd);

/* Takes bytes off the end, the memory stays. length is at most the buffer's. */
void buffer_truncate(struct buffer *b, size_t length);

/* Frees the memory; the buffer is then as new. */
void buffer_clear(struct buffer *b);

/* The text of vprintf(3), to be freed; NULL without memory. */
char *text_format(const char *format, va_list ap) __attribute__((format(printf, 1, 0)));

#endif
