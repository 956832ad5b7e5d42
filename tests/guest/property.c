/* SPDX-License-Identifier: Apache-2.0 */
/*
 * property FOLDER SEED SECONDS OPERATIONS: random trees in FOLDER, random policies over them and random operations, each done in a session
 * and compared with what the policy says in user space (lib/model.h). Ends after SECONDS or OPERATIONS, whichever comes first (0: no
 * limit). Prints what was compared, or the seed, the policy and the operation that the two differ about, and exits 1.
 *
 * Two processes: a partner outside of the session makes the tree and applies the policy of each round; the agent does the rest. An
 * operation that would fail anyway is left out, so that success is what an allowed one comes to.
 */
#include "lib/http.h"
#include "lib/model.h"
#include "lib/shared.h"

#include <linux/fs.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/mount.h>
#include <sys/wait.h>

#define ROUND 1500 /* operations on one tree */
#define DEPTH 12
#define CAPABILITIES 4
#define DIFFERENCES 5 /* shown before it ends */

/* What the two tell each other, in memory that they share. */
struct page {
        atomic_uint wanted, made; /* rounds */
        int status;               /* of the answer to the policy */
        char session[64];
        char from[512], to[512]; /* the bind mount, or empty */
        char policy[32768], answer[2048];
};

static struct page *page;
static const char *root;
static uint64_t seed;

/* ---- chance ------------------------------------------------------------------------------------------------------------------ */

static uint64_t state;

/* SplitMix64. Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014. */
static uint64_t chance(void)
{
        uint64_t x = state += 0x9e3779b97f4a7c15ULL;

        x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ULL;
        x = (x ^ x >> 27) * 0x94d049bb133111ebULL;
        return x ^ x >> 31;
}

static unsigned below(unsigned n)
{
        return (unsigned)(chance() % n);
}

static bool percent(unsigned n)
{
        return below(100) < n;
}

/* Few, so that they collide: short ones, ones that differ behind their first 8 bytes, and one that does not lie in the dentry. */
static const char *const names[] = { "a", "b", "c", "d", "likely-one", "likely-two", "a-name-that-is-longer-than-what-a-dentry-holds" };

#define NAMES (sizeof(names) / sizeof(names[0]))

static const char *name(void)
{
        return names[below(NAMES)];
}

