/* SPDX-License-Identifier: Apache-2.0 */
/* The description that is served and the table of routes say the same. */
#include "base/cleanup.h"
#include "base/json.h"
#include "base/jsontext.h"
#include "daemon/openapi.h"
#include "daemon/routes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <cmocka.h>

static cJSON *document(void)
{
        _cleanup_findings_ struct findings findings = FINDINGS_INIT;
        cJSON *tree = NULL;

        assert_int_equal(json_load(openapi_text, openapi_length(), &tree, &findings), 0);
        assert_int_equal(findings.total, 0);
        return tree;
}

/* A route's pattern as the document has it: "/v1/kills/:id" is "/v1/kills/{id}". */
static void path_of(const char *pattern, char *out)
{
        while (*pattern) {
                size_t n = strcspn(pattern + 1, "/") + 1;

                if (pattern[1] == ':')
                        out += sprintf(out, "/{%.*s}", (int)(n - 2), pattern + 2);
                else
                        out += sprintf(out, "%.*s", (int)n, pattern);
                pattern += n;
        }
        *out = '\0';
}

static bool routed(const char *path, const char *method)
{
        char of_route[128];

        for (size_t i = 0; i < routes_count; i++) {
                path_of(routes[i].pattern, of_route);
                if (!strcmp(of_route, path) && !strcasecmp(routes[i].method, method))
                        return true;
        }
        return false;
}

static void each_route_is_described(void **state)
{
        _cleanup_json_ cJSON *doc = document();

        (void)state;
        for (size_t i = 0; i < routes_count; i++) {
                char path[128], method[16];
                const cJSON *item;

                path_of(routes[i].pattern, path);
                for (size_t j = 0; j <= strlen(routes[i].method); j++)
                        method[j] = (char)(routes[i].method[j] | (routes[i].method[j] ? 0x20 : 0));
                item = json_get_object(json_get_object(doc, "paths"), path);
                if (!json_get_object(item, method))
                        fail_msg("docs/openapi.json does not describe %s %s", routes[i].method, path);
        }
}

static void each_operation_that_is_described_has_a_route(void **state)
{
        _cleanup_json_ cJSON *doc = document();
        const cJSON *path, *operation;
        size_t n = 0;

        (void)state;
        cJSON_ArrayForEach (path, json_get_object(doc, "paths"))
                cJSON_ArrayForEach (operation, path) {
                        if (!routed(path->string, operation->string))
                                fail_msg("docs/openapi.json describes %s %s, for which there is no route", operation->string, path->string);
                        n++;
                }
        assert_int_equal(n, routes_count);
}

static void each_segment_is_a_parameter(void **state)
{
        _cleanup_json_ cJSON *doc = document();
        const cJSON *shared = json_get_object(json_get_object(doc, "components"), "parameters"), *path, *operation, *p;

        (void)state;
        cJSON_ArrayForEach (path, json_get_object(doc, "paths"))
                cJSON_ArrayForEach (operation, path) {
                        const char *from = strchr(path->string, '{');
                        bool found = !from;

                        cJSON_ArrayForEach (p, json_get_array(operation, "parameters")) {
                                const char *ref = json_get_string(p, "$ref");
                                const char *name = json_get_string(ref ? json_get_object(shared, strrchr(ref, '/') + 1) : p, "name");

                                assert_non_null(name);
                                found |= from && !strncmp(from + 1, name, strlen(name)) && from[1 + strlen(name)] == '}';
                        }
                        if (!found)
                                fail_msg("docs/openapi.json: %s %s does not describe what is in the path", operation->string, path->string);
                }
}

static void it_is_of_this_version(void **state)
{
        _cleanup_json_ cJSON *doc = document();

        (void)state;
        assert_string_equal(json_get_string(json_get_object(doc, "info"), "version"), HOLDFAST_VERSION);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(each_route_is_described),
                cmocka_unit_test(each_operation_that_is_described_has_a_route),
                cmocka_unit_test(each_segment_is_a_parameter),
                cmocka_unit_test(it_is_of_this_version),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
