/* SPDX-License-Identifier: Apache-2.0 */
/*
 * witness FOLDER...: for each line on standard input prints one line that stays the same as long as nobody changed anything in or
 * of the folders (what stat(2) tells, contents aside: a change of those shows in the times), nor the host's own settings.
 */
#include "lib/attempt.h"

#include <ftw.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/utsname.h>

static uint64_t sum;

static void add(const void *data, size_t size)
{
        const unsigned char *p = data;

        for (size_t i = 0; i < size; i++)
                sum = (sum ^ p[i]) * 0x100000001b3;
}

static int add_file(const char *path, const struct stat *st, int type, struct FTW *where)
{
        const uint64_t numbers[] = { st->st_ino,          st->st_mode,        st->st_uid,         st->st_gid,
                                     st->st_nlink,        st->st_size,        st->st_rdev,        st->st_mtim.tv_sec,
                                     st->st_mtim.tv_nsec, st->st_ctim.tv_sec, st->st_ctim.tv_nsec };

        (void)type, (void)where;
        add(path, strlen(path));
        add(numbers, sizeof(numbers));
        return 0;
}

static void add_contents(const char *path)
{
        char text[16384];
        int fd = open(path, O_RDONLY);
        ssize_t n;

        if (fd < 0)
                return;
        while ((n = read(fd, text, sizeof(text))) > 0)
                add(text, n);
        close(fd);
}

/* The settings, each of which would be somebody's way out or harm. */
static uint64_t host(void)
{
        static const char *const files[] = { "/proc/sys/kernel/core_pattern",
                                             "/proc/sys/kernel/modprobe",
                                             "/proc/sys/kernel/domainname",
                                             "/proc/sys/kernel/sysrq",
                                             "/proc/swaps",
                                             "/proc/self/mounts" };
        struct utsname u;

        sum = 0xcbf29ce484222325;
        NEED(uname(&u));
        add(u.nodename, strlen(u.nodename));
        for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
                add_contents(files[i]);
        return sum;
}

int main(int argc, char **argv)
{
        char line[64];

        while (fgets(line, sizeof(line), stdin)) {
                printf("host=%016llx", (unsigned long long)host());
                for (int i = 1; i < argc; i++) {
                        sum = 0xcbf29ce484222325;
                        nftw(argv[i], add_file, 32, FTW_PHYS);
                        printf(" %s=%016llx", argv[i], (unsigned long long)sum);
                }
                printf("\n");
                fflush(stdout);
        }
        return 0;
}
