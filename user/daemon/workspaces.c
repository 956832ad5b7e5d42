/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/workspaces.h"

#include "base/cleanup.h"
#include "base/json.h"
#include "base/log.h"
#include "base/time.h"
#include "daemon/access.h"
#include "daemon/daemon.h"
#include "daemon/kill.h"
#include "daemon/workspace_job.h"
#include "daemon/workspace_mount.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#define FOLDER "workspaces"
#define MOST 32                 /* that are kept of a user but root */
#define LEAST (32ull << 20)     /* bytes that are kept free, or these parts of all: */
#define MOST_KEPT (40ull << 30) /* bytes of which the parts are, where there are more */
#define PART_BEGIN 10           /* where another workspace begins, */
#define PART_PAUSE 20           /* and where those that are written pause */

/* ---- where they are ------------------------------------------------------------------------------------------------------------- */

int workspaces_folder(const struct daemon *d)
{
        _cleanup_close_ int state = open(d->config.state, O_PATH | O_DIRECTORY | O_CLOEXEC);
        int fd;

        if (state < 0 || (mkdirat(state, FOLDER, 0700) < 0 && errno != EEXIST))
                return -errno;
        fd = openat(state, FOLDER, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        return fd < 0 ? -errno : fd;
}

static bool is_id(const char *id)
{
        return strlen(id) == ID_LENGTH && strspn(id, "abcdefghijklmnopqrstuvwxyz234567") == ID_LENGTH;
}

int workspaces_open(const struct daemon *d, const char *id)
{
        _cleanup_close_ int all = is_id(id) ? workspaces_folder(d) : -ENOENT;
        int fd = all < 0 ? -1 : openat(all, id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

        return all < 0 ? all : fd < 0 ? -errno : fd;
}

bool workspaces_busy(const struct daemon *d, const char *id)
{
        const struct session *s = sessions_by_id(&d->sessions, id);

        return s && s->live;
}

/* ---- beginning ------------------------------------------------------------------------------------------------------------------ */

/* The layer's own folder is what the agent finds as the workspace's: it belongs to the same, with the same mode. */
static int make_layers(int folder, int lower, int *upper, int *work)
{
        struct stat st;

        if (fstat(lower, &st) < 0 || mkdirat(folder, WORKSPACE_UPPER, 0700) < 0 || mkdirat(folder, WORKSPACE_WORK, 0700) < 0)
                return -errno;
        *upper = openat(folder, WORKSPACE_UPPER, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        *work = openat(folder, WORKSPACE_WORK, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (*upper < 0 || *work < 0 || fchown(*upper, st.st_uid, st.st_gid) < 0 || fchmod(*upper, st.st_mode & 07777) < 0)
                return -errno;
        return 0;
}

/* The state folder may be reached by a link; what counts is where it is. */
static int not_within(const struct daemon *d, const char *workspace, struct error *e)
{
        char state[PATH_MAX];
        const size_t n = strlen(workspace);

        if (strstr(workspace, "//") || strstr(workspace, "/./") || strstr(workspace, "/../") || workspace[n - 1] == '/' ||
            workspace[n - 1] == '.')
                return error_set(e, -EINVAL, "workspace %s: an ephemeral one is named without \".\", \"..\" and slashes too many",
                                 workspace);
        if (!realpath(d->config.state, state))
                return error_set(e, -errno, "%s: %s", d->config.state, strerror(errno));
        if (strncmp(state, workspace, n) == 0 && (!state[n] || state[n] == '/'))
                return error_set(e, -EINVAL, "workspace %s: it has the state of holdfastd in it, and cannot be ephemeral", workspace);
        return 0;
}

static int lower_of(const struct session *s)
{
        char path[PATH_MAX + 32];
        int fd;

        snprintf(path, sizeof(path), "/proc/%d/root%s", s->pid, s->workspace);
        fd = open(path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        return fd < 0 ? -errno : fd;
}

/* What the folder has from now on changed outside is somebody else's: the kernel's own clock of files, which is a little behind. */
static int write_record(int folder, int lower, const struct session *s, bool discard)
{
        char is[FOLDER_SIZE];
        int r = folder_is(lower, is);
        const struct workspace w = {
                .id = (char *)s->id,
                .uid = s->uid,
                .user = s->user,
                .path = s->workspace,
                .agent = s->agent,
                .folder = is,
                .started = time_now(CLOCK_REALTIME_COARSE),
                .discard = discard,
        };

        return r < 0 ? r : workspace_write(folder, &w, true);
}

static int make_state(struct daemon *d, struct session *s, bool discard, int *upper, int *work, struct error *e)
{
        _cleanup_close_ int all = workspaces_folder(d), lower = lower_of(s), folder = -1;
        int r = all < 0 ? all : lower < 0 ? lower : 0;

        if (r == 0 && mkdirat(all, s->id, 0700) < 0)
                r = -errno;
        s->apart = r == 0;
        if (r == 0)
                folder = workspaces_open(d, s->id);
        if (r == 0 && folder < 0)
                r = folder;
        if (r == 0)
                r = make_layers(folder, lower, upper, work);
        if (r == 0)
                r = write_record(folder, lower, s, discard);
        return r < 0 ? error_set(e, r, "cannot make the layers of the workspace in %s/" FOLDER ": %s", d->config.state, strerror(-r)) : 0;
}

/* ---- room ----------------------------------------------------------------------------------------------------------------------- */

/*
 * What is left of the file system of the layers, by what it is to keep: the kernel writes there as root, whatever the user's quota is, and
 * the daemon's records are on it too.
 */
static bool is_short(const struct daemon *d, unsigned part)
{
        _cleanup_close_ int all = workspaces_folder(d);
        struct statvfs fs;
        uint64_t left, keep;

        if (all < 0 || fstatvfs(all, &fs) < 0)
                return false;
        left = (uint64_t)fs.f_bavail * fs.f_frsize;
        keep = (uint64_t)fs.f_blocks * fs.f_frsize / part;
        keep = keep < MOST_KEPT / part ? keep : MOST_KEPT / part;
        return left < (keep > LEAST ? keep : LEAST) || (fs.f_files && fs.f_favail < fs.f_files / part);
}

static int kept_of(const struct daemon *d, uid_t uid)
{
        int all = workspaces_folder(d), n = 0;
        _cleanup_closedir_ DIR *dir = all < 0 ? NULL : fdopendir(all);
        const struct dirent *entry;

        while (dir && (entry = readdir(dir))) {
                _cleanup_close_ int folder = workspaces_open(d, entry->d_name);
                _cleanup_workspace_ struct workspace w = { 0 };

                n += folder >= 0 && workspace_read(folder, &w) == 0 && w.uid == uid;
        }
        return n;
}

static int has_room(const struct daemon *d, uid_t uid, struct error *e)
{
        if (is_short(d, PART_BEGIN))
                return error_set(e, -ENOSPC, "there is too little room on the file system of %s/" FOLDER " for another ephemeral workspace",
                                 d->config.state);
        if (uid && kept_of(d, uid) >= MOST)
                return error_set(e, -ENOSPC, "%d workspaces are kept already: discard some first", MOST);
        return 0;
}

void workspaces_tick(struct daemon *d)
{
        bool any = false;

        for (size_t i = 0; i < d->sessions.count; i++)
                any = any || (d->sessions.list[i]->live && d->sessions.list[i]->apart);
        if (!any || !is_short(d, PART_PAUSE))
                return;
        for (size_t i = 0; i < d->sessions.count; i++) {
                const struct session *s = d->sessions.list[i];

                if (s->live && s->apart && !session_bits(d, s))
                        kill_session(d, s, HF_KILL_PAUSE, "the file system of ephemeral workspaces is nearly full");
        }
}

int workspaces_begin(struct daemon *d, struct session *s, const struct session_request *q, struct error *e)
{
        _cleanup_close_ int upper = -1, work = -1;
        struct workspace_mount m = {
                .pid = s->pid,
                .uid = s->uid,
                .workspace = s->workspace,
                .home = s->home,
                .upper = -1,
                .work = -1,
                .private_tmp = q->private_tmp,
                .private_home = q->private_home,
        };
        int r = 0;

        if (!q->ephemeral && !q->private_tmp && !q->private_home)
                return 0;
        if (q->attach != ATTACH_RUN)
                return error_set(e, -EINVAL, "only a session that begins with its process can have files of its own");
        if (q->ephemeral) {
                r = not_within(d, s->workspace, e);
                if (r == 0)
                        r = has_room(d, s->uid, e);
                if (r == 0)
                        r = make_state(d, s, q->ephemeral == EPHEMERAL_DISCARD, &upper, &work, e);
                m.upper = upper;
                m.work = work;
        }
        return r < 0 ? r : workspace_mount(&m, e);
}

bool workspaces_apart(const struct daemon *d, const char *id)
{
        _cleanup_close_ int folder = workspaces_open(d, id);

        return folder != -ENOENT;
}

int workspaces_covered(const struct daemon *d, const struct session *s, int *ret, struct error *e)
{
        _cleanup_close_ int state = -1, folder = -1;
        _cleanup_workspace_ struct workspace w = { 0 };
        char is[FOLDER_SIZE];
        int r;

        *ret = -1;
        if (!s->apart)
                return 0;
        state = workspaces_open(d, s->id);
        folder = open(s->workspace, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        r = state < 0 ? state : folder < 0 ? -errno : workspace_read(state, &w);
        if (r == 0)
                r = folder_is(folder, is);
        if (r == 0 && (!w.folder || strcmp(is, w.folder) != 0))
                r = -ESTALE;
        if (r < 0)
                return error_set(e, r, "the real folder of workspace %s, which is to be refused to the session, is not at %s: %s", s->id,
                                 s->workspace, strerror(-r));
        *ret = TAKE_FD(folder);
        return 0;
}

/* ---- ending --------------------------------------------------------------------------------------------------------------------- */

/* By one rename it is gone for everybody, also where one of that name is still being removed. */
static int put_away(struct daemon *d, const char *id)
{
        _cleanup_close_ int all = workspaces_folder(d);
        char gone[ID_SIZE + 32];

        snprintf(gone, sizeof(gone), ".gone-%s-%llx", id, (unsigned long long)time_now(CLOCK_REALTIME));
        return all < 0 ? all : renameat(all, id, all, gone) < 0 ? -errno : 0;
}

static int order(struct daemon *d, const char *what, const char *id, struct error *e)
{
        _cleanup_json_ cJSON *o = cJSON_CreateObject();

        cJSON_AddStringToObject(o, "do", what);
        if (id)
                cJSON_AddStringToObject(o, "id", id);
        return o ? job_start(d, o, NULL, NULL, 0, NULL, e) : -ENOMEM;
}

void workspaces_recover(struct daemon *d, const char *id)
{
        _cleanup_error_ struct error e = ERROR_INIT;

        if (order(d, "recover", id, &e) < 0)
                log_warning("workspace %s: an apply that was interrupted is cleared up when the daemon starts again: %s", id,
                            error_text(&e));
}

void workspaces_empty(struct daemon *d)
{
        _cleanup_error_ struct error e = ERROR_INIT;

        d->empty_again = jobs_empty(d);
        if (!d->empty_again && order(d, "empty", NULL, &e) < 0)
                log_warning("discarded workspaces take room until the daemon starts again: %s", error_text(&e));
}

/* Where the note goes the file that it speaks of would keep a name that is not its own. */
static bool interrupted(int folder)
{
        return faccessat(folder, WORKSPACE_NOTE, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

int workspaces_discard(struct daemon *d, const char *id, struct error *e)
{
        _cleanup_close_ int folder = workspaces_open(d, id);
        int r = folder < 0 ? folder : flock(folder, LOCK_EX | LOCK_NB) < 0 ? -EBUSY : 0;

        if (r == 0 && interrupted(folder)) {
                flock(folder, LOCK_UN);
                workspaces_recover(d, id);
                r = -EBUSY;
        }
        if (r == 0)
                r = put_away(d, id);
        if (r < 0)
                return error_set(e, r, "workspace %s cannot be discarded: %s", id,
                                 r == -EBUSY ? "somebody applies it, or an apply is being cleared up" : strerror(-r));
        workspaces_empty(d);
        return 0;
}

void workspaces_undo(struct daemon *d, const struct session *s)
{
        if (s->apart)
                workspaces_discard(d, s->id, NULL);
}

/* Notes the end, or discards. True: there is something to remove. */
static bool settle(struct daemon *d, const char *id)
{
        _cleanup_close_ int folder = workspaces_open(d, id);
        _cleanup_workspace_ struct workspace w = { 0 };
        int r;

        if (folder < 0)
                return false;
        r = workspace_read(folder, &w);
        if (r == -ENOENT || (r == 0 && w.discard)) {
                r = put_away(d, id);
                if (r < 0)
                        log_warning("workspace %s cannot be discarded: %s", id, strerror(-r));
                return true;
        }
        if (r == 0 && !w.ended) {
                w.ended = time_now(CLOCK_REALTIME);
                r = workspace_write(folder, &w, false); /* what is lost of it the next start finds out */
        }
        if (r < 0)
                log_warning("the record of workspace %s: %s", id, strerror(-r));
        return false;
}

void workspaces_end(struct daemon *d, const struct session *s)
{
        if (s->apart && settle(d, s->id))
                workspaces_empty(d);
}

static bool is_interrupted(const struct daemon *d, const char *id)
{
        _cleanup_close_ int folder = workspaces_open(d, id);

        return folder >= 0 && interrupted(folder);
}

void workspaces_start(struct daemon *d)
{
        int all = workspaces_folder(d);
        _cleanup_closedir_ DIR *dir = all < 0 ? NULL : fdopendir(all);
        const struct dirent *entry;
        bool left = false;

        if (!dir) {
                log_error("%s/" FOLDER ": %s; no session can have an ephemeral workspace", d->config.state,
                          strerror(all < 0 ? -all : ENOMEM));
                return;
        }
        while ((entry = readdir(dir))) {
                left = left || strncmp(entry->d_name, ".gone-", 6) == 0;
                if (!is_id(entry->d_name) || workspaces_busy(d, entry->d_name))
                        continue;
                if (settle(d, entry->d_name))
                        left = true;
                else if (is_interrupted(d, entry->d_name))
                        workspaces_recover(d, entry->d_name);
        }
        if (left)
                workspaces_empty(d);
}
