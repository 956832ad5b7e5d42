/* SPDX-License-Identifier: Apache-2.0 */
/* Times as people and events have them: RFC 3339 in UTC with nanoseconds. */
#ifndef HOLDFAST_BASE_TIME_H
#define HOLDFAST_BASE_TIME_H

#include <stdint.h>
#include <time.h>

#define TIME_TEXT_SIZE 31 /* "2026-01-02T03:04:05.123456789Z" and its NUL */

/* Now, in ns, by CLOCK_REALTIME, CLOCK_BOOTTIME or another of clock_gettime(2). */
uint64_t time_now(clockid_t clock);

/* Writes ns since the epoch; always exactly TIME_TEXT_SIZE - 1 characters. Returns out. */
const char *time_format(uint64_t realtime_ns, char out[TIME_TEXT_SIZE]);

/*
 * Reads what time_format() writes; also fewer or no decimals, lower-case t and z, and an offset such as +02:00. A leap second reads
 * as the second after. Returns 0, or -EINVAL for anything else and for times before 1970 or after 2554.
 */
int time_parse(const char *text, uint64_t *realtime_ns);

#endif
