/* SPDX-License-Identifier: Apache-2.0 */
/* A request's body as JSON. */
#include "api/internal.h"

#include "base/cleanup.h"
#include "base/json.h"
#include "base/jsontext.h"

#include <math.h>

/* Whether a number is too large for a double and would come out as infinite. The tree's depth is bounded. */
static bool has_infinite(const cJSON *value)
{
        const cJSON *member;

        if (cJSON_IsNumber(value) && !isfinite(value->valuedouble))
                return true;
        cJSON_ArrayForEach (member, value)
                if (has_infinite(member))
                        return true;
        return false;
}

/* Reads the body; any finding refuses it, also one with which json_load() still gives a tree. */
static int load_object(const char *text, size_t length, cJSON **ret, struct findings *findings)
{
        _cleanup_json_ cJSON *tree = NULL;
        int r = json_load(text, length, &tree, findings);

        if (r < 0)
                return r;
        if (!cJSON_IsObject(tree))
                findings_add(findings, "$", "found %s, expected an object", cJSON_IsArray(tree) ? "an array" : "a single value");
        if (has_infinite(tree))
                findings_add(findings, "$", "found a number beyond 1.8e308, expected one that a double holds");
        if (findings->total > 0)
                return -EINVAL;
        *ret = TAKE_PTR(tree);
        return 0;
}

const cJSON *http_json(struct http_request *r)
{
        _cleanup_findings_ struct findings findings = FINDINGS_INIT;
        const char *text;
        size_t length;
        int q;

        if (r->json)
                return r->json;
        text = http_body(r, &length);
        q = load_object(text, length, &r->json, &findings);
        if (q == -ENOMEM)
                http_problem(r, 503, "busy", NULL, "There is not enough memory for this body.");
        else if (q < 0)
                http_problem(r, 400, "json", &findings,
                             length ? "The body is not the JSON object that was expected."
                                    : "The body is empty; a JSON object was expected.");
        return r->json;
}
