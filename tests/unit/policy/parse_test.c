/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/policy/fake_fs.h"

#define POLICY(more) "{\"holdfast\":1,\"name\":\"t\",\"capabilities\":{\"base\":{}}" more "}"
#define CAPABILITY(body) "{\"holdfast\":1,\"name\":\"t\",\"capabilities\":{\"base\":" body "}}"
#define FILE_RULE "$.capabilities.base.files[0]"
#define EGRESS_RULE "$.capabilities.base.egress[0]"

/* The text is refused, with a finding at that place that has these words ('|' between them), and nothing is returned. */
static void assert_refused_bytes(const char *text, size_t length, const char *where, const char *words)
{
        _cleanup_findings_ struct findings findings = FINDINGS_INIT;
        struct policy *policy = NULL;

        assert_int_equal(policy_parse(text, length, &policy, &findings), -EINVAL);
        assert_null(policy);
        if (!has_finding(&findings, where, words)) {
                print_error("no finding at %s with %s, but:\n", where, words);
                print_findings(&findings);
                fail();
        }
}

static void assert_refused(const char *text, const char *where, const char *words)
{
        assert_refused_bytes(text, strlen(text), where, words);
}

static void assert_accepted(const char *text)
{
        policy_free(parsed(text));
}

static void a_whole_policy_becomes_a_model(void **state)
{
        struct policy *p = parsed(
                "{\"holdfast\":1,\"name\":\"a.b-c_9\",\"description\":\"What it is for\",\"on_control_loss\":\"keep\","
                "\"capabilities\":{"
                "\"base\":{\"description\":\"d\",\"files\":[{\"path\":\"/usr\",\"allow\":\"rx\"},"
                "{\"path\":\"${HOME}/.ssh\",\"deny\":\"rwxc\",\"hint\":\"Keys stay.\"}]},"
                "\"net\":{\"authorization\":\"ask\",\"grant\":\"15m\",\"egress\":[{\"cidr\":\"10.0.0.0/8\",\"port\":443,\"proto\":\"tcp\"},"
                "{\"cidr\":\"2001:db8::1\",\"port\":\"8000-8099\"}],\"files\":[{\"path\":\"/opt\",\"allow\":\"r\",\"deny\":\"w\"}]}},"
                "\"limits\":{\"memory\":\"2G\",\"cpu\":\"200%\",\"pids\":512,\"wall\":\"2h\",\"idle\":\"30m\",\"files\":4096,"
                "\"disk\":\"10G\",\"bytes_out\":\"1M\"}}");

        (void)state;
        assert_string_equal(p->name, "a.b-c_9");
        assert_string_equal(p->description, "What it is for");
        assert_int_equal(p->n_capabilities, 2);
        assert_string_equal(p->capabilities[0].name, "base");
        assert_int_equal(p->capabilities[0].authorization, AUTHORIZATION_ALWAYS);
        assert_int_equal(p->capabilities[1].authorization, AUTHORIZATION_ASK);
        assert_int_equal(p->capabilities[1].grant, 900);
        assert_int_equal(p->n_rules, 5);
        assert_string_equal(p->rules[0].path, "/usr");
        assert_int_equal(p->rules[0].allow, HF_READ | HF_EXEC);
        assert_string_equal(p->rules[1].where, "$.capabilities.base.files[1]");
        assert_string_equal(p->rules[1].hint, "Keys stay.");
        assert_int_equal(p->rules[1].deny, HF_RIGHTS_ALL);
        assert_null(p->rules[2].path);
        assert_int_equal(p->rules[2].capability, 1);
        assert_int_equal(p->rules[2].prefix, 96 + 8);
        assert_int_equal(p->rules[2].addr[12], 10);
        assert_int_equal(p->rules[2].port_from, 443);
        assert_int_equal(p->rules[2].port_to, 443);
        assert_int_equal(p->rules[2].proto, HF_TCP);
        assert_int_equal(p->rules[3].prefix, 128);
        assert_int_equal(p->rules[3].port_from, 8000);
        assert_int_equal(p->rules[3].port_to, 8099);
        assert_int_equal(p->rules[3].proto, HF_TCP | HF_UDP);
        assert_string_equal(p->rules[4].path, "/opt");
        assert_int_equal(p->limits.memory, 2ULL << 30);
        assert_int_equal(p->limits.cpu, 200);
        assert_int_equal(p->limits.pids, 512);
        assert_int_equal(p->limits.files, 4096);
        assert_int_equal(p->limits.disk, 10ULL << 30);
        assert_int_equal(p->limits.sent, 1ULL << 20);
        assert_int_equal(p->limits.wall, 7200);
        assert_int_equal(p->limits.idle, 1800);
        policy_free(p);
}

static void syntax_errors_tell_line_and_column(void **state)
{
        (void)state;
        assert_refused("", "$", "line 1, column 1|the end of the text");
        assert_refused("{\n  \"holdfast\": 1,\n  }", "$", "line 3, column 3|'}'|field's name");
        assert_refused("{\"näme\" 1}", "$", "line 1, column 9|'1'|':'");
        assert_refused("{\"a\":1 \"b\":2}", "$", "column 8|','");
        assert_refused("{\"a\":[1,2", "$", "end of the text|']'");
        assert_refused("{\"a\":01}", "$", "'1'");
        assert_refused("{\"a\":1.}", "$", "decimal point");
        assert_refused("{\"a\":1e}", "$", "exponent");
        assert_refused("{\"a\":-}", "$", "digit");
        assert_refused("{\"a\":nul}", "$", "expected a value");
        assert_refused("{\"a\":NaN}", "$", "expected a value");
        assert_refused("{a:1}", "$", "'a'|double quotes");
        assert_refused("{'a':1}", "$", "double quotes");
        assert_refused("{\"a\":1}//", "$", "column 8|nothing after");
        assert_refused("{\"a\":1}{\"b\":2}", "$", "nothing after");
        assert_refused("{\v}", "$", "0x0b");
        assert_refused("\xef\xbb\xbf{}", "$", "byte order mark");
        assert_refused("{\"a\":11111111111111111111111111111111111111111111111111111111111111111111}", "$", "shorter number");
}

static void strings_are_checked_before_anything_reads_them(void **state)
{
        (void)state;
        assert_refused("{\"name\":\"a\\u0000b\"}", "$", "NUL");
        assert_refused("{\"name\":\"a\nb\"}", "$", "line 1, column 11|control character");
        assert_refused("{\"name\":\"a\\x\"}", "$", "escape");
        assert_refused("{\"name\":\"a\\u12\"}", "$", "hexadecimal");
        assert_refused("{\"name\":\"\\ud800\"}", "$", "surrogate");
        assert_refused("{\"name\":\"\\ud800\\u0041\"}", "$", "surrogate");
        assert_refused("{\"name\":\"\\udc00\"}", "$", "surrogate");
        assert_refused("{\"name\":\"a", "$", "end of the string");
        assert_refused("{\"name\":\"\\", "$", "escape");
        assert_refused("{\"name\":\"\xff\"}", "$", "0xff|UTF-8");
        assert_refused("{\"name\":\"\xc0\xaf\"}", "$", "UTF-8");         /* overlong '/' */
        assert_refused("{\"name\":\"\xed\xa0\x80\"}", "$", "UTF-8");     /* a surrogate */
        assert_refused("{\"name\":\"\xf4\x90\x80\x80\"}", "$", "UTF-8"); /* above U+10FFFF */
        assert_refused("{\"name\":\"\xe2\x82\"}", "$", "UTF-8");
        assert_accepted(POLICY(",\"description\":\"\\ud83d\\ude00 ü €\""));
}

