/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/daemon.h"

#include "base/json.h"
#include "base/log.h"
#include "base/paths.h"
#include "base/time.h"
#include "daemon/access.h"
#include "daemon/control.h"
#include "daemon/events.h"
#include "daemon/flows.h"
#include "daemon/throttle.h"
#include "daemon/kill.h"
#include "daemon/listen.h"
#include "daemon/routes.h"
#include "daemon/stream.h"
#include "daemon/tell.h"
#include "daemon/tokens.h"
#include "daemon/workspaces.h"

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>

#define TICK_USEC 1000000ull
#define TICK_PRIORITY 5                    /* behind requests, before events */
#define BEAT_PRIORITY (-10)                /* whoever asks much of the daemon does not stop its heart */
#define ENDED_SHOWN (3600 * 1000000000ull) /* ns that a session that ended stays in memory */
#define DESCRIPTORS_MAX (1 << 20)

/* Makes a folder of the daemon's own, and sees that nobody else can write there. */
static int make_folder(const char *path, mode_t mode, struct error *e)
{
        struct stat st;

        if (mkdir(path, mode) < 0 && errno != EEXIST)
                return error_set(e, -errno, "cannot make %s: %s", path, strerror(errno));
        if (stat(path, &st) < 0 || !S_ISDIR(st.st_mode))
                return error_set(e, -ENOTDIR, "%s is not a folder", path);
        if (st.st_uid != 0 || (st.st_mode & 022))
                return error_set(e, -EPERM, "%s must belong to root, and nobody else may write there: chown root %s && chmod %o %s", path,
                                 path, mode, path);
        return 0;
}

/* The folder of a file. */
static int make_parent(const char *file, mode_t mode, struct error *e)
{
        char path[PATH_MAX];
        char *slash;

        if (snprintf(path, sizeof(path), "%s", file) >= (int)sizeof(path))
                return error_set(e, -ENAMETOOLONG, "%s: the path is too long", file);
        slash = strrchr(path, '/');
        if (!slash || slash == path)
                return 0;
        *slash = '\0';
        return make_folder(path, mode, e);
}

static int make_folders(const struct config *c, struct error *e)
{
        int r = make_folder(PATH_RUN, 0755, e);

        if (r >= 0)
                r = make_parent(c->socket, 0755, e);
        if (r >= 0)
                r = make_folder(c->state, 0700, e);
        return r < 0 ? r : make_parent(c->audit, 0711, e); /* whoever reaches for a file in it is refused by name, with an event */
}

