/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rebind 4|6 PORT SECONDS: over IPv4 or IPv6, binds sockets to a loopback address and has them listen, while
 * another thread binds them to every address at PORT, until one listens there. Prints "listening", waits for somebody to connect, and
 * prints "accepted". "nothing" where it never came to that.
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
static struct sockaddr_in6 every_v6 = { .sin6_family = AF_INET6 };
static bool v6;

static void *bind_again(void *unused)
{
        (void)unused;
        for (;;) {
                int fd = shared;

                if (fd >= 0)
                        bind(fd, v6 ? (struct sockaddr *)&every_v6 : (struct sockaddr *)&every, v6 ? sizeof(every_v6) : sizeof(every));
        }
        return NULL;
}

/* A socket with a loopback address and no port yet, which may be bound once more. */
static int half_bound(void)
{
        struct sockaddr_in here = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
        struct sockaddr_in6 here_v6 = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
        int fd = NEED(socket(v6 ? AF_INET6 : AF_INET, SOCK_STREAM, 0)), on = 1;

        NEED(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)));
        NEED(setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on)));
        if (bind(fd, v6 ? (struct sockaddr *)&here_v6 : (struct sockaddr *)&here, v6 ? sizeof(here_v6) : sizeof(here)) == 0)
                return fd;
        close(fd); /* the other thread was there first, by the number of the one before */
        return -1;
}

static bool listens_everywhere(int fd)
{
        struct sockaddr_in6 now = { 0 };
        socklen_t size = sizeof(now);

        if (listen(fd, 8) < 0 || getsockname(fd, (struct sockaddr *)&now, &size) < 0)
                return false;
        return v6 ? IN6_IS_ADDR_UNSPECIFIED(&now.sin6_addr) : !((struct sockaddr_in *)&now)->sin_addr.s_addr;
}

int main(int argc, char **argv)
{
        const time_t end = time(NULL) + (argc == 4 ? atoi(argv[3]) : 0);
        pthread_t other;

        if (argc != 4) {
                fprintf(stderr, "usage: rebind 4|6 PORT SECONDS\n");
                return 2;
        }
        setvbuf(stdout, NULL, _IOLBF, 0);
        v6 = *argv[1] == '6';
        every.sin_port = every_v6.sin6_port = htons((uint16_t)atoi(argv[2]));
        NEED(-pthread_create(&other, NULL, bind_again, NULL));
        while (time(NULL) < end) {
                int fd = half_bound();

                if (fd < 0)
                        continue;
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
