/* SPDX-License-Identifier: Apache-2.0 */
/* A policy as the user gives it: the name of one that the daemon knows, or a file. */
#ifndef HOLDFAST_CLI_POLICY_SOURCE_H
#define HOLDFAST_CLI_POLICY_SOURCE_H

#include "base/buffer.h"

#include <cjson/cJSON.h>

/*
 * Adds it to a request's body. What has a "/" or ends in ".json" is a file, and is read here, with the user's own rights. Returns
 * STATUS_DONE, or says what is wrong and returns the status to exit with.
 */
int policy_source_add(cJSON *body, const char *source);

/* The bytes of a file, with a NUL behind them. 0 or negative errno; -EFBIG beyond 16 MiB, -ENODATA where it is empty. */
int policy_source_read(const char *path, struct buffer *text);

#endif