int daemon_lock(int *lock, struct error *e)
{
        *lock = open(PATH_RUN "/lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (*lock < 0)
                return error_set(e, -errno, "cannot open " PATH_RUN "/lock: %s", strerror(errno));
        if (flock(*lock, LOCK_EX | LOCK_NB) < 0)
                return error_set(e, errno == EWOULDBLOCK ? -EBUSY : -errno, "another holdfastd is running on this host");
        return 0;
}

/* A policy is compiled with a descriptor for each of its places; as many as fs.nr_open is by default. */
static void raise_descriptors(void)
{
        const struct rlimit most = { DESCRIPTORS_MAX, DESCRIPTORS_MAX };
        struct rlimit limit;

        if (setrlimit(RLIMIT_NOFILE, &most) == 0 || getrlimit(RLIMIT_NOFILE, &limit) < 0)
                return;
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
}

/* Sessions that ended a while ago are in the database only. */
static void forget_ended(struct daemon *d)
{
        uint64_t now = time_now(CLOCK_REALTIME);

        for (size_t i = d->sessions.count; i > 0; i--) {
                struct session *s = d->sessions.list[i - 1];

                if (s->live || s->ended + ENDED_SHOWN > now)
                        continue;
                kills_forget(d, s->id);
                sessions_remove(&d->sessions, s);
        }
}

/* Once no session is killed any more, nor has recheck or a limit on what it writes, reads and writes need no look. */
static void look_away(struct daemon *d)
{
        bool look = d->orphans || kernel_host(d->kernel)->kill;

        for (size_t i = 0; i < d->sessions.count && !look; i++) {
                const struct session *s = d->sessions.list[i];
                const struct hf_session *record = kernel_session(d->kernel, s->slot);

                look = s->live && (record->kill || record->recheck || record->disk);
        }
        if (!look)
                __atomic_store_n(&kernel_host(d->kernel)->look, 0, __ATOMIC_RELAXED);
}

/* Once a second: what no event tells. */
static int on_tick(sd_event_source *source, uint64_t usec, void *context)
{
        struct daemon *d = context;

        events_check_lost(d);
        kills_expire(d);
        audit_tick(d->audit);
        kernel_policy_reap(d->kernel);
        keeper_tidy(d);
        resolver_tick(d);
        limits_count(d);
        workspaces_tick(d);
        for (size_t i = 0; i < d->sessions.count; i++) {
                struct session *s = d->sessions.list[i];

                if (!s->live)
                        continue;
                kill_enforce(d, s);
                revoke_tick(d, s);
                throttle_check(d, s);
                limits_tick(d, s);
                trips_tick(d, s);
                if (s->flows_later)
                        flows_end(d, s);
                if (s->outside)
                        session_check(d, s);
        }
        look_away(d);
        forget_ended(d);
        streams_check(d);
        access_tick(d);
        (void)usec;
        sd_event_source_set_time_relative(source, TICK_USEC);
        return 0;
}

/* Once a second, before all else: only a loop that does not turn has no heartbeat. */
static int on_beat(sd_event_source *source, uint64_t usec, void *context)
{
        (void)usec;
        control_tick(context);
        sd_event_source_set_time_relative(source, TICK_USEC);
        return 0;
}

static int start_loop(struct daemon *d, struct error *e)
{
        sigset_t set;
        int r;

        sigemptyset(&set);
        sigaddset(&set, SIGTERM);
        sigaddset(&set, SIGINT);
        sigaddset(&set, SIGCHLD);
        sigprocmask(SIG_BLOCK, &set, NULL);
        signal(SIGPIPE, SIG_IGN);
        /* Its terminal may be that of a session, which can have it stop whoever writes there. */
        signal(SIGTTOU, SIG_IGN);
        signal(SIGTTIN, SIG_IGN);
        signal(SIGTSTP, SIG_IGN);
        r = sd_event_default(&d->event);
        if (r >= 0)
                r = sd_event_add_signal(d->event, NULL, SIGTERM, NULL, NULL); /* no handler: the loop ends */
        if (r >= 0)
                r = sd_event_add_signal(d->event, NULL, SIGINT, NULL, NULL);
        if (r >= 0)
                r = sd_event_add_time_relative(d->event, &d->tick, CLOCK_MONOTONIC, TICK_USEC, 0, on_tick, d);
        if (r >= 0)
                r = sd_event_source_set_enabled(d->tick, SD_EVENT_ON);
        if (r >= 0)
                r = sd_event_source_set_priority(d->tick, TICK_PRIORITY);
        if (r >= 0)
                r = sd_event_add_time_relative(d->event, &d->beat, CLOCK_MONOTONIC, TICK_USEC, 0, on_beat, d);
        if (r >= 0)
                r = sd_event_source_set_enabled(d->beat, SD_EVENT_ON);
        if (r >= 0)
                r = sd_event_source_set_priority(d->beat, BEAT_PRIORITY);
        if (r >= 0)
                r = cutter_new(&d->cutter);
        return r < 0 ? error_set(e, r, "cannot start the event loop: %s", strerror(-r)) : 0;
}

static void on_line(void *context, uint64_t seq, const char *line, size_t length)
{
        struct daemon *d = context;

        (void)seq;
        journal_send(&d->journal, JOURNAL_SOCKET, line, length);
}

static int start_journal(struct daemon *d, struct error *e)
{
        int r = journal_open(&d->journal, d->config.journal);

        if (r >= 0 && d->journal.choice != JOURNAL_NONE)
                r = audit_follow(d->audit, on_line, d);
        return r < 0 ? error_set(e, r, "cannot send events to the journal: %s", strerror(-r)) : 0;
}

static int start_audit(struct daemon *d, struct error *e)
{
        const struct config *c = &d->config;
        struct audit_options options = {
                .rotate_size = c->audit_rotate_size,
                .rotate_age = c->audit_rotate_age * 1000000000ull,
                .keep = c->audit_keep,
        };
        _cleanup_free_ char *key = NULL;
        int r;

        if (asprintf(&key, "%s/audit.key", c->state) < 0) {
                key = NULL;
                return error_set(e, -ENOMEM, "out of memory");
        }
        options.key = key;
        r = audit_open(c->audit, &options, &d->audit, e);
        return r < 0 ? r : start_journal(d, e);
}

static int start_state(struct daemon *d, struct error *e)
{
        _cleanup_free_ char *path = NULL;
        int r = make_folders(&d->config, e);

        if (r >= 0)
                r = daemon_lock(&d->lock, e);
        if (r < 0)
                return r;
        if (asprintf(&path, "%s/holdfast.db", d->config.state) < 0) {
                path = NULL;
                return error_set(e, -ENOMEM, "out of memory");
        }
        drills_read(d->config.state, &d->drills);
        r = store_open(path, &d->store, e);
        if (r >= 0)
                r = tokens_prepare(d->store, e);
        return r < 0 ? r : start_audit(d, e);
}

static void report_start(struct daemon *d, const char *reason)
{
        cJSON *o = event_begin(d, NULL, "admin", "allow", "holdfastd");

        if (o) {
                cJSON_AddStringToObject(o, "version", HOLDFAST_VERSION);
                json_add_text(o, "reason", reason);
        }
        event_emit(d, o);
}

static int start_sessions(struct daemon *d, struct error *e)
{
        int r = sessions_restore(d, e);

        if (r < 0)
                return r;
        ceilings_check(d->config.ceilings);
        d->host_lost = kernel_taken_over(d->kernel) ? store_number(d->store, "host_lost") : 0;
        r = kills_restore(d, e);
        events_report_held(d);
        if (r >= 0)
                r = events_start(d, e); /* what happened while no daemon ran comes first */
        if (r < 0)
                return r;
        report_start(d, kernel_taken_over(d->kernel) ? "the daemon started, and took over what was in force"
                                                     : "the daemon started, and attached the programs");
        control_take_up(d);
        control_beat(d);
        r = sessions_resume(d, e);
        if (r >= 0)
                workspaces_start(d);
        control_beat(d);
        return r < 0 ? r : hostrules_start(d, e);
}

int daemon_start(struct daemon *d, const char *config_path, bool debug, struct error *e)
{
        int r = config_read(config_path ? config_path : PATH_CONFIG, config_path, &d->config, e);

        if (r < 0)
                return r;
        log_setup("holdfastd", debug ? LOG_LEVEL_DEBUG : d->config.log_level);
        r = d->config.on_kill ? tell_check(d->config.on_kill, e) : 0;
        if (r >= 0)
                r = remote_prepare(d, e);
        if (r < 0)
                return r;
        umask(0022);
        raise_descriptors();
        d->started = time_now(CLOCK_REALTIME);
        r = start_loop(d, e);
        if (r >= 0)
                r = start_state(d, e);
        if (r >= 0)
                r = cgroups_open(&d->cgroups, e);
        if (r >= 0)
                r = kernel_open(&d->kernel, e);
        if (r >= 0) {
                control_start(d);
                keeper_find(d);
                r = start_sessions(d, e);
        }
        if (r >= 0)
                r = streams_start(d, e);
        if (r >= 0)
                r = listen_start(d, e);
        return r < 0 ? r : remote_listen(d, e);
}

static size_t live(const struct daemon *d)
{
        size_t n = 0;

        for (size_t i = 0; i < d->sessions.count; i++)
                n += d->sessions.list[i]->live;
        return n;
}

int daemon_run(struct daemon *d)
{
        int r;

        log_info("enforcing; %zu sessions; the API is at %s", live(d), d->config.socket);
        sd_notify(0, "READY=1");
        r = sd_event_set_watchdog(d->event, true); /* no sooner: what comes before may take long, and has no turns */
        if (r >= 0)
                r = sd_event_loop(d->event);
        sd_notify(0, "STOPPING=1");
        kernel_policy_reap(d->kernel);
        keeper_tidy(d);
        report_start(d, "the daemon stopped; enforcement goes on");
        events_unfold_all(d);
        log_info("stopped; the kernel goes on enforcing %zu sessions, and a new holdfastd takes them up", live(d));
        return r;
}

void daemon_stop(struct daemon *d)
{
        if (d->http)
                unlink(d->config.socket);
        http_server_free(d->remote.http);
        remote_forget(d);
        http_server_free(d->http);
        access_stop(d);
        hostrules_stop(d);
        tell_stop(d);
        workspaces_stop(d);
        streams_stop(d);
        replays_clear(&d->replays);
        resolver_stop(d);
        sessions_clear(&d->sessions);
        killset_clear(&d->kills);
        mounts_clear(&d->mounts);
        sd_event_source_disable_unref(d->events);
        sd_event_source_disable_unref(d->later);
        sd_event_source_disable_unref(d->tick);
        sd_event_source_disable_unref(d->beat);
        audit_close(d->audit);
        journal_close(&d->journal);
        store_close(d->store);
        cleanup_close(&d->keeper.fd);
        kernel_close(d->kernel);
        cgroups_close(&d->cgroups);
        cutter_free(d->cutter);
        sd_event_unref(d->event);
        cleanup_close(&d->lock);
        config_clear(&d->config);
}
