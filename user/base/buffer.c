/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buffer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CAPACITY_LEAST 256

int buffer_reserve(struct buffer *b, size_t extra)
{
        size_t need, capacity;
        char *data;

        if (__builtin_add_overflow(b->length, extra, &need) || __builtin_add_overflow(need, 1, &need))
                return -ENOMEM;
        if (need <= b->capacity)
                return 0;
        capacity = b->capacity > (size_t)-1 / 2 ? need : b->capacity * 2;
        if (capacity < need)
                capacity = need;
        if (capacity < CAPACITY_LEAST)
                capacity = CAPACITY_LEAST;
        data = realloc(b->data, capacity);
        if (!data)
                return -ENOMEM;
        b->data = data;
        b->capacity = capacity;
        b->data[b->length] = '\0';
        return 0;
}

int buffer_append(struct buffer *b, const void *bytes, size_t length)
{
        int r = buffer_reserve(b, length);

        if (r < 0)
                return r;
        if (length)
                memcpy(b->data + b->length, bytes, length);
        b->length += length;
        b->data[b->length] = '\0';
        return 0;
}

int buffer_print(struct buffer *b, const char *format, ...)
{
        va_list ap;
        char *text;
        int r;

        va_start(ap, format);
        text = text_format(format, ap);
        va_end(ap);
        r = text ? buffer_append(b, text, strlen(text)) : -ENOMEM;
        free(text);
        return r;
}

int buffer_read(struct buffer *b, int fd)
{
        char chunk[4096];
        ssize_t n;

        while ((n = read(fd, chunk, sizeof(chunk))) != 0) {
                if (n < 0 && errno != EINTR)
                        return -errno;
                if (n > 0 && buffer_append(b, chunk, (size_t)n) < 0)
                        return -ENOMEM;
        }
        return buffer_reserve(b, 0);
}

void buffer_truncate(struct buffer *b, size_t length)
{
        b->length = length;
        if (b->data)
                b->data[length] = '\0';
}

void buffer_clear(struct buffer *b)
{
        free(b->data);
        *b = (struct buffer)BUFFER_INIT;
}

char *text_format(const char *format, va_list ap)
{
        char *text;

        return vasprintf(&text, format, ap) < 0 ? NULL : text;
}
