/* SPDX-License-Identifier: Apache-2.0 */
#include "import/toml_scalar.h"

#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/jsontext.h"
#include "base/utf8.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int toml_fail(struct toml *t, const char *format, ...)
{
        _cleanup_free_ char *text = NULL;
        va_list ap;

        va_start(ap, format);
        text = text_format(format, ap);
        va_end(ap);
        return error_set(t->e, text ? -EINVAL : -ENOMEM, "line %u: %s", t->line, text ? text : "out of memory");
}

int toml_wrong(struct toml *t, const char *expected)
{
        char token[32], shown[TEXT_SHOW_MAX];
        size_t n = 0;

        if (t->at == t->end)
                return toml_fail(t, "found the end of the text, expected %s", expected);
        if (*t->at == '\n' || *t->at == '\r')
                return toml_fail(t, "found the end of the line, expected %s", expected);
        while (t->at + n < t->end && n < sizeof(token) - 1 && t->at[n] != '\n' && t->at[n]) {
                token[n] = t->at[n];
                n++;
        }
        token[utf8_valid_prefix(token, n)] = '\0';
        return toml_fail(t, "found %s, expected %s", text_show(token, shown), expected);
}

void toml_skip_blanks(struct toml *t)
{
        while (toml_peek(t) == ' ' || toml_peek(t) == '\t')
                t->at++;
}

static bool take_newline(struct toml *t)
{
        size_t n = toml_peek(t) == '\n' ? 1 : t->end - t->at >= 2 && memcmp(t->at, "\r\n", 2) == 0 ? 2 : 0;

        t->at += n;
        t->line += n > 0;
        return n > 0;
}

/* A control character that TOML allows nowhere but, of a newline, at the end of a line. */
static bool is_control(char c)
{
        return ((unsigned char)c < 0x20 && c != '\t') || c == 0x7f;
}

static void skip_comment(struct toml *t)
{
        toml_skip_blanks(t);
        if (toml_take(t, '#'))
                while (t->at < t->end && !is_control(*t->at))
                        t->at++;
}

int toml_end_of_line(struct toml *t)
{
        skip_comment(t);
        return t->at == t->end || take_newline(t) ? 0 : toml_wrong(t, "the end of the line");
}

int toml_skip_lines(struct toml *t)
{
        do
                skip_comment(t);
        while (take_newline(t));
        return t->at < t->end && is_control(*t->at) ? toml_wrong(t, "text without control characters") : 0;
}

