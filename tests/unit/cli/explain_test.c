/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/advice.c"
#include "cli/output.c"
#include "cli/target.c"

#define is explanation_is
#include "cli/explanation.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static void right_questions_become_queries(void **state)
{
        static const char *const questions[][3] = {
                { "r", "/etc/passwd", "?right=r&path=%2Fetc%2Fpasswd" },
                { "rwxc", "/a b&c=d", "?right=rwxc&path=%2Fa%20b%26c%3Dd" },
                { "connect", "192.0.2.1:443", "?right=connect&addr=192.0.2.1&port=443&proto=tcp" },
                { "connect", "[2001:db8::1]:53/udp", "?right=connect&addr=2001%3Adb8%3A%3A1&port=53&proto=udp" },
                { "connect", "example.org:443", "?right=connect&host=example.org&port=443&proto=tcp" },
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(questions); i++) {
                _cleanup_free_ char *query = target_query(questions[i][0], questions[i][1]);

                assert_null(target_wrong(questions[i][0], questions[i][1]));
                assert_string_equal(query, questions[i][2]);
        }
}

static void wrong_questions_are_told_apart(void **state)
{
        (void)state;
        assert_non_null(strstr(target_wrong("q", "/x"), "rwxc"));
        assert_non_null(strstr(target_wrong("", "/x"), "rwxc"));
        assert_non_null(strstr(target_wrong("rr", "/x"), "rwxc"));
        assert_non_null(strstr(target_wrong("r", "x"), "absolute"));
        assert_non_null(strstr(target_wrong("connect", "192.0.2.1"), "PORT"));
        assert_null(target_wrong("connect", "example.org:1"));
}

/* The rule that is advised for an object given as JSON, as text; NULL: none. */
static char *loosened(const char *text, char **advice)
{
        _cleanup_json_ cJSON *o = cJSON_Parse(text);
        _cleanup_buffer_ struct buffer out = BUFFER_INIT;
        const cJSON *rule;

        assert_non_null(o);
        assert_int_equal(advice_add(o), 0);
        *advice = json_get_string(o, "advice") ? strdup(json_get_string(o, "advice")) : NULL;
        rule = json_get_object(o, "loosen");
        if (!rule)
                return NULL;
        assert_int_equal(json_print(&out, rule, 4096), 0);
        return TAKE_PTR(out.data);
}

static void advises(const char *text, const char *rule, const char *words)
{
        _cleanup_free_ char *advice = NULL, *got = loosened(text, &advice);

        if (rule)
                assert_string_equal(got, rule);
        else
                assert_null(got);
        if (words && (!advice || !strstr(advice, words)))
                fail_msg("\"%s\" is not in \"%s\"", words, advice ? advice : "");
        if (!words)
                assert_null(advice);
}

static void a_refusal_without_a_rule_is_loosened_by_one(void **state)
{
        (void)state;
        advises("{\"verdict\":\"deny\",\"why\":\"no_rule\",\"right\":\"rw\",\"refused\":\"w\",\"path\":\"/etc/x\"}",
                "{\"path\":\"/etc/x\",\"allow\":\"w\"}", "\"files\"");
        advises("{\"verdict\":\"deny\",\"why\":\"no_rule\",\"right\":\"connect\",\"addr\":\"192.0.2.1\",\"port\":443,\"proto\":\"tcp\"}",
                "{\"cidr\":\"192.0.2.1\",\"port\":443,\"proto\":\"tcp\"}", "\"egress\"");
        advises("{\"verdict\":\"deny\",\"why\":\"no_rule\",\"right\":\"query\",\"host\":\"example.org\",\"type\":\"A\",\"proto\":\"udp\"}",
                "{\"host\":\"example.org\"}", "\"egress\"");
        advises("{\"verdict\":\"deny\",\"why\":\"rule\",\"right\":\"w\",\"path\":\"/etc/x\",\"rule\":\"$.a\"}",
                "{\"path\":\"/etc/x\",\"allow\":\"w\"}", "$.a");
}

static void what_no_rule_can_open_gets_none(void **state)
{
        (void)state;
        advises("{\"verdict\":\"deny\",\"why\":\"guard\",\"right\":\"r\",\"path\":\"/proc/kcore\"}", NULL, "no rule");
        advises("{\"verdict\":\"deny\",\"why\":\"killed\",\"right\":\"r\",\"path\":\"/x\",\"session\":\"abc\"}", NULL, "holdfast lift abc");
        advises("{\"verdict\":\"deny\",\"why\":\"way\",\"right\":\"w\",\"path\":\"/x\"}", NULL, "folder");
        advises("{\"verdict\":\"deny\",\"why\":\"killed\",\"right\":\"r\",\"path\":\"/x\",\"session\":\"abc\",\"kill\":\"kkkkkkkk\"}", NULL,
                "holdfast lift --id kkkkkkkk");
        advises("{\"verdict\":\"deny\",\"why\":\"inactive\",\"right\":\"r\",\"path\":\"/x\",\"capability\":\"late\",\"kill\":\"kkkkkkkk\"}",
                NULL, "holdfast lift --id kkkkkkkk");
        advises("{\"verdict\":\"deny\",\"why\":\"inactive\",\"right\":\"r\",\"path\":\"/x\",\"capability\":\"late\"}", NULL, "late");
        advises("{\"verdict\":\"deny\",\"why\":\"inactive\",\"right\":\"r\",\"path\":\"/x\",\"capability\":\"late\","
                "\"capabilities\":[{\"name\":\"late\",\"state\":\"killed\"}]}",
                NULL, "lift the kill of the capability late");
        advises("{\"verdict\":\"deny\",\"why\":\"rule\",\"layer\":\"host\",\"right\":\"r\",\"path\":\"/x\"}", NULL, "the host's ceiling");
        advises("{\"verdict\":\"deny\",\"why\":\"no_rule\",\"right\":\"c\"}", NULL, "neither");
        advises("{\"verdict\":\"deny\",\"why\":\"no_rule\",\"right\":\"r\",\"path\":\"/a*\"}", NULL, "folder above");
        advises("{\"verdict\":\"deny\",\"why\":\"no_rule\",\"right\":\"r\",\"path\":\"/a\",\"dev\":\"0:3\"}", NULL, "folder above");
        advises("{\"verdict\":\"allow\",\"why\":\"allowed\",\"right\":\"r\",\"path\":\"/x\"}", NULL, NULL);
}

