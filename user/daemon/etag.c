/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/etag.h"

#include <errno.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define DIGEST_BYTES 32
#define SHOWN_BYTES 16 /* of them */

const char *etag_of(const char *text, size_t length, char out[ETAG_SIZE])
{
        uint8_t digest[DIGEST_BYTES] = { 0 };
        char *p = out;

        gnutls_hash_fast(GNUTLS_DIG_SHA256, text, length, digest);
        *p++ = '"';
        for (size_t i = 0; i < SHOWN_BYTES; i++)
                p += snprintf(p, 3, "%02x", digest[i]);
        memcpy(p, "\"", 2);
        return out;
}

/* The end of the entity-tag that begins there; NULL: none does. */
static const char *tag_end(const char *p)
{
        if (p[0] == 'W' && p[1] == '/')
                p += 2;
        p = *p == '"' ? strchr(p + 1, '"') : NULL;
        return p ? p + 1 : NULL;
}

int etag_matches(const char *if_match, const char *etag)
{
        const char *p = if_match + strspn(if_match, " \t");
        bool matches = false;

        if (*p == '*')
                return p[1 + strspn(p + 1, " \t")] ? -EINVAL : 1;
        for (;;) {
                const char *end = tag_end(p);

                if (!end)
                        return -EINVAL;
                /* A weak one ("W/…") never matches here. */
                matches |= (size_t)(end - p) == strlen(etag) && !strncmp(p, etag, strlen(etag));
                p = end + strspn(end, " \t");
                if (!*p)
                        return matches;
                if (*p != ',')
                        return -EINVAL;
                p += 1 + strspn(p + 1, " \t");
        }
}
