/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers and names by chance, the same ones again from the same seed. */
#ifndef HOLDFAST_TESTS_CHANCE_H
#define HOLDFAST_TESTS_CHANCE_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define DEPTH 12

static const char *root; /* the folder that the names are in */
static uint64_t state;

/* SplitMix64. Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014. */
static inline uint64_t chance(void)
{
        uint64_t x = state += 0x9e3779b97f4a7c15ULL;

        x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ULL;
        x = (x ^ x >> 27) * 0x94d049bb133111ebULL;
        return x ^ x >> 31;
}

static inline unsigned below(unsigned n)
{
        return (unsigned)(chance() % n);
}

static inline bool percent(unsigned n)
{
        return below(100) < n;
}

/* Few, so that they collide: short ones, ones that differ behind their first 8 bytes, and one that does not lie in the dentry. */
static const char *const names[] = { "a", "b", "c", "d", "likely-one", "likely-two", "a-name-that-is-longer-than-what-a-dentry-holds" };

#define NAMES (sizeof(names) / sizeof(names[0]))

static inline const char *name(void)
{
        return names[below(NAMES)];
}

static inline bool is_folder(const char *path)
{
        struct stat st;

        return lstat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* A name in some folder that exists; the name itself may not. */
static inline void walk(char path[PATH_MAX])
{
        size_t length = (size_t)sprintf(path, "%s", root);

        for (int depth = 1; depth < DEPTH && percent(80); depth++) {
                int tries = 3;

                do {
                        sprintf(path + length, "/%s", name());
                } while (!is_folder(path) && --tries);
                if (!tries)
                        break;
                length = strlen(path);
        }
        sprintf(path + length, "/%s", name());
}

#endif
