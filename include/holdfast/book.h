/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only OR BSD-2-Clause */
/*
 * How a place is found in a policy's book. Who looks into one defines HF_BOOK, its type, and hf_record(book, number) before: a pointer to
 * the record, or NULL. A bucket is filled from its start; what finds no room in it is in the next one, up to HF_PROBES buckets on.
 */
#ifndef HOLDFAST_BOOK_H
#define HOLDFAST_BOOK_H

#include "holdfast/decide.h"

HF_INLINE __u64 hf_object_hash(const struct hf_object *object, __u32 seed)
{
        __u64 x = (object->ino + seed) * 0x9e3779b97f4a7c15ULL;

        x += ((__u64)object->dev << 32 | object->generation) * 0xc2b2ae3d27d4eb4fULL;
        x = (x ^ x >> 29) * 0xff51afd7ed558ccdULL;
        return x ^ x >> 32;
}

/* Never 0. Independent of the bits that choose the bucket. */
HF_INLINE __u32 hf_object_tag(__u64 hash)
{
        return (__u32)(hash >> 8) | 1;
}

HF_INLINE __u32 hf_object_bucket(__u64 hash, __u32 mask)
{
        return (__u32)(hash >> 40) & mask;
}

HF_INLINE __u32 hf_name_bucket(__u64 hash, __u32 table, __u32 mask)
{
        return ((__u32)hash + table * 0x9e3779b1U) & mask;
}

/* What a policy and a device add to the hints of their objects. */
HF_INLINE __u64 hf_hint_salt(__u32 policy, __u32 device)
{
        return ((__u64)device << 32 | policy) * 0x9e3779b97f4a7c15ULL;
}

/* Index of an object in struct hf_hints. */
HF_INLINE __u32 hf_hint(__u64 ino, __u64 salt)
{
        __u64 x = ino + salt;

        return (__u32)((x ^ x >> 32) * 0x9e3779b97f4a7c15ULL >> 44);
}

/* The filter's bit for a name, of its first 8 bytes (zeros behind its end) and its length. */
HF_INLINE __u64 hf_name_bit(__u64 start, __u32 length)
{
        return 1ULL << ((start ^ length) * 0x9e3779b97f4a7c15ULL >> 58);
}

/* The hash of names one above the other, by that of those below and that of the one above them; not 0 but by chance. */
HF_INLINE __u64 hf_names_join(__u64 below, __u64 name)
{
        return below * 0x9e3779b97f4a7c15ULL ^ name;
}

#ifdef HF_BOOK

/* The record of the object's place, 0: it has none; the record's own object is to be compared. */
HF_INLINE __u32 hf_find_object(HF_BOOK *book, __u32 mask, __u32 seed, const struct hf_object *object)
{
        __u64 hash = hf_object_hash(object, seed);
        __u32 tag = hf_object_tag(hash), bucket = hf_object_bucket(hash, mask);

        for (__u32 i = 0; i < HF_PROBES; i++) {
                const union hf_record *r = hf_record(book, (bucket + i) & mask);

                if (!r)
                        return 0;
                for (int j = 0; j < HF_SLOTS_A_BUCKET; j++) {
                        if (r->slot[j].tag == tag)
                                return r->slot[j].place;
                        if (!r->slot[j].tag)
                                return 0;
                }
        }
        return 0;
}

/* The record of the place with that name in a table, 0: there is none. */
HF_INLINE __u32 hf_find_name(HF_BOOK *book, __u32 at, __u32 mask, __u32 table, __u64 hash)
{
        __u32 bucket = hf_name_bucket(hash, table, mask);

        for (__u32 i = 0; i < HF_PROBES; i++) {
                const union hf_record *r = hf_record(book, at + ((bucket + i) & mask));

                if (!r)
                        return 0;
                for (int j = 0; j < HF_NAMES_A_BUCKET; j++) {
                        if (r->name[j].hash == hash && r->name[j].table == table)
                                return r->name[j].place;
                        if (!r->name[j].place)
                                return 0;
                }
        }
        return 0;
}

#endif

_Static_assert(HF_HINTS == 1u << (64 - 44), "hf_hint()");

#endif
