/* SPDX-License-Identifier: Apache-2.0 */
/* Explaining before the fact: what a policy would say to a session of the caller, by the names that it has now. */
#include "base/cleanup.h"
#include "base/hostport.h"
#include "base/json.h"
#include "base/paths.h"
#include "daemon/access.h"
#include "daemon/ceilings.h"
#include "daemon/contents.h"
#include "daemon/explain.h"
#include "daemon/file.h"
#include "daemon/fsview.h"
#include "daemon/library.h"
#include "daemon/seals.h"
#include "kernel/kernel.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>

DEFINE_CLEANUP(struct policy *, policy_free)
DEFINE_CLEANUP(struct compiled *, compiled_free)

enum { ALLOWED = 0, FAILED = 1, USAGE = 2, REFUSED = 3, ABSENT = 4 };

static int say(int status, const char *text)
{
        fprintf(stderr, "holdfast: %s\n", text);
        return status;
}

static int read_policy(const char *source, char **text, size_t *length, char **file, struct error *e)
{
        size_t n = strlen(source);
        int r;

        if (!strchr(source, '/') && (n <= 5 || strcmp(source + n - 5, ".json") != 0))
                return library_read(source, text, length, file, e);
        r = file_read(AT_FDCWD, source, POLICY_TEXT_MAX, text, length);
        return r < 0 ? error_set(e, r, "cannot read the policy %s: %s", source, strerror(-r)) : 0;
}

static void print_findings(const char *source, const struct findings *f)
{
        for (int i = 0; i < f->count; i++)
                fprintf(stderr, "holdfast: %s: %s: %s\n", source, f->list[i].where, f->list[i].what);
}

/* The caller's own view; what they may not look at is taken by its name. */
static int open_or_pass(void *context, int folder, const char *name, struct fs_object *ret)
{
        const struct fsview *v = context;
        int r = v->view.open(v->view.context, folder, name, ret);

        return r == -EACCES || r == -EPERM ? -ENOENT : r;
}

/* The ceilings too are the caller's own, as a session of theirs would have them; they go to *ceilings, to be cleared in any case. */
static int compile(const struct policy *p, const struct fsview *view, const char *workspace, struct ceilings *ceilings,
                   struct compiled **ret, struct findings *findings, struct error *e)
{
        const struct fs_view passing = { open_or_pass, (void *)view, view->view.mounts };
        const struct mount *cgroups = mounts_find_type(&view->mounts, "cgroup2");
        _cleanup_free_ char *user = NULL, *home = NULL;
        struct policy_vars vars = { .workspace = workspace, .tmpdir = "/tmp" };
        struct seals seals;
        int r = user_lookup(getuid(), &user, &home);

        if (r < 0)
                return error_set(e, r, "%s", strerror(-r));
        vars.user = user;
        vars.home = home;
        r = ceilings_read(PATH_CEILINGS, user, ceilings, findings, e);
        if (r < 0)
                return r;
        vars.ceilings = ceilings->list;
        seals_fill(&seals, cgroups ? cgroups->point : "/sys/fs/cgroup", PATH_SOCKET, PATH_CEILINGS);
        vars.seals = seals.list;
        r = policy_compile(p, &vars, &passing, ret, findings);
        return r < 0 ? error_set(e, r, "the policy cannot be compiled: %s", strerror(-r)) : 0;
}

/* Whether what is there now has a content that the policy names for it. */
static bool is_known(const struct compiled *c, const struct place *place, const struct fs_found *found)
{
        _cleanup_close_ int fd = -1;
        uint8_t sha256[SHA256_BYTES];

        if (!(place->node.flags & HF_NODE_CONTENT) || found->missing)
                return false;
        fd = content_open(found->fd);
        return fd >= 0 && content_sha256(fd, UINT64_MAX, sha256) == 0 &&
               compiled_accepts(c, (size_t)(place - c->places), sha256) & c->active;
}

static int explain_file(const struct compiled *c, const struct ceilings *ceilings, const struct fsview *view, const struct question *q,
                        const struct standing *now, struct verdict *v, cJSON **ret, struct error *e)
{
        const struct event_context context = { .policy = c->policy, .ceilings = ceilings->list };
        struct fs_found found = { .fd = -1 };
        _cleanup_free_ char *path = NULL;
        const struct place *place;
        struct looked_at looked;
        bool own;
        int r = fs_lookup(&view->view, q->path, &found);

        if (r < 0)
                return explain_lookup_failed(r, q->path, e);
        path = found.path;
        looked = (struct looked_at){ .path = path, .exists = !found.missing, .device = !found.missing && is_device(found.fd) };
        place = compiled_find(c, path, &own);
        looked.known = is_known(c, place, &found);
        close(found.fd);
        *v = verdict_file(&place->node, own, &looked, q->rights, now);
        *ret = verdict_json(q, &looked, v, &context, now);
        return 0;
}

static void explain_egress(const struct compiled *c, const struct ceilings *ceilings, const struct question *q, const struct standing *now,
                           struct verdict *v, cJSON **ret)
{
        const struct event_context context = { .policy = c->policy, .ceilings = ceilings->list };

