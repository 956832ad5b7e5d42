/* SPDX-License-Identifier: Apache-2.0 */
/* The server over TCP, with real TLS: a certificate of its own, libcurl and plain sockets as its clients. */
#include "fixture.h"

#include "api/internal.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <time.h>

static char certificate[8192], key[8192], authority[80];
static uint16_t port;
static atomic_int asked, asked_complete;

static void make_certificate(void)
{
        size_t certificate_size = sizeof(certificate), key_size = sizeof(key);
        static const unsigned char address[] = { 127, 0, 0, 1 };
        gnutls_x509_privkey_t private;
        gnutls_x509_crt_t crt;

        gnutls_x509_privkey_init(&private);
        gnutls_x509_crt_init(&crt);
        gnutls_x509_privkey_generate(private, GNUTLS_PK_ECDSA, GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0);
        gnutls_x509_crt_set_version(crt, 3);
        gnutls_x509_crt_set_serial(crt, "\1", 1);
        gnutls_x509_crt_set_dn(crt, "CN=holdfast test", NULL);
        gnutls_x509_crt_set_activation_time(crt, time(NULL) - 3600);
        gnutls_x509_crt_set_expiration_time(crt, time(NULL) + 24 * 3600);
        gnutls_x509_crt_set_subject_alt_name(crt, GNUTLS_SAN_IPADDRESS, address, sizeof(address), GNUTLS_FSAN_SET);
        gnutls_x509_crt_set_basic_constraints(crt, 1, -1);
        gnutls_x509_crt_set_key(crt, private);
        if (gnutls_x509_crt_sign2(crt, crt, private, GNUTLS_DIG_SHA256, 0) < 0 ||
            gnutls_x509_crt_export(crt, GNUTLS_X509_FMT_PEM, certificate, &certificate_size) < 0 ||
            gnutls_x509_privkey_export(private, GNUTLS_X509_FMT_PEM, key, &key_size) < 0)
                abort();
        gnutls_x509_crt_deinit(crt);
        gnutls_x509_privkey_deinit(private);
}

/* Lets in who says so; keeps for the handler where they come from. */
static bool admit(struct http_request *r, const struct http_route *route, bool complete, void *context)
{
        const char *who = http_header(r, "Authorization");

        (void)context;
        asked++;
        asked_complete += complete;
        if (who && !strcmp(who, "Bearer good")) {
                http_set_caller(r, strdup(route ? http_address(r) : "no route"));
                return true;
        }
        http_problem(r, 401, "token", NULL, "a token is needed");
        http_reply_header(r, "WWW-Authenticate", "Bearer");
        return false;
}

static void route_caller(struct http_request *r, void *context)
{
        (void)context;
        http_reply_text(r, 200, "text/plain", http_caller(r), strlen(http_caller(r)));
}

static const struct http_route tls_routes[] = {
        { "GET", "/caller", route_caller, 1 },
        { "POST", "/echo", route_echo, 1 },
        { "GET", "/stream", route_stream, 1 },
};

static int listen_tcp(void)
{
        struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
        socklen_t size = sizeof(address);
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

        if (bind(fd, (struct sockaddr *)&address, size) < 0 || listen(fd, 512) < 0 ||
            getsockname(fd, (struct sockaddr *)&address, &size) < 0)
                abort();
        port = ntohs(address.sin_port);
        return fd;
}

static void *serve_tls(void *context)
{
        const struct http_setup setup = { .routes = tls_routes,
                                          .n_routes = ARRAY_SIZE(tls_routes),
                                          .admit = admit,
                                          .certificate = certificate,
                                          .key = key,
                                          .priority = 10 };
        _cleanup_error_ struct error e = ERROR_INIT;
        struct http_server *http = NULL;
        sd_event *event = NULL;
        uint64_t one = 1;

        (void)context;
        if (sd_event_new(&event) < 0 || sd_event_add_io(event, NULL, server.stop, EPOLLIN, on_stop, NULL) < 0 ||
            http_server_new(event, listen_tcp(), &setup, &http, &e) < 0) {
                fprintf(stderr, "%s\n", error_text(&e));
                abort();
        }
        (void)!write(server.ready, &one, sizeof(one));
        sd_event_loop(event);
        http_server_free(http);
        sd_event_unref(event);
        return NULL;
}

static int setup_tls(void **state)
{
        uint64_t one;
        FILE *f;

        (void)state;
        memset(&server, 0, sizeof(server));
        make_certificate();
        snprintf(authority, sizeof(authority), "/tmp/holdfast-ca-%d.pem", getpid());
        f = fopen(authority, "w");
        fputs(certificate, f);
        fclose(f);
        server.stop = eventfd(0, EFD_CLOEXEC);
        server.ready = eventfd(0, EFD_CLOEXEC);
        if (pthread_create(&server.thread, NULL, serve_tls, NULL) != 0)
                return -1;
        return read(server.ready, &one, sizeof(one)) == sizeof(one) ? 0 : -1;
}

