/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/tell.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "daemon/daemon.h"

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#define LINE_SIZE 1024
#define TIME_USEC 60000000ull
#define MOST 16
#define MOST_OF_OTHERS 4

/* ---- the session's terminal ---------------------------------------------------------------------------------------------------- */

/* Of the kernel's list of devices: consoles and serial lines, and pseudo-terminals. Others may do something when they are opened. */
static bool is_terminal(const struct statx *st)
{
        return S_ISCHR(st->stx_mode) && (st->stx_rdev_major == 4 || (st->stx_rdev_major >= 136 && st->stx_rdev_major <= 143));
}

/* No file system is asked that may keep the daemon waiting: only what is below /dev by name, and as the kernel knows it. */
static int open_terminal(pid_t pid, int stream)
{
        _cleanup_close_ int place = -1;
        char path[64], name[PATH_MAX];
        struct statx st;

        snprintf(path, sizeof(path), "/proc/%d/fd/%d", pid, stream);
        if (readlink(path, name, sizeof(name)) <= 5 || strncmp(name, "/dev/", 5) != 0)
                return -1;
        place = open(path, O_PATH | O_CLOEXEC);
        if (place < 0 || statx(place, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_TYPE, &st) < 0 || !is_terminal(&st))
                return -1;
        snprintf(path, sizeof(path), "/proc/self/fd/%d", place);
        return open(path, O_WRONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
}

/* What a terminal would act on. Beyond ASCII that is U+0080 to U+009F. */
static void make_plain(char *text)
{
        for (unsigned char *c = (unsigned char *)text; *c; c++) {
                if (*c == 0xc2 && c[1] >= 0x80 && c[1] <= 0x9f)
                        c[0] = c[1] = '?';
                else if (*c < 0x20 || *c == 0x7f)
                        *c = '?';
        }
}

void tell_terminal(pid_t pid, const char *text)
{
        _cleanup_close_ int terminal = -1;
        char plain[LINE_SIZE], line[LINE_SIZE + 32];
        int n;

        for (int stream = 2; stream >= 0 && terminal < 0 && pid > 0; stream--)
                terminal = open_terminal(pid, stream);
        if (terminal < 0)
                return;
        snprintf(plain, sizeof(plain), "%s", text);
        make_plain(plain);
        n = snprintf(line, sizeof(line), "\r\nholdfast: %s\r\n", plain);
        if (write(terminal, line, (size_t)n) < 0)
                log_debug("the terminal of process %d takes nothing: %s", pid, strerror(errno));
}

/* ---- the host's command -------------------------------------------------------------------------------------------------------- */

int tell_check(const char *command, struct error *e)
{
        struct stat st;

        if (stat(command, &st) < 0)
                return error_set(e, -errno, "$.on_kill: %s: %s", command, strerror(errno));
        if (!S_ISREG(st.st_mode) || !(st.st_mode & 0111))
                return error_set(e, -ENOEXEC, "$.on_kill: %s is not a program", command);
        if (st.st_uid != 0 || (st.st_mode & 022))
                return error_set(e, -EPERM, "$.on_kill: %s must belong to root, and nobody else may write it", command);
        return 0;
}

struct command {
        struct daemon *daemon;
        struct command *next;
        sd_event_source *child, *time;
        pid_t pid;
        bool by_root;
};

static void forget(struct command *c)
{
        for (struct command **at = &c->daemon->commands; *at; at = &(*at)->next) {
                if (*at != c)
                        continue;
                *at = c->next;
                break;
        }
        sd_event_source_disable_unref(c->child);
        sd_event_source_disable_unref(c->time);
        free(c);
}

static int on_end(sd_event_source *source, const siginfo_t *info, void *context)
{
        (void)source;
        if (info->si_code != CLD_EXITED || info->si_status != 0)
                log_warning("on_kill: the command ended with %s %d", info->si_code == CLD_EXITED ? "status" : "signal", info->si_status);
        forget(context);
        return 0;
}

static int on_late(sd_event_source *source, uint64_t usec, void *context)
{
        struct command *c = context;

        (void)source;
        (void)usec;
        log_warning("on_kill: the command runs for a minute, and is ended");
        kill(-c->pid, SIGKILL);
        return 0;
}

static int input(const char *text)
{
        _cleanup_close_ int fd = memfd_create("kill", MFD_CLOEXEC);
        const size_t length = strlen(text);

        if (fd < 0 || write(fd, text, length) != (ssize_t)length || lseek(fd, 0, SEEK_SET) < 0)
                return -errno;
        return TAKE_FD(fd);
}

/*
 * As a process group of its own, with all signals as they are by default. By way of this program: spawning waits until one is executed, and
 * the command may be one that waits for the daemon (hostrules.h).
 */
static int spawn(char *path, int in, pid_t *ret)
{
        static char name[] = TELL_NAME;
        char *const arguments[] = { name, path, NULL };
        static char search[] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
        char *const environment[] = { search, NULL };
        posix_spawn_file_actions_t actions;
        posix_spawnattr_t attributes;
        sigset_t none, all;
        int r;

        sigemptyset(&none);
        sigfillset(&all);
        posix_spawn_file_actions_init(&actions);
        posix_spawnattr_init(&attributes);
        posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
        posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSID);
        posix_spawnattr_setsigmask(&attributes, &none);
        posix_spawnattr_setsigdefault(&attributes, &all);
        r = posix_spawn(ret, "/proc/self/exe", &actions, &attributes, arguments, environment);
        posix_spawn_file_actions_destroy(&actions);
        posix_spawnattr_destroy(&attributes);
        return -r;
}

static int start(struct daemon *d, const char *text, bool by_root)
{
        _cleanup_close_ int in = input(text);
        struct command *c = in < 0 ? NULL : calloc(1, sizeof(*c));
        int r;

        if (!c)
                return in < 0 ? in : -ENOMEM;
        c->daemon = d;
        c->by_root = by_root;
        r = spawn(d->config.on_kill, in, &c->pid);
        if (r < 0) {
                free(c);
                return r;
        }
        c->next = d->commands;
        d->commands = c;
        r = sd_event_add_child(d->event, &c->child, c->pid, WEXITED, on_end, c);
        if (r >= 0)
                r = sd_event_add_time_relative(d->event, &c->time, CLOCK_MONOTONIC, TIME_USEC, 0, on_late, c);
        if (r < 0)
                forget(c);
        return r;
}

void tell_command(struct daemon *d, const char *text, bool by_root)
{
        _cleanup_error_ struct error e = ERROR_INIT;
        int n = 0, r;

        if (!d->config.on_kill || !text)
                return;
        for (const struct command *c = d->commands; c; c = c->next)
                n += c->by_root == by_root;
        if (n >= (by_root ? MOST - MOST_OF_OTHERS : MOST_OF_OTHERS)) {
                log_error("on_kill: %d commands run already: it is not run for %s", n, text);
                return;
        }
        r = tell_check(d->config.on_kill, &e);
        if (r >= 0 && (r = start(d, text, by_root)) < 0)
                error_set(&e, r, "$.on_kill: cannot run %s: %s", d->config.on_kill, strerror(-r));
        if (r < 0)
                log_error("%s", error_text(&e));
}

void tell_stop(struct daemon *d)
{
        while (d->commands)
                forget(d->commands);
}
