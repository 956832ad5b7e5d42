/* SPDX-License-Identifier: Apache-2.0 */
/* What a policy holds as long as it is loaded: descriptors that stay open, and the hints of its objects. */
#ifndef HOLDFAST_KERNEL_LOADED_H
#define HOLDFAST_KERNEL_LOADED_H

#include "kernel/book.h"
#include "policy/policy.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Where an object's hint is, and what it says. */
struct hint {
        uint32_t at, place;
};

/* An object that policies hold open, all by one descriptor: whoever looks through the daemon's would meet each of a thousand sessions'. */
struct held {
        struct hf_object object;
        int fd;
        size_t policies; /* places of them */
};

struct loaded {
        struct held **held;
        int *fds; /* theirs */
        size_t n_fds;
        struct hint *hints;
        size_t n_hints;
};

/*
 * Writes the hints of the objects among the n places, whose records begin with that number; to be called before the first check can ask
 * for one of them. Returns 0 or -ENOMEM.
 */
int loaded_hint(struct loaded *l, struct hf_hints *hints, uint32_t policy, const struct book_place *places, size_t n, uint32_t first);

/*
 * Takes the hints away again, once no check can ask for them. Where several places had one hint it stays, as do those of policies
 * that an earlier daemon loaded: that costs a look where there is nothing to find, no more.
 */
void loaded_unhint(const struct loaded *l, struct hf_hints *hints);

/*
 * Holds the objects of those places that go by their address; hold tells, and objects has them, by descriptor. What is held is in *all, a
 * tree of tsearch(3), which begins as NULL. Returns 0 or -ENOMEM.
 */
int loaded_hold(struct loaded *l, void **all, struct compiled *c, const struct hf_object *objects, const bool *hold);

/* Lets go and frees; the hints stay as they are. */
void loaded_release(struct loaded *l, void **all);

#endif
