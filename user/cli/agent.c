/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/agent.h"

#include "base/cleanup.h"
#include "base/json.h"

#include <errno.h>
#include <string.h>

int agent_add(cJSON *body, const char *agent)
{
        const char *at = strchrnul(agent, '@');
        _cleanup_free_ char *name = strndup(agent, (size_t)(at - agent));

        if (!name || json_add_text(body, "agent", name) < 0)
                return -ENOMEM;
        return *at ? json_add_text(body, "version", at + 1) : 0;
}
