/* SPDX-License-Identifier: Apache-2.0 */
/* holdfast run: this process asks to be confined, and then becomes the command. */
#include "base/cleanup.h"
#include "base/json.h"
#include "cli/agent.h"
#include "cli/client.h"
#include "cli/command.h"
#include "cli/environment.h"
#include "cli/namespace.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/policy_source.h"
#include "cli/program.h"

#include <curl/curl.h>
#include <errno.h>
#include <limits.h>
#include <string.h>

#define STATUS_NOT_FOUND 127 /* as shells have it */
#define STATUS_NOT_RUN 126
#define POLICY_DEFAULT "coding-agent"
#define POLICY_LEARNING "learning" /* with --audit-only */

struct run {
        const char *policy, *workspace, *agent, *name, *keep, *socket;
        bool json, ephemeral, discard, private_tmp, private_home, audit_only;
};

static const struct usage usage = {
        .synopsis = "run [--policy NAME|FILE] [--workspace DIR] [--agent NAME[@VERSION]] [--name NAME] [--keep-env NAME[,NAME...]] "
                    "[--ephemeral [--discard]] [--private-tmp] [--private-home] [--audit-only] [--] CMD [ARG...]",
        .description =
                "Runs a command confined, and exits with its status. What the policy does not allow is refused. Variables that look\n"
                "like secrets are left out of its environment, but those that the policy or --keep-env names. With --ephemeral the\n"
                "folder stays as it is: what is written is kept apart, for \"holdfast workspace\" to review and apply.",
        .command_follows = true,
        .least = 1,
        .most = -1,
};

static int no_memory(void)
{
        fputs("holdfast: out of memory\n", stderr);
        return STATUS_FAILED;
}

static int add_workspace(cJSON *body, const char *given, char path[PATH_MAX])
{
        if (!realpath(given ? given : ".", path)) {
                fprintf(stderr, "holdfast: workspace %s: %s\n", given ? given : ".", strerror(errno));
                return errno == ENOENT ? STATUS_ABSENT : STATUS_FAILED;
        }
        return json_add_text(body, "workspace", path) < 0 ? STATUS_FAILED : STATUS_DONE;
}

/* A policy that extends the one with that name by the places that the program is installed in. */
static int add_extended(cJSON *body, const char *policy, const struct program *p)
{
        _cleanup_json_ cJSON *o = cJSON_CreateObject();
        cJSON *program = cJSON_AddObjectToObject(cJSON_AddObjectToObject(o, "capabilities"), "program");
        cJSON *files = cJSON_AddArrayToObject(program, "files");
        _cleanup_free_ char *text = NULL;

        cJSON_AddNumberToObject(o, "holdfast", 1);
        cJSON_AddStringToObject(o, "name", policy);
        cJSON_AddStringToObject(o, "extends", policy);
        cJSON_AddStringToObject(program, "description", "Where holdfast run found the program installed.");
        for (int i = 0; i < PROGRAM_PLACES && p->places[i]; i++) {
                cJSON *rule = cJSON_CreateObject();

                json_add_text(rule, "path", p->places[i]);
                cJSON_AddStringToObject(rule, "allow", "rx");
                cJSON_AddStringToObject(rule, "deny", "w");
                cJSON_AddItemToArray(files, rule);
        }
        text = cJSON_Print(o);
        if (!text || json_add_text(body, "policy_text", text) < 0 || json_add_text(body, "policy_file", policy) < 0)
                return no_memory();
        return STATUS_DONE;
}

/* Without --policy: the policy that is for the program; *agent gets which of its names that is. */
static int choose_policy(cJSON *body, const struct run *o, const struct program *p, const char *workspace, const char **agent)
{
        _cleanup_reply_ struct client_reply reply = { 0 };
        const char *policy = NULL;
        const cJSON *entry;
        int status;

        if (!p->path)
                return policy_source_add(body, POLICY_DEFAULT);
        status = client_ask(o->socket, "GET", "/v1/policies", NULL, &reply);
        if (status != STATUS_DONE)
                return status;
        entry = program_policy(p, workspace, reply.json, agent);
        policy = entry ? json_get_string(entry, "name") : NULL;
        if (policy && p->places[0])
                status = add_extended(body, policy, p);
        else
                status = policy_source_add(body, policy ? policy : POLICY_DEFAULT);
        return status;
}

