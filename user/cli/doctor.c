/* SPDX-License-Identifier: Apache-2.0 */
/* holdfast doctor: whether this host can enforce, and whether it does. */
#include "base/json.h"
#include "cli/client.h"
#include "cli/command.h"
#include "cli/exec_daemon.h"
#include "cli/options.h"
#include "cli/output.h"

static const struct usage usage = {
        .synopsis = "doctor [--json]",
        .description = "Checks what this host needs to enforce, with what to do where something is missing, and whether holdfastd runs.\n"
                       "Run it as root to have everything checked. Exits with 1 when something is missing.",
};

static int as_json(const char *socket)
{
        char *argv[] = { NULL, (char[]){ "--check" }, (char[]){ "--json" }, NULL };
        _cleanup_buffer_ struct buffer text = BUFFER_INIT;
        _cleanup_reply_ struct client_reply reply = { 0 };
        _cleanup_json_ cJSON *all = cJSON_CreateObject();
        int host = exec_daemon_wait(argv, &text), health = client_ask(socket, "GET", "/v1/health", NULL, &reply);
        cJSON *checks = text.length ? cJSON_ParseWithLength(text.data, text.length) : NULL;

        cJSON_AddItemToObject(all, "host", checks ? checks : cJSON_CreateArray());
        cJSON_AddItemToObject(all, "daemon", health == STATUS_DONE ? cJSON_Duplicate(reply.json, true) : cJSON_CreateNull());
        output_json(stdout, all);
        return host != 0 || health != STATUS_DONE ? STATUS_FAILED : STATUS_DONE;
}

static int as_text(const char *socket)
{
        char *argv[] = { NULL, (char[]){ "--check" }, NULL };
        _cleanup_reply_ struct client_reply reply = { 0 };
        int host = exec_daemon_wait(argv, NULL);
        char number[32];

        if (client_ask(socket, "GET", "/v1/health", NULL, &reply) != STATUS_DONE) {
                puts("MISSING daemon: holdfastd does not answer");
                return STATUS_FAILED;
        }
        printf("ok      daemon: version %s, ", output_field(reply.json, "version", number));
        printf("%s sessions\n", output_field(reply.json, "sessions", number));
        return host != 0 ? STATUS_FAILED : STATUS_DONE;
}

int command_doctor(int argc, char **argv)
{
        const char *socket = NULL;
        bool json = false;
        const struct option_row rows[] = { OPTIONS_COMMON(&json, &socket) };
        char **operands;
        int status = options_parse(argc, argv, &usage, rows, &operands);

        if (status != OPTIONS_GO_ON)
                return status;
        return json ? as_json(socket) : as_text(socket);
}