static int teardown_tls(void **state)
{
        uint64_t one = 1;

        (void)state;
        (void)!write(server.stop, &one, sizeof(one));
        pthread_join(server.thread, NULL);
        close(server.stop);
        close(server.ready);
        unlink(authority);
        return server.begun == server.done ? 0 : -1;
}

static size_t gather(char *data, size_t size, size_t count, void *context)
{
        return buffer_append(context, data, size * count) == 0 ? size * count : 0;
}

struct ask {
        const char *scheme, *path, *token, *body;
        long versions; /* of TLS */
        long status;
};

/* The answer, headers first. Negative where there is none. */
static CURLcode fetch(struct ask *a, struct buffer *answer)
{
        struct curl_slist *headers = NULL;
        CURL *curl = curl_easy_init();
        char url[128], header[128];
        CURLcode code;

        snprintf(url, sizeof(url), "%s://127.0.0.1:%d%s", a->scheme ? a->scheme : "https", port, a->path);
        snprintf(header, sizeof(header), "Authorization: Bearer %s", a->token ? a->token : "");
        if (a->token)
                headers = curl_slist_append(headers, header);
        headers = curl_slist_append(headers, "Expect:");
        curl_easy_setopt(curl, CURLOPT_URL, url);
        curl_easy_setopt(curl, CURLOPT_PROXY, "");
        curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
        curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)WAIT_MS);
        curl_easy_setopt(curl, CURLOPT_CAINFO, authority);
        curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
        curl_easy_setopt(curl, CURLOPT_HEADER, 1L);
        curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, gather);
        curl_easy_setopt(curl, CURLOPT_WRITEDATA, answer);
        if (a->versions)
                curl_easy_setopt(curl, CURLOPT_SSLVERSION, a->versions);
        if (a->body)
                curl_easy_setopt(curl, CURLOPT_POSTFIELDS, a->body);
        code = curl_easy_perform(curl);
        curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &a->status);
        curl_slist_free_all(headers);
        curl_easy_cleanup(curl);
        return code;
}

static void a_caller_is_let_in_and_known_by_its_address(void **state)
{
        _cleanup_buffer_ struct buffer answer = BUFFER_INIT;
        struct ask a = { .path = "/caller", .token = "good" };

        (void)state;
        assert_int_equal(fetch(&a, &answer), CURLE_OK);
        assert_int_equal(a.status, 200);
        assert_non_null(strstr(answer.data, "\r\n\r\n127.0.0.1"));
}

static void who_is_not_let_in_is_told_what_is_needed(void **state)
{
        static const char *const paths[] = { "/caller", "/stream", "/nothing", "/%zz" };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
                _cleanup_buffer_ struct buffer answer = BUFFER_INIT;
                struct ask a = { .path = paths[i], .token = i % 2 ? "bad" : NULL };

                assert_int_equal(fetch(&a, &answer), CURLE_OK);
                assert_int_equal(a.status, 401);
                assert_non_null(strstr(answer.data, "WWW-Authenticate: Bearer"));
                assert_non_null(strstr(answer.data, "urn:holdfast:token"));
        }
}

static void the_routes_are_told_to_those_who_are_let_in(void **state)
{
        _cleanup_buffer_ struct buffer answer = BUFFER_INIT;
        struct ask a = { .path = "/nothing", .token = "good" }, b = { .path = "/caller", .token = "good", .body = "x" };

        (void)state;
        assert_int_equal(fetch(&a, &answer), CURLE_OK);
        assert_int_equal(a.status, 404);
        assert_int_equal(fetch(&b, &answer), CURLE_OK);
        assert_int_equal(b.status, 405);
}

static void a_body_is_asked_about_before_and_after_it_came(void **state)
{
        _cleanup_buffer_ struct buffer answer = BUFFER_INIT;
        _cleanup_free_ char *body = calloc(1, 100001);
        struct ask a = { .path = "/echo", .token = "good", .body = memset(body, 'x', 100000) };
        int before = asked, complete = asked_complete;

        (void)state;
        assert_int_equal(fetch(&a, &answer), CURLE_OK);
        assert_int_equal(a.status, 200);
        assert_int_equal(asked - before, 2);
        assert_int_equal(asked_complete - complete, 1);
        assert_non_null(strstr(answer.data, body));
}

static void a_body_of_who_is_not_let_in_is_not_kept(void **state)
{
        _cleanup_buffer_ struct buffer answer = BUFFER_INIT;
        _cleanup_free_ char *body = calloc(1, 2000001);
        struct ask a = { .path = "/echo", .token = "bad", .body = memset(body, 'x', 2000000) };
        int handled = server.handled, complete = asked_complete;

        (void)state;
        /* It may be hung up on while it still sends. */
        if (fetch(&a, &answer) == CURLE_OK)
                assert_int_equal(a.status, 401);
        assert_int_equal(server.handled, handled);
        assert_int_equal(asked_complete, complete);
}

