/* SPDX-License-Identifier: Apache-2.0 */
/* Settings as they are read: members by their types, and those that nobody reads. */
#include "import/draft.h"

#include <string.h>

static const char *kind(const cJSON *value)
{
        return cJSON_IsObject(value)   ? "an object"
               : cJSON_IsArray(value)  ? "an array"
               : cJSON_IsString(value) ? "a string"
               : cJSON_IsNumber(value) ? "a number"
               : cJSON_IsBool(value)   ? "a boolean"
                                       : "null";
}

/* The member, with its name added to the path; NULL, and a finding where it is of another type. */
static const cJSON *member(struct draft *d, const cJSON *object, const char *name, struct where *w, cJSON_bool (*is)(const cJSON *),
                           const char *expected)
{
        const cJSON *value = cJSON_GetObjectItemCaseSensitive(object, name);

        where_key(w, name);
        if (!value || is(value))
                return value;
        findings_add(d->findings, w->text + (*w->text == '.'), "found %s, expected %s", kind(value), expected);
        return NULL;
}

const cJSON *settings_object(struct draft *d, const cJSON *object, const char *name, struct where *w)
{
        return member(d, object, name, w, cJSON_IsObject, "an object");
}

const char *settings_string(struct draft *d, const cJSON *object, const char *name, struct where *w)
{
        const size_t before = w->length;
        const cJSON *value = member(d, object, name, w, cJSON_IsString, "a string");

        where_pop(w, before);
        return value ? value->valuestring : NULL;
}

bool settings_bool(struct draft *d, const cJSON *object, const char *name, struct where *w, bool otherwise)
{
        const size_t before = w->length;
        const cJSON *value = member(d, object, name, w, cJSON_IsBool, "true or false");

        where_pop(w, before);
        return value ? cJSON_IsTrue(value) : otherwise;
}

void settings_each(struct draft *d, const cJSON *object, const char *name, struct where *w,
                   void (*each)(struct draft *d, const char *text, const char *where, void *context), void *context)
{
        const size_t before = w->length;
        const cJSON *list = member(d, object, name, w, cJSON_IsArray, "an array of strings"), *item;
        size_t i = 0;

        cJSON_ArrayForEach (item, list) {
                const size_t length = where_index(w, i++);

                if (cJSON_IsString(item))
                        each(d, item->valuestring, w->text, context);
                else
                        findings_add(d->findings, w->text + (*w->text == '.'), "found %s, expected a string", kind(item));
                where_pop(w, length);
        }
        where_pop(w, before);
}

static bool says_nothing(const cJSON *value)
{
        return cJSON_IsFalse(value) || cJSON_IsNull(value) || ((cJSON_IsArray(value) || cJSON_IsObject(value)) && !value->child);
}

void settings_keys(struct draft *d, const cJSON *object, struct where *w, const struct key_row *rows, bool strict)
{
        const cJSON *value;

        cJSON_ArrayForEach (value, object) {
                const struct key_row *row = rows;
                const size_t before = w->length;

                while (row->name && strcmp(row->name, value->string) != 0)
                        row++;
                where_key(w, value->string);
                if (!row->name && strict)
                        draft_left_out(d, LOSS_DENIAL, w->text, "this version does not know it, so it may deny something");
                else if (row->name && row->kind != KEY_KNOWN && !says_nothing(value))
                        draft_left_out(d, row->kind == KEY_DENIES ? LOSS_DENIAL : LOSS_TOLD, w->text, "%s", row->why);
                where_pop(w, before);
        }
}

void settings_left_out(struct draft *d, enum loss loss, struct where *w, const char *name, const char *why)
{
        const size_t before = where_key(w, name);

        draft_left_out(d, loss, w->text, "%s", why);
        where_pop(w, before);
}
