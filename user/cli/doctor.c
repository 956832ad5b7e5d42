/* SPDX-License-Identifier: Apache-2.0 */
/* holdfast doctor: whether this host can enforce, and whether it does. */
#include "base/json.h"
#include "base/time.h"
#include "cli/client.h"
#include "cli/command.h"
#include "cli/exec_daemon.h"
#include "cli/options.h"
#include "cli/output.h"

#include <string.h>

static const struct usage usage = {
        .synopsis = "doctor [--json]",
        .description = "Checks what this host needs to enforce, with what to do where something is missing, whether holdfastd runs,\n"
                       "and when a drill of the kill switch last passed: it warns after 35 days, or where none did.\n"
                       "Run it as root to have everything checked. Exits with 1 when something is missing.",
};

#define DAY (24 * 3600 * 1000000000ull)
#define DRILL_DAYS 35 /* a drill a month, and some days */

/* When the kill switch was last tried, and did what it has to. */
static void print_drill(const cJSON *health)
{
        const char *passed = json_get_string(health, "drill_passed"), *last = json_get_string(health, "drill");
        uint64_t time = 0, now = time_now(CLOCK_REALTIME), days;

        if (!passed || time_parse(passed, &time) < 0) {
                printf("WARNING drill: %s: run \"holdfast drill\" as root\n",
                       last ? "the kill switch was tried, and no drill passed" : "the kill switch was never tried here");
                return;
        }
        days = now > time ? (now - time) / DAY : 0;
        printf("%s drill: last passed %.19sZ, %llu day%s ago", days >= DRILL_DAYS ? "WARNING" : "ok     ", passed, (unsigned long long)days,
               days == 1 ? "" : "s");
        if (last && strcmp(last, passed) != 0)
                printf("; the last one, %.19sZ, failed: see \"holdfast drill --list\"", last);
        puts(days >= DRILL_DAYS ? ": run \"holdfast drill\" as root" : "");
}

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
        print_drill(reply.json);
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
