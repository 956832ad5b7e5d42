/* SPDX-License-Identifier: Apache-2.0 */
/* Looks at the bytes of a TLS hello as the BPF programs do, packet by packet. */
#ifndef HOLDFAST_TESTS_HELLO_H
#define HOLDFAST_TESTS_HELLO_H

#include "holdfast/hello.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

static inline void hello_feed(struct hf_hello *h, const uint8_t *data, size_t size)
{
        while (size && !h->fault && h->stage != HF_HELLO_AT_END) {
                uint8_t *field = h->stage == HF_HELLO_AT_NAME ? (uint8_t *)h->key.name : h->field;
                size_t n = h->pass ? h->pass : (size_t)(h->need - h->have);

                n = n < size ? n : size;
                if (h->pass) {
                        h->pass -= (uint32_t)n;
                } else {
                        memcpy(field + h->have, data, n);
                        h->have = (uint16_t)(h->have + n);
                        if (h->have == h->need)
                                hf_hello_field(h);
                }
                data += n;
                size -= n;
        }
        hf_hello_end(h);
}

#endif
