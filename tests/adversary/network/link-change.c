/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Takes an interface down by netlink.
 * event: guard capability
 * event of a user: guard capability | none: the kernel refuses it first
 * who: root
 */
#include "lib/adversary-net.h"

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>

static int attempt(void)
{
        struct {
                struct nlmsghdr head;
                struct ifinfomsg link;
        } m = { { sizeof(m), RTM_NEWLINK, NLM_F_REQUEST | NLM_F_ACK, 1, 0 },
                { .ifi_index = 1, .ifi_flags = IFF_UP, .ifi_change = IFF_UP } };
        struct {
                struct nlmsghdr head;
                struct nlmsgerr error;
                char rest[256];
        } answer = { 0 };
        int fd = make(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);

        NEED(send(fd, &m, sizeof(m), 0));
        NEED(recv(fd, &answer, sizeof(answer), 0));
        return answer.error.error;
}
