/* SPDX-License-Identifier: Apache-2.0 */
/* A host name as a rule has it, after RFC 1035 and RFC 4592; "_" as in names of services (RFC 8552). */
#include "policy/hosts.h"

#include "base/cleanup.h"
#include "base/jsontext.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <string.h>

#define LABEL_MAX 63

#define LETTERS "abcdefghijklmnopqrstuvwxyz"
#define DIGITS "0123456789"

static int wrong(struct error *e, const char *found, const char *text, const char *expected)
{
        char shown[TEXT_SHOW_MAX];

        return error_set(e, -EINVAL, "found %s %s, expected %s", found, text_show(text, shown), expected);
}

/* A copy of the name in what may be a URL, or have a port or path behind it. NULL: no memory. */
static char *name_alone(const char *text)
{
        const char *scheme = strstr(text, "://"), *name = scheme ? scheme + 3 : text, *at = name + strcspn(name, "/?#@");

        name = *at == '@' ? at + 1 : name;
        return strndup(name, strcspn(name, "/:?#"));
}

/* Whether it is an IPv6 address, be it in brackets or a prefix. */
static bool is_ipv6(const char *text)
{
        char copy[INET6_ADDRSTRLEN];
        size_t n = strcspn(text += *text == '[', "]/");
        struct in6_addr addr;

        if (n >= sizeof(copy))
                return false;
        memcpy(copy, text, n);
        copy[n] = '\0';
        return inet_pton(AF_INET6, copy, &addr) == 1;
}

/* Whether programs take it for an IPv4 address, in one of its spellings: the last label is a number (WHATWG URL, "ends in a number"). */
static bool is_ipv4(const char *name)
{
        const char *dot = strrchr(name, '.'), *last = dot ? dot + 1 : name;

        if (*last && !last[strspn(last, DIGITS)])
                return true;
        return last[0] == '0' && tolower(last[1]) == 'x' && !last[2 + strspn(last + 2, DIGITS "abcdefABCDEF")];
}

/* What else than a name people write, and what to write then. */
static int check_kind(const char *text, struct error *e)
{
        _cleanup_free_ char *name = name_alone(text);
        char shown[TEXT_SHOW_MAX], alone[TEXT_SHOW_MAX];

        if (!name)
                return -ENOMEM;
        if (is_ipv6(text) || is_ipv4(name))
                return wrong(e, "the address", text, "a name; an address has \"cidr\" instead of \"host\"");
        if (strcmp(name, text) != 0)
                return error_set(e, -EINVAL, "found more than a name in %s, expected %s, and the port in \"port\"", text_show(text, shown),
                                 *name ? text_show(name, alone) : "the name alone");
        for (const char *t = text; *t; t++)
                if ((unsigned char)*t >= 0x80)
                        return wrong(e, "a letter outside of ASCII in", text, "such labels as DNS has them: \"xn--…\"");
        return 0;
}

/* The labels after "*.", in lower case. */
static int check_labels(const char *labels, const char *text, struct error *e)
{
        for (const char *label = labels;; label += strcspn(label, ".") + 1) {
                size_t n = strcspn(label, ".");

                if (n == 0)
                        return wrong(e, "an empty label in", text, "a name such as \"api.example.com\"");
                if (n > LABEL_MAX)
                        return wrong(e, "a label of more than 63 bytes in", text, "labels of 1 to 63 bytes");
                if (memchr(label, '*', n))
                        return wrong(e, "\"*\" within", text, "it as the whole first label alone, as in \"*.example.com\"");
                if (strspn(label, LETTERS DIGITS "-_") < n)
                        return wrong(e, "a character that is none of a name in", text, "letters, digits, \"-\" and \"_\" between dots");
                if (!label[n])
                        return 0;
        }
}

static int name_check(const char *name, const char *text, struct error *e)
{
        if (strlen(name) > HOST_NAME_MAX_BYTES)
                return error_set(e, -EINVAL, "found a name of %zu bytes, expected at most %d", strlen(name), HOST_NAME_MAX_BYTES);
        if (strcmp(name, "*") == 0)
                return 0;
        return check_labels(name + (strncmp(name, "*.", 2) == 0 ? 2 : 0), text, e);
}

int host_parse(const char *text, char **ret, struct error *e)
{
        _cleanup_free_ char *name = strdup(text);
        size_t n = strlen(text);
        int r;

        if (!name)
                return -ENOMEM;
        if (n > 1 && name[n - 1] == '.')
                name[n - 1] = '\0';
        for (char *letter = name; *letter; letter++)
                if (*letter >= 'A' && *letter <= 'Z')
                        *letter += 'a' - 'A';
        r = check_kind(name, e);
        if (r == 0)
                r = name_check(name, text, e);
        if (r == 0)
                *ret = TAKE_PTR(name);
        return r;
}
