/* SPDX-License-Identifier: Apache-2.0 */
/* Rules that name the content of a program. */
#include "policy/policy.h"

#include <string.h>

const struct content_rule *compiled_content(const struct compiled *c, size_t place)
{
        size_t low = 0, high = c->n_contents;

        while (low < high) {
                size_t middle = low + (high - low) / 2;

                if (c->contents[middle].place < place)
                        low = middle + 1;
                else
                        high = middle;
        }
        return low < c->n_contents && c->contents[low].place == place ? &c->contents[low] : NULL;
}

static bool names(const struct rule *rule, const uint8_t sha256[SHA256_BYTES])
{
        for (int i = 0; i < rule->n_sha256; i++)
                if (!memcmp(rule->sha256[i], sha256, SHA256_BYTES))
                        return true;
        return false;
}

uint64_t compiled_accepts(const struct compiled *c, size_t place, const uint8_t sha256[SHA256_BYTES])
{
        const struct content_rule *rule = compiled_content(c, place), *end = c->contents + c->n_contents;
        uint64_t allow[HF_LAYERS], all = UINT64_MAX;

        memset(allow, 0xff, sizeof(allow));
        for (const struct content_rule *i = rule; i && i < end && i->place == place; i++)
                allow[i->layer] = 0;
        /* Of a ceiling all capabilities count, and as one. */
        for (const struct content_rule *i = rule; i && i < end && i->place == place; i++)
                if (names(i->rule, sha256))
                        allow[i->layer] |= i->layer == HF_LAYER_POLICY ? 1ULL << i->rule->capability : UINT64_MAX;
        for (int layer = 0; layer < HF_LAYERS; layer++)
                all &= allow[layer];
        return all;
}
