/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/recording.h"

#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/json.h"
#include "cli/client.h"
#include "cli/command.h"
#include "cli/exec_daemon.h"

#include <curl/curl.h>
#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <string.h>
#include <sys/mman.h>

void recording_clear(struct recording *r)
{
        record_clear(&r->record);
        free(r->session);
        free(r->workspace);
        free(r->home);
}

static int no_memory(void)
{
        fputs("holdfast: out of memory\n", stderr);
        return STATUS_FAILED;
}

/* ---- reading ----------------------------------------------------------------------------------------------------------------------- */

static int take_line(void *context, const char *line, size_t length)
{
        struct recording *r = context;
        _cleanup_json_ cJSON *event = cJSON_ParseWithLength(line, length);

        return event ? record_add(&r->record, event) : 0;
}

static char *home_of(const struct passwd *p)
{
        return p && p->pw_dir && p->pw_dir[0] == '/' ? realpath(p->pw_dir, NULL) : NULL;
}

static int read_session(const char *name, const char *socket, struct recording *ret)
{
        _cleanup_reply_ struct client_reply reply = { 0 };
        _cleanup_free_ char *path = client_path("/v1/sessions/", name, ""), *events = NULL;
        const char *id, *workspace, *user;
        uint64_t uid = 0;
        bool began = false;
        int status = path ? client_ask(socket, "GET", path, NULL, &reply) : no_memory();

        if (status != STATUS_DONE)
                return status;
        id = json_get_string(reply.json, "id");
        workspace = json_get_string(reply.json, "workspace");
        user = json_get_string(reply.json, "user");
        ret->session = id ? strdup(id) : NULL;
        ret->workspace = workspace ? strdup(workspace) : NULL;
        ret->home = user ? home_of(getpwnam(user)) : NULL;
        json_get_bool(reply.json, "audit_only", &ret->audit_only);
        if (json_get_u64(reply.json, "uid", &uid) == 0)
                ret->uid = (uid_t)uid;
        if (!ret->session || asprintf(&events, "/v1/events?follow=0&session=%s", ret->session) < 0) {
                events = NULL;
                return no_memory();
        }
        return client_follow(socket, events, take_line, ret, &began);
}

static int read_file(const char *name, const char *workspace, struct recording *ret)
{
        _cleanup_fclose_ FILE *f = fopen(name, "re");
        _cleanup_free_ char *line = NULL;
        size_t room = 0;
        ssize_t n;

        if (!f) {
                fprintf(stderr, "holdfast: %s: %s\n", name, strerror(errno));
                return errno == ENOENT ? STATUS_ABSENT : STATUS_FAILED;
        }
        while ((n = getline(&line, &room, f)) > 0)
                if (take_line(ret, line, (size_t)n) < 0)
                        return no_memory();
        ret->workspace = realpath(workspace ? workspace : ".", NULL);
        ret->uid = getuid();
        ret->home = home_of(getpwuid(ret->uid));
        ret->audit_only = true; /* whoever keeps it in a file knows what it is of */
        return STATUS_DONE;
}

static bool is_file(const char *name)
{
        size_t n = strlen(name);

        return strchr(name, '/') || (n > 7 && !strcmp(name + n - 7, ".ndjson"));
}

int recording_read(const char *from, const char *socket, const char *workspace, struct recording *ret)
{
        int status = is_file(from) ? read_file(from, workspace, ret) : read_session(from, socket, ret);

        record_finish(&ret->record);
        if (status == STATUS_DONE && !ret->record.n) {
                fprintf(stderr, "holdfast: nothing is on record of %s that a policy could allow or refuse\n", from);
                return STATUS_ABSENT;
        }
        return status;
}

/* ---- replaying --------------------------------------------------------------------------------------------------------------------- */

static char *target_text(const struct use *u)
{
        const char *host = u->host ? u->host : u->addr;
        char *text;
        int n = asprintf(&text, strchr(host, ':') ? "connect [%s]:%u%s" : "connect %s:%u%s", host, u->port, u->udp ? "/udp" : "");

        return n < 0 ? NULL : text;
}

char *use_text(const struct use *u)
{
        char letters[5], *at = letters, *text;

        if (!u->path)
                return target_text(u);
        for (int i = 0; i < 4; i++)
                if (u->rights & 1 << i)
                        *at++ = "rwxc"[i];
        *at = '\0';
        return asprintf(&text, "%s %s", letters, u->path) < 0 ? NULL : text;
}

static int questions = -1;
static uid_t answered_as;

/* As the session's user: what they may not look at no policy of theirs is asked about, and ${HOME} is theirs. */
static int ask(char *argv[])
{
        const struct passwd *p = geteuid() == 0 && answered_as ? getpwuid(answered_as) : NULL;

        if (p && (initgroups(p->pw_name, p->pw_gid) < 0 || setgid(p->pw_gid) < 0 || setuid(p->pw_uid) < 0))
                return STATUS_FAILED;
        return dup2(questions, STDIN_FILENO) < 0 ? STATUS_FAILED : exec_daemon(argv);
}

static int write_questions(const struct record *r)
{
        _cleanup_fclose_ FILE *f = NULL;

        questions = memfd_create("questions", MFD_CLOEXEC);
        f = questions < 0 ? NULL : fdopen(dup(questions), "w");
        for (size_t i = 0; f && i < r->n; i++) {
                _cleanup_free_ char *text = use_text(&r->list[i]);

                if (!text || fwrite(text, 1, strlen(text) + 1, f) != strlen(text) + 1)
                        return -ENOMEM;
        }
        return !f || fflush(f) != 0 || lseek(questions, 0, SEEK_SET) < 0 ? -ENOMEM : 0;
}

int recording_replay(struct recording *r, const char *policy, void (*each)(void *context, struct use *u, const cJSON *answer), void *context)
{
        char explain[] = "--explain", workspace[] = "--workspace", dash[] = "-";
        char *argv[] = { NULL, explain, (char *)policy, dash, NULL, NULL, NULL };
        _cleanup_buffer_ struct buffer out = BUFFER_INIT;
        const char *line;
        int status;

        if (r->workspace) {
                argv[3] = workspace;
                argv[4] = r->workspace;
                argv[5] = dash;
        }
        answered_as = r->uid;
        status = write_questions(&r->record) < 0 ? no_memory() : exec_wait(ask, argv, &out);
        if (questions >= 0)
                close(questions);
        questions = -1;
        line = out.data;
        for (size_t i = 0; status == STATUS_DONE && i < r->record.n; i++) {
                const char *end = line ? strchr(line, '\n') : NULL;
                _cleanup_json_ cJSON *answer = end ? cJSON_ParseWithLength(line, (size_t)(end - line)) : NULL;

                if (!answer) {
                        fputs("holdfast: the answers cannot be read\n", stderr);
                        return STATUS_FAILED;
                }
                each(context, &r->record.list[i], answer);
                line = end + 1;
        }
        return status;
}
