/* SPDX-License-Identifier: Apache-2.0 */
/* Settings imported, and the policy that comes out compiled, so that it can be asked. */
#ifndef HOLDFAST_TESTS_IMPORT_FIXTURE_H
#define HOLDFAST_TESTS_IMPORT_FIXTURE_H

#include "import/import.h"

#include "unit/policy/fake_ceilings.h"

#include "holdfast/decide.h"
#include "policy/compile.h"
#include "policy/hosts.h"

/* What came of settings. */
struct outcome {
        struct imported imported;
        struct findings findings;
        struct clipped c;
        int r;
};

static inline void outcome_clear(struct outcome *o)
{
        imported_clear(&o->imported);
        findings_clear(&o->findings);
        clipped_clear(&o->c);
}

#define _cleanup_outcome_ _cleanup_(outcome_clear)

static inline void import_as(struct outcome *o, enum import_format format, const char *file, const char *text)
{
        const struct import_options options = { .format = format, .file = file, .home = "/home/u", .workspace = "/srv/ws" };

        o->r = import_settings(text, strlen(text), &options, &o->imported, &o->findings);
}

/* Imports what has to become a policy, and compiles that. */
static inline void must_import(struct outcome *o, enum import_format format, const char *text)
{
        import_as(o, format, NULL, text);
        print_findings(&o->findings);
        assert_int_equal(o->r, 0);
        assert_int_equal(o->findings.total, 0);
        compile_under(&o->c, o->imported.policy, NULL, NULL);
}

struct expectation {
        const char *path, *rights; /* no path: the end */
};

static inline void assert_rights(const struct outcome *o, const struct expectation *expected)
{
        for (; expected->path; expected++) {
                const uint8_t refused = hf_refused(node_at(&o->c, expected->path), o->c.compiled->active, HF_RIGHTS_ALL);
                char found[5];

                right_format((uint8_t)(HF_RIGHTS_ALL & ~refused), found);
                if (strcmp(found, expected->rights) != 0)
                        fail_msg("%s has \"%s\", expected \"%s\"\n%s", expected->path, found, expected->rights, o->imported.policy);
        }
}

/* Whether a session gets to the name at the port by TCP, as the resolver and then the kernel would decide. */
static inline bool reaches(const struct outcome *o, const char *name, uint32_t port)
{
        const uint8_t addr[16] = { [10] = 0xff, [11] = 0xff, [12] = 192, [13] = 0, [14] = 2, [15] = 1 };
        struct hf_egress egress = { 0 };
        uint32_t rule;

        if (!o->c.compiled->hosts || hosts_open(o->c.compiled->hosts, name, addr, 1000, &egress) <= 0)
                return false;
        return hf_egress_decide(&egress, ~0ULL, 0, HF_TCP, port, 999, &rule) == HF_WHY_ALLOWED;
}

/* What was left out at that place; fails where nothing was. */
static inline const struct left_out *left_out(const struct outcome *o, const char *where)
{
        for (size_t i = 0; i < o->imported.n_left; i++)
                if (strcmp(o->imported.left[i].where, where) == 0)
                        return &o->imported.left[i];
        for (size_t i = 0; i < o->imported.n_left; i++)
                print_error("  %s: %s\n", o->imported.left[i].where, o->imported.left[i].why);
        fail_msg("nothing was left out at %s", where);
        return NULL;
}

static inline void assert_lost(const struct outcome *o, const char *where, const char *words, bool denies)
{
        const struct left_out *l = left_out(o, where);

        if (!strstr(l->why, words))
                fail_msg("%s: \"%s\" does not say \"%s\"", where, l->why, words);
        assert_int_equal(l->denies, denies);
}

/* Settings that are no settings: the finding has all of the words, separated by '|'. */
static inline void assert_wrong(enum import_format format, const char *file, const char *text, const char *where, const char *words)
{
        _cleanup_outcome_ struct outcome o = { 0 };

        import_as(&o, format, file, text);
        assert_int_equal(o.r, -EINVAL);
        assert_null(o.imported.policy);
        if (!has_finding(&o.findings, where, words)) {
                print_findings(&o.findings);
                fail_msg("no finding at %s with %s", where, words);
        }
}

#endif
