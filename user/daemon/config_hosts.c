/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/config_hosts.h"

#include "base/cleanup.h"
#include "base/json.h"
#include "daemon/access.h"

#include <pwd.h>
#include <string.h>

#define HOME "${HOME}/"
#define LABEL_MAX 64
#define CGROUP_MOUNT "/sys/fs/cgroup/"

static int wrong(struct error *e, size_t rule, const char *member, const char *expected)
{
        return error_set(e, -EINVAL, "$.hosts[%zu]%s%s: expected %s", rule, *member ? "." : "", member, expected);
}

/* What names of agents and versions may have, as the API has it. */
static bool is_label(const char *text)
{
        static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-+:/";
        const size_t n = strlen(text);

        return n > 0 && n <= LABEL_MAX && strspn(text, allowed) == n;
}

static bool is_plain_path(const char *text)
{
        return *text == '/' && text[strspn(text, "/")] && !strpbrk(text, "*?[]{}$") && !strstr(text, "/../");
}

static int set(char **field, const char *value, struct error *e)
{
        free(*field);
        *field = strdup(value);
        return *field ? 0 : error_set(e, -ENOMEM, "out of memory");
}

/* Fills in the user's home, which whoever has no user has not. */
static int set_executable(struct host_rule *rule, size_t n, const char *value, const char *home, struct error *e)
{
        const bool below_home = !strncmp(value, HOME, strlen(HOME));
        _cleanup_free_ char *path = NULL;

        if (below_home && rule->user == NOBODY)
                return wrong(e, n, "user", "a user, for $.executable begins with ${HOME}");
        if (!is_plain_path(below_home ? value + strlen(HOME) - 1 : value))
                return wrong(e, n, "executable", "the absolute path of one program, or one below ${HOME}; patterns are none");
        if (!below_home)
                return set(&rule->executable, value, e);
        if (*home != '/')
                return wrong(e, n, "user", "a user who has a home");
        if (asprintf(&path, "%s/%s", home, value + strlen(HOME)) < 0) {
                path = NULL;
                return error_set(e, -ENOMEM, "out of memory");
        }
        rule->executable = TAKE_PTR(path);
        return 0;
}

static int set_rule_member(struct host_rule *rule, size_t n, const cJSON *m, struct error *e)
{
        const char *value = cJSON_GetStringValue(m), *name = m->string;

        if (!strcmp(name, "policy"))
                return value && is_label(value) ? set(&rule->policy, value, e) : wrong(e, n, name, "the name of a policy");
        if (!strcmp(name, "agent") || !strcmp(name, "version"))
                return value && is_label(value) ? set(*name == 'a' ? &rule->agent : &rule->version, value, e)
                                                : wrong(e, n, name, "1 to 64 letters, digits or \"._-+:/\"");
        if (!strcmp(name, "workspace"))
                return value && is_plain_path(value) ? set(&rule->workspace, value, e) : wrong(e, n, name, "the absolute path of a folder");
        if (!strcmp(name, "cgroup") && value && !strncmp(value, CGROUP_MOUNT, strlen(CGROUP_MOUNT)))
                value += strlen(CGROUP_MOUNT) - 1;
        if (!strcmp(name, "cgroup"))
                return value && is_plain_path(value) ? set(&rule->cgroup, value, e)
                                                     : wrong(e, n, name, "the path of one cgroup, such as \"/system.slice/ci.service\"");
        if (!strcmp(name, "executable") || !strcmp(name, "user"))
                return 0; /* read before */
        return error_set(e, -EINVAL,
                         "$.hosts[%zu].%s: unknown key; known are executable, user, cgroup, policy, agent, version and workspace", n, name);
}

static int read_rule(struct host_rule *rule, size_t n, const cJSON *value, struct error *e)
{
        const cJSON *user = cJSON_GetObjectItemCaseSensitive(value, "user"),
                    *executable = cJSON_GetObjectItemCaseSensitive(value, "executable"), *m;
        const struct passwd *pw = cJSON_IsString(user) ? getpwnam(user->valuestring) : NULL;
        const char *slash;
        int r = 0;

        if (!cJSON_IsObject(value))
                return wrong(e, n, "", "an object");
        if (user && !pw)
                return wrong(e, n, "user", "the name of a user of this host");
        rule->user = pw ? pw->pw_uid : NOBODY;
        if (executable)
                r = set_executable(rule, n, cJSON_IsString(executable) ? executable->valuestring : "", pw ? pw->pw_dir : "", e);
        cJSON_ArrayForEach (m, value)
                if (r == 0)
                        r = set_rule_member(rule, n, m, e);
        if (r == 0 && !rule->policy)
                r = wrong(e, n, "policy", "the name of a policy");
        if (r == 0 && !rule->executable)
                r = wrong(e, n, "executable", "the path of the agents' program; a user or a cgroup alone is no rule");
        slash = r == 0 ? strrchr(rule->executable, '/') : NULL;
        if (slash && !rule->agent && !is_label(slash + 1))
                return wrong(e, n, "agent", "a name for it: the program's has other characters than letters, digits or \"._-+:/\"");
        return slash && !rule->agent ? set(&rule->agent, slash + 1, e) : r;
}

int config_hosts_read(struct host_rules *rules, const cJSON *value, struct error *e)
{
        const cJSON *m;

        if (!cJSON_IsArray(value))
                return error_set(e, -EINVAL, "$.hosts: expected an array of rules");
        rules->list = calloc((size_t)cJSON_GetArraySize(value) + 1, sizeof(*rules->list));
        if (!rules->list)
                return error_set(e, -ENOMEM, "out of memory");
        cJSON_ArrayForEach (m, value) {
                int r = read_rule(&rules->list[rules->count], rules->count, m, e);

                rules->count++;
                if (r < 0)
                        return r;
        }
        return 0;
}

void config_hosts_clear(struct host_rules *rules)
{
        for (size_t i = 0; i < rules->count; i++) {
                struct host_rule *rule = &rules->list[i];

                free(rule->executable);
                free(rule->cgroup);
                free(rule->policy);
                free(rule->agent);
                free(rule->version);
                free(rule->workspace);
        }
        free(rules->list);
        *rules = (struct host_rules){ NULL, 0 };
}
