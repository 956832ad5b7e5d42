/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/config.c"
#include "daemon/config_hosts.c"
#include "daemon/config_remote.c"
#include "daemon/file.c"
#include "daemon/journal.c"
#include "daemon/roles.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

/* Reads a configuration with this text. */
static int with(const char *text, struct config *c, struct error *e)
{
        char path[] = "/tmp/holdfast-config-XXXXXX";
        int fd = mkstemp(path), r;

        assert_true(fd >= 0);
        assert_int_equal(write(fd, text, strlen(text)), strlen(text));
        close(fd);
        r = config_read(path, true, c, e);
        unlink(path);
        return r;
}

static void refuses(const char *text, const char *where)
{
        _cleanup_config_ struct config c = CONFIG_INIT;
        _cleanup_error_ struct error e = ERROR_INIT;

        assert_int_equal(with(text, &c, &e), -EINVAL);
        assert_non_null(strstr(error_text(&e), where));
        assert_null(c.socket);
}

static void an_absent_default_configuration_gives_the_defaults(void **state)
{
        _cleanup_config_ struct config c = CONFIG_INIT;

        (void)state;
        assert_int_equal(config_read("/nonexistent/holdfast.json", false, &c, NULL), 0);
        assert_string_equal(c.socket, PATH_SOCKET);
        assert_string_equal(c.audit, PATH_AUDIT);
        assert_string_equal(c.state, PATH_STATE);
        assert_string_equal(c.ceilings, PATH_CEILINGS);
        assert_null(c.group);
}

static void an_absent_configuration_that_was_named_is_an_error(void **state)
{
        _cleanup_config_ struct config c = CONFIG_INIT;
        _cleanup_error_ struct error e = ERROR_INIT;

        (void)state;
        assert_int_equal(config_read("/nonexistent/holdfast.json", true, &c, &e), -ENOENT);
        assert_non_null(strstr(error_text(&e), "/nonexistent/holdfast.json"));
}

static void what_is_given_is_taken_and_the_rest_stays(void **state)
{
        _cleanup_config_ struct config c = CONFIG_INIT;
        _cleanup_error_ struct error e = ERROR_INIT;

        (void)state;
        assert_int_equal(with("{\"socket\": \"/run/x.sock\", \"group\": \"wheel\", \"log_level\": \"debug\"}", &c, &e), 0);
        assert_string_equal(c.socket, "/run/x.sock");
        assert_string_equal(c.group, "wheel");
        assert_int_equal(c.log_level, LOG_LEVEL_DEBUG);
        assert_string_equal(c.audit, PATH_AUDIT);
}

static void the_audit_stream_is_rotated_as_it_says(void **state)
{
        _cleanup_config_ struct config c = CONFIG_INIT, other = CONFIG_INIT;

        (void)state;
        assert_int_equal(with("{}", &c, NULL), 0);
        assert_int_equal(c.audit_rotate_size, 1 << 30);
        assert_int_equal(c.audit_rotate_age, 0);
        assert_int_equal(c.audit_keep, 0);
        assert_int_equal(with("{\"audit_rotate_size\": \"64M\", \"audit_rotate_age\": \"24h\", \"audit_keep\": 7}", &other, NULL), 0);
        assert_int_equal(other.audit_rotate_size, 64 << 20);
        assert_int_equal(other.audit_rotate_age, 24 * 3600);
        assert_int_equal(other.audit_keep, 7);
}

static void control_is_lost_after_30_s_or_what_it_says(void **state)
{
        _cleanup_config_ struct config c = CONFIG_INIT, other = CONFIG_INIT;

        (void)state;
        assert_int_equal(with("{}", &c, NULL), 0);
        assert_int_equal(c.control_timeout, 30);
        assert_int_equal(with("{\"control_timeout\": \"5m\"}", &other, NULL), 0);
        assert_int_equal(other.control_timeout, 300);
}

