/* SPDX-License-Identifier: Apache-2.0 */
#include "import/toml.h"

#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/json.h"
#include "base/jsontext.h"
#include "base/utf8.h"
#include "import/toml_scalar.h"

#include <string.h>

/*
 * How a table or array came to be, which says who may add to it. It is kept in valueint of the node, which cJSON leaves alone in objects
 * and arrays.
 */
enum made {
        MADE_ON_THE_WAY, /* of a header: [a.b] makes a so */
        MADE_BY_HEADER,  /* [a.b] */
        MADE_BY_KEY,     /* a.b = 1 makes a so */
        MADE_WHOLE,      /* in braces or brackets: nobody adds */
        MADE_OF_TABLES,  /* [[a]] */
};

/* The names of a dotted key. */
struct key {
        char *names[TOML_NESTING_MAX];
        int n;
};

static void key_clear(struct key *k)
{
        for (int i = 0; i < k->n; i++)
                free(k->names[i]);
        k->n = 0;
}

#define _cleanup_key_ _cleanup_(key_clear)

static int read_name(struct toml *t, char **ret)
{
        static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
        size_t n = 0;

        if (toml_peek(t) == '"' || toml_peek(t) == '\'')
                return toml_string(t, false, ret);
        while (t->at + n < t->end && t->at[n] && strchr(plain, t->at[n]))
                n++;
        if (!n)
                return toml_wrong(t, "a key");
        *ret = strndup(t->at, n);
        t->at += n;
        return *ret ? 0 : -ENOMEM;
}

static int read_key(struct toml *t, struct key *k)
{
        int r;

        do {
                toml_skip_blanks(t);
                if (k->n == TOML_NESTING_MAX)
                        return toml_fail(t, "found a key of more than %d names, expected at most so many", TOML_NESTING_MAX);
                r = read_name(t, &k->names[k->n]);
                if (r < 0)
                        return r;
                k->n++;
                toml_skip_blanks(t);
        } while (toml_take(t, '.'));
        return 0;
}

static int count(struct toml *t)
{
        return ++t->values > TOML_VALUES_MAX ? toml_fail(t, "found more than %d values, expected at most so many", TOML_VALUES_MAX) : 0;
}

static int twice(struct toml *t, const char *name)
{
        char shown[TEXT_SHOW_MAX];

        return toml_fail(t, "found the key %s a second time, expected it once", text_show(name, shown));
}

static int no_table(struct toml *t, const char *name)
{
        char shown[TEXT_SHOW_MAX];

        return toml_fail(t, "found a key within %s, expected that to be a table which may be added to", text_show(name, shown));
}

/* Takes item over. */
static int add(struct toml *t, cJSON *to, const char *name, cJSON *item)
{
        int r = item ? count(t) : -ENOMEM;

        if (r == 0 && (name ? cJSON_AddItemToObject(to, name, item) : cJSON_AddItemToArray(to, item)))
                return 0;
        cJSON_Delete(item);
        return r < 0 ? r : -ENOMEM;
}

static int add_made(struct toml *t, cJSON *to, const char *name, bool array, enum made made, cJSON **ret)
{
        cJSON *item = array ? cJSON_CreateArray() : cJSON_CreateObject();
        int r = add(t, to, name, item);

        if (r < 0)
                return r;
        item->valueint = made;
        *ret = item;
        return 0;
}

static int value(struct toml *t, int depth, cJSON **ret);

/* name = value into a table that lies at that depth. */
static int pair(struct toml *t, cJSON *table, int depth)
{
        _cleanup_key_ struct key k = { .n = 0 };
        cJSON *item = NULL;
        int r = read_key(t, &k);

        if (r < 0)
                return r;
        if (!toml_take(t, '='))
                return toml_wrong(t, "\"=\"");
        for (int i = 0; i < k.n - 1; i++) {
                cJSON *next = cJSON_GetObjectItemCaseSensitive(table, k.names[i]);

                r = next ? 0 : add_made(t, table, k.names[i], false, MADE_BY_KEY, &next);
                if (r < 0)
                        return r;
                if (!cJSON_IsObject(next) || next->valueint != MADE_BY_KEY)
                        return no_table(t, k.names[i]);
                table = next;
        }
        if (cJSON_GetObjectItemCaseSensitive(table, k.names[k.n - 1]))
                return twice(t, k.names[k.n - 1]);
        toml_skip_blanks(t);
        r = value(t, depth + k.n, &item);
        return r < 0 ? r : add(t, table, k.names[k.n - 1], item);
}

static int array(struct toml *t, int depth, cJSON *list)
{
        for (;;) {
                cJSON *item = NULL;
                int r = toml_skip_lines(t);

                if (r < 0)
                        return r;
                if (toml_take(t, ']'))
                        return 0;
                r = value(t, depth + 1, &item);
                if (r == 0)
                        r = add(t, list, NULL, item);
                if (r == 0)
                        r = toml_skip_lines(t);
                if (r < 0)
                        return r;
                if (!toml_take(t, ',') && toml_peek(t) != ']')
                        return toml_wrong(t, "\",\" or \"]\"");
        }
}

