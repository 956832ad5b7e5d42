/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"

#include "base/cleanup.h"
#include "base/utf8.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <string.h>

#define EXACT_MAX (1ull << 53) /* whole numbers that a double holds */

void json_cleanup(cJSON **tree)
{
        cJSON_Delete(*tree);
}

/* Whether the text would be read as an escaped byte. */
static bool is_escape(const char *text, size_t n)
{
        return n >= 4 && text[0] == '\\' && text[1] == 'x' && isxdigit((unsigned char)text[2]) && isxdigit((unsigned char)text[3]);
}

static char *put_escape(char *out, char byte)
{
        static const char hex[] = "0123456789abcdef";

        *out++ = '\\';
        *out++ = 'x';
        *out++ = hex[(unsigned char)byte >> 4];
        *out++ = hex[(unsigned char)byte & 15];
        return out;
}

cJSON *json_bytes(const char *bytes, size_t n)
{
        _cleanup_free_ char *text = n < SIZE_MAX / 4 ? malloc(4 * n + 1) : NULL;
        char *out = text;
        size_t length;

        if (!text)
                return NULL;
        for (size_t i = 0; i < n; i += length) {
                length = utf8_length(bytes + i, n - i);
                if (!length || !bytes[i] || is_escape(bytes + i, n - i)) {
                        out = put_escape(out, bytes[i]);
                        length = 1;
                } else {
                        memcpy(out, bytes + i, length);
                        out += length;
                }
        }
        *out = '\0';
        return cJSON_CreateString(text);
}

static int add(cJSON *object, const char *name, cJSON *value)
{
        if (value && cJSON_AddItemToObject(object, name, value))
                return 0;
        cJSON_Delete(value);
        return -ENOMEM;
}

int json_add_bytes(cJSON *object, const char *name, const char *bytes, size_t n)
{
        return add(object, name, json_bytes(bytes, n));
}

int json_add_text(cJSON *object, const char *name, const char *text)
{
        return json_add_bytes(object, name, text, strlen(text));
}

int json_add_u64(cJSON *object, const char *name, uint64_t value)
{
        char digits[24];

        snprintf(digits, sizeof(digits), "%" PRIu64, value);
        return add(object, name, cJSON_CreateRaw(digits));
}

const char *json_get_string(const cJSON *object, const char *name)
{
        return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name));
}

const cJSON *json_get_object(const cJSON *object, const char *name)
{
        const cJSON *value = cJSON_GetObjectItemCaseSensitive(object, name);

        return cJSON_IsObject(value) ? value : NULL;
}

const cJSON *json_get_array(const cJSON *object, const char *name)
{
        const cJSON *value = cJSON_GetObjectItemCaseSensitive(object, name);

        return cJSON_IsArray(value) ? value : NULL;
}

int json_get_bool(const cJSON *object, const char *name, bool *ret)
{
        const cJSON *value = cJSON_GetObjectItemCaseSensitive(object, name);

        if (!value)
                return -ENOENT;
        if (!cJSON_IsBool(value))
                return -EINVAL;
        *ret = cJSON_IsTrue(value);
        return 0;
}

int json_get_u64(const cJSON *object, const char *name, uint64_t *ret)
{
        const cJSON *value = cJSON_GetObjectItemCaseSensitive(object, name);
        double number;

        if (!value)
                return -ENOENT;
        if (!cJSON_IsNumber(value))
                return -EINVAL;
        number = value->valuedouble;
        if (!(number >= 0 && number <= (double)EXACT_MAX) || number != (double)(uint64_t)number)
                return -EINVAL;
        *ret = (uint64_t)number;
        return 0;
}

/* Puts the tree behind what is in the buffer; cJSON does not say how much room it needs, so try. */
static int print_raw(struct buffer *out, const cJSON *tree, size_t max)
{
        size_t room = 512;

        for (;;) {
                int r = buffer_reserve(out, room);

                if (r < 0)
                        return r;
                room = out->capacity - out->length - 1;
                if (cJSON_PrintPreallocated((cJSON *)tree, out->data + out->length, room > INT_MAX ? INT_MAX : (int)room, false)) {
                        out->length += strlen(out->data + out->length);
                        return 0;
                }
                out->data[out->length] = '\0';
                if (room > max)
                        return -E2BIG;
                room *= 2;
        }
}

/* Writes the part from start on again: bytes outside UTF-8 as \xNN (each \ doubled by JSON), raw control characters as spaces. */
static int repair(struct buffer *out, size_t start)
{
        size_t n = out->length - start, length;
        _cleanup_free_ char *bad = malloc(n ? n : 1);
        char *p;

        if (!bad || buffer_reserve(out, 5 * n) < 0)
                return -ENOMEM;
        memcpy(bad, out->data + start, n);
        p = out->data + start;
        for (size_t i = 0; i < n; i += length) {
                length = utf8_length(bad + i, n - i);
                if (!length) {
                        *p++ = '\\';
                        p = put_escape(p, bad[i]);
                        length = 1;
                        continue;
                }
                memcpy(p, bad + i, length);
                /* cJSON escapes those in strings, so only a raw item can have brought one, as white space. */
                if ((unsigned char)*p < 0x20)
                        *p = ' ';
                p += length;
        }
        buffer_truncate(out, (size_t)(p - out->data));
        return 0;
}

static bool is_one_clean_line(const char *text, size_t length)
{
        for (size_t i = 0; i < length; i++)
                if ((unsigned char)text[i] < 0x20)
                        return false;
        return utf8_valid_prefix(text, length) == length;
}

int json_print(struct buffer *out, const cJSON *tree, size_t max)
{
        size_t start = out->length;
        int r = print_raw(out, tree, max);

        if (r < 0)
                return r;
        if (!is_one_clean_line(out->data + start, out->length - start))
                r = repair(out, start);
        if (r == 0 && out->length - start > max)
                r = -E2BIG;
        if (r < 0)
                buffer_truncate(out, start);
        return r;
}