static void a_nul_after_or_within_the_text_is_refused(void **state)
{
        static const char text[] = POLICY("") "\0{}";

        (void)state;
        assert_refused_bytes(text, sizeof(text) - 1, "$", "nothing after");
        assert_refused_bytes("{\"a\0\":1}", 8, "$", "control character");
}

static void nesting_is_bounded_before_anything_is_built(void **state)
{
        size_t n = 10u << 20;
        _cleanup_free_ char *deep = malloc(n);

        (void)state;
        memset(deep, '[', n);
        assert_refused_bytes(deep, n, "$", "column 33|32 levels");
        memset(deep, ' ', n);
        memcpy(deep, "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[", 32);
        memcpy(deep + n - 32, "]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]", 32);
        assert_refused_bytes(deep, n, "$", "an array|an object"); /* not too deep: the next error */
}

static void size_is_bounded(void **state)
{
        size_t n = POLICY_TEXT_MAX + 1;
        _cleanup_free_ char *large = malloc(n);

        (void)state;
        memset(large, ' ', n);
        assert_refused_bytes(large, n, "$", "16777217 bytes|at most 16777216");
        memset(large, '1', n);
        for (size_t i = 0; i + 1 < n; i += 2)
                large[i] = i ? ',' : '[';
        assert_refused_bytes(large, n - 1, "$", "fewer values");
}

static void the_number_of_rules_is_bounded(void **state)
{
        static const char rule[] = "{\"path\":\"/a\",\"allow\":\"r\"},",
                          start[] = "{\"holdfast\":1,\"name\":\"n\",\"capabilities\":{\"c\":{\"files\":[";
        const size_t n = (POLICY_RULES_MAX + 1) * strlen(rule);
        _cleanup_free_ char *text = malloc(strlen(start) + n + 8);
        char *p = stpcpy(text, start);

        (void)state;
        for (int i = 0; i <= POLICY_RULES_MAX; i++)
                p = stpcpy(p, rule);
        strcpy(p - 1, "]}}}");
        assert_refused(text, "$.capabilities.c.files[200000]", "more than 200000 rules");
}

static void duplicate_keys_are_refused_at_every_level(void **state)
{
        (void)state;
        assert_refused("{\"holdfast\":1,\"name\":\"a\",\"name\":\"b\",\"capabilities\":{\"base\":{}}}", "$", "\"name\"|more than once");
        assert_refused("{\"holdfast\":1,\"name\":\"a\",\"capabilities\":{\"b\":{},\"b\":{}}}", "$.capabilities", "\"b\"|more than once");
        assert_refused(FILES("{\"path\":\"/a\",\"allow\":\"r\",\"path\":\"/b\"}"), FILE_RULE, "\"path\"|more than once");
        assert_refused(FILES("{\"path\":\"/a\",\"allow\":\"r\",\"p\\u0061th\":\"/b\"}"), FILE_RULE, "\"path\"|more than once");
}

static void unknown_fields_are_refused_with_the_nearest_name(void **state)
{
        (void)state;
        assert_refused(POLICY(",\"limit\":{}"), "$.limit", "unknown field \"limit\"|did you mean \"limits\"");
        assert_refused(POLICY(",\"zebra\":{}"), "$.zebra", "unknown field \"zebra\"");
        assert_refused(POLICY(",\"a b\\u001b\":1"), "$[\"a b\\u001b\"]", "\\u001b");
        assert_refused(CAPABILITY("{\"file\":[]}"), "$.capabilities.base.file", "did you mean \"files\"");
        assert_refused(CAPABILITY("{\"autorization\":\"ask\"}"), "$.capabilities.base.autorization", "did you mean \"authorization\"");
        assert_refused(FILES("{\"path\":\"/a\",\"alow\":\"r\"}"), FILE_RULE ".alow", "did you mean \"allow\"");
        assert_refused(EGRESS("{\"cidr\":\"10.0.0.1\",\"ports\":1}"), EGRESS_RULE ".ports", "did you mean \"port\"");
        assert_refused(POLICY(",\"limits\":{\"pid\":1}"), "$.limits.pid", "did you mean \"pids\"");
        assert_refused("{\"Holdfast\":1}", "$.Holdfast", "did you mean \"holdfast\"");
}

static void lists_of_names_hold_names_only(void **state)
{
        static const char *const variables[] = { "", "1A", "A-B", "A B", "A=B", "A*", "\\u00c4" };
        static const char *const programs[] = { "", "a/b", "..", ".a", "a b", "a\\u001b" };
        char text[256];

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(variables); i++) {
                snprintf(text, sizeof(text), CAPABILITY("{\"environment\":[\"A_1\",\"%s\"]}"), variables[i]);
                assert_refused(text, "$.capabilities.base.environment[1]", "name of a variable");
        }
        for (size_t i = 0; i < ARRAY_SIZE(programs); i++) {
                snprintf(text, sizeof(text), POLICY(",\"programs\":[\"%s\"]"), programs[i]);
                assert_refused(text, "$.programs[0]", "name of a program");
        }
        assert_refused(POLICY(",\"programs\":\"claude\""), "$.programs", "array");
        assert_refused(CAPABILITY("{\"from\":\"A\"}"), "$.capabilities.base.from", "a name");
}

#define TRIP(text) POLICY(",\"trips\":[" text "]")

static void what_cannot_be_enforced_is_refused_and_says_so(void **state)
{
        static const char *const top[] = { "guard", "tools" };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(top); i++) {
                char text[256], where[32];

                snprintf(text, sizeof(text), POLICY(",\"%s\":[]"), top[i]);
                snprintf(where, sizeof(where), "$.%s", top[i]);
                assert_refused(text, where, "cannot enforce|not applied in part");
        }
        assert_refused(CAPABILITY("{\"tools\":[]}"), "$.capabilities.base.tools", "cannot enforce");
        assert_refused(CAPABILITY("{\"guard\":{}}"), "$.capabilities.base.guard", "array");
        assert_refused(CAPABILITY("{\"guard\":[\"mount\"]}"), "$.capabilities.base.guard[0]", "user-namespaces");
        assert_refused(CAPABILITY("{\"guard\":[1]}"), "$.capabilities.base.guard[0]", "user-namespaces");
        assert_refused(TRIP("{\"on\":\"tool-calls\",\"over\":5,\"within\":\"1m\",\"do\":\"kill\"}"), "$.trips[0].on",
                       "cannot count|not applied in part");
}

static void what_is_done_on_revocation_is_kill_or_pause(void **state)
{
        static const struct {
                const char *text;
                uint32_t strength;
        } given[] = { { POLICY(""), 0 },
                      { POLICY(",\"on_revoke\":\"kill\""), HF_KILL_KILL },
                      { POLICY(",\"on_revoke\":\"pause\""), HF_KILL_PAUSE } };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(given); i++) {
                struct policy *p = parsed(given[i].text);

                assert_int_equal(p->on_revoke, given[i].strength);
                policy_free(p);
        }
        assert_refused(POLICY(",\"on_revoke\":\"deny\""), "$.on_revoke", "the string \"deny\"|\"kill\" or \"pause\"");
        assert_refused(POLICY(",\"on_revoke\":true"), "$.on_revoke", "true|\"kill\" or \"pause\"");
}

