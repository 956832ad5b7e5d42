/* SPDX-License-Identifier: Apache-2.0 */
/* Names for what may have changed since a client looked: RFC 9110, sections 8.8.3 and 13.1.1. Pure. */
#ifndef HOLDFAST_DAEMON_ETAG_H
#define HOLDFAST_DAEMON_ETAG_H

#include <stddef.h>

#define ETAG_SIZE 40

/* The entity-tag of a text, with its quotes: another text has another. Returns out. */
const char *etag_of(const char *text, size_t length, char out[ETAG_SIZE]);

/* Whether an If-Match names the entity-tag. 1 or 0; -EINVAL where it is no list of them. */
int etag_matches(const char *if_match, const char *etag);

#endif
