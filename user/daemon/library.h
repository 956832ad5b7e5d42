/* SPDX-License-Identifier: Apache-2.0 */
/* Policies by name: NAME.json in the site's folder, then in the one that was installed. */
#ifndef HOLDFAST_DAEMON_LIBRARY_H
#define HOLDFAST_DAEMON_LIBRARY_H

#include "base/error.h"
#include "policy/policy.h"

#include <cjson/cJSON.h>
#include <stddef.h>

/*
 * The text of a policy, and the file that it is in (may be NULL), both to be freed. -ENOENT where no folder has it, -EINVAL for a name that
 * cannot be one.
 */
int library_read(const char *name, char **ret, size_t *length, char **file, struct error *e);

/* policy_load() with these folders as its library: file is where library_read() has the text from, or NULL. */
int library_load(const char *text, size_t length, const char *file, struct policy **ret, char **ret_text, struct findings *findings);

/*
 * All of them: an array of {"name", "path", "description", "programs"}, the site's first, hiding those installed of the same name; by name.
 * NULL without memory.
 */
cJSON *library_list(void);

#endif