static void what_is_done_once_control_is_lost_is_keep_pause_or_kill(void **state)
{
        static const struct {
                const char *text;
                uint32_t strength;
        } given[] = { { POLICY(""), 0 },
                      { POLICY(",\"on_control_loss\":\"keep\""), 0 },
                      { POLICY(",\"on_control_loss\":\"kill\""), HF_KILL_KILL },
                      { POLICY(",\"on_control_loss\":\"pause\""), HF_KILL_PAUSE } };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(given); i++) {
                struct policy *p = parsed(given[i].text);

                assert_int_equal(p->on_control_loss, given[i].strength);
                policy_free(p);
        }
        assert_refused(POLICY(",\"on_control_loss\":\"deny\""), "$.on_control_loss", "the string \"deny\"|\"keep\", \"pause\" or \"kill\"");
        assert_refused(POLICY(",\"on_control_loss\":1"), "$.on_control_loss", "the number 1|\"keep\", \"pause\" or \"kill\"");
}

static void trips_measure_each_in_its_notation(void **state)
{
        static const struct {
                const char *text;
                struct trip trip;
        } given[] = {
                { TRIP("{\"on\":\"denials\",\"over\":50,\"within\":\"1m\",\"do\":\"pause\"}"), { TRIP_DENIALS, HF_KILL_PAUSE, 50, 60 } },
                { TRIP("{\"on\":\"lost\",\"over\":0,\"within\":\"1h\",\"do\":\"deny\"}"), { TRIP_LOST, HF_KILL_DENY, 0, 3600 } },
                { TRIP("{\"do\":\"kill\",\"within\":\"1h\",\"over\":4096,\"on\":\"names\"}"), { TRIP_NAMES, HF_KILL_KILL, 4096, 3600 } },
                { TRIP("{\"on\":\"bytes-out\",\"over\":\"2M\",\"within\":\"1d\",\"do\":\"kill\"}"),
                  { TRIP_BYTES_OUT, HF_KILL_KILL, 2 << 20, 86400 } },
                { TRIP("{\"on\":\"cpu-pressure\",\"over\":\"80%\",\"within\":\"30s\",\"do\":\"kill\"}"),
                  { TRIP_CPU, HF_KILL_KILL, 80, 30 } },
                { TRIP("{\"on\":\"memory-pressure\",\"over\":\"1%\",\"within\":\"10s\",\"do\":\"kill\"}"),
                  { TRIP_MEMORY, HF_KILL_KILL, 1, 10 } },
                { TRIP("{\"on\":\"wall\",\"over\":\"2h\",\"do\":\"pause\"}"), { TRIP_WALL, HF_KILL_PAUSE, 7200, 0 } },
                { TRIP("{\"on\":\"memory-limit\",\"over\":0,\"within\":\"1m\",\"do\":\"kill\"}"),
                  { TRIP_MEMORY_LIMIT, HF_KILL_KILL, 0, 60 } },
                { TRIP("{\"on\":\"pids-limit\",\"over\":9,\"within\":\"1s\",\"do\":\"deny\"}"), { TRIP_PIDS_LIMIT, HF_KILL_DENY, 9, 1 } },
                { TRIP("{\"on\":\"disk-limit\",\"over\":1,\"within\":\"1h\",\"do\":\"pause\"}"),
                  { TRIP_DISK_LIMIT, HF_KILL_PAUSE, 1, 3600 } },
                { TRIP("{\"on\":\"idle\",\"over\":\"15m\",\"do\":\"kill\"}"), { TRIP_IDLE, HF_KILL_KILL, 900, 0 } },
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(given); i++) {
                struct policy *p = parsed(given[i].text);

                assert_int_equal(p->n_trips, 1);
                assert_memory_equal(&p->trips[0], &given[i].trip, sizeof(p->trips[0]));
                policy_free(p);
        }
}

static void what_is_wrong_with_a_trip_is_told_where_it_is(void **state)
{
        (void)state;
        assert_refused(TRIP("{\"on\":\"denial\",\"over\":5,\"within\":\"1m\",\"do\":\"kill\"}"), "$.trips[0].on",
                       "the string \"denial\"|\"denials\", \"names\", \"lost\", \"bytes-out\"");
        assert_refused(TRIP("{\"on\":\"denials\",\"within\":\"1m\",\"do\":\"kill\"}"), "$.trips[0]", "\"over\"");
        assert_refused(TRIP("{\"on\":\"denials\",\"over\":5,\"do\":\"kill\"}"), "$.trips[0]", "\"within\"|\"1m\"");
        assert_refused(TRIP("{\"on\":\"denials\",\"over\":5,\"within\":\"1m\"}"), "$.trips[0]", "\"do\"|\"pause\", \"deny\" or \"kill\"");
        assert_refused(TRIP("{\"on\":\"denials\",\"over\":5,\"within\":\"1m\",\"do\":\"stop\"}"), "$.trips[0].do", "\"stop\"|\"deny\"");
        assert_refused(TRIP("{\"on\":\"denials\",\"over\":\"5\",\"within\":\"1m\",\"do\":\"kill\"}"), "$.trips[0].over", "whole number");
        assert_refused(TRIP("{\"on\":\"names\",\"over\":4097,\"within\":\"1m\",\"do\":\"kill\"}"), "$.trips[0].over", "0 to 4096");
        assert_refused(TRIP("{\"on\":\"bytes-out\",\"over\":5,\"within\":\"1m\",\"do\":\"kill\"}"), "$.trips[0].over", "size in quotes");
        assert_refused(TRIP("{\"on\":\"cpu-pressure\",\"over\":\"100%\",\"within\":\"1m\",\"do\":\"kill\"}"), "$.trips[0].over",
                       "less than \"100%\"");
        assert_refused(TRIP("{\"on\":\"cpu-pressure\",\"over\":\"50%\",\"within\":\"9s\",\"do\":\"kill\"}"), "$.trips[0]", "less than 10s");
        assert_refused(TRIP("{\"on\":\"idle\",\"over\":\"5m\",\"within\":\"1m\",\"do\":\"kill\"}"), "$.trips[0]",
                       "\"within\"|\"over\" alone");
        assert_refused(TRIP("{\"on\":\"wall\",\"over\":5,\"do\":\"kill\"}"), "$.trips[0].over", "duration");
        assert_refused(TRIP("{\"on\":\"wall\",\"ovr\":5,\"do\":\"kill\"}"), "$.trips[0].ovr", "did you mean \"over\"");
        assert_refused(TRIP("7"), "$.trips[0]", "an object");
        assert_refused(POLICY(",\"trips\":{}"), "$.trips", "an array");
#define WALL "{\"on\":\"wall\",\"over\":\"1h\",\"do\":\"kill\"}"
#define WALLS4 WALL "," WALL "," WALL "," WALL
        assert_accepted(TRIP(WALLS4 "," WALLS4 "," WALLS4 "," WALLS4));
        assert_refused(TRIP(WALLS4 "," WALLS4 "," WALLS4 "," WALLS4 "," WALL), "$.trips", "17 trips|at most 16");
}

