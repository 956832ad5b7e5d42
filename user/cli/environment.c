/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/environment.h"

#include "base/cleanup.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#define TOKEN_LEAST 20 /* characters: a user who is longer is a token */

/* A word of a name that is one of these, */
static const char *const words[] = {
        "ASKPASS", "AUTH", "BEARER", "COOKIE", "CREDS", "DSN", "JWT", "KEY", "KEYS", "PASS", "PASSWD", "PAT", "PWD",
};

/* or ends in one of these. */
static const char *const ends[] = {
        "APIKEY", "CREDENTIAL", "CREDENTIALS", "PASSPHRASE", "PASSWORD", "PASSWORDS", "PRIVATEKEY", "SECRET", "SECRETS", "TOKEN",
};

/* Names that say it in no such word: of sockets and files that open something too. */
static const char *const names[] = {
        "CONTAINER_HOST", "DOCKER_HOST", "GPG_AGENT_INFO", "KRB5CCNAME", "KUBECONFIG", "PGPASSFILE", "SSHPASS"
};

/* Names that say it and mean something else. */
static const char *const harmless[] = { "AWS_DEFAULT_REGION", "AWS_REGION", "OLDPWD", "PWD" };

static bool is_one_of(const char *const *list, size_t count, const char *text)
{
        for (size_t i = 0; i < count; i++)
                if (!strcasecmp(list[i], text))
                        return true;
        return false;
}

static bool ends_in(const char *word)
{
        const size_t n = strlen(word);

        for (size_t i = 0; i < ARRAY_SIZE(ends); i++)
                if (n >= strlen(ends[i]) && !strcasecmp(ends[i], word + n - strlen(ends[i])))
                        return true;
        return false;
}

static bool has_word(const char *name)
{
        const char *end;
        char word[64];

        while (*name) {
                size_t n = 0, length;

                while (isalnum((unsigned char)name[n]))
                        n++;
                for (length = n; length && isdigit((unsigned char)name[length - 1]);) /* TOKEN2 is one too */
                        length--;
                end = name + length;
                length = length < sizeof(word) ? length : sizeof(word) - 1;
                memcpy(word, end - length, length);
                word[length] = '\0';
                if (is_one_of(words, ARRAY_SIZE(words), word) || ends_in(word))
                        return true;
                name += n + (name[n] != '\0');
        }
        return false;
}

static bool is_connection_string(const char *name)
{
        static const char end[] = "CONNECTION_STRING";
        const size_t n = strlen(name);

        return n >= strlen(end) && !strcasecmp(name + n - strlen(end), end);
}

/*
 * scheme://user:password@host, or a token in the place of the user. Not every program that writes such an address escapes the password:
 * what comes before the "@" may have any character.
 */
static bool has_password(const char *value)
{
        const char *at = value;

        while ((at = strstr(at, "://"))) {
                const size_t authority = strcspn(at += 3, "/?# \t\n"), all = strcspn(at, " \t\n");
                const char *colon = memchr(at, ':', authority), *end = memrchr(at, '@', authority);
                const bool port = colon && (size_t)(colon + 1 - at) + strspn(colon + 1, "0123456789") == authority;

                if (!end && colon && !port)
                        end = memrchr(at, '@', all);
                if (end && (colon ? colon + 1 < end : end - at >= TOKEN_LEAST))
                        return true;
        }
        return false;
}

bool environment_is_secret(const char *name, const char *value)
{
        if (has_password(value))
                return true;
        if (is_one_of(harmless, ARRAY_SIZE(harmless), name))
                return false;
        return !strncasecmp(name, "AWS_", 4) || is_one_of(names, ARRAY_SIZE(names), name) || has_word(name) || is_connection_string(name);
}

static bool is_listed(const char *list, const char *name)
{
        const size_t n = strlen(name);

        for (const char *at = list; at && *at; at += strspn(at, ",")) {
                const size_t length = strcspn(at, ",");

                if (length == n && !strncmp(at, name, n))
                        return true;
                at += length;
        }
        return false;
}

static bool is_kept(const cJSON *kept, const char *more, const char *name)
{
        const cJSON *item;

        cJSON_ArrayForEach (item, kept)
                if (cJSON_IsString(item) && !strcmp(item->valuestring, name))
                        return true;
        return is_listed(more, name);
}

/* A name as it may be shown: who started this chose it. */
static int say(struct buffer *dropped, const char *name)
{
        int r = dropped->length ? buffer_append(dropped, ", ", 2) : 0;

        for (; *name && r == 0; name++)
                r = buffer_append(dropped, isgraph((unsigned char)*name) ? name : "?", 1);
        return r;
}

int environment_clean(const cJSON *kept, const char *more, struct buffer *dropped)
{
        size_t n = 0;
        int r = 0;

        for (char **at = environ; at && *at && r == 0; at++) {
                const size_t length = strcspn(*at, "=");
                _cleanup_free_ char *name = strndup(*at, length);

                if (!name)
                        return -ENOMEM;
                if ((*at)[length] && (!environment_is_secret(name, *at + length + 1) || is_kept(kept, more, name)))
                        environ[n++] = *at;
                else
                        r = say(dropped, name);
        }
        if (environ && r == 0)
                environ[n] = NULL;
        return r;
}
