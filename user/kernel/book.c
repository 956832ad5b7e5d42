/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/book.h"

#include "base/cleanup.h"
#include "policy/policy.h"

#include <errno.h>
#include <string.h>

#define HF_BOOK const union hf_record

static const union hf_record *hf_record(const union hf_record *records, __u32 number)
{
        return &records[number];
}

#include "holdfast/book.h"

#define RECORDS_MAX (1u << 24)
#define TRIES 8 /* layouts, each with twice the buckets and another seed */

/* The 8 bytes at text, as the kernel reads them; zeros behind its end. */
static __u64 word(const char *text, size_t length)
{
        __u64 w = 0;

        memcpy(&w, text, length < 8 ? length : 8);
        return w;
}

__u64 book_name_hash(const __u64 hash_key[2], const char *name)
{
        size_t length = strlen(name);
        struct hf_hash h;

        hf_hash_start(&h, hash_key);
        for (size_t at = 0; at < length; at += 8)
                hf_hash_word(&h, word(name + at, length - at));
        return hf_hash_finish(&h, (__u32)length);
}

/* Puts an object into its bucket, or one of the next. Returns 0, or -ENOSPC when they are full or hold one that looks alike. */
static int add_object(const struct book *b, const struct hf_policy *at, __u32 number)
{
        __u64 hash = hf_object_hash(&b->records[number].place.object, at->seed);
        __u32 tag = hf_object_tag(hash), bucket = hf_object_bucket(hash, at->objects_mask);

        for (__u32 i = 0; i < HF_PROBES; i++) {
                struct hf_slot *slot = b->records[(bucket + i) & at->objects_mask].slot;

                for (int j = 0; j < HF_SLOTS_A_BUCKET; j++) {
                        if (slot[j].tag == tag)
                                return -ENOSPC;
                        if (slot[j].tag)
                                continue;
                        slot[j] = (struct hf_slot){ tag, number };
                        return 0;
                }
        }
        return -ENOSPC;
}

static int add_name(const struct book *b, const struct hf_policy *at, const struct hf_name *name)
{
        __u32 bucket = hf_name_bucket(name->hash, name->table, at->names_mask);

        for (__u32 i = 0; i < HF_PROBES; i++) {
                struct hf_name *slot = b->records[at->names_at + ((bucket + i) & at->names_mask)].name;

                for (int j = 0; j < HF_NAMES_A_BUCKET; j++)
                        if (!slot[j].place) {
                                slot[j] = *name;
                                return 0;
                        }
        }
        return -ENOSPC;
}

static bool is_any(const char *name)
{
        return strcmp(name, PLACE_ANY) == 0;
}

/* The filters of the tables of names, by number. */
static __u64 *make_filters(const struct book_place *places, size_t n)
{
        __u32 most = 0;
        __u64 *filters;

        for (size_t i = 0; i < n; i++)
                most = places[i].node->names > most ? places[i].node->names : most;
        filters = calloc((size_t)most + 1, sizeof(*filters));
        for (size_t i = 0; filters && i < n; i++)
                if (places[i].name && !is_any(places[i].name) && places[i].table <= most) {
                        size_t length = strlen(places[i].name);

                        filters[places[i].table] |= hf_name_bit(word(places[i].name, length), (__u32)length);
                }
        return filters;
}

static int fill(const struct book *b, const struct hf_policy *at, const struct book_place *places, size_t n, const __u64 hash_key[2],
                const __u64 *filters)
{
        __u32 first = book_first(at);
        int r = 0;

        for (size_t i = 0; i < n && r == 0; i++) {
                const struct book_place *p = &places[i];
                __u32 number = first + (__u32)i;

                b->records[number].place = (struct hf_place){ .node = *p->node, .below = filters[p->node->names] };
                if (p->object) {
                        b->records[number].place.object = *p->object;
                        r = add_object(b, at, number);
                }
                if (p->name && r == 0) {
                        const struct hf_name name = { is_any(p->name) ? 0 : book_name_hash(hash_key, p->name), p->table, number };

                        r = add_name(b, at, &name);
                }
        }
        return r;
}

/* The lowest power of two of buckets that are filled by half at most. */
static __u32 buckets(size_t entries, size_t room)
{
        __u32 n = 1;

        while ((size_t)n * room < 2 * entries)
                n *= 2;
        return n;
}

int book_build(const struct book_place *places, size_t n, const __u64 hash_key[2], struct book *ret, struct hf_policy *header)
{
        _cleanup_free_ __u64 *filters = make_filters(places, n);
        size_t objects = 0, names = 0;

        if (!filters)
                return -ENOMEM;
        for (size_t i = 0; i < n; i++) {
                objects += places[i].object != NULL;
                names += places[i].name != NULL;
        }
        for (__u32 seed = 0; seed < TRIES; seed++) {
                size_t for_objects = (size_t)buckets(objects, HF_SLOTS_A_BUCKET) << seed;
                size_t for_names = (size_t)buckets(names, HF_NAMES_A_BUCKET) << seed;
                size_t count = for_objects + for_names + n;
                struct book b = { NULL, (__u32)count };

                if (count > RECORDS_MAX)
                        break;
                b.records = calloc(count, sizeof(*b.records));
                if (!b.records)
                        return -ENOMEM;
                header->objects_mask = (__u32)for_objects - 1;
                header->names_at = (__u32)for_objects;
                header->names_mask = (__u32)for_names - 1;
                header->seed = seed;
                if (fill(&b, header, places, n, hash_key, filters) == 0) {
                        *ret = b;
                        return 0;
                }
                book_free(&b);
        }
        return -E2BIG;
}

__u32 book_first(const struct hf_policy *header)
{
        return header->names_at + header->names_mask + 1;
}

void book_free(struct book *book)
{
        free(book->records);
        *book = (struct book)BOOK_INIT;
}

const struct hf_place *book_find_object(const struct book *book, const struct hf_policy *header, const struct hf_object *object)
{
        __u32 number = hf_find_object(book->records, header->objects_mask, header->seed, object);

        return number && !memcmp(&book->records[number].place.object, object, sizeof(*object)) ? &book->records[number].place : NULL;
}

const struct hf_place *book_find_name(const struct book *book, const struct hf_policy *header, __u32 table, __u64 hash)
{
        __u32 number = hf_find_name(book->records, header->names_at, header->names_mask, table, hash);

        return number ? &book->records[number].place : NULL;
}
