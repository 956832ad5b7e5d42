/* SPDX-License-Identifier: Apache-2.0 */
/* The changes for people and programs; the differences of text are diff(1)'s, run as nobody. */
#include "base/cleanup.h"
#include "base/json.h"
#include "base/utf8.h"
#include "workspace/beneath.h"
#include "workspace/side.h"
#include "workspace/workspace.h"

#include <fcntl.h>
#include <grp.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>

#define DIFF "/usr/bin/diff"
#define NOBODY 65534
#define SECONDS 10           /* of the processor for one file */
#define FILE_MAX (1 << 20)   /* bytes of one side */
#define PATCH_MAX (8u << 20) /* of all differences, as JSON */
#define PATCHED 2000         /* files */
#define ENTRY 250            /* bytes of JSON of a change, besides its path */

static const char *kind_of(mode_t mode)
{
        return S_ISDIR(mode) ? "folder" : S_ISREG(mode) ? "file" : S_ISLNK(mode) ? "link" : "special";
}

static void add_mode(cJSON *o, const char *name, mode_t mode)
{
        char text[8];

        snprintf(text, sizeof(text), "%04o", mode & 07777u);
        cJSON_AddStringToObject(o, name, text);
}

size_t json_size(const char *text, size_t n)
{
        size_t size = 0;

        for (size_t i = 0; i < n; i++) {
                const unsigned char c = (unsigned char)text[i];

                size += c < 0x20 || c >= 0x7f || c == '"' || c == '\\' ? 6 : 1; /* \u001b, \\xff */
        }
        return size;
}

static cJSON *change_json(const struct change *c)
{
        const mode_t mode = c->op == CHANGE_DELETED ? c->seen.mode : c->upper.st_mode;
        _cleanup_json_ cJSON *o = cJSON_CreateObject();

        if (!o || json_add_text(o, "path", c->path) < 0)
                return NULL;
        cJSON_AddStringToObject(o, "op", change_op_name(c->op));
        cJSON_AddStringToObject(o, "kind", kind_of(mode));
        add_mode(o, "mode", mode);
        if (c->seen.there && c->op != CHANGE_DELETED && c->seen.mode != mode)
                add_mode(o, "mode_before", c->seen.mode);
        if (S_ISREG(mode) && c->op != CHANGE_DELETED)
                json_add_u64(o, "size", (uint64_t)c->upper.st_size);
        if (c->conflict)
                cJSON_AddStringToObject(o, "conflict", c->conflict);
        if (c->unclear)
                cJSON_AddStringToObject(o, "unclear", c->unclear);
        if (c->refused)
                cJSON_AddStringToObject(o, "refused", c->refused);
        return TAKE_PTR(o);
}

/* ---- differences ---------------------------------------------------------------------------------------------------------------- */

/* A header must not end its line, nor a terminal's. */
static char *label_of(const char *side, const char *path)
{
        _cleanup_json_ cJSON *text = json_bytes(path, strlen(path));
        char *label = NULL;

        if (!text || asprintf(&label, "%s/%s", side, cJSON_GetStringValue(text)) < 0)
                return NULL;
        for (char *at = label; *at;) {
                const size_t acts = utf8_acts(at);

                memset(at, '?', acts);
                at += acts ? acts : utf8_length(at, strlen(at));
        }
        return label;
}

__attribute__((noreturn)) static void become_diff(int before, int after, int out, const char *a, const char *b)
{
        static char program[] = DIFF;
        const struct rlimit seconds = { SECONDS, SECONDS };
        char *const environment[] = { NULL };
        char *arguments[] = { program,   (char[]){ "-u" },        (char[]){ "--label" },   (char *)a, (char[]){ "--label" },
                              (char *)b, (char[]){ "/dev/fd/3" }, (char[]){ "/dev/fd/4" }, NULL };

        before = fcntl(before, F_DUPFD, 10);
        after = fcntl(after, F_DUPFD, 10);
        out = fcntl(out, F_DUPFD, 10);
        if (dup2(out, 1) < 0 || dup2(out, 2) < 0 || dup2(before, 3) < 0 || dup2(after, 4) < 0)
                _exit(2);
        close_range(5, ~0U, 0);
        prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
        setrlimit(RLIMIT_CPU, &seconds);
        if (geteuid() == 0 && (setgroups(0, NULL) < 0 || setresgid(NOBODY, NOBODY, NOBODY) < 0 || setresuid(NOBODY, NOBODY, NOBODY) < 0))
                _exit(2);
        execve(program, arguments, environment);
        _exit(2);
}

