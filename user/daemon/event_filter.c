/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/event_filter.h"

#include "base/json.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int copy_text(const char *from, char **to)
{
        *to = from && *from ? strdup(from) : NULL;
        return from && *from && !*to ? -ENOMEM : 0;
}

int event_filter_copy(const struct event_filter *from, struct event_filter *to)
{
        int r;

        *to = *from;
        to->kinds = to->verdict = to->capability = to->user = NULL;
        r = copy_text(from->kinds, &to->kinds);
        if (r == 0)
                r = copy_text(from->verdict, &to->verdict);
        if (r == 0)
                r = copy_text(from->capability, &to->capability);
        if (r == 0)
                r = copy_text(from->user, &to->user);
        if (r < 0)
                event_filter_clear(to);
        return r;
}

void event_filter_clear(struct event_filter *f)
{
        free(f->kinds);
        free(f->verdict);
        free(f->capability);
        free(f->user);
        *f = (struct event_filter){ 0 };
}

/* Whether text is one of the words in list, which are separated by commas. */
static bool is_among(const char *list, const char *text)
{
        const size_t length = strlen(text);

        for (const char *p = list; p; p = strchr(p, ',')) {
                p += *p == ',';
                if (!strncmp(p, text, length) && (!p[length] || p[length] == ','))
                        return true;
        }
        return false;
}

/* Whether a member is what is asked for, if anything is. */
static bool is(const cJSON *o, const char *name, const char *wanted)
{
        const char *text = wanted && *wanted ? json_get_string(o, name) : NULL;

        return !wanted || !*wanted || (text && !strcmp(text, wanted));
}

bool event_filter_passes(const struct event_filter *f, const char *line, size_t length)
{
        _cleanup_json_ cJSON *o = NULL;
        const char *kind, *time;

        if (!*f->session && !*f->from && !f->kinds && !f->verdict && !f->capability && !f->user)
                return true;
        o = cJSON_ParseWithLength(line, length);
        kind = json_get_string(o, "kind");
        time = json_get_string(o, "time");
        if (!kind || !time || strcmp(time, f->from) < 0 || (f->kinds && !is_among(f->kinds, kind)))
                return false;
        /* What is of no session, or of another's, is not for a user who is not root. */
        if (f->user && !json_get_string(o, "session"))
                return false;
        return is(o, "session", f->session) && is(o, "verdict", f->verdict) && is(o, "capability", f->capability) && is(o, "user", f->user);
}