static bool is_folder(const char *path)
{
        struct stat st;

        return lstat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* A name in some folder that exists; the name itself may not. */
static void walk(char path[PATH_MAX])
{
        size_t length = (size_t)sprintf(path, "%s", root);

        for (int depth = 1; depth < DEPTH && percent(80); depth++) {
                int tries = 3;

                do {
                        sprintf(path + length, "/%s", name());
                } while (!is_folder(path) && --tries);
                if (!tries)
                        break;
                length = strlen(path);
        }
        sprintf(path + length, "/%s", name());
}

/* ---- the partner: trees and policies ------------------------------------------------------------------------------------------- */

static void make_symlink(const char *path)
{
        char target[PATH_MAX];

        walk(target);
        (void)!symlink(percent(50) ? strrchr(target, '/') + 1 : target, path);
}

static void make_one(void)
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

static void run(const char *format, ...)
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
static void make_bind_mount(void)
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
static void make_tree(void)
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

static void make_rights(FILE *f, const char *verb, unsigned rights)
{
        fprintf(f, ", \"%s\": \"", verb);
        for (int i = 0; i < 4; i++)
                if (rights & 1u << i)
                        fputc("rwxc"[i], f);
        fputc('"', f);
}

/* A rule on something in the tree, on a name that is missing in it, or on names below such a one. */
static void make_rule(FILE *f)
{
        char path[PATH_MAX];
        unsigned deny = 0, allow = 0;

        walk(path);
        for (int n = percent(25) ? (int)below(4) : 0; n; n--)
                sprintf(path + strlen(path), "/%s", name());
        if (percent(8))
                strcpy(path, root);
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

static void make_policy(void)
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

static uint64_t round_seed(unsigned number)
{
        return seed * 1000003 + number;
}

static void make_round(unsigned number)
{
        char target[128];
        int fd = http_connect("/run/holdfast/api.sock");

        state = round_seed(number);
        make_tree();
        make_policy();
        snprintf(target, sizeof(target), "/v1/sessions/%s/policy", page->session);
        http_send(fd, "PUT", target, page->policy);
        page->status = http_answer(fd, page->answer, sizeof(page->answer));
        close(fd);
}

static int partner(pid_t agent)
{
        int status;

        while (waitpid(agent, &status, WNOHANG) == 0) {
                struct timespec moment = { 0, 200000 };

                if (page->made == page->wanted) {
                        nanosleep(&moment, NULL);
                        continue;
                }
                make_round(page->wanted);
                page->made = page->wanted;
        }
        while (page->to[0] && umount2(page->to, MNT_DETACH) == 0)
                ;
        umount2(root, MNT_DETACH);
        return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

/* ---- the agent: what the policy says ------------------------------------------------------------------------------------------- */

static struct model model;

static int view_open(void *context, int folder, const char *component, struct fs_object *ret)
{
        char target[PATH_MAX];
        struct stat st;
        ssize_t length;
        int fd;

        (void)context;
        fd = folder < 0 ? open("/", O_PATH | O_DIRECTORY | O_CLOEXEC) : openat(folder, component, O_PATH | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0)
                return -errno;
        NEED(fstat(fd, &st));
        *ret = (struct fs_object){ .fd = fd, .folder = S_ISDIR(st.st_mode) };
        if (S_ISLNK(st.st_mode)) {
                length = NEED(readlinkat(fd, "", target, sizeof(target) - 1));
                ret->target = strndup(target, (size_t)length);
        }
        return 0;
}

/* Whether there is a policy to compare with: one that cannot be compiled must have been refused. */
static bool read_policy(struct policy **policy)
{
        const char *const mounts[] = { root, page->to[0] ? page->to : NULL, NULL };
        const struct fs_view view = { view_open, NULL, mounts };
        const struct policy_vars vars = { .workspace = root, .tmpdir = "/tmp" };
        _cleanup_findings_ struct findings findings = FINDINGS_INIT;
        struct compiled *compiled = NULL;
        int r = policy_parse(page->policy, strlen(page->policy), policy, &findings);

        if (r == 0)
                r = policy_compile(*policy, &vars, &view, &compiled, &findings);
        if ((r == 0) != (page->status / 100 == 2)) {
                printf("the daemon answered %d to a policy that compiles with %d: %s\n%s\n", page->status, r, page->answer, page->policy);
                exit(1);
        }
        if (r == 0)
                model_make(&model, compiled, page->from, page->to[0] ? page->to : NULL);
        return r == 0;
}

/* ---- the agent: operations ------------------------------------------------------------------------------------------------------ */

/* One operation: what it is done to, what it should come to, and what it came to; 0 or negative errno. */
struct operation {
        const char *what;
        char path[PATH_MAX], other[PATH_MAX];
        struct stat st, other_st; /* st_nlink 0: nothing is there */
        int expected, got;
};

static void look(const char *path, struct stat *st)
{
        if (lstat(path, st) < 0)
                memset(st, 0, sizeof(*st));
}

/* Whether the folder, or one above it, is a part of the bind mount, which must stay where it is. */
static bool is_pinned(const char *path)
{
        char at[PATH_MAX];

        model_path(&model, path, at);
        return model.to && (path_within(model.to, at) || path_within(model.from, at));
}

static bool is_on_mount(const char *path)
{
        return model.to && path_within(path, model.to);
}

/* To list it could be refused, but there are no other names. */
static bool is_empty(const char *path)
{
        char child[PATH_MAX + 64];

        for (size_t i = 0; i < NAMES; i++) {
                snprintf(child, sizeof(child), "%s/%s", path, names[i]);
                if (faccessat(AT_FDCWD, child, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
                        return false;
        }
        return true;
}

/* Follows a link that is there; false: there is nothing to open, or it is outside of the tree. */
static bool follow(struct operation *o)
{
        char real[PATH_MAX];

        if (o->st.st_nlink && !S_ISLNK(o->st.st_mode))
                return true;
        if (!o->st.st_nlink || !realpath(o->path, real) || !path_within(real, root) || stat(real, &o->st) < 0)
                return false;
        strcpy(o->other, o->path);
        strcpy(o->path, real);
        return true;
}

/* Each of these says what is expected and does it, or returns false: it would fail anyway. */
static bool open_as(struct operation *o, int flags, unsigned rights)
{
        int fd;

        if (!follow(o) || (S_ISDIR(o->st.st_mode) && (rights & HF_WRITE)))
                return false;
        o->expected = model_check(&model, o->path, rights);
        fd = open(o->other[0] ? o->other : o->path, flags | O_CLOEXEC, 0755);
        o->got = fd < 0 ? -errno : 0;
        if (fd >= 0)
                close(fd);
        return true;
}

static bool do_read(struct operation *o)
{
        return open_as(o, O_RDONLY, HF_READ);
}

static bool do_write(struct operation *o)
{
        return open_as(o, O_WRONLY, HF_WRITE);
}

static bool do_read_write(struct operation *o)
{
        return open_as(o, O_RDWR, HF_READ | HF_WRITE);
}

static bool do_open_truncate(struct operation *o)
{
        return open_as(o, O_RDONLY | O_TRUNC, HF_READ | HF_WRITE);
}

static bool do_open_or_create(struct operation *o)
{
        return open_as(o, O_WRONLY | O_CREAT, HF_WRITE);
}

static bool do_truncate(struct operation *o)
{
        if (!follow(o) || S_ISDIR(o->st.st_mode))
                return false;
        o->expected = model_check(&model, o->path, HF_WRITE);
        o->got = outcome(truncate(o->path, below(3)));
        return true;
}

static bool do_chmod(struct operation *o)
{
        if (!follow(o))
                return false;
        o->expected = model_check(&model, o->path, HF_WRITE);
        o->got = outcome(chmod(o->path, percent(50) ? 0755 : 0711));
        return true;
}

/* The files are no programs: where running one is allowed, the kernel finds that out. */
static bool do_exec(struct operation *o)
{
        static char program[] = "program", *const arg[] = { program, NULL };

        if (!follow(o) || !S_ISREG(o->st.st_mode))
                return false;
        o->expected = model_check(&model, o->path, HF_EXEC);
        o->got = outcome(execve(o->path, arg, arg + 1));
        o->got = o->got == -ENOEXEC ? 0 : o->got;
        return true;
}

static bool do_map_as_code(struct operation *o)
{
        void *at = MAP_FAILED;
        int fd;

        if (!follow(o) || !S_ISREG(o->st.st_mode))
                return false;
        o->expected = model_check(&model, o->path, HF_READ | HF_EXEC);
        fd = open(o->path, O_RDONLY | O_CLOEXEC);
        if (fd >= 0)
                at = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
        o->got = at == MAP_FAILED ? -errno : 0;
        if (at != MAP_FAILED)
                munmap(at, 4096);
        if (fd >= 0)
                close(fd);
        return true;
}

static bool do_create(struct operation *o)
{
        int fd;

        if (o->st.st_nlink)
                return false;
        o->expected = model_change(&model, o->path, CHANGE_CREATE);
        fd = open(o->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0755);
        o->got = fd < 0 ? -errno : 0;
        if (fd >= 0)
                close(fd);
        return true;
}

static bool do_mkdir(struct operation *o)
{
        if (o->st.st_nlink)
                return false;
        o->expected = model_change(&model, o->path, CHANGE_FOLDER);
        o->got = outcome(mkdir(o->path, 0755));
        return true;
}

static bool do_symlink(struct operation *o)
{
        if (o->st.st_nlink)
                return false;
        o->expected = model_change(&model, o->path, CHANGE_OTHER);
        o->got = outcome(symlink(percent(50) ? name() : o->other, o->path));
        return true;
}

/* The object that a name led to loses it. */
static void lose(const struct stat *st)
{
        if (st->st_nlink && (S_ISDIR(st->st_mode) || st->st_nlink == 1))
                model_forget(&model, st);
}

static bool do_unlink(struct operation *o)
{
        if (!o->st.st_nlink || S_ISDIR(o->st.st_mode))
                return false;
        o->expected = model_change(&model, o->path, CHANGE_OTHER);
        o->got = outcome(unlink(o->path));
        if (!o->got)
                lose(&o->st);
        return true;
}

static bool do_rmdir(struct operation *o)
{
        if (!o->st.st_nlink || !S_ISDIR(o->st.st_mode) || is_pinned(o->path) || !is_empty(o->path))
                return false;
        o->expected = model_change(&model, o->path, CHANGE_OTHER);
        o->got = outcome(rmdir(o->path));
        if (!o->got)
                lose(&o->st);
        return true;
}

static bool do_link(struct operation *o)
{
        if (!o->st.st_nlink || S_ISDIR(o->st.st_mode) || o->other_st.st_nlink || is_on_mount(o->path) != is_on_mount(o->other))
                return false;
        o->expected = model_link(&model, o->path, o->other);
        o->got = outcome(link(o->path, o->other));
        return true;
}

static bool can_move(const struct operation *o)
{
        char from[PATH_MAX], to[PATH_MAX];

        model_path(&model, o->path, from);
        model_path(&model, o->other, to);
        return o->st.st_nlink && is_on_mount(o->path) == is_on_mount(o->other) && !path_within(from, to) && !path_within(to, from) &&
               !is_pinned(o->path) && !is_pinned(o->other);
}

static bool do_rename(struct operation *o)
{
        bool there = o->other_st.st_nlink, same = there && o->st.st_ino == o->other_st.st_ino;

        if (!can_move(o) || (there && S_ISDIR(o->st.st_mode) != S_ISDIR(o->other_st.st_mode)))
                return false;
        if (there && S_ISDIR(o->other_st.st_mode) && !is_empty(o->other))
                return false;
        o->expected = model_rename(&model, o->path, o->other, false);
        o->got = outcome(rename(o->path, o->other));
        if (!o->got && !same)
                lose(&o->other_st);
        return true;
}

static bool do_exchange(struct operation *o)
{
        if (!can_move(o) || !o->other_st.st_nlink)
                return false;
        o->expected = model_rename(&model, o->path, o->other, true);
        o->got = outcome(renameat2(AT_FDCWD, o->path, AT_FDCWD, o->other, RENAME_EXCHANGE));
        return true;
}

static const struct kind {
        const char *what;
        bool (*run)(struct operation *o);
        unsigned weight;
        bool two;
} kinds[] = {
        { "open to read", do_read, 12, false },
        { "open to write", do_write, 10, false },
        { "open to read and write", do_read_write, 3, false },
        { "open with O_TRUNC", do_open_truncate, 3, false },
        { "open with O_CREAT", do_open_or_create, 3, false },
        { "truncate", do_truncate, 4, false },
        { "chmod", do_chmod, 4, false },
        { "exec", do_exec, 6, false },
        { "map as code", do_map_as_code, 4, false },
        { "create", do_create, 10, false },
        { "mkdir", do_mkdir, 12, false },
        { "symlink", do_symlink, 3, true },
        { "unlink", do_unlink, 7, false },
        { "rmdir", do_rmdir, 7, false },
        { "link", do_link, 8, true },
        { "rename", do_rename, 14, true },
        { "exchange", do_exchange, 8, true },
};

#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

static unsigned long compared[KINDS], refused[KINDS], gains;
static int differences;

static void show_decider(const char *path)
{
        struct decider d = model_find(&model, path);

        printf("%s: %s", path, d.own ? "a place of its own" : "no place of its own");
        if (!d.node) {
                printf(", nothing decides\n");
                return;
        }
        printf("%s, refused %#x, rules %u %u %u\n", d.node->flags & HF_NODE_WAY ? ", on the way to a denied one" : "",
               hf_refused(d.node, model.c->active, HF_RIGHTS_ALL), d.node->rule[0], d.node->rule[1], d.node->rule[2]);
}

static void show_difference(struct operation *o, unsigned number)
{
        printf("they differ: %s %s%s%s: user space expects %s, the kernel says %s\nseed %lu, round %u\n", o->what, o->path,
               o->other[0] ? " and " : "", o->other, o->expected ? strerrorname_np(-o->expected) : "success",
               o->got ? strerrorname_np(-o->got) : "success", seed, number);
        show_decider(o->path);
        if (o->other[0])
                show_decider(o->other);
}

/* One operation of chance. */
static void operate(unsigned number)
{
        static struct operation o;
        unsigned pick = 0, k = 0;

        for (size_t i = 0; i < KINDS; i++)
                pick += kinds[i].weight;
        for (pick = below(pick); pick >= kinds[k].weight; k++)
                pick -= kinds[k].weight;
        o.what = kinds[k].what;
        o.other[0] = 0;
        walk(o.path);
        look(o.path, &o.st);
        if (kinds[k].two) {
                walk(o.other);
                look(o.other, &o.other_st);
        }
        if (!kinds[k].run(&o))
                return;
        compared[k]++;
        refused[k] += o.got != 0;
        gains += o.got == -EXDEV;
        if (o.got != o.expected && ++differences <= DIFFERENCES)
                show_difference(&o, number);
}

static unsigned long total(const unsigned long *counts)
{
        unsigned long n = 0;

        for (size_t i = 0; i < KINDS; i++)
                n += counts[i];
        return n;
}

static void enter_session(void)
{
        int fd = http_connect("/run/holdfast/api.sock");
        char *body, *id;

        NEED(asprintf(&body,
                      "{ \"policy\": { \"holdfast\": 1, \"name\": \"property\", \"capabilities\": { \"base\": { \"files\": [ " BASE " ] } } }, "
                      "\"workspace\": \"%s\", \"agent\": \"property\" }",
                      root));
        http_send(fd, "POST", "/v1/sessions", body);
        if (http_answer(fd, page->answer, sizeof(page->answer)) / 100 != 2 || !(id = strstr(page->answer, "\"id\":\""))) {
                printf("broken POST /v1/sessions: %s\n", page->answer);
                exit(3);
        }
        sscanf(id + 6, "%63[^\"]", page->session);
        close(fd);
        free(body);
}

static void play_round(unsigned number)
{
        struct policy *policy = NULL;
        int before = differences;

        page->wanted = number;
        AWAIT(page->made == number);
        state = ~round_seed(number);
        if (read_policy(&policy)) {
                for (int i = 0; i < ROUND && differences < DIFFERENCES; i++)
                        operate(number);
                if (differences > before)
                        printf("round %u: bind mount of %s at %s; policy: %s\n", number, page->from, page->to, page->policy);
                model_clear(&model);
        }
        policy_free(policy);
}

static int agent(unsigned long seconds, unsigned long operations)
{
        const uint64_t until = now_ns() + seconds * 1000000000;
        unsigned number = 0;

        enter_session();
        while (differences < DIFFERENCES && (!seconds || now_ns() < until) && (!operations || total(compared) < operations))
                play_round(++number);
        for (size_t i = 0; i < KINDS; i++)
                printf("%s: %lu, %lu refused; ", kinds[i].what, compared[i], refused[i]);
        printf("\n%s %lu operations in %u rounds, %lu refused, %lu of them for a gain, seed %lu\n", !differences ? "alike" : "not alike",
               total(compared), number, total(refused), gains, seed);
        fflush(stdout);
        return differences != 0;
}

int main(int argc, char **argv)
{
        pid_t child;

        if (argc != 5)
                return 2;
        root = argv[1];
        seed = strtoul(argv[2], NULL, 10);
        umask(022);
        page = mmap(NULL, sizeof(*page), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        NEED(page == MAP_FAILED ? -1 : 0);
        run("mkdir -p %s", root);
        child = (pid_t)NEED(fork());
        if (child == 0)
                exit(agent(strtoul(argv[3], NULL, 10), strtoul(argv[4], NULL, 10)));
        return partner(child);
}
