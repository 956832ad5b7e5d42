/* SPDX-License-Identifier: Apache-2.0 */
/* holdfast kills: lists the kills that stand. */
#include "base/json.h"
#include "cli/client.h"
#include "cli/command.h"
#include "cli/options.h"
#include "cli/output.h"

#include <string.h>

static const struct usage usage = {
        .synopsis = "kills [--json]",
        .description =
                "Lists the kills and pauses that stand, oldest first. Who is not root, and has no role, sees those of their sessions.\n"
                "\"holdfast lift --id ID\" takes one back.",
};

/* "2026-01-02T03:04:05Z" */
static void add_time(cJSON *row, const char *name, const char *time, const char *otherwise)
{
        char text[24];

        if (time && strlen(time) > 20)
                snprintf(text, sizeof(text), "%.19sZ", time);
        else
                snprintf(text, sizeof(text), "%s", otherwise);
        cJSON_AddStringToObject(row, name, text);
}

static void copy(cJSON *row, const cJSON *kill, const char *name)
{
        const char *text = json_get_string(kill, name);

        json_add_text(row, name, text ? text : "");
}

/* Whom it is for: "coder@1.4", "llm in k3v7x2ma", "all". */
static void add_target(cJSON *row, const cJSON *kill)
{
        const char *session = json_get_string(kill, "session"), *agent = json_get_string(kill, "agent");
        const char *version = json_get_string(kill, "version"), *capability = json_get_string(kill, "capability");
        const char *user = json_get_string(kill, "user"), *name = capability ? capability : agent ? agent : user;
        char text[256];

        if (name && (session || version))
                snprintf(text, sizeof(text), "%s%s%s", name, version ? "@" : " in ", version ? version : session);
        else
                snprintf(text, sizeof(text), "%s", name ? name : session ? session : "all");
        json_add_text(row, "target", text);
}

static cJSON *row_of(const cJSON *kill)
{
        cJSON *row = cJSON_CreateObject();

        copy(row, kill, "id");
        copy(row, kill, "scope");
        add_target(row, kill);
        copy(row, kill, "strength");
        add_time(row, "since", json_get_string(kill, "time"), "-");
        add_time(row, "expires", json_get_string(kill, "expires"), "never");
        copy(row, kill, "actor");
        copy(row, kill, "reason");
        return row;
}

static void print(const cJSON *kills)
{
        static const char *const columns[] = { "id", "scope", "target", "strength", "since", "expires", "actor", "reason", NULL };
        _cleanup_json_ cJSON *rows = cJSON_CreateArray();
        const cJSON *kill;

        cJSON_ArrayForEach (kill, kills)
                cJSON_AddItemToArray(rows, row_of(kill));
        output_table(rows, columns);
}

int command_kills(int argc, char **argv)
{
        const char *socket = NULL;
        bool json = false;
        const struct option_row rows[] = { OPTIONS_COMMON(&json, &socket) };
        _cleanup_reply_ struct client_reply reply = { 0 };
        char **operands;
        int status = options_parse(argc, argv, &usage, rows, &operands);

        if (status != OPTIONS_GO_ON)
                return status;
        status = client_ask(socket, "GET", "/v1/kills", NULL, &reply);
        if (status != STATUS_DONE)
                return status;
        if (json || !cJSON_IsArray(reply.json))
                return output_json(stdout, reply.json);
        print(reply.json);
        return STATUS_DONE;
}