static void what_is_wrong_is_named(void **state)
{
        (void)state;
        refuses("{\"sockets\": \"/run/x.sock\"}", "$.sockets");
        refuses("{\"socket\": \"relative\"}", "$.socket");
        refuses("{\"audit\": 7}", "$.audit");
        refuses("{\"group\": \"\"}", "$.group");
        refuses("{\"log_level\": \"loud\"}", "$.log_level");
        refuses("{\"audit_rotate_size\": \"64\"}", "$.audit_rotate_size");
        refuses("{\"audit_rotate_size\": 67108864}", "$.audit_rotate_size");
        refuses("{\"audit_rotate_age\": \"5s\"}", "$.audit_rotate_age");
        refuses("{\"control_timeout\": \"2s\"}", "$.control_timeout");
        refuses("{\"control_timeout\": 30}", "$.control_timeout");
        refuses("{\"audit_keep\": \"7\"}", "$.audit_keep");
        refuses("{\"journal\": true}", "$.journal");
        refuses("{\"journal\": \"some\"}", "$.journal");
        refuses("{\"audit_keep\": -1}", "$.audit_keep");
        refuses("{\"audit_keep\": 1.5}", "$.audit_keep");
        refuses("{\"audit_keep\": 1e300}", "$.audit_keep");
        refuses("[]", "JSON object");
        refuses("{} trailing", "JSON object");
        refuses("", "JSON object");
}

static void what_tcp_needs_is_taken(void **state)
{
        _cleanup_config_ struct config c = CONFIG_INIT;
        _cleanup_error_ struct error e = ERROR_INIT;

        (void)state;
        assert_int_equal(with("{\"listen\": \"[::1]:8443\", \"tls_certificate\": \"/c.pem\", \"tls_key\": \"/k.pem\","
                              " \"roles\": {\"operator\": \"ops\"}}",
                              &c, &e),
                         0);
        assert_string_equal(c.remote.listen, "[::1]:8443");
        assert_string_equal(c.remote.certificate, "/c.pem");
        assert_string_equal(c.remote.key, "/k.pem");
        assert_string_equal(c.remote.groups[CALLER_OPERATOR], "ops");
        assert_null(c.remote.groups[CALLER_ADMIN]);
}

static void what_is_wrong_about_tcp_is_named(void **state)
{
        (void)state;
        refuses("{\"listen\": \"127.0.0.1:8443\"}", "needs $.tls_certificate");
        refuses("{\"listen\": \"127.0.0.1:8443\", \"tls_certificate\": \"/c.pem\"}", "needs $.tls_key");
        refuses("{\"tls_key\": \"/k.pem\"}", "$.tls_key");
        refuses("{\"tls_certificate\": \"c.pem\"}", "$.tls_certificate");
        refuses("{\"listen\": \"localhost:8443\"}", "$.listen");
        refuses("{\"listen\": \"127.0.0.1\"}", "$.listen");
        refuses("{\"listen\": \"127.0.0.1:0\"}", "$.listen");
        refuses("{\"listen\": \"127.0.0.1:8443/tcp\"}", "$.listen");
        refuses("{\"listen\": 8443}", "$.listen");
        refuses("{\"roles\": {\"root\": \"wheel\"}}", "$.roles.root");
        refuses("{\"roles\": {\"admin\": \"\"}}", "$.roles.admin");
        refuses("{\"roles\": \"wheel\"}", "$.roles");
}

static void the_rules_of_the_host_are_taken(void **state)
{
        _cleanup_config_ struct config c = CONFIG_INIT;
        _cleanup_error_ struct error e = ERROR_INIT;
        const struct host_rule *r;

        (void)state;
        assert_int_equal(
                with("{\"hosts\": [{\"executable\": \"/usr/local/bin/claude\", \"policy\": \"coding-agent\"},"
                     " {\"executable\": \"${HOME}/.local/bin/claude\", \"user\": \"root\", \"policy\": \"p\", \"agent\": \"coder\","
                     "  \"version\": \"1.4\", \"workspace\": \"/srv/work\", \"cgroup\": \"/sys/fs/cgroup/ci.slice\"}]}",
                     &c, &e),
                0);
        assert_int_equal(c.hosts.count, 2);
        r = &c.hosts.list[0];
        assert_string_equal(r->executable, "/usr/local/bin/claude");
        assert_string_equal(r->agent, "claude");
        assert_int_equal(r->user, (uid_t)-1);
        assert_null(r->workspace);
        r = &c.hosts.list[1];
        assert_string_equal(r->executable, "/root/.local/bin/claude");
        assert_int_equal(r->user, 0);
        assert_string_equal(r->agent, "coder");
        assert_string_equal(r->version, "1.4");
        assert_string_equal(r->workspace, "/srv/work");
        assert_string_equal(r->cgroup, "/ci.slice");
}

