/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/line.h"

#include "base/cleanup.h"
#include "base/json.h"
#include "base/time.h"

#include <errno.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <inttypes.h>
#include <string.h>

#define HEAD "{\"seq\":"
#define TIME ",\"time\":\""
#define PREV ",\"prev\":\""
#define HASH "\",\"hash\":\""
#define LINE_SEQ_MAX ((uint64_t)INT64_MAX) /* what programs that read the stream can hold */
#define HEAD_MAX (sizeof(HEAD) + 20 + sizeof(TIME) + TIME_TEXT_SIZE + 1)

/* Bytes from the end of a line, without newline, to its hash, to what the hash leaves out, and to prev. */
#define FROM_HASH (sizeof("\"}") - 1 + LINE_HASH_LENGTH)
#define FROM_UNHASHED (FROM_HASH + sizeof(HASH) - 2)
#define FROM_PREV (FROM_HASH + sizeof(HASH) - 1 + LINE_HASH_LENGTH)

static void sha256_hex(const void *bytes, size_t length, char hex[LINE_HASH_LENGTH + 1])
{
        static const char digits[] = "0123456789abcdef";
        unsigned char digest[LINE_HASH_LENGTH / 2] = { 0 };

        /* It can fail only without SHA-256 or memory; zeros then never verify. */
        gnutls_hash_fast(GNUTLS_DIG_SHA256, bytes, length, digest);
        for (size_t i = 0; i < sizeof(digest); i++) {
                hex[2 * i] = digits[digest[i] >> 4];
                hex[2 * i + 1] = digits[digest[i] & 15];
        }
        hex[LINE_HASH_LENGTH] = '\0';
}

static void drop_reserved(cJSON *event)
{
        static const char *const reserved[] = { "seq", "time", "prev", "hash" };

        for (size_t i = 0; i < ARRAY_SIZE(reserved); i++)
                while (cJSON_GetObjectItemCaseSensitive(event, reserved[i]))
                        cJSON_DeleteItemFromObjectCaseSensitive(event, reserved[i]);
}

/* Appends {"seq":N,"time":"…" and the event's members, without the closing brace. */
static int compose_members(struct buffer *out, uint64_t seq, const cJSON *event, uint64_t realtime_ns)
{
        char head[HEAD_MAX], text[TIME_TEXT_SIZE];
        size_t event_at;
        int n, r;

        n = snprintf(head, sizeof(head), HEAD "%" PRIu64 TIME "%s\"", seq, time_format(realtime_ns, text));
        r = buffer_append(out, head, (size_t)n);
        if (r < 0)
                return r;
        event_at = out->length;
        r = json_print(out, event, LINE_EVENT_MAX);
        if (r < 0)
                return r;
        out->data[event_at] = ',';
        buffer_truncate(out, out->length - (out->length - event_at > 2 ? 1 : 2));
        return 0;
}

/* Closes the line that begins at start with prev and hash; the room is reserved. */
static void compose_tail(struct buffer *out, size_t start, struct line_position *position)
{
        char *p = out->data + out->length;

        p = stpcpy(stpcpy(stpcpy(p, PREV), position->hash), "\"}");
        sha256_hex(out->data + start, (size_t)(p - out->data) - start, position->hash);
        p = stpcpy(stpcpy(stpcpy(p - 2, HASH), position->hash), "\"}\n");
        out->length = (size_t)(p - out->data);
        position->seq++;
}

int line_compose(struct buffer *out, struct line_position *position, cJSON *event, uint64_t realtime_ns)
{
        size_t start = out->length;
        int r;

        if (!cJSON_IsObject(event))
                return -EINVAL;
        drop_reserved(event);
        r = compose_members(out, position->seq + 1, event, realtime_ns);
        if (r == 0)
                r = buffer_reserve(out, LINE_TAIL_LENGTH + 1);
        if (r < 0) {
                buffer_truncate(out, start);
                return r;
        }
        compose_tail(out, start, position);
        return 0;
}

uint64_t line_seq(const char *line, size_t length)
{
        size_t at = sizeof(HEAD) - 1;
        uint64_t seq = 0;

        if (length <= at || memcmp(line, HEAD, at) != 0 || line[at] == '0')
                return 0;
        for (; at < length && line[at] >= '0' && line[at] <= '9'; at++)
                if (__builtin_mul_overflow(seq, 10, &seq) || __builtin_add_overflow(seq, (uint64_t)(line[at] - '0'), &seq))
                        return 0;
        if (length - at < sizeof(TIME) - 1 || memcmp(line + at, TIME, sizeof(TIME) - 1) != 0)
                return 0;
        return seq <= LINE_SEQ_MAX ? seq : 0;
}

bool line_may_begin(const char *text, size_t length, uint64_t seq)
{
        char head[HEAD_MAX];
        size_t n = (size_t)snprintf(head, sizeof(head), HEAD "%" PRIu64 TIME, seq);

        return memcmp(text, head, length < n ? length : n) == 0;
}

static bool is_hash(const char *text)
{
        return strspn(text, "0123456789abcdef") >= LINE_HASH_LENGTH;
}

const char *line_check(const char *line, size_t length, struct line_position *position, const char **prev)
{
        struct line_position found = { .seq = line_seq(line, length) };
        _cleanup_free_ char *text = NULL;

        if (!found.seq || length < LINE_TAIL_LENGTH || memchr(line, '\0', length))
                return "it is no line of an audit stream";
        if (memcmp(line + length - LINE_TAIL_LENGTH, PREV, sizeof(PREV) - 1) != 0 ||
            memcmp(line + length - FROM_HASH - sizeof(HASH) + 1, HASH, sizeof(HASH) - 1) != 0 || memcmp(line + length - 2, "\"}", 2) != 0 ||
            !is_hash(line + length - FROM_PREV) || !is_hash(line + length - FROM_HASH))
                return "it does not end with prev and hash";
        text = malloc(length - FROM_UNHASHED + 1);
        if (!text)
                return "there is not enough memory to check it";
        memcpy(text, line, length - FROM_UNHASHED);
        text[length - FROM_UNHASHED] = '}';
        sha256_hex(text, length - FROM_UNHASHED + 1, found.hash);
        if (memcmp(found.hash, line + length - FROM_HASH, LINE_HASH_LENGTH) != 0)
                return "its text was changed: the hash does not match";
        *prev = line + length - FROM_PREV;
        *position = found;
        return NULL;
}
