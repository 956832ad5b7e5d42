/* SPDX-License-Identifier: Apache-2.0 */
/* Trees and policies over them, by chance. */
#ifndef HOLDFAST_TESTS_WORLD_H
#define HOLDFAST_TESTS_WORLD_H

#include "lib/chance.h"
#include "lib/model.h"
#include "lib/shared.h"

#include <stdarg.h>
#include <sys/mount.h>

#define CAPABILITIES 4

/* What both processes know of a round, in memory that they share. */
struct page {
        atomic_uint wanted, made; /* rounds */
        int status;               /* of the answer to the policy */
        char session[64];
        char from[512], to[512]; /* the bind mount, or empty */
        char policy[32768], answer[2048];
};

static struct page *page;

static inline void make_symlink(const char *path)
{
        char target[PATH_MAX];

        walk(target);
        (void)!symlink(percent(50) ? strrchr(target, '/') + 1 : target, path);
}

static inline void make_one(void)
{
        char path[PATH_MAX], other[PATH_MAX];
        unsigned kind = below(100);
        int fd;

        walk(path);
        if (kind < 55) {
                mkdir(path, 0755);
        } else if (kind < 84) {
                fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0755);
                (void)!write(fd, "x\n", 2);
                close(fd);
        } else if (kind < 93) {
                walk(other);
                (void)!link(other, path);
        } else {
                make_symlink(path);
        }
}

static inline void run(const char *format, ...)
{
        char *command;
        va_list ap;

        va_start(ap, format);
        NEED(vasprintf(&command, format, ap));
        va_end(ap);
        NEED(system(command));
        free(command);
}

/* One folder shown in another's place too, neither of them within the other. */
static inline void make_bind_mount(void)
{
        char from[PATH_MAX], to[PATH_MAX];

        page->from[0] = page->to[0] = 0;
        for (int tries = percent(35) ? 50 : 0; tries; tries--) {
                walk(from);
                walk(to);
                if (!is_folder(from) || !is_folder(to) || path_within(from, to) || path_within(to, from) || strlen(from) > 500 ||
                    strlen(to) > 500)
                        continue;
                NEED(mount(from, to, NULL, MS_BIND, NULL));
                strcpy(page->from, from);
                strcpy(page->to, to);
                return;
        }
}

/* Every second tree is on a file system of its own. */
static inline void make_tree(void)
{
        if (page->to[0])
                NEED(umount2(page->to, MNT_DETACH));
        while (umount2(root, MNT_DETACH) == 0)
                ;
        run("rm -rf %s && mkdir -p %s", root, root);
        if (percent(50))
                NEED(mount("none", root, "tmpfs", 0, "mode=755"));
        for (int n = 40 + (int)below(160); n; n--)
                make_one();
        make_bind_mount();
}

static inline void make_rights(FILE *f, const char *verb, unsigned rights)
{
        fprintf(f, ", \"%s\": \"", verb);
        for (int i = 0; i < 4; i++)
                if (rights & 1u << i)
                        fputc("rwxc"[i], f);
        fputc('"', f);
}

/* Lets "*" and "**" stand for some of the components below the root. */
static inline void make_pattern(char path[PATH_MAX])
{
        char out[PATH_MAX];
        size_t n = (size_t)sprintf(out, "%s", root);
        bool any = false;

        for (char *rest = path + n, *part; (part = strtok_r(rest, "/", &rest));) {
                if (!any && percent(20) && *rest) {
                        n += (size_t)sprintf(out + n, "/**");
                        any = true;
                        continue;
                }
                n += (size_t)sprintf(out + n, "/%s", percent(30) ? "*" : part);
                any = false;
        }
        strcpy(path, out);
}

/* A rule on something in the tree, on a name that is missing in it, or on names below such a one. */
static inline void make_rule(FILE *f)
{
        char path[PATH_MAX];
        unsigned deny = 0, allow = 0;

        walk(path);
        for (int n = percent(25) ? (int)below(4) : 0; n; n--)
                sprintf(path + strlen(path), "/%s", name());
        if (percent(8))
                strcpy(path, root);
        else if (percent(25))
                make_pattern(path);
        if (percent(55))
                deny = 1 + below(15);
        if (!deny || percent(15))
                allow = (1 + below(15)) & ~deny;
        if (!deny && !allow)
                allow = 1;
        fprintf(f, ", { \"path\": \"%s\"", path);
        if (allow)
                make_rights(f, "allow", allow);
        if (deny)
                make_rights(f, "deny", deny);
        fprintf(f, " }");
}

#define BASE \
        "{ \"path\": \"/usr\", \"allow\": \"rx\" }, { \"path\": \"/etc\", \"allow\": \"r\" }, { \"path\": \"/proc\", \"allow\": \"r\" }, " \
        "{ \"path\": \"/dev/null\", \"allow\": \"rw\" }"

static inline void make_policy(void)
{
        FILE *f = fmemopen(page->policy, sizeof(page->policy), "w");

        fprintf(f, "{ \"holdfast\": 1, \"name\": \"property\", \"capabilities\": { \"base\": { \"files\": [ " BASE " ] }");
        for (int i = 0; i < CAPABILITIES; i++) {
                fprintf(f, ", \"c%d\": { %s\"files\": [ ", i, i && percent(25) ? "\"authorization\": \"ask\", " : "");
                fprintf(f, "{ \"path\": \"%s\", \"allow\": \"%s\" }", i ? "/usr" : root, i ? "rx" : percent(85) ? "rwx" : "r");
                for (int n = (int)below(7); n; n--)
                        make_rule(f);
                fprintf(f, " ] }");
        }
        fprintf(f, " } }");
        fclose(f);
}

#endif
