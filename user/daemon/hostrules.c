/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/hostrules.h"

#include "base/cleanup.h"
#include "base/json.h"
#include "base/log.h"
#include "daemon/access.h"
#include "daemon/daemon.h"
#include "daemon/events.h"
#include "daemon/library.h"
#include "daemon/process.h"
#include "daemon/way.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/fanotify.h>
#include <sys/inotify.h>
#include <sys/stat.h>

#define CHANGES (IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR | IN_EXCL_UNLINK)
#define PRIORITY 6 /* behind requests, and what comes once a second: whoever starts very many holds neither up */

/* A folder on the way to a program, and the name in it that leads on. */
struct watch {
        int folder; /* inotify's number */
        char *name;
};

/* ---- taking processes in ------------------------------------------------------------------------------------------------ */

/* Whose processes a rule is about: where a user may change what its path leads to, it cannot be about others'. */
static uid_t user_of(const struct host_rule *rule, const struct way *w)
{
        return rule->user != NOBODY ? rule->user : w->owner;
}

/* The process that waits for its program. */
struct starter {
        pid_t pid;
        uid_t uid; /* real */
        char *cgroup;
};

static bool is_about(const struct host_rule *rule, const struct way *w, const struct starter *c)
{
        const uid_t user = user_of(rule, w);

        return (user == NOBODY || user == c->uid) && (!rule->cgroup || cgroup_above(rule->cgroup, c->cgroup));
}

/* The first rule that a program comes under; NULL: none. */
static const struct host_rule *find_rule(const struct daemon *d, const struct stat *st, const struct starter *c)
{
        for (size_t i = 0; i < d->config.hosts.count; i++) {
                const struct way *w = &d->hostrules.ways[i];

                if (w->fd >= 0 && w->device == st->st_dev && w->inode == st->st_ino && is_about(&d->config.hosts.list[i], w, c))
                        return &d->config.hosts.list[i];
        }
        return NULL;
}

static void starter_clear(struct starter *c)
{
        free(c->cgroup);
}

static int read_starter(pid_t pid, int pidfd, struct starter *c)
{
        int r = process_real_uid(pid, &c->uid);

        c->pid = pid;
        if (r >= 0)
                r = process_cgroup(process_thread(pid), &c->cgroup);
        return r >= 0 && !process_alive(pidfd) ? -ESRCH : r; /* what was read may be another's */
}

struct search {
        pid_t pid;
        bool found;
};

static void compare(void *context, pid_t pid)
{
        struct search *search = context;

        search->found |= pid == search->pid;
}

/* Tells of a program that was not let start, as there could be no session. */
static void report_refusal(struct daemon *d, const struct host_rule *rule, const struct starter *c, const char *reason)
{
        cJSON *o = event_begin(d, NULL, "session", "deny", "holdfastd");

        log_error("%s by process %d was refused: %s", rule->executable, c->pid, reason);
        if (!o)
                return;
        cJSON_AddStringToObject(o, "op", "start");
        cJSON_SetNumberValue(cJSON_GetObjectItemCaseSensitive(o, "pid"), c->pid);
        cJSON_AddNumberToObject(o, "uid", c->uid);
        cJSON_AddStringToObject(o, "attach", attach_name(ATTACH_EXEC));
        json_add_text(o, "path", rule->executable);
        json_add_text(o, "policy", rule->policy);
        json_add_text(o, "reason", reason);
        event_emit(d, o);
}

/* Its policy with all that it extends, and the text of that, both to be freed. */
static int load_policy(const struct host_rule *rule, struct policy **ret, char **ret_text, struct findings *findings, struct error *e)
{
        _cleanup_free_ char *text = NULL, *file = NULL;
        size_t length;
        int r = library_read(rule->policy, &text, &length, &file, e);

        if (r < 0)
                return r;
        r = library_load(text, length, file, ret, ret_text, findings);
        return r < 0 ? error_set(e, r, "policy %s has errors: holdfast policy check names them", rule->policy) : 0;
}

static int begin(struct daemon *d, const struct host_rule *rule, const struct starter *c, struct findings *findings, struct error *e)
{
        const struct peer peer = { .who = 0, .actor = "holdfastd" };
        const struct session_request q = {
                .attach = ATTACH_EXEC,
                .pid = c->pid,
                .workspace = rule->workspace,
                .agent = rule->agent,
                .version = rule->version,
                .peer = &peer,
        };
        struct session *s = NULL;
        struct policy *policy;
        char *text;
        int r = load_policy(rule, &policy, &text, findings, e);

        if (r < 0)
                return r;
        r = session_create(d, &q, policy, text, &s, findings, e);
        if (r == 0)
                found_clear(&s->found);
        return r;
}

