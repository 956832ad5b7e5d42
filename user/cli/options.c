/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/options.h"

#include "cli/command.h"

#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define ROWS 24
#define FIRST_LONG 256 /* what getopt_long() returns for row 0 */

static void print_help(const struct usage *usage, const struct option_row *rows)
{
        printf("Usage: holdfast %s\n\n%s\n\nOptions:\n", usage->synopsis, usage->description);
        for (; rows->name; rows++) {
                char left[64], letter[8] = "    ";

                if (rows->letter)
                        snprintf(letter, sizeof(letter), "-%c, ", rows->letter);
                snprintf(left, sizeof(left), "%s--%s%s%s", letter, rows->name, rows->argument ? " " : "",
                         rows->argument ? rows->argument : "");
                printf("  %-28s %s\n", left, rows->help);
        }
        printf("  %-28s %s\n", "-h, --help", "print this");
}

int options_wrong(const struct usage *usage, const char *format, ...)
{
        va_list ap;

        fputs("holdfast: ", stderr);
        va_start(ap, format);
        vfprintf(stderr, format, ap);
        va_end(ap);
        fprintf(stderr, "\nUsage: holdfast %s\n", usage->synopsis);
        return STATUS_USAGE;
}

static void set(const struct option_row *row)
{
        if (row->flag)
                *row->flag = true;
        if (row->value)
                *row->value = optarg;
}

/* The tables that getopt_long() wants. letters has room for "+:" and two characters a row. */
static void tables(const struct usage *usage, const struct option_row *rows, struct option *longs, char *letters)
{
        int n = 0;

        if (usage->command_follows)
                *letters++ = '+';
        *letters++ = ':';
        *letters++ = 'h';
        for (; rows[n].name && n < ROWS; n++) {
                longs[n] = (struct option){ rows[n].name, rows[n].argument ? required_argument : no_argument, NULL, FIRST_LONG + n };
                if (rows[n].letter)
                        *letters++ = rows[n].letter;
                if (rows[n].letter && rows[n].argument)
                        *letters++ = ':';
        }
        *letters = '\0';
        longs[n] = (struct option){ "help", no_argument, NULL, 'h' };
        longs[n + 1] = (struct option){ NULL, 0, NULL, 0 };
}

int options_parse(int argc, char **argv, const struct usage *usage, const struct option_row *rows, char ***operands)
{
        struct option longs[ROWS + 2];
        char letters[2 * ROWS + 4];
        int c;

        tables(usage, rows, longs, letters);
        opterr = 0;
        optind = 0;
        while ((c = getopt_long(argc, argv, letters, longs, NULL)) >= 0) {
                const struct option_row *row = c >= FIRST_LONG ? &rows[c - FIRST_LONG] : rows;

                if (c == 'h') {
                        print_help(usage, rows);
                        return STATUS_DONE;
                }
                if (c == ':')
                        return options_wrong(usage, "%s needs an argument", argv[optind - 1]);
                if (c == '?')
                        return options_wrong(usage, "unknown option %s", argv[optind - 1]);
                while (c < FIRST_LONG && row->letter != c)
                        row++;
                set(row);
        }
        if (argc - optind < usage->least)
                return options_wrong(usage, "%s: something is missing", argv[0]);
        if (usage->most >= 0 && argc - optind > usage->most)
                return options_wrong(usage, "\"%s\" was not expected", argv[optind + usage->most]);
        *operands = argv + optind;
        return OPTIONS_GO_ON;
}
