/* SPDX-License-Identifier: Apache-2.0 */
/* Documents that the stream's key signs: whoever changes one is found. */
#include "unit/audit/fixture.h"

#include "audit/signed.h"

static char key[100], keys[100], document[100];

static struct audit *open_signing(void)
{
        const struct audit_options options = { .key = key };
        _cleanup_error_ struct error e = ERROR_INIT;
        struct audit *a = NULL;

        snprintf(key, sizeof(key), "%s/audit.key", folder);
        snprintf(keys, sizeof(keys), "%s.pub", stream);
        snprintf(document, sizeof(document), "%s/report.json", folder);
        if (audit_open(stream, &options, &a, &e) < 0)
                fail_msg("%s", error_text(&e));
        return a;
}

static int remove_all(void **state)
{
        unlink(key);
        unlink(keys);
        unlink(document);
        return folder_remove(state);
}

static void save(const char *bytes, size_t length)
{
        _cleanup_close_ int fd = open(document, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

        assert_int_equal(write(fd, bytes, length), length);
}

static void sign(const char *purpose, struct buffer *out)
{
        struct audit *a = open_signing();
        _cleanup_json_ cJSON *o = cJSON_Parse("{\"id\":\"ab\\u001f\",\"signature\":\"mine\",\"passed\":true,\"steps\":[{\"ns\":12}]}");

        assert_int_equal(signed_write(a, purpose, o, out, NULL), 0);
        audit_close(a);
        save(out->data, out->length);
}

static int verify(const char *purpose)
{
        _cleanup_json_ cJSON *read = NULL;

        return signed_read(document, purpose, keys, &read, NULL);
}

static void what_was_signed_verifies_and_says_what_it_said(void **state)
{
        _cleanup_buffer_ struct buffer line = BUFFER_INIT;
        _cleanup_json_ cJSON *read = NULL;
        bool passed = false;

        (void)state;
        sign(SIGNED_DRILL, &line);
        assert_int_equal(signed_read(document, SIGNED_DRILL, keys, &read, NULL), 0);
        assert_int_equal(json_get_bool(read, "passed", &passed), 0);
        assert_true(passed);
        assert_string_equal(json_get_string(read, "id"), "ab\x1f");
        assert_null(json_get_string(read, "signature"));
}

static void a_change_of_any_byte_is_found(void **state)
{
        _cleanup_buffer_ struct buffer line = BUFFER_INIT;

        (void)state;
        sign(SIGNED_DRILL, &line);
        for (size_t i = 0; i < line.length; i++) {
                line.data[i] ^= 1;
                save(line.data, line.length);
                if (verify(SIGNED_DRILL) != -EBADMSG)
                        fail_msg("byte %zu of %s", i, line.data);
                line.data[i] ^= 1;
        }
        save(line.data, line.length - 1);
        assert_int_equal(verify(SIGNED_DRILL), -EBADMSG);
        save(line.data, 0);
        assert_int_equal(verify(SIGNED_DRILL), -EBADMSG);
        save(line.data, line.length);
        assert_int_equal(verify(SIGNED_DRILL), 0);
}

static void a_signature_is_good_for_its_purpose_only(void **state)
{
        _cleanup_buffer_ struct buffer line = BUFFER_INIT;

        (void)state;
        sign("checkpoint", &line);
        assert_int_equal(verify("checkpoint"), 0);
        assert_int_equal(verify(SIGNED_DRILL), -EBADMSG);
}

static void another_key_is_told_apart(void **state)
{
        _cleanup_buffer_ struct buffer line = BUFFER_INIT;
        _cleanup_error_ struct error e = ERROR_INIT;
        _cleanup_json_ cJSON *read = NULL;

        (void)state;
        sign(SIGNED_DRILL, &line);
        unlink(key);
        unlink(keys);
        audit_close(open_signing());
        assert_int_equal(signed_read(document, SIGNED_DRILL, keys, &read, &e), -EBADMSG);
        assert_non_null(strstr(error_text(&e), "another key"));
}

static void a_stream_without_a_key_signs_nothing(void **state)
{
        struct audit *a = open_stream();
        _cleanup_buffer_ struct buffer line = BUFFER_INIT;
        _cleanup_json_ cJSON *o = cJSON_CreateObject();

        (void)state;
        assert_int_equal(signed_write(a, SIGNED_DRILL, o, &line, NULL), -ENOKEY);
        assert_int_equal(line.length, 0);
        audit_close(a);
}

int main(void)
{
#define SIGNED(name) cmocka_unit_test_setup_teardown(name, folder_make, remove_all)
        const struct CMUnitTest tests[] = {
                SIGNED(what_was_signed_verifies_and_says_what_it_said),
                SIGNED(a_change_of_any_byte_is_found),
                SIGNED(a_signature_is_good_for_its_purpose_only),
                SIGNED(another_key_is_told_apart),
                TEST(a_stream_without_a_key_signs_nothing),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
