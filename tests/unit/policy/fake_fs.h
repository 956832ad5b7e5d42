/* SPDX-License-Identifier: Apache-2.0 */
/* A file system out of a table, and short ways to parse and compile with it. Each test program includes it once. */
#ifndef HOLDFAST_TESTS_FAKE_FS_H
#define HOLDFAST_TESTS_FAKE_FS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "policy/policy.h"

/* One object: a folder, a file, or a symlink. */
struct fake {
        const char *path;
        char kind; /* 'd', 'f', 'l'; 'e': opening it fails with EACCES */
        const char *target;
};

struct fake_fs {
        const struct fake *objects; /* ended by a NULL path; the root is always there */
        int opened;
};

#define FAKE_FD 100000 /* numbers that no file is open under: closing them does nothing */

/* fd FAKE_FD is the root, FAKE_FD + 1 + i is objects[i]. */
static inline int fake_open(void *context, int folder, const char *name, struct fs_object *ret)
{
        struct fake_fs *fs = context;
        char path[8192];

        fs->opened++;
        if (folder < 0) {
                *ret = (struct fs_object){ .fd = FAKE_FD, .folder = true };
                return 0;
        }
        snprintf(path, sizeof(path), "%s/%s", folder == FAKE_FD ? "" : fs->objects[folder - FAKE_FD - 1].path, name);
        for (int i = 0; fs->objects && fs->objects[i].path; i++) {
                const struct fake *o = &fs->objects[i];

                if (strcmp(o->path, path) != 0)
                        continue;
                if (o->kind == 'e')
                        return -EACCES;
                *ret = (struct fs_object){ .fd = FAKE_FD + 1 + i,
                                           .folder = o->kind == 'd',
                                           .target = o->target ? strdup(o->target) : NULL };
                return 0;
        }
        return -ENOENT;
}

__attribute__((unused)) static const struct policy_vars fake_vars = { "/srv/ws", "/home/u", "u", "/tmp", NULL };

/* A policy compiled against a table of objects, with what goes with it. */
struct fixture {
        struct policy *policy;
        struct compiled *compiled;
        struct findings findings;
        struct fake_fs fs;
};

static inline void fixture_clear(struct fixture *f)
{
        compiled_free(f->compiled);
        policy_free(f->policy);
        findings_clear(&f->findings);
}

#define _cleanup_fixture_ _cleanup_(fixture_clear)

/* Parses the text, which must be right. */
static inline struct policy *parsed(const char *text)
{
        _cleanup_findings_ struct findings findings = FINDINGS_INIT;
        struct policy *policy = NULL;
        int r = policy_parse(text, strlen(text), &policy, &findings);

        for (int i = 0; i < findings.count; i++)
                print_error("%s: %s\n", findings.list[i].where, findings.list[i].what);
        assert_int_equal(r, 0);
        assert_int_equal(findings.total, 0);
        return policy;
}

/* Parses and compiles; returns what policy_compile() did. */
static inline int compile(struct fixture *f, const struct fake *objects, const char *const *mounts, const char *text)
{
        f->fs = (struct fake_fs){ .objects = objects };
        f->policy = parsed(text);
        return policy_compile(f->policy, &fake_vars, &(struct fs_view){ fake_open, &f->fs, mounts }, &f->compiled, &f->findings);
}

/* A policy with one capability, "base", of file rules. */
#define FILES(rules) "{\"holdfast\":1,\"name\":\"t\",\"capabilities\":{\"base\":{\"files\":[" rules "]}}}"
#define EGRESS(rules) "{\"holdfast\":1,\"name\":\"t\",\"capabilities\":{\"base\":{\"egress\":[" rules "]}}}"
#define ALLOW(path, rights) "{\"path\":\"" path "\",\"allow\":\"" rights "\"}"
#define DENY(path, rights) "{\"path\":\"" path "\",\"deny\":\"" rights "\"}"

/* Whether a finding stands at exactly that place and has all the words, separated by '|'. */
static inline bool has_finding(const struct findings *findings, const char *where, const char *words)
{
        for (int i = 0; i < findings->count; i++) {
                _cleanup_free_ char *copy = strdup(words);
                bool all = strcmp(findings->list[i].where, where) == 0;
                char *rest = copy, *word;

                while (all && (word = strsep(&rest, "|")))
                        all = strstr(findings->list[i].what, word);
                if (all)
                        return true;
        }
        return false;
}

static inline void print_findings(const struct findings *findings)
{
        for (int i = 0; i < findings->count; i++)
                print_error("  %s: %s\n", findings->list[i].where, findings->list[i].what);
}

static inline void must_compile(struct fixture *f, const struct fake *objects, const char *const *mounts, const char *text)
{
        if (compile(f, objects, mounts, text) == 0)
                return;
        print_findings(&f->findings);
        fail();
}

#endif
