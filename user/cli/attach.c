/* SPDX-License-Identifier: Apache-2.0 */
/* holdfast attach: confines what runs already. */
#include "base/cleanup.h"
#include "base/json.h"
#include "cli/agent.h"
#include "cli/client.h"
#include "cli/command.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/policy_source.h"
#include "cli/systemd.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

struct attach {
        const char *pid, *cgroup, *unit, *policy, *workspace, *agent, *name, *socket;
        bool json;
};

static const struct usage usage = {
        .synopsis = "attach (--pid PID | --cgroup PATH | --unit UNIT) --policy NAME|FILE [--workspace DIR] [--agent NAME[@VERSION]] "
                    "[--name NAME]",
        .description = "Confines a process and all below it, or all that is in a cgroup, and prints the session's id.\n"
                       "What they have already and the policy refuses them is said on standard error, one line each: \"revoked\"\n"
                       "(each further use is refused), \"stopped\" (its process is) or \"left\" (code that runs). Where something\n"
                       "cannot be taken away, such as a tracer, nothing is confined.",
};

/* Where systemd has the unit's processes. */
static int add_unit(cJSON *attach, const char *unit)
{
        _cleanup_buffer_ struct buffer shown = BUFFER_INIT;
        int status = systemd_show(unit, "ControlGroup", &shown);
        const char *text = shown.data;
        _cleanup_free_ char *cgroup = status == STATUS_DONE ? systemd_value(&text, "ControlGroup") : NULL;

        if (status != STATUS_DONE)
                return status;
        if (cgroup && *cgroup)
                return json_add_text(attach, "cgroup", cgroup) < 0 ? STATUS_FAILED : STATUS_DONE;
        fprintf(stderr, "holdfast: unit %s has no processes: start it first\n", unit);
        return STATUS_FAILED;
}

static int add_target(cJSON *body, const struct attach *o)
{
        cJSON *attach = cJSON_AddObjectToObject(body, "attach");
        char *end;
        long pid;

        if (o->unit)
                return add_unit(attach, o->unit);
        if (o->cgroup)
                return json_add_text(attach, "cgroup", o->cgroup) < 0 ? STATUS_FAILED : STATUS_DONE;
        pid = strtol(o->pid, &end, 10);
        if (*end || !*o->pid || pid < 1 || pid > INT_MAX)
                return options_wrong(&usage, "--pid: \"%s\" is not the number of a process", o->pid);
        return cJSON_AddNumberToObject(attach, "pid", (double)pid) ? STATUS_DONE : STATUS_FAILED;
}

static int fill(cJSON *body, const struct attach *o)
{
        char path[PATH_MAX];
        int status = add_target(body, o);

        if (status != STATUS_DONE)
                return status;
        if (o->workspace && !realpath(o->workspace, path)) {
                fprintf(stderr, "holdfast: workspace %s: %s\n", o->workspace, strerror(errno));
                return errno == ENOENT ? STATUS_ABSENT : STATUS_FAILED;
        }
        if ((o->workspace && json_add_text(body, "workspace", path) < 0) || (o->agent && agent_add(body, o->agent) < 0) ||
            (o->name && json_add_text(body, "name", o->name) < 0))
                return STATUS_FAILED;
        return policy_source_add(body, o->policy);
}

int command_attach(int argc, char **argv)
{
        struct attach o = { 0 };
        const struct option_row rows[] = {
                { "pid", 0, "PID", "the process, with all that descend from it", NULL, &o.pid },
                { "cgroup", 0, "PATH", "the cgroup, with all below it (root only)", NULL, &o.cgroup },
                { "unit", 0, "UNIT", "the cgroup of a unit of systemd (root only)", NULL, &o.unit },
                { "policy", 'p', "NAME|FILE", "what it may do", NULL, &o.policy },
                { "workspace", 'w', "DIR", "the folder it works in (default: where the process is)", NULL, &o.workspace },
                { "agent", 'a', "NAME[@VERSION]", "what it is called (default: as the process)", NULL, &o.agent },
                { "name", 'n', "NAME", "a name for the session", NULL, &o.name },
                OPTIONS_COMMON(&o.json, &o.socket),
        };
        _cleanup_reply_ struct client_reply reply = { 0 };
        _cleanup_json_ cJSON *body = cJSON_CreateObject();
        char **operands;
        int status = options_parse(argc, argv, &usage, rows, &operands);

        if (status != OPTIONS_GO_ON)
                return status;
        if (!!o.pid + !!o.cgroup + !!o.unit != 1)
                return options_wrong(&usage, "expected one of --pid, --cgroup and --unit");
        if (!o.policy)
                return options_wrong(&usage, "expected --policy");
        status = fill(body, &o);
        if (status == STATUS_DONE)
                status = client_ask(o.socket, "POST", "/v1/sessions", body, &reply);
        if (status != STATUS_DONE)
                return status;
        if (o.json)
                return output_json(stdout, reply.json);
        output_unverified(reply.json);
        output_found(reply.json);
        printf("%s\n", json_get_string(reply.json, "id"));
        return STATUS_DONE;
}