static void wrong_types_tell_what_was_found(void **state)
{
        (void)state;
        assert_refused("[]", "$", "an array|an object");
        assert_refused("7", "$", "the number 7|an object");
        assert_refused("{\"holdfast\":\"1\"}", "$.holdfast", "the string \"1\"|the number 1");
        assert_refused("{\"holdfast\":2}", "$.holdfast", "the number 2|the number 1");
        assert_refused("{\"holdfast\":1,\"name\":5}", "$.name", "the number 5|a name");
        assert_refused("{\"holdfast\":1,\"name\":null}", "$.name", "null|a name");
        assert_refused(CAPABILITY("[]"), "$.capabilities.base", "an array|an object");
        assert_refused(CAPABILITY("{\"files\":{}}"), "$.capabilities.base.files", "an object|an array");
        assert_refused(CAPABILITY("{\"egress\":true}"), "$.capabilities.base.egress", "true|an array");
        assert_refused(FILES("\"/usr\""), FILE_RULE, "the string \"/usr\"|an object");
        assert_refused(FILES("{\"path\":1,\"allow\":\"r\"}"), FILE_RULE ".path", "the number 1|absolute path");
        assert_refused(FILES("{\"path\":\"/a\",\"allow\":[\"r\"]}"), FILE_RULE ".allow", "an array|rwxc");
        assert_refused(POLICY(",\"limits\":{\"files\":15}"), "$.limits.files", "16");
        assert_refused(POLICY(",\"limits\":{\"disk\":10}"), "$.limits.disk", "a size in quotes");
        assert_refused(POLICY(",\"limits\":{\"bytes_out\":\"0\"}"), "$.limits.bytes_out", "found the string \"0\"");
        assert_refused(POLICY(",\"limits\":[]"), "$.limits", "an array|an object");
        assert_refused(POLICY(",\"limits\":{\"pids\":\"512\"}"), "$.limits.pids", "the string \"512\"|a whole number");
        assert_refused(POLICY(",\"limits\":{\"memory\":1024}"), "$.limits.memory", "the number 1024|in quotes");
        assert_refused(POLICY(",\"description\":false"), "$.description", "false|a text");
}

static void missing_fields_are_named(void **state)
{
        (void)state;
        assert_refused("{}", "$", "no field \"holdfast\"");
        assert_refused("{}", "$", "no field \"name\"");
        assert_refused("{}", "$", "no field \"capabilities\"");
        assert_refused(FILES("{\"allow\":\"r\"}"), FILE_RULE, "no field \"path\"");
        assert_refused(FILES("{\"path\":\"/a\"}"), FILE_RULE, "neither \"allow\" nor \"deny\"");
        assert_refused(EGRESS("{\"port\":1}"), EGRESS_RULE, "neither \"host\" nor \"cidr\"");
}

static void all_errors_come_at_once(void **state)
{
        static const char text[] = "{\"holdfast\":3,\"name\":\"A\",\"colour\":1,\"capabilities\":{\"base\":{\"files\":["
                                   "{\"path\":\"usr\",\"allow\":\"q\"},{\"path\":\"/a/../b\",\"deny\":\"r\"}],"
                                   "\"egress\":[{\"cidr\":\"10.0.0.1/8\",\"port\":70000,\"proto\":\"icmp\"}]}}}";
        _cleanup_findings_ struct findings findings = FINDINGS_INIT;
        struct policy *policy = NULL;

        (void)state;
        assert_int_equal(policy_parse(text, strlen(text), &policy, &findings), -EINVAL);
        assert_int_equal(findings.total, 9);
        assert_true(has_finding(&findings, "$.holdfast", "the number 3"));
        assert_true(has_finding(&findings, "$.name", "\"A\""));
        assert_true(has_finding(&findings, "$.colour", "unknown"));
        assert_true(has_finding(&findings, "$.capabilities.base.files[0].path", "relative"));
        assert_true(has_finding(&findings, "$.capabilities.base.files[0].allow", "\"q\""));
        assert_true(has_finding(&findings, "$.capabilities.base.files[1].path", "\"..\""));
        assert_true(has_finding(&findings, "$.capabilities.base.egress[0].cidr", "host bits"));
        assert_true(has_finding(&findings, "$.capabilities.base.egress[0].port", "70000"));
        assert_true(has_finding(&findings, "$.capabilities.base.egress[0].proto", "\"icmp\""));
}

static void names_follow_their_grammar(void **state)
{
        static const char *const wrong[] = { "",   "A",    "-a",
                                             ".a", "a b",  "a/b",
                                             "ä",  "../x", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" /* 65 */ };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
                char text[256];

                snprintf(text, sizeof(text), "{\"holdfast\":1,\"name\":\"%s\",\"capabilities\":{\"base\":{}}}", wrong[i]);
                assert_refused(text, "$.name", "a name of 1 to 64");
        }
        assert_refused("{\"holdfast\":1,\"name\":\"t\",\"capabilities\":{\"Base\":{}}}", "$.capabilities.Base", "a name of 1 to 64");
        assert_refused("{\"holdfast\":1,\"name\":\"t\",\"capabilities\":{\"\":{}}}", "$.capabilities[\"\"]", "a name of 1 to 64");
        assert_accepted("{\"holdfast\":1,\"name\":\"0.9_x-y\",\"capabilities\":{\"a.b\":{}}}");
}

static void there_are_one_to_64_capabilities(void **state)
{
        char text[8192] = "{\"holdfast\":1,\"name\":\"t\",\"capabilities\":{";
        size_t n = strlen(text);

        (void)state;
        for (int i = 0; i < 65; i++)
                n += (size_t)snprintf(text + n, sizeof(text) - n, "%s\"c%d\":{}", i ? "," : "", i);
        snprintf(text + n, sizeof(text) - n, "}}");
        assert_refused(text, "$.capabilities", "65 capabilities|at most 64");
        snprintf(strstr(text, ",\"c64\""), 3, "}}");
        assert_accepted(text);
        assert_refused("{\"holdfast\":1,\"name\":\"t\",\"capabilities\":{}}", "$.capabilities", "at least one");
}

static void paths_are_absolute_and_plain(void **state)
{
        static const struct {
                const char *path, *words;
        } wrong[] = {
                { "", "absolute" },
                { "usr", "relative path \"usr\"" },
                { "./usr", "relative" },
                { "~/x", "relative" },
                { "$HOME/x", "relative" },
                { "/a/../b", "\"..\"" },
                { "/..", "\"..\"" },
                { "/a/./b", "\".\"" },
                { "/a//b", "\"//\"" },
                { "//", "\"//\"" },
                { "/a//", "\"//\"" },
                { "/a/*.c", "\"*.c\"|one whole name|parts of names" },
                { "/a/b*/c", "\"b*\"|parts of names" },
                { "/a/***", "\"***\"" },
                { "/a/**", "\"**\" at the end|holds for all below" },
                { "/a/**/", "\"**\" at the end" },
                { "/a/**/**/b", "\"**\" after \"**\"" },
                { "/*/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17", "17 components|at most 16" },
                { "${HOEM}/x", "unknown variable|${HOME}" },
                { "${PATH}/x", "unknown variable" },
                { "${HOME", "without \"}\"" },
                { "${}", "unknown variable" },
                { "${USER}/x", "at the start" },
                { "/a/${HOME}", "inside a path" },
                { "${HOME}x", "inside a path" },
                { "${HOME}${HOME}", "inside a path" },
                { "${HOME}/../x", "\"..\"" },
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
                char text[256];

                snprintf(text, sizeof(text), FILES("{\"path\":\"%s\",\"allow\":\"r\"}"), wrong[i].path);
                assert_refused(text, FILE_RULE ".path", wrong[i].words);
        }
}

static void paths_have_limits(void **state)
{
        char text[8192], name[5000];

        (void)state;
        memset(name, 'a', sizeof(name));
        name[256] = '\0';
        snprintf(text, sizeof(text), FILES("{\"path\":\"/%s\",\"allow\":\"r\"}"), name);
        assert_refused(text, FILE_RULE ".path", "256 bytes|at most 255");
        name[255] = '\0';
        snprintf(text, sizeof(text), FILES("{\"path\":\"/%s\",\"allow\":\"r\"}"), name);
        assert_accepted(text);
        memset(name, 'a', sizeof(name));
        for (int i = 0; i < 4096; i += 128)
                name[i] = '/';
        name[4096] = '\0';
        snprintf(text, sizeof(text), FILES("{\"path\":\"%s\",\"allow\":\"r\"}"), name);
        assert_refused(text, FILE_RULE ".path", "4096 bytes|at most 4095");
        name[4095] = '\0';
        snprintf(text, sizeof(text), FILES("{\"path\":\"%s\",\"allow\":\"r\"}"), name);
        assert_accepted(text);
}

