/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/workspace_job.h"

#include "base/cleanup.h"
#include "base/json.h"
#include "daemon/fsuser.h"
#include "workspace/workspace.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <signal.h>
#include <string.h>
#include <sys/file.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>

#define ANSWER_MAX (48u << 20) /* bytes; more than what the lists and a patch are cut at */
#define PATHS_MAX 1000
#define HEAD 3              /* descriptor */
#define TRIES 50            /* ten a second */
#define SHOWN 1024          /* bytes of a path in an error */
#define MEMORY (1ull << 30) /* bytes of address space */
#define DIFF_SECONDS 120
#define APPLY_SECONDS 600 /* it can be begun again */
#define GONE_PREFIX ".gone-"

/* Its end, whatever an agent has made to be looked at. A removal is as long as it is, and takes no memory. */
static bool limit(const char *what)
{
        const struct rlimit memory = { MEMORY, MEMORY };
        const unsigned seconds = !what || !strcmp(what, "empty") ? 0 : !strcmp(what, "diff") ? DIFF_SECONDS : APPLY_SECONDS;
        const struct rlimit cpu = { seconds, seconds };
        int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

        if (fd < 0 || write(fd, "1000", 4) != 4)
                fputs("work on a workspace: it cannot be the first to go where memory runs out\n", stderr);
        if (fd >= 0)
                close(fd);
#ifndef __SANITIZE_ADDRESS__
        if (setrlimit(RLIMIT_AS, &memory) < 0)
                return false;
#else
        (void)memory;
#endif
        alarm(seconds);
        return !seconds || setrlimit(RLIMIT_CPU, &cpu) == 0;
}

/* ---- the two sides -------------------------------------------------------------------------------------------------------------- */

struct opened {
        struct workspace w;
        struct layers l;
};

static void opened_clear(struct opened *o)
{
        workspace_clear(&o->w);
        cleanup_close(&o->l.state);
        cleanup_close(&o->l.upper);
        cleanup_close(&o->l.folder);
}

/* The real folder, as the user finds it. */
static int open_real(const struct workspace *w, struct error *e)
{
        struct open_how how = { .flags = O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, .resolve = RESOLVE_NO_SYMLINKS };
        int fd = (int)syscall(SYS_openat2, AT_FDCWD, w->path, &how, sizeof(how));
        char now[FOLDER_SIZE];

        if (fd < 0)
                return error_set(e, -errno, "%s: %s", w->path, strerror(errno));
        if (folder_is(fd, now) == 0 && !strcmp(now, w->folder))
                return fd;
        close(fd);
        return error_set(e, -ESTALE, "%s: it is another folder than when the session began", w->path);
}

/* What another apply left is cleared up in a moment. */
static bool lock(int fd)
{
        const struct timespec pause = { 0, 100000000 };

        for (int i = 0; i < TRIES; i++) {
                if (flock(fd, LOCK_EX | LOCK_NB) == 0)
                        return true;
                nanosleep(&pause, NULL);
        }
        return false;
}

