/* SPDX-License-Identifier: Apache-2.0 */
/* What a well-behaved client sees. It is libcurl, as in users' hands. */
#include "fixture.h"

#include <curl/curl.h>
#include <time.h>

struct answer {
        long status;
        struct buffer body, headers;
        cJSON *json; /* NULL where the body is none */
};

static size_t collect(char *bytes, size_t size, size_t n, void *buffer)
{
        return buffer_append(buffer, bytes, size * n) == 0 ? n : 0;
}

static void answer_clear(struct answer *a)
{
        buffer_clear(&a->body);
        buffer_clear(&a->headers);
        cJSON_Delete(a->json);
}
#define _cleanup_answer_ __attribute__((cleanup(answer_clear)))

static CURL *client;

static struct answer request(const char *method, const char *path, const char *body, size_t length)
{
        struct answer a = { 0 };
        char url[512];

        snprintf(url, sizeof(url), "http://localhost%s", path);
        curl_easy_reset(client);
        curl_easy_setopt(client, CURLOPT_UNIX_SOCKET_PATH, server.socket);
        curl_easy_setopt(client, CURLOPT_URL, url);
        curl_easy_setopt(client, CURLOPT_PATH_AS_IS, 1L);
        curl_easy_setopt(client, CURLOPT_TIMEOUT_MS, (long)WAIT_MS);
        curl_easy_setopt(client, CURLOPT_WRITEFUNCTION, collect);
        curl_easy_setopt(client, CURLOPT_WRITEDATA, &a.body);
        curl_easy_setopt(client, CURLOPT_HEADERDATA, &a.headers);
        if (body) {
                curl_easy_setopt(client, CURLOPT_POSTFIELDS, body);
                curl_easy_setopt(client, CURLOPT_POSTFIELDSIZE, (long)length);
        }
        if (strcmp(method, "HEAD") == 0)
                curl_easy_setopt(client, CURLOPT_NOBODY, 1L);
        else
                curl_easy_setopt(client, CURLOPT_CUSTOMREQUEST, method);
        assert_int_equal(curl_easy_perform(client), CURLE_OK);
        curl_easy_getinfo(client, CURLINFO_RESPONSE_CODE, &a.status);
        a.json = a.body.data ? cJSON_Parse(a.body.data) : NULL;
        return a;
}

static struct answer get(const char *path)
{
        return request("GET", path, NULL, 0);
}

static struct answer post_json(const char *body)
{
        return request("POST", "/v1/json", body, strlen(body));
}

static void assert_member(const struct answer *a, const char *name, const char *value)
{
        const char *found = json_get_string(a->json, name);

        assert_non_null(found);
        assert_string_equal(found, value);
}

static void assert_problem(const struct answer *a, long status, const char *type)
{
        uint64_t said;

        assert_int_equal(a->status, status);
        assert_non_null(strcasestr(a->headers.data, "Content-Type: application/problem+json\r\n"));
        assert_member(a, "type", type);
        assert_int_equal(json_get_u64(a->json, "status", &said), 0);
        assert_int_equal(said, status);
        assert_non_null(json_get_string(a->json, "title"));
        assert_non_null(json_get_string(a->json, "detail"));
}

static void an_unknown_path_is_answered_with_a_problem_document(void **state)
{
        static const char *const paths[] = { "/",
                                             "/v1",
                                             "/v1/",
                                             "/v2/echo",
                                             "/v1/things",
                                             "/v1/things/",
                                             "/v1/things/a/b",
                                             "/v1/things//echo",
                                             "/v1//things/a",
                                             "/V1/things/a",
                                             "/v1/things/a/echo/" };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
                _cleanup_answer_ struct answer a = get(paths[i]);

                assert_problem(&a, 404, "urn:holdfast:path");
        }
}

static void a_known_path_with_another_method_says_which_it_takes(void **state)
{
        _cleanup_answer_ struct answer a = request("PATCH", "/v1/things/a", NULL, 0), b = get("/v1/echo");

        (void)state;
        assert_problem(&a, 405, "urn:holdfast:method");
        assert_non_null(strcasestr(a.headers.data, "Allow: GET, HEAD, DELETE\r\n"));
        assert_problem(&b, 405, "urn:holdfast:method");
        assert_non_null(strcasestr(b.headers.data, "Allow: POST\r\n"));
}

