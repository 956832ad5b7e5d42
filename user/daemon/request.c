/* SPDX-License-Identifier: Apache-2.0 */
/* Reading what a client sent; each complaint names the member and what was expected. */
#include "base/cleanup.h"
#include "base/json.h"
#include "daemon/library.h"
#include "daemon/routes.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define WAIT_MAX 60

bool request_members(struct http_request *r, const cJSON *body, const char *const names[])
{
        const cJSON *m;

        cJSON_ArrayForEach (m, body) {
                bool known = false;

                for (size_t i = 0; names[i] && !known; i++)
                        known = !strcmp(names[i], m->string);
                if (known)
                        continue;
                http_problem(r, 400, "bad-request", NULL, "$.%.64s: unknown member", m->string);
                return false;
        }
        return true;
}

bool request_wait(struct http_request *r, unsigned *seconds)
{
        const char *text = http_query(r, "wait");
        unsigned long value = 0;
        char *end = NULL;

        *seconds = 0;
        if (!text)
                return true;
        errno = 0;
        value = strtoul(text, &end, 10);
        *seconds = value <= WAIT_MAX ? (unsigned)value : 0;
        if (isdigit((unsigned char)*text) && !*end && !errno && *seconds)
                return true;
        http_problem(r, 400, "bad-request", NULL, "wait: expected seconds, a number from 1 to %d", WAIT_MAX);
        return false;
}

bool request_text(struct http_request *r, const cJSON *body, const char *name, const char **ret)
{
        const cJSON *m = cJSON_GetObjectItemCaseSensitive(body, name);

        *ret = cJSON_GetStringValue(m);
        if (!m || cJSON_IsNull(m) || *ret)
                return true;
        http_problem(r, 400, "bad-request", NULL, "$.%s: expected text", name);
        return false;
}

void request_failed(struct http_request *r, const char *file, const struct findings *findings, const struct error *e)
{
        if (e->code == -ENOTRECOVERABLE)
                http_problem(r, 500, "broken-ceiling", findings, "%s", error_text(e));
        else if (findings && findings->total && e->code == -EBUSY)
                http_problem(r, 409, "held", findings, "%s", error_text(e));
        else if (findings && findings->total)
                http_problem(r, 422, "bad-policy", findings, "%s%s%s", file ? file : "", file ? ": " : "", error_text(e));
        else
                http_problem_errno(r, e);
}

bool request_load_policy(struct http_request *r, const char *text, size_t length, const char *file, const char *name,
                         struct policy **policy, char **whole)
{
        _cleanup_findings_ struct findings findings = FINDINGS_INIT;
        int code = library_load(text, length, file, policy, whole, &findings);

        if (code >= 0)
                return true;
        if (findings.total)
                http_problem(r, 422, "bad-policy", &findings, "%s%serrors in the policy: %d", name ? name : "", name ? ": " : "",
                             findings.total);
        else
                http_problem(r, 500, "memory", NULL, "%s", strerror(-code));
        return false;
}

/* The text of the policy by whichever member gives it; *file: that of the library it is in, to be freed. */
static char *policy_text(struct http_request *r, const cJSON *body, const char **name, char **file)
{
        const cJSON *policy = cJSON_GetObjectItemCaseSensitive(body, "policy");
        _cleanup_error_ struct error e = ERROR_INIT;
        const char *text;
        char *copy = NULL;

        if (!request_text(r, body, "policy_text", &text) || !request_text(r, body, "policy_file", name))
                return NULL;
        if (!!policy + !!text != 1) {
                http_problem(r, 400, "bad-request", NULL,
                             "$.policy: expected the name of a policy, or a policy; or its text as $.policy_text");
                return NULL;
        }
        if (cJSON_IsString(policy)) {
                *name = cJSON_GetStringValue(policy);
                if (library_read(*name, &copy, NULL, file, &e) < 0)
                        http_problem_errno(r, &e);
                return copy;
        }
        if (policy && !cJSON_IsObject(policy)) {
                http_problem(r, 400, "bad-request", NULL, "$.policy: expected the name of a policy, or a policy");
                return NULL;
        }
        copy = policy ? cJSON_PrintUnformatted(policy) : strdup(text);
        if (!copy)
                http_problem(r, 500, "memory", NULL, "out of memory");
        return copy;
}

bool request_policy(struct http_request *r, const cJSON *body, struct policy **policy, char **text, const char **file)
{
        _cleanup_free_ char *in_library = NULL, *copy = policy_text(r, body, file, &in_library);

        return copy && request_load_policy(r, copy, strlen(copy), in_library, *file, policy, text);
}