static int open_sides(int state, const char *id, bool alone, struct opened *o, struct error *e)
{
        struct fsuser as = FSUSER_INIT; /* not left: this process is for that user alone */
        struct stat opened, now;
        int r;

        o->l.state = openat(state, id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (o->l.state < 0)
                return error_set(e, -errno, "there is no workspace %s", id);
        if (alone && !lock(o->l.state))
                return error_set(e, -EBUSY, "workspace %s is in use: somebody else applies it", id);
        if (fstat(o->l.state, &opened) < 0 || fstatat(state, id, &now, AT_SYMLINK_NOFOLLOW) < 0 || now.st_ino != opened.st_ino)
                return error_set(e, -ENOENT, "workspace %s was discarded meanwhile", id);
        r = workspace_read(o->l.state, &o->w);
        if (r < 0)
                return error_set(e, r, "the record of workspace %s: %s", id, strerror(-r));
        o->l.upper = openat(o->l.state, WORKSPACE_UPPER, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (o->l.upper < 0)
                return error_set(e, -errno, "the files of workspace %s: %s", id, strerror(errno));
        o->l.uid = o->w.uid;
        o->l.started = o->w.started;
        r = fsuser_enter(&as, o->w.uid);
        if (r < 0)
                return error_set(e, r, "cannot become user %u: %s", o->w.uid, strerror(-r));
        o->l.folder = open_real(&o->w, e);
        setfsuid(geteuid());
        return o->l.folder < 0 ? o->l.folder : 0;
}

/* ---- the work ------------------------------------------------------------------------------------------------------------------- */

static bool flag(const cJSON *order, const char *name)
{
        return cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(order, name));
}

static int apply(const struct opened *o, struct changes *c, const cJSON *order, cJSON *body, size_t *applied, struct findings *findings,
                 struct error *e)
{
        const cJSON *list = json_get_array(order, "paths"), *item;
        _cleanup_free_ const char **paths = calloc((size_t)cJSON_GetArraySize(list) + 1, sizeof(*paths));
        size_t n = 0;

        if (!paths)
                return error_set(e, -ENOMEM, "out of memory");
        if (cJSON_GetArraySize(list) > PATHS_MAX)
                return error_set(e, -E2BIG, "more than %d paths at once", PATHS_MAX);
        cJSON_ArrayForEach (item, list)
                if (cJSON_GetStringValue(item))
                        paths[n++] = cJSON_GetStringValue(item);
        return changes_apply(&o->l, c, paths, n, flag(order, "force"), body, applied, findings, e);
}

static int on_workspace(const cJSON *order, int state, const char *what, cJSON *body, size_t *applied, struct findings *findings,
                        struct error *e)
{
        _cleanup_(opened_clear) struct opened o = { .l = { -1, -1, -1, 0, 0 } };
        _cleanup_changes_ struct changes c = { 0 };
        const bool alone = strcmp(what, "diff") != 0;
        const char *id = json_get_string(order, "id");
        int r = id && !strchr(id, '/') && *id != '.' ? open_sides(state, id, alone, &o, e) : error_set(e, -EINVAL, "no id");

        if (r == -ESTALE && !strcmp(what, "recover") && o.l.upper >= 0)
                unlinkat(o.l.state, WORKSPACE_NOTE, 0); /* the folder in which something could be cleared up is no more */
        if (r == 0 && alone)
                changes_recover(&o.l);
        if (r == 0 && strcmp(what, "recover") != 0)
                r = changes_find(&o.l, &c, e);
        if (r == 0 && !strcmp(what, "diff"))
                r = changes_json(&o.l, &c, flag(order, "patch"), body, e);
        if (r == 0 && !strcmp(what, "apply"))
                r = apply(&o, &c, order, body, applied, findings, e);
        return r;
}

/* What was discarded, of all workspaces. */
static int empty(int state)
{
        _cleanup_closedir_ DIR *dir = NULL;
        const struct dirent *entry;
        int copy = openat(state, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), failed = 0;

        dir = copy < 0 ? NULL : fdopendir(copy);
        while (dir && (entry = readdir(dir))) {
                _cleanup_close_ int fd = -1;
                int r = 0;

                if (strncmp(entry->d_name, GONE_PREFIX, strlen(GONE_PREFIX)) != 0)
                        continue;
                fd = openat(state, entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
                if (fd >= 0)
                        r = tree_empty(fd);
                if (r == 0 && unlinkat(state, entry->d_name, AT_REMOVEDIR) < 0 && errno != ENOENT)
                        r = -errno;
                failed = failed ? failed : r;
        }
        return failed;
}

static int carry_out(const cJSON *order, cJSON *body, size_t *applied, struct findings *findings, struct error *e)
{
        const char *what = json_get_string(order, "do"), *path = json_get_string(order, "state");
        _cleanup_close_ int state = path ? open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
        int r;

        if (!what || state < 0)
                return error_set(e, -EINVAL, "no order that can be understood");
        if (strcmp(what, "empty") != 0)
                return on_workspace(order, state, what, body, applied, findings, e);
        r = empty(state);
        return r < 0 ? error_set(e, r, "what was discarded cannot be removed: %s", strerror(-r)) : 0;
}

static void add_errors(cJSON *head, int code, const struct findings *findings, const struct error *e)
{
        cJSON *list = cJSON_AddArrayToObject(head, "errors");

        cJSON_AddNumberToObject(head, "errno", -code);
        json_add_text(head, "error", error_text(e));
        for (int i = 0; i < findings->count; i++) {
                cJSON *o = cJSON_CreateObject();

                json_add_bytes(o, "where", findings->list[i].where, strnlen(findings->list[i].where, SHOWN));
                json_add_text(o, "what", findings->list[i].what);
                cJSON_AddItemToArray(list, o);
        }
}

static int say(int fd, const cJSON *what)
{
        _cleanup_buffer_ struct buffer out = BUFFER_INIT;
        int r = json_print(&out, what, ANSWER_MAX);

        if (r == 0)
                r = buffer_append(&out, "\n", 1);
        for (size_t done = 0; r == 0 && done < out.length;) {
                ssize_t n = write(fd, out.data + done, out.length - done);

                if (n > 0)
                        done += (size_t)n;
                else
                        r = errno == EINTR ? 0 : -EIO;
        }
        return r;
}

int workspace_job(void)
{
        _cleanup_buffer_ struct buffer text = BUFFER_INIT;
        _cleanup_json_ cJSON *order = NULL, *head = cJSON_CreateObject(), *body = cJSON_CreateObject();
        _cleanup_findings_ struct findings findings = FINDINGS_INIT;
        _cleanup_error_ struct error e = ERROR_INIT;
        size_t applied = 0;
        int r;

        prctl(PR_SET_DUMPABLE, 0);
        signal(SIGPIPE, SIG_IGN);
        umask(0);
        if (!body || !head || buffer_read(&text, STDIN_FILENO) < 0)
                return 1;
        order = cJSON_ParseWithLength(text.data ? text.data : "", text.length);
        if (!limit(json_get_string(order, "do")))
                return 1;
        r = carry_out(order, body, &applied, &findings, &e);
        if (r < 0)
                add_errors(head, r, &findings, &e);
        cJSON_AddNumberToObject(head, "applied", (double)applied);
        return say(HEAD, head) < 0 || say(STDOUT_FILENO, body) < 0;
}
