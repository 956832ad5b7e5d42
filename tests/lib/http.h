/* SPDX-License-Identifier: Apache-2.0 */
/* As much HTTP as a test needs that cannot wait for curl to start: one kept connection to a unix socket, one request at a time. */
#ifndef HOLDFAST_TESTS_HTTP_H
#define HOLDFAST_TESTS_HTTP_H

#include "lib/attempt.h"

#include <strings.h>
#include <sys/socket.h>
#include <sys/un.h>

static inline int http_connect(const char *path)
{
        struct sockaddr_un a = { .sun_family = AF_UNIX };
        int fd = NEED(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));

        memcpy(a.sun_path, path, strnlen(path, sizeof(a.sun_path) - 1));
        NEED(connect(fd, (struct sockaddr *)&a, sizeof(a)));
        return fd;
}

/* Sends a request; its answer is to be taken by http_answer(). */
static inline void http_send(int fd, const char *method, const char *target, const char *body)
{
        char *text = NULL;
        int size =
                NEED(asprintf(&text, "%s %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
                              method, target, strlen(body), body));

        for (int sent = 0; sent < size;)
                sent += NEED(send(fd, text + sent, size - sent, MSG_NOSIGNAL));
        free(text);
}

/* Waits for the whole answer; returns its status, and its body in reply, cut to size. */
static inline int http_answer(int fd, char *reply, size_t size)
{
        static char text[1 << 20];
        size_t length = 0, head, body = 0;
        char *end = NULL, *field;

        while (!end) {
                ssize_t got = NEED(recv(fd, text + length, sizeof(text) - 1 - length, 0));

                errno = EPIPE;
                NEED(got > 0 ? 0 : -1);
                length += got;
                text[length] = 0;
                end = strstr(text, "\r\n\r\n");
        }
        head = end + 4 - text;
        for (field = strstr(text, "\r\n"); field && field < end; field = strstr(field + 2, "\r\n"))
                if (!strncasecmp(field + 2, "content-length:", 15))
                        body = strtoul(field + 17, NULL, 10);
        while (length < head + body) {
                ssize_t got = NEED(recv(fd, text + length, sizeof(text) - 1 - length, 0));

                errno = EPIPE;
                NEED(got > 0 ? 0 : -1);
                length += got;
        }
        snprintf(reply, size, "%.*s", (int)body, text + head);
        return atoi(text + 9);
}

/* A request that has to be answered with 2xx, else the program ends. */
static inline void http_do(int fd, const char *method, const char *target, const char *body)
{
        char reply[4096];
        int status;

        http_send(fd, method, target, body);
        status = http_answer(fd, reply, sizeof(reply));
        if (status / 100 == 2)
                return;
        printf("broken %s %s: %d %s\n", method, target, status, reply);
        exit(3);
}

#endif
