/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/export_cef.c"

#include "cli/export_ocsf.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#define HEAD "{\"seq\":7,\"time\":\"2026-01-02T03:04:05.678901234Z\","
#define FILE_EVENT \
        HEAD "\"session\":\"s1\",\"agent\":\"coder\",\"user\":\"dev\",\"pid\":12,\"uid\":1000,\"comm\":\"a=b|c\",\"kind\":\"file\"," \
             "\"verdict\":\"deny\",\"right\":\"w\",\"op\":\"open\",\"path\":\"/srv/" \
             "a\\nb\\\\c\",\"capability\":\"none\",\"rule\":\"default deny\"," \
             "\"why\":\"no_rule\",\"reason\":\"no capability allows it\",\"hash\":\"ab\"}"
#define CLOSE_EVENT \
        HEAD "\"session\":\"s1\",\"agent\":\"coder\",\"user\":\"dev\",\"pid\":12,\"uid\":0,\"comm\":\"c\",\"kind\":\"connect\"," \
             "\"verdict\":\"allow\",\"op\":\"close\",\"addr\":\"2001:db8::1\",\"port\":443,\"proto\":\"tcp\",\"host\":\"x.example\"," \
             "\"local_port\":4000,\"sent\":5,\"received\":6,\"hash\":\"ab\"}"

static int export_with(int (*format)(struct buffer *, const cJSON *, const char *), const char *text, struct buffer *out)
{
        _cleanup_json_ cJSON *event = cJSON_Parse(text);

        assert_non_null(event);
        return format(out, event, "host1");
}

static void cef(const char *text, const char *expected)
{
        _cleanup_buffer_ struct buffer out = BUFFER_INIT;

        assert_int_equal(export_with(export_cef, text, &out), 0);
        assert_string_equal(out.data, expected);
}

static void a_refusal_becomes_a_line_of_cef_with_what_is_special_escaped(void **state)
{
        (void)state;
        cef(FILE_EVENT,
            "CEF:0|holdfast|holdfast|" HOLDFAST_VERSION
            "|file.open|file open denied|6|rt=1767323045678 externalId=7 dvchost=host1 act=deny reason=no capability allows it "
            "suser=dev suid=1000 spid=12 sproc=a\\=b|c filePath=/srv/a\\nb\\\\c cs1=s1 cs1Label=session cs2=coder cs2Label=agent "
            "cs3=none cs3Label=capability cs4=default deny cs4Label=rule cs5=no_rule cs5Label=why cs6=ab cs6Label=hash\n");
}

static void a_connection_becomes_a_line_of_cef(void **state)
{
        (void)state;
        cef(CLOSE_EVENT, "CEF:0|holdfast|holdfast|" HOLDFAST_VERSION
                         "|connect.close|connect close|2|rt=1767323045678 externalId=7 dvchost=host1 c6a3=2001:db8::1 "
                         "c6a3Label=Destination IPv6 Address act=allow suser=dev suid=0 spid=12 sproc=c dhost=x.example dpt=443 proto=tcp "
                         "spt=4000 out=5 in=6 cs1=s1 cs1Label=session cs2=coder cs2Label=agent cs6=ab cs6Label=hash\n");
        cef(HEAD "\"kind\":\"a|b\",\"count\":3}",
            "CEF:0|holdfast|holdfast|" HOLDFAST_VERSION "|a\\|b|a\\|b|2|rt=1767323045678 externalId=7 dvchost=host1 cnt=3\n");
}

