/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/config.h"

#include "base/cleanup.h"
#include "base/json.h"
#include "base/paths.h"
#include "daemon/file.h"
#include "policy/values.h"

#include <fcntl.h>
#include <string.h>

#define CONFIG_MAX (1u << 20)
#define ROTATE_SIZE "1G"
#define ROTATE_SIZE_LEAST (1u << 20)
#define ROTATE_AGE_LEAST 60 /* seconds */
#define KEEP_MOST 100000
#define CONTROL_TIMEOUT 30      /* seconds */
#define CONTROL_TIMEOUT_LEAST 3 /* the daemon has its turn once a second, and may be late */

static int set_text(char **field, const char *value)
{
        char *copy = strdup(value);

        if (!copy)
                return -ENOMEM;
        free(*field);
        *field = copy;
        return 0;
}

static int set_log_level(struct config *c, const char *value)
{
        static const struct {
                const char *name;
                enum log_level level;
        } levels[] = {
                { "error", LOG_LEVEL_ERROR },
                { "warning", LOG_LEVEL_WARNING },
                { "info", LOG_LEVEL_INFO },
                { "debug", LOG_LEVEL_DEBUG },
        };

        for (size_t i = 0; i < ARRAY_SIZE(levels); i++) {
                if (strcmp(levels[i].name, value) != 0)
                        continue;
                c->log_level = levels[i].level;
                return 0;
        }
        return -EINVAL;
}

/* When the audit stream begins a new file, and how many it keeps. -ENOENT: the member is none of these. */
static int set_rotation(struct config *c, const cJSON *m, struct error *e)
{
        const char *value = cJSON_GetStringValue(m);
        const double n = cJSON_IsNumber(m) ? m->valuedouble : -1;
        uint64_t number;

        if (!strcmp(m->string, "audit_rotate_size")) {
                if (!value || size_parse(value, &number, NULL) < 0 || number < ROTATE_SIZE_LEAST)
                        return error_set(e, -EINVAL, "$.audit_rotate_size: expected a size of at least 1M, such as \"256M\"");
                c->audit_rotate_size = number;
                return 0;
        }
        if (!strcmp(m->string, "audit_rotate_age")) {
                if (!value || duration_parse(value, &number, NULL) < 0 || number < ROTATE_AGE_LEAST)
                        return error_set(e, -EINVAL, "$.audit_rotate_age: expected a time of at least 1m, such as \"24h\"");
                c->audit_rotate_age = number;
                return 0;
        }
        if (strcmp(m->string, "audit_keep") != 0)
                return -ENOENT;
        if (n < 0 || n > KEEP_MOST || n != (double)(uint64_t)n)
                return error_set(e, -EINVAL, "$.audit_keep: expected a whole number from 0 (keep all) to %d", KEEP_MOST);
        c->audit_keep = (uint64_t)n;
        return 0;
}

static int set_member(struct config *c, const cJSON *m, struct error *e)
{
        const struct {
                const char *name;
                char **field;
        } paths[] = { { "socket", &c->socket },
                      { "audit", &c->audit },
                      { "state", &c->state },
                      { "ceilings", &c->ceilings },
                      { "on_kill", &c->on_kill } };
        const char *value = cJSON_GetStringValue(m);
        int r = config_remote_member(&c->remote, m, e);

        if (r != 0)
                return r < 0 ? r : 0;
        for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
                if (strcmp(paths[i].name, m->string) != 0)
                        continue;
                if (!value || *value != '/')
                        return error_set(e, -EINVAL, "$.%s: expected an absolute path", m->string);
                return set_text(paths[i].field, value) < 0 ? error_set(e, -ENOMEM, "out of memory") : 0;
        }
        if (!strcmp(m->string, "group")) {
                if (!value || !*value)
                        return error_set(e, -EINVAL, "$.group: expected the name of a group");
                return set_text(&c->group, value) < 0 ? error_set(e, -ENOMEM, "out of memory") : 0;
        }
        if (!strcmp(m->string, "log_level")) {
                if (value && set_log_level(c, value) == 0)
                        return 0;
                return error_set(e, -EINVAL, "$.log_level: expected \"error\", \"warning\", \"info\" or \"debug\"");
        }
        if (!strcmp(m->string, "control_timeout")) {
                if (value && duration_parse(value, &c->control_timeout, NULL) == 0 && c->control_timeout >= CONTROL_TIMEOUT_LEAST)
                        return 0;
                return error_set(e, -EINVAL, "$.control_timeout: expected a time of at least %ds, such as \"30s\"", CONTROL_TIMEOUT_LEAST);
        }
        if (!strcmp(m->string, "journal")) {
                if (value && journal_choice_parse(value, &c->journal) == 0)
                        return 0;
                return error_set(e, -EINVAL, "$.journal: expected \"denials\" or \"all\"");
        }
        if (!strcmp(m->string, "hosts"))
                return config_hosts_read(&c->hosts, m, e);
        r = set_rotation(c, m, e);
        return r != -ENOENT
                       ? r
                       : error_set(e, -EINVAL,
                                   "$.%s: unknown key; known are socket, group, audit, audit_rotate_size, audit_rotate_age, audit_keep, "
                                   "journal, state, ceilings, on_kill, control_timeout, log_level, hosts, listen, tls_certificate, tls_key "
                                   "and roles",
                                   m->string);
}

static int set_defaults(struct config *c)
{
        c->log_level = LOG_LEVEL_INFO;
        c->control_timeout = CONTROL_TIMEOUT;
        size_parse(ROTATE_SIZE, &c->audit_rotate_size, NULL);
        c->socket = strdup(PATH_SOCKET);
        c->audit = strdup(PATH_AUDIT);
        c->state = strdup(PATH_STATE);
        c->ceilings = strdup(PATH_CEILINGS);
        return c->socket && c->audit && c->state && c->ceilings ? 0 : -ENOMEM;
}

static int parse(struct config *c, const char *text, struct error *e)
{
        _cleanup_json_ cJSON *tree = cJSON_ParseWithOpts(text, NULL, true);
        const cJSON *m;

        if (!cJSON_IsObject(tree))
                return error_set(e, -EINVAL, "expected a JSON object");
        cJSON_ArrayForEach (m, tree) {
                int r = set_member(c, m, e);

                if (r < 0)
                        return r;
        }
        return config_remote_check(&c->remote, e);
}

int config_read(const char *path, bool must_exist, struct config *ret, struct error *e)
{
        _cleanup_config_ struct config c = CONFIG_INIT;
        _cleanup_free_ char *text = NULL;
        int r = set_defaults(&c);

        if (r < 0)
                return error_set(e, r, "out of memory");
        r = file_read(AT_FDCWD, path, CONFIG_MAX, &text, NULL);
        if (r < 0 && (r != -ENOENT || must_exist))
                return error_set(e, r, "cannot read the configuration %s: %s", path, strerror(-r));
        if (text) {
                r = parse(&c, text, e);
                if (r < 0)
                        return error_prefix(e, "%s", path);
        }
        *ret = c;
        c = (struct config)CONFIG_INIT;
        return 0;
}

void config_clear(struct config *c)
{
        free(c->socket);
        free(c->group);
        free(c->audit);
        free(c->state);
        free(c->ceilings);
        free(c->on_kill);
        config_remote_clear(&c->remote);
        config_hosts_clear(&c->hosts);
        *c = (struct config)CONFIG_INIT;
}
