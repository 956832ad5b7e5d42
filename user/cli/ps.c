/* SPDX-License-Identifier: Apache-2.0 */
/* holdfast ps: lists the sessions. */
#include "base/json.h"
#include "cli/client.h"
#include "cli/command.h"
#include "cli/options.h"
#include "cli/output.h"

#include <string.h>

static const struct usage usage = {
        .synopsis = "ps [--all] [--json]",
        .description = "Lists the sessions that you may see. --json also has those that ended within the last hour.",
};

/* The table's: without those that ended, times to the second. */
static void simplify(cJSON *list, bool all)
{
        cJSON *item, *next;

        for (item = list->child; item; item = next) {
                const char *state = json_get_string(item, "state");
                cJSON *started = cJSON_GetObjectItemCaseSensitive(item, "started");

                next = item->next;
                if (cJSON_IsString(started) && strlen(started->valuestring) > 20)
                        memcpy(started->valuestring + 19, "Z", 2);
                if (!all && state && !strcmp(state, "ended"))
                        cJSON_Delete(cJSON_DetachItemViaPointer(list, item));
        }
}

int command_ps(int argc, char **argv)
{
        static const char *const columns[] = { "id",  "state",   "agent",   "version", "user", "policy",
                                               "pid", "started", "denials", "name",    NULL };
        const char *socket = NULL;
        bool json = false, all = false;
        const struct option_row rows[] = {
                { "all", 'a', NULL, "also those that ended within the last hour", &all, NULL },
                OPTIONS_COMMON(&json, &socket),
        };
        _cleanup_reply_ struct client_reply reply = { 0 };
        char **operands;
        int status = options_parse(argc, argv, &usage, rows, &operands);

        if (status != OPTIONS_GO_ON)
                return status;
        status = client_ask(socket, "GET", "/v1/sessions", NULL, &reply);
        if (status != STATUS_DONE)
                return status;
        if (json || !cJSON_IsArray(reply.json))
                return output_json(stdout, reply.json);
        simplify(reply.json, all);
        output_table(reply.json, columns);
        return STATUS_DONE;
}
