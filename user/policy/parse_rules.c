/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/parse.h"

#include "policy/hosts.h"
#include "policy/values.h"
#include "policy/zones.h"

#include <stdlib.h>
#include <string.h>

#define HINT_MAX 500 /* bytes */

#define RIGHTS_EXPECTED "distinct letters out of \"rwxc\" (read, write, execute, connect)"
#define SHA256_EXPECTED "the SHA-256 of a file, as sha256sum prints it"
#define HOST_EXPECTED "a name such as \"api.example.com\" or \"*.example.com\""
#define PORT_EXPECTED "a port number from 0 to 65535 or a range such as \"8000-8099\""

void parse_text(struct reader *r, const cJSON *value, char **ret, size_t most)
{
        const char *text = reader_string(r, value, "a text");

        if (!text)
                return;
        if (strlen(text) > most)
                reader_say(r, "found a text of %zu bytes, expected at most %zu", strlen(text), most);
        else if (!text_is_printable(text))
                reader_say(r, "found a control character, expected a text without them");
        else if (!*ret)
                *ret = reader_copy(r, text);
}

static void read_path(struct reader *r, const cJSON *value, void *target)
{
        struct rule *rule = target;
        const char *text = reader_string(r, value, "an absolute path");
        _cleanup_error_ struct error e = ERROR_INIT;

        if (text && !rule->path && rulepath_parse(text, &rule->path, &e) < 0)
                reader_error(r, &e);
}

static void read_rights(struct reader *r, const cJSON *value, uint8_t *ret)
{
        const char *text = reader_string(r, value, RIGHTS_EXPECTED);

        if (text && right_parse(text, ret) < 0)
                reader_wrong(r, value, RIGHTS_EXPECTED);
}

static void read_allow(struct reader *r, const cJSON *value, void *target)
{
        read_rights(r, value, &((struct rule *)target)->allow);
}

static void read_deny(struct reader *r, const cJSON *value, void *target)
{
        read_rights(r, value, &((struct rule *)target)->deny);
}

static void read_hint(struct reader *r, const cJSON *value, void *target)
{
        parse_text(r, value, &((struct rule *)target)->hint, HINT_MAX);
}

static void read_digest(struct reader *r, const cJSON *value, void *target)
{
        uint8_t digest[SHA256_BYTES], (*more)[SHA256_BYTES];
        const char *text = reader_string(r, value, SHA256_EXPECTED);
        struct rule *rule = target;
        _cleanup_error_ struct error e = ERROR_INIT;

        if (!text)
                return;
        if (sha256_parse(text, digest, &e) < 0) {
                reader_error(r, &e);
                return;
        }
        more = reallocarray(rule->sha256, (size_t)rule->n_sha256 + 1, sizeof(*more));
        if (!more) {
                r->no_memory = true;
                return;
        }
        memcpy(more[rule->n_sha256++], digest, sizeof(digest));
        rule->sha256 = more;
}

static void read_sha256(struct reader *r, const cJSON *value, void *target)
{
        if (!cJSON_IsArray(value))
                read_digest(r, value, target);
        else if (cJSON_GetArraySize(value) < 1 || cJSON_GetArraySize(value) > POLICY_SHA256_MAX)
                reader_say(r, "found an array of %d, expected 1 to %d digests", cJSON_GetArraySize(value), POLICY_SHA256_MAX);
        else
                reader_array(r, value, read_digest, target);
}

static const struct field file_fields[] = {
        { "path", "the path that the rule is about", read_path, NULL, true },
        { "allow", NULL, read_allow, NULL, false },
        { "deny", NULL, read_deny, NULL, false },
        { "sha256", NULL, read_sha256, NULL, false },
        { "hint", NULL, read_hint, NULL, false },
        { NULL, NULL, NULL, NULL, false },
};

static void read_cidr(struct reader *r, const cJSON *value, void *target)
{
        struct rule *rule = target;
        const char *text = reader_string(r, value, "an address or a prefix such as \"192.0.2.0/24\"");
        _cleanup_error_ struct error e = ERROR_INIT;

        if (text && cidr_parse(text, rule->addr, &rule->prefix, &e) < 0)
                reader_error(r, &e);
}

