/* SPDX-License-Identifier: Apache-2.0 */
/* A policy's book: every place is found by its object and its name, and nothing else is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "holdfast/book.h"
#include "kernel/book.h"

static const __u64 key[2] = { 7, 11 };

struct fixture {
        struct book_place *places;
        struct hf_node *nodes;
        struct hf_object *objects;
        char (*names)[32];
        size_t n;
        struct book book;
        struct hf_policy header;
};

/* n places: objects with neighbouring numbers, names in tables of a hundred. */
static void make(struct fixture *f, size_t n)
{
        f->n = n;
        f->places = calloc(n, sizeof(*f->places));
        f->nodes = calloc(n, sizeof(*f->nodes));
        f->objects = calloc(n, sizeof(*f->objects));
        f->names = calloc(n, sizeof(*f->names));
        for (size_t i = 0; i < n; i++) {
                f->nodes[i].rule[0] = (__u32)i + 1;
                f->nodes[i].names = (__u32)(i + 1);
                f->objects[i] = (struct hf_object){ .ino = 1000 + i / 2, .dev = 8 << 20 | (i & 1), .generation = (__u32)(i * 77) };
                snprintf(f->names[i], sizeof(f->names[i]), "%s%zu", i % 3 ? "n" : "a-name-of-some-length-", i % 100);
                f->places[i] = (struct book_place){ &f->nodes[i], &f->objects[i], f->names[i], (__u32)(i / 100) };
        }
        f->header = (struct hf_policy){ .active = 5, .killed = 4 };
        assert_int_equal(book_build(f->places, n, key, &f->book, &f->header), 0);
}

static void clear(struct fixture *f)
{
        book_free(&f->book);
        free(f->places);
        free(f->nodes);
        free(f->objects);
        free(f->names);
}

static void finds_all(size_t n)
{
        struct fixture f;

        make(&f, n);
        assert_int_equal(f.header.active, 5);
        assert_int_equal(f.header.killed, 4);
        for (size_t i = 0; i < n; i++) {
                const struct hf_place *object = book_find_object(&f.book, &f.header, &f.objects[i]);
                const struct hf_place *name = book_find_name(&f.book, &f.header, (__u32)(i / 100), book_name_hash(key, f.names[i]));
                struct hf_object other = f.objects[i];

                assert_non_null(object);
                assert_int_equal(object->node.rule[0], i + 1);
                assert_ptr_equal(object, name);
                other.generation++;
                assert_null(book_find_object(&f.book, &f.header, &other));
                other.generation--;
                other.dev += 2;
                assert_null(book_find_object(&f.book, &f.header, &other));
                assert_null(book_find_name(&f.book, &f.header, (__u32)(n + i), book_name_hash(key, f.names[i])));
                assert_null(book_find_name(&f.book, &f.header, (__u32)(i / 100), book_name_hash(key, "absent")));
        }
        /* What a rule costs the kernel: an object and a name each. */
        if (n >= 1000)
                assert_true((size_t)f.book.count * sizeof(*f.book.records) / n <= 200);
        clear(&f);
}

static void finds_every_place_of_a_small_policy(void **state)
{
        (void)state;
        for (size_t n = 1; n < 60; n++)
                finds_all(n);
}

static void finds_every_place_of_a_large_policy(void **state)
{
        (void)state;
        finds_all(1000);
        finds_all(49999);
        finds_all(131072);
}

static void a_place_without_object_or_name_is_found_by_the_other_alone(void **state)
{
        struct hf_node node = { .rule = { 3 } };
        struct hf_object object = { 1, 2, 3 }, none = { 0, 0, 0 };
        struct book_place places[] = { { &node, &object, NULL, 0 }, { &node, NULL, "later", 1 } };
        struct hf_policy header = { 0 };
        struct book book;

        (void)state;
        assert_int_equal(book_build(places, 2, key, &book, &header), 0);
        assert_non_null(book_find_object(&book, &header, &object));
        assert_null(book_find_object(&book, &header, &none));
        assert_non_null(book_find_name(&book, &header, 1, book_name_hash(key, "later")));
        assert_null(book_find_name(&book, &header, 0, book_name_hash(key, "later")));
        book_free(&book);
}

/* Where inodes go by their address, number and generation are alike in many ways. */
static void objects_by_address_are_told_apart(void **state)
{
        enum { N = 4096 };
        struct hf_node node = { .rule = { 1 } };
        struct hf_object *objects = calloc(N, sizeof(*objects));
        struct book_place *places = calloc(N, sizeof(*places));
        struct hf_policy header = { 0 };
        struct book book;

        (void)state;
        for (__u64 i = 0; i < N; i++) {
                objects[i] =
                        (struct hf_object){ .ino = 0xffff888003000000ULL + i / 64 * 0x700, .dev = 27, .generation = (__u32)(i % 64 * 7) };
                places[i] = (struct book_place){ &node, &objects[i], NULL, 0 };
        }
        assert_int_equal(book_build(places, N, key, &book, &header), 0);
        assert_int_equal(header.seed, 0);
        for (size_t i = 0; i < N; i++)
                assert_non_null(book_find_object(&book, &header, &objects[i]));
        book_free(&book);
        free(objects);
        free(places);
}

static __u64 bit_of(const char *name)
{
        __u64 start = 0;

        memcpy(&start, name, strnlen(name, sizeof(start)));
        return hf_name_bit(start, (__u32)strlen(name));
}

static void the_filter_of_a_table_has_all_its_names(void **state)
{
        struct hf_node top = { .names = 4 }, node = { .rule = { 1 } };
        struct book_place places[] = { { &top, NULL, NULL, 0 }, { &node, NULL, ".git", 4 }, { &node, NULL, "a-longer-name", 4 } };
        struct hf_policy header = { 0 };
        struct book book;
        const struct hf_place *place;

        (void)state;
        assert_int_equal(book_build(places, 3, key, &book, &header), 0);
        place = &book.records[header.names_at + header.names_mask + 1].place;
        assert_int_equal(place->node.names, 4);
        assert_true(place->below == (bit_of(".git") | bit_of("a-longer-name")));
        book_free(&book);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(finds_every_place_of_a_small_policy),
                cmocka_unit_test(finds_every_place_of_a_large_policy),
                cmocka_unit_test(objects_by_address_are_told_apart),
                cmocka_unit_test(a_place_without_object_or_name_is_found_by_the_other_alone),
                cmocka_unit_test(the_filter_of_a_table_has_all_its_names),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
