/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/id.c"
#include "daemon/killset.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static struct killset set;

/* What the sessions are: text that is never changed. */
static struct capability capabilities[] = { { .name = (char[]){ "base" } }, { .name = (char[]){ "llm" } }, { .name = (char[]){ "push" } } };
static struct policy three = { .capabilities = capabilities, .n_capabilities = 3 },
                     one = { .capabilities = capabilities, .n_capabilities = 1 };
static const struct session first = {
        .id = "aaaaaaaa", .agent = (char[]){ "coder" }, .version = (char[]){ "1" }, .uid = 1000, .user = (char[]){ "dev" }, .policy = &three
};
static const struct session second = {
        .id = "bbbbbbbb", .agent = (char[]){ "coder" }, .version = (char[]){ "2" }, .uid = 1001, .user = (char[]){ "eve" }, .policy = &one
};
static const struct session third = {
        .id = "cccccccc", .agent = (char[]){ "coder2" }, .version = (char[]){ "" }, .uid = 1001, .user = (char[]){ "eve" }, .policy = &three
};
static const struct session *const all[] = { &first, &second, &third };

static struct target target(enum kill_scope scope, const char *session, const char *name, const char *version)
{
        struct target t = { .scope = scope };

        snprintf(t.session, sizeof(t.session), "%s", session);
        snprintf(t.name, sizeof(t.name), "%s", name);
        snprintf(t.version, sizeof(t.version), "%s", version);
        return t;
}

static struct kill *add(struct target t, uint32_t strength, const char *reason)
{
        struct kill *k = kill_new(&t, strength, 0, reason, "root", 1);

        assert_non_null(k);
        assert_int_equal(killset_add(&set, k), 0);
        return k;
}

static struct kill *add_session(const char *session, uint32_t strength, const char *reason)
{
        return add(target_session(session), strength, reason);
}

static struct kill *add_all(uint32_t strength, const char *reason)
{
        return add(target(KILL_ALL, "", "", ""), strength, reason);
}

/* Which of the three sessions it is for, as text. */
static void is_for(const char *expected, struct target t)
{
        char found[8] = "";

        for (size_t i = 0; i < ARRAY_SIZE(all); i++)
                if (target_matches(&t, all[i]))
                        strncat(found, (char[]){ (char)('1' + i), 0 }, 2);
        assert_string_equal(found, expected);
}

static int clear(void **state)
{
        (void)state;
        killset_clear(&set);
        return 0;
}

static void nothing_stands_in_an_empty_set(void **state)
{
        (void)state;
        assert_int_equal(killset_bits(&set, &first), 0);
        assert_int_equal(killset_bits(&set, NULL), 0);
        assert_int_equal(killset_capabilities(&set, &first, &three), 0);
        assert_null(killset_strictest(&set, &first));
        assert_null(killset_strictest(&set, NULL));
}

static void each_scope_is_for_the_sessions_it_names(void **state)
{
        (void)state;
        is_for("1", target_session("aaaaaaaa"));
        is_for("", target_session("aaaaaaa"));
        is_for("12", target(KILL_AGENT, "", "coder", ""));
        is_for("2", target(KILL_AGENT, "", "coder", "2"));
        is_for("", target(KILL_AGENT, "", "coder", "20"));
        is_for("3", target(KILL_AGENT, "", "coder2", ""));
        is_for("", target(KILL_AGENT, "", "code", ""));
        is_for("23", target(KILL_USER, "", "eve", ""));
        is_for("1", target(KILL_USER, "", "1000", ""));
        is_for("", target(KILL_USER, "", "100", ""));
        is_for("13", target(KILL_CAPABILITY, "", "llm", ""));
        is_for("123", target(KILL_CAPABILITY, "", "base", ""));
        is_for("3", target(KILL_CAPABILITY, "cccccccc", "llm", ""));
        is_for("", target(KILL_CAPABILITY, "bbbbbbbb", "llm", ""));
        is_for("", target(KILL_CAPABILITY, "", "ll", ""));
        is_for("123", target(KILL_ALL, "", "", ""));
}

static void a_session_whose_policy_cannot_be_read_has_any_capability(void **state)
{
        struct session lost = first;
        const struct target t = target(KILL_CAPABILITY, "", "llm", "");

        (void)state;
        lost.policy = NULL;
        assert_true(target_matches(&t, &lost));
        assert_true(target_bits(&t, NULL) == ~0ULL);
}

