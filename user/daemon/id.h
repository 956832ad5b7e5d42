/* SPDX-License-Identifier: Apache-2.0 */
/* Identifiers of sessions and kills: short, random, readable, and safe in a path, a URL and a shell. */
#ifndef HOLDFAST_DAEMON_ID_H
#define HOLDFAST_DAEMON_ID_H

#include <stdint.h>

#define ID_LENGTH 8
#define ID_SIZE (ID_LENGTH + 1)

/* Eight characters of base32 (RFC 4648, lower case): 40 random bits. */
void id_new(char out[ID_SIZE]);

/* A random number that is not 0 and fits SQLite's signed 64 bits. */
uint64_t id_number(void);

#endif