static void a_segment_is_decoded_after_the_path_was_split(void **state)
{
        _cleanup_answer_ struct answer a = get("/v1/things/a%2Fb%20c+d%C3%A9%3f");

        (void)state;
        assert_int_equal(a.status, 200);
        assert_member(&a, "id", "a/b c+dé?");
}

static void a_fixed_segment_goes_before_a_named_one(void **state)
{
        _cleanup_answer_ struct answer a = get("/v1/things/special");
        uint64_t pid;

        (void)state;
        assert_int_equal(json_get_u64(a.json, "pid", &pid), 0);
        assert_int_equal(pid, getpid());
}

static void query_arguments_are_decoded(void **state)
{
        _cleanup_answer_ struct answer a = get("/v1/things/a?x&&since=18446744073709551615&name=a+b%26c%3D%e2%82%ac&name=other");
        _cleanup_answer_ struct answer b = get("/v1/things/a?since");

        (void)state;
        assert_member(&a, "since", "18446744073709551615");
        assert_member(&a, "name", "a b&c=€");
        assert_member(&b, "since", "");
        assert_null(json_get_string(b.json, "name"));
}

static void a_target_that_cannot_be_decoded_is_refused(void **state)
{
        static const char *const paths[] = {
                "/v1/things/%",       "/v1/things/a%2",          "/v1/things/%zz",          "/v1/things/%00",
                "/v1/things/a%ff",    "/v1/things/%c3",          "/v1/things/%ed%a0%80",    "/v1/things/a?since=%",
                "/v1/things/a?%0g=1", "/v1/things/a?name=a%00b", "/v1/things/a?name=%c0%af"
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
                _cleanup_answer_ struct answer a = get(paths[i]);

                assert_problem(&a, 400, "urn:holdfast:target");
        }
}

static void a_target_of_too_many_pieces_is_refused(void **state)
{
        _cleanup_answer_ struct answer a = get("/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17");
        _cleanup_answer_ struct answer b =
                get("/v1/things/a?1&2&3&4&5&6&7&8&9&10&11&12&13&14&15&16&17&18&19&20&21&22&23&24&25&26&27&28&29&30&31&32&33");

        (void)state;
        assert_problem(&a, 414, "urn:holdfast:target");
        assert_problem(&b, 414, "urn:holdfast:target");
}

static void head_is_answered_as_get_without_a_body(void **state)
{
        _cleanup_answer_ struct answer get_it = get("/v1/things/a"), head = request("HEAD", "/v1/things/a", NULL, 0);
        _cleanup_answer_ struct answer missing = request("HEAD", "/v1/none", NULL, 0), post = request("HEAD", "/v1/echo", NULL, 0);
        char length[64];

        (void)state;
        snprintf(length, sizeof(length), "Content-Length: %zu\r\n", get_it.body.length);
        assert_int_equal(head.status, 200);
        assert_int_equal(head.body.length, 0);
        assert_non_null(strcasestr(head.headers.data, length));
        assert_int_equal(missing.status, 404);
        assert_int_equal(post.status, 405);
}

static void a_body_comes_through_whatever_is_in_it(void **state)
{
        static const size_t sizes[] = { 0, 1, 4096, 100000, HTTP_BODY_MAX };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
                _cleanup_free_ char *body = malloc(sizes[i] + 1);
                _cleanup_answer_ struct answer a = { 0 };

                for (size_t j = 0; j < sizes[i]; j++)
                        body[j] = (char)(j * 31 + j / 251);
                a = request("POST", "/v1/echo", body, sizes[i]);
                assert_int_equal(a.status, 200);
                assert_int_equal(a.body.length, sizes[i]);
                assert_true(!sizes[i] || memcmp(a.body.data, body, sizes[i]) == 0);
        }
}

static void a_body_beyond_the_limit_is_refused_and_never_reaches_the_route(void **state)
{
        size_t size = HTTP_BODY_MAX + 1;
        _cleanup_free_ char *body = calloc(1, 5 * (size_t)HTTP_BODY_MAX);
        _cleanup_answer_ struct answer a = { 0 }, b = { 0 };
        int handled = server.handled;

        (void)state;
        a = request("POST", "/v1/echo", body, size);
        assert_problem(&a, 413, "urn:holdfast:too-large");
        b = request("POST", "/v1/echo", body, 5 * (size_t)HTTP_BODY_MAX);
        assert_problem(&b, 413, "urn:holdfast:too-large");
        assert_int_equal(server.handled, handled);
}

