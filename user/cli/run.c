/* SPDX-License-Identifier: Apache-2.0 */
/* holdfast run: this process asks to be confined, and then becomes the command. */
#include "base/cleanup.h"
#include "base/json.h"
#include "cli/agent.h"
#include "cli/client.h"
#include "cli/command.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/policy_source.h"

#include <curl/curl.h>
#include <errno.h>
#include <limits.h>
#include <string.h>

#define STATUS_NOT_FOUND 127 /* as shells have it */
#define STATUS_NOT_RUN 126

struct run {
        const char *policy, *workspace, *agent, *name, *socket;
        bool json;
};

static const struct usage usage = {
        .synopsis = "run [--policy NAME|FILE] [--workspace DIR] [--agent NAME[@VERSION]] [--name NAME] -- CMD [ARG...]",
        .description = "Runs a command confined, and exits with its status. What the policy does not allow is refused.",
        .command_follows = true,
        .least = 1,
        .most = -1,
};

static int add_workspace(cJSON *body, const char *given)
{
        char path[PATH_MAX];

        if (!realpath(given ? given : ".", path)) {
                fprintf(stderr, "holdfast: workspace %s: %s\n", given ? given : ".", strerror(errno));
                return errno == ENOENT ? STATUS_ABSENT : STATUS_FAILED;
        }
        return json_add_text(body, "workspace", path) < 0 ? STATUS_FAILED : STATUS_DONE;
}

/* Without --agent it is called as its program is. */
static int add_agent(cJSON *body, const char *given, const char *command)
{
        const char *slash = strrchr(command, '/');

        return agent_add(body, given ? given : slash ? slash + 1 : command);
}

/* Asks for a session of this very process. From the answer on it is confined. */
static int begin(const struct run *o, const char *command, struct client_reply *reply)
{
        _cleanup_json_ cJSON *body = cJSON_CreateObject();
        int status;

        if (!body || add_agent(body, o->agent, command) < 0 || (o->name && json_add_text(body, "name", o->name) < 0)) {
                fputs("holdfast: out of memory\n", stderr);
                return STATUS_FAILED;
        }
        status = add_workspace(body, o->workspace);
        if (status == STATUS_DONE)
                status = policy_source_add(body, o->policy);
        return status == STATUS_DONE ? client_ask(o->socket, "POST", "/v1/sessions", body, reply) : status;
}

static int become(char **argv)
{
        int error;

        execvp(argv[0], argv);
        error = errno;
        fprintf(stderr, "holdfast: cannot run %s: %s%s\n", argv[0], strerror(error),
                error == EACCES || error == EPERM ? "; if it is the policy that refuses, \"holdfast tail\" shows which rule" : "");
        return error == ENOENT ? STATUS_NOT_FOUND : STATUS_NOT_RUN;
}

int command_run(int argc, char **argv)
{
        struct run o = { .policy = "coding-agent" };
        const struct option_row rows[] = {
                { "policy", 'p', "NAME|FILE", "what it may do (default: coding-agent)", NULL, &o.policy },
                { "workspace", 'w', "DIR", "the folder it works in (default: the current one)", NULL, &o.workspace },
                { "agent", 'a', "NAME[@VERSION]", "what it is called (default: as the command)", NULL, &o.agent },
                { "name", 'n', "NAME", "a name for the session", NULL, &o.name },
                OPTIONS_COMMON(&o.json, &o.socket),
        };
        struct client_reply reply = { 0 };
        const char *id;
        char **command;
        int status = options_parse(argc, argv, &usage, rows, &command);

        if (status != OPTIONS_GO_ON)
                return status;
        status = begin(&o, command[0], &reply);
        id = json_get_string(reply.json, "id");
        if (status == STATUS_DONE && id && setenv("HOLDFAST_SESSION", id, 1) == 0) {
                if (o.json)
                        output_json(stderr, reply.json); /* stdout is the command's */
                else
                        output_unverified(reply.json);
        } else if (status == STATUS_DONE) {
                fputs("holdfast: the daemon's answer has no session\n", stderr);
                status = STATUS_FAILED;
        }
        client_reply_clear(&reply);
        curl_global_cleanup();
        if (status != STATUS_DONE)
                return status;
        /* Whatever else was inherited is not the agent's. */
        close_range(3, ~0U, 0);
        return become(command);
}