/* Whether the process may go on with the program. */
static bool admit(struct daemon *d, pid_t pid, int pidfd, int program)
{
        _cleanup_findings_ struct findings findings = FINDINGS_INIT;
        _cleanup_error_ struct error e = ERROR_INIT;
        struct search search = { .pid = pid };
        const struct host_rule *rule;
        __attribute__((cleanup(starter_clear))) struct starter c = { 0 };
        struct stat st;
        char reason[512];
        int r;

        if (fstat(program, &st) < 0 || read_starter(pid, pidfd, &c) < 0)
                return false;
        rule = find_rule(d, &st, &c);
        if (!rule)
                return true;
        r = kernel_members(d->kernel, 0, compare, &search, &e);
        if (r >= 0 && !search.found)
                r = begin(d, rule, &c, &findings, &e);
        if (r >= 0)
                return true;
        snprintf(reason, sizeof(reason), "%s%s%s%s%s", error_text(&e), findings.count ? ": " : "",
                 findings.count ? findings.list[0].where : "", findings.count ? ": " : "", findings.count ? findings.list[0].what : "");
        report_refusal(d, rule, &c, reason);
        return false;
}

/* One at a time: what else waits has its turn between two. */
static int on_exec(sd_event_source *source, int fd, uint32_t revents, void *context)
{
        struct {
                struct fanotify_event_metadata head;
                struct fanotify_event_info_pidfd process;
        } event = { .process.pidfd = -1 };
        struct fanotify_response response;
        struct daemon *d = context;
        ssize_t n = read(fd, &event, sizeof(event));

        (void)source;
        (void)revents;
        if (n < (ssize_t)sizeof(event.head) || event.head.fd < 0)
                return 0;
        response = (struct fanotify_response){ event.head.fd, FAN_DENY };
        if (event.head.vers == FANOTIFY_METADATA_VERSION && n == sizeof(event) && event.process.pidfd >= 0 &&
            admit(d, event.head.pid, event.process.pidfd, event.head.fd))
                response.response = FAN_ALLOW;
        if (write(fd, &response, sizeof(response)) < 0)
                log_warning("process %d waits for a program in vain: %s", event.head.pid, strerror(errno));
        close(event.head.fd);
        if (event.process.pidfd >= 0)
                close(event.process.pidfd);
        return 0;
}

/* ---- the programs ------------------------------------------------------------------------------------------------------- */

static int mark(struct daemon *d, const struct way *w, unsigned how)
{
        char path[32];

        if (w->fd < 0)
                return 0;
        snprintf(path, sizeof(path), "/proc/self/fd/%d", w->fd);
        return fanotify_mark(d->hostrules.group, how, FAN_OPEN_EXEC_PERM, AT_FDCWD, path) < 0 ? -errno : 0;
}

static bool same_program(const struct way *a, const struct way *b)
{
        return a->fd >= 0 && b->fd >= 0 && a->device == b->device && a->inode == b->inode;
}

/* What a rule led to, and no rule leads to any more. */
static void unmark(struct daemon *d, const struct way *old, const struct way *ways, size_t n)
{
        for (size_t i = 0; i < n; i++)
                if (same_program(old, &ways[i]))
                        return;
        mark(d, old, FAN_MARK_REMOVE);
}

struct watching {
        int fd;
        struct watch *list;
        size_t count;
        bool failed;
};

static void watch_folder(void *context, int folder, const char *name)
{
        struct watching *w = context;
        struct watch *more = reallocarray(w->list, w->count + 1, sizeof(*more));
        char path[32];

        snprintf(path, sizeof(path), "/proc/self/fd/%d", folder);
        if (more) {
                w->list = more;
                w->list[w->count].folder = inotify_add_watch(w->fd, path, CHANGES);
                w->list[w->count].name = strdup(name);
        }
        w->failed |= !more || w->list[w->count].folder < 0 || !w->list[w->count].name;
        w->count += !!more;
}

static void watches_free(struct watch *list, size_t n)
{
        for (size_t i = 0; i < n; i++)
                free(list[i].name);
        free(list);
}

static void ways_free(struct way *ways, size_t n)
{
        for (size_t i = 0; i < n && ways; i++)
                way_clear(&ways[i]);
        free(ways);
}

