/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/values.h"

#include "base/cleanup.h"
#include "base/jsontext.h"

#include <ctype.h>
#include <string.h>

#define NAME_BYTES_MAX 64

/* A decimal number without sign or leading zero, at most 18 digits. Returns the first byte after it, NULL if there is none. */
static const char *decimal(const char *text, uint64_t *ret)
{
        uint64_t n = 0;
        int digits = 0;

        while (isdigit((unsigned char)text[digits]) && digits < 19) {
                n = n * 10 + (uint64_t)(text[digits] - '0');
                digits++;
        }
        if (digits == 0 || digits > 18 || (digits > 1 && text[0] == '0'))
                return NULL;
        *ret = n;
        return text + digits;
}

static int wrong(struct error *e, const char *text, const char *expected)
{
        char shown[TEXT_SHOW_MAX];

        return error_set(e, -EINVAL, "found the string %s, expected %s", text_show(text, shown), expected);
}

struct unit {
        char letter; /* '\0': none */
        uint64_t factor;
};

/* A number and one of the units, from 1 to most. */
static int with_unit(const char *text, const struct unit *units, size_t n_units, uint64_t most, uint64_t *ret)
{
        uint64_t n = 0;
        const char *end = decimal(text, &n);

        if (!end || n == 0 || (*end && end[1]))
                return -EINVAL;
        for (size_t i = 0; i < n_units; i++) {
                if (units[i].letter != *end)
                        continue;
                if (n > most / units[i].factor)
                        return -EINVAL;
                *ret = n * units[i].factor;
                return 0;
        }
        return -EINVAL;
}

int duration_parse(const char *text, uint64_t *ret, struct error *e)
{
        static const struct unit units[] = { { 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 } };

        if (with_unit(text, units, ARRAY_SIZE(units), 365 * 86400, ret) < 0)
                return wrong(e, text, "a duration such as \"30s\", \"15m\", \"2h\" or \"1d\", at most 365 days");
        return 0;
}

int size_parse(const char *text, uint64_t *ret, struct error *e)
{
        static const struct unit units[] = { { '\0', 1 }, { 'K', 1 << 10 }, { 'M', 1 << 20 }, { 'G', 1 << 30 }, { 'T', 1ULL << 40 } };

        if (with_unit(text, units, ARRAY_SIZE(units), 1ULL << 50, ret) < 0)
                return wrong(e, text, "a size such as \"512M\" or \"2G\" (K, M, G, T; at most 1024T)");
        return 0;
}

int percent_parse(const char *text, uint32_t *ret, struct error *e)
{
        static const struct unit units[] = { { '%', 1 } };
        uint64_t n;

        if (with_unit(text, units, ARRAY_SIZE(units), 100000, &n) < 0)
                return wrong(e, text, "a share of one core such as \"50%\" or \"200%\", at most \"100000%\"");
        *ret = (uint32_t)n;
        return 0;
}

int ports_parse(const char *text, uint16_t *from, uint16_t *to, struct error *e)
{
        uint64_t a = 0, b = 0;
        const char *end = decimal(text, &a);

        if (end && !*end && a <= UINT16_MAX)
                return error_set(e, -EINVAL, "found the string \"%s\", expected the number %s without quotes, or a range \"from-to\"", text,
                                 text);
        end = end && *end == '-' ? decimal(end + 1, &b) : NULL;
        if (!end || *end || a > UINT16_MAX || b > UINT16_MAX)
                return wrong(e, text, "a port range \"from-to\" of numbers from 0 to 65535");
        if (a > b)
                return wrong(e, text, "a port range whose first number is not above the second");
        *from = (uint16_t)a;
        *to = (uint16_t)b;
        return 0;
}

int sha256_parse(const char *text, uint8_t ret[SHA256_BYTES], struct error *e)
{
        size_t n = strlen(text), digits = strspn(text, "0123456789abcdefABCDEF");
        char shown[TEXT_SHOW_MAX];
        uint8_t digest[SHA256_BYTES];

        if (n != 2 * sizeof(digest) || digits != n)
                return error_set(e, -EINVAL, "found %s, expected the 64 hexadecimal digits of a SHA-256, as sha256sum prints them",
                                 text_show(text, shown));
        if (text[strcspn(text, "ABCDEF")])
                return error_set(e, -EINVAL, "found capital letters in %s, expected the digits in lower case, as sha256sum prints them",
                                 text_show(text, shown));
        for (size_t i = 0; i < sizeof(digest); i++) {
                const char pair[3] = { text[2 * i], text[2 * i + 1], '\0' };

                digest[i] = (uint8_t)strtoul(pair, NULL, 16);
        }
        memcpy(ret, digest, sizeof(digest));
        return 0;
}

bool name_is_valid(const char *text)
{
        size_t n = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789._-");

        return n >= 1 && n <= NAME_BYTES_MAX && !text[n] && !strchr("._-", text[0]);
}

bool text_is_printable(const char *text)
{
        for (const unsigned char *t = (const unsigned char *)text; *t; t++)
                if (*t < 0x20 || *t == 0x7f || (*t == 0xc2 && t[1] >= 0x80 && t[1] < 0xa0))
                        return false;
        return true;
}

void right_format(uint8_t rights, char out[5])
{
        for (int i = 0; i < HF_RIGHTS; i++)
                if (rights & (1u << i))
                        *out++ = "rwxc"[i];
        *out = '\0';
}

int right_parse(const char *text, uint8_t *ret)
{
        uint8_t rights = 0;

        for (; *text; text++) {
                const char *letter = strchr("rwxc", *text);
                uint8_t bit = letter ? (uint8_t)(1u << (letter - "rwxc")) : 0;

                if (!letter || (rights & bit))
                        return -EINVAL;
                rights |= bit;
        }
        if (!rights)
                return -EINVAL;
        *ret = rights;
        return 0;
}
