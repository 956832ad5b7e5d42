/* SPDX-License-Identifier: Apache-2.0 */
#include "api/route.h"

#include "base/cleanup.h"
#include "base/utf8.h"

#include <ctype.h>
#include <string.h>

static int hex_value(char c)
{
        if (c >= '0' && c <= '9')
                return c - '0';
        c = (char)tolower((unsigned char)c);
        return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Decodes a piece in place (RFC 3986, section 2.1). */
static int decode(char *piece, bool plus_is_space)
{
        char *out = piece;

        for (const char *in = piece; *in; in++) {
                char c = *in;

                if (c == '%') {
                        int high = hex_value(in[1]), low = high < 0 ? -1 : hex_value(in[2]);

                        if (low < 0 || (high == 0 && low == 0))
                                return -EINVAL;
                        c = (char)(high << 4 | low);
                        in += 2;
                } else if (c == '+' && plus_is_space) {
                        c = ' ';
                }
                *out++ = c;
        }
        *out = '\0';
        return utf8_valid_prefix(piece, (size_t)(out - piece)) == (size_t)(out - piece) ? 0 : -EINVAL;
}

static int parse_path(char *path, struct target *t)
{
        if (*path != '/')
                return -EINVAL;
        path++;
        for (char *next; path; path = next) {
                int r;

                if (t->n_segments == TARGET_SEGMENTS_MAX)
                        return -E2BIG;
                next = strchr(path, '/');
                if (next)
                        *next++ = '\0';
                r = decode(path, false);
                if (r < 0)
                        return r;
                t->segments[t->n_segments++] = path;
        }
        return 0;
}

static int parse_argument(char *text, struct target *t)
{
        char *value = strchr(text, '=');
        int r;

        if (t->n_arguments == TARGET_ARGUMENTS_MAX)
                return -E2BIG;
        if (value)
                *value++ = '\0';
        else
                value = text + strlen(text);
        r = decode(text, true);
        if (r == 0)
                r = decode(value, true);
        if (r < 0)
                return r;
        t->arguments[t->n_arguments].name = text;
        t->arguments[t->n_arguments++].value = value;
        return 0;
}

static int parse_query(char *query, struct target *t)
{
        char *argument;
        int r = 0;

        while (r == 0 && (argument = strsep(&query, "&")))
                if (*argument)
                        r = parse_argument(argument, t);
        return r;
}

/* Where the path begins: behind "http://host" of the absolute form, which servers have to take. */
static const char *skip_authority(const char *text)
{
        static const char scheme[] = "http://";

        if (strncasecmp(text, scheme, sizeof(scheme) - 1) != 0)
                return text;
        text += sizeof(scheme) - 1;
        return text + strcspn(text, "/?");
}

int target_parse(const char *text, struct target *ret)
{
        __attribute__((cleanup(target_clear))) struct target t = TARGET_INIT;
        char *query;
        int r;

        t.text = strdup(skip_authority(text));
        if (!t.text)
                return -ENOMEM;
        query = strchr(t.text, '?');
        if (query)
                *query++ = '\0';
        r = parse_path(t.text, &t);
        if (r == 0 && query)
                r = parse_query(query, &t);
        if (r < 0)
                return r;
        *ret = t;
        t.text = NULL;
        return 0;
}

void target_clear(struct target *t)
{
        free(t->text);
        *t = (struct target)TARGET_INIT;
}

/* Whether the pattern matches; exact tells whether it does without any ":name". */
static bool pattern_matches(const char *pattern, const struct target *t, bool *exact)
{
        *exact = true;
        for (size_t i = 0; i < t->n_segments; i++) {
                size_t n;

                if (*pattern++ != '/')
                        return false;
                n = strcspn(pattern, "/");
                if (*pattern == ':') {
                        *exact = false;
                        if (!*t->segments[i])
                                return false;
                } else if (strlen(t->segments[i]) != n || memcmp(pattern, t->segments[i], n) != 0) {
                        return false;
                }
                pattern += n;
        }
        return t->n_segments > 0 && !*pattern;
}

static const struct http_route *find(const struct http_route *routes, size_t n, const char *method, const struct target *t,
                                     bool *path_known)
{
        const struct http_route *found = NULL;
        bool exact;

        for (size_t i = 0; i < n; i++) {
                if (!pattern_matches(routes[i].pattern, t, &exact))
                        continue;
                *path_known = true;
                if (strcmp(routes[i].method, method) != 0)
                        continue;
                if (exact)
                        return &routes[i];
                if (!found)
                        found = &routes[i];
        }
        return found;
}

const struct http_route *route_find(const struct http_route *routes, size_t n, const char *method, const struct target *t, bool *path_known)
{
        const struct http_route *found;

        *path_known = false;
        found = find(routes, n, method, t, path_known);
        return found || strcmp(method, "HEAD") != 0 ? found : find(routes, n, "GET", t, path_known);
}

void route_methods(const struct http_route *routes, size_t n, const struct target *t, char *out, size_t size)
{
        size_t length = 0;
        bool exact;

        *out = '\0';
        for (size_t i = 0; i < n && length < size; i++) {
                if (!pattern_matches(routes[i].pattern, t, &exact) || strstr(out, routes[i].method))
                        continue;
                length += (size_t)snprintf(out + length, size - length, "%s%s%s", length ? ", " : "", routes[i].method,
                                           strcmp(routes[i].method, "GET") == 0 ? ", HEAD" : "");
        }
}

const char *route_segment(const struct http_route *route, const struct target *t, const char *name)
{
        const char *pattern = route->pattern;

        for (size_t i = 0; i < t->n_segments; i++) {
                size_t n = strcspn(++pattern, "/");

                if (*pattern == ':' && strlen(name) == n - 1 && memcmp(pattern + 1, name, n - 1) == 0)
                        return t->segments[i];
                pattern += n;
        }
        return NULL;
}