/* Asserts that the export as OCSF has each of these members: a path of names, and what is there as JSON. */
static void ocsf(const char *text, const char *const (*expected)[2])
{
        _cleanup_buffer_ struct buffer out = BUFFER_INIT;
        _cleanup_json_ cJSON *o = NULL, *event = cJSON_Parse(text);

        assert_int_equal(export_with(export_ocsf, text, &out), 0);
        assert_int_equal(out.data[out.length - 1], '\n');
        o = cJSON_Parse(out.data);
        assert_non_null(o);
        for (; (*expected)[0]; expected++) {
                _cleanup_free_ char *path = strdup((*expected)[0]), *printed = NULL;
                const cJSON *at = o;
                char *rest = path, *name;

                while ((name = strsep(&rest, ".")))
                        at = cJSON_GetObjectItemCaseSensitive(at, name);
                if (!at)
                        fail_msg("%s is not there in %s", (*expected)[0], out.data);
                printed = cJSON_PrintUnformatted(at);
                if (strcmp(printed, (*expected)[1]) != 0)
                        fail_msg("%s: expected %s, got %s", (*expected)[0], (*expected)[1], printed);
        }
        assert_true(cJSON_Compare(cJSON_GetObjectItem(o, "unmapped"), event, true));
}

static void a_refusal_becomes_file_system_activity(void **state)
{
        static const char *const expected[][2] = {
                { "time", "1767323045678" },
                { "class_uid", "1001" },
                { "category_uid", "1" },
                { "activity_id", "14" },
                { "type_uid", "100114" },
                { "severity_id", "3" },
                { "action_id", "2" },
                { "disposition_id", "2" },
                { "status_id", "2" },
                { "message", "\"no capability allows it\"" },
                { "metadata.version", "\"1.3.0\"" },
                { "metadata.sequence", "7" },
                { "device.hostname", "\"host1\"" },
                { "actor.process.pid", "12" },
                { "actor.user.uid", "\"1000\"" },
                { "actor.session.uid", "\"s1\"" },
                { "file.path", "\"/srv/a\\nb\\\\c\"" },
                { "file.name", "\"a\\nb\\\\c\"" },
                { NULL, NULL },
        };

        (void)state;
        ocsf(FILE_EVENT, expected);
}

static void a_connection_becomes_network_activity(void **state)
{
        static const char *const expected[][2] = {
                { "class_uid", "4001" },
                { "activity_id", "2" },
                { "type_uid", "400102" },
                { "action_id", "1" },
                { "dst_endpoint.ip", "\"2001:db8::1\"" },
                { "dst_endpoint.port", "443" },
                { "dst_endpoint.hostname", "\"x.example\"" },
                { "connection_info.protocol_name", "\"tcp\"" },
                { "traffic.bytes_out", "5" },
                { "traffic.bytes_in", "6" },
                { NULL, NULL },
        };

        (void)state;
        ocsf(CLOSE_EVENT, expected);
}

static void what_has_no_class_of_its_own_is_a_base_event(void **state)
{
        static const char *const expected[][2] = {
                { "class_uid", "0" }, { "activity_id", "99" }, { "type_uid", "99" }, { "severity_id", "4" }, { NULL, NULL },
        };

        (void)state;
        ocsf(HEAD "\"session\":null,\"kind\":\"kill\",\"op\":\"set\",\"verdict\":\"deny\"}", expected);
}

static void what_is_no_event_is_refused(void **state)
{
        static const char *const wrong[] = { "{}", "[]", "{\"seq\":1,\"kind\":\"file\"}",
                                             "{\"seq\":1,\"kind\":\"file\",\"time\":\"now\"}" };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
                _cleanup_buffer_ struct buffer out = BUFFER_INIT;

                assert_int_equal(export_with(export_cef, wrong[i], &out), -EINVAL);
                assert_int_equal(export_with(export_ocsf, wrong[i], &out), -EINVAL);
                assert_int_equal(out.length, 0);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_refusal_becomes_a_line_of_cef_with_what_is_special_escaped),
                cmocka_unit_test(a_connection_becomes_a_line_of_cef),
                cmocka_unit_test(a_refusal_becomes_file_system_activity),
                cmocka_unit_test(a_connection_becomes_network_activity),
                cmocka_unit_test(what_has_no_class_of_its_own_is_a_base_event),
                cmocka_unit_test(what_is_no_event_is_refused),
        };

        return cmocka_run_group_tests_name("export", tests, NULL, NULL);
}
