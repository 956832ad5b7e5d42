/* SPDX-License-Identifier: Apache-2.0 */
/* What would loosen a refusal. Pure. */
#ifndef HOLDFAST_CLI_ADVICE_H
#define HOLDFAST_CLI_ADVICE_H

#include <cjson/cJSON.h>

/*
 * Adds to a refusal (an event, or an explanation) "loosen", the rule to add to a capability, where a rule would do; and "advice", a
 * sentence. Nothing is added to what was allowed. 0 or -ENOMEM.
 */
int advice_add(cJSON *refusal);

#endif
