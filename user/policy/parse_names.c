/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of names in a policy: programs that it is for, and variables of the environment that a capability keeps. */
#include "policy/parse.h"

#include "base/cleanup.h"

#include <stdlib.h>
#include <string.h>

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"
#define BYTES_MAX 128

#define VARIABLE_EXPECTED "the name of a variable, in letters, digits and \"_\""
#define PROGRAM_EXPECTED "the name of a program without a path, in letters, digits and \"._+-\""

static bool is_variable(const char *text)
{
        return !strchr(DIGITS, *text) && strspn(text, LETTERS DIGITS "_") == strlen(text);
}

static bool is_program(const char *text)
{
        return *text != '.' && strspn(text, LETTERS DIGITS "._+-") == strlen(text);
}

static void add(struct reader *r, const cJSON *value, struct name_list *names, bool (*valid)(const char *), const char *expected)
{
        const char *text = reader_string(r, value, expected);

        if (!text)
                return;
        if (strlen(text) > BYTES_MAX || !valid(text)) {
                reader_wrong(r, value, expected);
                return;
        }
        if (names->n == NAME_LIST_MAX) {
                reader_say(r, "found more than %d names, expected at most as many", NAME_LIST_MAX);
                return;
        }
        names->list[names->n] = reader_copy(r, text);
        names->n += names->list[names->n] != NULL;
}

static void read_variable(struct reader *r, const cJSON *value, void *target)
{
        add(r, value, target, is_variable, VARIABLE_EXPECTED);
}

static void read_program(struct reader *r, const cJSON *value, void *target)
{
        add(r, value, target, is_program, PROGRAM_EXPECTED);
}

static void read_names(struct reader *r, const cJSON *value, struct name_list *names, void (*read)(struct reader *, const cJSON *, void *))
{
        const int n = cJSON_IsArray(value) ? cJSON_GetArraySize(value) : 0;

        if (!names->list && n > 0)
                names->list = calloc((size_t)(n < NAME_LIST_MAX ? n : NAME_LIST_MAX), sizeof(*names->list));
        if (n > 0 && !names->list)
                r->no_memory = true;
        else
                reader_array(r, value, read, names);
}

void parse_environment(struct reader *r, const cJSON *value, void *target)
{
        read_names(r, value, &((struct capability *)target)->environment, read_variable);
}

void parse_programs(struct reader *r, const cJSON *value, void *target)
{
        read_names(r, value, &((struct policy *)target)->programs, read_program);
}

void name_list_clear(struct name_list *names)
{
        for (int i = 0; i < names->n; i++)
                free(names->list[i]);
        free(names->list);
        *names = (struct name_list){ NULL, 0 };
}
