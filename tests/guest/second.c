/* SPDX-License-Identifier: Apache-2.0 */
/*
 * second 4|6 INTERFACE: over IPv4 or IPv6, sends two datagrams to a socket of its own on loopback by one sendmmsg(2), the second by way of
 * the interface. The kernel asks nobody about the second message to one address. Prints how many were sent.
 */
#include <net/if.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

int main(int argc, char **argv)
{
        const bool v6 = argc == 3 && *argv[1] == '6';
        const int family = v6 ? AF_INET6 : AF_INET, index = argc == 3 ? (int)if_nametoindex(argv[2]) : 0;
        int receiver = socket(family, SOCK_DGRAM, 0), sender = socket(family, SOCK_DGRAM, 0);
        union {
                struct sockaddr any;
                struct sockaddr_in v4;
                struct sockaddr_in6 v6;
        } to = { .v4 = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) } };
        union {
                struct cmsghdr head;
                char room[CMSG_SPACE(sizeof(struct in6_pktinfo))];
        } control = { .head = { CMSG_LEN(sizeof(struct in_pktinfo)), IPPROTO_IP, IP_PKTINFO } };
        struct iovec data = { "second", 6 };
        struct msghdr m = { .msg_name = &to, .msg_namelen = sizeof(to), .msg_iov = &data, .msg_iovlen = 1 };
        struct mmsghdr both[2] = { { .msg_hdr = m }, { .msg_hdr = m } };
        socklen_t length = sizeof(to);

        if (v6) {
                to.v6 = (struct sockaddr_in6){ .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
                control.head = (struct cmsghdr){ CMSG_LEN(sizeof(struct in6_pktinfo)), IPPROTO_IPV6, IPV6_PKTINFO };
                ((struct in6_pktinfo *)CMSG_DATA(&control.head))->ipi6_ifindex = index;
        } else {
                ((struct in_pktinfo *)CMSG_DATA(&control.head))->ipi_ifindex = index;
        }
        if (bind(receiver, &to.any, length) < 0 || getsockname(receiver, &to.any, &length) < 0) {
                perror("bind");
                return 2;
        }
        both[1].msg_hdr.msg_control = &control;
        both[1].msg_hdr.msg_controllen = CMSG_SPACE(control.head.cmsg_len - CMSG_LEN(0));
        printf("%d\n", sendmmsg(sender, both, 2, 0));
        return 0;
}
