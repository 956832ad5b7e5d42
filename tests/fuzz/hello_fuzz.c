/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TLS hellos. The first byte says how they are split. No field may be longer than its room, and the split changes nothing; a name that is
 * found is the one that GnuTLS finds there, and the only one.
 */
#include "lib/check.h"
#include "lib/hello.h"

#include <gnutls/gnutls.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define RECORD_HEAD 5

struct found {
        const struct hf_hello *hello;
        unsigned names;
};

static int on_extension(void *context, unsigned type, const unsigned char *body, unsigned size)
{
        struct found *f = context;
        char name[HF_HOST_NAME] = "";

        CHECK(type != HF_TLS_ENCRYPTED_HELLO && type != HF_TLS_ENCRYPTED_NAME);
        if (type != HF_TLS_SERVER_NAME)
                return 0;
        f->names++;
        CHECK(size == f->hello->name_len + 5u);
        memcpy(name, body + 5, f->hello->name_len);
        for (size_t i = 0; i < sizeof(name); i++)
                if (name[i] >= 'A' && name[i] <= 'Z')
                        name[i] = (char)(name[i] + 32);
        CHECK(!memcmp(name, f->hello->key.name, sizeof(name)));
        return 0;
}

static struct hf_hello look(const uint8_t *data, size_t size, size_t part)
{
        struct hf_hello h;

        hf_hello_begin(&h, 0);
        for (size_t at = 0; at < size; at += part) {
                hello_feed(&h, data + at, size - at < part ? size - at : part);
                CHECK(h.need <= (h.stage == HF_HELLO_AT_NAME ? HF_HOST_NAME - 2 : HF_HELLO_FIELD));
        }
        return h;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct hf_hello whole, split;
        struct found found = { &whole, 0 };
        gnutls_datum_t message;
        size_t length;

        if (size < 2)
                return -1;
        whole = look(data + 1, size - 1, size);
        split = look(data + 1, size - 1, data[0] ? data[0] : 256);
        CHECK(whole.fault == split.fault && whole.stage == split.stage && whole.name_len == split.name_len);
        CHECK(!memcmp(whole.key.name, split.key.name, sizeof(whole.key.name)));
        if (whole.fault || whole.stage != HF_HELLO_AT_END)
                return 0;
        /* What is passed over at its end need not be here yet; GnuTLS wants all of it. */
        length = 4 + ((size_t)data[1 + 6] << 16 | (size_t)data[1 + 7] << 8 | data[1 + 8]);
        if (size - 1 < RECORD_HEAD + length)
                return 0;
        message = (gnutls_datum_t){ (unsigned char *)data + 1 + RECORD_HEAD, (unsigned)length };
        if (gnutls_ext_raw_parse(&found, on_extension, &message, GNUTLS_EXT_RAW_FLAG_TLS_CLIENT_HELLO) < 0)
                return 0; /* a server refuses it */
        CHECK(found.names == 1);
        return 0;
}
