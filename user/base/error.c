/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"

#include "base/buffer.h"
#include "base/cleanup.h"

#include <stdarg.h>
#include <string.h>

int error_set(struct error *e, int code, const char *format, ...)
{
        va_list ap;

        if (!e)
                return code;
        error_clear(e);
        e->code = code;
        va_start(ap, format);
        e->message = text_format(format, ap);
        va_end(ap);
        return code;
}

int error_prefix(struct error *e, const char *format, ...)
{
        _cleanup_free_ char *context = NULL;
        char *message;
        va_list ap;

        if (!e)
                return 0;
        va_start(ap, format);
        context = text_format(format, ap);
        va_end(ap);
        if (!context || asprintf(&message, "%s: %s", context, error_text(e)) < 0)
                return e->code;
        free(e->message);
        e->message = message;
        return e->code;
}

void error_clear(struct error *e)
{
        free(e->message);
        e->message = NULL;
        e->code = 0;
}

const char *error_text(const struct error *e)
{
        return e->message ? e->message : strerror(-e->code);
}

void findings_add(struct findings *f, const char *where, const char *format, ...)
{
        struct finding *list;
        struct finding new = { NULL, NULL };
        va_list ap;

        f->total++;
        if (f->count >= FINDINGS_MAX)
                return;
        list = reallocarray(f->list, (size_t)f->count + 1, sizeof(*list));
        if (!list)
                return;
        f->list = list;
        va_start(ap, format);
        new.what = text_format(format, ap);
        va_end(ap);
        new.where = strdup(where);
        if (!new.where || !new.what) {
                free(new.where);
                free(new.what);
                return;
        }
        list[f->count++] = new;
}

void findings_clear(struct findings *f)
{
        for (int i = 0; i < f->count; i++) {
                free(f->list[i].where);
                free(f->list[i].what);
        }
        free(f->list);
        *f = (struct findings)FINDINGS_INIT;
}

void findings_take(struct findings *to, const struct findings *from, const char *file)
{
        for (int i = 0; i < from->count; i++) {
                char *where = NULL;

                if (file && asprintf(&where, "%s: %s", file, from->list[i].where) < 0)
                        where = NULL;
                findings_add(to, where ? where : from->list[i].where, "%s", from->list[i].what);
                free(where);
        }
        to->total += from->total - from->count;
}