/* Where a rule's path leads. What everybody may change, and the daemon itself, is no agent. */
static void find_way(const struct host_rule *rule, size_t n, struct watching *watching, struct way *w)
{
        struct stat own;
        int r = way_follow(rule->executable, watch_folder, watching, w);

        if (r < 0)
                log_warning("$.hosts[%zu]: %s: %s; it is looked for again when that changes", n, rule->executable, strerror(-r));
        if (w->open) {
                log_error("$.hosts[%zu]: everybody may change what %s leads to: the rule is not followed", n, rule->executable);
                way_clear(w);
        } else if (w->fd >= 0 && stat("/proc/self/exe", &own) == 0 && own.st_dev == w->device && own.st_ino == w->inode) {
                log_error("$.hosts[%zu]: %s is holdfastd itself: the rule is not followed", n, rule->executable);
                way_clear(w);
        }
}

/* Tells the kernel, and has kept open what must be. */
static int tell_kernel(struct daemon *d, struct way *ways, struct error *e)
{
        const size_t rules = d->config.hosts.count;
        _cleanup_free_ struct kernel_executable *list = calloc(rules + 1, sizeof(*list));
        int *fds = calloc(rules * (HF_EXECUTABLE_LEVELS + 1) + 1, sizeof(*fds)), r;
        size_t n = 0, held = 0;
        bool hold = false;

        if (!list || !fds) {
                free(fds);
                return error_set(e, -ENOMEM, "out of memory");
        }
        for (size_t i = 0; i < rules; i++) {
                const struct host_rule *rule = &d->config.hosts.list[i];
                struct kernel_executable *x = &list[n];

                if (!ways[i].levels)
                        continue;
                x->fd = ways[i].fd;
                x->user = user_of(rule, &ways[i]);
                x->cgroup = rule->cgroup;
                x->levels = ways[i].levels;
                if (x->fd >= 0)
                        fds[held++] = x->fd;
                for (int j = 0; j < x->levels; j++) {
                        x->name[j] = ways[i].name[j];
                        x->above[j] = ways[i].above[j];
                        if (x->above[j] >= 0)
                                fds[held++] = x->above[j];
                }
                n++;
        }
        r = kernel_executables(d->kernel, list, n, &hold, e);
        if (r < 0) {
                free(fds);
                return r;
        }
        r = keeper_hosts(d, fds, hold ? held : 0);
        free(d->hostrules.held);
        d->hostrules.held = fds;
        if (r < 0)
                log_error("the programs of the rules cannot be kept open (%s): when the daemon ends, the kernel may lose them",
                          strerror(-r));
        return 0;
}

static int on_change(sd_event_source *source, int fd, uint32_t revents, void *context);

/* Where all rules lead now, with what is found there marked. */
static int find_ways(struct daemon *d, struct watching *watching, struct way *ways, struct error *e)
{
        for (size_t i = 0; i < d->config.hosts.count; i++) {
                const struct host_rule *rule = &d->config.hosts.list[i];
                int r;

                find_way(rule, i, watching, &ways[i]);
                r = mark(d, &ways[i], FAN_MARK_ADD);
                if (r < 0)
                        return error_set(e, r, "cannot mark %s: %s; a kernel with CONFIG_FANOTIFY_ACCESS_PERMISSIONS can", rule->executable,
                                         strerror(-r));
        }
        return watching->failed ? error_set(e, -ENOSPC, "cannot watch the folders of the rules: raise fs.inotify.max_user_watches") : 0;
}

/* Takes over what was found, and unmarks what no rule leads to any more. */
static void adopt(struct daemon *d, struct watching *watching, struct way *ways, sd_event_source *changes)
{
        struct hostrules *h = &d->hostrules;
        const size_t n = d->config.hosts.count;
        struct way *old = h->ways;

        h->ways = ways;
        sd_event_source_disable_unref(h->changes);
        h->changes = changes;
        cleanup_close(&h->watcher);
        h->watcher = watching->fd;
        watches_free(h->watches, h->n_watches);
        h->watches = watching->list;
        h->n_watches = watching->count;
        for (size_t i = 0; i < n && old; i++)
                unmark(d, &old[i], ways, n);
        ways_free(old, n);
}

