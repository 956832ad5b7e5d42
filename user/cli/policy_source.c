/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/policy_source.h"

#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/json.h"
#include "base/utf8.h"
#include "cli/command.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define TEXT_MAX (16u << 20)

static bool is_file(const char *source)
{
        size_t n = strlen(source);

        return strchr(source, '/') || (n > 5 && !strcmp(source + n - 5, ".json"));
}

int policy_source_read(const char *path, struct buffer *text)
{
        _cleanup_fclose_ FILE *f = fopen(path, "re");
        char chunk[16384];
        size_t n;

        if (!f)
                return -errno;
        while ((n = fread(chunk, 1, sizeof(chunk), f)) > 0) {
                if (text->length + n > TEXT_MAX)
                        return -EFBIG;
                if (buffer_append(text, chunk, n) < 0)
                        return -ENOMEM;
        }
        return ferror(f) ? -EIO : text->length ? 0 : -ENODATA;
}

int policy_source_add(cJSON *body, const char *source)
{
        _cleanup_buffer_ struct buffer text = BUFFER_INIT;
        int r;

        if (!is_file(source))
                return cJSON_AddStringToObject(body, "policy", source) ? STATUS_DONE : STATUS_FAILED;
        r = policy_source_read(source, &text);
        if (r < 0) {
                fprintf(stderr, "holdfast: cannot read the policy %s: %s\n", source,
                        r == -EFBIG     ? "it is longer than 16 MiB"
                        : r == -ENODATA ? "it is empty"
                                        : strerror(-r));
                return r == -ENOENT ? STATUS_ABSENT : STATUS_FAILED;
        }
        if (!text.data || utf8_valid_prefix(text.data, text.length) != text.length || memchr(text.data, 0, text.length)) {
                fprintf(stderr, "holdfast: %s: a policy is text in UTF-8, and this is not\n", source);
                return STATUS_FAILED;
        }
        if (!cJSON_AddStringToObject(body, "policy_text", text.data) || json_add_text(body, "policy_file", source) < 0) {
                fputs("holdfast: out of memory\n", stderr);
                return STATUS_FAILED;
        }
        return STATUS_DONE;
}