/* Without --agent it is called as the program that the policy is for, or as the command. */
static int add_agent(cJSON *body, const char *given, const char *known, const struct program *p, const char *command)
{
        const char *slash = strrchr(command, '/');
        int r;

        if (given)
                return agent_add(body, given);
        r = json_add_text(body, "agent", known ? known : slash ? slash + 1 : command);
        return r == 0 && known && p->version ? json_add_text(body, "version", p->version) : r;
}

static bool is_apart(const struct run *o)
{
        return o->ephemeral || o->discard || o->private_tmp || o->private_home;
}

/* The daemon mounts what is asked for in a namespace that this process makes for that. */
static int add_apart(cJSON *body, const struct run *o)
{
        if (!is_apart(o))
                return STATUS_DONE;
        if (((o->ephemeral || o->discard) && !cJSON_AddStringToObject(body, "ephemeral", o->discard ? "discard" : "keep")) ||
            !cJSON_AddBoolToObject(body, "private_tmp", o->private_tmp) || !cJSON_AddBoolToObject(body, "private_home", o->private_home))
                return no_memory();
        return namespace_enter();
}

/* Where this process is belongs to the mounts of before. */
static int go_back(const char *where, const cJSON *session)
{
        const char *workspace = json_get_string(session, "workspace");

        if ((*where && chdir(where) == 0) || (workspace && chdir(workspace) == 0))
                return STATUS_DONE;
        fprintf(stderr, "holdfast: cannot go to the workspace: %s\n", strerror(errno));
        return STATUS_FAILED;
}

/* Asks for a session of this very process. From the answer on it is confined. */
static int begin(const struct run *o, const char *command, struct program *p, struct client_reply *reply)
{
        _cleanup_json_ cJSON *body = cJSON_CreateObject();
        const char *known = NULL;
        char workspace[PATH_MAX];
        int status;

        if (!body || (o->name && json_add_text(body, "name", o->name) < 0))
                return no_memory();
        status = add_workspace(body, o->workspace, workspace);
        if (status == STATUS_DONE && !o->policy && program_find(command, getenv("HOME"), workspace, p) == -ENOMEM)
                status = no_memory();
        if (status == STATUS_DONE)
                status = o->policy ? policy_source_add(body, o->policy) : choose_policy(body, o, p, workspace, &known);
        if (status == STATUS_DONE && add_agent(body, o->agent, known, p, command) < 0)
                status = no_memory();
        if (status == STATUS_DONE && o->audit_only && !cJSON_AddTrueToObject(body, "audit_only"))
                status = no_memory();
        if (status == STATUS_DONE)
                status = add_apart(body, o);
        return status == STATUS_DONE ? client_ask(o->socket, "POST", "/v1/sessions", body, reply) : status;
}

static void say(const cJSON *session, const char *member)
{
        const char *text = json_get_string(session, member);

        output_safe_to(stderr, text ? text : "");
}

/* One line: what was chosen for the user. */
static void tell(const cJSON *session)
{
        const char *version = json_get_string(session, "version");

        fputs("holdfast: ", stderr);
        say(session, "agent");
        fputs(version && *version ? " " : "", stderr);
        say(session, "version");
        fputs(" runs under the policy ", stderr);
        say(session, "policy");
        fputs(" in ", stderr);
        say(session, "workspace");
        fputs("\n", stderr);
}

/* Nothing of holdfast is there any more when the command ends. */
static void tell_apart(const struct run *o, const char *id)
{
        if (o->discard)
                fprintf(stderr, "holdfast: what is written in the workspace is discarded with session %s\n", id);
        else if (o->ephemeral)
                fprintf(stderr,
                        "holdfast: the workspace stays as it is; afterwards: holdfast workspace diff %s, then apply %s [PATH...] or "
                        "discard %s\n",
                        id, id, id);
}

