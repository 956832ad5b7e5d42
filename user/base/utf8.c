/* SPDX-License-Identifier: Apache-2.0 */
#include "base/utf8.h"

#include <stdint.h>
#include <string.h>

/* The least code point that needs a sequence of this many bytes. */
static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };

static size_t sequence_length(unsigned char lead)
{
        if (lead < 0x80)
                return 1;
        if (lead >= 0xc2 && lead < 0xe0)
                return 2;
        if (lead >= 0xe0 && lead < 0xf0)
                return 3;
        if (lead >= 0xf0 && lead < 0xf5)
                return 4;
        return 0;
}

size_t utf8_length(const char *text, size_t length)
{
        const unsigned char *t = (const unsigned char *)text;
        size_t n = length ? sequence_length(t[0]) : 0;
        uint32_t code;

        if (n <= 1)
                return n;
        if (n > length)
                return 0;
        code = t[0] & (0x7fu >> n);
        for (size_t i = 1; i < n; i++) {
                if ((t[i] & 0xc0) != 0x80)
                        return 0;
                code = code << 6 | (t[i] & 0x3fu);
        }
        return code < least[n] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000) ? 0 : n;
}

size_t utf8_valid_prefix(const char *text, size_t length)
{
        size_t i = 0;

        while (i < length) {
                uint64_t word;
                size_t n;

                /* Eight bytes of ASCII at a time: nearly all text is. */
                if (length - i >= sizeof(word)) {
                        memcpy(&word, text + i, sizeof(word));
                        if (!(word & 0x8080808080808080ull)) {
                                i += sizeof(word);
                                continue;
                        }
                }
                n = utf8_length(text + i, length - i);
                if (!n)
                        return i;
                i += n;
        }
        return i;
}

static bool is_control(unsigned char a, unsigned char b)
{
        return a < 0x20 || a == 0x7f || (a == 0xc2 && b < 0xa0);
}

/* U+061C, U+200E and F, U+202A to E, U+2066 to 9 (UAX #9). */
static bool is_direction(unsigned char a, unsigned char b, unsigned char c)
{
        return (a == 0xd8 && b == 0x9c) || (a == 0xe2 && ((b == 0x80 && (c == 0x8e || c == 0x8f || (c >= 0xaa && c <= 0xae))) ||
                                                          (b == 0x81 && c >= 0xa6 && c <= 0xa9)));
}

size_t utf8_acts(const char *text)
{
        const size_t n = utf8_length(text, strnlen(text, 4) + 1);
        const unsigned char a = (unsigned char)text[0], b = n > 1 ? (unsigned char)text[1] : 0, c = n > 2 ? (unsigned char)text[2] : 0;

        return !n ? 1 : is_control(a, b) || is_direction(a, b, c) ? n : 0;
}
