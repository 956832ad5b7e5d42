/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Documents beside the stream that its key signs, such as the report of a drill. Each is one line of JSON:
 *   {…members…,"key":"id","signature":"128 hex digits"}\n
 * What is signed, with Ed25519, is the text "holdfast PURPOSE\n", the line as it would be without the member signature and the newline, and
 * "\n". So no document passes for a checkpoint, nor one of a purpose for one of another.
 */
#ifndef HOLDFAST_AUDIT_SIGNED_H
#define HOLDFAST_AUDIT_SIGNED_H

#include "audit/audit.h"
#include "base/buffer.h"

#include <cjson/cJSON.h>

#define SIGNED_MAX (1u << 20) /* bytes of a document */
#define SIGNED_DRILL "drill"

/*
 * Signs with the stream's key: appends the line to out. The document gets the member key; members called key or signature that it had are
 * dropped. 0; -ENOKEY where the stream has no key; -E2BIG, -ENOMEM, -EIO.
 */
int signed_write(struct audit *a, const char *purpose, cJSON *document, struct buffer *out, struct error *e);

/*
 * Checks a file with one. keys is a file of public keys, NULL: the one beside the stream. Gives what was signed, with its key. -ENOENT
 * where there is no such file, -EBADMSG where it is not as it was signed, or another key signed it.
 */
int signed_read(const char *path, const char *purpose, const char *keys, cJSON **ret, struct error *e);

#endif
