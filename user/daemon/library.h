/* SPDX-License-Identifier: Apache-2.0 */
/* Policies by name: NAME.json in the site's folder, then in the one that was installed. */
#ifndef HOLDFAST_DAEMON_LIBRARY_H
#define HOLDFAST_DAEMON_LIBRARY_H

#include "base/error.h"

#include <cjson/cJSON.h>
#include <stddef.h>

/* The text of a policy. -ENOENT where no folder has it, -EINVAL for a name that cannot be one; the caller frees it. */
int library_read(const char *name, char **ret, size_t *length, struct error *e);

/* All of them: an array of {"name", "path", "description"}, the site's hiding those installed of the same name. NULL without memory. */
cJSON *library_list(void);

#endif
