/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static struct {
        const char *program;
        enum log_level max;
} logger = { "holdfast", LOG_LEVEL_INFO };

void log_setup(const char *program, enum log_level max)
{
        logger.program = program;
        logger.max = max;
}

void log_message(enum log_level level, const char *format, ...)
{
        va_list ap;

        if (level > logger.max)
                return;
        flockfile(stderr);
        if (getenv("JOURNAL_STREAM"))
                fprintf(stderr, "<%d>", level);
        else
                fprintf(stderr, "%s: ", logger.program);
        va_start(ap, format);
        vfprintf(stderr, format, ap);
        va_end(ap);
        fputc('\n', stderr);
        funlockfile(stderr);
}
