/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/procfs.h"

#include "base/cleanup.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEAD_SIZE 160 /* more than what is read of a line */

int fdinfo_number(const char *text, const char *name, long long *ret)
{
        const size_t n = strlen(name);

        for (; text; text = strchr(text, '\n')) {
                char *end;
                long long value;

                text += *text == '\n';
                if (strncmp(text, name, n) != 0 || text[n] != ':')
                        continue;
                errno = 0;
                value = strtoll(text + n + 1, &end, 10);
                if (end == text + n + 1 || errno || (*end && *end != '\n'))
                        return -EBADMSG;
                *ret = value;
                return 0;
        }
        return -ENOENT;
}

/* The head of a line by itself, for sscanf(3) looks for the end of all the text that it is given. */
static const char *head_of(const char *line, char head[HEAD_SIZE])
{
        size_t n = strcspn(line, "\n");

        n = n < HEAD_SIZE ? n : HEAD_SIZE - 1;
        memcpy(head, line, n);
        head[n] = '\0';
        return head;
}

int maps_next(const char **text, struct map_line *ret)
{
        const char *line = *text, *end = strchrnul(line, '\n');
        struct map_line m = { 0 };
        char head[HEAD_SIZE];
        int at = 0;

        if (!*line)
                return -ENOENT;
        *text = end + (*end == '\n');
        if (sscanf(head_of(line, head), "%" SCNx64 "-%*x %4s %*x %*x:%*x %" SCNu64 "%n", &m.start, m.permissions, &m.inode, &at) != 3 ||
            !at || strlen(m.permissions) != 4 || line + at > end)
                return -EBADMSG;
        m.name = line + at;
        m.name += strspn(m.name, " ");
        m.name_len = (int)(end - m.name);
        *ret = m;
        return 0;
}

int shm_attached(const char *text, uint64_t id, uint64_t *ret)
{
        /* The first line names the columns: key shmid perms size cpid lpid nattch … */
        for (text = strchr(text, '\n'); text && text[1]; text = strchr(text + 1, '\n')) {
                uint64_t shmid, attached;
                char head[HEAD_SIZE];

                if (sscanf(head_of(text + 1, head), "%*d %" SCNu64 " %*o %*u %*d %*d %" SCNu64, &shmid, &attached) != 2)
                        return -EBADMSG;
                if (shmid != id)
                        continue;
                *ret = attached;
                return 0;
        }
        return -ENOENT;
}

bool object_harmless(const char *link)
{
        static const char *const names[] = { "[eventpoll]", "[eventfd]", "[timerfd]", "[signalfd]",
                                             "[io_uring]",  "inotify",   "[inotify]", "[landlock-ruleset]" };
        const char *name = strchr(link, ':');

        for (size_t i = 0; name && i < ARRAY_SIZE(names); i++)
                if (!strcmp(name + 1, names[i]))
                        return true;
        return false;
}
