/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Patterns: paths in which "*" stands for one name and "**" for any number of them. How far each of them has come, at a place, is a set;
 * the sets are numbered, and 0 is the empty one. So all patterns together are one automaton over names.
 */
#ifndef HOLDFAST_POLICY_PATTERN_H
#define HOLDFAST_POLICY_PATTERN_H

#include "policy/policy.h"

/* What one rule says at one place. */
struct say {
        uint32_t rule; /* number, from 1, with its layer */
        uint32_t next; /* index + 1 into tree.says; 0: the last one */
        int capability;
        enum hf_layer layer;
        uint8_t allow, deny; /* enum hf_right bits */
        bool content;        /* x is there only with the contents that the rule names */
        bool seal;           /* deny holds for all below, whatever rules say there */
        bool pattern;        /* it speaks by names alone, wherever they are */
};

struct pattern {
        int base; /* place where it begins */
        struct say say;
        char *text;                           /* what names points into */
        const char *names[PATTERN_NAMES_MAX]; /* components; "*" and "**" stand for others */
        int n;
};

/* Patterns and how much of each has been matched, ascending: pattern * PATTERN_STEPS + components. */
struct pattern_set {
        uint32_t *items;
        size_t n;
};

#define PATTERN_STEPS 256u
#define PATTERN_SETS_MAX 4096

struct patterns {
        struct pattern *list;
        size_t n;
        struct pattern_set *sets;
        size_t n_sets;
};

/* Adds one that begins at a place: components with slashes between and before. 0 or -ENOMEM. */
int patterns_add(struct patterns *ps, int base, const char *text, const struct say *say);
void patterns_clear(struct patterns *ps);

/*
 * How far they are at a place with that name, below one where they are as far as set; patterns that begin at the place itself are added
 * (base, -1: none do). Every pattern that ends there is given to match(context, say), whose negative errno is passed on. *way is set to
 * whether that very name leads one on to what it denies. Returns the number of the set, -ENOMEM or -E2BIG (more than PATTERN_SETS_MAX).
 */
int patterns_step(struct patterns *ps, uint32_t set, const char *name, int base, int (*match)(void *context, const struct say *say),
                  void *context, bool *way);

/* Names that lead on from a set other than all names do, each once; NULL where there are none. *ret is to be freed. 0 or -ENOMEM. */
int patterns_names(const struct patterns *ps, uint32_t set, const char ***ret, size_t *ret_n);

#endif
