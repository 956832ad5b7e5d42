/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/output.h"

#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/json.h"
#include "base/utf8.h"
#include "cli/command.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define COLUMNS 16

int output_json(FILE *to, const cJSON *tree)
{
        _cleanup_buffer_ struct buffer out = BUFFER_INIT;

        if (json_print(&out, tree, SIZE_MAX / 2) < 0) {
                fputs("holdfast: out of memory\n", stderr);
                return STATUS_FAILED;
        }
        fprintf(to, "%s\n", out.data);
        return STATUS_DONE;
}

const char *output_field(const cJSON *object, const char *name, char number[32])
{
        const cJSON *m = cJSON_GetObjectItemCaseSensitive(object, name);

        if (cJSON_IsString(m) && *m->valuestring)
                return m->valuestring;
        if (cJSON_IsBool(m))
                return cJSON_IsTrue(m) ? "yes" : "no";
        if (!cJSON_IsNumber(m))
                return "-";
        snprintf(number, 32, "%.0f", m->valuedouble);
        return number;
}

size_t output_safe_character(FILE *to, const char *text)
{
        const size_t acts = utf8_acts(text);

        const size_t n = acts ? acts : utf8_length(text, strnlen(text, 4));

        if (acts)
                fputc('?', to);
        else
                fwrite(text, 1, n, to);
        return n;
}

void output_safe_to(FILE *to, const char *text)
{
        while (*text)
                text += output_safe_character(to, text);
}

void output_safe(const char *text)
{
        output_safe_to(stdout, text);
}

static void cell(const char *text, int width, bool last)
{
        int n = (int)strlen(text);

        output_safe(text);
        if (last)
                putchar('\n');
        else
                printf("%*s", width - n + 2, "");
}

void output_table(const cJSON *array, const char *const names[])
{
        int widths[COLUMNS], n = 0;
        const cJSON *item;
        char number[32];

        for (; names[n] && n < COLUMNS; n++) {
                widths[n] = (int)strlen(names[n]);
                cJSON_ArrayForEach (item, array) {
                        int width = (int)strlen(output_field(item, names[n], number));

                        widths[n] = width > widths[n] ? width : widths[n];
                }
        }
        for (int i = 0; i < n; i++) {
                char heading[64];
                size_t j;

                for (j = 0; names[i][j] && j < sizeof(heading) - 1; j++)
                        heading[j] = (char)toupper((unsigned char)names[i][j]);
                heading[j] = '\0';
                cell(heading, widths[i], i == n - 1);
        }
        cJSON_ArrayForEach (item, array)
                for (int i = 0; i < n; i++)
                        cell(output_field(item, names[i], number), widths[i], i == n - 1);
}

/* A line for each item, with its members side by side. */
static void fields_of_items(const cJSON *array)
{
        const cJSON *item, *m;
        char number[32];

        cJSON_ArrayForEach (item, array) {
                printf("%-12s", array->string);
                cJSON_ArrayForEach (m, item) {
                        putchar(' ');
                        output_safe(output_field(item, m->string, number));
                }
                putchar('\n');
        }
}

/* A line for them all, each behind its name. */
static void fields_of_object(const cJSON *object)
{
        const cJSON *m;
        char number[32];

        printf("%-12s", object->string);
        cJSON_ArrayForEach (m, object) {
                printf(" %s=", m->string);
                output_safe(output_field(object, m->string, number));
        }
        putchar('\n');
}

void output_fields(const cJSON *object)
{
        const cJSON *m;
        char number[32];

        cJSON_ArrayForEach (m, object) {
                if (cJSON_IsArray(m) && cJSON_GetArraySize(m)) {
                        fields_of_items(m);
                        continue;
                }
                if (cJSON_IsObject(m)) {
                        fields_of_object(m);
                        continue;
                }
                printf("%-12s ", m->string);
                output_safe(output_field(object, m->string, number));
                putchar('\n');
        }
}

void output_unverified(const cJSON *session)
{
        const cJSON *item;

        cJSON_ArrayForEach (item, json_get_array(session, "unverified")) {
                const char *where = json_get_string(item, "where"), *what = json_get_string(item, "what");

                fputs("holdfast: ", stderr);
                output_safe_to(stderr, where ? where : "?");
                fputs(": ", stderr);
                output_safe_to(stderr, what ? what : "?");
                fputc('\n', stderr);
        }
}

void output_found(const cJSON *session)
{
        const cJSON *item;
        uint64_t more = 0;

        cJSON_ArrayForEach (item, json_get_array(session, "found")) {
                const char *kind = json_get_string(item, "kind"), *what = json_get_string(item, "what"),
                           *done = json_get_string(item, "done");
                char number[32];

                fprintf(stderr, "holdfast: %s: process %s: %s ", done ? done : "?", output_field(item, "pid", number), kind ? kind : "?");
                output_safe_to(stderr, what ? what : "?");
                fputc('\n', stderr);
        }
        if (json_get_u64(session, "found_more", &more) == 0)
                fprintf(stderr, "holdfast: and %llu more\n", (unsigned long long)more);
}
