/* SPDX-License-Identifier: Apache-2.0 */
#include "learn/learn.h"

#include "base/cleanup.h"
#include "base/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct learn_places places = { "/home/dev/work", "/home/dev" };

static void take(struct record *r, const char *text)
{
        _cleanup_json_ cJSON *event = cJSON_Parse(text);

        assert_non_null(event);
        assert_int_equal(record_add(r, event), 0);
}

static void took(struct record *r, const char *right, const char *path)
{
        _cleanup_free_ char *text = NULL;

        assert_true(asprintf(&text, "{\"kind\":\"file\",\"verdict\":\"allow\",\"op\":\"open\",\"right\":\"%s\",\"path\":\"%s\"}", right, path) > 0);
        take(r, text);
}

static void went(struct record *r, const char *host, const char *addr, int port)
{
        _cleanup_free_ char *text = NULL;

        assert_true(asprintf(&text, "{\"kind\":\"connect\",\"verdict\":\"allow\",\"op\":\"connect\",\"proto\":\"tcp\",\"addr\":\"%s\",\"port\":%d%s%s%s}", addr,
                             port, host ? ",\"host\":\"" : "", host ? host : "", host ? "\"" : "") > 0);
        take(r, text);
}

/* The text of what is suggested, as short as it can be. */
static char *suggested(struct record *r, struct findings *left_out)
{
        const struct suggestion s = { .name = "s", .places = places };
        _cleanup_json_ cJSON *policy = NULL;
        char *text;

        record_finish(r);
        policy = learn_suggest(r, &s, left_out);
        assert_non_null(policy);
        text = cJSON_PrintUnformatted(cJSON_GetObjectItemCaseSensitive(policy, "capabilities"));
        record_clear(r);
        return text;
}

#define NO_FINDINGS &(struct findings)FINDINGS_INIT

static void assert_suggested(struct record *r, const char *capability, const char *rule)
{
        _cleanup_findings_ struct findings left_out = FINDINGS_INIT;
        _cleanup_free_ char *text = suggested(r, &left_out);
        _cleanup_json_ cJSON *all = cJSON_Parse(text);
        _cleanup_free_ char *one = cJSON_PrintUnformatted(cJSON_GetObjectItemCaseSensitive(all, capability));

        if (!one || !strstr(one, rule))
                fail_msg("no rule %s of %s in %s", rule, capability, text);
        assert_int_equal(left_out.total, 0);
}

static void assert_left_out(struct record *r, const char *why)
{
        _cleanup_findings_ struct findings left_out = FINDINGS_INIT;
        _cleanup_free_ char *text = suggested(r, &left_out);

        assert_non_null(strstr(text, "\"files\":[]"));
        assert_int_equal(left_out.total, 1);
        assert_non_null(strstr(left_out.list[0].what, why));
}

static void files_are_folded_to_what_they_belong_to(void **state)
{
        static const struct {
                const char *right, *path, *capability, *rule;
        } cases[] = {
                { "r", "/home/dev/work/src/main.c", "reads", "{\"path\":\"${WORKSPACE}\",\"allow\":\"r\"}" },
                { "w", "/home/dev/work", "writes", "{\"path\":\"${WORKSPACE}\",\"allow\":\"w\"}" },
                { "r", "/home/dev/.toolrc", "reads", "\"${HOME}/.toolrc\"" },
                { "w", "/home/dev/.tool/state/1", "writes", "\"${HOME}/.tool\"" },
                { "w", "/home/dev/.cache/tool/a/b", "writes", "\"${HOME}/.cache/tool\"" },
                { "r", "/home/dev/.config/tool/conf.d/1", "reads", "\"${HOME}/.config/tool\"" },
                { "r", "/home/dev/.local/share/tool/x", "reads", "\"${HOME}/.local/share/tool\"" },
                { "rx", "/usr/bin/env", "programs", "{\"path\":\"/usr\",\"allow\":\"rx\"}" },
                { "rx", "/opt/tool/lib/x.so", "programs", "\"/opt/tool\"" },
                { "r", "/etc/ssl/certs/ca.pem", "reads", "\"/etc/ssl\"" },
                { "r", "/etc/hosts", "reads", "\"/etc/hosts\"" },
                { "r", "/proc/123/status", "reads", "\"/proc\"" },
                { "r", "/sys/devices/system/cpu/online", "reads", "\"/sys/devices/system\"" },
                { "rw", "/dev/pts/3", "writes", "\"/dev/pts\"" },
                { "rw", "/dev/null", "writes", "\"/dev/null\"" },
                { "w", "/tmp/a1b2/c", "writes", "\"/tmp\"" },
                { "w", "/var/lib/tool/db", "writes", "\"/var/lib/tool\"" },
                { "r", "/srv/data/set/1", "reads", "\"/srv/data\"" },
        };

        (void)state;
        for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
                struct record r = RECORD_INIT;

                took(&r, cases[i].right, cases[i].path);
                assert_suggested(&r, cases[i].capability, cases[i].rule);
        }
}

