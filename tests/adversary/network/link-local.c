/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Asks the metadata service of a cloud.
 * event: connect connect
 */
#include "lib/adversary-net.h"

static int attempt(void)
{
        struct to a = v4("PORT");
        int result;

        a.v4.sin_addr.s_addr = htonl(0xa9fea9fe);        /* 169.254.169.254 */
        result = reach(make(AF_INET, SOCK_DGRAM, 0), a); /* which needs nobody there */
        return result == -ENETUNREACH ? 0 : result;
}
