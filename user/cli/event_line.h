/* SPDX-License-Identifier: Apache-2.0 */
/* An event as one line for people. */
#ifndef HOLDFAST_CLI_EVENT_LINE_H
#define HOLDFAST_CLI_EVENT_LINE_H

#include <cjson/cJSON.h>
#include <stdbool.h>

/* Prints it to stdout. NULL (what could not be parsed) prints nothing. */
void event_line(const cJSON *event, bool colour);

#endif
