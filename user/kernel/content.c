/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Programs that a policy names by their SHA-256: each is read, and what it was found to be is told to the kernel, which refuses it as
 * soon as a write has made it something else.
 *
 * A file is looked at by the kernel before it is read and after. Where nobody had it open for writing either time, and size and change
 * time are the same, nothing was written in between; and whatever is written later has a later change time. The clock of change times
 * goes in steps, so a file must have been left alone for a step first.
 */
#include "kernel/content.h"

#include "base/cleanup.h"
#include "base/jsontext.h"
#include "base/time.h"
#include "holdfast/decide.h"

#include <bpf/bpf.h>
#include <gnutls/crypto.h>
#include <inttypes.h>
#include <linux/magic.h>
#include <string.h>

#define READ_AT_ONCE (64u << 10)
#define READ_MAX (512ull << 20)                                   /* bytes of all of a policy: the daemon does nothing else meanwhile */
#define STEP (20000000ull)                                        /* ns; the clock of change times goes in steps of 10 ms at most, */
#define STEP_COARSE (1020000000ull)                               /* or of a second, where the file system keeps no more */
#define NOT_THEIRS "the user whose session it is may not read it" /* and learns no more */
#define XFS_MAGIC 0x58465342
#define EROFS_MAGIC 0xe0f5e1e2

int content_sha256(int fd, uint64_t most, uint8_t ret[SHA256_BYTES])
{
        _cleanup_free_ char *block = malloc(READ_AT_ONCE);
        gnutls_hash_hd_t hash;
        ssize_t n = 0;
        off_t at = 0;
        int r = 0;

        if (!block || gnutls_hash_init(&hash, GNUTLS_DIG_SHA256) < 0)
                return -ENOMEM;
        while (r == 0 && (n = pread(fd, block, READ_AT_ONCE, at)) > 0) {
                at += n;
                if ((uint64_t)at > most)
                        r = -EFBIG;
                else
                        r = gnutls_hash(hash, block, (size_t)n) < 0 ? -EIO : 0;
        }
        if (n < 0)
                r = -errno;
        gnutls_hash_deinit(hash, r == 0 ? ret : NULL);
        return r;
}

/* Sights by descriptor. */
struct sights {
        struct hf_sight *list;
        bool *seen;
        int count;
};

static void sights_free(struct sights *s)
{
        free(s->list);
        free(s->seen);
}

static int sights_chunk(void *context, const void *data, size_t size)
{
        const struct hf_sight *sight = data;
        struct sights *s = context;

        for (size_t i = 0; i < size / sizeof(*sight); i++)
                if ((int)sight[i].fd < s->count) {
                        s->list[sight[i].fd] = sight[i];
                        s->seen[sight[i].fd] = true;
                }
        return (int)(size - size % sizeof(*sight));
}

static int sights_read(struct kernel *k, int count, struct sights *s)
{
        const union bpf_iter_link_info own = { .task.tid = (uint32_t)getpid() };

        s->count = count;
        s->list = calloc((size_t)count + 1, sizeof(*s->list));
        s->seen = calloc((size_t)count + 1, sizeof(*s->seen));
        if (!s->list || !s->seen)
                return -ENOMEM;
        return iter_run(k->iter[ITER_CONTENTS], &own, sights_chunk, s);
}

/* Whether a write now might get the change time that the file has already. */
static bool is_fresh(const struct hf_content *content)
{
        uint64_t now = time_now(CLOCK_REALTIME), ctime = (uint64_t)content->ctime * 1000000000ull + content->ctime_nsec;

        return now < ctime + (content->ctime_nsec ? STEP : STEP_COARSE) && ctime < now + STEP;
}

/*
 * The file systems of which it is known that no write, also none through a mapping, leaves the change time as it was. tmpfs is none:
 * what is written there through a mapping leaves no trace.
 */
static bool tells_writes(uint32_t magic)
{
        static const uint32_t known[] = { EXT4_SUPER_MAGIC, XFS_MAGIC, BTRFS_SUPER_MAGIC, F2FS_SUPER_MAGIC, SQUASHFS_MAGIC, EROFS_MAGIC };

        for (size_t i = 0; i < ARRAY_SIZE(known); i++)
                if (known[i] == magic)
                        return true;
        return false;
}

/* Why a file cannot be held to its content; NULL: it can. */
static const char *unfit(const struct sights *s, int fd, uint64_t left)
{
        const struct hf_sight *sight = &s->list[fd];

        if (!s->seen[fd])
                return "it is no regular file";
        if (!sight->content.ino)
                return "it is on overlayfs with its data in one layer and the rest in another, or the kernel does not tell in which";
        if (!tells_writes(sight->magic))
                return sight->magic == TMPFS_MAGIC
                               ? "it is on tmpfs, where writes through a mapping leave no trace: keep it on ext4, XFS, Btrfs or the like"
                               : "it is on a file system where holdfast cannot tell every write: keep it on ext4, XFS, Btrfs or the like";
        if (sight->content.size > left)
                return "with the programs before it, it has more than 512 MiB";
        if (sight->writers > 0)
                return "somebody has it open for writing: apply the policy again when that is over";
        return is_fresh(&sight->content) ? "it was changed this very moment: apply the policy again" : NULL;
}

