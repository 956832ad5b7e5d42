/* SPDX-License-Identifier: Apache-2.0 */
/* Problem documents: RFC 9457. */
#include "api/internal.h"

#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/json.h"

#include <stdarg.h>
#include <string.h>

#define TYPE_PROBLEM "application/problem+json"
#define TYPE_PREFIX "urn:holdfast:"

static int add_errors(cJSON *problem, const struct findings *errors)
{
        cJSON *list = cJSON_AddArrayToObject(problem, "errors");

        if (!list)
                return -ENOMEM;
        for (int i = 0; i < errors->count; i++) {
                cJSON *finding = cJSON_CreateObject();

                if (!finding || !cJSON_AddItemToArray(list, finding))
                        return -ENOMEM;
                if (json_add_text(finding, "where", errors->list[i].where) < 0 || json_add_text(finding, "what", errors->list[i].what) < 0)
                        return -ENOMEM;
        }
        /* Those that were found beyond the ones kept. */
        return errors->total > errors->count ? json_add_u64(problem, "errors_total", (uint64_t)errors->total) : 0;
}

static cJSON *problem_new(int status, const char *slug, const struct findings *errors, const char *detail)
{
        _cleanup_json_ cJSON *problem = cJSON_CreateObject();
        char type[128];

        snprintf(type, sizeof(type), TYPE_PREFIX "%s", slug);
        if (!problem || json_add_text(problem, "type", type) < 0 ||
            json_add_text(problem, "title", MHD_get_reason_phrase_for((unsigned int)status)) < 0 ||
            json_add_u64(problem, "status", (uint64_t)status) < 0 || json_add_text(problem, "detail", detail) < 0)
                return NULL;
        if (errors && add_errors(problem, errors) < 0)
                return NULL;
        return TAKE_PTR(problem);
}

void http_problem(struct http_request *r, int status, const char *slug, const struct findings *errors, const char *format, ...)
{
        _cleanup_free_ char *detail = NULL;
        va_list ap;

        va_start(ap, format);
        detail = text_format(format, ap);
        va_end(ap);
        reply_json(r, status, TYPE_PROBLEM, problem_new(status, slug, errors, detail ? detail : ""));
}

static const struct {
        int code;
        int status;
        const char *slug;
} statuses[] = {
        { -EINVAL, 400, "invalid" },   { -EBADMSG, 400, "invalid" },    { -EACCES, 403, "forbidden" }, { -EPERM, 403, "forbidden" },
        { -ENOENT, 404, "not-found" }, { -ESRCH, 404, "not-found" },    { -EEXIST, 409, "conflict" },  { -EBUSY, 409, "conflict" },
        { -ESTALE, 409, "conflict" },  { -E2BIG, 413, "too-large" },    { -ENOSPC, 507, "full" },      { -ENOMEM, 503, "busy" },
        { -EAGAIN, 503, "busy" },      { -EOPNOTSUPP, 501, "missing" },
};

void http_problem_errno(struct http_request *r, const struct error *e)
{
        for (size_t i = 0; i < ARRAY_SIZE(statuses); i++) {
                if (statuses[i].code == e->code) {
                        http_problem(r, statuses[i].status, statuses[i].slug, NULL, "%s", error_text(e));
                        return;
                }
        }
        http_problem(r, 500, "internal", NULL, "%s", error_text(e));
}
