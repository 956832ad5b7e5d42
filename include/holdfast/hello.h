/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only OR BSD-2-Clause */
/*
 * The first message of a TLS client (RFC 8446, 4.1.2; RFC 6066, 3), field by field. The BPF programs, the unit tests and the fuzzers
 * compile this: who uses it gathers each field into the record, wherever it is split, and passes over what says nothing.
 */
#ifndef HOLDFAST_HELLO_H
#define HOLDFAST_HELLO_H

#include "holdfast/decide.h"

#define HF_TLS_HANDSHAKE 22
#define HF_TLS_MAJOR 3
#define HF_TLS_CLIENT_HELLO 1
#define HF_TLS_RECORD_MAX 16384
#define HF_TLS_SERVER_NAME 0          /* extension */
#define HF_TLS_ENCRYPTED_NAME 0xffce  /* the same, of a draft */
#define HF_TLS_ENCRYPTED_HELLO 0xfe0d /* the same: RFC 9849 */
#define HF_TLS_RANDOM 32              /* bytes */

enum hf_hello_stage {
        HF_HELLO_AT_HEAD, /* of the record and of the message */
        HF_HELLO_AT_SESSION,
        HF_HELLO_AT_CIPHERS,
        HF_HELLO_AT_COMPRESSION,
        HF_HELLO_AT_EXTENSIONS,
        HF_HELLO_AT_EXTENSION,
        HF_HELLO_AT_NAME_HEAD,
        HF_HELLO_AT_NAME,
        HF_HELLO_AT_END,
};

#define HF_HELLO_AT_HEAD_BYTES 11

HF_INLINE void hf_hello_begin(struct hf_hello *h, __u32 next)
{
        __builtin_memset(h, 0, sizeof(*h));
        h->next = next;
        h->need = HF_HELLO_AT_HEAD_BYTES;
        h->stage = HF_HELLO_AT_HEAD;
}

/* On to the next field, of so many bytes, behind some that say nothing. */
HF_INLINE void hf_hello_next(struct hf_hello *h, __u8 stage, __u32 pass, __u32 need)
{
        if (pass + need > h->left) {
                h->fault = HF_HELLO_MALFORMED;
                return;
        }
        h->left -= pass + need;
        h->pass = pass;
        h->need = need;
        h->have = 0;
        h->stage = stage;
}

/* On to the next extension, or to the end. */
HF_INLINE void hf_hello_extension(struct hf_hello *h, __u32 pass)
{
        if (pass == h->left)
                h->stage = HF_HELLO_AT_END;
        else
                hf_hello_next(h, HF_HELLO_AT_EXTENSION, pass, 4);
}

HF_INLINE void hf_hello_head(struct hf_hello *h)
{
        __u32 record = h->field[3] << 8 | h->field[4];
        __u32 message = h->field[6] << 16 | h->field[7] << 8 | h->field[8];

        if (h->field[0] != HF_TLS_HANDSHAKE || h->field[1] != HF_TLS_MAJOR || h->field[5] != HF_TLS_CLIENT_HELLO ||
            h->field[9] != HF_TLS_MAJOR) {
                h->fault = HF_HELLO_NOT_TLS;
                return;
        }
        if (record > HF_TLS_RECORD_MAX || message + 4 > record || message < 2) {
                h->fault = HF_HELLO_MALFORMED;
                return;
        }
        h->left = message - 2;
        hf_hello_next(h, HF_HELLO_AT_SESSION, HF_TLS_RANDOM, 1);
}

/* A field is here. */
HF_INLINE void hf_hello_field(struct hf_hello *h)
{
        __u32 first = h->field[0] << 8 | h->field[1], second;

        switch (h->stage) {
        case HF_HELLO_AT_HEAD:
                hf_hello_head(h);
                return;
        case HF_HELLO_AT_SESSION:
                hf_hello_next(h, HF_HELLO_AT_CIPHERS, h->field[0], 2);
                return;
        case HF_HELLO_AT_CIPHERS:
                hf_hello_next(h, HF_HELLO_AT_COMPRESSION, first, 1);
                return;
        case HF_HELLO_AT_COMPRESSION:
                if (h->field[0] == h->left)
                        h->stage = HF_HELLO_AT_END;
                else
                        hf_hello_next(h, HF_HELLO_AT_EXTENSIONS, h->field[0], 2);
                return;
        case HF_HELLO_AT_EXTENSIONS:
                if (first != h->left)
                        h->fault = HF_HELLO_MALFORMED;
                else
                        hf_hello_extension(h, 0);
                return;
        case HF_HELLO_AT_EXTENSION:
                second = h->field[2] << 8 | h->field[3];
                if (first == HF_TLS_ENCRYPTED_HELLO || first == HF_TLS_ENCRYPTED_NAME) {
                        h->fault = HF_HELLO_ENCRYPTED;
                } else if (first == HF_TLS_SERVER_NAME) {
                        if (h->name_len)
                                h->fault = HF_HELLO_MALFORMED;
                        h->listed = second;
                        hf_hello_next(h, HF_HELLO_AT_NAME_HEAD, 0, 5);
                } else {
                        hf_hello_extension(h, second);
                }
                return;
        case HF_HELLO_AT_NAME_HEAD:
                second = h->field[3] << 8 | h->field[4];
                if (h->field[2] || !second || second >= HF_HOST_NAME - 1 || second + 3 != first || first + 2 != h->listed) {
                        h->fault = HF_HELLO_MALFORMED;
                        return;
                }
                h->name_len = second;
                hf_hello_next(h, HF_HELLO_AT_NAME, 0, second);
                return;
        case HF_HELLO_AT_NAME:
                if (!h->key.name[(h->name_len - 1) & (HF_HOST_NAME - 1)]) /* as if the name ended before */
                        h->fault = HF_HELLO_MALFORMED;
                hf_hello_extension(h, 0);
        }
}

#define HF_EACH(byte) (0x0101010101010101ULL * (byte))

/* Letters in lower case, eight bytes at a time. */
HF_INLINE void hf_hello_lower(struct hf_hello *h)
{
        __u64 *word = (__u64 *)h->key.name;

        for (int i = 0; i < HF_HOST_NAME / 8; i++) {
                __u64 low = word[i] & HF_EACH(0x7f);
                __u64 letters = (low + HF_EACH(0x80 - 'A')) & ~(low + HF_EACH(0x80 - 'Z' - 1)) & ~word[i] & HF_EACH(0x80);

                word[i] |= letters >> 2;
        }
}

/* After so many bytes as there are for now: what is known of the hello. */
HF_INLINE void hf_hello_end(struct hf_hello *h)
{
        if (h->fault || h->stage != HF_HELLO_AT_END)
                return;
        if (h->name_len)
                hf_hello_lower(h);
        else
                h->fault = HF_HELLO_NO_NAME;
}

#endif
