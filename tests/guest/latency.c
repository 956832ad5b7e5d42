/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How long from the request for a kill to the first call that is refused.
 * latency spin PAGE FILE              the agent: opens the file without end, and notes in the page when that is first refused
 * latency read|write PAGE FILE        the same with a file that it opened once
 * latency send PAGE PORT              the same with a socket that it connected once, to the port on 127.0.0.1 over UDP
 * latency measure PAGE SESSION RUNS   kills the agent's session (strength deny) by HTTP and lifts that again; prints
 *                                     "median N us, least N us, most N us"
 */
#include "lib/http.h"
#include "lib/shared.h"

#include <netinet/in.h>
#include <stdbool.h>

struct page {
        atomic_ullong opened;
        atomic_ullong refused_at;   /* ns, CLOCK_MONOTONIC; 0: not since this was last cleared */
        atomic_ullong refused_boot; /* the same moment by CLOCK_BOOTTIME, which the daemon answers in */
};

/* What the agent does again and again. */
static bool act(const char *mode, int fd, const char *file)
{
        char byte = 'x';

        if (!strcmp(mode, "read"))
                return pread(fd, &byte, 1, 0) >= 0;
        if (!strcmp(mode, "write"))
                return pwrite(fd, &byte, 1, 0) >= 0;
        if (!strcmp(mode, "send"))
                return send(fd, &byte, 1, MSG_DONTWAIT) >= 0 || errno == EAGAIN || errno == ECONNREFUSED;
        fd = open(file, O_RDONLY);
        if (fd >= 0)
                close(fd);
        return fd >= 0;
}

static void spin(const char *mode, struct page *page, const char *file)
{
        int fd = -1;

        if (!strcmp(mode, "send")) {
                struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(atoi(file)), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

                fd = NEED(socket(AF_INET, SOCK_DGRAM, 0));
                NEED(connect(fd, (struct sockaddr *)&to, sizeof(to)));
        } else if (strcmp(mode, "spin") != 0) {
                fd = NEED(open(file, O_RDWR));
        }
        for (;;) {
                struct timespec moment = { 0, 1000000 }, boot;

                if (act(mode, fd, file)) {
                        page->opened++;
                        continue;
                }
                if (!page->refused_at) {
                        page->refused_at = now_ns();
                        clock_gettime(CLOCK_BOOTTIME, &boot);
                        page->refused_boot = (unsigned long long)boot.tv_sec * 1000000000 + boot.tv_nsec;
                }
                nanosleep(&moment, NULL); /* what is measured is the kill, not a flood of events */
        }
}

static int compare(const void *a, const void *b)
{
        uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

        return x < y ? -1 : x > y;
}

static void measure(struct page *page, const char *session, int runs)
{
        uint64_t *took = calloc(runs, sizeof(*took)), *trips = calloc(runs, sizeof(*trips));
        char body[256];
        int fd = http_connect("/run/holdfast/api.sock");

        /* The baseline: a request that does nothing. */
        for (int i = 0; i < runs; i++) {
                uint64_t start = now_ns();

                http_do(fd, "GET", "/v1/health", "");
                trips[i] = now_ns() - start;
        }
        qsort(trips, runs, sizeof(*trips), compare);

        for (int i = 0; i < runs; i++) {
                unsigned long long opened = page->opened;
                char reply[4096];
                uint64_t start;
                int status;

                AWAIT(page->opened > opened + 2);
                page->refused_at = 0;
                snprintf(body, sizeof(body), "{\"session\":\"%s\",\"strength\":\"deny\",\"reason\":\"latency run %d\"}", session, i);
                start = now_ns();
                http_send(fd, "POST", "/v1/kills", body);
                status = http_answer(fd, reply, sizeof(reply));
                if (status / 100 != 2) {
                        printf("broken POST /v1/kills: %d %s\n", status, reply);
                        exit(3);
                }
                AWAIT(page->refused_at);
                took[i] = page->refused_at - start;
                snprintf(body, sizeof(body), "{\"session\":\"%s\"}", session);
                http_do(fd, "DELETE", "/v1/kills", body);
        }
        qsort(took, runs, sizeof(*took), compare);
        printf("median %llu us, least %llu us, most %llu us; a request that does nothing: median %llu us\n",
               (unsigned long long)took[runs / 2] / 1000, (unsigned long long)took[0] / 1000, (unsigned long long)took[runs - 1] / 1000,
               (unsigned long long)trips[runs / 2] / 1000);
}

int main(int argc, char **argv)
{
        if (argc == 4)
                spin(argv[1], shared_page(argv[2]), argv[3]);
        if (argc != 5 || strcmp(argv[1], "measure"))
                return 2;
        measure(shared_page(argv[2]), argv[3], atoi(argv[4]));
        return 0;
}