static void a_kill_asks_for_its_bit_on_its_session_only(void **state)
{
        (void)state;
        add_session("aaaaaaaa", HF_KILL_DENY, "");
        assert_int_equal(killset_bits(&set, &first), HF_KILL_DENY);
        assert_int_equal(killset_bits(&set, &second), 0);
        assert_int_equal(killset_bits(&set, NULL), 0);
}

static void kills_of_a_session_its_agent_and_its_user_are_joined(void **state)
{
        struct kill *pause, *user;

        (void)state;
        pause = add_session("aaaaaaaa", HF_KILL_PAUSE, "");
        add(target(KILL_AGENT, "", "coder", ""), HF_KILL_DENY, "");
        user = add(target(KILL_USER, "", "dev", ""), HF_KILL_KILL, "");
        assert_int_equal(killset_bits(&set, &first), HF_KILL_PAUSE | HF_KILL_DENY | HF_KILL_KILL);
        assert_int_equal(killset_bits(&set, &second), HF_KILL_DENY);
        assert_int_equal(killset_bits(&set, &third), 0);
        killset_remove(&set, pause);
        assert_int_equal(killset_bits(&set, &first), HF_KILL_DENY | HF_KILL_KILL);
        user->strength = 0; /* as while it is lifted */
        assert_int_equal(killset_bits(&set, &first), HF_KILL_DENY);
        assert_int_equal(killset_strictest(&set, &first)->strength, HF_KILL_DENY);
}

static void the_same_kill_twice_stands_until_both_are_lifted(void **state)
{
        struct kill *one_kill, *other;

        (void)state;
        one_kill = add_session("aaaaaaaa", HF_KILL_DENY, "");
        other = add_session("aaaaaaaa", HF_KILL_DENY, "");
        killset_remove(&set, one_kill);
        assert_int_equal(killset_bits(&set, &first), HF_KILL_DENY);
        killset_remove(&set, other);
        assert_int_equal(killset_bits(&set, &first), 0);
}

static void a_kill_of_all_is_in_the_word_of_the_host_only(void **state)
{
        (void)state;
        add_all(HF_KILL_KILL, "all of them");
        assert_int_equal(killset_bits(&set, NULL), HF_KILL_KILL);
        assert_int_equal(killset_bits(&set, &first), 0);
        assert_string_equal(killset_strictest(&set, &first)->reason, "all of them");
        assert_string_equal(killset_strictest(&set, NULL)->reason, "all of them");
}

static void killed_capabilities_follow_the_policy(void **state)
{
        struct kill *push, *again;

        (void)state;
        add(target(KILL_CAPABILITY, "", "llm", ""), HF_KILL_DENY, "");
        push = add(target(KILL_CAPABILITY, "aaaaaaaa", "push", ""), HF_KILL_DENY, "mine");
        again = add(target(KILL_CAPABILITY, "", "push", ""), HF_KILL_DENY, "");
        assert_int_equal(killset_capabilities(&set, &first, &three), 6);
        assert_int_equal(killset_capabilities(&set, &first, &one), 0);
        killset_remove(&set, again);
        assert_int_equal(killset_capabilities(&set, &first, &three), 6);
        assert_int_equal(killset_capabilities(&set, &third, &three), 2);
        assert_ptr_equal(killset_capability(&set, &first, "push"), push);
        assert_null(killset_capability(&set, &third, "push"));
        /* The session itself goes on. */
        assert_int_equal(killset_bits(&set, &first), 0);
        assert_null(killset_strictest(&set, &first));
        push->strength = 0;
        assert_int_equal(killset_capabilities(&set, &first, &three), 2);
}

static void the_strictest_reason_is_shown(void **state)
{
        (void)state;
        add_session("aaaaaaaa", HF_KILL_DENY, "deny");
        add_all(HF_KILL_PAUSE, "pause");
        assert_string_equal(killset_strictest(&set, &first)->reason, "pause");
        add(target(KILL_AGENT, "", "coder", "1"), HF_KILL_KILL, "kill");
        add_session("bbbbbbbb", HF_KILL_KILL, "another's");
        assert_string_equal(killset_strictest(&set, &first)->reason, "kill");
        assert_string_equal(killset_strictest(&set, NULL)->reason, "pause");
}