static void rules_come_together(void **state)
{
        _cleanup_findings_ struct findings left_out = FINDINGS_INIT;
        _cleanup_free_ char *text = NULL;
        struct record r = RECORD_INIT;

        (void)state;
        took(&r, "r", "/home/dev/.tool/a");
        took(&r, "w", "/home/dev/.tool/b");
        took(&r, "r", "/home/dev/.tool/a");
        took(&r, "r", "/home/dev/.tool");
        took(&r, "r", "/srv/data/x");
        took(&r, "r", "/srv/data-more/x");
        text = suggested(&r, &left_out);
        assert_string_equal(text, "{\"reads\":{\"description\":\"What it read.\",\"files\":[{\"path\":\"/srv/data\",\"allow\":\"r\"},{\"path\":\"/srv/data-more\",\"allow\":"
                                  "\"r\"}]},\"writes\":{\"description\":\"Where it wrote.\",\"files\":[{\"path\":\"${HOME}/.tool\",\"allow\":\"rw\"}]}}");
}

static void what_is_dangerous_is_to_be_asked_for(void **state)
{
        static const struct {
                const char *right, *path, *capability, *rule;
        } cases[] = {
                { "w", "/home/dev/.bashrc", "check-runs-later", "\"${HOME}/.bashrc\"" },
                { "w", "/home/dev/.config/systemd/user/x.service", "check-runs-later", "\"${HOME}/.config/systemd\"" },
                { "w", "/home/dev/.local/bin/tool", "check-runs-later", "\"${HOME}/.local/bin/tool\"" },
                { "r", "/home/dev/.ssh/id_ed25519", "check-secrets", "\"${HOME}/.ssh\"" },
                { "r", "/etc/shadow", "check-secrets", "\"/etc/shadow\"" },
                { "w", "/usr/lib/x", "check-system", "\"/usr\"" },
                { "w", "/etc/cron.d/x", "check-system", "\"/etc/cron.d\"" },
                { "wx", "/var/tmp/x", "check-written-and-run", "\"/var/tmp\"" },
                { "c", "/run/docker.sock", "check-sockets", "\"/run/docker.sock\"" },
                { "c", "/run/user/1000/bus", "check-sockets", "\"/run/user/1000/bus\",\"allow\":\"c\"" },
        };

        (void)state;
        for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
                struct record r = RECORD_INIT;

                took(&r, cases[i].right, cases[i].path);
                assert_suggested(&r, cases[i].capability, cases[i].rule);
                took(&r, cases[i].right, cases[i].path);
                assert_suggested(&r, cases[i].capability, "\"authorization\":\"ask\"");
        }
}

static void too_much_is_left_out(void **state)
{
        static const char *const paths[] = { "/", "/home", "/home/dev", "/etc", "/var/lib", "/home/dev/.config", "/srv" };

        (void)state;
        for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++) {
                struct record r = RECORD_INIT;

                took(&r, "r", paths[i]);
                assert_left_out(&r, "would open all");
        }
        {
                struct record r = RECORD_INIT;

                took(&r, "r", "/srv/a*b/x");
                assert_left_out(&r, "pattern");
        }
        {
                struct record r = RECORD_INIT;

                took(&r, "r", "/srv/${HOME}/x");
                assert_left_out(&r, "pattern");
        }
}

