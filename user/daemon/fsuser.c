/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/fsuser.h"

#include "base/cleanup.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <sys/fsuid.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PASSWD_ROOM 16384
#define FEW 64 /* groups that are looked for at first */

/* The system call itself, which concerns this thread alone; the library's function would change them all. */
static int set_groups(const gid_t *groups, int count)
{
        return syscall(SYS_setgroups, (long)count, groups) < 0 ? -errno : 0;
}

/* The groups of a user; without an entry in the user database: none. */
static int groups_of(uid_t uid, gid_t *gid, gid_t **ret, int *count)
{
        _cleanup_free_ char *room = malloc(PASSWD_ROOM);
        _cleanup_free_ gid_t *groups = NULL;
        struct passwd pw, *found = NULL;
        int n = FEW;

        if (!room)
                return -ENOMEM;
        getpwuid_r(uid, &pw, room, PASSWD_ROOM, &found);
        *gid = found ? pw.pw_gid : (gid_t)65534;
        for (int tries = 0; tries < 2; tries++) {
                free(groups);
                groups = calloc((size_t)n, sizeof(*groups));
                if (!groups)
                        return -ENOMEM;
                if (!found || getgrouplist(pw.pw_name, pw.pw_gid, groups, &n) >= 0)
                        break;
                n = n > FSUSER_GROUPS ? FSUSER_GROUPS : n;
        }
        *count = found ? n : 0;
        *ret = TAKE_PTR(groups);
        return 0;
}

int fsuser_enter(struct fsuser *u, uid_t uid)
{
        _cleanup_free_ gid_t *groups = NULL, *own = NULL;
        int count = 0, n, r;
        gid_t gid = 0;

        if (uid == 0)
                return 0;
        r = groups_of(uid, &gid, &groups, &count);
        if (r < 0)
                return r;
        n = getgroups(0, NULL);
        own = calloc((size_t)(n > 0 ? n : 0) + 1, sizeof(*own));
        if (n < 0 || !own)
                return -ENOMEM;
        n = getgroups(n, own);
        if (n < 0)
                return -errno;
        r = set_groups(groups, count);
        if (r < 0)
                return r;
        *u = (struct fsuser){ .groups = TAKE_PTR(own), .count = n, .gid = getegid() };
        setfsgid(gid);
        setfsuid(uid);
        /* Neither call says whether it worked; a second one tells what is set. */
        if ((uid_t)setfsuid(uid) == uid && (gid_t)setfsgid(gid) == gid)
                return 0;
        fsuser_leave(u);
        return -EPERM;
}

void fsuser_leave(struct fsuser *u)
{
        if (u->count < 0)
                return;
        setfsuid(geteuid());
        setfsgid(u->gid);
        /* Going on with another user's groups would be wrong later on, and it cannot fail: the daemon had them a moment ago. */
        if (set_groups(u->groups, u->count) < 0 || (uid_t)setfsuid(geteuid()) != geteuid())
                abort();
        free(u->groups);
        *u = (struct fsuser)FSUSER_INIT;
}
