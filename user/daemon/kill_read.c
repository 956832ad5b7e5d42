/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/kill_read.h"

#include "base/cleanup.h"
#include "base/json.h"
#include "daemon/names.h"
#include "policy/policy.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define REASON_MAX 1024
#define SCOPES_EXPECTED \
        "expected {\"session\": ID}, {\"agent\": NAME} with or without \"version\", {\"capability\": NAME} with or without \"session\", " \
        "{\"user\": NAME} or {\"all\": true}"

/* A member that is text of at most so many bytes, or absent (*ret is then NULL). */
static int read_text(const cJSON *body, const char *name, size_t least, size_t most, const char **ret, struct error *e)
{
        const cJSON *m = cJSON_GetObjectItemCaseSensitive(body, name);

        *ret = cJSON_GetStringValue(m);
        if (!m || cJSON_IsNull(m) || (*ret && strlen(*ret) >= least && strlen(*ret) <= most))
                return 0;
        return error_set(e, -EINVAL, "$.%s: expected text of %zu to %zu bytes", name, least, most);
}

static int read_name(const cJSON *body, const char *name, char out[KILL_NAME_SIZE], bool *given, struct error *e)
{
        const char *text;
        int r = read_text(body, name, 1, KILL_NAME_SIZE - 1, &text, e);

        *given = text;
        if (r == 0 && text)
                snprintf(out, KILL_NAME_SIZE, "%s", text);
        return r;
}

/* By name, or by number: as text or as a number. */
static int read_user(const cJSON *body, char out[KILL_NAME_SIZE], bool *given, struct error *e)
{
        uint64_t uid = 0;

        if (json_get_u64(body, "user", &uid) < 0)
                return read_name(body, "user", out, given, e);
        if (uid >= UINT32_MAX)
                return error_set(e, -EINVAL, "$.user: expected a user's name or number");
        *given = true;
        snprintf(out, KILL_NAME_SIZE, "%u", (uint32_t)uid);
        return 0;
}

static int read_names(const cJSON *body, struct kill_asked *k, bool given[KILL_SCOPES], bool *version, struct error *e)
{
        struct target *t = &k->target;
        int r = read_text(body, "session", 1, KILL_NAME_SIZE - 1, &k->session, e);

        given[KILL_SESSION] = k->session;
        if (r == 0)
                r = read_name(body, "agent", t->name, &given[KILL_AGENT], e);
        if (r == 0)
                r = read_name(body, "capability", t->name, &given[KILL_CAPABILITY], e);
        if (r == 0)
                r = read_user(body, t->name, &given[KILL_USER], e);
        if (r == 0)
                r = read_name(body, "version", t->version, version, e);
        if (r == 0 && json_get_bool(body, "all", &given[KILL_ALL]) == -EINVAL)
                r = error_set(e, -EINVAL, "$.all: expected true");
        return r;
}

int kill_read_target(const cJSON *body, struct kill_asked *k, struct error *e)
{
        bool given[KILL_SCOPES] = { false }, version = false;
        int scopes = 0, r;

        *k = (struct kill_asked){ .strength = HF_KILL_KILL };
        r = read_names(body, k, given, &version, e);
        if (r < 0)
                return r;
        for (int i = 0; i < KILL_SCOPES; i++) {
                if (!given[i] || (i == KILL_SESSION && given[KILL_CAPABILITY]))
                        continue;
                k->target.scope = (enum kill_scope)i;
                scopes++;
        }
        if (scopes != 1)
                return error_set(e, -EINVAL, SCOPES_EXPECTED);
        if (version && k->target.scope != KILL_AGENT)
                return error_set(e, -EINVAL, "$.version: expected only with \"agent\"");
        return 0;
}

int kill_read(const cJSON *body, struct kill_asked *k, struct error *e)
{
        const char *strength = NULL, *duration = NULL;
        _cleanup_error_ struct error why = ERROR_INIT;
        int r = kill_read_target(body, k, e);

        if (r == 0)
                r = read_text(body, "reason", 0, REASON_MAX, &k->reason, e);
        if (r == 0)
                r = read_text(body, "strength", 1, KILL_NAME_SIZE, &strength, e);
        if (r == 0)
                r = read_text(body, "for", 1, KILL_NAME_SIZE, &duration, e);
        if (r < 0)
                return r;
        if (strength && strength_parse(strength, &k->strength) < 0)
                return error_set(e, -EINVAL, "$.strength: expected \"kill\", \"deny\" or \"pause\"");
        if (duration && duration_parse(duration, &k->seconds, &why) < 0)
                return error_set(e, -EINVAL, "$.for: %s", error_text(&why));
        if (k->target.scope != KILL_CAPABILITY)
                return 0;
        if (strength && k->strength != HF_KILL_DENY)
                return error_set(
                        e, -EINVAL,
                        "$.strength: a capability can only be denied: expected \"deny\", or none; the session itself can be killed or "
                        "paused");
        k->strength = HF_KILL_DENY;
        return 0;
}
