/* SPDX-License-Identifier: Apache-2.0 */
/* holdfast workspace: what sessions wrote apart from the folder they worked in. */
#include "base/cleanup.h"
#include "base/json.h"
#include "cli/client.h"
#include "cli/command.h"
#include "cli/options.h"
#include "cli/output.h"

#include <string.h>

static const struct usage list_usage = {
        .synopsis = "workspace list",
        .description = "Lists the workspaces that sessions of holdfast run --ephemeral have written, and that were not discarded.",
        .least = 0,
        .most = 0,
};
static const struct usage diff_usage = {
        .synopsis = "workspace diff ID [--patch]",
        .description =
                "Tells what the session changed: A added, M modified, D deleted, m mode, owner, time or attributes, T another type.\n"
                "\"!\" marks what others have changed since it began, \"x\" what is never applied.",
        .least = 1,
        .most = 1,
};
static const struct usage apply_usage = {
        .synopsis = "workspace apply ID [--force] [PATH...]",
        .description = "Makes the changes of the session in the real folder: those at the paths, as the list has them, and below, or all.\n"
                       "What others have changed since it began is not overwritten, but with --force.",
        .least = 1,
        .most = -1,
};
static const struct usage discard_usage = {
        .synopsis = "workspace discard ID",
        .description = "Forgets what the session wrote. The real folder stays as it is.",
        .least = 1,
        .most = 1,
};

static int ask(const char *socket, const char *method, const char *id, const char *suffix, const cJSON *body, struct client_reply *reply)
{
        _cleanup_free_ char *path = client_path("/v1/workspaces/", id, suffix);

        if (!path) {
                fputs("holdfast: out of memory\n", stderr);
                return STATUS_FAILED;
        }
        return client_ask(socket, method, path, body, reply);
}

static int list(int argc, char **argv)
{
        static const char *const columns[] = { "id", "state", "agent", "user", "started", "path", NULL };

        return command_list(argc, argv, &list_usage, "/v1/workspaces", columns);
}

/* ---- diff ----------------------------------------------------------------------------------------------------------------------- */

static char letter(const char *op)
{
        static const struct {
                const char *op;
                char letter;
        } letters[] = { { "added", 'A' }, { "modified", 'M' }, { "deleted", 'D' }, { "attributes", 'm' }, { "type", 'T' } };

        for (size_t i = 0; op && i < ARRAY_SIZE(letters); i++)
                if (!strcmp(letters[i].op, op))
                        return letters[i].letter;
        return '?';
}

static void print_change(const cJSON *c)
{
        const char *path = json_get_string(c, "path"), *kind = json_get_string(c, "kind"), *mode = json_get_string(c, "mode");
        const char *before = json_get_string(c, "mode_before"), *link = kind && !strcmp(kind, "folder") ? "/" : "";
        const char *why = json_get_string(c, "refused");
        char mark = ' ';

        if (!why && (why = json_get_string(c, "conflict")))
                mark = '!';
        else if (!why && (why = json_get_string(c, "unclear")))
                mark = '!';
        else if (why)
                mark = 'x';
        printf("%c%c ", letter(json_get_string(c, "op")), mark);
        output_safe(path ? path : "");
        fputs(link, stdout);
        if (before && mode)
                printf("  %s, was %s", mode, before);
        if (why)
                printf("  (%s)", why);
        putchar('\n');
}

/* Into a file or a program as it is; onto a terminal without what it would act on. */
static void print_patch(const char *text)
{
        const bool terminal = isatty(STDOUT_FILENO);

        while (*text) {
                const char *digits = "0123456789abcdef", *high, *low;

                if (text[0] == '\\' && text[1] == 'x' && text[2] && text[3] && (high = strchr(digits, text[2])) &&
                    (low = strchr(digits, text[3]))) {
                        putchar(terminal ? '?' : (char)(((high - digits) << 4) | (low - digits)));
                        text += 4;
                } else if (terminal && *text != '\n' && *text != '\t') {
                        text += output_safe_character(stdout, text);
                } else {
                        putchar(*text++);
                }
        }
}

/* Where all who may wait do, the work goes on, and nobody hears what comes of it. */
static bool is_later(const cJSON *answer)
{
        if (!cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(answer, "later")))
                return false;
        fputs("holdfast: the daemon has too much to do to answer: it goes on with it; ask for the diff later\n", stderr);
        return true;
}

