/* SPDX-License-Identifier: Apache-2.0 */
#include "import/draft.h"

#include "base/cleanup.h"
#include "base/json.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *const part_names[PARTS] = { "reading", "writing", "network", "sockets" };

/* Takes line over. */
static void lines_add(struct draft *d, struct lines *l, char *line)
{
        char **grown;

        for (size_t i = 0; line && i < l->n; i++)
                if (strcmp(l->list[i], line) == 0) {
                        free(line);
                        return;
                }
        grown = line ? reallocarray(l->list, l->n + 1, sizeof(*grown)) : NULL;
        if (!grown) {
                free(line);
                d->no_memory = true;
                return;
        }
        l->list = grown;
        l->list[l->n++] = line;
}

static void lines_clear(struct lines *l)
{
        for (size_t i = 0; i < l->n; i++)
                free(l->list[i]);
        free(l->list);
}

static char *format_line(const char *format, ...) __attribute__((format(printf, 1, 2)));
static char *format_line(const char *format, ...)
{
        va_list ap;
        char *line;

        va_start(ap, format);
        line = text_format(format, ap);
        va_end(ap);
        return line;
}

/* The text as JSON has it, with its quotes, to be freed. */
static char *quoted(const char *text)
{
        _cleanup_json_ cJSON *string = cJSON_CreateString(text);

        return string ? cJSON_PrintUnformatted(string) : NULL;
}

void draft_file(struct draft *d, enum part part, const char *path, const char *allow, const char *deny)
{
        _cleanup_free_ char *text = quoted(path);

        lines_add(d, &d->rules[part],
                  text ? format_line("{\"path\": %s, \"%s\": \"%s\"}", text, allow ? "allow" : "deny", allow ? allow : deny) : NULL);
}

void draft_egress(struct draft *d, const char *kind, const char *name, unsigned port, const char *proto, bool deny)
{
        _cleanup_free_ char *text = quoted(name), *ports = port ? format_line(", \"port\": %u", port) : strdup("");

        lines_add(d, &d->rules[PART_NETWORK],
                  text && ports ? format_line("{\"%s\": %s%s%s%s%s%s}", kind, text, ports, proto ? ", \"proto\": \"" : "",
                                              proto ? proto : "", proto ? "\"" : "", deny ? ", \"deny\": true" : "")
                                : NULL);
}

void draft_environment(struct draft *d, const char *name)
{
        lines_add(d, &d->environment, quoted(name));
}

void draft_left_out(struct draft *d, enum loss loss, const char *where, const char *format, ...)
{
        struct left_out *grown = reallocarray(d->left, d->n_left + 1, sizeof(*grown)), *l;
        va_list ap;

        if (!grown) {
                d->no_memory = true;
                return;
        }
        d->left = grown;
        l = &grown[d->n_left];
        *l = (struct left_out){ .where = strdup(where + (*where == '.')), .denies = loss == LOSS_DENIAL };
        va_start(ap, format);
        l->why = text_format(format, ap);
        va_end(ap);
        d->no_memory |= !l->where || !l->why;
        d->n_left++;
        d->n_denials += l->denies;
}

static int add(struct buffer *out, const char *format, ...) __attribute__((format(printf, 2, 3)));
static int add(struct buffer *out, const char *format, ...)
{
        _cleanup_free_ char *text = NULL;
        va_list ap;

        va_start(ap, format);
        text = text_format(format, ap);
        va_end(ap);
        return text ? buffer_append(out, text, strlen(text)) : -ENOMEM;
}

static int print_names(const struct lines *l, struct buffer *out)
{
        int r = l->n ? add(out, ",\n      \"environment\": [") : 0;

        for (size_t i = 0; r == 0 && i < l->n; i++)
                r = add(out, "%s%s", i ? ", " : "", l->list[i]);
        return r < 0 || !l->n ? r : add(out, "]");
}

static int print_part(const struct draft *d, enum part part, struct buffer *out)
{
        const struct lines *l = &d->rules[part];
        int r = add(out, "%s    \"%s\": {\n      \"%s\": [\n", part ? ",\n" : "", part_names[part],
                    part == PART_NETWORK ? "egress" : "files");

        for (size_t i = 0; r == 0 && i < l->n; i++)
                r = add(out, "        %s%s\n", l->list[i], i + 1 < l->n ? "," : "");
        if (r == 0)
                r = add(out, "      ]");
        if (r == 0 && part == PART_READING)
                r = print_names(&d->environment, out);
        return r < 0 ? r : add(out, "\n    }");
}

int draft_print(const struct draft *d, const char *name, const char *description, struct buffer *out)
{
        _cleanup_free_ char *name_text = quoted(name), *about = quoted(description);
        int r = name_text && about ? 0 : -ENOMEM;

        if (r == 0)
                r = add(out, "{\n  \"holdfast\": 1,\n  \"name\": %s,\n  \"description\": %s,\n\n  \"capabilities\": {\n", name_text, about);
        for (enum part p = 0; r == 0 && p < PARTS; p++)
                if (d->rules[p].n)
                        r = print_part(d, p, out);
        return r < 0 ? r : add(out, "\n  }\n}\n");
}

void draft_clear(struct draft *d)
{
        for (int i = 0; i < PARTS; i++)
                lines_clear(&d->rules[i]);
        lines_clear(&d->environment);
        for (size_t i = 0; i < d->n_left; i++) {
                free(d->left[i].where);
                free(d->left[i].why);
        }
        free(d->left);
        *d = (struct draft){ 0 };
}
