/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/client.h"

#include "base/cleanup.h"
#include "base/json.h"
#include "base/paths.h"
#include "cli/command.h"
#include "cli/output.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>

#define BODY_MAX (64u << 20)
#define CONNECT_TRIES 2000 /* of 2 ms */

DEFINE_CLEANUP(CURL *, curl_easy_cleanup)
DEFINE_CLEANUP(struct curl_slist *, curl_slist_free_all)

void client_reply_clear(struct client_reply *r)
{
        buffer_clear(&r->body);
        cJSON_Delete(r->json);
        r->json = NULL;
}

static const char *socket_path(const char *given)
{
        const char *environment = getenv("HOLDFAST_SOCKET");

        if (given)
                return given;
        return environment && *environment ? environment : PATH_SOCKET;
}

static size_t keep(char *data, size_t size, size_t count, void *context)
{
        struct buffer *b = context;

        return b->length + size * count <= BODY_MAX && buffer_append(b, data, size * count) == 0 ? size * count : 0;
}

/* A handle that knows the way; the options that every request has. */
static CURL *prepare(const char *socket, const char *path)
{
        _cleanup_(curl_easy_cleanupp) CURL *curl = curl_easy_init();
        _cleanup_free_ char *url = NULL;

        if (!curl || asprintf(&url, "http://localhost%s", path) < 0) {
                url = NULL;
                return NULL;
        }
        if (curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, socket) || curl_easy_setopt(curl, CURLOPT_URL, url) ||
            curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L) || curl_easy_setopt(curl, CURLOPT_PROXY, ""))
                return NULL;
        return TAKE_PTR(curl);
}

/* Says why no answer came. */
static int unreachable(CURL *curl, CURLcode code, const char *socket)
{
        long os = 0;

        curl_easy_getinfo(curl, CURLINFO_OS_ERRNO, &os);
        if (code != CURLE_COULDNT_CONNECT) {
                fprintf(stderr, "holdfast: holdfastd at %s: %s\n", socket, curl_easy_strerror(code));
                return STATUS_FAILED;
        }
        if (os == EACCES || os == EPERM) {
                fprintf(stderr, "holdfast: you may not speak to holdfastd at %s: %s\n", socket, strerror((int)os));
                return STATUS_REFUSED;
        }
        fprintf(stderr,
                "holdfast: holdfastd is not running (%s: %s). Start it with \"systemctl start holdfastd\", or as root with \"holdfastd "
                "&\"; "
                "\"holdfast doctor\" tells whether this host can run it.\n",
                socket, os ? strerror((int)os) : "no answer");
        return STATUS_FAILED;
}

const char *client_problem(const struct client_reply *r)
{
        const char *detail = json_get_string(r->json, "detail"), *title = json_get_string(r->json, "title");

        return !r->status ? "holdfastd does not answer" : detail ? detail : title ? title : "the daemon refused, and did not say why";
}

/* Says what the daemon's problem document says, with its errors one a line. */
static int problem(const struct client_reply *r)
{
        const cJSON *errors = r->quiet ? NULL : json_get_array(r->json, "errors"), *item;

        if (!r->quiet) {
                fputs("holdfast: ", stderr);
                output_safe_to(stderr, client_problem(r));
                fputc('\n', stderr);
        }
        cJSON_ArrayForEach (item, errors) {
                const char *where = json_get_string(item, "where"), *what = json_get_string(item, "what");

                fputs("  ", stderr);
                output_safe_to(stderr, where ? where : "?");
                fputs(": ", stderr);
                output_safe_to(stderr, what ? what : "?");
                fputc('\n', stderr);
        }
        return r->status == 403 ? STATUS_REFUSED : r->status == 404 ? STATUS_ABSENT : STATUS_FAILED;
}

/* Where many connect at once, the kernel's queue of those that wait is full for a moment. */
static CURLcode perform_patiently(CURL *curl)
{
        const struct timespec pause = { 0, 2000000 };
        CURLcode code = CURLE_OK;

        for (int tries = 0; tries < CONNECT_TRIES; tries++) {
                long os = 0;

                code = curl_easy_perform(curl);
                curl_easy_getinfo(curl, CURLINFO_OS_ERRNO, &os);
                if (code != CURLE_COULDNT_CONNECT || os != EAGAIN)
                        break;
                nanosleep(&pause, NULL);
        }
        return code;
}

