/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Chains of steps, each of which may be permitted: renaming, linking, opening, passing and reopening descriptors, changing folders,
 * mapping, running, forking and racing, over a few names inside and outside the workspace. Does a chain gain anything?
 *   chains play WS OUT          plays the chain of each number on standard input, in a process of its own; the agent's part
 *   chains judge COUNT SEED WS OUT
 *                               has COUNT chains played by who reads descriptor 3 and answers on 4, and looks after each whether
 *                               anything outside changed, or the secret came inside. Prints each that gained, and how many did.
 * What lies outside: OUT (of which OUT/readable may be read) and, in the workspace, secret (closed), readonly and way/to/denied.
 */
#include "lib/attempt.h"
#include "lib/chance.h"

#include <ftw.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#define SECRET "the-secret"
#define SLOTS 6
#define MOST 6     /* steps of a chain */
#define PATIENCE 5 /* seconds for one chain */

static const char *ws, *out;

/* The places that the steps are about; the first ones are inside. */
#define INSIDE 6
static const char *const inside[INSIDE] = { "play/a", "play/b", "play/a/f", "play/f", "play/l", "play/a/d" };
static const char *const beyond[] = { "out:/file", "out:/folder", "out:/folder/file", "out:/readable/file", "out:/new",
                                      "out:",      "secret/key",  "secret",           "readonly/file",      "readonly",
                                      "way",       "way/to",      "way/to/denied",    "way/to/denied/file", "readonly/new",
                                      "secret/new" };

static int slot[SLOTS];
static char story[4096];

static void tell(const char *step, const char *one, const char *other)
{
        size_t used = strlen(story);

        snprintf(story + used, sizeof(story) - used, "%s%s %s %s", used ? "; " : "", step, one ? one : "", other ? other : "");
}

/* A place of chance, rather inside than not, sometimes by a detour. */
static const char *place(void)
{
        static char paths[8][PATH_MAX];
        static int next;
        char *path = paths[next++ % 8], base[1024];
        const char *name = percent(45) ? inside[below(INSIDE)] : beyond[below(sizeof(beyond) / sizeof(beyond[0]))];

        if (!strncmp(name, "out:", 4))
                snprintf(base, sizeof(base), "%s%s", out, name + 4);
        else
                snprintf(base, sizeof(base), "%s/%s", ws, name);
        switch (below(8)) {
        case 0:
                snprintf(path, PATH_MAX, "/proc/self/root%s", base);
                break;
        case 1:
                snprintf(path, PATH_MAX, "%s/play/../..%s", ws, base + (strrchr(ws, '/') - ws)); /* they lie in one folder */
                break;
        case 2:
                snprintf(path, PATH_MAX, "/proc/self/fd/%d", slot[below(SLOTS)]);
                break;
        case 3:
                snprintf(path, PATH_MAX, "%s", strrchr(base, '/') + 1); /* from wherever it stands */
                break;
        default:
                snprintf(path, PATH_MAX, "%s", base);
        }
        return path;
}

static int *fd_slot(void)
{
        return &slot[below(SLOTS)];
}

static void keep(int fd)
{
        int *s = fd_slot();

        if (fd < 0)
                return;
        if (*s >= 0)
                close(*s);
        *s = fd;
}

/* What was read is a gain when it is the secret. */
static void seen(const char *data, ssize_t n)
{
        if (n > 0 && memmem(data, n, SECRET, strlen(SECRET)))
                tell("GOT THE SECRET", NULL, NULL);
}

static void step_open(void)
{
        static const int flags[] = {
                O_RDONLY,           O_WRONLY,           O_RDWR, O_PATH, O_RDONLY | O_DIRECTORY, O_WRONLY | O_CREAT, O_RDWR,
                O_RDONLY | O_TRUNC, O_WRONLY | O_APPEND
        };
        const char *p = place();
        int f = flags[below(9)], at = percent(30) ? *fd_slot() : AT_FDCWD;

        tell("open", p, f & O_PATH ? "(path)" : f & O_ACCMODE ? "(write)" : "(read)");
        keep(openat(at, p, f | O_CLOEXEC, 0644));
}

static void step_reopen(void)
{
        char path[64];
        bool writing = percent(60);

        snprintf(path, sizeof(path), "/proc/self/fd/%d", *fd_slot());
        tell("reopen", path, writing ? "(write)" : "(read)");
        keep(open(path, (writing ? O_RDWR : O_RDONLY) | O_CLOEXEC));
}