static int inline_table(struct toml *t, int depth, cJSON *table)
{
        toml_skip_blanks(t);
        if (toml_take(t, '}'))
                return 0;
        for (;;) {
                int r = pair(t, table, depth);

                if (r < 0)
                        return r;
                toml_skip_blanks(t);
                if (toml_take(t, '}'))
                        return 0;
                if (!toml_take(t, ','))
                        return toml_wrong(t, "\",\" or \"}\"");
        }
}

static int value(struct toml *t, int depth, cJSON **ret)
{
        _cleanup_json_ cJSON *item = NULL;
        bool is_array = toml_peek(t) == '[';
        int r;

        if (depth > TOML_NESTING_MAX)
                return toml_fail(t, "found more than %d levels, expected at most so many", TOML_NESTING_MAX);
        if (!is_array && toml_peek(t) != '{')
                return toml_scalar(t, ret);
        t->at++;
        item = is_array ? cJSON_CreateArray() : cJSON_CreateObject();
        if (!item)
                return -ENOMEM;
        r = is_array ? array(t, depth, item) : inline_table(t, depth, item);
        if (r < 0)
                return r;
        item->valueint = MADE_WHOLE;
        *ret = TAKE_PTR(item);
        return 0;
}

/* One step of a header on its way; of an array of tables the last one is meant. */
static int step(struct toml *t, cJSON **table, const char *name)
{
        cJSON *next = cJSON_GetObjectItemCaseSensitive(*table, name);
        int r = next ? 0 : add_made(t, *table, name, false, MADE_ON_THE_WAY, &next);

        if (r < 0)
                return r;
        if (cJSON_IsArray(next) && next->valueint == MADE_OF_TABLES)
                next = next->child->prev;
        if (!cJSON_IsObject(next) || next->valueint == MADE_WHOLE)
                return no_table(t, name);
        *table = next;
        return 0;
}

static int open_table(struct toml *t, cJSON *in, const char *name)
{
        cJSON *there = cJSON_GetObjectItemCaseSensitive(in, name);

        if (!there)
                return add_made(t, in, name, false, MADE_BY_HEADER, &t->table);
        if (!cJSON_IsObject(there) || there->valueint != MADE_ON_THE_WAY)
                return twice(t, name);
        there->valueint = MADE_BY_HEADER;
        t->table = there;
        return 0;
}

static int open_tables(struct toml *t, cJSON *in, const char *name)
{
        cJSON *there = cJSON_GetObjectItemCaseSensitive(in, name);
        int r = there ? 0 : add_made(t, in, name, true, MADE_OF_TABLES, &there);

        if (r < 0)
                return r;
        if (!cJSON_IsArray(there) || there->valueint != MADE_OF_TABLES)
                return twice(t, name);
        return add_made(t, there, NULL, false, MADE_BY_HEADER, &t->table);
}

static int header(struct toml *t)
{
        _cleanup_key_ struct key k = { .n = 0 };
        bool many = toml_take(t, '[');
        cJSON *in = t->root;
        int r = read_key(t, &k);

        for (int i = 0; r == 0 && i < k.n - 1; i++)
                r = step(t, &in, k.names[i]);
        if (r < 0)
                return r;
        if (!toml_take(t, ']') || (many && !toml_take(t, ']')))
                return toml_wrong(t, many ? "\"]]\"" : "\"]\"");
        r = many ? open_tables(t, in, k.names[k.n - 1]) : open_table(t, in, k.names[k.n - 1]);
        t->depth = k.n + many;
        return r;
}

static int document(struct toml *t)
{
        for (;;) {
                int r = toml_skip_lines(t);

                if (r < 0 || t->at == t->end)
                        return r;
                r = toml_take(t, '[') ? header(t) : pair(t, t->table, t->depth);
                if (r == 0)
                        r = toml_end_of_line(t);
                if (r < 0)
                        return r;
        }
}

int toml_load(const char *text, size_t length, cJSON **ret, struct error *e)
{
        _cleanup_json_ cJSON *root = NULL;
        struct toml t = { .at = text, .end = text + length, .line = 1, .e = e };
        int r;

        if (length > TOML_TEXT_MAX)
                return error_set(e, -EINVAL, "found %zu bytes, expected at most %u", length, TOML_TEXT_MAX);
        if (length && utf8_valid_prefix(text, length) != length)
                return error_set(e, -EINVAL, "found bytes that are no UTF-8, expected text");
        root = cJSON_CreateObject();
        if (!root)
                return -ENOMEM;
        t.root = t.table = root;
        r = document(&t);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(root);
        return 0;
}