static void a_slash_at_the_end_is_taken_off(void **state)
{
        struct policy *p =
                parsed(FILES(ALLOW("/usr/", "r") "," ALLOW("/", "r") "," ALLOW("${HOME}/", "r") "," ALLOW("/home/${USER}-x/$y", "r")));

        (void)state;
        assert_string_equal(p->rules[0].path, "/usr");
        assert_string_equal(p->rules[1].path, "/");
        assert_string_equal(p->rules[2].path, "${HOME}");
        assert_string_equal(p->rules[3].path, "/home/${USER}-x/$y");
        policy_free(p);
}

static void rights_are_distinct_letters(void **state)
{
        static const char *const wrong[] = { "", "a", "rr", "RW", "r w", "rwxcr", "r-x" };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
                char text[256];

                snprintf(text, sizeof(text), FILES("{\"path\":\"/a\",\"allow\":\"%s\"}"), wrong[i]);
                assert_refused(text, FILE_RULE ".allow", "rwxc");
                snprintf(text, sizeof(text), FILES("{\"path\":\"/a\",\"deny\":\"%s\"}"), wrong[i]);
                assert_refused(text, FILE_RULE ".deny", "rwxc");
        }
        assert_refused(FILES("{\"path\":\"/a\",\"allow\":\"rw\",\"deny\":\"wx\"}"), FILE_RULE, "\"w\" both");
        assert_accepted(FILES("{\"path\":\"/a\",\"allow\":\"cr\",\"deny\":\"xw\"}"));
}

static void rights_print_in_one_order(void **state)
{
        char text[5];
        uint8_t rights = 0;

        (void)state;
        for (int i = 1; i < 16; i++) {
                right_format((uint8_t)i, text);
                assert_int_equal(right_parse(text, &rights), 0);
                assert_int_equal(rights, i);
        }
        right_format(HF_RIGHTS_ALL, text);
        assert_string_equal(text, "rwxc");
        right_format(0, text);
        assert_string_equal(text, "");
}

#define DIGITS "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde"
#define SHA256(allow, value) FILES("{\"path\":\"/a\",\"allow\":\"" allow "\",\"sha256\":" value "}")

static void a_rule_with_x_may_name_the_sha256_of_what_runs(void **state)
{
        struct policy *one = parsed(SHA256("rx", "\"" DIGITS "f\"")), *more = parsed(SHA256("x", "[\"" DIGITS "f\",\"" DIGITS "0\"]"));

        (void)state;
        assert_int_equal(one->rules[0].n_sha256, 1);
        assert_int_equal(one->rules[0].sha256[0][0], 0x01);
        assert_int_equal(one->rules[0].sha256[0][31], 0xef);
        assert_int_equal(more->rules[0].n_sha256, 2);
        assert_int_equal(more->rules[0].sha256[1][31], 0xe0);
        policy_free(one);
        policy_free(more);
        assert_accepted(FILES("{\"path\":\"/a\",\"allow\":\"x\",\"hint\":\"Ask.\",\"sha256\":\"" DIGITS "f\"}"));
}

static void a_wrong_sha256_says_what_is_expected(void **state)
{
        char text[2048], many[17 * 68];
        size_t n = 0;

        (void)state;
        assert_refused(SHA256("x", "\"" DIGITS "\""), FILE_RULE ".sha256", "64 hexadecimal digits|sha256sum");
        assert_refused(SHA256("x", "\"" DIGITS "0f\""), FILE_RULE ".sha256", "64 hexadecimal digits");
        assert_refused(SHA256("x", "\"" DIGITS "g\""), FILE_RULE ".sha256", "64 hexadecimal digits");
        assert_refused(SHA256("x", "\"" DIGITS "F\""), FILE_RULE ".sha256", "capital letters|lower case");
        assert_refused(SHA256("x", "\"\""), FILE_RULE ".sha256", "sha256sum");
        assert_refused(SHA256("x", "7"), FILE_RULE ".sha256", "the number 7|sha256sum");
        assert_refused(SHA256("x", "[]"), FILE_RULE ".sha256", "array of 0|1 to 16");
        assert_refused(SHA256("x", "[\"" DIGITS "f\",\"no\"]"), FILE_RULE ".sha256[1]", "\"no\"");
        assert_refused(SHA256("r", "\"" DIGITS "f\""), FILE_RULE ".sha256", "does not allow \"x\"");
        assert_refused(SHA256("rwx", "\"" DIGITS "f\""), FILE_RULE ".sha256", "allows \"w\"");
        assert_refused(FILES("{\"path\":\"/a\",\"deny\":\"x\",\"sha256\":\"" DIGITS "f\"}"), FILE_RULE ".sha256", "does not allow");
        for (int i = 0; i < 17; i++)
                n += (size_t)snprintf(many + n, sizeof(many) - n, "%s\"" DIGITS "f\"", i ? "," : "");
        snprintf(text, sizeof(text), SHA256("x", "[%s]"), many);
        assert_refused(text, FILE_RULE ".sha256", "array of 17|1 to 16");
}

static void hints_go_with_denials(void **state)
{
        char text[2048], hint[502];

        (void)state;
        assert_refused(FILES("{\"path\":\"/a\",\"allow\":\"r\",\"hint\":\"x\"}"), FILE_RULE, "\"hint\" without \"deny\"");
        assert_refused(FILES("{\"path\":\"/a\",\"deny\":\"r\",\"hint\":\"\"}"), FILE_RULE ".hint", "a text");
        assert_refused(FILES("{\"path\":\"/a\",\"deny\":\"r\",\"hint\":\"\\u001b[2J\"}"), FILE_RULE ".hint", "control character");
        assert_refused(FILES("{\"path\":\"/a\",\"deny\":\"r\",\"hint\":\"\\u009b2J\"}"), FILE_RULE ".hint", "control character");
        memset(hint, 'h', 501);
        hint[501] = '\0';
        snprintf(text, sizeof(text), FILES("{\"path\":\"/a\",\"deny\":\"r\",\"hint\":\"%s\"}"), hint);
        assert_refused(text, FILE_RULE ".hint", "501 bytes|at most 500");
        hint[500] = '\0';
        snprintf(text, sizeof(text), FILES("{\"path\":\"/a\",\"deny\":\"r\",\"hint\":\"%s\"}"), hint);
        assert_accepted(text);
}

#define THROTTLE(throttle) CAPABILITY("{\"egress\":[{\"cidr\":\"10.0.0.0/8\"}],\"throttle\":" throttle "}")

