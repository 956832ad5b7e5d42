/* SPDX-License-Identifier: Apache-2.0 */
/* "NAME[@VERSION]", as --agent takes it. */
#ifndef HOLDFAST_CLI_AGENT_H
#define HOLDFAST_CLI_AGENT_H

#include <cjson/cJSON.h>

/* Adds agent and version to a request's body. 0 or -ENOMEM. */
int agent_add(cJSON *body, const char *agent);

#endif
