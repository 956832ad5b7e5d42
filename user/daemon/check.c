/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/check.h"

#include "base/cleanup.h"
#include "base/json.h"
#include "base/log.h"
#include "daemon/file.h"
#include "daemon/library.h"
#include "kernel/kernel.h"
#include "policy/policy.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

static void print_json(const cJSON *tree)
{
        _cleanup_buffer_ struct buffer out = BUFFER_INIT;

        if (json_print(&out, tree, SIZE_MAX / 2) == 0)
                printf("%s\n", out.data);
}

int check_host(bool json)
{
        struct host_check checks[HOST_CHECKS];
        int count = 0, failed = host_check(checks, &count);
        _cleanup_json_ cJSON *list = cJSON_CreateArray();

        for (int i = 0; i < count; i++) {
                cJSON *item = cJSON_CreateObject();

                if (!json)
                        printf("%-7s %s: %s\n", checks[i].ok ? "ok" : "MISSING", checks[i].name, checks[i].text);
                cJSON_AddStringToObject(item, "name", checks[i].name);
                cJSON_AddBoolToObject(item, "ok", checks[i].ok);
                json_add_text(item, "text", checks[i].text);
                cJSON_AddItemToArray(list, item);
        }
        if (json)
                print_json(list);
        return failed != 0;
}

int check_host_quietly(void)
{
        struct host_check checks[HOST_CHECKS];
        int count = 0, failed = host_check(checks, &count);

        for (int i = 0; i < count; i++)
                if (!checks[i].ok)
                        log_error("this host is missing %s: %s", checks[i].name, checks[i].text);
        return failed;
}

DEFINE_CLEANUP(struct policy *, policy_free)

static void print_findings(const char *path, const struct findings *f, bool json)
{
        _cleanup_json_ cJSON *list = cJSON_CreateArray();

        for (int i = 0; i < f->count; i++) {
                cJSON *item = cJSON_CreateObject();

                if (!json)
                        printf("%s: %s: %s\n", path, f->list[i].where, f->list[i].what);
                json_add_text(item, "where", f->list[i].where);
                json_add_text(item, "what", f->list[i].what);
                cJSON_AddItemToArray(list, item);
        }
        if (json)
                print_json(list);
        if (f->total > f->count)
                fprintf(stderr, "holdfastd: %s: and %d more errors\n", path, f->total - f->count);
}

int check_policy(const char *path, bool json)
{
        _cleanup_(policy_freep) struct policy *policy = NULL;
        _cleanup_findings_ struct findings findings = FINDINGS_INIT;
        _cleanup_free_ char *text = NULL, *whole = NULL;
        size_t length = 0;
        int r = file_read(AT_FDCWD, path, POLICY_TEXT_MAX, &text, &length);

        if (r < 0) {
                fprintf(stderr, "holdfastd: cannot read %s: %s\n", path, r == -EFBIG ? "a policy has at most 16 MiB" : strerror(-r));
                return 1;
        }
        r = library_load(text, length, path, &policy, &whole, &findings);
        if (r < 0 && !findings.total)
                fprintf(stderr, "holdfastd: %s: %s\n", path, strerror(-r));
        if (r < 0 || json)
                print_findings(path, &findings, json);
        if (r == 0 && !json)
                printf("%s: ok, policy \"%s\" with %d capabilities and %d rules\n", path, policy->name, policy->n_capabilities,
                       policy->n_rules);
        return r < 0;
}