static void step_read(void)
{
        char data[256];

        tell("read", NULL, NULL);
        for (int i = 0; i < SLOTS; i++)
                seen(data, pread(slot[i], data, sizeof(data), 0));
}

static void step_write(void)
{
        tell("write", NULL, NULL);
        for (int i = 0; i < SLOTS; i++)
                (void)!write(slot[i], "x", 1);
}

static void step_rename(void)
{
        const char *from = place(), *to = place();
        unsigned flags = percent(30) ? RENAME_EXCHANGE : 0;

        tell(flags ? "exchange" : "rename", from, to);
        renameat2(AT_FDCWD, from, AT_FDCWD, to, flags);
}

static void step_link(void)
{
        const char *from = place(), *to = place();

        tell("link", from, to);
        linkat(AT_FDCWD, from, AT_FDCWD, to, percent(50) ? AT_SYMLINK_FOLLOW : 0);
}

static void step_link_descriptor(void)
{
        const char *to = place();

        tell("link a descriptor", to, NULL);
        linkat(*fd_slot(), "", AT_FDCWD, to, AT_EMPTY_PATH);
}

static void step_symlink(void)
{
        const char *from = place(), *to = place();

        tell("symlink", from, to);
        if (percent(50))
                unlink(to);
        (void)!symlink(from, to);
}

static void step_remove(void)
{
        const char *p = place();

        tell("remove", p, NULL);
        if (unlink(p) < 0)
                rmdir(p);
}

static void step_make(void)
{
        const char *p = place();

        tell("make", p, NULL);
        if (percent(60))
                mkdir(p, 0777);
        else
                mknod(p, S_IFREG | 0644, 0);
}

static void step_bind(void)
{
        struct sockaddr_un a = { .sun_family = AF_UNIX };
        const char *p = place();
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

        tell("bind", p, NULL);
        memcpy(a.sun_path, p, strnlen(p, sizeof(a.sun_path) - 1));
        bind(fd, (struct sockaddr *)&a, sizeof(a));
        keep(fd);
}

static void step_enter(void)
{
        const char *p = place();

        if (percent(50)) {
                tell("enter", p, NULL);
                (void)!chdir(p);
        } else {
                tell("enter a descriptor", NULL, NULL);
                (void)!fchdir(*fd_slot());
        }
}

static void step_metadata(void)
{
        const char *p = place();

        tell("metadata of", p, NULL);
        switch (below(5)) {
        case 0:
                chmod(p, 0666);
                break;
        case 1:
                (void)!truncate(p, 3);
                break;
        case 2:
                utimensat(AT_FDCWD, p, NULL, 0);
                break;
        case 3:
                fchmod(*fd_slot(), 0640);
                break;
        default:
                (void)!ftruncate(*fd_slot(), 3);
        }
}

static void step_copy(void)
{
        int from = *fd_slot(), to = *fd_slot();
        loff_t start = 0;
        off_t first = 0;

        tell("copy", NULL, NULL);
        if (percent(50))
                (void)!copy_file_range(from, &start, to, NULL, 64, 0);
        else
                (void)!sendfile(to, from, &first, 64);
}

static void step_map(void)
{
        int fd = *fd_slot();
        char *map = mmap(NULL, 64, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

        tell("map", NULL, NULL);
        if (map == MAP_FAILED)
                map = mmap(NULL, 64, PROT_READ, MAP_PRIVATE, fd, 0);
        else if (lseek(fd, 0, SEEK_END) > 0)
                map[0] = map[0] == 'x' ? 'y' : 'x';
        if (map != MAP_FAILED && lseek(fd, 0, SEEK_END) > 0)
                seen(map, 16);
}

/* A descriptor through a unix socket and back. */
static void step_pass(void)
{
        union {
                char room[CMSG_SPACE(sizeof(int))];
                struct cmsghdr align;
        } control = { 0 };
        struct iovec data = { (char[1]){ "x" }, 1 };
        struct msghdr m = { .msg_iov = &data, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control) };
        struct cmsghdr *c = CMSG_FIRSTHDR(&m);
        int ends[2];

        tell("pass", NULL, NULL);
        if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, ends) < 0)
                return;
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(sizeof(int));
        *(int *)CMSG_DATA(c) = *fd_slot();
        if (sendmsg(ends[0], &m, MSG_DONTWAIT) == 1 && recvmsg(ends[1], &m, MSG_DONTWAIT | MSG_CMSG_CLOEXEC) == 1 &&
            (c = CMSG_FIRSTHDR(&m)) && c->cmsg_len == CMSG_LEN(sizeof(int)))
                keep(*(int *)CMSG_DATA(c));
        close(ends[0]);
        close(ends[1]);
}

