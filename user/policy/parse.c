/* SPDX-License-Identifier: Apache-2.0 */
/* Policy text to a model. The tables below are the format; docs/policy.md describes it to users. */
#include "policy/policy.h"

#include "base/cleanup.h"
#include "base/json.h"
#include "policy/parse.h"
#include "policy/values.h"

#include <string.h>

#define DESCRIPTION_MAX 4096
#define THROTTLE_BYTES_MIN 1024
#define THROTTLE_CONNECTIONS_MAX 1000000
#define PIDS_MAX (1u << 22)  /* what pid_max can be raised to */
#define FILES_LEAST 16       /* with less no program starts */
#define FILES_MAX (1u << 30) /* what nr_open can be raised to */

/* NOLINTNEXTLINE(misc-redundant-expression): equal is what they must be. */
_Static_assert(POLICY_TEXT_MAX == JSON_TEXT_MAX && POLICY_NESTING_MAX == JSON_NESTING_MAX, "the limits that json_load() checks");
_Static_assert(JSON_VALUES_MAX >= 6 * POLICY_RULES_MAX, "a rule is one value and has up to five more");

#define NAME_EXPECTED "a name of 1 to 64 characters out of a-z 0-9 . _ - that starts with a letter or a digit"

static void read_description(struct reader *r, const cJSON *value, void *target)
{
        _cleanup_free_ char *unused = NULL;

        parse_text(r, value, target ? &((struct policy *)target)->description : &unused, DESCRIPTION_MAX);
}

/* Of a capability: checked, and for people only. */
static void read_capability_description(struct reader *r, const cJSON *value, void *target)
{
        (void)target;
        read_description(r, value, NULL);
}

static void read_version(struct reader *r, const cJSON *value, void *target)
{
        (void)target;
        if (!cJSON_IsNumber(value) || value->valuedouble != 1)
                reader_wrong(r, value, "the number 1, the version of the policy format");
}

void parse_name(struct reader *r, const cJSON *value, char **ret)
{
        const char *text = reader_string(r, value, NAME_EXPECTED);

        if (!text)
                return;
        if (!name_is_valid(text))
                reader_wrong(r, value, NAME_EXPECTED);
        else if (!*ret)
                *ret = reader_copy(r, text);
}

static void read_name(struct reader *r, const cJSON *value, void *target)
{
        parse_name(r, value, &((struct policy *)target)->name);
}

static void read_extends(struct reader *r, const cJSON *value, void *target)
{
        parse_name(r, value, &((struct policy *)target)->extends);
}

static void read_on_control_loss(struct reader *r, const cJSON *value, void *target)
{
        struct policy *p = target;

        if (cJSON_IsString(value) && strcmp(value->valuestring, "keep") == 0)
                p->on_control_loss = 0;
        else if (cJSON_IsString(value) && strcmp(value->valuestring, "pause") == 0)
                p->on_control_loss = HF_KILL_PAUSE;
        else if (cJSON_IsString(value) && strcmp(value->valuestring, "kill") == 0)
                p->on_control_loss = HF_KILL_KILL;
        else
                reader_wrong(r, value, "\"keep\", \"pause\" or \"kill\"");
}

static void read_on_revoke(struct reader *r, const cJSON *value, void *target)
{
        struct policy *p = target;

        if (cJSON_IsString(value) && strcmp(value->valuestring, "kill") == 0)
                p->on_revoke = HF_KILL_KILL;
        else if (cJSON_IsString(value) && strcmp(value->valuestring, "pause") == 0)
                p->on_revoke = HF_KILL_PAUSE;
        else
                reader_wrong(r, value, "\"kill\" or \"pause\"");
}

/* Limits. */

void parse_size(struct reader *r, const cJSON *value, uint64_t *ret)
{
        const char *text = reader_string(r, value, "a size in quotes such as \"512K\" or \"2G\"");
        _cleanup_error_ struct error e = ERROR_INIT;

        if (text && size_parse(text, ret, &e) < 0)
                reader_error(r, &e);
}

static void read_memory(struct reader *r, const cJSON *value, void *target)
{
        parse_size(r, value, &((struct limits *)target)->memory);
}

static void read_disk(struct reader *r, const cJSON *value, void *target)
{
        parse_size(r, value, &((struct limits *)target)->disk);
}

static void read_bytes_out(struct reader *r, const cJSON *value, void *target)
{
        parse_size(r, value, &((struct limits *)target)->sent);
}

static void read_files(struct reader *r, const cJSON *value, void *target)
{
        reader_number(r, value, FILES_LEAST, FILES_MAX, &((struct limits *)target)->files);
}

static void read_cpu(struct reader *r, const cJSON *value, void *target)
{
        struct limits *limits = target;
        const char *text = reader_string(r, value, "a share of one core in quotes such as \"50%\" or \"200%\"");
        _cleanup_error_ struct error e = ERROR_INIT;

        if (text && percent_parse(text, &limits->cpu, &e) < 0)
                reader_error(r, &e);
}

static void read_pids(struct reader *r, const cJSON *value, void *target)
{
        reader_number(r, value, 1, PIDS_MAX, &((struct limits *)target)->pids);
}

