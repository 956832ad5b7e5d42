/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/signed.h"

#include "audit/writer.h"
#include "base/cleanup.h"
#include "base/json.h"
#include "base/paths.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define BEFORE ",\"signature\":\""
#define AFTER "\"}\n"
#define TAIL_LENGTH (sizeof(BEFORE) - 1 + KEY_SIGNATURE_LENGTH + sizeof(AFTER) - 1)

/* The text that is signed, of a line that ends before its signature and the closing brace. */
static int signed_text(struct buffer *out, const char *purpose, const char *line, size_t length)
{
        char first[64];
        int n = snprintf(first, sizeof(first), "holdfast %s\n", purpose), r;

        r = buffer_append(out, first, (size_t)n);
        if (r == 0)
                r = buffer_append(out, line, length);
        return r < 0 ? r : buffer_append(out, "}\n", 2);
}

/* The line up to its signature, without the closing brace. */
static int compose(cJSON *document, const char *key, struct buffer *line)
{
        int r;

        cJSON_DeleteItemFromObjectCaseSensitive(document, "key");
        cJSON_DeleteItemFromObjectCaseSensitive(document, "signature");
        if (!cJSON_AddStringToObject(document, "key", key))
                return -ENOMEM;
        r = json_print(line, document, SIGNED_MAX - TAIL_LENGTH);
        if (r == 0)
                buffer_truncate(line, line->length - 1);
        return r;
}

int signed_write(struct audit *a, const char *purpose, cJSON *document, struct buffer *out, struct error *e)
{
        _cleanup_buffer_ struct buffer line = BUFFER_INIT, text = BUFFER_INIT;
        char signature[KEY_SIGNATURE_LENGTH + 1];
        int r;

        if (!a->key)
                return error_set(e, -ENOKEY, "the audit stream has no key to sign with");
        r = compose(document, key_id(a->key), &line);
        if (r == 0)
                r = signed_text(&text, purpose, line.data, line.length);
        if (r == 0)
                r = key_sign(a->key, text.data, text.length, signature);
        if (r == 0)
                r = buffer_append(&line, BEFORE, sizeof(BEFORE) - 1);
        if (r == 0)
                r = buffer_append(&line, signature, KEY_SIGNATURE_LENGTH);
        if (r == 0)
                r = buffer_append(&line, AFTER, sizeof(AFTER) - 1);
        if (r == 0)
                r = buffer_append(out, line.data, line.length);
        return r < 0 ? error_set(e, r, "cannot sign it: %s", strerror(-r)) : 0;
}

static int read_line(const char *path, struct buffer *line, struct error *e)
{
        _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
        struct stat st;
        ssize_t n;

        if (fd < 0)
                return error_set(e, -errno, "%s: %s", path, strerror(errno));
        if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size > SIGNED_MAX || buffer_reserve(line, (size_t)st.st_size) < 0)
                return error_set(e, -EBADMSG, "%s: it is no signed report", path);
        n = read(fd, line->data, (size_t)st.st_size);
        if (n < 0)
                return error_set(e, -errno, "%s: %s", path, strerror(errno));
        line->data[n] = '\0';
        line->length = (size_t)n;
        return 0;
}

/* Takes the signature off the line's end. NULL, or what is wrong. */
static const char *split(struct buffer *line, char signature[KEY_SIGNATURE_LENGTH + 1])
{
        const char *tail;

        if (line->length <= TAIL_LENGTH || strlen(line->data) != line->length)
                return "it is no signed report";
        tail = line->data + line->length - TAIL_LENGTH;
        if (strncmp(tail, BEFORE, sizeof(BEFORE) - 1) != 0 || strcmp(tail + TAIL_LENGTH - (sizeof(AFTER) - 1), AFTER) != 0)
                return "it does not end with a signature";
        memcpy(signature, tail + sizeof(BEFORE) - 1, KEY_SIGNATURE_LENGTH);
        signature[KEY_SIGNATURE_LENGTH] = '\0';
        buffer_truncate(line, line->length - TAIL_LENGTH);
        return NULL;
}

/* NULL, or what is wrong. */
static const char *check(const struct public_keys *keys, const char *purpose, struct buffer *line, cJSON **ret)
{
        _cleanup_buffer_ struct buffer text = BUFFER_INIT;
        _cleanup_json_ cJSON *document = NULL;
        char signature[KEY_SIGNATURE_LENGTH + 1];
        const char *wrong = split(line, signature), *id;

        if (wrong)
                return wrong;
        if (signed_text(&text, purpose, line->data, line->length) < 0 || buffer_append(line, "}", 1) < 0)
                return "out of memory";
        document = cJSON_ParseWithLength(line->data, line->length);
        id = json_get_string(document, "key");
        if (!id)
                return "it is no JSON with the id of a key";
        if (!public_keys_have(keys, id))
                return "another key signed it than those given";
        if (!public_keys_verify(keys, id, text.data, text.length, signature))
                return "its signature does not fit: it was changed since holdfastd signed it";
        *ret = TAKE_PTR(document);
        return NULL;
}

int signed_read(const char *path, const char *purpose, const char *keys_path, cJSON **ret, struct error *e)
{
        _cleanup_(public_keys_freep) struct public_keys *keys = NULL;
        _cleanup_buffer_ struct buffer line = BUFFER_INIT;
        const char *wrong;
        int r = read_line(path, &line, e);

        if (r == 0)
                r = public_keys_read(keys_path ? keys_path : PATH_AUDIT ".pub", &keys, e);
        if (r < 0)
                return r;
        wrong = check(keys, purpose, &line, ret);
        return wrong ? error_set(e, -EBADMSG, "%s: %s", path, wrong) : 0;
}