/* The rule's JSON path and the file, as findings have it. */
static void finding(struct findings *findings, const struct content_rule *rule, const char *what)
{
        _cleanup_free_ char *where = NULL;
        char shown[TEXT_SHOW_MAX];

        if (asprintf(&where, "%s%s%s.sha256", rule->file ? rule->file : "", rule->file ? ": " : "", rule->rule->where) < 0)
                where = NULL;
        findings_add(findings, where ? where : rule->rule->where, "%s does not run: %s", text_show(rule->rule->path, shown), what);
}

/* The capabilities that name the content, at all the places where the object is. */
static uint64_t accepts(const struct compiled *c, const struct content_object *o, const uint8_t sha256[SHA256_BYTES])
{
        uint64_t allow = UINT64_MAX;

        for (size_t i = 0; i < o->n; i++)
                if (compiled_content(c, o->places[i]))
                        allow &= compiled_accepts(c, o->places[i], sha256);
        return allow;
}

/* The first rule that speaks of the object, for messages. */
static const struct content_rule *rule_of(const struct compiled *c, const struct content_object *o)
{
        const struct content_rule *rule = NULL;

        for (size_t i = 0; i < o->n && !rule; i++)
                rule = compiled_content(c, o->places[i]);
        return rule;
}

/* Reads a file, of which *left bytes may be read. Returns the capabilities that name what it is; 0: none, and a finding says why. */
static uint64_t verify(const struct compiled *c, const struct content_object *o, const struct sights *sights, uint64_t *left,
                       struct findings *findings)
{
        const struct content_rule *rule = rule_of(c, o);
        const int place = c->places[o->places[0]].fd;
        const char *why = rule->fd == -EACCES ? NOT_THEIRS : unfit(sights, place, *left);
        char text[2 * SHA256_BYTES + 64] = "its content has the SHA-256 ";
        uint8_t sha256[SHA256_BYTES] = { 0 };
        size_t n = strlen(text);
        uint64_t allow;
        int r;

        if (why) {
                finding(findings, rule, why);
                return 0;
        }
        *left -= sights->list[place].content.size;
        r = rule->fd < 0 ? rule->fd : content_sha256(rule->fd, sights->list[place].content.size, sha256);
        if (r < 0) {
                finding(findings, rule, strerror(-r));
                return 0;
        }
        allow = accepts(c, o, sha256);
        for (size_t i = 0; i < SHA256_BYTES; i++)
                n += (size_t)snprintf(text + n, sizeof(text) - n, "%02x", sha256[i]);
        if (!allow)
                finding(findings, rule, text);
        return allow;
}

/* Waits until no file can be changed any more without getting another change time, where that is soon. */
static bool wait_while_fresh(const struct compiled *c, const struct content_object *objects, size_t n, const struct sights *sights)
{
        uint64_t wait = 0;

        for (size_t i = 0; i < n; i++) {
                const struct hf_content *content = &sights->list[c->places[objects[i].places[0]].fd].content;

                if (content->ino && is_fresh(content) && wait < STEP_COARSE)
                        wait = content->ctime_nsec ? (wait < STEP ? STEP : wait) : STEP_COARSE;
        }
        if (wait)
                nanosleep(&(struct timespec){ (time_t)(wait / 1000000000), (long)(wait % 1000000000) }, NULL);
        return wait;
}

/* What has no object yet: whatever comes there is not verified. */
static void find_absent(const struct compiled *c, struct findings *findings)
{
        for (size_t i = 0; i < c->n_contents; i++)
                if (c->places[c->contents[i].place].fd < 0 && compiled_content(c, c->contents[i].place) == &c->contents[i])
                        finding(findings, &c->contents[i],
                                c->contents[i].fd == -EACCES ? NOT_THEIRS : "nothing is there yet: apply the policy again when it is");
}

static int tell(struct kernel *k, uint32_t policy, const struct hf_object *object, const struct hf_content *content, uint64_t allow)
{
        const struct hf_known_key key = { .object = *object, .policy = policy };
        const struct hf_known known = { .content = *content, .allow = allow };

        if (!bpf_map_update_elem(k->map[MAP_CONTENTS], &key, &known, BPF_ANY))
                return 0;
        return errno == E2BIG ? -ENOSPC : -errno;
}

int contents_load(struct kernel *k, uint32_t policy, const struct compiled *c, const struct content_object *objects, size_t n,
                  int descriptors, struct findings *findings)
{
        _cleanup_(sights_free) struct sights before = { 0 }, after = { 0 };
        _cleanup_free_ uint64_t *allow = calloc(n + 1, sizeof(*allow));
        uint64_t left = READ_MAX;
        int r;

        find_absent(c, findings);
        if (!n)
                return 0;
        r = allow ? sights_read(k, descriptors, &before) : -ENOMEM;
        if (r == 0 && wait_while_fresh(c, objects, n, &before)) {
                sights_free(&before);
                before = (struct sights){ 0 };
                r = sights_read(k, descriptors, &before);
        }
        for (size_t i = 0; i < n && r == 0; i++)
                allow[i] = verify(c, &objects[i], &before, &left, findings);
        if (r == 0)
                r = sights_read(k, descriptors, &after);
        for (size_t i = 0; i < n && r == 0; i++) {
                int fd = c->places[objects[i].places[0]].fd;
                const struct hf_sight *now = &after.list[fd];

                if (!allow[i])
                        continue;
                if (after.seen[fd] && now->writers <= 0 && hf_content_same(&before.list[fd].content, &now->content))
                        r = tell(k, policy, objects[i].object, &now->content, allow[i]);
                else
                        finding(findings, rule_of(c, &objects[i]), "it was written to while it was read: apply the policy again");
        }
        return r;
}
