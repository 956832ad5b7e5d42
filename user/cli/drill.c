/* SPDX-License-Identifier: Apache-2.0 */
/* holdfast drill: tries the kill switch, and checks the report of a try. */
#include "cli/drill.h"

#include "audit/signed.h"
#include "base/cleanup.h"
#include "base/json.h"
#include "cli/client.h"
#include "cli/command.h"
#include "cli/options.h"
#include "cli/output.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

static const struct usage usage = {
        .synopsis = "drill [--all] [--folder DIR] [--json]\n       holdfast drill --list\n       holdfast drill --verify FILE [--key "
                    "PUBLIC.pem]",
        .description =
                "Tries the kill switch: starts sessions of its own, kills them at each scope while all others go on, and measures how "
                "long\n"
                "they could act. Other sessions must notice nothing. holdfastd signs the report and keeps it. Exits with 1 when the drill\n"
                "failed. For root and the role admin.\n"
                "With --all it also pauses everything, real sessions too, and lifts that at once.\n"
                "With --verify it checks a report that was signed, without a daemon.",
};

static volatile int stopped;

static void on_signal(int number)
{
        stopped = number;
}

static void catch_signals(void)
{
        const struct sigaction action = { .sa_handler = on_signal }, ignore = { .sa_handler = SIG_IGN };

        sigaction(SIGINT, &action, NULL);
        sigaction(SIGTERM, &action, NULL);
        sigaction(SIGHUP, &action, NULL);
        sigaction(SIGPIPE, &ignore, NULL);
}

/* ---- printing ------------------------------------------------------------------------------------------------------------------- */

static void add_ms(cJSON *row, const char *name, const cJSON *step, const char *member)
{
        const cJSON *ns = cJSON_GetObjectItemCaseSensitive(step, member);
        char text[32] = "-";

        if (cJSON_IsNumber(ns))
                snprintf(text, sizeof(text), "%.3f ms", ns->valuedouble / 1e6);
        cJSON_AddStringToObject(row, name, text);
}

static void print_steps(const cJSON *steps)
{
        static const char *const columns[] = { "scope", "strength", "sessions", "in force", "last action", "ended", "result", NULL };
        _cleanup_json_ cJSON *rows = cJSON_CreateArray();
        const cJSON *step;
        char number[32];

        cJSON_ArrayForEach (step, steps) {
                cJSON *row = cJSON_CreateObject();
                const char *why = json_get_string(step, "why");

                json_add_text(row, "scope", output_field(step, "scope", number));
                json_add_text(row, "strength", output_field(step, "strength", number));
                json_add_text(row, "sessions", output_field(step, "sessions", number));
                add_ms(row, "in force", step, "in_force_ns");
                add_ms(row, "last action", step, "last_permitted_ns");
                add_ms(row, "ended", step, "ended_ns");
                json_add_text(row, "result",
                              why                                                              ? why
                              : cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(step, "passed")) ? "passed"
                                                                                               : "failed");
                cJSON_AddItemToArray(rows, row);
        }
        output_table(rows, columns);
}

static void print_report(const cJSON *report)
{
        const cJSON *others = json_get_object(report, "others"), *o;
        char number[32];

        print_steps(json_get_array(report, "steps"));
        cJSON_ArrayForEach (o, json_get_array(report, "not_drilled")) {
                printf("not drilled: %s: ", output_field(o, "scope", number));
                output_safe(output_field(o, "reason", number));
                putchar('\n');
        }
        if (cJSON_GetObjectItemCaseSensitive(others, "sessions")) {
                printf("other sessions: %s", output_field(others, "sessions", number));
                printf(", struck: %s", output_field(others, "struck", number));
                printf(", refusals: %s\n", output_field(others, "refused", number));
        }
        cJSON_ArrayForEach (o, json_get_array(report, "wrong")) {
                fputs("wrong: ", stdout);
                output_safe(cJSON_GetStringValue(o));
                putchar('\n');
        }
        printf("the drill %s\n", cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(report, "passed")) ? "passed" : "failed");
}

