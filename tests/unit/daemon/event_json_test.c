/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/event_json.c"
#include "daemon/file.c"
#include "daemon/mounts.c"
#include "daemon/names.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

/* One policy of one capability and one rule, and a mount. */
static struct capability capability = { .name = (char[]){ "workspace" } };
static struct rule rule = { .where = (char[]){ "$.capabilities.workspace.files[1]" }, .hint = (char[]){ "Ask first." } };
static const struct policy policy = { .capabilities = &capability, .n_capabilities = 1, .rules = &rule, .n_rules = 1 };
static struct mount mount_list[] = { { 8 << 20 | 1, (char[]){ "/" }, (char[]){ "/srv" }, (char[]){ "ext4" } } };
static const struct mounts mounts = { mount_list, 1 };
static struct capability ceiling_capability = { .name = (char[]){ "secrets" } };
static struct rule ceiling_rules[] = { { .where = (char[]){ "$.capabilities.secrets.files[0]" } },
                                       { .where = (char[]){ "$.capabilities.secrets.files[1]" },
                                         .hint = (char[]){ "Not on this host." } } };
static const struct policy ceiling = { .capabilities = &ceiling_capability, .n_capabilities = 1, .rules = ceiling_rules, .n_rules = 2 };
static const struct ceiling ceilings[HF_LAYERS] = { [HF_LAYER_HOST] = { &ceiling, "/c/host.json" } };
static struct event_context context = { .session = "aaaaaaaa",
                                        .agent = "coder",
                                        .user = "dev",
                                        .policy = &policy,
                                        .ceilings = ceilings,
                                        .mounts = &mounts,
                                        .kill_reason = "three in the morning" };

/* An event with a path of components, child first: "file\0folder". */
struct made {
        struct hf_event event;
        char path[256];
};

static struct made make(unsigned kind, unsigned op, const char *path, size_t length)
{
        struct made m = { .event = { .kind = (uint16_t)kind,
                                     .op = (uint16_t)op,
                                     .flags = HF_EVENT_DENIED,
                                     .pid = 7,
                                     .tid = 7,
                                     .uid = 1000,
                                     .dev = 8 << 20 | 1,
                                     .error = -EACCES,
                                     .why = HF_WHY_NO_RULE,
                                     .comm = "cat" } };

        memcpy((char *)&m + offsetof(struct hf_event, path), path, length);
        m.event.path_len = (uint16_t)length;
        return m;
}

#define MAKE(kind, op, path) make(kind, op, path, sizeof(path))

static cJSON *json(const struct made *m)
{
        cJSON *o = event_json(&m->event, offsetof(struct hf_event, path) + m->event.path_len, &context);

        assert_non_null(o);
        return o;
}

static void has(const cJSON *o, const char *name, const char *expected)
{
        const char *text = json_get_string(o, name);

        assert_non_null(text);
        assert_string_equal(text, expected);
}

static void a_refused_write_names_path_right_and_default_deny(void **state)
{
        struct made m = MAKE(HF_EVENT_FILE, HF_OP_OPEN, "file\0folder");
        _cleanup_json_ cJSON *o = NULL;

        (void)state;
        m.event.right = HF_WRITE;
        o = json(&m);
        has(o, "session", "aaaaaaaa");
        has(o, "agent", "coder");
        has(o, "user", "dev");
        has(o, "comm", "cat");
        has(o, "kind", "file");
        has(o, "verdict", "deny");
        has(o, "right", "w");
        has(o, "op", "open");
        has(o, "path", "/srv/folder/file");
        has(o, "capability", "none");
        has(o, "rule", "default deny");
        has(o, "layer", "policy");
        has(o, "error", "EACCES");
        has(o, "reason", "no capability allows it");
        has(o, "why", "no_rule");
        assert_null(cJSON_GetObjectItem(o, "seq"));
}

static void a_rule_that_decided_is_named_with_its_capability_and_hint(void **state)
{
        struct made m = MAKE(HF_EVENT_FILE, HF_OP_OPEN, "file");
        _cleanup_json_ cJSON *o = NULL;

        (void)state;
        m.event.why = HF_WHY_RULE;
        m.event.rule = 1;
        o = json(&m);
        has(o, "capability", "workspace");
        has(o, "rule", "$.capabilities.workspace.files[1]");
        has(o, "hint", "Ask first.");
        has(o, "layer", "policy");
}

