/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/checkpoint.h"

#include "base/json.h"
#include "base/time.h"

#include <inttypes.h>
#include <string.h>

#define TEXT_SIZE (sizeof("holdfast checkpoint\n\n\n\n") + 20 + LINE_HASH_LENGTH + TIME_TEXT_SIZE)

/* The text that is signed; its length, 0 where the time is none. */
static size_t signed_text(char text[TEXT_SIZE], const struct line_position *before, const char *time)
{
        if (strlen(time) != TIME_TEXT_SIZE - 1)
                return 0;
        return (size_t)snprintf(text, TEXT_SIZE, "holdfast checkpoint\n%" PRIu64 "\n%s\n%s\n", before->seq, before->hash, time);
}

cJSON *checkpoint_event(const struct key *key, const struct line_position *before, uint64_t realtime_ns)
{
        _cleanup_json_ cJSON *event = cJSON_CreateObject();
        char text[TEXT_SIZE], time[TIME_TEXT_SIZE], signature[KEY_SIGNATURE_LENGTH + 1];
        size_t length = signed_text(text, before, time_format(realtime_ns, time));

        if (!event || key_sign(key, text, length, signature) < 0 || !cJSON_AddStringToObject(event, "kind", "checkpoint") ||
            !cJSON_AddStringToObject(event, "key", key_id(key)) || !cJSON_AddStringToObject(event, "signature", signature))
                return NULL;
        return TAKE_PTR(event);
}

const char *checkpoint_check(const struct public_keys *keys, const cJSON *event, const struct line_position *before)
{
        const char *id = json_get_string(event, "key"), *signature = json_get_string(event, "signature");
        const char *time = json_get_string(event, "time");
        char text[TEXT_SIZE];
        size_t length = time ? signed_text(text, before, time) : 0;

        if (!id || !signature || !length)
                return "it is a checkpoint without key, signature or time";
        if (!public_keys_have(keys, id))
                return "it is a checkpoint that another key signed than those given";
        if (!public_keys_verify(keys, id, text, length, signature))
                return "its signature does not fit: it, or a line before it, was not written by holdfastd";
        return NULL;
}