/* A copy that the program may read, whoever the file belongs to: fd is one in memory. */
static int in_memory(int fd)
{
        _cleanup_close_ int memory = memfd_create("side", MFD_CLOEXEC);
        char room[65536];
        size_t all = 0;
        ssize_t n = 0;

        while (memory >= 0 && fd >= 0 && (n = read(fd, room, sizeof(room))) > 0) {
                all += (size_t)n;
                if (all > FILE_MAX)
                        return -EFBIG; /* it grows */
                if (write(memory, room, (size_t)n) != n)
                        return -ENOMEM;
        }
        if (n < 0)
                return -errno;
        if (memory < 0 || lseek(memory, 0, SEEK_SET) < 0 || fchmod(memory, 0444) < 0)
                return -errno;
        return TAKE_FD(memory);
}

static int run_diff(int before, int after, const char *path, struct buffer *out)
{
        _cleanup_free_ char *a = before < 0 ? strdup("/dev/null") : label_of("a", path);
        _cleanup_free_ char *b = after < 0 ? strdup("/dev/null") : label_of("b", path);
        _cleanup_close_ int from = in_memory(before), to = in_memory(after), result = memfd_create("diff", MFD_CLOEXEC);
        int status = 0;
        pid_t pid;

        if (!a || !b || result < 0)
                return -ENOMEM;
        if (from < 0 || to < 0)
                return from < 0 ? from : to;
        pid = fork();
        if (pid < 0)
                return -errno;
        if (pid == 0)
                become_diff(from, to, result, a, b);
        while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
                ;
        if (!WIFEXITED(status) || WEXITSTATUS(status) > 1)
                return WIFEXITED(status) && access(DIFF, X_OK) < 0 ? -ENOENT : -EIO;
        return lseek(result, 0, SEEK_SET) < 0 ? -errno : buffer_read(out, result);
}

static bool has_text(const struct change *c)
{
        const bool now = c->op != CHANGE_DELETED && S_ISREG(c->upper.st_mode), then = c->seen.there && S_ISREG(c->seen.mode);

        return c->op != CHANGE_ATTRIBUTES && (now || then);
}

/* In the place of a difference. */
static int say(const struct change *c, const char *why, struct buffer *out)
{
        _cleanup_free_ char *label = label_of("b", c->path), *line = NULL;

        if (!label || asprintf(&line, "%s: %s\n", label, why) < 0)
                return -ENOMEM;
        return buffer_append(out, line, strlen(line));
}

static int add_difference(const struct layers *l, const struct change *c, struct buffer *out)
{
        const bool now = c->op != CHANGE_DELETED && S_ISREG(c->upper.st_mode), then = c->seen.there && S_ISREG(c->seen.mode);
        _cleanup_close_ int before = -1, after = -1;
        int r;

        if ((now && c->upper.st_size > FILE_MAX) || (then && c->seen.size > FILE_MAX))
                return say(c, "too large to be shown", out);
        if (now)
                after = side_read_upper(l, c->path);
        if (then) {
                side_folder(l);
                before = beneath_open(l->folder, c->path, O_RDONLY | O_NONBLOCK);
                side_upper();
        }
        if ((now && after < 0) || (then && before < 0))
                return say(c, now && after < 0 ? strerror(-after) : strerror(-before), out);
        r = run_diff(before, after, c->path, out);
        return r == -ENOENT || r == -ENOMEM || r >= 0 ? r : say(c, r == -EFBIG ? "too large to be shown" : strerror(-r), out);
}

int changes_json(const struct layers *l, const struct changes *c, bool patch, cJSON *object, struct error *e)
{
        cJSON *list = cJSON_AddArrayToObject(object, "changes");
        _cleanup_buffer_ struct buffer text = BUFFER_INIT;
        size_t shown = 0, files = 0;
        bool cut = false;

        for (size_t i = 0; list && i < c->count; i++) {
                cJSON *o;

                shown += json_size(c->list[i].path, strlen(c->list[i].path)) + ENTRY;
                cut = shown > CHANGES_SHOWN;
                if (cut)
                        break;
                o = change_json(&c->list[i]);
                if (!o || !cJSON_AddItemToArray(list, o))
                        return error_set(e, -ENOMEM, "out of memory");
        }
        if (!list)
                return error_set(e, -ENOMEM, "out of memory");
        shown = 0;
        for (size_t i = 0; patch && shown <= PATCH_MAX && i < c->count; i++) {
                const size_t before = text.length;
                int r;

                if (!has_text(&c->list[i]))
                        continue;
                r = ++files <= PATCHED ? add_difference(l, &c->list[i], &text) : 0;
                if (r == -ENOENT)
                        return error_set(e, -EOPNOTSUPP, "there is no " DIFF ": install diffutils");
                if (r < 0)
                        return error_set(e, r, "%s: %s", c->list[i].path, strerror(-r));
                shown += text.data ? json_size(text.data + before, text.length - before) : 0;
        }
        cut = cut || shown > PATCH_MAX || files > PATCHED;
        if (patch && json_add_bytes(object, "patch", text.data ? text.data : "", text.length) < 0)
                return error_set(e, -ENOMEM, "out of memory");
        cJSON_AddBoolToObject(object, "cut", cut);
        return 0;
}
