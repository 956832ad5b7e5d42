/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TOML 1.0, as settings are written in it: tables, arrays of tables, dotted and quoted keys, the four kinds of strings, integers, floats,
 * booleans, arrays, inline tables. Not dates, nor "inf" and "nan": what is not understood is an error, never skipped.
 */
#ifndef HOLDFAST_IMPORT_TOML_H
#define HOLDFAST_IMPORT_TOML_H

#include "base/error.h"

#include <cjson/cJSON.h>
#include <stddef.h>

#define TOML_TEXT_MAX (1u << 20) /* bytes */
#define TOML_NESTING_MAX 32      /* tables and arrays within each other, by keys and by brackets together */
#define TOML_VALUES_MAX 10000    /* in one text, tables included */

/* Reads it as a tree of objects. Returns 0 and a tree for cJSON_Delete(); -EINVAL with an error that names the line; or -ENOMEM. */
int toml_load(const char *text, size_t length, cJSON **ret, struct error *e);

#endif