/* What this process, which becomes the command, hands on of its environment. */
static int clean(const struct run *o, const cJSON *session)
{
        _cleanup_buffer_ struct buffer dropped = BUFFER_INIT;

        if (environment_clean(json_get_array(session, "environment"), o->keep, &dropped) < 0)
                return no_memory();
        if (dropped.length && !o->json)
                fprintf(stderr, "holdfast: not handed on, as they look like secrets: %s (--keep-env NAME keeps one)\n", dropped.data);
        return STATUS_DONE;
}

/* The session is there. */
static int enter(const struct run *o, const cJSON *session)
{
        const char *id = json_get_string(session, "id");
        int status;

        if (!id || setenv("HOLDFAST_SESSION", id, 1) < 0) {
                fputs("holdfast: the daemon's answer has no session\n", stderr);
                return STATUS_FAILED;
        }
        status = clean(o, session);
        if (status != STATUS_DONE)
                return status;
        if (o->json)
                return output_json(stderr, session); /* stdout is the command's */
        if (!o->policy)
                tell(session);
        tell_apart(o, id);
        if (o->audit_only)
                fprintf(stderr, "holdfast: what policy %s allows is allowed, and recorded; afterwards: holdfast suggest %s\n",
                        json_get_string(session, "policy"), id);
        output_unverified(session);
        return STATUS_DONE;
}

/* The program that the policy was chosen for, or what there is by that name. */
static int become(const struct program *p, char **argv)
{
        int error;

        execvp(p->file ? p->file : argv[0], argv);
        error = errno;
        fprintf(stderr, "holdfast: cannot run %s: %s%s\n", argv[0], strerror(error),
                error == EACCES || error == EPERM ? "; if it is the policy that refuses, \"holdfast tail\" shows which rule" : "");
        return error == ENOENT ? STATUS_NOT_FOUND : STATUS_NOT_RUN;
}

int command_run(int argc, char **argv)
{
        struct run o = { 0 };
        const struct option_row rows[] = {
                { "policy", 'p', "NAME|FILE", "what it may do (default: the policy for the program, else " POLICY_DEFAULT ")", NULL,
                  &o.policy },
                { "workspace", 'w', "DIR", "the folder it works in (default: the current one)", NULL, &o.workspace },
                { "agent", 'a', "NAME[@VERSION]", "what it is called (default: as the program)", NULL, &o.agent },
                { "name", 'n', "NAME", "a name for the session", NULL, &o.name },
                { "ephemeral", 'e', NULL, "leave the folder as it is, and keep apart what is written", &o.ephemeral, NULL },
                { "discard", 0, NULL, "the same, and discard it at the end", &o.discard, NULL },
                { "private-tmp", 0, NULL, "empty /tmp and /var/tmp of its own, in memory", &o.private_tmp, NULL },
                { "private-home", 0, NULL, "an empty home folder of its own, in memory, but for the workspace", &o.private_home, NULL },
                { "audit-only", 0, NULL, "record what it does, for \"holdfast suggest\" (default policy: learning)", &o.audit_only, NULL },
                { "keep-env", 'k', "NAME[,NAME]", "variables to keep though they look like secrets", NULL, &o.keep },
                OPTIONS_COMMON(&o.json, &o.socket),
        };
        _cleanup_(program_clear) struct program p = { 0 };
        struct client_reply reply = { 0 };
        char **command, where[PATH_MAX] = "";
        int status = options_parse(argc, argv, &usage, rows, &command);

        if (status != OPTIONS_GO_ON)
                return status;
        if (o.audit_only && !o.policy)
                o.policy = POLICY_LEARNING;
        if (is_apart(&o) && !getcwd(where, sizeof(where)))
                *where = '\0';
        status = begin(&o, command[0], &p, &reply);
        if (status == STATUS_DONE)
                status = enter(&o, reply.json);
        if (status == STATUS_DONE && is_apart(&o))
                status = go_back(where, reply.json);
        client_reply_clear(&reply);
        curl_global_cleanup();
        if (status != STATUS_DONE)
                return status;
        /* Whatever else was inherited is not the agent's. */
        close_range(3, ~0U, 0);
        return become(&p, command);
}
