/* SPDX-License-Identifier: Apache-2.0 */
/* The server: libmicrohttpd in its external epoll mode, as one of the event loop's sources. */
#include "api/internal.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "base/time.h"

#include <fcntl.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <stdarg.h>
#include <string.h>

#define US_PER_MS 1000

/* Has the loop come back when libmicrohttpd wants to: at once, after a time, or when a socket is ready. */
static void server_arm(struct http_server *s)
{
        MHD_UNSIGNED_LONG_LONG ms = 0;
        bool waits = MHD_get_timeout(s->mhd, &ms) == MHD_YES;

        /* It does not count connections that were resumed meanwhile, and without threads of its own it has no other way to tell. */
        if (s->resumed || s->waiting) {
                waits = true;
                ms = 0;
        }
        if (waits && ms > 0) {
                sd_event_source_set_time_relative(s->timer, ms * US_PER_MS);
                sd_event_source_set_enabled(s->timer, SD_EVENT_ONESHOT);
        } else {
                sd_event_source_set_enabled(s->timer, SD_EVENT_OFF);
        }
        sd_event_source_set_enabled(s->soon, waits && ms == 0 ? SD_EVENT_ONESHOT : SD_EVENT_OFF);
}

static unsigned int connections(const struct http_server *s)
{
        const union MHD_DaemonInfo *info = MHD_get_daemon_info(s->mhd, MHD_DAEMON_INFO_CURRENT_CONNECTIONS);

        return info ? info->num_connections : 0;
}

static void server_run(struct http_server *s)
{
        unsigned int before = connections(s);

        s->resumed = false;
        s->turn = time_now(CLOCK_MONOTONIC);
        requests_resume(s);
        if (MHD_run(s->mhd) != MHD_YES)
                log_error("the API's server cannot go on with its connections");
        server_arm(s);
        /* At its limit libmicrohttpd does not listen, and it starts again only at the turn after the one that ended a connection. */
        if (connections(s) < before)
                sd_event_source_set_enabled(s->soon, SD_EVENT_ONESHOT);
}

static int on_io(sd_event_source *source, int fd, uint32_t revents, void *server)
{
        (void)source;
        (void)fd;
        (void)revents;
        server_run(server);
        return 0;
}

static int on_timer(sd_event_source *source, uint64_t us, void *server)
{
        (void)source;
        (void)us;
        server_run(server);
        return 0;
}

static int on_soon(sd_event_source *source, void *server)
{
        (void)source;
        server_run(server);
        return 0;
}

void server_resumed(struct http_server *s)
{
        s->resumed = true;
        sd_event_source_set_enabled(s->soon, SD_EVENT_ONESHOT);
}

/* Targets are taken apart by target_parse(), which knows an encoded slash from a slash. */
static size_t keep_escapes(void *context, struct MHD_Connection *connection, char *text)
{
        (void)context;
        (void)connection;
        return strlen(text);
}

static __attribute__((format(printf, 2, 0))) void on_log(void *context, const char *format, va_list ap)
{
        char text[512];

        (void)context;
        vsnprintf(text, sizeof(text), format, ap);
        text[strcspn(text, "\n")] = '\0';
        log_debug("libmicrohttpd: %s", text);
}

#define TLS_PRIORITIES "NORMAL:-VERS-ALL:+VERS-TLS1.3"

static struct MHD_Daemon *start_local(struct http_server *s, int listen_fd, const struct MHD_OptionItem *common)
{
        return MHD_start_daemon(MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG, 0, NULL, NULL, request_continue, s,
                                MHD_OPTION_ARRAY, common, MHD_OPTION_LISTEN_SOCKET, listen_fd, MHD_OPTION_CONNECTION_LIMIT,
                                (unsigned int)HTTP_CONNECTIONS_MAX, MHD_OPTION_NOTIFY_CONNECTION, peers_notify, s, MHD_OPTION_END);
}

static struct MHD_Daemon *start_remote(struct http_server *s, int listen_fd, const struct MHD_OptionItem *common)
{
        return MHD_start_daemon(MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG | MHD_USE_TLS, 0, remote_accept, s,
                                request_continue, s, MHD_OPTION_ARRAY, common, MHD_OPTION_LISTEN_SOCKET, listen_fd,
                                MHD_OPTION_CONNECTION_LIMIT, (unsigned int)HTTP_REMOTE_CONNECTIONS_MAX, MHD_OPTION_NOTIFY_CONNECTION,
                                remote_notify, s, MHD_OPTION_HTTPS_PRIORITIES, TLS_PRIORITIES, MHD_OPTION_HTTPS_MEM_CERT,
                                s->setup.certificate, MHD_OPTION_HTTPS_MEM_KEY, s->setup.key, MHD_OPTION_END);
}

static struct MHD_Daemon *start_mhd(struct http_server *s, int listen_fd)
{
        /* The logger first, so that it also hears what is wrong with the others. */
        const struct MHD_OptionItem common[] = {
                { MHD_OPTION_EXTERNAL_LOGGER, (intptr_t)on_log, NULL },
                { MHD_OPTION_CONNECTION_TIMEOUT, HTTP_TIMEOUT_SECONDS, NULL },
                { MHD_OPTION_URI_LOG_CALLBACK, (intptr_t)request_begin, s },
                { MHD_OPTION_NOTIFY_COMPLETED, (intptr_t)request_end, s },
                { MHD_OPTION_UNESCAPE_CALLBACK, (intptr_t)keep_escapes, NULL },
                { MHD_OPTION_END, 0, NULL },
        };