static void json_is_an_object_with_each_name_once(void **state)
{
        static const char *const bad[] = { "",
                                           "[]",
                                           "null",
                                           "\"a\"",
                                           "{",
                                           "{}x",
                                           "{} {}",
                                           "{\"a\":1,\"a\":1}",
                                           "{\"a\":{\"b\":1,\"c\":2,\"b\":3}}",
                                           "{\"a\":[{\"b\":1,\"b\":2}]}",
                                           "{\"a\":\"\\u0000\"}",
                                           "{\"a\":\"b\xff\"}",
                                           "{\"a\":01}",
                                           "{\"a\":[1e999]}",
                                           "{\"a\":nan}",
                                           "{\"a\":\"\n\"}",
                                           "\xef\xbb\xbf{}",
                                           "{\"a\":1,}",
                                           "{'a':1}" };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
                _cleanup_answer_ struct answer a = post_json(bad[i]);

                if (a.status != 400)
                        fail_msg("taken: %s", bad[i]);

                assert_problem(&a, 400, "urn:holdfast:json");
                assert_true(cJSON_GetArraySize(json_get_array(a.json, "errors")) > 0);
        }
}

static void json_with_a_nul_is_refused(void **state)
{
        static const char inside[] = "{\"a\":\0001}", after[] = "{\"a\":1}\0";
        _cleanup_answer_ struct answer a = request("POST", "/v1/json", inside, sizeof(inside) - 1);
        _cleanup_answer_ struct answer b = request("POST", "/v1/json", after, sizeof(after) - 1);

        (void)state;
        assert_problem(&a, 400, "urn:holdfast:json");
        assert_problem(&b, 400, "urn:holdfast:json");
}

static void json_that_is_good_reaches_the_route(void **state)
{
        _cleanup_answer_ struct answer a = post_json(" {\"session\":\"é\",\"A\":1,\"a\":{\"A\":[true,null]}}\r\n");

        (void)state;
        assert_int_equal(a.status, 201);
        assert_non_null(strcasestr(a.headers.data, "Content-Type: application/json\r\n"));
        assert_member(&a, "session", "é");
}

static void json_nested_without_end_is_refused(void **state)
{
        size_t n = 10u << 20;
        _cleanup_free_ char *body = malloc(n + 6);
        _cleanup_answer_ struct answer a = { 0 };

        (void)state;
        memcpy(body, "{\"a\":", 5);
        memset(body + 5, '[', n);
        a = request("POST", "/v1/json", body, n + 5);
        assert_problem(&a, 400, "urn:holdfast:json");
}

static void an_errno_becomes_a_status_and_its_message_the_detail(void **state)
{
        static const struct {
                int code, status;
        } known[] = { { EINVAL, 400 }, { EACCES, 403 }, { EPERM, 403 },  { ENOENT, 404 },
                      { EEXIST, 409 }, { EBUSY, 409 },  { ENOSPC, 507 }, { EIO, 500 } };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
                _cleanup_answer_ struct answer a = { 0 };
                char path[64];

                snprintf(path, sizeof(path), "/v1/errno?code=%d", known[i].code);
                a = get(path);
                assert_int_equal(a.status, known[i].status);
                assert_member(&a, "detail", "it did not work because of \\xff");
        }
}

static void findings_are_listed_with_their_places(void **state)
{
        _cleanup_answer_ struct answer a = get("/v1/findings");
        const cJSON *errors = json_get_array(a.json, "errors");
        uint64_t total;

        (void)state;
        assert_problem(&a, 400, "urn:holdfast:policy");
        assert_int_equal(cJSON_GetArraySize(errors), FINDINGS_MAX);
        assert_string_equal(json_get_string(errors->child, "where"), "$.a");
        assert_string_equal(json_get_string(errors->child, "what"), "found 0");
        assert_int_equal(json_get_u64(a.json, "errors_total", &total), 0);
        assert_int_equal(total, FINDINGS_MAX + 5);
}

static void a_route_that_answers_nothing_is_an_internal_error(void **state)
{
        _cleanup_answer_ struct answer a = get("/v1/silent");

        (void)state;
        assert_problem(&a, 500, "urn:holdfast:internal");
}

static void of_two_answers_the_first_counts(void **state)
{
        _cleanup_answer_ struct answer a = get("/v1/twice");

        (void)state;
        assert_int_equal(a.status, 204);
}

