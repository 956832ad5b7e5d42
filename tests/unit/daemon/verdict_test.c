/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/event_json.c"
#include "daemon/file.c"
#include "daemon/mounts.c"
#include "daemon/names.c"

#define add_address verdict_add_address
#include "daemon/verdict.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static struct capability capabilities[] = { { .name = (char[]){ "base" } }, { .name = (char[]){ "late" } } };
static struct rule rules[] = {
        { .capability = 0, .where = (char[]){ "$.capabilities.base.files[0]" }, .path = (char[]){ "/srv" }, .allow = HF_READ | HF_WRITE },
        { .capability = 0,
          .where = (char[]){ "$.capabilities.base.files[1]" },
          .path = (char[]){ "/srv/k" },
          .deny = HF_WRITE,
          .hint = (char[]){ "Ask first." } },
        { .capability = 1, .where = (char[]){ "$.capabilities.late.files[0]" }, .path = (char[]){ "/srv" }, .allow = HF_READ },
        { .capability = 1, .where = (char[]){ "$.capabilities.late.egress[0]" }, .prefix = 128, .port_from = 1, .port_to = 9, .proto = 3 },
};
static const struct policy policy = { .capabilities = capabilities, .n_capabilities = 2, .rules = rules, .n_rules = 4 };
static const struct looked_at there = { .exists = true }, absent = { .exists = false }, device = { .exists = true, .device = true };
static const struct standing granted = { .policy = { .active = 1 } };

/* /srv: base allows rw and late r, whose number is the one that is kept; w is denied below. */
static const struct hf_node srv = { .allow = { 3, 1 }, .rule = { 3, 1 } };
static const struct hf_node denied = { .allow = { 3, 0 }, .rule = { 3, 2 }, .deny = HF_WRITE };

static cJSON *json(const struct verdict *v, uint8_t rights, const struct standing *now)
{
        const struct question q = { .rights = rights, .path = "/a/../srv/x", .proto = HF_TCP, .port = 7, .addr = { [15] = 1 } };
        const struct looked_at looked = { .path = "/srv/x", .exists = false };
        const struct event_context context = { .policy = &policy, .kill_reason = "enough" };
        cJSON *o = verdict_json(&q, rights ? &looked : NULL, v, &context, now);

        assert_non_null(o);
        return o;
}

static void has(const cJSON *o, const char *name, const char *expected)
{
        const char *text = json_get_string(o, name);

        if (!text || strcmp(text, expected) != 0)
                fail_msg("%s is %s, expected %s", name, text ? text : "absent", expected);
}

static void what_is_allowed_names_a_capability_that_is_live_and_its_rule(void **state)
{
        struct verdict v = verdict_file(&srv, false, &there, HF_READ, &granted);
        _cleanup_json_ cJSON *o = json(&v, HF_READ, &granted);

        (void)state;
        assert_int_equal(v.why, HF_WHY_ALLOWED);
        has(o, "verdict", "allow");
        has(o, "why", "allowed");
        has(o, "right", "r");
        has(o, "path", "/srv/x");
        has(o, "asked", "/a/../srv/x");
        has(o, "capability", "base");
        has(o, "rule", "$.capabilities.base.files[0]");
        assert_false(cJSON_HasObjectItem(o, "refused"));
}

static void what_a_rule_denies_names_it_with_its_hint(void **state)
{
        struct verdict v = verdict_file(&denied, true, &there, HF_READ | HF_WRITE, &granted);
        _cleanup_json_ cJSON *o = json(&v, HF_READ | HF_WRITE, &granted);

        (void)state;
        has(o, "verdict", "deny");
        has(o, "why", "rule");
        has(o, "right", "rw");
        has(o, "refused", "w");
        has(o, "capability", "base");
        has(o, "rule", "$.capabilities.base.files[1]");
        has(o, "hint", "Ask first.");
        assert_int_equal(cJSON_GetNumberValue(cJSON_GetObjectItem(o, "rule_number")), 2);
        assert_true(cJSON_IsTrue(cJSON_GetObjectItem(o, "own")));
}

static void what_no_rule_allows_is_the_default(void **state)
{
        struct verdict v = verdict_file(NULL, false, &there, HF_EXEC, &granted);
        _cleanup_json_ cJSON *o = json(&v, HF_EXEC, &granted);

        (void)state;
        has(o, "why", "no_rule");
        has(o, "capability", "none");
        has(o, "rule", "default deny");
}