static int diff(int argc, char **argv)
{
        bool json = false, patch = false;
        const char *socket = NULL;
        const struct option_row rows[] = {
                { "patch", 'p', NULL, "show the differences of text, as diff -u does", &patch, NULL },
                OPTIONS_COMMON(&json, &socket),
        };
        _cleanup_reply_ struct client_reply reply = { 0 };
        const cJSON *item;
        const char *text;
        char **operands;
        int status = options_parse(argc, argv, &diff_usage, rows, &operands);

        if (status != OPTIONS_GO_ON)
                return status;
        status = ask(socket, "GET", operands[0], patch ? "/diff?patch=true" : "/diff", NULL, &reply);
        if (status != STATUS_DONE || is_later(reply.json))
                return status == STATUS_DONE ? STATUS_FAILED : status;
        if (json)
                return output_json(stdout, reply.json);
        text = json_get_string(reply.json, "patch");
        if (patch && text)
                print_patch(text);
        else
                cJSON_ArrayForEach (item, json_get_array(reply.json, "changes"))
                        print_change(item);
        if (cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(reply.json, "cut")))
                fputs("holdfast: there is more than can be shown at once\n", stderr);
        return STATUS_DONE;
}

/* ---- apply ---------------------------------------------------------------------------------------------------------------------- */

static int say_each(const cJSON *answer, const char *member, const char *what)
{
        const cJSON *item;
        int n = 0;

        cJSON_ArrayForEach (item, json_get_array(answer, member)) {
                const char *path = json_get_string(item, "path"), *why = json_get_string(item, "why");

                fprintf(stderr, "holdfast: %s ", what);
                output_safe_to(stderr, path ? path : "");
                fprintf(stderr, ": %s\n", why ? why : "");
                n++;
        }
        return n;
}

static int tell(const cJSON *answer)
{
        const cJSON *item;
        int refused, conflicts;

        cJSON_ArrayForEach (item, json_get_array(answer, "applied")) {
                output_safe(cJSON_GetStringValue(item));
                putchar('\n');
        }
        if (cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(answer, "cut")))
                fputs("holdfast: there is more than can be shown at once\n", stderr);
        say_each(answer, "kept", "left as it is:");
        refused = say_each(answer, "refused", "not applied:");
        conflicts = say_each(answer, "conflicts", "not applied:");
        return refused ? STATUS_REFUSED : conflicts ? STATUS_FAILED : STATUS_DONE;
}

static int apply(int argc, char **argv)
{
        bool json = false, force = false;
        const char *socket = NULL;
        const struct option_row rows[] = {
                { "force", 'f', NULL, "overwrite what others have changed since the session began", &force, NULL },
                OPTIONS_COMMON(&json, &socket),
        };
        _cleanup_json_ cJSON *body = cJSON_CreateObject();
        _cleanup_reply_ struct client_reply reply = { 0 };
        cJSON *paths;
        char **operands;
        int status = options_parse(argc, argv, &apply_usage, rows, &operands);

        if (status != OPTIONS_GO_ON)
                return status;
        cJSON_AddBoolToObject(body, "force", force);
        paths = operands[1] ? cJSON_AddArrayToObject(body, "paths") : NULL;
        for (int i = 1; operands[i]; i++) {
                const bool dotted = strncmp(operands[i], "./", 2) == 0 && operands[i][2];

                cJSON_AddItemToArray(paths, cJSON_CreateString(operands[i] + (dotted ? 2 : 0)));
        }
        status = ask(socket, "POST", operands[0], "/apply", body, &reply);
        if (status != STATUS_DONE || is_later(reply.json))
                return status == STATUS_DONE ? STATUS_FAILED : status;
        if (json)
                output_json(stdout, reply.json);
        return json ? STATUS_DONE : tell(reply.json);
}

static int discard(int argc, char **argv)
{
        bool json = false;
        const char *socket = NULL;
        const struct option_row rows[] = { OPTIONS_COMMON(&json, &socket) };
        _cleanup_reply_ struct client_reply reply = { 0 };
        char **operands;
        int status = options_parse(argc, argv, &discard_usage, rows, &operands);

        return status != OPTIONS_GO_ON ? status : ask(socket, "DELETE", operands[0], "", NULL, &reply);
}

int command_workspace(int argc, char **argv)
{
        static const struct command commands[] = {
                { "list", "list the workspaces that are kept", list },
                { "diff", "tell what a session changed", diff },
                { "apply", "make chosen changes, or all, in the real folder", apply },
                { "discard", "forget what a session wrote", discard },
        };

        return command_group("workspace", commands, ARRAY_SIZE(commands), argc, argv);
}