static void a_rule_of_a_ceiling_is_named_with_its_layer(void **state)
{
        struct made m = MAKE(HF_EVENT_FILE, HF_OP_OPEN, "file");
        _cleanup_json_ cJSON *o = NULL;

        (void)state;
        m.event.why = HF_WHY_RULE;
        m.event.rule = hf_rule(HF_LAYER_HOST, 2);
        o = json(&m);
        has(o, "layer", "host");
        has(o, "capability", "secrets");
        has(o, "rule", "$.capabilities.secrets.files[1]");
        has(o, "hint", "Not on this host.");
        has(o, "reason", "a rule of the host's ceiling denies it");
}

static void what_no_rule_of_a_ceiling_allows_names_the_layer(void **state)
{
        struct made file = MAKE(HF_EVENT_FILE, HF_OP_OPEN, "file"), port = make(HF_EVENT_CONNECT, HF_OP_CONNECT, "", 0);
        _cleanup_json_ cJSON *o = NULL, *p = NULL;

        (void)state;
        file.event.why = HF_WHY_RULE;
        file.event.rule = hf_rule(HF_LAYER_USER, 0);
        o = json(&file);
        has(o, "layer", "user");
        has(o, "capability", "none");
        has(o, "rule", "default deny");
        has(o, "reason", "no rule of the user's ceiling allows it");
        port.event.why = HF_WHY_INACTIVE;
        port.event.rule = hf_rule(HF_LAYER_HOST, 0);
        p = json(&port);
        has(p, "layer", "host");
        has(p, "reason", "no rule of the host's ceiling allows it");
}

static void a_rule_of_a_ceiling_that_is_not_known_has_its_number(void **state)
{
        struct made m = MAKE(HF_EVENT_FILE, HF_OP_OPEN, "file");
        _cleanup_json_ cJSON *o = NULL;

        (void)state;
        m.event.why = HF_WHY_RULE;
        m.event.rule = hf_rule(HF_LAYER_USER, 1);
        o = json(&m);
        has(o, "layer", "user");
        has(o, "capability", "unknown");
        has(o, "rule", "#1");
}

static void what_no_layer_decided_has_none(void **state)
{
        struct made seal = MAKE(HF_EVENT_FILE, HF_OP_OPEN, "file"), way = MAKE(HF_EVENT_FILE, HF_OP_RENAME, "file");
        _cleanup_json_ cJSON *o = NULL, *p = NULL;

        (void)state;
        seal.event.why = HF_WHY_GUARD;
        seal.event.rule = HF_RULE_SEAL;
        o = json(&seal);
        has(o, "rule", "guard");
        assert_null(cJSON_GetObjectItem(o, "layer"));
        way.event.why = HF_WHY_WAY;
        p = json(&way);
        assert_null(cJSON_GetObjectItem(p, "layer"));
}

static void a_rule_of_an_unknown_policy_is_given_by_number(void **state)
{
        struct made m = MAKE(HF_EVENT_FILE, HF_OP_OPEN, "file");
        _cleanup_json_ cJSON *o = NULL;

        (void)state;
        m.event.rule = 2;
        o = json(&m);
        has(o, "capability", "unknown");
        has(o, "rule", "#2");
}

static void a_kill_gives_its_reason(void **state)
{
        struct made m = MAKE(HF_EVENT_FILE, HF_OP_READ, "file");
        _cleanup_json_ cJSON *o = NULL;

        (void)state;
        m.event.why = HF_WHY_KILLED;
        o = json(&m);
        has(o, "rule", "kill");
        has(o, "reason", "a kill is in force: three in the morning");
}

static void the_kill_of_a_capability_gives_its_reason(void **state)
{
        struct made m = MAKE(HF_EVENT_FILE, HF_OP_READ, "file");
        struct event_context with = context;
        _cleanup_json_ cJSON *said = NULL, *silent = NULL, *none = NULL;

        (void)state;
        m.event.why = HF_WHY_INACTIVE;
        with.kill = "kkkkkkkk";
        said = event_json(&m.event, sizeof(m.event) + m.event.path_len, &with);
        has(said, "why", "inactive");
        has(said, "reason", "the capability is killed: three in the morning");
        has(said, "kill", "kkkkkkkk");
        with.kill_reason = "";
        silent = event_json(&m.event, sizeof(m.event) + m.event.path_len, &with);
        has(silent, "reason", "the capability is killed");
        none = json(&m);
        assert_null(cJSON_GetObjectItem(none, "kill"));
}