static void read_host(struct reader *r, const cJSON *value, void *target)
{
        struct rule *rule = target;
        const char *text = reader_string(r, value, HOST_EXPECTED);
        _cleanup_error_ struct error e = ERROR_INIT;
        int code;

        if (!text || rule->host)
                return;
        code = host_parse(text, &rule->host, &e);
        if (code == -ENOMEM)
                r->no_memory = true;
        else if (code < 0)
                reader_error(r, &e);
}

static void read_bool(struct reader *r, const cJSON *value, bool *ret)
{
        if (cJSON_IsBool(value))
                *ret = cJSON_IsTrue(value);
        else
                reader_wrong(r, value, "true or false");
}

static void read_private(struct reader *r, const cJSON *value, void *target)
{
        read_bool(r, value, &((struct rule *)target)->private);
}

static void read_denies(struct reader *r, const cJSON *value, void *target)
{
        read_bool(r, value, &((struct rule *)target)->denies);
}

static void read_tls(struct reader *r, const cJSON *value, void *target)
{
        bool tls = false;

        read_bool(r, value, &tls);
        ((struct rule *)target)->tls = tls ? RULE_TLS_ALWAYS : RULE_TLS_NEVER;
}

static void read_port(struct reader *r, const cJSON *value, void *target)
{
        struct rule *rule = target;
        _cleanup_error_ struct error e = ERROR_INIT;
        uint32_t port;

        if (cJSON_IsString(value)) {
                if (ports_parse(value->valuestring, &rule->port_from, &rule->port_to, &e) < 0)
                        reader_error(r, &e);
        } else if (!cJSON_IsNumber(value)) {
                reader_wrong(r, value, PORT_EXPECTED);
        } else if (reader_number(r, value, 0, UINT16_MAX, &port)) {
                rule->port_from = rule->port_to = (uint16_t)port;
        }
}

static void read_proto(struct reader *r, const cJSON *value, void *target)
{
        struct rule *rule = target;

        if (cJSON_IsString(value) && strcmp(value->valuestring, "tcp") == 0)
                rule->proto = HF_TCP;
        else if (cJSON_IsString(value) && strcmp(value->valuestring, "udp") == 0)
                rule->proto = HF_UDP;
        else
                reader_wrong(r, value, "\"tcp\" or \"udp\" (leave it out for both)");
}

static const struct field egress_fields[] = {
        { "host", NULL, read_host, NULL, false },       { "cidr", NULL, read_cidr, NULL, false },
        { "port", NULL, read_port, NULL, false },       { "proto", NULL, read_proto, NULL, false },
        { "private", NULL, read_private, NULL, false }, { "deny", NULL, read_denies, NULL, false },
        { "tls", NULL, read_tls, NULL, false },         { NULL, NULL, NULL, NULL, false },
};

/* Content is checked when it is run, and only what the session cannot write stays what it is. */
static void sha256_check(struct reader *r, const struct rule *rule)
{
        size_t before = where_key(&r->where, "sha256");

        if (!(rule->allow & HF_EXEC))
                reader_say(r, "found \"sha256\" in a rule that does not allow \"x\", expected it beside an \"allow\" with \"x\"");
        if (rule->allow & HF_WRITE)
                reader_say(r,
                           "found \"sha256\" in a rule that allows \"w\", expected it without: a program that the session may write is not "
                           "held to a content");
        if (rule->path && strchr(rule->path, '*'))
                reader_say(r, "found \"sha256\" beside a path with \"*\", expected the path of one program");
        where_pop(&r->where, before);
}

static void file_rule_check(struct reader *r, const struct rule *rule, const cJSON *value)
{
        bool allow = cJSON_GetObjectItemCaseSensitive(value, "allow"), deny = cJSON_GetObjectItemCaseSensitive(value, "deny");
        char both[5];

        if (!allow && !deny)
                reader_say(r, "found neither \"allow\" nor \"deny\", expected at least one of them");
        right_format(rule->allow & rule->deny, both);
        if (*both)
                reader_say(r, "found \"%s\" both in \"allow\" and in \"deny\", expected each right in one of them", both);
        if (cJSON_GetObjectItemCaseSensitive(value, "sha256"))
                sha256_check(r, rule);
        else if (!deny && cJSON_GetObjectItemCaseSensitive(value, "hint"))
                reader_say(r, "found a \"hint\" without \"deny\" or \"sha256\", expected it beside what it explains");
}

