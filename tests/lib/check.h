/* SPDX-License-Identifier: Apache-2.0 */
/* What has to hold in a fuzzer, whatever it is given. */
#ifndef HOLDFAST_TESTS_CHECK_H
#define HOLDFAST_TESTS_CHECK_H

#include <stdlib.h>

#define CHECK(condition) \
        do { \
                if (!(condition)) \
                        abort(); \
        } while (0)

#endif