static void a_mapped_address_is_shown_as_ipv4(void **state)
{
        struct made m = make(HF_EVENT_CONNECT, HF_OP_CONNECT, "", 0);
        static const uint8_t addr[16] = { [10] = 0xff, 0xff, 127, 0, 0, 1 };
        _cleanup_json_ cJSON *o = NULL;
        uint64_t port = 0;

        (void)state;
        memcpy(m.event.addr, addr, sizeof(addr));
        m.event.port = 7002;
        m.event.proto = HF_TCP;
        o = json(&m);
        has(o, "kind", "connect");
        has(o, "addr", "127.0.0.1");
        has(o, "proto", "tcp");
        has(o, "right", "connect");
        assert_int_equal(json_get_u64(o, "port", &port), 0);
        assert_int_equal(port, 7002);
        assert_null(cJSON_GetObjectItem(o, "path"));
}

static void a_tls_hello_has_its_name_and_what_is_wrong(void **state)
{
        static const char name[] = "other.example";
        struct made m = make(HF_EVENT_CONNECT, HF_OP_HELLO, name, sizeof(name) - 1);
        _cleanup_json_ cJSON *o = NULL, *p = NULL;

        (void)state;
        m.event.addr[15] = 1;
        m.event.port = 443;
        m.event.why = HF_WHY_TLS;
        m.event.detail = HF_HELLO_OTHER;
        o = json(&m);
        has(o, "op", "hello");
        has(o, "why", "tls");
        has(o, "host", name);
        has(o, "detail", "other_name");
        has(o, "addr", "::1");
        assert_null(cJSON_GetObjectItem(o, "path"));
        m.event.path_len = 0;
        m.event.detail = HF_HELLO_NO_NAME;
        p = json(&m);
        has(p, "detail", "no_name");
        assert_null(cJSON_GetObjectItem(p, "host"));
}

/* A connection that the policy's rule allows. */
static struct made connection(unsigned op)
{
        struct made m = make(HF_EVENT_CONNECT, op, "", 0);
        static const uint8_t addr[16] = { [10] = 0xff, 0xff, 203, 0, 113, 1 };

        memcpy(m.event.addr, addr, sizeof(addr));
        m.event.flags = HF_EVENT_CONNECTION;
        m.event.error = 0;
        m.event.why = HF_WHY_ALLOWED;
        m.event.port = 443;
        m.event.proto = HF_TCP;
        m.event.local_port = 40000;
        return m;
}

static void counts(const cJSON *o, const char *name, uint64_t expected)
{
        uint64_t n = 0;

        assert_int_equal(json_get_u64(o, name, &n), 0);
        assert_int_equal(n, expected);
}

static void a_connection_that_is_made_has_its_name_both_ports_and_the_rule(void **state)
{
        struct made m = connection(HF_OP_CONNECT);
        struct event_context named = context;
        _cleanup_json_ cJSON *o = NULL;

        (void)state;
        m.event.rule = 1;
        named.host = "www.example.net";
        o = event_json(&m.event, sizeof(m.event), &named);
        has(o, "kind", "connect");
        has(o, "verdict", "allow");
        has(o, "op", "connect");
        has(o, "host", "www.example.net");
        has(o, "addr", "203.0.113.1");
        has(o, "proto", "tcp");
        has(o, "capability", "workspace");
        has(o, "rule", "$.capabilities.workspace.files[1]");
        counts(o, "port", 443);
        counts(o, "local_port", 40000);
        assert_null(cJSON_GetObjectItem(o, "sent"));
        assert_null(cJSON_GetObjectItem(o, "detail"));
        assert_null(cJSON_GetObjectItem(o, "error"));
        assert_null(cJSON_GetObjectItem(o, "path"));
}

static void a_connection_that_is_closed_has_its_bytes(void **state)
{
        struct made m = connection(HF_OP_CLOSE);
        _cleanup_json_ cJSON *o = NULL;

        (void)state;
        m.event.sent = 5000000000;
        m.event.received = 0;
        o = json(&m);
        has(o, "op", "close");
        has(o, "verdict", "allow");
        assert_string_equal(cJSON_GetObjectItem(o, "sent")->valuestring, "5000000000");
        assert_string_equal(cJSON_GetObjectItem(o, "received")->valuestring, "0");
        assert_null(cJSON_GetObjectItem(o, "host"));
        assert_null(cJSON_GetObjectItem(o, "rule"));
}