void parse_duration(struct reader *r, const cJSON *value, uint64_t *ret)
{
        const char *text = reader_string(r, value, "a duration in quotes such as \"30s\", \"15m\" or \"2h\"");
        _cleanup_error_ struct error e = ERROR_INIT;

        if (text && duration_parse(text, ret, &e) < 0)
                reader_error(r, &e);
}

static void read_wall(struct reader *r, const cJSON *value, void *target)
{
        parse_duration(r, value, &((struct limits *)target)->wall);
}

static void read_idle(struct reader *r, const cJSON *value, void *target)
{
        parse_duration(r, value, &((struct limits *)target)->idle);
}

static const struct field limits_fields[] = {
        { "memory", NULL, read_memory, NULL, false },
        { "cpu", NULL, read_cpu, NULL, false },
        { "pids", NULL, read_pids, NULL, false },
        { "files", NULL, read_files, NULL, false },
        { "disk", NULL, read_disk, NULL, false },
        { "bytes_out", NULL, read_bytes_out, NULL, false },
        { "wall", NULL, read_wall, NULL, false },
        { "idle", NULL, read_idle, NULL, false },
        { NULL, NULL, NULL, NULL, false },
};

static void read_limits(struct reader *r, const cJSON *value, void *target)
{
        reader_object(r, value, limits_fields, &((struct policy *)target)->limits);
}

/* Capabilities. */

static void read_authorization(struct reader *r, const cJSON *value, void *target)
{
        struct capability *c = target;

        if (cJSON_IsString(value) && strcmp(value->valuestring, "always") == 0)
                c->authorization = AUTHORIZATION_ALWAYS;
        else if (cJSON_IsString(value) && strcmp(value->valuestring, "ask") == 0)
                c->authorization = AUTHORIZATION_ASK;
        else
                reader_wrong(r, value, "\"always\" or \"ask\"");
}

static void read_grant(struct reader *r, const cJSON *value, void *target)
{
        parse_duration(r, value, &((struct capability *)target)->grant);
}

static void read_bytes(struct reader *r, const cJSON *value, void *target)
{
        struct throttle *t = target;

        parse_size(r, value, &t->bytes);
        if (t->bytes && t->bytes < THROTTLE_BYTES_MIN)
                reader_wrong(r, value, "at least \"1K\"");
}

static void read_connections(struct reader *r, const cJSON *value, void *target)
{
        reader_number(r, value, 1, THROTTLE_CONNECTIONS_MAX, &((struct throttle *)target)->connections);
}

static void read_budget(struct reader *r, const cJSON *value, void *target)
{
        parse_size(r, value, &((struct throttle *)target)->budget);
}

static void read_then(struct reader *r, const cJSON *value, void *target)
{
        struct throttle *t = target;

        if (cJSON_IsString(value) && strcmp(value->valuestring, "pause") == 0)
                t->then = HF_KILL_PAUSE;
        else if (!cJSON_IsString(value) || strcmp(value->valuestring, "stop") != 0)
                reader_wrong(r, value, "\"stop\" or \"pause\"");
}

static const struct field throttle_fields[] = {
        { "bytes_per_second", NULL, read_bytes, NULL, false },
        { "connections_per_second", NULL, read_connections, NULL, false },
        { "budget", NULL, read_budget, NULL, false },
        { "then", NULL, read_then, NULL, false },
        { NULL, NULL, NULL, NULL, false },
};

static void read_throttle(struct reader *r, const cJSON *value, void *target)
{
        struct throttle *t = &((struct capability *)target)->throttle;

        reader_object(r, value, throttle_fields, t);
        if (!cJSON_IsObject(value))
                return;
        if (!cJSON_GetArraySize(value))
                reader_wrong(r, value, "\"bytes_per_second\", \"connections_per_second\" or \"budget\"");
        if (cJSON_GetObjectItemCaseSensitive(value, "then") && !cJSON_GetObjectItemCaseSensitive(value, "budget"))
                reader_say(r, "found \"then\" without \"budget\", expected both or neither");
}

static void read_from(struct reader *r, const cJSON *value, void *target)
{
        parse_name(r, value, &((struct capability *)target)->from);
}

static const struct field capability_fields[] = {
        { "description", NULL, read_capability_description, NULL, false },
        { "files", NULL, parse_files, NULL, false },
        { "egress", NULL, parse_egress, NULL, false },
        { "authorization", NULL, read_authorization, NULL, false },
        { "grant", NULL, read_grant, NULL, false },
        { "tools", NULL, NULL, "remove it", false },
        { "guard", NULL, parse_guard, NULL, false },
        { "throttle", NULL, read_throttle, NULL, false },
        { "audit", NULL, parse_audit, NULL, false },
        { "environment", NULL, parse_environment, NULL, false },
        { "from", NULL, read_from, NULL, false },
        { NULL, NULL, NULL, NULL, false },
};