static void a_capability_that_is_not_granted_or_killed_is_named_with_its_state(void **state)
{
        const struct standing none = { .policy = { .active = 1, .killed = 1 } };
        struct verdict v = verdict_file(&srv, false, &there, HF_READ, &none);
        _cleanup_json_ cJSON *o = json(&v, HF_READ, &none);
        const cJSON *list = json_get_array(o, "capabilities");

        (void)state;
        has(o, "why", "inactive");
        assert_int_equal(cJSON_GetArraySize(list), 2);
        has(cJSON_GetArrayItem(list, 0), "name", "base");
        has(cJSON_GetArrayItem(list, 0), "state", "killed");
        has(cJSON_GetArrayItem(list, 1), "state", "not granted");
}

static void a_kill_comes_before_every_rule(void **state)
{
        const struct standing killed = { .policy = { .active = 1 }, .killed = HF_KILL_DENY };
        struct verdict v = verdict_file(&srv, false, &there, HF_READ, &killed);
        _cleanup_json_ cJSON *o = json(&v, HF_READ, &killed);

        (void)state;
        has(o, "why", "killed");
        has(o, "reason", "a kill is in force: enough");
        has(o, "rule", "kill");
        assert_int_equal(verdict_egress(NULL, HF_TCP, 7, &killed).why, HF_WHY_KILLED);
}

static void what_is_sealed_is_the_guards(void **state)
{
        const struct hf_node sealed = { .rule = { HF_RULE_SEAL }, .deny = HF_READ };
        struct verdict v = verdict_file(&sealed, false, &there, HF_READ, &granted);
        _cleanup_json_ cJSON *o = json(&v, HF_READ, &granted);

        (void)state;
        has(o, "why", "guard");
        has(o, "rule", "guard");
        has(o, "capability", "none");
        assert_false(cJSON_HasObjectItem(o, "rule_number"));
}

static void a_name_on_the_way_to_a_denial_cannot_be_made_as_a_file(void **state)
{
        const struct hf_node way = { .allow = { 1, 1 }, .rule = { 1, 1 }, .flags = HF_NODE_WAY };

        (void)state;
        assert_int_equal(verdict_file(&way, true, &absent, HF_WRITE, &granted).why, HF_WHY_WAY);
        assert_int_equal(verdict_file(&way, true, &absent, HF_READ, &granted).why, HF_WHY_ALLOWED);
        assert_int_equal(verdict_file(&way, true, &there, HF_WRITE, &granted).why, HF_WHY_ALLOWED);
        assert_int_equal(verdict_file(&way, false, &absent, HF_WRITE, &granted).why, HF_WHY_ALLOWED);
}

static void addresses_are_decided_by_port_protocol_and_capability(void **state)
{
        const struct hf_egress egress = { .count = 1, .port = { { .allow = 2, .rule = 4, .from = 1, .to = 9, .proto = HF_TCP } } };
        const struct standing both = { .policy = { .active = 3 } };
        struct verdict v = verdict_egress(&egress, HF_TCP, 7, &both);
        _cleanup_json_ cJSON *o = json(&v, 0, &both);

        (void)state;
        has(o, "verdict", "allow");
        has(o, "right", "connect");
        has(o, "addr", "::1");
        has(o, "proto", "tcp");
        has(o, "rule", "$.capabilities.late.egress[0]");
        assert_int_equal(verdict_egress(&egress, HF_TCP, 7, &granted).why, HF_WHY_INACTIVE);
        assert_int_equal(verdict_egress(&egress, HF_TCP, 10, &both).why, HF_WHY_NO_RULE);
        assert_int_equal(verdict_egress(&egress, HF_UDP, 7, &both).why, HF_WHY_NO_RULE);
        assert_int_equal(verdict_egress(NULL, HF_TCP, 7, &both).why, HF_WHY_NO_RULE);
        assert_false(v.tls);
        assert_null(cJSON_GetObjectItem(o, "tls"));
}

