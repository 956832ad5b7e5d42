/* SPDX-License-Identifier: Apache-2.0 */
/* /v1/why: what was refused to the session that asks. */
#include "base/json.h"
#include "daemon/access.h"
#include "daemon/daemon.h"
#include "daemon/events.h"
#include "daemon/routes.h"

#include <string.h>

void route_why(struct http_request *r, void *context)
{
        struct daemon *d = context;
        const char *fresh = http_query(r, "new");
        struct peer peer;
        cJSON *o, *list;

        if (access_peer(d, r, &peer) < 0)
                return;
        if (fresh && strcmp(fresh, "true") != 0 && strcmp(fresh, "false") != 0) {
                http_problem(r, 400, "invalid", NULL, "new: expected true or false");
                return;
        }
        events_read(d);
        o = cJSON_CreateObject();
        list = recent_json(&peer.session->recent, fresh && !strcmp(fresh, "true"));
        if (!o || !list || !cJSON_AddStringToObject(o, "session", peer.session->id) || !cJSON_AddItemToObject(o, "refusals", list)) {
                cJSON_Delete(list);
                cJSON_Delete(o);
                o = NULL;
        }
        http_reply(r, 200, o);
}