static void tls_is_1_3_only(void **state)
{
        _cleanup_buffer_ struct buffer answer = BUFFER_INIT;
        struct ask a = { .path = "/caller", .token = "good", .versions = CURL_SSLVERSION_TLSv1_2 | CURL_SSLVERSION_MAX_TLSv1_2 };
        struct ask b = { .path = "/caller", .token = "good", .versions = CURL_SSLVERSION_TLSv1_3 };

        (void)state;
        assert_int_not_equal(fetch(&a, &answer), CURLE_OK);
        assert_int_equal(answer.length, 0);
        assert_int_equal(fetch(&b, &answer), CURLE_OK);
}

static void plain_http_gets_no_answer(void **state)
{
        _cleanup_buffer_ struct buffer answer = BUFFER_INIT;
        struct ask a = { .scheme = "http", .path = "/caller", .token = "good" };

        (void)state;
        assert_int_not_equal(fetch(&a, &answer), CURLE_OK);
        assert_null(answer.data ? strstr(answer.data, "127.0.0.1") : NULL);
}

static int dial_tcp(void)
{
        struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons(port) };
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

        assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
        return fd;
}

/* Whether the other end hung up. */
static bool hung_up(int fd, int ms)
{
        struct pollfd p = { .fd = fd, .events = POLLIN };
        char byte;

        return poll(&p, 1, ms) == 1 && recv(fd, &byte, 1, MSG_DONTWAIT) <= 0;
}

static void an_address_has_so_many_connections_and_no_more(void **state)
{
        int fds[HTTP_REMOTE_ADDRESS_MAX + 8];
        int gone = 0;

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
                fds[i] = dial_tcp();
        for (size_t i = HTTP_REMOTE_ADDRESS_MAX; i < ARRAY_SIZE(fds); i++)
                assert_true(hung_up(fds[i], WAIT_MS));
        for (size_t i = 0; i < HTTP_REMOTE_ADDRESS_MAX; i++)
                gone += hung_up(fds[i], 0);
        assert_int_equal(gone, 0);
        for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
                close(fds[i]);
}

static void those_who_hang_up_make_room(void **state)
{
        _cleanup_buffer_ struct buffer answer = BUFFER_INIT;
        struct ask a = { .path = "/caller", .token = "good" };
        CURLcode code = CURLE_AGAIN;

        (void)state;
        for (int i = 0; i < 100 && code != CURLE_OK; i++) {
                code = fetch(&a, &answer);
                poll(NULL, 0, 50);
        }
        assert_int_equal(code, CURLE_OK);
        assert_int_equal(a.status, 200);
}

static void a_stream_ends_for_who_hears_it(void **state)
{
        _cleanup_buffer_ struct buffer answer = BUFFER_INIT;
        struct ask a = { .path = "/stream?lines=3&end", .token = "good" };

        (void)state;
        assert_int_equal(fetch(&a, &answer), CURLE_OK);
        assert_non_null(strstr(answer.data, "{\"left\":0}"));
}

static void a_key_of_another_certificate_is_refused(void **state)
{
        _cleanup_free_ char *old = strdup(certificate);
        struct http_setup setup = { .routes = tls_routes, .n_routes = ARRAY_SIZE(tls_routes), .admit = admit, .certificate = old };
        static const char *const keys[] = { key, "", "no key" };
        struct http_server *http = NULL;
        sd_event *event = NULL;

        (void)state;
        make_certificate();
        assert_true(sd_event_new(&event) >= 0);
        for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
                _cleanup_error_ struct error e = ERROR_INIT;
                _cleanup_close_ int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

                setup.key = keys[i];
                assert_int_equal(http_server_new(event, fd, &setup, &http, &e), -EINVAL);
                assert_non_null(strstr(error_text(&e), "no pair"));
        }
        sd_event_unref(event);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_caller_is_let_in_and_known_by_its_address),
                cmocka_unit_test(who_is_not_let_in_is_told_what_is_needed),
                cmocka_unit_test(the_routes_are_told_to_those_who_are_let_in),
                cmocka_unit_test(a_body_is_asked_about_before_and_after_it_came),
                cmocka_unit_test(a_body_of_who_is_not_let_in_is_not_kept),
                cmocka_unit_test(tls_is_1_3_only),
                cmocka_unit_test(plain_http_gets_no_answer),
                cmocka_unit_test(a_stream_ends_for_who_hears_it),
                cmocka_unit_test(an_address_has_so_many_connections_and_no_more),
                cmocka_unit_test(those_who_hang_up_make_room),
                cmocka_unit_test(a_key_of_another_certificate_is_refused),
        };

        return cmocka_run_group_tests(tests, setup_tls, teardown_tls);
}