static void an_address_that_a_rule_denies_names_that_rule(void **state)
{
        struct hf_egress egress = { .count = 1, .port = { { .rule = 4, .from = 1, .to = 9, .proto = HF_TCP, .flags = HF_PORT_DENIED } } };
        struct verdict v = verdict_egress(&egress, HF_TCP, 7, &granted);
        _cleanup_json_ cJSON *o = json(&v, 0, &granted), *ceiling = NULL;

        (void)state;
        assert_int_equal(v.why, HF_WHY_RULE);
        has(o, "verdict", "deny");
        has(o, "why", "rule");
        has(o, "layer", "policy");
        has(o, "capability", "late");
        has(o, "rule", "$.capabilities.late.egress[0]");
        has(o, "reason", why_text(HF_WHY_RULE));
        assert_null(cJSON_GetObjectItem(o, "capabilities"));
        egress.port[0].rule = hf_rule(HF_LAYER_HOST, 1);
        v = verdict_egress(&egress, HF_TCP, 7, &granted);
        ceiling = json(&v, 0, &granted);
        has(ceiling, "layer", "host");
        has(ceiling, "reason", "a rule of the host's ceiling denies it");
}

static void what_a_name_opened_is_closed_once_its_time_has_come(void **state)
{
        const struct hf_egress egress = { .count = 1,
                                          .port = { { .allow = 1, .rule = 4, .from = 1, .to = 9, .proto = HF_TCP, .until = 100 } } };
        struct standing now = granted;

        (void)state;
        now.time = 99;
        assert_int_equal(verdict_egress(&egress, HF_TCP, 7, &now).why, HF_WHY_ALLOWED);
        now.time = 100;
        assert_int_equal(verdict_egress(&egress, HF_TCP, 7, &now).why, HF_WHY_NO_RULE);
}

static void names_are_decided_by_port_protocol_and_capability(void **state)
{
        struct rule named[] = {
                { .capability = 1, .host = (char[]){ "example.org" }, .port_from = 443, .port_to = 443, .proto = HF_TCP },
                { .capability = 0, .host = (char[]){ "*.example.org" }, .port_from = 80, .port_to = 80, .proto = HF_TCP },
        };
        const struct policy by_name = { .capabilities = capabilities, .n_capabilities = 2, .rules = named, .n_rules = 2 };
        const struct standing both = { .policy = { .active = 3 } }, killed = { .killed = HF_KILL_DENY };
        struct question q = { .host = (char[]){ "example.org" }, .port = 443, .proto = HF_TCP };
        _cleanup_findings_ struct findings findings = FINDINGS_INIT;
        _cleanup_free_ struct hosts *hosts = NULL;
        struct verdict v;

        (void)state;
        assert_int_equal(policy_hosts(&by_name, NULL, &hosts, &findings), 0);
        v = verdict_host(hosts, &q, &both);
        assert_int_equal(v.why, HF_WHY_ALLOWED);
        assert_int_equal(v.rule, 1);
        assert_int_equal(verdict_host(hosts, &q, &granted).why, HF_WHY_INACTIVE);
        assert_int_equal(verdict_host(hosts, &q, &killed).why, HF_WHY_KILLED);
        assert_int_equal(verdict_host(NULL, &q, &both).why, HF_WHY_NO_RULE);
        q.proto = HF_UDP;
        assert_int_equal(verdict_host(hosts, &q, &both).why, HF_WHY_NO_RULE);
        q = (struct question){ .host = (char[]){ "a.b.example.org" }, .port = 80, .proto = HF_TCP };
        assert_int_equal(verdict_host(hosts, &q, &granted).why, HF_WHY_ALLOWED);
        q.host = (char[]){ "example.com" };
        assert_int_equal(verdict_host(hosts, &q, &granted).why, HF_WHY_NO_RULE);
}

static void a_policy_whose_text_is_lost_leaves_the_numbers(void **state)
{
        const struct question q = { .rights = HF_WRITE, .path = "/srv/k" };
        const struct looked_at looked = { .path = "/srv/k", .exists = true };
        struct verdict v = verdict_file(&denied, true, &there, HF_WRITE, &granted);
        _cleanup_json_ cJSON *o = verdict_json(&q, &looked, &v, &(struct event_context){ 0 }, &granted);

        (void)state;
        has(o, "rule", "#2");
        has(o, "capability", "unknown");
}

static void addresses_of_both_families_are_read(void **state)
{
        uint8_t addr[16];
        char text[48];

        (void)state;
        assert_int_equal(address_parse("192.0.2.7", addr), 0);
        assert_string_equal(address_text(addr, text), "192.0.2.7");
        assert_int_equal(address_parse("::ffff:192.0.2.7", addr), 0);
        assert_string_equal(address_text(addr, text), "192.0.2.7");
        assert_int_equal(address_parse("2001:db8::7", addr), 0);
        assert_string_equal(address_text(addr, text), "2001:db8::7");
        assert_int_equal(address_parse("example.org", addr), -EINVAL);
        assert_int_equal(address_parse("", addr), -EINVAL);
}

