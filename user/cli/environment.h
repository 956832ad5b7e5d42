/* SPDX-License-Identifier: Apache-2.0 */
/* The environment that a command is given: without what looks like a secret. */
#ifndef HOLDFAST_CLI_ENVIRONMENT_H
#define HOLDFAST_CLI_ENVIRONMENT_H

#include "base/buffer.h"

#include <cjson/cJSON.h>
#include <stdbool.h>

/*
 * Whether a variable looks like a secret or the way to one: by the words of its name (TOKEN, KEY, PASSWORD, ...), by names that are known
 * (AWS_..., SSH_AUTH_SOCK, ...), or by a value that is a URL with a password in it.
 */
bool environment_is_secret(const char *name, const char *value);

/*
 * Takes such variables out of environ, but those that kept (an array of names, may be NULL) or more (names with commas between them, may be
 * NULL) name. dropped gets the names of those taken out with ", " between them, nothing where there were none. 0 or -ENOMEM.
 */
int environment_clean(const cJSON *kept, const char *more, struct buffer *dropped);

#endif