static void only_a_pause_of_the_session_itself_is_its_pause(void **state)
{
        struct kill *pause;

        (void)state;
        add(target(KILL_AGENT, "", "coder", ""), HF_KILL_PAUSE, "");
        add_session("aaaaaaaa", HF_KILL_DENY, "");
        assert_false(killset_paused(&set, "aaaaaaaa", NULL));
        pause = add_session("aaaaaaaa", HF_KILL_PAUSE, "");
        assert_true(killset_paused(&set, "aaaaaaaa", NULL));
        assert_false(killset_paused(&set, "aaaaaaaa", pause));
}

static void kills_are_walked_by_target_and_found_by_id(void **state)
{
        const struct target t = target(KILL_CAPABILITY, "", "llm", "");
        struct kill *k;
        size_t i = 0;

        (void)state;
        add(target(KILL_CAPABILITY, "aaaaaaaa", "llm", ""), HF_KILL_DENY, "");
        add(target(KILL_AGENT, "", "llm", ""), HF_KILL_DENY, "");
        k = add(t, HF_KILL_DENY, "");
        assert_ptr_equal(killset_next(&set, &t, &i), k);
        assert_null(killset_next(&set, &t, &i));
        assert_ptr_equal(killset_find(&set, k->id), k);
        assert_null(killset_find(&set, "no-such"));
}

static void a_target_reads_as_it_was_asked_for(void **state)
{
        static const struct {
                enum kill_scope scope;
                const char *session, *name, *version, *text, *json;
        } cases[] = {
                { KILL_SESSION, "aaaaaaaa", "", "", "session aaaaaaaa", "{\"session\":\"aaaaaaaa\"}" },
                { KILL_AGENT, "", "coder", "1", "agent coder@1", "{\"agent\":\"coder\",\"version\":\"1\"}" },
                { KILL_CAPABILITY, "aaaaaaaa", "llm", "", "capability llm of session aaaaaaaa",
                  "{\"capability\":\"llm\",\"session\":\"aaaaaaaa\"}" },
                { KILL_USER, "", "dev", "", "user dev", "{\"user\":\"dev\"}" },
                { KILL_ALL, "", "", "", "all", "{\"all\":true}" },
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                const struct target t = target(cases[i].scope, cases[i].session, cases[i].name, cases[i].version);
                _cleanup_json_ cJSON *o = cJSON_CreateObject();
                _cleanup_free_ char *json = NULL;
                char text[TARGET_TEXT_SIZE];

                target_add_json(o, &t);
                json = cJSON_PrintUnformatted(o);
                assert_string_equal(json, cases[i].json);
                assert_string_equal(target_text(&t, text), cases[i].text);
                assert_int_equal(kill_scope_parse(kill_scope_name(cases[i].scope)), cases[i].scope);
        }
        assert_int_equal(kill_scope_parse("host"), -EINVAL);
}

static void ids_are_eight_characters_of_base32_and_differ(void **state)
{
        char a[ID_SIZE], b[ID_SIZE];

        (void)state;
        id_new(a);
        id_new(b);
        assert_int_equal(strlen(a), ID_LENGTH);
        assert_int_equal(strspn(a, "abcdefghijklmnopqrstuvwxyz234567"), ID_LENGTH);
        assert_string_not_equal(a, b);
        assert_true(id_number() != id_number());
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_teardown(nothing_stands_in_an_empty_set, clear),
                cmocka_unit_test(each_scope_is_for_the_sessions_it_names),
                cmocka_unit_test(a_session_whose_policy_cannot_be_read_has_any_capability),
                cmocka_unit_test_teardown(a_kill_asks_for_its_bit_on_its_session_only, clear),
                cmocka_unit_test_teardown(kills_of_a_session_its_agent_and_its_user_are_joined, clear),
                cmocka_unit_test_teardown(the_same_kill_twice_stands_until_both_are_lifted, clear),
                cmocka_unit_test_teardown(a_kill_of_all_is_in_the_word_of_the_host_only, clear),
                cmocka_unit_test_teardown(killed_capabilities_follow_the_policy, clear),
                cmocka_unit_test_teardown(the_strictest_reason_is_shown, clear),
                cmocka_unit_test_teardown(only_a_pause_of_the_session_itself_is_its_pause, clear),
                cmocka_unit_test_teardown(kills_are_walked_by_target_and_found_by_id, clear),
                cmocka_unit_test(a_target_reads_as_it_was_asked_for),
                cmocka_unit_test(ids_are_eight_characters_of_base32_and_differ),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
