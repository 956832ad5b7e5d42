/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/recent.h"

#include "base/cleanup.h"
#include "base/json.h"
#include "base/time.h"

#include <stdlib.h>
#include <string.h>

#define PATH_KEPT 512 /* bytes of a path's end */

/* What the session did, and what is said of it for the model. Numbers of processes and users, and the layer, are for those outside. */
static const char *const members[] = { "comm", "kind",   "op",         "right", "path", "addr", "port",   "proto", "host",
                                       "type", "detail", "capability", "rule",  "hint", "why",  "reason", "error", "verdict" };

static void shorten(cJSON *o)
{
        const char *path = json_get_string(o, "path");
        size_t length = path ? strlen(path) : 0;

        if (length <= PATH_KEPT)
                return;
        path += length - PATH_KEPT;
        while ((*path & 0xc0) == 0x80) /* not within a character */
                path++;
        cJSON_ReplaceItemInObjectCaseSensitive(o, "path", cJSON_CreateString(path));
        cJSON_AddTrueToObject(o, "truncated");
}

static bool has_room(struct recent *r, uint64_t time)
{
        if (time - r->since >= RECENT_INTERVAL) {
                r->since = time;
                r->n = 0;
        }
        return r->n++ < RECENT_MAX;
}

void recent_note(struct recent *r, const cJSON *event, uint64_t time)
{
        _cleanup_json_ cJSON *o = NULL;
        char **place = &r->list[r->noted % RECENT_MAX];
        char text[TIME_TEXT_SIZE];
        char *line;

        if (!has_room(r, time))
                return;
        o = cJSON_CreateObject();
        cJSON_AddStringToObject(o, "time", time_format(time, text));
        for (size_t i = 0; i < ARRAY_SIZE(members); i++) {
                const cJSON *member = cJSON_GetObjectItemCaseSensitive(event, members[i]);

                if (member)
                        cJSON_AddItemToObject(o, members[i], cJSON_Duplicate(member, true));
        }
        shorten(o);
        line = cJSON_PrintUnformatted(o);
        if (!line || strlen(line) >= RECENT_TEXT_MAX) {
                free(line);
                return;
        }
        free(*place);
        *place = line;
        r->noted++;
}

cJSON *recent_json(struct recent *r, bool fresh)
{
        _cleanup_json_ cJSON *list = cJSON_CreateArray();
        const uint64_t kept = r->noted < RECENT_MAX ? 0 : r->noted - RECENT_MAX;

        for (uint64_t i = fresh && r->told > kept ? r->told : kept; i < r->noted; i++)
                if (!cJSON_AddItemToArray(list, cJSON_Parse(r->list[i % RECENT_MAX])))
                        return NULL;
        if (list && fresh)
                r->told = r->noted;
        return TAKE_PTR(list);
}

void recent_clear(struct recent *r)
{
        for (size_t i = 0; i < RECENT_MAX; i++)
                free(r->list[i]);
        *r = (struct recent){ 0 };
}
