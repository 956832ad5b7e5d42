/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/reader.h"

#include "base/buffer.h"
#include "base/cleanup.h"

#include <stdarg.h>
#include <string.h>

#define NAME_MAX_COMPARED 32
#define FIELDS_MAX 16

static const char *describe(const cJSON *value, char out[TEXT_SHOW_MAX + 16])
{
        char shown[TEXT_SHOW_MAX];

        if (cJSON_IsString(value))
                snprintf(out, TEXT_SHOW_MAX + 16, "the string %s", text_show(value->valuestring, shown));
        else if (cJSON_IsNumber(value))
                snprintf(out, TEXT_SHOW_MAX + 16, "the number %.15g", value->valuedouble);
        else
                snprintf(out, TEXT_SHOW_MAX + 16, "%s",
                         cJSON_IsObject(value)  ? "an object"
                         : cJSON_IsArray(value) ? "an array"
                         : cJSON_IsTrue(value)  ? "true"
                         : cJSON_IsFalse(value) ? "false"
                                                : "null");
        return out;
}

void reader_wrong(struct reader *r, const cJSON *value, const char *expected)
{
        char found[TEXT_SHOW_MAX + 16];

        findings_add(r->findings, r->where.text, "found %s, expected %s", describe(value, found), expected);
}

void reader_say(struct reader *r, const char *format, ...)
{
        _cleanup_free_ char *text = NULL;
        va_list ap;

        va_start(ap, format);
        text = text_format(format, ap);
        va_end(ap);
        r->no_memory |= !text;
        if (text)
                findings_add(r->findings, r->where.text, "%s", text);
}

void reader_error(struct reader *r, struct error *e)
{
        if (e->code == -ENOMEM)
                r->no_memory = true;
        findings_add(r->findings, r->where.text, "%s", error_text(e));
        error_clear(e);
}

const char *reader_string(struct reader *r, const cJSON *value, const char *expected)
{
        if (cJSON_IsString(value) && *value->valuestring)
                return value->valuestring;
        reader_wrong(r, value, expected);
        return NULL;
}

char *reader_copy(struct reader *r, const char *text)
{
        char *copy = strdup(text);

        r->no_memory |= !copy;
        return copy;
}

bool reader_number(struct reader *r, const cJSON *value, uint32_t least, uint32_t most, uint32_t *ret)
{
        char expected[64];

        if (cJSON_IsNumber(value) && value->valuedouble >= least && value->valuedouble <= most &&
            value->valuedouble == (double)(uint32_t)value->valuedouble) {
                *ret = (uint32_t)value->valuedouble;
                return true;
        }
        snprintf(expected, sizeof(expected), "a whole number from %u to %u", least, most);
        reader_wrong(r, value, expected);
        return false;
}

/* Levenshtein's distance of two short names. */
static size_t distance(const char *a, size_t n_a, const char *b, size_t n_b)
{
        size_t row[NAME_MAX_COMPARED + 1];

        for (size_t j = 0; j <= n_b; j++)
                row[j] = j;
        for (size_t i = 1; i <= n_a; i++) {
                size_t diagonal = row[0];

                row[0] = i;
                for (size_t j = 1; j <= n_b; j++) {
                        size_t best = diagonal + (a[i - 1] != b[j - 1]);

                        diagonal = row[j];
                        if (row[j] + 1 < best)
                                best = row[j] + 1;
                        if (row[j - 1] + 1 < best)
                                best = row[j - 1] + 1;
                        row[j] = best;
                }
        }
        return row[n_b];
}

const char *nearest_name(const char *text, const char *const *names)
{
        size_t n = strlen(text), best = 3;
        const char *nearest = NULL;

        if (n > NAME_MAX_COMPARED)
                return NULL;
        for (; *names; names++) {
                size_t length = strlen(*names), d;

                if (length > NAME_MAX_COMPARED)
                        continue;
                d = distance(text, n, *names, length);
                if (d < best && d * 2 <= length) {
                        best = d;
                        nearest = *names;
                }
        }
        return nearest;
}

static void unknown_field(struct reader *r, const char *name, const struct field *fields)
{
        const char *names[FIELDS_MAX + 1] = { NULL }, *nearest;
        char shown[TEXT_SHOW_MAX];

        for (size_t i = 0; i < FIELDS_MAX && fields[i].name; i++)
                names[i] = fields[i].name;
        nearest = nearest_name(name, names);
        if (nearest)
                reader_say(r, "found the unknown field %s; did you mean \"%s\"?", text_show(name, shown), nearest);
        else
                reader_say(r, "found the unknown field %s, expected a field of the policy format (docs/policy.md)", text_show(name, shown));
}

static void read_field(struct reader *r, const cJSON *value, const struct field *fields, void *target)
{
        const struct field *f = fields;

        while (f->name && strcmp(f->name, value->string) != 0)
                f++;
        if (!f->name)
                unknown_field(r, value->string, fields);
        else if (!f->read)
                reader_say(r, "found \"%s\", which this version cannot enforce, and a policy is not applied in part: %s", f->name,
                           f->advice);
        else
                f->read(r, value, target);
}

static void check_required(struct reader *r, const cJSON *object, const struct field *fields)
{
        for (const struct field *f = fields; f->name; f++)
                if (f->required && !cJSON_GetObjectItemCaseSensitive(object, f->name))
                        reader_say(r, "found no field \"%s\", expected %s", f->name, f->expected);
}

void reader_object(struct reader *r, const cJSON *value, const struct field *fields, void *target)
{
        const cJSON *member;

        if (!cJSON_IsObject(value)) {
                reader_wrong(r, value, "an object");
                return;
        }
        cJSON_ArrayForEach (member, value) {
                size_t before = where_key(&r->where, member->string);

                read_field(r, member, fields, target);
                where_pop(&r->where, before);
        }
        check_required(r, value, fields);
}

void reader_array(struct reader *r, const cJSON *value, void (*read)(struct reader *, const cJSON *, void *), void *target)
{
        const cJSON *element;
        size_t i = 0;

        if (!cJSON_IsArray(value)) {
                reader_wrong(r, value, "an array");
                return;
        }
        cJSON_ArrayForEach (element, value) {
                size_t before = where_index(&r->where, i++);

                read(r, element, target);
                where_pop(&r->where, before);
        }
}