/* What a printer makes of JSON. */
static char *printed(void (*print)(FILE *, const cJSON *), const char *text)
{
        _cleanup_json_ cJSON *o = cJSON_Parse(text);
        char *out = NULL;
        size_t size = 0;
        FILE *to = open_memstream(&out, &size);

        assert_non_null(o);
        assert_non_null(to);
        advice_add(o);
        print(to, o);
        fclose(to);
        return out;
}

static void an_explanation_has_verdict_reason_rule_and_hint(void **state)
{
        _cleanup_free_ char *text = printed(
                explanation_print, "{\"verdict\":\"deny\",\"right\":\"rw\",\"refused\":\"w\",\"asked\":\"/l/k\",\"path\":\"/srv/k\","
                                   "\"exists\":false,\"own\":false,\"way\":false,\"capability\":\"base\",\"rule\":\"$.a[1]\","
                                   "\"hint\":\"Ask\\u001b[31m.\",\"why\":\"rule\",\"reason\":\"a rule denies it\"}");

        (void)state;
        assert_string_equal(text, "refused: w /srv/k\n"
                                  "  because     a rule denies it\n"
                                  "  capability  base\n"
                                  "  rule        $.a[1]\n"
                                  "  hint        Ask?[31m.\n"
                                  "  asked for   /l/k\n"
                                  "  note        it does not exist yet\n"
                                  "  to allow    {\"path\":\"/srv/k\",\"allow\":\"w\"}\n"
                                  "              add it to \"files\" of a capability: it is nearer than $.a[1]\n");
}

static void a_revoked_mapping_tells_what_was_done(void **state)
{
        _cleanup_free_ char *text =
                printed(refusal_print, "{\"verdict\":\"deny\",\"op\":\"revoke\",\"right\":\"w\",\"path\":\"/srv/k\",\"why\":\"guard\","
                                       "\"action\":\"pause\",\"comm\":\"tool\",\"pid\":7,\"seq\":3,\"session\":\"abc\"}");

        (void)state;
        assert_non_null(strstr(text, "tool[7] tried to go on using its mapping of /srv/k (w)  #3\n"));
        assert_non_null(strstr(text, "  done        the session was paused\n"));
}

static void what_is_allowed_is_short(void **state)
{
        _cleanup_free_ char *text = printed(explanation_print, "{\"verdict\":\"allow\",\"right\":\"connect\",\"addr\":\"::1\",\"port\":53,"
                                                               "\"proto\":\"udp\",\"capability\":\"net\",\"rule\":\"$.n\","
                                                               "\"why\":\"allowed\",\"reason\":\"a rule allows it\"}");

        (void)state;
        assert_string_equal(text, "allowed: connect [::1]:53/udp\n"
                                  "  because     a rule allows it\n"
                                  "  capability  net\n"
                                  "  rule        $.n\n");
}

static void a_refusal_reads_as_a_sentence(void **state)
{
        _cleanup_free_ char *text = printed(
                refusal_print, "{\"time\":\"2026-01-02T03:04:05.123456789Z\",\"seq\":7,\"session\":\"abc\",\"comm\":\"cat\",\"pid\":9,"
                               "\"verdict\":\"deny\",\"right\":\"r\",\"op\":\"open\",\"path\":\"/x\",\"capability\":\"none\","
                               "\"rule\":\"default deny\",\"why\":\"no_rule\",\"reason\":\"no capability allows it\"}");
        _cleanup_free_ char *guard =
                printed(refusal_print, "{\"verdict\":\"deny\",\"right\":\"ptrace\",\"op\":\"ptrace\",\"kind\":\"guard\","
                                       "\"detail\":4,\"why\":\"guard\",\"comm\":\"gdb\",\"pid\":3,\"seq\":1}");

        (void)state;
        assert_string_equal(text, "2026-01-02 03:04:05  abc  cat[9] tried to read /x (r)  #7\n"
                                  "  because     no capability allows it\n"
                                  "  capability  none\n"
                                  "  rule        default deny\n"
                                  "  to allow    {\"path\":\"/x\",\"allow\":\"r\"}\n"
                                  "              add it to \"files\" of a capability that is granted\n");
        assert_non_null(strstr(guard, "gdb[3] tried to use ptrace 4  #1\n"));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(right_questions_become_queries),
                cmocka_unit_test(wrong_questions_are_told_apart),
                cmocka_unit_test(a_refusal_without_a_rule_is_loosened_by_one),
                cmocka_unit_test(what_no_rule_can_open_gets_none),
                cmocka_unit_test(an_explanation_has_verdict_reason_rule_and_hint),
                cmocka_unit_test(a_revoked_mapping_tells_what_was_done),
                cmocka_unit_test(what_is_allowed_is_short),
                cmocka_unit_test(a_refusal_reads_as_a_sentence),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
