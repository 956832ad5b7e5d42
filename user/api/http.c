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

/* Where it is no listening socket (-1), connections are given to it. */
static struct MHD_Daemon *start_mhd(struct http_line *l, int listen_fd)
{
        struct http_server *s = l->server;
        const bool users = l == &s->all;
        /* The logger first, so that it also hears what is wrong with the others. */
        const struct MHD_OptionItem common[] = {
                { MHD_OPTION_EXTERNAL_LOGGER, (intptr_t)on_log, NULL },
                { MHD_OPTION_CONNECTION_TIMEOUT, HTTP_TIMEOUT_SECONDS, NULL },
                { MHD_OPTION_URI_LOG_CALLBACK, (intptr_t)request_begin, l },
                { MHD_OPTION_NOTIFY_COMPLETED, (intptr_t)request_end, l },
                { MHD_OPTION_UNESCAPE_CALLBACK, (intptr_t)keep_escapes, NULL },
                { MHD_OPTION_END, 0, NULL },
        };
        const unsigned int flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG;

        if (listen_fd >= 0)
                return MHD_start_daemon(flags | MHD_USE_TLS, 0, remote_accept, s, request_continue, l, MHD_OPTION_ARRAY, common,
                                        MHD_OPTION_LISTEN_SOCKET, listen_fd, MHD_OPTION_CONNECTION_LIMIT,
                                        (unsigned int)HTTP_REMOTE_CONNECTIONS_MAX, MHD_OPTION_NOTIFY_CONNECTION, remote_notify, s,
                                        MHD_OPTION_HTTPS_PRIORITIES, TLS_PRIORITIES, MHD_OPTION_HTTPS_MEM_CERT, s->setup.certificate,
                                        MHD_OPTION_HTTPS_MEM_KEY, s->setup.key, MHD_OPTION_END);
        return MHD_start_daemon(flags | MHD_USE_NO_LISTEN_SOCKET, 0, NULL, NULL, request_continue, l, MHD_OPTION_ARRAY, common,
                                MHD_OPTION_CONNECTION_LIMIT, (unsigned int)HTTP_CONNECTIONS_MAX,
                                users ? MHD_OPTION_NOTIFY_CONNECTION : MHD_OPTION_END, peers_notify, s, MHD_OPTION_END);
}

static int start_line(struct http_line *l, struct http_server *s, sd_event *event, int listen_fd, int64_t priority, struct error *e)
{
        struct MHD_Daemon *mhd;
        int r;

        l->server = s;
        mhd = start_mhd(l, listen_fd);
        if (!mhd)
                return error_set(e, -EINVAL, "the API's server does not start; its reason is in the log at level debug");
        r = line_start(l, event, mhd, priority);
        return r < 0 ? error_set(e, r, "the API's server cannot join the event loop: %s", strerror(-r)) : 0;
}

void http_server_free(struct http_server *s)
{
        if (!s)
                return;
        streams_end(s);
        line_stop(&s->root);
        line_stop(&s->all);
        remote_stop(s);
        peers_stop(s);
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

static int start_local(struct http_server *s, sd_event *event, int listen_fd, struct error *e)
{
        int r = start_line(&s->all, s, event, -1, s->setup.priority, e);

        if (r >= 0)
                r = start_line(&s->root, s, event, -1, s->setup.priority - 1, e);
        if (r < 0)
                return r;
        r = peers_start(s, event, listen_fd);
        return r < 0 ? error_set(e, r, "the API's listening socket: %s", strerror(-r)) : 0;
}

static int start_remote(struct http_server *s, sd_event *event, int listen_fd, struct error *e)
{
        /* A copy, because libmicrohttpd closes the socket in some of its failures, and the caller keeps it in all of ours. */
        int fd = fcntl(listen_fd, F_DUPFD_CLOEXEC, 3), r;

        if (fd < 0)
                return error_set(e, -errno, "the API's listening socket: %s", strerror(errno));
        r = start_line(&s->all, s, event, fd, s->setup.priority, e);
        if (!s->all.mhd)
                close(fd);
        if (r >= 0 && (r = remote_start(s, event)) < 0)
                return error_set(e, r, "the API's server cannot join the event loop: %s", strerror(-r));
        return r;
}

int http_server_new(sd_event *event, int listen_fd, const struct http_setup *setup, struct http_server **ret, struct error *e)
{
        _cleanup_(http_server_freep) struct http_server *s = calloc(1, sizeof(*s));
        int r;

        if (!s)
                return error_set(e, -ENOMEM, "the API's server: out of memory");
        r = set_up(s, setup, e);
        if (r >= 0)
                r = s->remote.made ? start_remote(s, event, listen_fd, e) : start_local(s, event, listen_fd, e);
        if (r < 0)
                return r;
        s->setup.certificate = s->setup.key = NULL; /* they are the caller's */
        close(listen_fd);
        *ret = TAKE_PTR(s);
        return 0;
}
