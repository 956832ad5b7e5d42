/* SPDX-License-Identifier: Apache-2.0 */
/* What a stream's file begins and ends with. */
#ifndef HOLDFAST_AUDIT_RECOVER_H
#define HOLDFAST_AUDIT_RECOVER_H

#include "audit/line.h"
#include "base/error.h"

#include <stdint.h>

struct recovery {
        struct line_position last; /* the last whole line, of the file or before it */
        uint64_t end;              /* bytes up to where it ends */
        uint64_t cut;              /* bytes after that, of a line that a crash cut short: they can go */
};

/*
 * Looks for the last whole line, from the end of the file backwards; reads no more than it needs. Where the file has none, that is the
 * line before the file's first, which the caller knows. What follows it is a cut line
 * only if it begins as the next line would and has no newline, or has NULs, which a file system leaves where a power failure lost data.
 * 0; -EBADMSG where anything else follows, so that nothing is cut off that may be evidence; or another error of reading.
 */
int recover_end(int fd, const struct line_position *before, struct recovery *ret, struct error *e);

/* The number and the time (ns since the epoch) of the file's first line; both 0 where it does not begin with one. */
void recover_first(int fd, uint64_t *seq, uint64_t *realtime_ns);

#endif