/* ---- what it does -------------------------------------------------------------------------------------------------------------- */

/* Has the report signed and kept. */
static int record(struct drill *d, bool json)
{
        _cleanup_reply_ struct client_reply reply = { 0 };
        int status = client_ask(d->socket, "POST", "/v1/drills", d->report, &reply);
        const char *path = json_get_string(reply.json, "path");

        if (status != STATUS_DONE) {
                fputs("holdfast: the report is neither signed nor kept\n", stderr);
                return status;
        }
        if (path)
                fprintf(json ? stderr : stdout, "report: %s\n", path);
        return STATUS_DONE;
}

static int run(const char *socket, const char *within, bool all, bool json)
{
        struct drill d = { .socket = socket, .within = within, .all = all, .stop = &stopped };
        int status;
        bool good;

        if (all)
                fputs("holdfast: --all: every session on this host is paused for a moment\n", stderr);
        catch_signals();
        drill_run(&d);
        if (json)
                output_json(stdout, d.report);
        else
                print_report(d.report);
        good = drill_good(&d);
        status = d.before ? record(&d, json) : STATUS_FAILED;
        drill_free(&d);
        return status != STATUS_DONE ? status : good ? STATUS_DONE : STATUS_FAILED;
}

static int verify(const char *file, const char *key, bool json)
{
        _cleanup_error_ struct error e = ERROR_INIT;
        _cleanup_json_ cJSON *report = NULL;
        char number[32];
        int r = signed_read(file, SIGNED_DRILL, key, &report, &e);

        if (r < 0) {
                fprintf(stderr, "holdfast: %s\n", error_text(&e));
                return r == -ENOENT ? STATUS_ABSENT : STATUS_FAILED;
        }
        if (json)
                return output_json(stdout, report);
        printf("good: drill %s", output_field(report, "id", number));
        printf(" on %s", output_field(report, "host", number));
        printf(", recorded %s", output_field(report, "recorded", number));
        fputs(", by ", stdout);
        output_safe(output_field(report, "actor", number));
        printf("\nkey: %s\n", output_field(report, "key", number));
        print_report(report);
        return STATUS_DONE;
}

static int list(const char *socket, bool json)
{
        static const char *const columns[] = { "recorded", "id", "passed", "actor", "path", NULL };
        _cleanup_reply_ struct client_reply reply = { 0 };
        int status = client_ask(socket, "GET", "/v1/drills", NULL, &reply);

        if (status != STATUS_DONE)
                return status;
        if (json || !cJSON_IsArray(reply.json))
                return output_json(stdout, reply.json);
        output_table(reply.json, columns);
        return STATUS_DONE;
}

int command_drill(int argc, char **argv)
{
        const char *socket = NULL, *file = NULL, *key = NULL, *folder = NULL;
        bool json = false, all = false, listed = false;
        const struct option_row rows[] = {
                { "all", 0, NULL, "also pause everything, and lift that at once: real sessions notice", &all, NULL },
                { "folder", 0, "DIR", "where its sessions work, in a folder of their own (default: /tmp)", NULL, &folder },
                { "list", 0, NULL, "list the reports that are kept", &listed, NULL },
                { "verify", 0, "FILE", "check the signature of a report, and print it", NULL, &file },
                { "key", 'k', "PUBLIC.pem", "a copy of the public key (default: the one beside the audit stream)", NULL, &key },
                OPTIONS_COMMON(&json, &socket),
        };
        char **operands;
        int status = options_parse(argc, argv, &usage, rows, &operands);

        if (status != OPTIONS_GO_ON)
                return status;
        if (!!file + listed + (all || folder) > 1 || (key && !file))
                return options_wrong(&usage, "expected --verify with or without --key, or --list, or a drill");
        return file ? verify(file, key, json) : listed ? list(socket, json) : run(socket, folder, all, json);
}