        return s->remote.made ? start_remote(s, listen_fd, common) : start_local(s, listen_fd, common);
}

static int add_sources(struct http_server *s, sd_event *event)
{
        const union MHD_DaemonInfo *info = MHD_get_daemon_info(s->mhd, MHD_DAEMON_INFO_EPOLL_FD);
        int r;

        if (!info)
                return -EOPNOTSUPP;
        r = sd_event_add_io(event, &s->io, info->epoll_fd, EPOLLIN, on_io, s);
        if (r >= 0)
                r = sd_event_add_time_relative(event, &s->timer, CLOCK_MONOTONIC, 0, 1, on_timer, s);
        if (r >= 0)
                r = sd_event_add_defer(event, &s->soon, on_soon, s);
        if (r < 0)
                return r;
        sd_event_source_set_description(s->io, "api-connections");
        sd_event_source_set_description(s->timer, "api-timeouts");
        sd_event_source_set_description(s->soon, "api-ready");
        sd_event_source_set_priority(s->io, s->setup.priority);
        sd_event_source_set_priority(s->timer, s->setup.priority);
        sd_event_source_set_priority(s->soon, s->setup.priority);
        server_arm(s);
        return s->remote.made ? remote_start(s, event) : 0;
}

void http_server_free(struct http_server *s)
{
        if (!s)
                return;
        streams_end(s);
        requests_resume(s);
        sd_event_source_disable_unref(s->io);
        sd_event_source_disable_unref(s->timer);
        sd_event_source_disable_unref(s->soon);
        s->io = s->timer = s->soon = NULL;
        if (s->mhd)
                MHD_stop_daemon(s->mhd);
        remote_stop(s);
        peers_clear(&s->peers);
        free(s);
}
DEFINE_CLEANUP(struct http_server *, http_server_free)

/* libmicrohttpd would only say that it does not start. */
int http_certificate_check(const char *certificate, const char *key, struct error *e)
{
        const gnutls_datum_t certificate_text = { (unsigned char *)certificate, (unsigned int)strlen(certificate) };
        const gnutls_datum_t key_text = { (unsigned char *)key, (unsigned int)strlen(key) };
        gnutls_certificate_credentials_t credentials;
        int r = gnutls_certificate_allocate_credentials(&credentials);

        if (r < 0)
                return error_set(e, -ENOMEM, "out of memory");
        r = gnutls_certificate_set_x509_key_mem(credentials, &certificate_text, &key_text, GNUTLS_X509_FMT_PEM);
        gnutls_certificate_free_credentials(credentials);
        return r < 0 ? error_set(e, -EINVAL, "the certificate and the key are no pair in PEM: %s", gnutls_strerror(r)) : 0;
}

static int set_up(struct http_server *s, const struct http_setup *setup, struct error *e)
{
        s->setup = *setup;
        s->last = &s->waiting;
        s->streams_max = HTTP_STREAMS_MAX;
        s->bodies_max = HTTP_BODIES_MAX;
        if (!setup->certificate)
                return 0;
        s->streams_max = HTTP_REMOTE_STREAMS_MAX;
        s->bodies_max = HTTP_REMOTE_BODIES_MAX;
        s->remote.made = calloc(1, sizeof(*s->remote.made));
        if (!s->remote.made)
                return error_set(e, -ENOMEM, "the API's server: out of memory");
        s->remote.made->burst = HTTP_REMOTE_BURST;
        s->remote.made->interval = HTTP_REMOTE_INTERVAL_MS * 1000000ull;
        return http_certificate_check(setup->certificate, setup->key, e);
}

int http_server_new(sd_event *event, int listen_fd, const struct http_setup *setup, struct http_server **ret, struct error *e)
{
        _cleanup_(http_server_freep) struct http_server *s = calloc(1, sizeof(*s));
        _cleanup_close_ int fd = -1;
        int r;

        if (!s)
                return error_set(e, -ENOMEM, "the API's server: out of memory");
        r = set_up(s, setup, e);
        if (r < 0)
                return r;
        /* A copy, because libmicrohttpd closes the socket in some of its failures, and the caller keeps it in all of ours. */
        fd = fcntl(listen_fd, F_DUPFD_CLOEXEC, 3);
        if (fd < 0)
                return error_set(e, -errno, "the API's listening socket: %s", strerror(errno));
        s->mhd = start_mhd(s, fd);
        s->setup.certificate = s->setup.key = NULL; /* they are the caller's */
        if (!s->mhd)
                return error_set(e, -EINVAL, "the API's server does not start; its reason is in the log at level debug");
        TAKE_FD(fd);
        r = add_sources(s, event);
        if (r < 0)
                return error_set(e, r, "the API's server cannot join the event loop: %s", strerror(-r));
        close(listen_fd);
        *ret = TAKE_PTR(s);
        return 0;
}
