/* SPDX-License-Identifier: Apache-2.0 */
/* The API's ways in for text: a body as JSON, and a target taken apart. */
#include "api/internal.h"

#include "base/cleanup.h"
#include "base/json.h"
#include "base/utf8.h"
#include "lib/check.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int problems;

/* In the place of problem.c and request.c, which need a connection. */
void http_problem(struct http_request *r, int status, const char *slug, const struct findings *errors, const char *format, ...)
{
        (void)r;
        (void)slug;
        (void)format;
        CHECK(status == 400 || status == 503);
        for (int i = 0; errors && i < errors->count; i++)
                CHECK(utf8_valid_prefix(errors->list[i].what, strlen(errors->list[i].what)) == strlen(errors->list[i].what));
        problems++;
}

const char *http_body(const struct http_request *r, size_t *length)
{
        *length = r->body.length;
        return r->body.data ? r->body.data : "";
}

/* No name twice and no invalid text anywhere. */
static void check_tree(const cJSON *value)
{
        const cJSON *member, *other;

        if (cJSON_IsString(value))
                CHECK(utf8_valid_prefix(value->valuestring, strlen(value->valuestring)) == strlen(value->valuestring));
        cJSON_ArrayForEach (member, value) {
                if (cJSON_IsObject(value))
                        for (other = value->child; other != member; other = other->next)
                                CHECK(strcmp(other->string, member->string) != 0);
                check_tree(member);
        }
}

/* A body is either refused with one problem, or an object that survives being printed and read again. */
static void fuzz_body(const char *text, size_t size)
{
        struct http_request r = { 0 };
        const cJSON *json;

        CHECK(buffer_append(&r.body, text, size) == 0);
        problems = 0;
        json = http_json(&r);
        CHECK(problems == (json ? 0 : 1));
        if (json) {
                struct http_request again = { 0 };
                const cJSON *second;

                CHECK(cJSON_IsObject(json) && !memchr(text, 0, size));
                check_tree(json);
                CHECK(json_print(&again.body, json, 1u << 30) == 0);
                second = http_json(&again);
                CHECK(second && cJSON_Compare(json, second, true));
                cJSON_Delete(again.json);
                buffer_clear(&again.body);
        }
        cJSON_Delete(r.json);
        buffer_clear(&r.body);
}

static const struct http_route routes[] = {
        { "GET", "/", NULL },
        { "GET", "/v1/sessions", NULL },
        { "GET", "/v1/sessions/:id", NULL },
        { "PUT", "/v1/sessions/:id/policy", NULL },
        { "POST", "/v1/:kind/:id", NULL },
};

static void fuzz_target(const char *bytes, size_t size)
{
        char *text = strndup(bytes, size);
        struct target t = TARGET_INIT;
        char allow[32];
        bool known;

        CHECK(text);
        if (target_parse(text, &t) == 0) {
                CHECK(t.n_segments > 0 && t.n_segments <= TARGET_SEGMENTS_MAX && t.n_arguments <= TARGET_ARGUMENTS_MAX);
                for (size_t i = 0; i < t.n_segments; i++)
                        CHECK(utf8_valid_prefix(t.segments[i], strlen(t.segments[i])) == strlen(t.segments[i]));
                for (size_t i = 0; i < t.n_arguments; i++)
                        CHECK(strlen(t.arguments[i].name) + strlen(t.arguments[i].value) <= size);
                for (size_t i = 0; i < ARRAY_SIZE(routes); i++) {
                        const struct http_route *route = route_find(routes, ARRAY_SIZE(routes), routes[i].method, &t, &known);

                        if (route && strstr(route->pattern, ":id"))
                                CHECK(*route_segment(route, &t, "id"));
                        CHECK(!route || known);
                }
                route_methods(routes, ARRAY_SIZE(routes), &t, allow, sizeof(allow));
                CHECK(!*allow == !known);
                target_clear(&t);
        }
        free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        fuzz_body((const char *)data, size);
        fuzz_target((const char *)data, size);
        return 0;
}