/* stopped, where not NULL, tells that the receiver wanted no more; began gets whether a good answer began, however it ended. */
static int perform(CURL *curl, const char *socket, struct client_reply *r, const bool *stopped, bool *began)
{
        CURLcode code = perform_patiently(curl);

        curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &r->status);
        if (began)
                *began = r->status == 200;
        if (code == CURLE_WRITE_ERROR && stopped && *stopped)
                return STATUS_DONE;
        if (code != CURLE_OK)
                return r->quiet || (began && *began) ? STATUS_FAILED : unreachable(curl, code, socket);
        r->json = r->body.length ? cJSON_ParseWithLength(r->body.data, r->body.length) : NULL;
        return r->status >= 200 && r->status < 300 ? STATUS_DONE : problem(r);
}

int client_ask(const char *socket, const char *method, const char *path, const cJSON *body, struct client_reply *ret)
{
        const char *where = socket_path(socket);
        _cleanup_(curl_easy_cleanupp) CURL *curl = prepare(where, path);
        _cleanup_(curl_slist_free_allp) struct curl_slist *headers = NULL;
        _cleanup_buffer_ struct buffer text = BUFFER_INIT;

        headers = curl_slist_append(NULL, "Content-Type: application/json");
        if (!curl || !headers || (body && json_print(&text, body, BODY_MAX) < 0)) {
                fputs("holdfast: out of memory\n", stderr);
                return STATUS_FAILED;
        }
        curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method);
        curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, keep);
        curl_easy_setopt(curl, CURLOPT_WRITEDATA, &ret->body);
        if (body) {
                curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
                curl_easy_setopt(curl, CURLOPT_POSTFIELDS, text.data);
                curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)text.length);
        }
        return perform(curl, where, ret, NULL, NULL);
}

struct follower {
        CURL *curl;
        struct client_reply reply; /* holds a problem, or the line that is not whole yet */
        int (*line)(void *context, const char *line, size_t length);
        void *context;
        bool stopped;
};

static size_t hand_on(char *data, size_t size, size_t count, void *context)
{
        struct follower *f = context;
        size_t n = size * count, used = 0;
        char *end;

        curl_easy_getinfo(f->curl, CURLINFO_RESPONSE_CODE, &f->reply.status);
        if (f->reply.body.length + n > BODY_MAX || buffer_append(&f->reply.body, data, n) < 0)
                return 0;
        if (f->reply.status != 200)
                return n;
        while (!f->stopped && (end = memchr(f->reply.body.data + used, '\n', f->reply.body.length - used))) {
                size_t length = (size_t)(end - (f->reply.body.data + used));

                *end = '\0';
                f->stopped = f->line(f->context, f->reply.body.data + used, length);
                used += length + 1;
        }
        memmove(f->reply.body.data, f->reply.body.data + used, f->reply.body.length - used);
        buffer_truncate(&f->reply.body, f->reply.body.length - used);
        return f->stopped ? 0 : n;
}

int client_follow(const char *socket, const char *path, int (*line)(void *context, const char *line, size_t length), void *context,
                  bool *began)
{
        const char *where = socket_path(socket);
        _cleanup_(curl_easy_cleanupp) CURL *curl = prepare(where, path);
        struct follower f = { .curl = curl, .line = line, .context = context };
        int status;

        if (!curl) {
                fputs("holdfast: out of memory\n", stderr);
                return STATUS_FAILED;
        }
        curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, hand_on);
        curl_easy_setopt(curl, CURLOPT_WRITEDATA, &f);
        status = perform(curl, where, &f.reply, &f.stopped, began);
        client_reply_clear(&f.reply);
        return status;
}

int client_reaches(const char *socket_given)
{
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        const char *path = socket_path(socket_given);
        _cleanup_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

        if (fd < 0 || strlen(path) >= sizeof(address.sun_path))
                return fd < 0 ? -errno : -ENAMETOOLONG;
        strcpy(address.sun_path, path);
        if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0)
                return 1;
        return errno == ENOENT || errno == ECONNREFUSED || errno == EAGAIN ? 0 : -errno;
}

char *client_path(const char *prefix, const char *key, const char *suffix)
{
        char *escaped = curl_easy_escape(NULL, key, 0), *path = NULL;

        if (!escaped || asprintf(&path, "%s%s%s", prefix, escaped, suffix) < 0)
                path = NULL;
        curl_free(escaped);
        return path;
}