static void a_connection_that_is_accepted_has_no_rule(void **state)
{
        struct made m = connection(HF_OP_ACCEPT);
        _cleanup_json_ cJSON *o = json(&m);

        (void)state;
        has(o, "op", "accept");
        assert_null(cJSON_GetObjectItem(o, "capability"));
        assert_null(cJSON_GetObjectItem(o, "sent"));
}

static void an_ipv6_address_is_shown_as_one(void **state)
{
        static const uint8_t addr[16] = { [15] = 1 };
        char text[48];

        (void)state;
        assert_string_equal(address_text(addr, text), "::1");
}

static void a_guard_names_the_linux_capability_that_was_asked_for(void **state)
{
        struct made m = make(HF_EVENT_GUARD, HF_OP_CAPABILITY, "", 0);
        _cleanup_json_ cJSON *o = NULL;

        (void)state;
        m.event.why = HF_WHY_GUARD;
        m.event.detail = 21;
        o = json(&m);
        has(o, "detail", "sys_admin");
        has(o, "rule", "guard");
        has(o, "capability", "none");
}

static void the_root_of_a_file_system_is_its_mount_point(void **state)
{
        struct made m = make(HF_EVENT_FILE, HF_OP_OPEN, "/", 2), none = make(HF_EVENT_FILE, HF_OP_OPEN, "", 0);
        _cleanup_json_ cJSON *o = json(&m), *p = json(&none);

        (void)state;
        has(o, "path", "/srv");
        has(p, "path", "/srv");
}

static void a_path_on_no_known_mount_has_its_device(void **state)
{
        struct made m = MAKE(HF_EVENT_FILE, HF_OP_OPEN, "file");
        _cleanup_json_ cJSON *o = NULL;

        (void)state;
        m.event.dev = 9 << 20 | 2;
        o = json(&m);
        has(o, "path", "/file");
        has(o, "dev", "9:2");
}

static void a_truncated_path_says_so(void **state)
{
        struct made m = MAKE(HF_EVENT_FILE, HF_OP_OPEN, "file\0folder");
        _cleanup_json_ cJSON *o = NULL;

        (void)state;
        m.event.flags |= HF_EVENT_TRUNCATED;
        o = json(&m);
        has(o, "path", "/srv/.../folder/file");
        assert_true(cJSON_IsTrue(cJSON_GetObjectItem(o, "truncated")));
}

static void a_path_that_claims_more_than_was_sent_is_cut(void **state)
{
        struct made m = MAKE(HF_EVENT_FILE, HF_OP_OPEN, "file");
        _cleanup_json_ cJSON *o = NULL;

        (void)state;
        m.event.path_len = 200;
        o = event_json(&m.event, offsetof(struct hf_event, path) + 3, &context);
        assert_non_null(o);
        has(o, "path", "/srv/fil");
        assert_null(event_json(&m.event, 10, &context));
}

static void bytes_that_are_no_text_are_escaped(void **state)
{
        struct made m = MAKE(HF_EVENT_FILE, HF_OP_OPEN, "a\xff\"b");
        _cleanup_json_ cJSON *o = NULL;
        _cleanup_buffer_ struct buffer line = BUFFER_INIT;

        (void)state;
        memcpy(m.event.comm, "\xfe\n", 3);
        o = json(&m);
        has(o, "path", "/srv/a\\xff\"b");
        has(o, "comm", "\\xfe\n");
        assert_int_equal(json_print(&line, o, 4096), 0);
        assert_null(strchr(line.data, '\n'));
}

static void an_event_of_no_session_has_null(void **state)
{
        struct made m = MAKE(HF_EVENT_FILE, HF_OP_OPEN, "file");
        struct event_context nothing = { 0 };
        _cleanup_json_ cJSON *o = event_json(&m.event, sizeof(m), &nothing);

        (void)state;
        assert_true(cJSON_IsNull(cJSON_GetObjectItem(o, "session")));
        has(o, "path", "/file");
}

static void a_task_that_enters_a_session_is_no_refusal(void **state)
{
        struct made m = make(HF_EVENT_SESSION, HF_OP_ENTER, "", 0);
        _cleanup_json_ cJSON *o = NULL;

        (void)state;
        m.event.flags = 0;
        o = json(&m);
        has(o, "kind", "session");
        has(o, "verdict", "allow");
        has(o, "op", "enter");
        assert_null(cJSON_GetObjectItem(o, "rule"));
}