static void an_answer_that_was_given_can_be_seen_and_have_headers(void **state)
{
        _cleanup_answer_ struct answer json = get("/v1/answered"), twice = get("/v1/answered?twice"), text = get("/v1/answered?text");

        (void)state;
        assert_int_equal(json.status, 201);
        assert_non_null(strstr(json.headers.data, "X-Seen: 201 8 \"first\"\r\n"));
        assert_non_null(strstr(json.headers.data, "X-Late: yes\r\n"));
        assert_null(strstr(json.headers.data, "X-Early"));
        assert_non_null(strstr(twice.headers.data, "X-Seen: 201 8 \"first\"\r\n"));
        assert_int_equal(text.status, 200);
        assert_null(strstr(text.headers.data, "X-Seen"));
}

static double counted(int class)
{
        _cleanup_answer_ struct answer a = get("/v1/counts");

        return cJSON_GetNumberValue(cJSON_GetArrayItem(a.json, class - 1));
}

static void answers_are_counted_by_the_class_of_their_status(void **state)
{
        const double fine = counted(2), refused = counted(4), failed = counted(5);

        (void)state;
        for (int i = 0; i < 2; i++) {
                _cleanup_answer_ struct answer a = get("/nothing");
                _cleanup_answer_ struct answer b = get("/v1/silent");
        }
        assert_int_equal(counted(4) - refused, 2);
        assert_int_equal(counted(5) - failed, 2);
        assert_int_equal(counted(2) - fine, 5); /* those that ask for the counts */
        assert_int_equal(counted(1) + counted(3), 0);
}

/* The bound is generous, for machines that do other things; a delay by a timer or by Nagle would be far over it. */
static void a_request_takes_less_than_a_millisecond(void **state)
{
        enum { ROUNDS = 300 };
        double took[ROUNDS], least = 1e9, sum = 0;

        (void)state;
        for (int i = 0; i < ROUNDS; i++) {
                struct timespec before, after;
                _cleanup_answer_ struct answer a = { 0 };

                clock_gettime(CLOCK_MONOTONIC, &before);
                a = request("POST", "/v1/json", "{\"session\":\"a\"}", 15);
                clock_gettime(CLOCK_MONOTONIC, &after);
                assert_int_equal(a.status, 201);
                took[i] = (double)(after.tv_sec - before.tv_sec) * 1e6 + (double)(after.tv_nsec - before.tv_nsec) / 1e3;
                least = took[i] < least ? took[i] : least;
                sum += took[i];
        }
        print_message("a request by libcurl: least %.0f us, mean %.0f us\n", least, sum / ROUNDS);
        assert_true(least < 1000);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(an_unknown_path_is_answered_with_a_problem_document),
                cmocka_unit_test(a_known_path_with_another_method_says_which_it_takes),
                cmocka_unit_test(a_segment_is_decoded_after_the_path_was_split),
                cmocka_unit_test(a_fixed_segment_goes_before_a_named_one),
                cmocka_unit_test(query_arguments_are_decoded),
                cmocka_unit_test(a_target_that_cannot_be_decoded_is_refused),
                cmocka_unit_test(a_target_of_too_many_pieces_is_refused),
                cmocka_unit_test(head_is_answered_as_get_without_a_body),
                cmocka_unit_test(a_body_comes_through_whatever_is_in_it),
                cmocka_unit_test(a_body_beyond_the_limit_is_refused_and_never_reaches_the_route),
                cmocka_unit_test(json_is_an_object_with_each_name_once),
                cmocka_unit_test(json_with_a_nul_is_refused),
                cmocka_unit_test(json_that_is_good_reaches_the_route),
                cmocka_unit_test(json_nested_without_end_is_refused),
                cmocka_unit_test(an_errno_becomes_a_status_and_its_message_the_detail),
                cmocka_unit_test(findings_are_listed_with_their_places),
                cmocka_unit_test(a_route_that_answers_nothing_is_an_internal_error),
                cmocka_unit_test(of_two_answers_the_first_counts),
                cmocka_unit_test(an_answer_that_was_given_can_be_seen_and_have_headers),
                cmocka_unit_test(answers_are_counted_by_the_class_of_their_status),
                cmocka_unit_test(a_request_takes_less_than_a_millisecond),
        };
        int r;

        curl_global_init(CURL_GLOBAL_DEFAULT);
        client = curl_easy_init();
        r = cmocka_run_group_tests_name("api http", tests, server_setup, server_teardown);
        curl_easy_cleanup(client);
        curl_global_cleanup();
        return r;
}