static void a_device_opens_where_a_rule_names_it_alone(void **state)
{
        struct hf_node named = srv;

        (void)state;
        named.flags = HF_NODE_NAMED;
        assert_int_equal(verdict_file(&srv, false, &device, HF_READ, &granted).why, HF_WHY_DEVICE);
        assert_int_equal(verdict_file(&srv, true, &device, HF_READ, &granted).why, HF_WHY_DEVICE);
        assert_int_equal(verdict_file(&named, false, &device, HF_READ, &granted).why, HF_WHY_DEVICE);
        assert_int_equal(verdict_file(&named, true, &device, HF_READ, &granted).why, HF_WHY_ALLOWED);
        assert_int_equal(verdict_file(&named, true, &device, HF_READ, &(struct standing){ 0 }).why, HF_WHY_INACTIVE);
}

static void a_program_runs_while_its_content_is_what_the_policy_names(void **state)
{
        const struct looked_at known = { .path = "/srv", .exists = true, .known = true };
        const struct looked_at unknown = { .path = "/srv", .exists = true };
        struct hf_node named = srv;
        struct verdict v;

        (void)state;
        named.allow[2] = named.allow[0];
        named.rule[2] = 7;
        named.flags = HF_NODE_CONTENT;
        assert_int_equal(verdict_file(&named, true, &known, HF_READ | HF_EXEC, &granted).why, HF_WHY_ALLOWED);
        assert_int_equal(verdict_file(&named, true, &unknown, HF_READ, &granted).why, HF_WHY_ALLOWED);
        v = verdict_file(&named, true, &unknown, HF_READ | HF_EXEC, &granted);
        assert_int_equal(v.why, HF_WHY_CONTENT);
        assert_int_equal(v.refused, HF_EXEC);
        assert_int_equal(v.rule, 7);
        assert_int_equal(verdict_file(&named, true, &known, HF_EXEC, &(struct standing){ 0 }).why, HF_WHY_INACTIVE);
}

static void a_port_for_tls_alone_says_so(void **state)
{
        struct hf_egress egress = {
                .count = 1, .port = { { .allow = 2, .rule = 4, .from = 1, .to = 9, .proto = HF_TCP | HF_UDP, .flags = HF_PORT_TLS } }
        };
        const struct standing now = { .policy = { .active = 2 } };
        const struct question q = { .port = 7, .proto = HF_TCP };
        const struct verdict v = verdict_egress(&egress, HF_TCP, 7, &now);
        const struct event_context none = { 0 };
        _cleanup_json_ cJSON *o = verdict_json(&q, NULL, &v, &none, &now);

        (void)state;
        assert_true(v.tls);
        assert_true(cJSON_IsTrue(cJSON_GetObjectItem(o, "tls")));
        assert_false(verdict_egress(&egress, HF_UDP, 7, &now).tls);
        egress.port[egress.count++] = (struct hf_port){ .allow = 2, .rule = 5, .from = 7, .to = 7, .proto = HF_TCP };
        assert_false(verdict_egress(&egress, HF_TCP, 7, &now).tls);
        assert_true(verdict_egress(&egress, HF_TCP, 8, &now).tls);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_program_runs_while_its_content_is_what_the_policy_names),
                cmocka_unit_test(a_device_opens_where_a_rule_names_it_alone),
                cmocka_unit_test(what_is_allowed_names_a_capability_that_is_live_and_its_rule),
                cmocka_unit_test(what_a_rule_denies_names_it_with_its_hint),
                cmocka_unit_test(what_no_rule_allows_is_the_default),
                cmocka_unit_test(a_capability_that_is_not_granted_or_killed_is_named_with_its_state),
                cmocka_unit_test(a_kill_comes_before_every_rule),
                cmocka_unit_test(what_is_sealed_is_the_guards),
                cmocka_unit_test(a_name_on_the_way_to_a_denial_cannot_be_made_as_a_file),
                cmocka_unit_test(addresses_are_decided_by_port_protocol_and_capability),
                cmocka_unit_test(an_address_that_a_rule_denies_names_that_rule),
                cmocka_unit_test(what_a_name_opened_is_closed_once_its_time_has_come),
                cmocka_unit_test(names_are_decided_by_port_protocol_and_capability),
                cmocka_unit_test(a_policy_whose_text_is_lost_leaves_the_numbers),
                cmocka_unit_test(addresses_of_both_families_are_read),
                cmocka_unit_test(a_port_for_tls_alone_says_so),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
