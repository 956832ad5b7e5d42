/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/advice.h"

#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/json.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

static bool is(const char *text, const char *other)
{
        return text && !strcmp(text, other);
}

/* The rights that were refused, as letters; NULL where no right is what it was about. */
static const char *letters(const cJSON *o)
{
        const char *right = json_get_string(o, "refused");

        if (!right)
                right = json_get_string(o, "right");
        return right && *right && strspn(right, "rwxc") == strlen(right) ? right : NULL;
}

/* Whether a rule can have this path: whole, on a mount of the session, and in the letters that a policy takes. */
static bool can_be_named(const cJSON *o, const char *path)
{
        return path[0] == '/' && !strpbrk(path, "*?[") && !strstr(path, "\\x") && !cJSON_GetObjectItemCaseSensitive(o, "dev") &&
               !cJSON_GetObjectItemCaseSensitive(o, "truncated");
}

static cJSON *file_rule(const cJSON *o, const char *path)
{
        const char *right = letters(o);
        cJSON *rule = right && can_be_named(o, path) ? cJSON_CreateObject() : NULL;

        if (!rule)
                return NULL;
        json_add_text(rule, "path", path);
        json_add_text(rule, "allow", right);
        return rule;
}

/* A query of a name has no port: the rule is then for all. */
static cJSON *egress_rule(const cJSON *o, const char *host, const char *addr)
{
        const char *proto = json_get_string(o, "proto");
        uint64_t port = 0;
        cJSON *rule;

        json_get_u64(o, "port", &port);
        rule = port || host ? cJSON_CreateObject() : NULL;
        if (!rule)
                return NULL;
        json_add_text(rule, host ? "host" : "cidr", host ? host : addr);
        if (port)
                json_add_u64(rule, "port", port);
        if (port && proto)
                json_add_text(rule, "proto", proto);
        return rule;
}

static int advise(cJSON *o, const char *format, ...) __attribute__((format(printf, 2, 3)));
static int advise(cJSON *o, const char *format, ...)
{
        _cleanup_free_ char *text = NULL;
        va_list ap;

        va_start(ap, format);
        text = text_format(format, ap);
        va_end(ap);
        return text ? json_add_text(o, "advice", text) : -ENOMEM;
}

/* Adds the rule that would allow it; the advice says where it belongs. */
static int add_rule(cJSON *o, const char *why)
{
        const char *path = json_get_string(o, "path"), *addr = json_get_string(o, "addr"), *host = json_get_string(o, "host"),
                   *by = json_get_string(o, "rule");
        const char *section = path ? "files" : "egress";
        bool own = true; /* an event does not tell */
        cJSON *rule = path ? file_rule(o, path) : addr || host ? egress_rule(o, host, addr) : NULL;

        if (!rule && !path && !addr && !host)
                return advise(o, "no rule can name it: it has neither a path nor an address");
        if (!path && is(why, "rule")) {
                cJSON_Delete(rule);
                return advise(o, "take what is asked for out of the denial %s", by ? by : "of the name");
        }
        if (!rule)
                return advise(o, "a rule cannot name exactly this; it can name a folder above it");
        cJSON_AddItemToObject(o, "loosen", rule);
        json_get_bool(o, "own", &own);
        if (is(why, "rule") && !own)
                return advise(o, "add it to \"files\" of a capability: it is nearer than %s", by ? by : "the rule");
        if (is(why, "rule"))
                return advise(o, "add it to \"files\" of a capability; where %s names this very place, take the right out of its \"deny\"",
                              by ? by : "the rule");
        if (is(why, "gain"))
                return advise(o, "copy it instead of moving or linking it, or add the rule to \"files\" of a capability");
        return advise(o, "add it to \"%s\" of a capability that is granted", section);
}

/* Whether a capability that would allow it is killed, where the explanation tells. */
static bool is_killed(const cJSON *o)
{
        const cJSON *first = cJSON_GetArrayItem(json_get_array(o, "capabilities"), 0);

        return is(json_get_string(first, "state"), "killed");
}

static int advise_capability(cJSON *o)
{
        const char *name = json_get_string(o, "capability"), *kill = json_get_string(o, "kill");

        if (kill)
                return advise(o, "holdfast lift --id %s", kill);
        if (is_killed(o))
                return advise(o, "lift the kill of the capability %s", name ? name : "");
        return advise(o, "the capability %s has to be granted: with \"authorization\": \"always\" it is from the start", name ? name : "");
}

int advice_add(cJSON *o)
{
        const char *why = json_get_string(o, "why"), *session = json_get_string(o, "session"), *layer = json_get_string(o, "layer"),
                   *kill = json_get_string(o, "kill"), *limit = is(why, "disk") ? "disk" : json_get_string(o, "limit");

        if (!is(json_get_string(o, "verdict"), "deny"))
                return 0;
        if (layer && !is(layer, "policy"))
                return advise(o, "the %s's ceiling refuses it, which no policy opens: the ceiling has to allow it too", layer);
        if (limit)
                return advise(o, "raise $.limits.%s of the policy, and of the ceilings over it", limit);
        if (is(why, "no_rule") || is(why, "rule") || is(why, "gain"))
                return add_rule(o, why);
        if (is(why, "inactive"))
                return advise_capability(o);
        if (is(why, "killed") && kill)
                return advise(o, "holdfast lift --id %s", kill);
        if (is(why, "killed"))
                return advise(o, "holdfast lift %s, or holdfast lift --all where everything is killed", session ? session : "--all");
        if (is(why, "way"))
                return advise(o, "as long as something below it is denied, it can be made as a folder, and not moved, removed or replaced");
        if (is(why, "content"))
                return advise(o, "if what is there now is right, name its SHA-256 in the rule, and apply the policy");
        if (is(why, "private"))
                return advise(o, "if the name is meant to lead into a private network, its rule says so with \"private\": true");
        if (is(why, "tls"))
                return advise(
                        o,
                        "connect by TLS, with the name that was looked up; where something else is spoken on that port, its rule says so "
                        "with \"tls\": false");
        if (is(why, "guard"))
                return advise(o, "no rule opens it");
        return 0;
}
