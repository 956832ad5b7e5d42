/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/scope.h"

#include "base/json.h"
#include "cli/agent.h"

int scope_count(const struct scope *s, const char *session)
{
        return !!s->agent + !!s->capability + !!s->user + s->all + (session && !s->capability);
}

void scope_add(cJSON *body, const struct scope *s, const char *session)
{
        if (session)
                json_add_text(body, "session", session);
        if (s->agent)
                agent_add(body, s->agent);
        if (s->capability)
                json_add_text(body, "capability", s->capability);
        if (s->user)
                json_add_text(body, "user", s->user);
        if (s->all)
                cJSON_AddTrueToObject(body, "all");
}