static void throttles_limit_what_leaves(void **state)
{
        static const char at[] = "$.capabilities.base.throttle";
        struct policy *p =
                parsed(THROTTLE("{\"bytes_per_second\":\"1M\",\"connections_per_second\":20,\"budget\":\"3G\",\"then\":\"pause\"}"));

        (void)state;
        assert_int_equal(p->capabilities[0].throttle.bytes, 1 << 20);
        assert_int_equal(p->capabilities[0].throttle.connections, 20);
        assert_int_equal(p->capabilities[0].throttle.budget, 3ULL << 30);
        assert_int_equal(p->capabilities[0].throttle.then, HF_KILL_PAUSE);
        policy_free(p);
        assert_accepted(THROTTLE("{\"budget\":\"1\",\"then\":\"stop\"}"));
        assert_refused(THROTTLE("{}"), at, "\"budget\"");
        assert_refused(THROTTLE("\"1M\""), at, "object");
        assert_refused(THROTTLE("{\"then\":\"stop\",\"bytes_per_second\":\"1M\"}"), at, "\"then\" without");
        assert_refused(THROTTLE("{\"budget\":\"1M\",\"then\":\"ask\"}"), "$.capabilities.base.throttle.then", "\"pause\"");
        assert_refused(THROTTLE("{\"bytes_per_second\":\"1000\"}"), "$.capabilities.base.throttle.bytes_per_second", "1K");
        assert_refused(THROTTLE("{\"bytes_per_second\":1000}"), "$.capabilities.base.throttle.bytes_per_second", "size");
        assert_refused(THROTTLE("{\"connections_per_second\":0}"), "$.capabilities.base.throttle.connections_per_second", "1");
        assert_refused(THROTTLE("{\"bytes\":\"1M\"}"), "$.capabilities.base.throttle.bytes", "unknown");
        assert_refused(CAPABILITY("{\"throttle\":{\"budget\":\"1M\"}}"), "$.capabilities.base", "without \"egress\"");
}

static void what_is_told_of_a_capability_is_its_own_choice(void **state)
{
        static const char at[] = "$.capabilities.base.audit";
        struct policy *p = parsed(CAPABILITY("{\"audit\":[\"exec\",\"write\"]}")), *none = parsed(CAPABILITY("{}")),
                      *all = parsed(CAPABILITY("{\"audit\":\"all\"}")), *denials = parsed(CAPABILITY("{\"audit\":\"denials\"}"));

        (void)state;
        assert_int_equal(p->capabilities[0].audit, 1 << HF_AUDIT_EXEC | 1 << HF_AUDIT_WRITE);
        assert_int_equal(none->capabilities[0].audit, 1 << HF_AUDIT_CONNECT | 1 << HF_AUDIT_DNS);
        assert_false(none->capabilities[0].audits);
        assert_int_equal(all->capabilities[0].audit, (1 << HF_AUDITS) - 1);
        assert_int_equal(denials->capabilities[0].audit, 0);
        assert_true(denials->capabilities[0].audits);
        policy_free(p);
        policy_free(none);
        policy_free(all);
        policy_free(denials);
        assert_refused(CAPABILITY("{\"audit\":\"some\"}"), at, "\"all\"");
        assert_refused(CAPABILITY("{\"audit\":[\"reads\"]}"), "$.capabilities.base.audit[0]", "\"write\"");
        assert_accepted(CAPABILITY("{\"audit\":[]}"));
        assert_refused(CAPABILITY("{\"audit\":true}"), at, "array");
}

static void grants_go_with_asking(void **state)
{
        (void)state;
        assert_refused(CAPABILITY("{\"grant\":\"15m\"}"), "$.capabilities.base", "\"grant\" without");
        assert_refused(CAPABILITY("{\"authorization\":\"always\",\"grant\":\"15m\"}"), "$.capabilities.base", "\"grant\" without");
        assert_refused(CAPABILITY("{\"authorization\":\"never\"}"), "$.capabilities.base.authorization", "\"never\"|\"always\" or \"ask\"");
        assert_refused(CAPABILITY("{\"authorization\":\"ask\",\"grant\":\"15\"}"), "$.capabilities.base.grant", "duration");
        assert_refused(CAPABILITY("{\"authorization\":\"ask\",\"grant\":900}"), "$.capabilities.base.grant", "duration");
        assert_accepted(CAPABILITY("{\"grant\":\"15m\",\"authorization\":\"ask\"}"));
        assert_accepted(CAPABILITY("{\"authorization\":\"ask\"}"));
}

static void limits_follow_their_notation(void **state)
{
        static const struct {
                const char *field, *value;
        } wrong[] = {
                { "memory", "\"2GB\"" },  { "memory", "\"0\"" },     { "memory", "\"-1\"" },  { "memory", "\"2g\"" },
                { "memory", "\"1.5G\"" }, { "memory", "\"1025T\"" }, { "memory", "\" 2G\"" }, { "memory", "\"99999999999999999999\"" },
                { "memory", "\"02G\"" },  { "cpu", "\"200\"" },      { "cpu", "\"0%\"" },     { "cpu", "\"100001%\"" },
                { "cpu", "\"%\"" },       { "cpu", "200" },          { "wall", "\"2\"" },     { "wall", "\"2w\"" },
                { "wall", "\"366d\"" },   { "wall", "\"0s\"" },      { "wall", "\"1h30m\"" }, { "wall", "7200" },
                { "pids", "0" },          { "pids", "-1" },          { "pids", "1.5" },       { "pids", "4194305" },
                { "pids", "1e999" },      { "pids", "null" },        { "memory", "\"\"" },    { "wall", "\"h\"" },
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
                char text[256], where[32];

                snprintf(text, sizeof(text), POLICY(",\"limits\":{\"%s\":%s}"), wrong[i].field, wrong[i].value);
                snprintf(where, sizeof(where), "$.limits.%s", wrong[i].field);
                assert_refused(text, where, "found|expected");
        }
        assert_accepted(POLICY(",\"limits\":{\"memory\":\"1048576\",\"cpu\":\"1%\",\"pids\":1,\"wall\":\"365d\"}"));
        assert_accepted(POLICY(",\"limits\":{}"));
}

static void prefixes_have_no_host_bits(void **state)
{
        (void)state;
        assert_refused(EGRESS("{\"cidr\":\"10.1.2.3/8\"}"), EGRESS_RULE ".cidr", "\"10.0.0.0/8\"|\"10.1.2.3/32\"");
        assert_refused(EGRESS("{\"cidr\":\"2001:db8::1/32\"}"), EGRESS_RULE ".cidr", "\"2001:db8::/32\"|\"2001:db8::1/128\"");
        assert_refused(EGRESS("{\"cidr\":\"10.0.0.128/24\"}"), EGRESS_RULE ".cidr", "\"10.0.0.0/24\"");
        assert_refused(EGRESS("{\"cidr\":\"::ffff:10.0.0.0/104\"}"), EGRESS_RULE ".cidr", "IPv6's notation|\"10.0.0.0/8\"");
        assert_refused(EGRESS("{\"cidr\":\"::ffff:0:0/96\"}"), EGRESS_RULE ".cidr", "IPv6's notation|\"0.0.0.0/0\"");
        assert_accepted(EGRESS("{\"cidr\":\"0.0.0.0/0\"},{\"cidr\":\"::/0\"},{\"cidr\":\"10.0.0.1\"},{\"cidr\":\"10.0.0.1/"
                               "32\"},{\"cidr\":\"fe80::1\"}"));
}

static void some_addresses_are_named_each_by_itself(void **state)
{
        static const struct {
                const char *range, *what;
        } wrong[] = {
                { "0.0.0.0/8", "addresses of 0.0.0.0/8" },    { "0.1.0.0/31", "addresses of 0.0.0.0/8" },
                { "169.254.0.0/16", "link-local addresses" }, { "169.254.169.254/31", "link-local addresses" },
                { "fe80::/10", "link-local addresses" },      { "fe80::/64", "link-local addresses" },
                { "224.0.0.0/4", "multicast addresses" },     { "ff02::/16", "multicast addresses" },
                { "240.0.0.0/4", "reserved addresses" },      { "255.255.255.254/31", "reserved addresses" },
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
                char text[256], words[128];

                snprintf(text, sizeof(text), EGRESS("{\"cidr\":\"%s\"}"), wrong[i].range);
                snprintf(words, sizeof(words), "a range of %s|each address by itself", wrong[i].what);
                assert_refused(text, EGRESS_RULE ".cidr", words);
        }
        assert_accepted(EGRESS("{\"cidr\":\"169.254.169.254\"},{\"cidr\":\"ff02::fb/128\"},{\"cidr\":\"224.0.0.251\"},"
                               "{\"cidr\":\"255.255.255.255\"},{\"cidr\":\"0.0.0.0\"}"));
        assert_accepted(
                EGRESS("{\"cidr\":\"168.0.0.0/7\"},{\"cidr\":\"127.0.0.0/16\"},{\"cidr\":\"192.0.0.0/2\"},{\"cidr\":\"fe00::/7\"}"));
}

