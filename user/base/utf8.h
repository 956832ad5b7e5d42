/* SPDX-License-Identifier: Apache-2.0 */
/* UTF-8 as RFC 3629 has it: no overlong forms, no surrogates, nothing beyond U+10FFFF. */
#ifndef HOLDFAST_BASE_UTF8_H
#define HOLDFAST_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* Bytes of the character that text begins with, 1 to 4 (NUL is a character of one byte); 0 where there is no whole valid one. */
size_t utf8_length(const char *text, size_t length);

/* Bytes at the beginning of text that are valid: length where all are. */
size_t utf8_valid_prefix(const char *text, size_t length);

/*
 * Bytes of the character that text begins with if a terminal acts on it, or shows what follows in another order than it is: the controls of
 * C0 and C1, DEL, and the marks of direction; or 1 where it is no character. 0: it can be shown as it is. Text ends with a NUL.
 */
size_t utf8_acts(const char *text);

#endif
