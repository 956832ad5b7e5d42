/* SPDX-License-Identifier: Apache-2.0 */
/* A policy's places as the kernel reads them: the records of its book, see holdfast/book.h. */
#ifndef HOLDFAST_KERNEL_BOOK_H
#define HOLDFAST_KERNEL_BOOK_H

#include "holdfast/abi.h"

#include <stddef.h>

/* A place to be written. */
struct book_place {
        const struct hf_node *node;
        const struct hf_object *object; /* NULL: found by its name alone */
        const char *name;               /* NULL: found by its object alone; PLACE_ANY: by every name that the table has not */
        __u32 table;                    /* that name is in */
};

struct book {
        union hf_record *records;
        __u32 count;
};

#define BOOK_INIT \
        { \
                NULL, 0 \
        }

/*
 * Lays the places out; header gets where things are, the rest of it stays. Returns 0, -ENOMEM, or -E2BIG where no layout is found
 * within the size that a map can have.
 */
int book_build(const struct book_place *places, size_t n, const __u64 hash_key[2], struct book *ret, struct hf_policy *header);
void book_free(struct book *book);

/* The record of the first place; those of the others follow, in the order in which they were given. */
__u32 book_first(const struct hf_policy *header);

/* The place of an object, or of a name by its SipHash; NULL: it has none. */
const struct hf_place *book_find_object(const struct book *book, const struct hf_policy *header, const struct hf_object *object);
const struct hf_place *book_find_name(const struct book *book, const struct hf_policy *header, __u32 table, __u64 hash);

/* The SipHash of a component. */
__u64 book_name_hash(const __u64 hash_key[2], const char *name);

#endif
