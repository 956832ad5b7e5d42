/* SPDX-License-Identifier: Apache-2.0 */
/* The grammar of RFC 8259, checked before anything is built: bounded depth, bounded number of values, one error with its place. */
#include "base/jsontext.h"

#include "base/utf8.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define NUMBER_MAX 40 /* bytes of a number; cJSON reads no more than 63 */

struct scan {
        const char *text;
        size_t length, at;
        unsigned int depth, values;
        struct findings *findings;
};

static int scan_value(struct scan *s);

/* What stands at the scan's place, for a message. */
static const char *scan_found(const struct scan *s, char out[32])
{
        unsigned char c;

        if (s->at >= s->length)
                return "the end of the text";
        c = (unsigned char)s->text[s->at];
        if (c >= 0x21 && c < 0x7f)
                snprintf(out, 32, "'%c'", c);
        else if (c >= 0x80 && utf8_length(s->text + s->at, s->length - s->at))
                snprintf(out, 32, "'%.*s'", (int)utf8_length(s->text + s->at, s->length - s->at), s->text + s->at);
        else
                snprintf(out, 32, "the byte 0x%02x", c);
        return out;
}

/* Reports the one error of syntax, at the scan's place. Always -EINVAL. */
static int scan_fail(const struct scan *s, const char *expected)
{
        unsigned int line = 1, column = 1;
        char found[32];

        for (size_t i = 0; i < s->at && i < s->length; i++) {
                if (s->text[i] == '\n') {
                        line++;
                        column = 1;
                } else if ((s->text[i] & 0xc0) != 0x80) {
                        column++;
                }
        }
        findings_add(s->findings, "$", "line %u, column %u: found %s, expected %s", line, column, scan_found(s, found), expected);
        return -EINVAL;
}

static int scan_peek(const struct scan *s)
{
        return s->at < s->length ? (unsigned char)s->text[s->at] : -1;
}