/* Other credentials with the same rights; or dying with a core file, in a child. */
static void step_credentials(void)
{
        if (percent(70)) {
                tell("credentials", NULL, NULL);
                (void)!setresuid(getuid(), getuid(), getuid());
                return;
        }
        tell("core file", NULL, NULL);
        if (fork() == 0) {
                setrlimit(RLIMIT_CORE, &(struct rlimit){ 1 << 24, 1 << 24 });
                abort();
        }
        wait(NULL);
}

/* A program of chance, run in a child. */
static void step_run(void)
{
        const char *p = place();

        tell("run cat on", p, NULL);
        if (fork() == 0) {
                int fd = open(inside[3], O_WRONLY | O_CREAT, 0644);

                dup2(fd, 1);
                dup2(fd, 2);
                execl("/bin/cat", "cat", p, NULL);
                _exit(1);
        }
        wait(NULL);
}

/* From here on two processes go on at once, in the same way. */
static void step_fork(void)
{
        tell("fork", NULL, NULL);
        (void)!fork();
}

static void (*const steps[])(void) = { step_open,     step_open,   step_open,   step_reopen, step_read,        step_write,
                                       step_write,    step_rename, step_rename, step_link,   step_link,        step_link_descriptor,
                                       step_symlink,  step_remove, step_make,   step_bind,   step_enter,       step_enter,
                                       step_metadata, step_copy,   step_map,    step_pass,   step_credentials, step_run,
                                       step_fork };

/* One chain, which may end in any way. */
static void chain(uint64_t number)
{
        unsigned n;

        state = number * 0x2545f4914f6cdd1dULL;
        n = 2 + below(MOST - 1);
        for (int i = 0; i < SLOTS; i++)
                slot[i] = -1;
        NEED(chdir(ws));
        mkdir("play", 0777);
        mkdir("play/a", 0777);
        mkdir("play/b", 0777);
        close(open("play/f", O_WRONLY | O_CREAT, 0666));
        alarm(PATIENCE);
        for (unsigned i = 0; i < n; i++)
                steps[below(sizeof(steps) / sizeof(steps[0]))]();
        /* Whatever it holds by now is put to use. */
        step_read();
        step_write();
}

static int play(void)
{
        char line[64];

        setvbuf(stdin, NULL, _IONBF, 0);
        while (fgets(line, sizeof(line), stdin)) {
                int ends[2];
                char answer[4096] = "";
                ssize_t n, used = 0;
                pid_t child;

                NEED(pipe2(ends, O_CLOEXEC));
                child = NEED(fork());
                if (child == 0) {
                        umask(0);
                        setpgid(0, 0);
                        chain(strtoull(line, NULL, 10));
                        (void)!write(ends[1], story, strlen(story));
                        (void)!write(ends[1], " | ", 3);
                        while (wait(NULL) > 0)
                                ;
                        _exit(0);
                }
                close(ends[1]);
                while (used < (ssize_t)sizeof(answer) - 1 && (n = read(ends[0], answer + used, sizeof(answer) - 1 - used)) > 0)
                        used += n;
                kill(-child, SIGKILL);
                waitpid(child, NULL, 0);
                close(ends[0]);
                printf("%s\n", answer);
                fflush(stdout);
        }
        return 0;
}

/* ---- the judge ---- */

static uint64_t sum;
static bool leaked;

static void add(const void *data, size_t size)
{
        const unsigned char *p = data;

        for (size_t i = 0; i < size; i++)
                sum = (sum ^ p[i]) * 0x100000001b3;
}

static int add_file(const char *path, const struct stat *st, int type, struct FTW *where)
{
        const uint64_t numbers[] = { st->st_ino,   st->st_mode, st->st_uid,         st->st_gid,
                                     st->st_nlink, st->st_size, st->st_ctim.tv_sec, st->st_ctim.tv_nsec };

        (void)type, (void)where;
        add(path, strlen(path));
        add(numbers, sizeof(numbers));
        return 0;
}

static const char *const protected[] = { "secret", "readonly", "way/to/denied" };

static uint64_t outside(void)
{
        char path[PATH_MAX];

        sum = 0xcbf29ce484222325;
        nftw(out, add_file, 16, FTW_PHYS);
        for (size_t i = 0; i < 3; i++) {
                snprintf(path, sizeof(path), "%s/%s", ws, protected[i]);
                nftw(path, add_file, 16, FTW_PHYS);
        }
        return sum;
}

