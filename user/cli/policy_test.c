/* SPDX-License-Identifier: Apache-2.0 */
/* holdfast policy test: what a policy would have said to a session that is on record. */
#include "cli/policy_test.h"

#include "base/cleanup.h"
#include "base/json.h"
#include "cli/command.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/recording.h"

#include <stdio.h>
#include <string.h>

struct test {
        bool json;
        cJSON *refused, *allowed; /* what is otherwise than when it was recorded */
        int same;
};

static void on_answer(void *context, struct use *u, const cJSON *answer)
{
        const char *verdict = json_get_string(answer, "verdict"), *reason = json_get_string(answer, "reason"), *rule = json_get_string(answer, "rule");
        const bool refuses = !verdict || strcmp(verdict, "allow") != 0;
        _cleanup_free_ char *text = use_text(u);
        struct test *t = context;
        cJSON *item;

        if (refuses == u->refused) {
                t->same++;
                return;
        }
        item = cJSON_CreateObject();
        json_add_text(item, "use", text ? text : "");
        json_add_text(item, "reason", reason ? reason : "");
        json_add_text(item, "rule", rule ? rule : "");
        cJSON_AddItemToArray(refuses ? t->refused : t->allowed, item);
}

static void print(const cJSON *list, const char *what)
{
        const cJSON *item;

        cJSON_ArrayForEach (item, list) {
                printf("%s ", what);
                output_safe(json_get_string(item, "use"));
                printf(": ");
                output_safe(json_get_string(item, "rule"));
                putchar('\n');
        }
}

/* Exits with 3 where it is otherwise than it was. */
static int finish(const struct test *t, cJSON *all)
{
        const int refused = cJSON_GetArraySize(t->refused), allowed = cJSON_GetArraySize(t->allowed);
        int status = STATUS_DONE;

        if (t->json) {
                cJSON_AddNumberToObject(all, "same", t->same);
                status = output_json(stdout, all);
        } else {
                print(t->refused, "refused");
                print(t->allowed, "allowed");
                printf("%d as they were, %d are refused now, %d are allowed now\n", t->same, refused, allowed);
        }
        return status == STATUS_DONE && (refused || allowed) ? STATUS_REFUSED : status;
}

int policy_test(int argc, char **argv)
{
        static const struct usage usage = {
                .synopsis = "policy test POLICY SESSION|FILE [--workspace DIR] [--json]",
                .description = "Tells what a policy would have said to what a session did, as far as that is on record: what it refuses that\n"
                               "was allowed then, and the other way round. FILE has lines of the audit stream; then no daemon is needed.\n"
                               "Exits with 3 where something would be otherwise.",
                .least = 2,
                .most = 2,
        };
        const char *socket = NULL, *workspace = NULL;
        struct test t = { 0 };
        const struct option_row rows[] = {
                { "workspace", 'w', "DIR", "with FILE: the folder that ${WORKSPACE} stands for (default: the current one)", NULL, &workspace },
                OPTIONS_COMMON(&t.json, &socket),
        };
        _cleanup_recording_ struct recording r = RECORDING_INIT;
        _cleanup_json_ cJSON *all = cJSON_CreateObject();
        char **operands;
        int status = options_parse(argc, argv, &usage, rows, &operands);

        if (status != OPTIONS_GO_ON)
                return status;
        t.refused = cJSON_AddArrayToObject(all, "refused");
        t.allowed = cJSON_AddArrayToObject(all, "allowed");
        status = recording_read(operands[1], socket, workspace, &r);
        if (status == STATUS_DONE)
                status = recording_replay(&r, operands[0], on_answer, &t);
        return status == STATUS_DONE ? finish(&t, all) : status;
}
