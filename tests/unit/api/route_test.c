/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "api/route.h"
#include "base/cleanup.h"

#include <errno.h>
#include <string.h>

static const struct http_route routes[] = {
        { "GET", "/", NULL },
        { "GET", "/v1/a/:one/b/:two", NULL },
        { "POST", "/v1/a/:one/b/:two", NULL },
        { "GET", "/v1/:kind", NULL },
        { "GET", "/v1/health", NULL },
        { "HEAD", "/v1/health", NULL },
        { "DELETE", "/v1/:kind", NULL },
};

static const struct http_route *find(const char *method, const char *text, struct target *t)
{
        bool known;

        target_clear(t);
        assert_int_equal(target_parse(text, t), 0);
        return route_find(routes, ARRAY_SIZE(routes), method, t, &known);
}
#define _cleanup_target_ __attribute__((cleanup(target_clear)))

static void segments_are_found_by_their_names(void **state)
{
        _cleanup_target_ struct target t = TARGET_INIT;
        const struct http_route *route = find("POST", "/v1/a/x%2fy/b/z?two=no", &t);

        (void)state;
        assert_ptr_equal(route, &routes[2]);
        assert_string_equal(route_segment(route, &t, "one"), "x/y");
        assert_string_equal(route_segment(route, &t, "two"), "z");
        assert_null(route_segment(route, &t, "tw"));
        assert_null(route_segment(route, &t, "twoo"));
        assert_null(route_segment(route, &t, "a"));
}

static void the_root_is_a_path_of_its_own(void **state)
{
        _cleanup_target_ struct target t = TARGET_INIT;

        (void)state;
        assert_ptr_equal(find("GET", "/", &t), &routes[0]);
        assert_ptr_equal(find("GET", "/?a=b", &t), &routes[0]);
        assert_null(find("GET", "//", &t));
}

static void a_fixed_path_goes_before_a_named_one_whatever_their_order(void **state)
{
        _cleanup_target_ struct target t = TARGET_INIT;

        (void)state;
        assert_ptr_equal(find("GET", "/v1/health", &t), &routes[4]);
        assert_ptr_equal(find("GET", "/v1/healthy", &t), &routes[3]);
        assert_ptr_equal(find("GET", "/v1/healt", &t), &routes[3]);
        assert_ptr_equal(find("DELETE", "/v1/health", &t), &routes[6]);
}

static void head_has_its_own_route_or_that_of_get(void **state)
{
        _cleanup_target_ struct target t = TARGET_INIT;

        (void)state;
        assert_ptr_equal(find("HEAD", "/v1/health", &t), &routes[5]);
        assert_ptr_equal(find("HEAD", "/v1/x", &t), &routes[3]);
}

static void methods_are_compared_whole_and_with_their_case(void **state)
{
        _cleanup_target_ struct target t = TARGET_INIT;

        (void)state;
        assert_null(find("get", "/", &t));
        assert_null(find("GE", "/", &t));
        assert_null(find("GETS", "/", &t));
}

static void the_methods_of_a_path_are_listed(void **state)
{
        _cleanup_target_ struct target t = TARGET_INIT;
        char allow[64];

        (void)state;
        find("PUT", "/v1/a/1/b/2", &t);
        route_methods(routes, ARRAY_SIZE(routes), &t, allow, sizeof(allow));
        assert_string_equal(allow, "GET, HEAD, POST");
        find("PUT", "/v1/health", &t);
        route_methods(routes, ARRAY_SIZE(routes), &t, allow, sizeof(allow));
        assert_string_equal(allow, "GET, HEAD, DELETE");
        route_methods(routes, ARRAY_SIZE(routes), &t, allow, 6);
        assert_int_equal(strlen(allow), 5);
}

static void a_target_without_a_path_is_refused(void **state)
{
        static const char *const bad[] = {
                "", "*", "v1", "?a=b", "http://", "http://host", "http://host?a", "https://host/", "localhost:80"
        };
        struct target t = TARGET_INIT;

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
                assert_int_equal(target_parse(bad[i], &t), -EINVAL);
        assert_null(t.text);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(segments_are_found_by_their_names),
                cmocka_unit_test(the_root_is_a_path_of_its_own),
                cmocka_unit_test(a_fixed_path_goes_before_a_named_one_whatever_their_order),
                cmocka_unit_test(head_has_its_own_route_or_that_of_get),
                cmocka_unit_test(methods_are_compared_whole_and_with_their_case),
                cmocka_unit_test(the_methods_of_a_path_are_listed),
                cmocka_unit_test(a_target_without_a_path_is_refused),
        };

        return cmocka_run_group_tests_name("api route", tests, NULL, NULL);
}
