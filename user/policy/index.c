/* SPDX-License-Identifier: Apache-2.0 */
/* Finds places by parent and name: a hash table, keyed at random so that no policy can be written to make it slow. */
#include "policy/index.h"

#include "holdfast/decide.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

static size_t name_slot(const struct place_index *index, int parent, const char *name, size_t length)
{
        struct hf_hash h;

        hf_hash_start(&h, index->key);
        hf_hash_word(&h, (uint64_t)parent);
        for (size_t i = 0; i < length; i += 8) {
                uint64_t word = 0;

                memcpy(&word, name + i, length - i < 8 ? length - i : 8);
                hf_hash_word(&h, word);
        }
        return hf_hash_finish(&h, (uint32_t)length) & (index->room - 1);
}

struct place_index *place_index_new(void)
{
        struct place_index *index = calloc(1, sizeof(*index));

        /* Without random numbers it is only less sure to be fast. */
        if (index && getrandom(index->key, sizeof(index->key), GRND_NONBLOCK) < 0)
                index->key[0] = (uint64_t)(uintptr_t)index;
        return index;
}

int place_index_find(const struct place_index *index, const struct place *places, int parent, const char *name, size_t length)
{
        if (!index->room)
                return -1;
        for (size_t i = name_slot(index, parent, name, length); index->slots[i]; i = (i + 1) & (index->room - 1)) {
                const struct place *p = &places[index->slots[i] - 1];

                if (p->parent == parent && strncmp(p->name, name, length) == 0 && !p->name[length])
                        return (int)index->slots[i] - 1;
        }
        return -1;
}

static void insert(struct place_index *index, const struct place *places, size_t place)
{
        const struct place *p = &places[place];
        size_t i = name_slot(index, p->parent, p->name, strlen(p->name));

        while (index->slots[i])
                i = (i + 1) & (index->room - 1);
        index->slots[i] = (uint32_t)place + 1;
}

int place_index_add(struct place_index *index, const struct place *places, size_t place)
{
        uint32_t *old = index->slots;
        size_t room = index->room ? 2 * index->room : 64;

        /* The root is in no table, so place is how many there are. */
        if (2 * (place + 1) <= index->room) {
                insert(index, places, place);
                return 0;
        }
        index->slots = calloc(room, sizeof(*index->slots));
        if (!index->slots) {
                index->slots = old;
                return -ENOMEM;
        }
        index->room = room;
        for (size_t i = 1; i <= place; i++)
                insert(index, places, i);
        free(old);
        return 0;
}

void place_index_free(struct place_index *index)
{
        if (!index)
                return;
        free(index->slots);
        free(index);
}