static bool is_protected(const char *path)
{
        path += strlen(ws);
        for (size_t i = 0; i < 3; i++) {
                size_t n = strlen(protected[i]);

                if (*path == '/' && !strncmp(path + 1, protected[i], n) && (!path[n + 1] || path[n + 1] == '/'))
                        return true;
        }
        return false;
}

static int remove_it(const char *path, const struct stat *st, int type, struct FTW *where)
{
        (void)st, (void)type, (void)where;
        remove(path);
        return 0;
}

/* Clears the workspace after a chain; folders that something protected is in stay, as they are not empty. */
static int look_and_remove(const char *path, const struct stat *st, int type, struct FTW *where)
{
        char data[512];
        int fd;
        ssize_t n;

        (void)type, (void)where;
        if (is_protected(path))
                return 0;
        if (S_ISREG(st->st_mode)) {
                fd = open(path, O_RDONLY | O_NONBLOCK);
                n = read(fd, data, sizeof(data));
                if (n > 0 && memmem(data, n, SECRET, strlen(SECRET)))
                        leaked = true;
                close(fd);
        }
        remove(path);
        return 0;
}

static void write_file(const char *folder, const char *name, const char *contents)
{
        char path[PATH_MAX];
        int fd;

        snprintf(path, sizeof(path), "%s/%s", folder, name);
        fd = NEED(open(path, O_WRONLY | O_CREAT | O_TRUNC, 0666));
        NEED(write(fd, contents, strlen(contents)));
        close(fd);
}

/* Makes what is outside, anew. */
static void make_world(void)
{
        static const char *const folders[] = { "folder", "readable" }, *const inner[] = { "secret", "readonly", "way", "way/to",
                                                                                          "way/to/denied" };
        char path[PATH_MAX];

        nftw(ws, remove_it, 16, FTW_PHYS | FTW_DEPTH);
        nftw(out, remove_it, 16, FTW_PHYS | FTW_DEPTH);
        mkdir(ws, 0777);
        mkdir(out, 0777);
        for (size_t i = 0; i < 2; i++) {
                snprintf(path, sizeof(path), "%s/%s", out, folders[i]);
                mkdir(path, 0777);
        }
        for (size_t i = 0; i < 5; i++) {
                snprintf(path, sizeof(path), "%s/%s", ws, inner[i]);
                mkdir(path, 0777);
        }
        write_file(out, "file", SECRET);
        write_file(out, "folder/file", SECRET);
        write_file(out, "readable/file", "for all to read");
        write_file(ws, "secret/key", SECRET);
        write_file(ws, "readonly/file", "for all to read");
        write_file(ws, "way/to/denied/file", SECRET);
}

static int judge(unsigned long count, uint64_t seed)
{
        FILE *to = fdopen(3, "w"), *from = fdopen(4, "r");
        char answer[8192];
        unsigned long gained = 0;
        uint64_t before = outside();

        for (unsigned long i = 0; i < count; i++) {
                bool changed, read_it;

                fprintf(to, "%llu\n", (unsigned long long)(seed + i));
                fflush(to);
                if (!fgets(answer, sizeof(answer), from)) {
                        printf("the player is gone at chain %llu\n", (unsigned long long)(seed + i));
                        return 1;
                }
                leaked = strstr(answer, "GOT THE SECRET");
                nftw(ws, look_and_remove, 16, FTW_PHYS | FTW_DEPTH);
                read_it = leaked;
                changed = outside() != before;
                if (!changed && !read_it)
                        continue;
                gained++;
                printf("chain %llu %s%s: %s", (unsigned long long)(seed + i), changed ? "changed what is outside" : "",
                       read_it ? " got the secret" : "", answer);
                fflush(stdout);
                if (changed) {
                        make_world();
                        before = outside();
                }
        }
        printf("%lu chains, %lu gained\n", count, gained);
        return 0;
}

int main(int argc, char **argv)
{
        umask(0);
        signal(SIGPIPE, SIG_IGN);
        if (argc == 4 && !strcmp(argv[1], "play")) {
                ws = argv[2], out = argv[3];
                return play();
        }
        if (argc == 4 && !strcmp(argv[1], "world")) {
                ws = argv[2], out = argv[3];
                make_world();
                return 0;
        }
        if (argc == 6 && !strcmp(argv[1], "judge")) {
                ws = argv[4], out = argv[5];
                return judge(strtoul(argv[2], NULL, 10), strtoull(argv[3], NULL, 10));
        }
        fprintf(stderr, "usage: chains play WS OUT | world WS OUT | judge COUNT SEED WS OUT\n");
        return 2;
}
