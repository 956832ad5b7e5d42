/* SPDX-License-Identifier: Apache-2.0 */
#include "base/jsontext.h"

#include "base/cleanup.h"
#include "base/json.h"
#include "base/utf8.h"

#include <ctype.h>
#include <string.h>

#define SHOWN 80 /* bytes of a text that a message repeats */

static bool key_is_plain(const char *key)
{
        size_t n = strspn(key, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-");

        return n > 0 && n <= SHOWN && !key[n];
}

static void where_append(struct where *w, const char *a, const char *b, const char *c)
{
        int n = snprintf(w->text + w->length, sizeof(w->text) - w->length, "%s%s%s", a, b, c);

        w->length += n < 0 ? 0 : (size_t)n;
        if (w->length >= sizeof(w->text))
                w->length = sizeof(w->text) - 1;
}

size_t where_key(struct where *w, const char *key)
{
        size_t before = w->length;
        char shown[TEXT_SHOW_MAX];

        if (key_is_plain(key))
                where_append(w, ".", key, "");
        else
                where_append(w, "[", text_show(key, shown), "]");
        return before;
}

size_t where_index(struct where *w, size_t index)
{
        size_t before = w->length;
        char number[24];

        snprintf(number, sizeof(number), "%zu", index);
        where_append(w, "[", number, "]");
        return before;
}

void where_pop(struct where *w, size_t length)
{
        w->length = length;
        w->text[length] = '\0';
}

/* Writes one character, escaped where it would not show; returns the bytes written. Needs room for 7. */
static size_t show_one(const char *text, size_t n, char *out)
{
        unsigned char c = (unsigned char)text[0];

        if (c == '"' || c == '\\')
                return (size_t)snprintf(out, 7, "\\%c", c);
        /* C0, DEL and C1 controls: a terminal would obey them. */
        if (c < 0x20 || c == 0x7f || n == 0)
                return (size_t)snprintf(out, 7, "\\u%04x", c);
        if (n == 2 && c == 0xc2 && (unsigned char)text[1] < 0xa0)
                return (size_t)snprintf(out, 7, "\\u%04x", (unsigned char)text[1]);
        memcpy(out, text, n);
        return n;
}

const char *text_show(const char *text, char out[TEXT_SHOW_MAX])
{
        size_t left = strlen(text), n = 0;

        out[n++] = '"';
        while (left && n < SHOWN) {
                size_t bytes = utf8_length(text, left);

                n += show_one(text, bytes, out + n);
                text += bytes ? bytes : 1;
                left -= bytes ? bytes : 1;
        }
        snprintf(out + n, TEXT_SHOW_MAX - n, left ? "\"…" : "\"");
        return out;
}

static int compare_keys(const void *a, const void *b)
{
        const cJSON *x = *(const cJSON *const *)a, *y = *(const cJSON *const *)b;

        return strcmp(x->string, y->string);
}

/* Finds equal keys in one object, by sorting: an object may have as many as the text holds. */
static int check_keys(const cJSON *object, struct where *w, struct findings *findings)
{
        size_t n = (size_t)cJSON_GetArraySize(object), i = 0;
        _cleanup_free_ const cJSON **sorted = NULL;
        const cJSON *member;
        char shown[TEXT_SHOW_MAX];

        if (n < 2)
                return 0;
        sorted = reallocarray(NULL, n, sizeof(const cJSON *));
        if (!sorted)
                return -ENOMEM;
        cJSON_ArrayForEach (member, object)
                sorted[i++] = member;
        qsort(sorted, n, sizeof(const cJSON *), compare_keys);
        for (i = 1; i < n; i++) {
                if (strcmp(sorted[i - 1]->string, sorted[i]->string) != 0)
                        continue;
                if (i > 1 && strcmp(sorted[i - 2]->string, sorted[i]->string) == 0)
                        continue; /* said already */
                findings_add(findings, w->text, "found the field %s more than once, expected each name once",
                             text_show(sorted[i]->string, shown));
        }
        return 0;
}

/* Looks for duplicate keys in the whole tree; its depth is bounded by the grammar check. */
static int check_duplicates(const cJSON *value, struct where *w, struct findings *findings)
{
        const cJSON *member;
        size_t index = 0;
        int r = 0;

        if (cJSON_IsObject(value))
                r = check_keys(value, w, findings);
        cJSON_ArrayForEach (member, value) {
                size_t before;

                if (r < 0)
                        return r;
                index++;
                if (!member->child)
                        continue;
                before = cJSON_IsObject(value) ? where_key(w, member->string) : where_index(w, index - 1);
                r = check_duplicates(member, w, findings);
                where_pop(w, before);
        }
        return r;
}

int json_load(const char *text, size_t length, cJSON **ret, struct findings *findings)
{
        _cleanup_json_ cJSON *tree = NULL;
        struct where w = WHERE_INIT;
        int r;

        r = json_check(text, length, findings);
        if (r < 0)
                return r;
        tree = cJSON_ParseWithLength(text, length);
        if (!tree)
                return -ENOMEM; /* the grammar is right, so nothing else can have failed */
        r = check_duplicates(tree, &w, findings);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(tree);
        return 0;
}
