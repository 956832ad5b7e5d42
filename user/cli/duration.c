/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/duration.h"

#include <errno.h>
#include <string.h>

#define SECONDS_MAX (3660ull * 24 * 3600)

int duration_seconds(const char *text, uint64_t *seconds)
{
        static const struct {
                char letter;
                uint64_t seconds;
        } units[] = { { 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 24 * 3600 } };
        size_t digits = strspn(text, "0123456789");
        uint64_t n = 0;

        if (digits < 1 || digits > 9 || strlen(text) != digits + 1)
                return -EINVAL;
        for (size_t i = 0; i < digits; i++)
                n = n * 10 + (uint64_t)(text[i] - '0');
        for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
                if (units[i].letter != text[digits])
                        continue;
                if (n < 1 || n > SECONDS_MAX / units[i].seconds)
                        return -EINVAL;
                *seconds = n * units[i].seconds;
                return 0;
        }
        return -EINVAL;
}
