/* SPDX-License-Identifier: Apache-2.0 */
/* docs/openapi.json, within the program. */
#ifndef HOLDFAST_DAEMON_OPENAPI_H
#define HOLDFAST_DAEMON_OPENAPI_H

#include <stddef.h>

/* Ended by a NUL, which is behind openapi_length(). */
extern const char openapi_text[], openapi_text_end[];

static inline size_t openapi_length(void)
{
        return (size_t)(openapi_text_end - openapi_text);
}

#endif