/* Egress by name. */

static void an_address_may_be_denied(void **state)
{
        struct policy *p = parsed(
                EGRESS("{\"cidr\":\"10.0.0.0/8\",\"deny\":true,\"port\":\"1-9\",\"proto\":\"udp\"},{\"cidr\":\"::1\",\"deny\":false}"));

        (void)state;
        assert_true(p->rules[0].denies && !p->rules[0].host);
        assert_int_equal(p->rules[0].prefix, 104);
        assert_int_equal(p->rules[0].port_to, 9);
        assert_int_equal(p->rules[0].proto, HF_UDP);
        assert_false(p->rules[1].denies);
        policy_free(p);
        assert_refused(EGRESS("{\"cidr\":\"10.0.0.1\",\"deny\":1}"), EGRESS_RULE ".deny", "the number 1|true or false");
        assert_refused(EGRESS("{\"cidr\":\"10.0.0.1\",\"deny\":true,\"private\":true}"), EGRESS_RULE ".private", "in a denial");
        assert_refused(EGRESS("{\"cidr\":\"10.0.0.1\",\"deny\":true,\"tls\":false}"), EGRESS_RULE ".tls", "beside \"cidr\"|remove it");
        assert_refused(EGRESS("{\"cidr\":\"10.0.0.1\",\"deny\":true,\"hint\":\"x\"}"), EGRESS_RULE ".hint", "unknown field");
}

static void a_range_of_addresses_that_open_each_by_itself_may_be_denied(void **state)
{
        (void)state;
        assert_accepted(EGRESS("{\"cidr\":\"169.254.0.0/16\",\"deny\":true},{\"deny\":true,\"cidr\":\"ff00::/8\"}"));
        assert_refused(EGRESS("{\"deny\":false,\"cidr\":\"169.254.0.0/16\"}"), EGRESS_RULE ".cidr", "a range of link-local addresses");
}

static void a_rule_has_a_host_or_a_cidr(void **state)
{
        (void)state;
        assert_refused(EGRESS("{\"host\":\"a.example\",\"cidr\":\"10.0.0.1\"}"), EGRESS_RULE, "both \"host\" and \"cidr\"|one of them");
        assert_refused(EGRESS("{\"cidr\":\"10.0.0.1\",\"tls\":true}"), EGRESS_RULE ".tls", "beside \"cidr\"|remove it");
        assert_refused(EGRESS("{\"host\":\"a.example\",\"deny\":true,\"tls\":true}"), EGRESS_RULE ".tls", "in a denial");
        assert_refused(EGRESS("{\"host\":\"a.example\",\"proto\":\"udp\",\"tls\":true}"), EGRESS_RULE ".tls", "QUIC");
        assert_refused(EGRESS("{\"host\":\"a.example\",\"tls\":\"yes\"}"), EGRESS_RULE ".tls", "true or false");
        assert_refused(EGRESS("{}"), EGRESS_RULE, "neither \"host\" nor \"cidr\"|one of them");
        assert_refused(EGRESS("{\"host\":1}"), EGRESS_RULE ".host", "the number 1|a name such as");
        assert_refused(EGRESS("{\"cidr\":\"10.0.0.1\",\"private\":true}"), EGRESS_RULE ".private",
                       "remove it; a \"cidr\" is opened as it is written");
        assert_refused(EGRESS("{\"host\":\"a.example\",\"private\":1}"), EGRESS_RULE ".private", "the number 1|true or false");
        assert_refused(EGRESS("{\"host\":\"a.example\",\"deny\":\"rw\"}"), EGRESS_RULE ".deny", "\"rw\"|true or false");
        assert_refused(EGRESS("{\"host\":\"a.example\",\"deny\":true,\"private\":true}"), EGRESS_RULE ".private", "in a denial");
        assert_accepted(EGRESS("{\"host\":\"a.example\",\"deny\":false,\"private\":true}"));
}

static void a_host_rule_is_read_as_written(void **state)
{
        struct policy *p = parsed(EGRESS("{\"host\":\"API.Example.com.\",\"port\":443,\"proto\":\"tcp\",\"private\":true},"
                                         "{\"host\":\"*.Example.com\",\"deny\":true},{\"cidr\":\"10.0.0.1\"}"));

        (void)state;
        assert_string_equal(p->rules[0].host, "api.example.com");
        assert_true(p->rules[0].private && !p->rules[0].denies);
        assert_int_equal(p->rules[0].port_from, 443);
        assert_int_equal(p->rules[0].proto, HF_TCP);
        assert_string_equal(p->rules[1].host, "*.example.com");
        assert_true(!p->rules[1].private && p->rules[1].denies);
        assert_int_equal(p->rules[1].port_from, 0);
        assert_int_equal(p->rules[1].port_to, UINT16_MAX);
        assert_int_equal(p->rules[1].proto, HF_TCP | HF_UDP);
        assert_null(p->rules[2].host);
        policy_free(p);
}

static void host_names_are_strict(void **state)
{
        static const struct {
                const char *host, *words;
        } wrong[] = {
                { "192.0.2.1", "the address|\"cidr\" instead" },
                { "192.0.2.0/24", "the address|\"cidr\" instead" },
                { "192.0.2.1:80", "the address|\"cidr\" instead" },
                { "http://192.0.2.1/", "the address|\"cidr\" instead" },
                { "2001:db8::1", "the address|\"cidr\" instead" },
                { "2001:db8::/32", "the address|\"cidr\" instead" },
                { "[2001:db8::1]", "the address|\"cidr\" instead" },
                { "[::1]:80", "the address|\"cidr\" instead" },
                { "2130706433", "the address|\"cidr\" instead" },
                { "127.1", "the address|\"cidr\" instead" },
                { "0x7f.1", "the address|\"cidr\" instead" },
                { "0X7F000001", "the address|\"cidr\" instead" },
                { "a.example:443", "more than a name|expected \"a.example\"|\"port\"" },
                { "https://a.example/x", "more than a name|expected \"a.example\"|\"port\"" },
                { "HTTPS://u:p@a.example:8443/x?y", "more than a name|expected \"a.example\"" },
                { "a.example/", "more than a name|expected \"a.example\"" },
                { "https://", "more than a name|the name alone" },
                { "b\303\274cher.example", "outside of ASCII|xn--" },
                { "*.*.example", "\"*\" within|first label" },
                { "a.*.example", "\"*\" within|first label" },
                { "*a.example", "\"*\" within|first label" },
                { "a*.example", "\"*\" within|first label" },
                { "**.example", "\"*\" within|first label" },
                { ".", "an empty label" },
                { "..", "an empty label" },
                { ".example", "an empty label" },
                { "a..example", "an empty label" },
                { "a.example..", "an empty label" },
                { "*..example", "an empty label" },
                { "a b.example", "a character" },
                { " a.example", "a character" },
                { "a,b.example", "a character" },
                { "a.example\\\\", "a character" },
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
                char text[256];

                snprintf(text, sizeof(text), EGRESS("{\"host\":\"%s\"}"), wrong[i].host);
                assert_refused(text, EGRESS_RULE ".host", wrong[i].words);
        }
        assert_accepted(EGRESS("{\"host\":\"localhost\"},{\"host\":\"_dmarc.a-b.example\"},{\"host\":\"xn--bcher-kva.example\"},"
                               "{\"host\":\"1.2.3.4.example\"},{\"host\":\"*.com\"},{\"host\":\"0x.x\"}"));
}