static bool is_space(char c)
{
        return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool is_escape(char c)
{
        return c && strchr("\"\\/bfnrt", c);
}

static void scan_space(struct scan *s)
{
        while (s->at < s->length && is_space(s->text[s->at]))
                s->at++;
}

/* Four hexadecimal digits at the scan's place; -1 where they are not. */
static int scan_hex(const struct scan *s, size_t at)
{
        int code = 0;

        if (at + 4 > s->length)
                return -1;
        for (size_t i = at; i < at + 4; i++) {
                unsigned char c = (unsigned char)s->text[i];

                if (!isxdigit(c))
                        return -1;
                code = code << 4 | (isdigit(c) ? c - '0' : (c | 0x20) - 'a' + 10);
        }
        return code;
}

static int scan_escape_unicode(struct scan *s)
{
        int high = scan_hex(s, s->at + 2), low;

        if (high < 0)
                return scan_fail(s, "\\u and four hexadecimal digits");
        if (high == 0)
                return scan_fail(s, "no NUL (\\u0000) in a string");
        if (high >= 0xdc00 && high < 0xe000)
                return scan_fail(s, "no second half of a surrogate pair without the first");
        if (high < 0xd800 || high >= 0xe000) {
                s->at += 6;
                return 0;
        }
        low = s->at + 8 <= s->length && s->text[s->at + 6] == '\\' && s->text[s->at + 7] == 'u' ? scan_hex(s, s->at + 8) : -1;
        if (low < 0xdc00 || low >= 0xe000)
                return scan_fail(s, "both halves of a surrogate pair");
        s->at += 12;
        return 0;
}

static int scan_escape(struct scan *s)
{
        if (s->at + 1 < s->length && s->text[s->at + 1] == 'u')
                return scan_escape_unicode(s);
        if (s->at + 1 >= s->length || !is_escape(s->text[s->at + 1]))
                return scan_fail(s, "an escape: one of \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\uXXXX");
        s->at += 2;
        return 0;
}

/* A string, after its opening quote was seen. */
static int scan_string(struct scan *s)
{
        s->at++;
        for (;;) {
                int c = scan_peek(s), r = 0;

                if (c < 0)
                        return scan_fail(s, "'\"' at the end of the string");
                if (c < 0x20)
                        return scan_fail(s, "no control character in a string (write an escape such as \\n)");
                if (c == '"')
                        break;
                if (c == '\\') {
                        r = scan_escape(s);
                } else {
                        size_t n = utf8_length(s->text + s->at, s->length - s->at);

                        r = n ? 0 : scan_fail(s, "valid UTF-8");
                        s->at += n;
                }
                if (r < 0)
                        return r;
        }
        s->at++;
        return 0;
}

static size_t scan_digits(struct scan *s)
{
        size_t start = s->at;

        while (scan_peek(s) >= 0 && isdigit(scan_peek(s)))
                s->at++;
        return s->at - start;
}

static int scan_number(struct scan *s)
{
        size_t start = s->at;

        if (scan_peek(s) == '-')
                s->at++;
        if (scan_peek(s) == '0')
                s->at++;
        else if (!scan_digits(s))
                return scan_fail(s, "a digit");
        if (scan_peek(s) == '.') {
                s->at++;
                if (!scan_digits(s))
                        return scan_fail(s, "a digit after the decimal point");
        }
        if (scan_peek(s) == 'e' || scan_peek(s) == 'E') {
                s->at++;
                if (scan_peek(s) == '+' || scan_peek(s) == '-')
                        s->at++;
                if (!scan_digits(s))
                        return scan_fail(s, "a digit in the exponent");
        }
        if (s->at - start <= NUMBER_MAX)
                return 0;
        s->at = start;
        return scan_fail(s, "a shorter number");
}

static int scan_word(struct scan *s, const char *word)
{
        size_t n = strlen(word);

        if (s->length - s->at < n || memcmp(s->text + s->at, word, n) != 0)
                return scan_fail(s, "a value (a string, a number, an object, an array, true, false or null)");
        s->at += n;
        return 0;
}

/* The key of a member and its colon. */
static int scan_key(struct scan *s)
{
        int r;

        scan_space(s);
        if (scan_peek(s) != '"')
                return scan_fail(s, "a field's name in double quotes");
        r = scan_string(s);
        if (r < 0)
                return r;
        scan_space(s);
        if (scan_peek(s) != ':')
                return scan_fail(s, "':' after the field's name");
        s->at++;
        return 0;
}

/* The members of an object or the elements of an array, from the opening bracket to the closing one. */
static int scan_members(struct scan *s, char close)
{
        int r;

        s->at++;
        scan_space(s);
        if (scan_peek(s) == close) {
                s->at++;
                return 0;
        }
        for (;;) {
                r = close == '}' ? scan_key(s) : 0;
                if (r == 0)
                        r = scan_value(s);
                if (r < 0)
                        return r;
                scan_space(s);
                if (scan_peek(s) != ',')
                        break;
                s->at++;
        }
        if (scan_peek(s) != close)
                return scan_fail(s, close == '}' ? "',' or '}'" : "',' or ']'");
        s->at++;
        return 0;
}

static int scan_nested(struct scan *s, char close)
{
        int r;

        if (s->depth >= JSON_NESTING_MAX)
                return scan_fail(s, "at most 32 levels of nesting");
        s->depth++;
        r = scan_members(s, close);
        s->depth--;
        return r;
}

static int scan_value(struct scan *s)
{
        int c;

        scan_space(s);
        c = scan_peek(s);
        if (++s->values > JSON_VALUES_MAX)
                return scan_fail(s, "fewer values: the text is too large");
        if (c == '{' || c == '[')
                return scan_nested(s, c == '{' ? '}' : ']');
        if (c == '"')
                return scan_string(s);
        if (c == '-' || (c >= '0' && c <= '9'))
                return scan_number(s);
        return scan_word(s, c == 't' ? "true" : c == 'f' ? "false" : "null");
}

int json_check(const char *text, size_t length, struct findings *findings)
{
        struct scan s = { .text = text, .length = length, .findings = findings };
        int r;

        _Static_assert(JSON_NESTING_MAX == 32, "the message of scan_nested()");
        if (length > JSON_TEXT_MAX) {
                findings_add(findings, "$", "found %zu bytes, expected at most %u", length, JSON_TEXT_MAX);
                return -EINVAL;
        }
        if (length >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
                return scan_fail(&s, "no byte order mark");
        r = scan_value(&s);
        if (r < 0)
                return r;
        scan_space(&s);
        return s.at == s.length ? 0 : scan_fail(&s, "nothing after the value");
}