static void a_revoked_mapping_tells_what_is_done_about_it(void **state)
{
        struct made m = MAKE(HF_EVENT_FILE, HF_OP_REVOKE, "held\0ws\0");
        _cleanup_json_ cJSON *killed = NULL, *paused = NULL;

        (void)state;
        m.event.right = HF_WRITE;
        m.event.rule = 1;
        m.event.why = HF_WHY_RULE;
        m.event.error = 0;
        m.event.detail = HF_KILL_KILL;
        killed = json(&m);
        has(killed, "op", "revoke");
        has(killed, "verdict", "deny");
        has(killed, "right", "w");
        has(killed, "path", "/srv/ws/held");
        has(killed, "capability", "workspace");
        has(killed, "action", "kill");
        assert_null(cJSON_GetObjectItem(killed, "error"));
        m.event.detail = HF_KILL_PAUSE;
        paused = json(&m);
        has(paused, "action", "pause");
}

static void every_number_has_a_name(void **state)
{
        (void)state;
        for (unsigned op = 0; op < HF_OPS; op++)
                assert_string_not_equal(op_name(op), "unknown");
        for (unsigned why = 0; why < HF_WHYS; why++)
                assert_non_null(why_text(why));
        for (unsigned kind = HF_EVENT_FILE; kind <= HF_EVENT_SESSION; kind++)
                assert_string_not_equal(kind_name(kind), "unknown");
        assert_string_equal(op_name(HF_OPS), "unknown");
        assert_string_equal(linux_capability_name(40), "checkpoint_restore");
        assert_string_equal(linux_capability_name(21), "sys_admin");
}

static void the_strictest_bit_names_the_state(void **state)
{
        uint32_t strength = 0;

        (void)state;
        assert_string_equal(kill_state(0), "running");
        assert_string_equal(kill_state(HF_KILL_DENY), "denied");
        assert_string_equal(kill_state(HF_KILL_DENY | HF_KILL_PAUSE), "paused");
        assert_string_equal(kill_state(HF_KILL_DENY | HF_KILL_PAUSE | HF_KILL_KILL), "killed");
        assert_int_equal(strength_parse("pause", &strength), 0);
        assert_int_equal(strength, HF_KILL_PAUSE);
        assert_int_equal(strength_parse("gently", &strength), -EINVAL);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_refused_write_names_path_right_and_default_deny),
                cmocka_unit_test(a_rule_that_decided_is_named_with_its_capability_and_hint),
                cmocka_unit_test(a_rule_of_a_ceiling_is_named_with_its_layer),
                cmocka_unit_test(what_no_rule_of_a_ceiling_allows_names_the_layer),
                cmocka_unit_test(a_rule_of_a_ceiling_that_is_not_known_has_its_number),
                cmocka_unit_test(what_no_layer_decided_has_none),
                cmocka_unit_test(a_rule_of_an_unknown_policy_is_given_by_number),
                cmocka_unit_test(a_kill_gives_its_reason),
                cmocka_unit_test(the_kill_of_a_capability_gives_its_reason),
                cmocka_unit_test(a_mapped_address_is_shown_as_ipv4),
                cmocka_unit_test(a_tls_hello_has_its_name_and_what_is_wrong),
                cmocka_unit_test(a_connection_that_is_made_has_its_name_both_ports_and_the_rule),
                cmocka_unit_test(a_connection_that_is_closed_has_its_bytes),
                cmocka_unit_test(a_connection_that_is_accepted_has_no_rule),
                cmocka_unit_test(an_ipv6_address_is_shown_as_one),
                cmocka_unit_test(a_guard_names_the_linux_capability_that_was_asked_for),
                cmocka_unit_test(the_root_of_a_file_system_is_its_mount_point),
                cmocka_unit_test(a_path_on_no_known_mount_has_its_device),
                cmocka_unit_test(a_truncated_path_says_so),
                cmocka_unit_test(a_path_that_claims_more_than_was_sent_is_cut),
                cmocka_unit_test(bytes_that_are_no_text_are_escaped),
                cmocka_unit_test(an_event_of_no_session_has_null),
                cmocka_unit_test(a_task_that_enters_a_session_is_no_refusal),
                cmocka_unit_test(a_revoked_mapping_tells_what_is_done_about_it),
                cmocka_unit_test(every_number_has_a_name),
                cmocka_unit_test(the_strictest_bit_names_the_state),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