/* \u and \U with that many digits. */
static int character(struct toml *t, int digits, struct buffer *out)
{
        uint32_t c = 0;
        char bytes[4];
        size_t n;

        for (int i = 0; i < digits; i++) {
                const char d = toml_peek(t);

                if (!isxdigit((unsigned char)d))
                        return toml_wrong(t, digits == 4 ? "four hexadecimal digits behind \\u" : "eight hexadecimal digits behind \\U");
                c = c << 4 | (uint32_t)(isdigit((unsigned char)d) ? d - '0' : (d | 0x20) - 'a' + 10);
                t->at++;
        }
        if (!c || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
                return toml_fail(t, "found the character U+%04X, expected one that a text can have", c);
        n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
        bytes[0] = (char)(n == 1 ? c : (0xf0u << (4 - n) & 0xffu) | c >> 6 * (n - 1));
        for (size_t i = 1; i < n; i++)
                bytes[i] = (char)(0x80 | (c >> 6 * (n - 1 - i) & 0x3f));
        return buffer_append(out, bytes, n);
}

/* A backslash at the end of a line takes away all blanks and lines up to the next text. */
static bool joins_lines(struct toml *t)
{
        const char *before = t->at;

        toml_skip_blanks(t);
        if (!take_newline(t)) {
                t->at = before;
                return false;
        }
        do
                toml_skip_blanks(t);
        while (take_newline(t));
        return true;
}

static int escape(struct toml *t, bool lines, struct buffer *out)
{
        static const char from[] = "btnfr\"\\", to[] = "\b\t\n\f\r\"\\";
        const char c = toml_peek(t), *found = c ? strchr(from, c) : NULL;

        if (lines && joins_lines(t))
                return 0;
        if (found) {
                t->at++;
                return buffer_append(out, &to[found - from], 1);
        }
        if (c != 'u' && c != 'U')
                return toml_wrong(t, "one of b t n f r \" \\ u U behind a backslash");
        t->at++;
        return character(t, c == 'u' ? 4 : 8, out);
}

/* The quotes that end a text of several lines, and up to two before them that belong to it. Returns whether it ended. */
static bool closing(struct toml *t, char quote, struct buffer *out, int *r)
{
        size_t n = 0;

        while (t->at + n < t->end && t->at[n] == quote && n < 5)
                n++;
        if (n < 3)
                return false;
        *r = buffer_append(out, t->at, n - 3);
        t->at += n;
        return true;
}

static int text_of_lines(struct toml *t, char quote, struct buffer *out)
{
        int r = 0;

        take_newline(t);
        while (r == 0 && t->at < t->end) {
                if (*t->at == quote && closing(t, quote, out, &r))
                        return r;
                if (take_newline(t))
                        r = buffer_append(out, "\n", 1);
                else if (is_control(*t->at))
                        return toml_wrong(t, "text without control characters");
                else if (quote == '"' && toml_take(t, '\\'))
                        r = escape(t, true, out);
                else
                        r = buffer_append(out, t->at++, 1);
        }
        return r < 0 ? r : toml_wrong(t, quote == '"' ? "three \" at the end of the text" : "three ' at the end of the text");
}

static int text_of_one_line(struct toml *t, char quote, struct buffer *out)
{
        int r = 0;

        while (r == 0) {
                if (toml_take(t, quote))
                        return 0;
                if (t->at == t->end || is_control(*t->at))
                        return toml_wrong(t, quote == '"' ? "\" at the end of the text" : "' at the end of the text");
                if (quote == '"' && toml_take(t, '\\'))
                        r = escape(t, false, out);
                else
                        r = buffer_append(out, t->at++, 1);
        }
        return r;
}

int toml_string(struct toml *t, bool lines, char **ret)
{
        _cleanup_buffer_ struct buffer out = BUFFER_INIT;
        const char quote = *t->at++;
        bool three = t->end - t->at >= 2 && t->at[0] == quote && t->at[1] == quote;
        int r = buffer_reserve(&out, 0);

        if (r == 0 && three && !lines)
                return toml_fail(t, "found three quotes, expected a key in single ones");
        t->at += three ? 2 : 0;
        if (r == 0)
                r = three ? text_of_lines(t, quote, &out) : text_of_one_line(t, quote, &out);
        if (r < 0)
                return r;
        out.data[out.length] = '\0';
        *ret = TAKE_PTR(out.data);
        return 0;
}

/* Digits with single underscores between them; returns how many bytes, 0 where it is not so. */
static size_t digits(const char *text, const char *allowed)
{
        size_t n = 0;

        while (text[n] && (strchr(allowed, text[n]) || (text[n] == '_' && n && text[n - 1] != '_' && text[n + 1] && text[n + 1] != '_')))
                n++;
        return n && text[n - 1] != '_' ? n : 0;
}

/* Whether the text is a float or whole number in decimal, as TOML writes them. */
static bool is_decimal(const char *text)
{
        static const char ten[] = "0123456789";
        size_t n;

        text += *text == '+' || *text == '-';
        n = digits(text, ten);
        if (!n || (text[0] == '0' && n > 1))
                return false;
        text += n;
        if (*text == '.') {
                n = digits(++text, ten);
                if (!n)
                        return false;
                text += n;
        }
        if (*text == 'e' || *text == 'E') {
                text++;
                text += *text == '+' || *text == '-';
                text += digits(text, ten) ? digits(text, ten) : 1;
                return text[-1] >= '0' && text[-1] <= '9' && !*text;
        }
        return !*text;
}

static bool is_based(const char *text, int *base)
{
        static const struct {
                const char *start, *digits;
                int base;
        } bases[] = { { "0x", "0123456789abcdefABCDEF", 16 }, { "0o", "01234567", 8 }, { "0b", "01", 2 } };

        for (size_t i = 0; i < ARRAY_SIZE(bases); i++)
                if (strncmp(text, bases[i].start, 2) == 0) {
                        size_t n = digits(text + 2, bases[i].digits);

                        *base = bases[i].base;
                        return n && !text[2 + n];
                }
        return false;
}

static int number(struct toml *t, char *token, cJSON **ret)
{
        char shown[TEXT_SHOW_MAX], *to = token;
        bool whole;
        int base = 10;
        double value;

        if (!is_based(token, &base) && !is_decimal(token))
                return toml_fail(t, "found %s, expected a text in quotes, a number, true or false, an array or a table%s",
                                 text_show(token, shown), strchr(token, ':') || strchr(token, '-') ? "; dates are not understood" : "");
        for (const char *from = token; *from; from++)
                if (*from != '_')
                        *to++ = *from;
        *to = '\0';
        whole = base != 10 || !strpbrk(token, ".eE");
        errno = 0;
        value = whole ? (double)strtoll(base == 10 ? token : token + 2, NULL, base) : strtod(token, NULL);
        if (errno == ERANGE)
                return toml_fail(t, "found the number %s, expected one of at most 64 bits", text_show(token, shown));
        *ret = cJSON_CreateNumber(value);
        return *ret ? 0 : -ENOMEM;
}

static int word(struct toml *t, cJSON **ret)
{
        char token[80] = "";
        size_t n = 0;

        while (t->at + n < t->end && n < sizeof(token) - 1 &&
               (isalnum((unsigned char)t->at[n]) || (t->at[n] && strchr("+-_.:", t->at[n])))) {
                token[n] = t->at[n];
                n++;
        }
        token[n] = '\0';
        if (!n || n == sizeof(token) - 1)
                return toml_wrong(t, "a text in quotes, a number, true or false, an array or a table");
        t->at += n;
        if (strcmp(token, "true") == 0 || strcmp(token, "false") == 0) {
                *ret = cJSON_CreateBool(token[0] == 't');
                return *ret ? 0 : -ENOMEM;
        }
        return number(t, token, ret);
}

int toml_scalar(struct toml *t, cJSON **ret)
{
        _cleanup_free_ char *text = NULL;
        int r;

        if (toml_peek(t) != '"' && toml_peek(t) != '\'')
                return word(t, ret);
        r = toml_string(t, true, &text);
        if (r < 0)
                return r;
        *ret = cJSON_CreateString(text);
        return *ret ? 0 : -ENOMEM;
}