/* A rule for a name of that many bytes, after "*." where there is a star, the last label of as many. */
static const char *long_host(char out[1024], bool star, int total, int last)
{
        char name[512];
        int n = 0;

        while (total - n > last) {
                int label = total - n - last - 1 < 60 ? total - n - last - 1 : 60;

                n += sprintf(name + n, "%.*s.", label, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
        }
        memset(name + n, 'b', (size_t)last);
        name[total] = '\0';
        snprintf(out, 1024, EGRESS("{\"host\":\"%s%s\"}"), star ? "*." : "", name);
        return out;
}

static void host_names_have_lengths(void **state)
{
        char text[1024];

        (void)state;
        assert_accepted(long_host(text, false, 253, 63));
        assert_refused(long_host(text, false, 254, 63), EGRESS_RULE ".host", "254 bytes|at most 253");
        assert_accepted(long_host(text, true, 251, 63));
        assert_refused(long_host(text, true, 252, 63), EGRESS_RULE ".host", "254 bytes|at most 253");
        assert_refused(long_host(text, false, 200, 64), EGRESS_RULE ".host", "more than 63 bytes");
        assert_accepted(EGRESS("{\"host\":\"a\"},{\"host\":\"*.a\"}"));
}

static void addresses_are_strict(void **state)
{
        static const char *const wrong[] = { "",           "10.0.0",      "10.0.0.256",   "010.0.0.1",   "10.0.0.0/33",
                                             "10.0.0.0/",  "10.0.0.0/-1", "10.0.0.0/8 ",  "10.0.0.0/08", "10.0.0.0/8/8",
                                             "0x0a.0.0.1", "167772161",   "fe80::1%eth0", "::/129",      "example.org",
                                             "localhost",  "[::1]",       "/8",           "10.0.0.0/+8", "1.2.3.4:80" };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
                char text[256];

                snprintf(text, sizeof(text), EGRESS("{\"cidr\":\"%s\"}"), wrong[i]);
                assert_refused(text, EGRESS_RULE ".cidr", "an address or a prefix such as");
        }
}

static void ports_are_numbers_or_ranges(void **state)
{
        static const struct {
                const char *port, *words;
        } wrong[] = {
                { "-1", "0 to 65535" },       { "65536", "0 to 65535" },  { "1.5", "0 to 65535" },     { "\"443\"", "443 without quotes" },
                { "\"90-80\"", "not above" }, { "\"1-65536\"", "range" }, { "\"1-\"", "range" },       { "\"-5\"", "range" },
                { "\"http\"", "range" },      { "\"1-2-3\"", "range" },   { "[80]", "a port number" }, { "true", "a port number" },
                { "\"\"", "range" },          { "\"01-02\"", "range" },
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
                char text[256];

                snprintf(text, sizeof(text), EGRESS("{\"cidr\":\"10.0.0.1\",\"port\":%s}"), wrong[i].port);
                assert_refused(text, EGRESS_RULE ".port", wrong[i].words);
        }
        assert_refused(EGRESS("{\"cidr\":\"10.0.0.1\",\"proto\":\"TCP\"}"), EGRESS_RULE ".proto", "\"TCP\"|\"tcp\" or \"udp\"");
}

static void messages_do_not_carry_terminal_escapes_or_long_values(void **state)
{
        char text[4000], name[3000];
        _cleanup_findings_ struct findings findings = FINDINGS_INIT;
        struct policy *policy = NULL;

        (void)state;
        memset(name, 'n', sizeof(name) - 1);
        name[sizeof(name) - 1] = '\0';
        snprintf(text, sizeof(text), "{\"holdfast\":1,\"name\":\"\\u001b[31m%s\",\"capabilities\":{\"base\":{}}}", name);
        assert_int_equal(policy_parse(text, strlen(text), &policy, &findings), -EINVAL);
        assert_int_equal(findings.total, 1);
        assert_null(strchr(findings.list[0].what, '\x1b'));
        assert_non_null(strstr(findings.list[0].what, "\\u001b[31m"));
        assert_true(strlen(findings.list[0].what) < 400);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_whole_policy_becomes_a_model),
                cmocka_unit_test(syntax_errors_tell_line_and_column),
                cmocka_unit_test(strings_are_checked_before_anything_reads_them),
                cmocka_unit_test(a_nul_after_or_within_the_text_is_refused),
                cmocka_unit_test(nesting_is_bounded_before_anything_is_built),
                cmocka_unit_test(size_is_bounded),
                cmocka_unit_test(the_number_of_rules_is_bounded),
                cmocka_unit_test(duplicate_keys_are_refused_at_every_level),
                cmocka_unit_test(unknown_fields_are_refused_with_the_nearest_name),
                cmocka_unit_test(lists_of_names_hold_names_only),
                cmocka_unit_test(what_cannot_be_enforced_is_refused_and_says_so),
                cmocka_unit_test(what_is_done_on_revocation_is_kill_or_pause),
                cmocka_unit_test(what_is_done_once_control_is_lost_is_keep_pause_or_kill),
                cmocka_unit_test(trips_measure_each_in_its_notation),
                cmocka_unit_test(what_is_wrong_with_a_trip_is_told_where_it_is),
                cmocka_unit_test(wrong_types_tell_what_was_found),
                cmocka_unit_test(missing_fields_are_named),
                cmocka_unit_test(all_errors_come_at_once),
                cmocka_unit_test(names_follow_their_grammar),
                cmocka_unit_test(there_are_one_to_64_capabilities),
                cmocka_unit_test(paths_are_absolute_and_plain),
                cmocka_unit_test(paths_have_limits),
                cmocka_unit_test(a_slash_at_the_end_is_taken_off),
                cmocka_unit_test(rights_are_distinct_letters),
                cmocka_unit_test(rights_print_in_one_order),
                cmocka_unit_test(hints_go_with_denials),
                cmocka_unit_test(a_rule_with_x_may_name_the_sha256_of_what_runs),
                cmocka_unit_test(a_wrong_sha256_says_what_is_expected),
                cmocka_unit_test(throttles_limit_what_leaves),
                cmocka_unit_test(what_is_told_of_a_capability_is_its_own_choice),
                cmocka_unit_test(grants_go_with_asking),
                cmocka_unit_test(limits_follow_their_notation),
                cmocka_unit_test(prefixes_have_no_host_bits),
                cmocka_unit_test(some_addresses_are_named_each_by_itself),
                cmocka_unit_test(an_address_may_be_denied),
                cmocka_unit_test(a_range_of_addresses_that_open_each_by_itself_may_be_denied),
                cmocka_unit_test(a_rule_has_a_host_or_a_cidr),
                cmocka_unit_test(a_host_rule_is_read_as_written),
                cmocka_unit_test(host_names_are_strict),
                cmocka_unit_test(host_names_have_lengths),
                cmocka_unit_test(addresses_are_strict),
                cmocka_unit_test(ports_are_numbers_or_ranges),
                cmocka_unit_test(messages_do_not_carry_terminal_escapes_or_long_values),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
