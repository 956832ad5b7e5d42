/* SPDX-License-Identifier: Apache-2.0 */
/* Verifying the programs that a policy names by their SHA-256. */
#ifndef HOLDFAST_KERNEL_CONTENT_H
#define HOLDFAST_KERNEL_CONTENT_H

#include "kernel/internal.h"

/* An object with HF_NODE_CONTENT, and all places of the policy where it is. */
struct content_object {
        const struct hf_object *object;
        const size_t *places;
        size_t n;
};

/*
 * Reads the objects, whose places hold descriptors below that number, and tells the kernel which have contents that the policy names. What
 * it does not tell of does not run under the policy, and a finding says why. Returns 0 or negative errno.
 */
int contents_load(struct kernel *k, uint32_t policy, const struct compiled *c, const struct content_object *objects, size_t n,
                  int descriptors, struct findings *findings);

#endif