static void names_of_one_owner_come_together(void **state)
{
        struct record r = RECORD_INIT;

        (void)state;
        went(&r, "api.example.com", "203.0.113.1", 443);
        went(&r, "api.example.com", "203.0.113.2", 443);
        assert_suggested(&r, "network", "\"egress\":[{\"host\":\"api.example.com\",\"port\":443,\"proto\":\"tcp\"}]");
        went(&r, "a.example.com", "203.0.113.1", 443);
        went(&r, "b.example.com", "203.0.113.1", 443);
        went(&r, "c.example.com", "203.0.113.1", 443);
        went(&r, "d.example.com", "203.0.113.1", 443);
        went(&r, "d.example.com", "203.0.113.1", 80);
        assert_suggested(&r, "network",
                         "[{\"host\":\"*.example.com\",\"port\":443,\"proto\":\"tcp\"},{\"host\":\"d.example.com\",\"port\":80,\"proto\":\"tcp\"}]");
        for (int i = 0; i < 5; i++)
                went(&r, (const char *[]){ "a.s3.amazonaws.com", "b.github.io", "c.github.io", "d.github.io", "e.github.io" }[i], "203.0.113.1", 443);
        assert_suggested(&r, "network", "{\"host\":\"b.github.io\"");
        went(&r, NULL, "203.0.113.1", 443);
        assert_suggested(&r, "check-addresses", "\"cidr\":\"203.0.113.1\"");
        went(&r, NULL, "10.0.0.7", 5432);
        assert_suggested(&r, "check-near", "10.0.0.7");
        went(&r, "mail.example.com", "203.0.113.1", 587);
        assert_suggested(&r, "check-mail-and-shells", "587");
}

static void what_tells_of_no_use_is_passed_over(void **state)
{
        struct record r = RECORD_INIT;

        (void)state;
        take(&r, "{\"kind\":\"file\",\"verdict\":\"deny\",\"op\":\"open\",\"right\":\"r\",\"path\":\"/srv/x\"}");
        take(&r, "{\"kind\":\"session\",\"op\":\"start\"}");
        take(&r, "{\"kind\":\"file\",\"verdict\":\"allow\",\"right\":\"r\"}");
        take(&r, "{\"kind\":\"file\",\"verdict\":\"allow\",\"right\":\"open\",\"path\":\"/x\"}");
        take(&r, "{\"kind\":\"connect\",\"verdict\":\"allow\",\"op\":\"close\",\"addr\":\"203.0.113.1\",\"port\":1,\"proto\":\"tcp\"}");
        take(&r, "{\"kind\":\"connect\",\"verdict\":\"allow\",\"op\":\"connect\",\"addr\":\"203.0.113.1\",\"port\":70000,\"proto\":\"tcp\"}");
        take(&r, "{\"kind\":\"lost\",\"count\":7}");
        take(&r, "{\"kind\":\"file\",\"verdict\":\"allow\",\"right\":\"r\",\"path\":\"/x\",\"dev\":\"0:42\"}");
        take(&r, "[]");
        assert_int_equal(r.n, 1);
        assert_true(r.list[0].refused);
        assert_int_equal(r.lost, 7);
        assert_int_equal(r.vague, 1);
        {
                _cleanup_free_ char *text = suggested(&r, NO_FINDINGS);

                assert_non_null(strstr(text, "\"files\":[]"));
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(files_are_folded_to_what_they_belong_to), cmocka_unit_test(rules_come_together),
                cmocka_unit_test(what_is_dangerous_is_to_be_asked_for),    cmocka_unit_test(too_much_is_left_out),
                cmocka_unit_test(names_of_one_owner_come_together),        cmocka_unit_test(what_tells_of_no_use_is_passed_over),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
