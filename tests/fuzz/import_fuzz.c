/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Settings of other sandboxes. The first byte chooses the format, the rest is the text: whatever it is, it is refused with findings or
 * becomes a text that is a policy, and what TOML reads has bounds.
 */
#include "import/import.h"

#include "base/cleanup.h"
#include "base/json.h"
#include "import/toml.h"
#include "policy/policy.h"
#include "lib/check.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* No name twice in a table, and no more levels than keys and brackets together may make. */
static void check_tree(const cJSON *value, int depth)
{
        const cJSON *member, *other;

        CHECK(depth <= 3 * TOML_NESTING_MAX);
        cJSON_ArrayForEach (member, value) {
                if (cJSON_IsObject(value))
                        for (other = value->child; other != member; other = other->next)
                                CHECK(strcmp(other->string, member->string) != 0);
                check_tree(member, depth + 1);
        }
}

static void fuzz_toml(const char *text, size_t length)
{
        _cleanup_error_ struct error e = ERROR_INIT;
        _cleanup_json_ cJSON *tree = NULL;
        const int r = toml_load(text, length, &tree, &e);

        CHECK((r == 0) == (tree != NULL) && (r == 0 || (r == -EINVAL && *error_text(&e))));
        CHECK(r == 0 || !strpbrk(error_text(&e), "\x1b\r\n"));
        check_tree(tree, 0);
}

static void check_policy(const struct imported *i)
{
        _cleanup_findings_ struct findings none = FINDINGS_INIT;
        struct policy *policy = NULL;
        size_t denials = 0;

        CHECK(policy_parse(i->policy, strlen(i->policy), &policy, &none) == 0 && !none.total);
        CHECK(policy->n_rules > 0);
        policy_free(policy);
        for (size_t n = 0; n < i->n_left; n++) {
                CHECK(*i->left[n].where && *i->left[n].why);
                denials += i->left[n].denies;
        }
        CHECK(denials == i->n_denials);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _cleanup_findings_ struct findings findings = FINDINGS_INIT;
        _cleanup_imported_ struct imported imported = IMPORTED_INIT;
        struct import_options o = { .home = "/home/u", .workspace = "/srv/ws" };
        int r;

        if (!size)
                return 0;
        o.format = data[0] % IMPORT_FORMATS;
        if (o.format == IMPORT_CODEX)
                fuzz_toml((const char *)data + 1, size - 1);
        r = import_settings((const char *)data + 1, size - 1, &o, &imported, &findings);
        CHECK((r == 0) == (imported.policy != NULL) && (r == 0) == !findings.total && (r == 0 || r == -EINVAL));
        if (r == 0)
                check_policy(&imported);
        return 0;
}
