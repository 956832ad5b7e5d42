/* SPDX-License-Identifier: Apache-2.0 */
#include "base/time.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>

#define NS_PER_S 1000000000ull

uint64_t time_now(clockid_t clock)
{
        struct timespec t;

        clock_gettime(clock, &t);
        return (uint64_t)t.tv_sec * NS_PER_S + (uint64_t)t.tv_nsec;
}

/* Writes value in exactly that many digits, dropping higher ones. Returns the place after them. */
static char *put_digits(char *out, unsigned int value, int digits)
{
        for (int i = digits - 1; i >= 0; i--, value /= 10)
                out[i] = (char)('0' + value % 10);
        return out + digits;
}

const char *time_format(uint64_t realtime_ns, char out[TIME_TEXT_SIZE])
{
        time_t seconds = (time_t)(realtime_ns / NS_PER_S);
        struct tm t;
        char *p = out;

        gmtime_r(&seconds, &t);
        p = put_digits(p, (unsigned int)t.tm_year + 1900, 4);
        *p++ = '-';
        p = put_digits(p, (unsigned int)t.tm_mon + 1, 2);
        *p++ = '-';
        p = put_digits(p, (unsigned int)t.tm_mday, 2);
        *p++ = 'T';
        p = put_digits(p, (unsigned int)t.tm_hour, 2);
        *p++ = ':';
        p = put_digits(p, (unsigned int)t.tm_min, 2);
        *p++ = ':';
        p = put_digits(p, (unsigned int)t.tm_sec, 2);
        *p++ = '.';
        p = put_digits(p, (unsigned int)(realtime_ns % NS_PER_S), 9);
        *p++ = 'Z';
        *p = '\0';
        return out;
}

/* Takes exactly that many digits with a value from least to most; -1 where they are not there. */
static int take_digits(const char **p, int digits, int least, int most)
{
        int value = 0;

        for (int i = 0; i < digits; i++, (*p)++) {
                if (!isdigit((unsigned char)**p))
                        return -1;
                value = value * 10 + (**p - '0');
        }
        return value < least || value > most ? -1 : value;
}

static bool take(const char **p, char c)
{
        if (tolower((unsigned char)**p) != c)
                return false;
        (*p)++;
        return true;
}

/* Takes the date and the time of day; the fields are within RFC 3339's ranges. */
static bool take_calendar(const char **p, struct tm *t)
{
        struct tm read = { 0 };

        read.tm_year = take_digits(p, 4, 1970, 9999) - 1900;
        if (read.tm_year < 0 || !take(p, '-'))
                return false;
        read.tm_mon = take_digits(p, 2, 1, 12) - 1;
        if (read.tm_mon < 0 || !take(p, '-'))
                return false;
        read.tm_mday = take_digits(p, 2, 1, 31);
        if (read.tm_mday < 0 || !take(p, 't'))
                return false;
        read.tm_hour = take_digits(p, 2, 0, 23);
        if (read.tm_hour < 0 || !take(p, ':'))
                return false;
        read.tm_min = take_digits(p, 2, 0, 59);
        if (read.tm_min < 0 || !take(p, ':'))
                return false;
        read.tm_sec = take_digits(p, 2, 0, 60);
        *t = read;
        return read.tm_sec >= 0;
}

/* Takes decimals where there are any: nanoseconds, those beyond the ninth dropped; -1 for a point without digits. */
static int64_t take_decimals(const char **p)
{
        int64_t ns = 0;
        int digits = 0;

        if (!take(p, '.'))
                return 0;
        for (; isdigit((unsigned char)**p); (*p)++) {
                if (digits++ < 9)
                        ns = ns * 10 + (**p - '0');
        }
        for (int i = digits; i < 9; i++)
                ns *= 10;
        return digits ? ns : -1;
}

/* Takes "Z" or "+hh:mm"; the offset in seconds. */
static bool take_offset(const char **p, int64_t *seconds)
{
        int sign = **p == '-' ? -1 : 1, hours, minutes;

        *seconds = 0;
        if (take(p, 'z'))
                return true;
        if (!take(p, '+') && !take(p, '-'))
                return false;
        hours = take_digits(p, 2, 0, 23);
        if (hours < 0 || !take(p, ':'))
                return false;
        minutes = take_digits(p, 2, 0, 59);
        *seconds = sign * (hours * 3600 + minutes * 60);
        return minutes >= 0;
}

int time_parse(const char *text, uint64_t *realtime_ns)
{
        const char *p = text;
        struct tm t, normal;
        int64_t ns, offset, seconds;

        if (!take_calendar(&p, &t))
                return -EINVAL;
        ns = take_decimals(&p);
        if (ns < 0 || !take_offset(&p, &offset) || *p)
                return -EINVAL;
        normal = t;
        seconds = timegm(&normal);
        /* timegm() turns the 31st of a shorter month into the next month. */
        if (t.tm_sec < 60 && normal.tm_mday != t.tm_mday)
                return -EINVAL;
        seconds -= offset;
        if (seconds < 0 || (uint64_t)seconds > UINT64_MAX / NS_PER_S - 1)
                return -EINVAL;
        *realtime_ns = (uint64_t)seconds * NS_PER_S + (uint64_t)ns;
        return 0;
}
