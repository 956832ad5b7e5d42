/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Landlock with the rules of a policy, to measure beside holdfast. System calls by number: libc has no wrappers.
 * landlock RULES -- CMD [ARG...]   confines itself and becomes the command. A line of RULES is "RIGHTS PATH" (letters of rwxc,
 *                                  as in a policy) or "port PORT ...", for TCP connect and UDP send. Of what the kernel can handle, all
 *                                  rights on files are handled, and these two
 * landlock -a RULES -- CMD ...     handles all rights on ports, and keeps abstract sockets and signals inside, where the kernel can
 * landlock abi                     prints JSON: { "abi": N, "tcp": can it rule TCP connect, "udp": and UDP send }
 */
#include "lib/attempt.h"

#include <linux/types.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

/* Of linux/landlock.h as of now; the header of the machine that builds this may be older. */
struct ruleset_attr {
        __u64 handled_access_fs, handled_access_net, scoped;
};

struct path_attr {
        __u64 allowed_access;
        __s32 parent_fd;
} __attribute__((packed));

struct port_attr {
        __u64 allowed_access, port;
};

enum {
        CREATE_VERSION = 1 << 0,
        RULE_PATH = 1,
        RULE_PORT = 2,
        ABI_TCP = 4,
        ABI_SCOPE = 6,
        ABI_UDP = 10,
};

#define FS(n) (1ULL << (n))
#define FS_READ (FS(2) | FS(3)) /* READ_FILE, READ_DIR */
#define FS_WRITE \
        (FS(1) | FS(4) | FS(5) | (0x7fULL << 6) | FS(13) | FS(14) | FS(15)) /* WRITE_FILE, REMOVE_*, MAKE_*, REFER, TRUNCATE, IOCTL_DEV */
#define FS_EXECUTE FS(0)
#define FS_CONNECT FS(16)                                              /* RESOLVE_UNIX */
#define FS_OF_FILES (FS(0) | FS(1) | FS(2) | FS(14) | FS(15) | FS(16)) /* what may stand on something that is no folder */
#define NET_BIND_TCP (1ULL << 0)
#define NET_CONNECT_TCP (1ULL << 1)
#define NET_BIND_UDP (1ULL << 2)
#define NET_CONNECT_SEND_UDP (1ULL << 3)
#define NET_OUT (NET_CONNECT_TCP | NET_CONNECT_SEND_UDP)
#define SCOPE_ALL ((1ULL << 0) | (1ULL << 1)) /* ABSTRACT_UNIX_SOCKET, SIGNAL */

static int create_ruleset(const struct ruleset_attr *attr, size_t size, int flags)
{
        return (int)syscall(SYS_landlock_create_ruleset, attr, size, flags);
}

static int abi(void)
{
        return (int)NEED(create_ruleset(NULL, 0, CREATE_VERSION));
}

/* The rights that this kernel knows are the lowest bits: as many as it accepts. */
static uint64_t all_fs_rights(void)
{
        for (int bits = 63; bits > 0; bits--) {
                struct ruleset_attr attr = { .handled_access_fs = (1ULL << bits) - 1 };
                int fd = create_ruleset(&attr, sizeof(attr.handled_access_fs), 0);

                if (fd < 0)
                        continue;
                close(fd);
                return attr.handled_access_fs;
        }
        errno = EOPNOTSUPP;
        return NEED(-1);
}

static uint64_t rights_of(const char *letters)
{
        uint64_t rights = 0;

        for (; *letters; letters++) {
                switch (*letters) {
                case 'r':
                        rights |= FS_READ;
                        break;
                case 'w':
                        rights |= FS_WRITE;
                        break;
                case 'x':
                        rights |= FS_EXECUTE;
                        break;
                case 'c':
                        rights |= FS_CONNECT;
                        break;
                default:
                        errno = EINVAL;
                        NEED(-1);
                }
        }
        return rights;
}

static void add_path(int ruleset, uint64_t handled, const char *letters, const char *path)
{
        struct path_attr attr = { .allowed_access = rights_of(letters) & handled };
        struct stat st;

        attr.parent_fd = NEED(open(path, O_PATH | O_CLOEXEC));
        NEED(fstat(attr.parent_fd, &st));
        if (!S_ISDIR(st.st_mode))
                attr.allowed_access &= FS_OF_FILES;
        if (attr.allowed_access) /* of what this kernel handles */
                NEED(syscall(SYS_landlock_add_rule, ruleset, RULE_PATH, &attr, 0));
        close(attr.parent_fd);
}

static void add_port(int ruleset, uint64_t handled, const char *port)
{
        struct port_attr attr = { .allowed_access = handled & NET_OUT, .port = strtoul(port, NULL, 10) };

        NEED(syscall(SYS_landlock_add_rule, ruleset, RULE_PORT, &attr, 0));
}

static void add_rules(int ruleset, const struct ruleset_attr *handled, const char *file)
{
        FILE *rules = fopen(file, "re");
        char line[4200];

        NEED(rules ? 0 : -1);
        while (fgets(line, sizeof(line), rules)) {
                char *object = strchr(line, ' ');

                errno = EINVAL;
                NEED(object ? 0 : -1);
                *object++ = '\0';
                object[strcspn(object, "\n")] = '\0';
                if (strcmp(line, "port") != 0)
                        add_path(ruleset, handled->handled_access_fs, line, object);
                else if (handled->handled_access_net)
                        add_port(ruleset, handled->handled_access_net, object);
        }
        fclose(rules);
}

static void confine(const char *rules, bool everything)
{
        struct ruleset_attr attr = { .handled_access_fs = all_fs_rights() };
        size_t size = sizeof(attr.handled_access_fs);
        int ruleset;

        if (abi() >= ABI_TCP) {
                attr.handled_access_net = NET_CONNECT_TCP | (abi() >= ABI_UDP ? NET_CONNECT_SEND_UDP : 0);
                size += sizeof(attr.handled_access_net);
        }
        if (everything && attr.handled_access_net)
                attr.handled_access_net |= NET_BIND_TCP | (abi() >= ABI_UDP ? NET_BIND_UDP : 0);
        if (everything && abi() >= ABI_SCOPE) {
                attr.scoped = SCOPE_ALL;
                size += sizeof(attr.scoped);
        }
        ruleset = NEED(create_ruleset(&attr, size, 0));
        add_rules(ruleset, &attr, rules);
        NEED(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
        NEED(syscall(SYS_landlock_restrict_self, ruleset, 0));
        close(ruleset);
}

int main(int argc, char **argv)
{
        bool everything;

        if (argc == 2 && !strcmp(argv[1], "abi")) {
                int version = abi();

                printf("{ \"abi\": %d, \"tcp\": %s, \"udp\": %s }\n", version, version >= ABI_TCP ? "true" : "false",
                       version >= ABI_UDP ? "true" : "false");
                return 0;
        }
        everything = argc > 1 && !strcmp(argv[1], "-a");
        argv += everything;
        argc -= everything;
        if (argc < 4 || strcmp(argv[2], "--") != 0) {
                fputs("usage: landlock [-a] RULES -- CMD [ARG...] | landlock abi\n", stderr);
                return 2;
        }
        confine(argv[1], everything);
        NEED(execvp(argv[3], argv + 3));
}
