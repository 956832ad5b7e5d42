/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rebind PORT SECONDS: binds sockets to a loopback address and has them listen, while another thread binds them to every address at PORT,
 * until one listens there. Prints "listening", waits for somebody to connect, and prints "accepted". "nothing" where it never came to that.
 */
#include "lib/attempt.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <time.h>

static _Atomic int shared = -1;
static struct sockaddr_in every = { .sin_family = AF_INET };

static void *bind_again(void *unused)
{
        (void)unused;
        for (;;) {
                int fd = shared;

                if (fd >= 0)
                        bind(fd, (struct sockaddr *)&every, sizeof(every));
        }
        return NULL;
}

/* A socket with a loopback address and no port yet, which may be bound once more. */
static int half_bound(void)
{
        struct sockaddr_in here = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
        int fd = NEED(socket(AF_INET, SOCK_STREAM, 0)), on = 1;

        NEED(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)));
        NEED(setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on)));
        NEED(bind(fd, (struct sockaddr *)&here, sizeof(here)));
        return fd;
}

static bool listens_everywhere(int fd)
{
        struct sockaddr_in now = { 0 };
        socklen_t size = sizeof(now);

        return listen(fd, 8) == 0 && getsockname(fd, (struct sockaddr *)&now, &size) == 0 && !now.sin_addr.s_addr;
}

int main(int argc, char **argv)
{
        const time_t end = time(NULL) + (argc == 3 ? atoi(argv[2]) : 0);
        pthread_t other;

        if (argc != 3) {
                fprintf(stderr, "usage: rebind PORT SECONDS\n");
                return 2;
        }
        setvbuf(stdout, NULL, _IOLBF, 0);
        every.sin_port = htons((uint16_t)atoi(argv[1]));
        NEED(-pthread_create(&other, NULL, bind_again, NULL));
        while (time(NULL) < end) {
                int fd = half_bound();

                shared = fd;
                if (listens_everywhere(fd)) {
                        printf("listening\n");
                        NEED(accept(fd, NULL, NULL));
                        printf("accepted\n");
                        return 0;
                }
                shared = -1;
                close(fd);
        }
        printf("nothing\n");
        return 0;
}
