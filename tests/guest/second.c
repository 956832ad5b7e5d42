/* SPDX-License-Identifier: Apache-2.0 */
/*
 * second INTERFACE: sends two datagrams to a socket of its own on loopback by one sendmmsg(2), the second by way of the interface. The
 * kernel asks nobody about the second message to one address. Prints how many were sent.
 */
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

int main(int argc, char **argv)
{
        int receiver = socket(AF_INET, SOCK_DGRAM, 0), sender = socket(AF_INET, SOCK_DGRAM, 0);
        struct sockaddr_in to = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
        const struct in_pktinfo by = { .ipi_ifindex = argc > 1 ? (int)if_nametoindex(argv[1]) : 0 };
        union {
                struct cmsghdr head;
                char room[CMSG_SPACE(sizeof(by))];
        } control = { .head = { CMSG_LEN(sizeof(by)), IPPROTO_IP, IP_PKTINFO } };
        struct iovec data = { "second", 6 };
        struct msghdr m = { .msg_name = &to, .msg_namelen = sizeof(to), .msg_iov = &data, .msg_iovlen = 1 };
        struct mmsghdr both[2] = { { .msg_hdr = m }, { .msg_hdr = m } };
        socklen_t length = sizeof(to);

        if (bind(receiver, (struct sockaddr *)&to, length) < 0 || getsockname(receiver, (struct sockaddr *)&to, &length) < 0) {
                perror("bind");
                return 2;
        }
        memcpy(CMSG_DATA(&control.head), &by, sizeof(by));
        both[1].msg_hdr.msg_control = &control;
        both[1].msg_hdr.msg_controllen = sizeof(control);
        printf("%d\n", sendmmsg(sender, both, 2, 0));
        return 0;
}
