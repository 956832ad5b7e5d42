/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The small notations inside a policy's strings. Each function returns 0, or -EINVAL with a message that says what was found and
 * what was expected; outputs are untouched on failure.
 */
#ifndef HOLDFAST_POLICY_VALUES_H
#define HOLDFAST_POLICY_VALUES_H

#include "base/error.h"
#include "policy/policy.h"

#include <stdint.h>

/* "2G": a whole number and K, M, G or T (powers of 1024), or nothing for bytes; 1 to 2^50 bytes. */
int size_parse(const char *text, uint64_t *ret, struct error *e);

/* "200%": a whole number and %; 1 to 100000. In percent of one core. */
int percent_parse(const char *text, uint32_t *ret, struct error *e);

/* "8000-8099": two port numbers, the first not above the second. */
int ports_parse(const char *text, uint16_t *from, uint16_t *to, struct error *e);

/*
 * "10.0.0.0/8", "2001:db8::/32", or one address. IPv4 comes out mapped to ::ffff:a.b.c.d with 96 added to bits. Bits of the host
 * part must be zero; IPv4 in IPv6's notation is refused, as it would be two ways to say one thing.
 */
int cidr_parse(const char *text, uint8_t addr[16], uint8_t *bits, struct error *e);

/* Whether the prefix lies in IPv4's part of the address space, ::ffff:0:0/96. */
bool cidr_is_v4(const uint8_t addr[16], uint32_t bits);

/* Whether the address lies in the prefix. */
bool cidr_holds(const uint8_t prefix[16], uint32_t bits, const uint8_t addr[16]);

/* Writes the prefix as cidr_parse() reads it, at most 64 bytes. Returns out. */
const char *cidr_format(const uint8_t addr[16], uint32_t bits, char out[64]);

/* 64 hexadecimal digits in lower case. */
int sha256_parse(const char *text, uint8_t ret[SHA256_BYTES], struct error *e);

/* A name of a policy or capability: 1 to 64 of a-z 0-9 . _ - with a letter or digit first. */
bool name_is_valid(const char *text);

/* Whether no character is a control character (C0, DEL, C1): such a text can be shown on a terminal. */
bool text_is_printable(const char *text);

/*
 * A path that rulepath_parse() made, as the folder where its pattern begins, to be freed, and the pattern: from the slash before its first
 * "*" or "**" on, within path. *ret_pattern is NULL where there is none; then the folder is the path. 0 or -ENOMEM.
 */
int rulepath_split(const char *path, char **ret_folder, const char **ret_pattern);

/*
 * A path of a rule: absolute or starting with ${WORKSPACE}, ${HOME} or ${TMPDIR}; ${USER} anywhere after a "/". A slash at the end
 * is taken off. "*" and "**" may stand for components. *ret is to be freed.
 */
int rulepath_parse(const char *text, char **ret, struct error *e);

/* Puts the variables' values into a path that rulepath_parse() made. *ret is absolute and to be freed. */
int rulepath_expand(const char *path, const struct policy_vars *vars, char **ret, struct error *e);

#endif