/* Room for one more rule; NULL when there are too many or memory ran out. */
static struct rule *rule_new(struct parser *p)
{
        if (p->policy->n_rules >= POLICY_RULES_MAX) {
                reader_say(&p->reader, "found more than %d rules, expected at most as many", POLICY_RULES_MAX);
                return NULL;
        }
        if (p->policy->n_rules == p->rules_room) {
                int room = p->rules_room ? 2 * p->rules_room : 64;
                struct rule *rules = reallocarray(p->policy->rules, (size_t)room, sizeof(*rules));

                if (!rules) {
                        p->reader.no_memory = true;
                        return NULL;
                }
                p->policy->rules = rules;
                p->rules_room = room;
        }
        return &p->policy->rules[p->policy->n_rules];
}

/* Reads one rule by its table and keeps it, right or wrong: findings decide about the whole policy. */
static struct rule *read_rule(struct reader *r, const cJSON *value, const struct field *fields)
{
        struct parser *p = (struct parser *)r;
        struct rule *rule = rule_new(p);

        if (!rule)
                return NULL;
        *rule = (struct rule){
                .capability = p->policy->n_capabilities - 1,
                .where = reader_copy(r, r->where.text),
                .port_to = fields == egress_fields ? UINT16_MAX : 0,
                .proto = fields == egress_fields ? HF_TCP | HF_UDP : 0,
        };
        p->policy->n_rules++;
        reader_object(r, value, fields, rule);
        return rule;
}

static void read_file_rule(struct reader *r, const cJSON *value, void *target)
{
        const struct rule *rule = read_rule(r, value, file_fields);

        (void)target;
        if (rule && cJSON_IsObject(value))
                file_rule_check(r, rule, value);
}

/* A finding at a member of the rule. */
static void say_at(struct reader *r, const char *member, const char *what)
{
        size_t before = where_key(&r->where, member);

        reader_say(r, "%s", what);
        where_pop(&r->where, before);
}

/* Some addresses are opened each by itself. */
static void range_check(struct reader *r, const struct rule *rule)
{
        const struct zone *zone = rule->prefix < 128 ? zone_of(rule->addr, rule->prefix) : NULL;
        size_t before;

        if (!zone || !zone->singles || rule->denies)
                return;
        before = where_key(&r->where, "cidr");
        reader_say(r, "found a range of %s, expected each address by itself", zone->singles);
        where_pop(&r->where, before);
}

static void tls_check(struct reader *r, const struct rule *rule, bool cidr)
{
        if (rule->tls == RULE_TLS_UNSAID)
                return;
        if (cidr)
                say_at(r, "tls", "found \"tls\" beside \"cidr\": remove it; an address has no name to compare a TLS hello with");
        else if (rule->denies)
                say_at(r, "tls", "found \"tls\" in a denial, expected it in a rule that opens a name");
        else if (rule->tls == RULE_TLS_ALWAYS && !(rule->proto & HF_TCP))
                say_at(r, "tls", "found \"tls\" beside \"proto\": \"udp\", expected it without: QUIC cannot be looked into");
}

static void egress_rule_check(struct reader *r, const struct rule *rule, const cJSON *value)
{
        bool host = cJSON_GetObjectItemCaseSensitive(value, "host"), cidr = cJSON_GetObjectItemCaseSensitive(value, "cidr");
        bool private = cJSON_GetObjectItemCaseSensitive(value, "private");

        if (host == cidr)
                reader_say(r, "found %s \"host\" %s \"cidr\", expected one of them: a name or an address", host ? "both" : "neither",
                           host ? "and" : "nor");
        if (private && rule->denies)
                say_at(r, "private", "found \"private\" in a denial, expected it in a rule that opens a name");
        else if (private && cidr)
                say_at(r, "private", "found \"private\" beside \"cidr\": remove it; a \"cidr\" is opened as it is written");
        if (cidr)
                range_check(r, rule);
        tls_check(r, rule, cidr);
}

static void read_egress_rule(struct reader *r, const cJSON *value, void *target)
{
        const struct rule *rule = read_rule(r, value, egress_fields);

        (void)target;
        if (rule && cJSON_IsObject(value))
                egress_rule_check(r, rule, value);
}

void parse_files(struct reader *r, const cJSON *value, void *target)
{
        reader_array(r, value, read_file_rule, target);
}

void parse_egress(struct reader *r, const cJSON *value, void *target)
{
        reader_array(r, value, read_egress_rule, target);
}