static void what_is_wrong_about_the_rules_of_the_host_is_named(void **state)
{
        (void)state;
        refuses("{\"hosts\": {}}", "$.hosts: expected an array");
        refuses("{\"hosts\": [7]}", "$.hosts[0]: expected an object");
        refuses("{\"hosts\": [{\"executable\": \"/bin/a\"}]}", "$.hosts[0].policy");
        refuses("{\"hosts\": [{\"executable\": \"/bin/a\", \"policy\": \"p\"}, {\"policy\": \"p\"}]}", "$.hosts[1].executable");
        refuses("{\"hosts\": [{\"user\": \"root\", \"policy\": \"p\"}]}", "a user or a cgroup alone is no rule");
        refuses("{\"hosts\": [{\"executable\": \"claude\", \"policy\": \"p\"}]}", "$.hosts[0].executable");
        refuses("{\"hosts\": [{\"executable\": \"/opt/*/claude\", \"policy\": \"p\"}]}", "patterns are none");
        refuses("{\"hosts\": [{\"executable\": 7, \"policy\": \"p\"}]}", "$.hosts[0].executable");
        refuses("{\"hosts\": [{\"executable\": \"${HOME}/a\", \"policy\": \"p\"}]}", "$.hosts[0].user");
        refuses("{\"hosts\": [{\"executable\": \"/bin/a\", \"user\": \"no such user\", \"policy\": \"p\"}]}", "$.hosts[0].user");
        refuses("{\"hosts\": [{\"executable\": \"/bin/a\", \"user\": 0, \"policy\": \"p\"}]}", "$.hosts[0].user");
        refuses("{\"hosts\": [{\"executable\": \"/bin/a\", \"cgroup\": \"ci.slice\", \"policy\": \"p\"}]}", "$.hosts[0].cgroup");
        refuses("{\"hosts\": [{\"executable\": \"/bin/a b\", \"policy\": \"p\"}]}", "$.hosts[0].agent");
        refuses("{\"hosts\": [{\"executable\": \"/bin/a\", \"policy\": \"p\", \"agent\": \"a b\"}]}", "$.hosts[0].agent");
        refuses("{\"hosts\": [{\"executable\": \"/bin/a\", \"policy\": \"p\", \"workspace\": \"work\"}]}", "$.hosts[0].workspace");
        refuses("{\"hosts\": [{\"executable\": \"/bin/a\", \"policy\": \"p\", \"program\": \"x\"}]}", "$.hosts[0].program");
}

static void writes(const char *path, const char *text, mode_t mode)
{
        FILE *f = fopen(path, "w");

        assert_non_null(f);
        fputs(text, f);
        fclose(f);
        assert_int_equal(chmod(path, mode), 0);
}

static void a_key_that_others_may_read_is_refused(void **state)
{
        static const mode_t refused[] = { 0644, 0604, 0602, 0620, 0601 };
        char path[] = "/tmp/holdfast-key-XXXXXX";
        _cleanup_error_ struct error e = ERROR_INIT;
        _cleanup_free_ char *text = NULL;

        (void)state;
        close(mkstemp(path));
        for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
                writes(path, "key", refused[i]);
                assert_int_equal(config_remote_read("tls_key", path, true, &text, &e), -EPERM);
                assert_non_null(strstr(error_text(&e), path));
        }
        writes(path, "key", 0640);
        assert_int_equal(config_remote_read("tls_key", path, true, &text, &e), 0);
        assert_string_equal(text, "key");
        unlink(path);
}

static void a_certificate_that_cannot_be_read_is_named(void **state)
{
        _cleanup_error_ struct error e = ERROR_INIT;
        char *text = NULL;

        (void)state;
        assert_int_equal(config_remote_read("tls_certificate", "/nonexistent/c.pem", false, &text, &e), -ENOENT);
        assert_non_null(strstr(error_text(&e), "$.tls_certificate: cannot read /nonexistent/c.pem"));
        assert_int_equal(config_remote_read("tls_certificate", "/tmp", false, &text, &e), -EINVAL);
        assert_null(text);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(an_absent_default_configuration_gives_the_defaults),
                cmocka_unit_test(an_absent_configuration_that_was_named_is_an_error),
                cmocka_unit_test(what_is_given_is_taken_and_the_rest_stays),
                cmocka_unit_test(the_audit_stream_is_rotated_as_it_says),
                cmocka_unit_test(control_is_lost_after_30_s_or_what_it_says),
                cmocka_unit_test(what_is_wrong_is_named),
                cmocka_unit_test(what_tcp_needs_is_taken),
                cmocka_unit_test(what_is_wrong_about_tcp_is_named),
                cmocka_unit_test(the_rules_of_the_host_are_taken),
                cmocka_unit_test(what_is_wrong_about_the_rules_of_the_host_is_named),
                cmocka_unit_test(a_key_that_others_may_read_is_refused),
                cmocka_unit_test(a_certificate_that_cannot_be_read_is_named),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