/* Follows all ways anew. On failure all stays as it was: what is new there has a place that the kernel knows, and is refused. */
static int look(struct daemon *d, struct error *e)
{
        const size_t n = d->config.hosts.count;
        struct watching watching = { .fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC) };
        struct way *ways = calloc(n + 1, sizeof(*ways));
        sd_event_source *changes = NULL;
        int r = -ENOMEM;

        if (watching.fd >= 0 && ways) {
                for (size_t i = 0; i < n; i++)
                        ways[i] = (struct way)WAY_INIT;
                r = find_ways(d, &watching, ways, e);
                if (r >= 0)
                        r = sd_event_add_io(d->event, &changes, watching.fd, EPOLLIN, on_change, d);
                if (r >= 0)
                        r = sd_event_source_set_priority(changes, PRIORITY);
                if (r >= 0)
                        r = tell_kernel(d, ways, e);
        }
        if (r >= 0) {
                adopt(d, &watching, ways, changes);
                return 0;
        }
        sd_event_source_disable_unref(changes);
        cleanup_close(&watching.fd);
        watches_free(watching.list, watching.count);
        ways_free(ways, n);
        return e->message ? r : error_set(e, r, "cannot look for the programs of the rules: %s", strerror(-r));
}

static bool concerns(const struct hostrules *h, const struct inotify_event *event)
{
        if (!event->len)
                return true; /* the folder itself, or events were lost */
        for (size_t i = 0; i < h->n_watches; i++)
                if (h->watches[i].folder == event->wd && !strcmp(h->watches[i].name, event->name))
                        return true;
        return false;
}

static int on_change(sd_event_source *source, int fd, uint32_t revents, void *context)
{
        _Alignas(struct inotify_event) char buffer[64 * 1024];
        _cleanup_error_ struct error e = ERROR_INIT;
        struct daemon *d = context;
        bool changed = false;
        ssize_t n;

        (void)source;
        (void)revents;
        while ((n = read(fd, buffer, sizeof(buffer))) > 0)
                for (ssize_t at = 0; at < n;) {
                        const struct inotify_event *event = (const void *)(buffer + at);

                        changed |= concerns(&d->hostrules, event);
                        at += (ssize_t)(sizeof(*event) + event->len);
                }
        if (changed && look(d, &e) < 0)
                log_error("%s; what has changed of them is refused until holdfastd is started again", error_text(&e));
        return 0;
}

static int start_group(struct daemon *d, struct error *e)
{
        struct hostrules *h = &d->hostrules;
        int r;

        h->group =
                fanotify_init(FAN_CLASS_CONTENT | FAN_CLOEXEC | FAN_NONBLOCK | FAN_UNLIMITED_QUEUE | FAN_UNLIMITED_MARKS | FAN_REPORT_PIDFD,
                              O_RDONLY | O_CLOEXEC);
        if (h->group < 0)
                return error_set(e, -errno, "$.hosts: the kernel gives no fanotify group: %s", strerror(errno));
        r = sd_event_add_io(d->event, &h->execs, h->group, EPOLLIN, on_exec, d);
        if (r >= 0)
                r = sd_event_source_set_priority(h->execs, PRIORITY);
        return r < 0 ? error_set(e, r, "cannot wait for programs: %s", strerror(-r)) : 0;
}

/* The policies are read again with each session; that one is missing is better said now. */
static int check_policies(const struct host_rules *rules, struct error *e)
{
        for (size_t i = 0; i < rules->count; i++) {
                _cleanup_findings_ struct findings findings = FINDINGS_INIT;
                _cleanup_free_ char *text = NULL;
                struct policy *policy;
                int r = load_policy(&rules->list[i], &policy, &text, &findings, e);

                if (r < 0) {
                        error_prefix(e, "$.hosts[%zu].policy", i);
                        return r;
                }
                policy_free(policy);
        }
        return 0;
}

int hostrules_start(struct daemon *d, struct error *e)
{
        bool hold;
        int r;

        if (!d->config.hosts.count)
                return kernel_executables(d->kernel, NULL, 0, &hold, e);
        r = check_policies(&d->config.hosts, e);
        if (r >= 0)
                r = start_group(d, e);
        return r < 0 ? r : look(d, e);
}

void hostrules_stop(struct daemon *d)
{
        struct hostrules *h = &d->hostrules;

        sd_event_source_disable_unref(h->execs);
        sd_event_source_disable_unref(h->changes);
        cleanup_close(&h->group);
        cleanup_close(&h->watcher);
        watches_free(h->watches, h->n_watches);
        ways_free(h->ways, d->config.hosts.count);
        free(h->held);
        *h = (struct hostrules)HOSTRULES_INIT;
}
