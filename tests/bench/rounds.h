/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Operations that are timed in rounds. A round does all of them in turn, so that what drifts hits all alike, and is short, so that the
 * timer's tick and what it starts fall into few of them. A spawn takes a quarter of a tick, so that even the median sees it, by chance:
 * hence the lower quartile. The mean has it all, and is less sure. The first tenth of the rounds is not counted.
 */
#ifndef HOLDFAST_BENCH_ROUNDS_H
#define HOLDFAST_BENCH_ROUNDS_H

#include "lib/shared.h"

#include <stdbool.h>

#define ROUNDS_MAX 999
#define ROWS_MAX 16

struct row {
        const char *name;
        int count;                                 /* of a round */
        uint64_t (*run)(void *context, int count); /* does it count times; how many ns of that count */
};

static inline bool row_wanted(const struct row *row, int argc, char **argv)
{
        for (int i = 0; i < argc; i++)
                if (!strcmp(argv[i], row->name))
                        return true;
        return !argc;
}

static inline int ascending(const void *a, const void *b)
{
        uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

        return x < y ? -1 : x > y;
}

static inline void row_print(const char *name, uint64_t *ns, int rounds, const char *comma)
{
        uint64_t sum = 0;

        for (int i = 0; i < rounds; i++)
                sum += ns[i];
        qsort(ns, rounds, sizeof(*ns), ascending);
        printf("%s \"%s\": { \"ns\": %lu, \"median\": %lu, \"mean\": %lu }", comma, name, ns[rounds / 4], ns[rounds / 2], sum / rounds);
}

/* The rows, or those that are named, at most ROWS_MAX, so many rounds, at most ROUNDS_MAX; prints JSON, a member for each. Returns 0. */
static inline int rounds_run(const struct row *rows, size_t n, void *context, int rounds, int argc, char **argv)
{
        static uint64_t ns[ROWS_MAX][ROUNDS_MAX];
        const char *comma = "";

        sleep(1); /* lets whatever the start of this process left to others be done first */
        for (int round = -(rounds / 10) - 1; round < rounds; round++) {
                for (size_t i = 0; i < n; i++) {
                        uint64_t each;

                        if (!row_wanted(&rows[i], argc, argv))
                                continue;
                        each = rows[i].run(context, rows[i].count) / rows[i].count;
                        if (round >= 0)
                                ns[i][round] = each;
                }
        }
        printf("{");
        for (size_t i = 0; i < n; i++) {
                if (!row_wanted(&rows[i], argc, argv))
                        continue;
                row_print(rows[i].name, ns[i], rounds, comma);
                comma = ",";
        }
        printf(" }\n");
        return 0;
}

#endif