        if (q->host)
                *v = verdict_host(c->hosts, q, now);
        for (const uint8_t *addr = q->host ? NULL : q->addr; addr; addr = verdict_other_address(v, addr)) {
                const struct prefix *prefix = compiled_find_prefix(c, addr);

                *v = verdict_egress(prefix ? &prefix->egress : NULL, q->proto, q->port, now);
        }
        *ret = verdict_json(q, NULL, v, &context, now);
}

static bool read_question(const char *right, const char *object, struct question *q)
{
        struct hostport target;

        if (strcmp(right, "connect") != 0) {
                q->path = object;
                return *right && right_parse(right, &q->rights) == 0 && object[0] == '/';
        }
        if (hostport_parse(object, &target) < 0 || question_target(q, target.host, NULL) < 0)
                return false;
        q->port = target.port;
        q->proto = !strcmp(target.proto, "udp") ? HF_UDP : HF_TCP;
        return true;
}

/* What is asked, and the questions' answers. */
struct asked {
        struct compiled *c;
        struct ceilings ceilings;
        struct fsview view;
};

static void asked_clear(struct asked *a)
{
        compiled_freep(&a->c);
        ceilings_clear(&a->ceilings);
        fsview_close(&a->view);
}

static int answer(const struct asked *a, const struct question *q)
{
        const struct standing now = { .policy = { .active = a->c->active } };
        _cleanup_error_ struct error e = ERROR_INIT;
        _cleanup_buffer_ struct buffer out = BUFFER_INIT;
        _cleanup_json_ cJSON *o = NULL;
        struct verdict v;
        int r = 0;

        if (q->rights)
                r = explain_file(a->c, &a->ceilings, &a->view, q, &now, &v, &o, &e);
        else
                explain_egress(a->c, &a->ceilings, q, &now, &v, &o);
        if (r < 0)
                return say(r == -ENOENT ? ABSENT : FAILED, error_text(&e));
        json_add_text(o, "policy", a->c->policy->name);
        if (!o || json_print(&out, o, SIZE_MAX / 2) < 0)
                return say(FAILED, "out of memory");
        printf("%s\n", out.data);
        return v.why == HF_WHY_ALLOWED ? ALLOWED : REFUSED;
}

/* A line for each question; that one has no answer is its line. */
static int answer_all(const struct asked *a)
{
        _cleanup_free_ char *text = NULL;
        size_t room = 0;

        while (getdelim(&text, &room, '\0', stdin) > 0) {
                _cleanup_(question_clear) struct question q = { 0 };
                char *object = strchr(text, ' ');

                if (object)
                        *object++ = '\0';
                if (!object || !read_question(text, object, &q))
                        return say(USAGE, "a question that is none was asked");
                switch (answer(a, &q)) {
                case FAILED:
                case ABSENT:
                        puts("{}");
                        break;
                default:
                        break;
                }
        }
        return ferror(stdin) ? FAILED : ALLOWED;
}

int whole_policy(const char *source)
{
        _cleanup_(policy_freep) struct policy *policy = NULL;
        _cleanup_findings_ struct findings findings = FINDINGS_INIT;
        _cleanup_error_ struct error e = ERROR_INIT;
        _cleanup_free_ char *text = NULL, *file = NULL, *whole = NULL;
        size_t length = 0;
        int r = read_policy(source, &text, &length, &file, &e);

        if (r < 0)
                return say(r == -ENOENT ? ABSENT : FAILED, error_text(&e));
        r = library_load(text, length, file, &policy, &whole, &findings);
        print_findings(source, &findings);
        return r < 0 ? say(FAILED, findings.total ? "errors in the policy" : strerror(-r)) : puts(whole) < 0;
}

int explain_policy(const char *source, const char *workspace, const char *right, const char *object)
{
        _cleanup_(asked_clear) struct asked a = { NULL, CEILINGS_INIT, FSVIEW_INIT };
        _cleanup_(policy_freep) struct policy *policy = NULL;
        _cleanup_findings_ struct findings findings = FINDINGS_INIT;
        _cleanup_error_ struct error e = ERROR_INIT;
        _cleanup_free_ char *text = NULL, *file = NULL, *whole = NULL, *folder = realpath(workspace ? workspace : ".", NULL);
        _cleanup_(question_clear) struct question q = { 0 };
        size_t length = 0;
        int r;

        if (right && !read_question(right, object, &q))
                return say(USAGE, "expected some of rwxc and an absolute path, or connect and HOST:PORT");
        if (!folder)
                return say(ABSENT, "the workspace is not there");
        r = read_policy(source, &text, &length, &file, &e);
        if (r < 0)
                return say(r == -ENOENT ? ABSENT : FAILED, error_text(&e));
        r = library_load(text, length, file, &policy, &whole, &findings);
        if (r == 0)
                r = fsview_open(&a.view, getpid());
        if (r == 0)
                r = compile(policy, &a.view, folder, &a.ceilings, &a.c, &findings, &e);
        print_findings(source, &findings);
        if (r < 0 || !a.c)
                return say(FAILED, e.message ? error_text(&e) : findings.total ? "errors in the policy" : strerror(-r));
        return right ? answer(&a, &q) : answer_all(&a);
}
