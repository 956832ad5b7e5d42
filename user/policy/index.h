/* SPDX-License-Identifier: Apache-2.0 */
/* Finds a place by its parent and name. */
#ifndef HOLDFAST_POLICY_INDEX_H
#define HOLDFAST_POLICY_INDEX_H

#include "policy/policy.h"

/* Open addressing; a slot holds the place's index + 1, 0: free. */
struct place_index {
        uint32_t *slots;
        size_t room; /* a power of two, or 0 */
        __u64 key[2];
};

/* NULL: out of memory. */
struct place_index *place_index_new(void);
void place_index_free(struct place_index *index);

/* The place below parent with that name of length bytes, -1 if there is none. */
int place_index_find(const struct place_index *index, const struct place *places, int parent, const char *name, size_t length);

/* Adds places[place]; places are added in order from 1. Returns 0 or -ENOMEM, and then nothing changed. */
int place_index_add(struct place_index *index, const struct place *places, size_t place);

#endif