static void read_capability(struct reader *r, const cJSON *value, struct policy *p)
{
        struct capability *c = &p->capabilities[p->n_capabilities++];

        if (!name_is_valid(value->string))
                reader_say(r, "found a capability with this name, expected " NAME_EXPECTED);
        c->name = reader_copy(r, value->string);
        c->audit = AUDIT_DEFAULT;
        reader_object(r, value, capability_fields, c);
        if (cJSON_IsObject(value) && cJSON_GetObjectItemCaseSensitive(value, "grant") && c->authorization != AUTHORIZATION_ASK)
                reader_say(r, "found \"grant\" without \"authorization\": \"ask\", expected both or neither");
        if (cJSON_GetObjectItemCaseSensitive(value, "throttle") && !cJSON_GetObjectItemCaseSensitive(value, "egress"))
                reader_say(r, "found \"throttle\" without \"egress\", expected it where network rules are");
}

static void read_capabilities(struct reader *r, const cJSON *value, void *target)
{
        struct policy *p = target;
        const cJSON *member;
        int n = cJSON_IsObject(value) ? cJSON_GetArraySize(value) : 0;

        if (n < 1 || p->capabilities) {
                reader_wrong(r, value, "an object with at least one capability");
                return;
        }
        if (n > POLICY_CAPABILITIES_MAX) {
                reader_say(r, "found %d capabilities, expected at most %d", n, POLICY_CAPABILITIES_MAX);
                return;
        }
        p->capabilities = calloc((size_t)n, sizeof(*p->capabilities));
        if (!p->capabilities) {
                r->no_memory = true;
                return;
        }
        cJSON_ArrayForEach (member, value) {
                size_t before = where_key(&r->where, member->string);

                read_capability(r, member, p);
                where_pop(&r->where, before);
        }
}

static const struct field policy_fields[] = {
        { "holdfast", "the number 1, the version of the policy format", read_version, NULL, true },
        { "name", NAME_EXPECTED, read_name, NULL, true },
        { "description", NULL, read_description, NULL, false },
        { "programs", NULL, parse_programs, NULL, false },
        { "extends", NULL, read_extends, NULL, false },
        { "capabilities", NULL, read_capabilities, NULL, false },
        { "limits", NULL, read_limits, NULL, false },
        { "on_control_loss", NULL, read_on_control_loss, NULL, false },
        { "on_revoke", NULL, read_on_revoke, NULL, false },
        { "trips", NULL, parse_trips, NULL, false },
        { "guard", NULL, NULL, "put it into a capability: \"guard\": [\"…\"]", false },
        { "tools", NULL, NULL, "remove it", false },
        { NULL, NULL, NULL, NULL, false },
};

DEFINE_CLEANUP(struct policy *, policy_free)

/* What a policy needs depends on whether it takes capabilities over. */
static void check_whole(struct reader *r, const cJSON *tree, bool whole)
{
        const cJSON *extends = cJSON_GetObjectItemCaseSensitive(tree, "extends");

        if (extends && whole)
                findings_add(r->findings, "$.extends", "found \"extends\" where a policy stands by itself, expected all its capabilities");
        if (cJSON_IsObject(tree) && !extends && !cJSON_GetObjectItemCaseSensitive(tree, "capabilities"))
                reader_say(r, "found no field \"capabilities\", expected an object with at least one capability");
}

int policy_read(const cJSON *tree, bool whole, struct policy **ret, struct findings *findings)
{
        _cleanup_(policy_freep) struct policy *policy = calloc(1, sizeof(*policy));
        struct parser p = { .reader = { .findings = findings, .where = WHERE_INIT }, .policy = policy };
        const int before = findings->total;

        if (!policy)
                return -ENOMEM;
        reader_object(&p.reader, tree, policy_fields, policy);
        check_whole(&p.reader, tree, whole);
        if (p.reader.no_memory)
                return -ENOMEM;
        *ret = TAKE_PTR(policy);
        return findings->total > before ? -EINVAL : 0;
}

int policy_parse(const char *text, size_t length, struct policy **ret, struct findings *findings)
{
        _cleanup_json_ cJSON *tree = NULL;
        _cleanup_(policy_freep) struct policy *policy = NULL;
        const int before = findings->total;
        int r = json_load(text, length, &tree, findings);

        if (r == 0)
                r = policy_read(tree, true, &policy, findings);
        if (r == 0 && findings->total > before) /* keys that are there twice */
                r = -EINVAL;
        if (r == 0)
                *ret = TAKE_PTR(policy);
        return r;
}

void policy_free(struct policy *p)
{
        if (!p)
                return;
        for (int i = 0; i < p->n_capabilities; i++) {
                free(p->capabilities[i].name);
                free(p->capabilities[i].from);
                name_list_clear(&p->capabilities[i].environment);
        }
        for (int i = 0; i < p->n_rules; i++) {
                free(p->rules[i].where);
                free(p->rules[i].hint);
                free(p->rules[i].path);
                free(p->rules[i].host);
                free(p->rules[i].sha256);
        }
        free(p->capabilities);
        free(p->rules);
        free(p->name);
        free(p->description);
        free(p->extends);
        name_list_clear(&p->programs);
        free(p);
}

const struct rule *policy_rule(const struct policy *p, uint32_t number)
{
        return p && number && number <= (uint32_t)p->n_rules ? &p->rules[number - 1] : NULL;
}
