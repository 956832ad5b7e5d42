/* SPDX-License-Identifier: Apache-2.0 */
/* holdfast unit: what confines a service of systemd, whose unit stays as it is. */
#include "base/cleanup.h"
#include "base/json.h"
#include "base/paths.h"
#include "cli/command.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/systemd.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define FOLDER "/etc/systemd/system/%s.d"
#define DROP_IN \
        "# holdfast: the kernel lets this unit's programs run in a session only, which holdfastd begins.\n" \
        "[Unit]\n" \
        "Wants=holdfastd.service\n" \
        "After=holdfastd.service\n" \
        "# Not started where that could not start either.\n" \
        "AssertPathExists=" PATH_PINS "\n"

struct unit {
        const char *policy, *workspace, *agent, *socket;
        bool install, json;
};

static const struct usage usage = {
        .synopsis = "unit UNIT --policy NAME [--workspace DIR] [--agent NAME] [--install]",
        .description = "Prints the rules for \"hosts\" in " PATH_CONFIG " that confine the programs which a service of systemd\n"
                       "starts, and a drop-in that has it start after holdfastd. The unit stays as it is.",
        .least = 1,
        .most = 1,
};

static int wrong(const char *unit, const char *what)
{
        fprintf(stderr, "holdfast: %s: %s\n", unit, what);
        return STATUS_FAILED;
}

static bool add_rule(cJSON *rules, const struct unit *o, const char *program, const char *cgroup, const char *workspace)
{
        cJSON *rule = cJSON_CreateObject();

        cJSON_AddItemToArray(rules, rule);
        return json_add_text(rule, "executable", program) >= 0 && json_add_text(rule, "cgroup", cgroup) >= 0 &&
               json_add_text(rule, "policy", o->policy) >= 0 && json_add_text(rule, "workspace", workspace) >= 0 &&
               (!o->agent || json_add_text(rule, "agent", o->agent) >= 0);
}

static char *value_of(const char *shown, const char *name)
{
        return systemd_value(&shown, name);
}

/* A rule for each program, in the unit's cgroup alone. */
static int make_rules(cJSON *rules, const struct unit *o, const char *unit, const char *shown)
{
        _cleanup_free_ char *slice = value_of(shown, "Slice"), *folder = value_of(shown, "WorkingDirectory"),
                            *cgroup = slice ? systemd_cgroup(slice, unit) : NULL;
        const char *workspace = o->workspace ? o->workspace : folder;
        char *line;

        if (!cgroup || !*slice)
                return wrong(unit, "it runs in no slice of this host: only services have programs to confine");
        if (!workspace || *workspace != '/' || !workspace[1])
                return wrong(unit, "it has no WorkingDirectory= that could be its workspace: give --workspace");
        while ((line = systemd_value(&shown, "ExecStart"))) {
                _cleanup_free_ char *command = line, *program = systemd_program(command);

                if (program && !add_rule(rules, o, program, cgroup, workspace))
                        return STATUS_FAILED;
        }
        return cJSON_GetArraySize(rules) ? STATUS_DONE : wrong(unit, "it has no ExecStart=: there is no program to confine");
}

static int install(const char *unit)
{
        char folder[512], path[600];
        FILE *f;

        snprintf(folder, sizeof(folder), FOLDER, unit);
        snprintf(path, sizeof(path), "%s/holdfast.conf", folder);
        if (mkdir(folder, 0755) < 0 && errno != EEXIST) {
                fprintf(stderr, "holdfast: cannot make %s: %s\n", folder, strerror(errno));
                return STATUS_FAILED;
        }
        f = fopen(path, "we");
        if (!f || fputs(DROP_IN, f) < 0 || fclose(f) != 0) {
                fprintf(stderr, "holdfast: cannot write %s: %s\n", path, strerror(errno));
                return STATUS_FAILED;
        }
        fprintf(stderr,
                "holdfast: %s is written; add the rules to \"hosts\" in " PATH_CONFIG ", then: systemctl daemon-reload && "
                "systemctl restart holdfastd %s\n",
                path, unit);
        return STATUS_DONE;
}

int command_unit(int argc, char **argv)
{
        struct unit o = { 0 };
        const struct option_row rows[] = {
                { "policy", 'p', "NAME", "what it may do", NULL, &o.policy },
                { "workspace", 'w', "DIR", "the folder it works in (default: its WorkingDirectory=)", NULL, &o.workspace },
                { "agent", 'a', "NAME", "what it is called (default: as the program)", NULL, &o.agent },
                { "install", 0, NULL, "write the drop-in", &o.install, NULL },
                OPTIONS_COMMON(&o.json, &o.socket),
        };
        _cleanup_json_ cJSON *rules = cJSON_CreateArray(), *answer = NULL;
        _cleanup_buffer_ struct buffer shown = BUFFER_INIT;
        _cleanup_free_ char *name = NULL, *text = NULL;
        char **operands;
        int status = options_parse(argc, argv, &usage, rows, &operands);

        if (status != OPTIONS_GO_ON)
                return status;
        if (!o.policy)
                return options_wrong(&usage, "expected --policy");
        if (strchr(operands[0], '/') || asprintf(&name, "%s%s", operands[0], strchr(operands[0], '.') ? "" : ".service") < 0)
                return options_wrong(&usage, "\"%s\" is not the name of a unit", operands[0]);
        status = systemd_show(name, "ExecStart,Slice,WorkingDirectory", &shown);
        if (status == STATUS_DONE)
                status = make_rules(rules, &o, name, shown.data);
        if (status == STATUS_DONE && o.install)
                status = install(name);
        if (status != STATUS_DONE)
                return status;
        answer = cJSON_CreateObject();
        cJSON_AddStringToObject(answer, "drop_in", DROP_IN);
        cJSON_AddItemReferenceToObject(answer, "hosts", rules);
        if (o.json)
                return output_json(stdout, answer);
        text = cJSON_Print(rules);
        printf("# The rules, for \"hosts\" in " PATH_CONFIG ":\n%s\n\n# The drop-in, " FOLDER "/holdfast.conf:\n" DROP_IN, text ? text : "",
               name);
        return STATUS_DONE;
}
