/* SPDX-License-Identifier: Apache-2.0 */
/* The decision that the BPF programs run, run here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "holdfast/decide.h"

static void without_a_node_everything_is_refused(void **state)
{
        __u32 rule = 9;

        (void)state;
        for (__u32 asked = 0; asked <= HF_RIGHTS_ALL; asked++)
                assert_int_equal(hf_refused(NULL, ~0ULL, asked), asked);
        assert_int_equal(hf_explain(NULL, HF_READ, &rule), HF_WHY_NO_RULE);
        assert_int_equal(rule, 0);
}

static void a_right_is_allowed_by_any_live_capability(void **state)
{
        struct hf_node node = { .allow = { 1, 2, 4, 1ULL << 63 } };

        (void)state;
        assert_int_equal(hf_refused(&node, 0, HF_RIGHTS_ALL), HF_RIGHTS_ALL);
        assert_int_equal(hf_refused(&node, 1, HF_RIGHTS_ALL), HF_RIGHTS_ALL & ~HF_READ);
        assert_int_equal(hf_refused(&node, 6, HF_RIGHTS_ALL), HF_READ | HF_CONNECT);
        assert_int_equal(hf_refused(&node, 1ULL << 63, HF_CONNECT), 0);
        assert_int_equal(hf_refused(&node, ~0ULL, HF_RIGHTS_ALL), 0);
        assert_int_equal(hf_refused(&node, 0, 0), 0);
}

static void killing_a_capability_takes_it_from_the_live_ones(void **state)
{
        struct hf_policy policy = { .active = 7, .killed = 2 };

        (void)state;
        assert_int_equal(hf_live(&policy), 5);
}

static void moving_gains_what_only_the_new_place_allows(void **state)
{
        struct hf_node from = { .allow = { 1, 0, 2, 0 } }, to = { .allow = { 1, 1, 4, 0 } };

        (void)state;
        assert_int_equal(hf_gained(&from, &to, 1), HF_WRITE);
        assert_int_equal(hf_gained(&from, &to, 5), HF_WRITE | HF_EXEC);
        assert_int_equal(hf_gained(&from, &to, 7), HF_WRITE);
        assert_int_equal(hf_gained(&to, &from, 3), HF_EXEC);
        assert_int_equal(hf_gained(&from, &from, 7), 0);
        assert_int_equal(hf_gained(NULL, &to, 1), HF_READ | HF_WRITE);
        assert_int_equal(hf_gained(&from, NULL, 7), 0);
}

static void a_refusal_is_explained_by_its_lowest_right(void **state)
{
        struct hf_node node = { .allow = { 0, 2, 0, 0 }, .rule = { 10, 11, 12, 0 }, .deny = HF_READ };
        __u32 rule;

        (void)state;
        assert_int_equal(hf_explain(&node, HF_READ, &rule), HF_WHY_RULE);
        assert_int_equal(rule, 10);
        assert_int_equal(hf_explain(&node, HF_WRITE, &rule), HF_WHY_INACTIVE);
        assert_int_equal(rule, 11);
        assert_int_equal(hf_explain(&node, HF_EXEC, &rule), HF_WHY_NO_RULE);
        assert_int_equal(rule, 12);
        assert_int_equal(hf_explain(&node, HF_CONNECT, &rule), HF_WHY_NO_RULE);
        assert_int_equal(rule, 0);
}

static void a_right_has_the_index_of_its_bit(void **state)
{
        (void)state;
        for (__u32 i = 0; i < HF_RIGHTS; i++)
                assert_int_equal(hf_right_index(1u << i), i);
        assert_int_equal(hf_right_index(HF_EXEC | HF_CONNECT), 2);
        assert_int_equal(hf_right_index(0), 0);
}

static void egress_takes_the_first_live_entry_and_explains_the_first_match(void **state)
{
        struct hf_egress egress = {
                .count = 3,
                .port = { { .allow = 4, .rule = 1, .from = 1, .to = 100, .proto = HF_TCP },
                          { .allow = 2, .rule = 2, .from = 50, .to = 60, .proto = HF_TCP | HF_UDP },
                          { .allow = 1, .rule = 3, .from = 55, .to = 55, .proto = HF_UDP },
                          { .allow = ~0ULL, .rule = 4, .from = 0, .to = 65535, .proto = HF_TCP | HF_UDP } },
        };
        __u32 rule;

        (void)state;
        assert_int_equal(hf_egress_decide(&egress, 2, 0, HF_TCP, 50, 0, &rule), HF_WHY_ALLOWED);
        assert_int_equal(rule, 2);
        assert_int_equal(hf_egress_decide(&egress, 6, 0, HF_TCP, 50, 0, &rule), HF_WHY_ALLOWED);
        assert_int_equal(rule, 1);
        assert_int_equal(hf_egress_decide(&egress, 1, 0, HF_TCP, 50, 0, &rule), HF_WHY_INACTIVE);
        assert_int_equal(rule, 1);
        assert_int_equal(hf_egress_decide(&egress, 1, 0, HF_UDP, 55, 0, &rule), HF_WHY_ALLOWED);
        assert_int_equal(rule, 3);
        assert_int_equal(hf_egress_decide(&egress, 1, 0, HF_TCP, 101, 0, &rule), HF_WHY_NO_RULE); /* entries beyond count do not count */
        assert_int_equal(rule, 0);
        assert_int_equal(hf_egress_decide(&egress, ~0ULL, 0, HF_UDP, 49, 0, &rule), HF_WHY_NO_RULE);
        assert_int_equal(hf_egress_decide(NULL, ~0ULL, 0, HF_TCP, 1, 0, &rule), HF_WHY_NO_RULE);
        egress.count = 1000; /* a broken count reads no further than the array */
        assert_int_equal(hf_egress_decide(&egress, 8, 0, HF_TCP, 60000, 0, &rule), HF_WHY_ALLOWED);
}

static void a_capability_that_has_used_its_budget_opens_nothing(void **state)
{
        struct hf_egress egress = {
                .count = 3,
                .port = { { .allow = 4, .rule = 1, .from = 1, .to = 100, .proto = HF_TCP },
                          { .allow = 2, .rule = 2, .from = 50, .to = 60, .proto = HF_TCP },
                          { .allow = 1, .rule = 3, .from = 55, .to = 55, .proto = HF_TCP } },
        };
        __u32 rule;

        (void)state;
        assert_int_equal(hf_egress_decide(&egress, 7, 4, HF_TCP, 50, 0, &rule), HF_WHY_ALLOWED);
        assert_int_equal(rule, 2);
        assert_int_equal(hf_egress_decide(&egress, 7, 6, HF_TCP, 50, 0, &rule), HF_WHY_BUDGET);
        assert_int_equal(rule, 1);
        assert_int_equal(hf_egress_decide(&egress, 2, 2, HF_TCP, 50, 0, &rule), HF_WHY_BUDGET); /* whatever is not granted first */
        assert_int_equal(rule, 2);
        assert_int_equal(hf_egress_decide(&egress, 1, 6, HF_TCP, 50, 0, &rule), HF_WHY_INACTIVE);
        assert_int_equal(hf_egress_capabilities(&egress, 7, 0, HF_TCP, 55, 0), 7);
        assert_int_equal(hf_egress_capabilities(&egress, 5, 0, HF_TCP, 50, 0), 4);
        assert_int_equal(hf_egress_capabilities(&egress, 7, 0, HF_UDP, 55, 0), 0);
        assert_int_equal(hf_egress_capabilities(NULL, 7, 0, HF_TCP, 55, 0), 0);
        egress.port[1].flags = HF_PORT_TLS;
        assert_int_equal(hf_egress_capabilities(&egress, 7, HF_PORT_TLS, HF_TCP, 55, 0), 5);
        egress.port[0].until = 8;
        assert_int_equal(hf_egress_capabilities(&egress, 7, 0, HF_TCP, 50, 8), 2);
}

static void the_first_capability_is_charged_unless_one_needs_no_throttle(void **state)
{
        (void)state;
        assert_int_equal(hf_charged(6, 6, 6, 0), 2);
        assert_int_equal(hf_charged(6, 6, ~0ULL, 0), 2);
        assert_int_equal(hf_charged(6, 6, 2, 0), 0);
        assert_int_equal(hf_charged(6, 2, 2, 0), 2); /* the other may let something else leave */
        assert_int_equal(hf_charged(6, 6, 6, 2), 4);
        assert_int_equal(hf_charged(6, 6, 6, 6), 2);
        assert_int_equal(hf_charged(1ULL << 63, 1ULL << 63, 1ULL << 63, 0), 1ULL << 63);
        assert_int_equal(hf_charged(0, 0, 6, 0), 0);
        assert_int_equal(hf_charged(1, 0, 6, 0), 0);
}

/* How many bytes of such packets leave in a time, asked for every 100 us. */
static uint64_t leave_in(struct hf_throttle *t, uint64_t from, uint64_t ns, uint32_t packet)
{
        uint64_t all = 0;

        for (uint64_t now = from; now < from + ns; now += 100000)
                while (hf_bytes_take(t, now, packet))
                        all += packet;
        return all;
}

static void bytes_keep_to_their_rate(void **state)
{
        static const uint32_t packets[] = { 1, 1500, 65536, 500000 };
        const uint64_t rate = 1000000, most = rate * HF_THROTTLE_BURST / HF_SECOND;

        (void)state;
        for (size_t i = 0; i < sizeof(packets) / sizeof(*packets); i++) {
                struct hf_throttle t = { .bytes = rate };
                uint64_t start = 5 * HF_SECOND, all = leave_in(&t, start, 10 * HF_SECOND, packets[i]);

                assert_in_range(all, 10 * rate - packets[i], 10 * rate + most + packets[i]);
                /* What was not used does not add up beyond the burst. */
                all = leave_in(&t, start + 100 * HF_SECOND, HF_SECOND / 10, packets[i]);
                assert_true(all <= rate / 10 + most + packets[i]);
        }
}

static void connections_keep_to_their_rate(void **state)
{
        static const uint64_t rates[] = { 1, 3, 20, 1000 };

        (void)state;
        for (size_t i = 0; i < sizeof(rates) / sizeof(*rates); i++) {
                struct hf_throttle t = { .connections = rates[i] };
                uint64_t all = 0;

                while (hf_connection_take(&t, HF_SECOND))
                        all++;
                assert_int_equal(all, rates[i]);
                for (uint64_t now = HF_SECOND; now < 11 * HF_SECOND; now += 100000)
                        all += (uint64_t)hf_connection_take(&t, now);
                assert_in_range(all, 11 * rates[i] - 1, 11 * rates[i] + 1);
        }
}

static void without_a_limit_nothing_is_held_up(void **state)
{
        struct hf_throttle t = { 0 };

        (void)state;
        for (int i = 0; i < 1000; i++)
                assert_true(hf_bytes_take(&t, 1, 1u << 30) && hf_connection_take(&t, 1) && hf_budget_take(&t, 1u << 30));
}

static void no_byte_leaves_beyond_a_budget(void **state)
{
        struct hf_throttle t = { .budget = 100 };

        (void)state;
        assert_true(hf_budget_take(&t, 60));
        assert_true(hf_budget_take(&t, 40));
        assert_false(hf_budget_take(&t, 1));
        t.used = 0;
        assert_false(hf_budget_take(&t, 101));
        assert_false(hf_budget_take(&t, 1)); /* it is spent once something did not fit */
}

static void a_denial_of_ports_is_told_where_nothing_before_it_matches(void **state)
{
        const struct hf_egress egress = {
                .count = 4,
                .port = { { .allow = 1, .rule = 1, .from = 50, .to = 60, .proto = HF_TCP },
                          { .rule = 2, .from = 1, .to = 100, .proto = HF_TCP, .flags = HF_PORT_DENIED },
                          { .rule = 3, .from = 90, .to = 110, .proto = HF_TCP },
                          { .rule = 4, .from = 90, .to = 120, .proto = HF_TCP, .flags = HF_PORT_DENIED } },
        };
        __u32 rule;

        (void)state;
        assert_int_equal(hf_egress_decide(&egress, 1, 0, HF_TCP, 50, 0, &rule), HF_WHY_ALLOWED);
        assert_int_equal(hf_egress_decide(&egress, 2, 0, HF_TCP, 50, 0, &rule), HF_WHY_INACTIVE);
        assert_int_equal(rule, 1);
        assert_int_equal(hf_egress_decide(&egress, ~0ULL, 0, HF_TCP, 49, 0, &rule), HF_WHY_RULE);
        assert_int_equal(rule, 2);
        assert_int_equal(hf_egress_decide(&egress, ~0ULL, 0, HF_TCP, 95, 0, &rule), HF_WHY_RULE);
        assert_int_equal(rule, 2);
        assert_int_equal(hf_egress_decide(&egress, ~0ULL, 0, HF_TCP, 101, 0, &rule), HF_WHY_INACTIVE);
        assert_int_equal(rule, 3);
        assert_int_equal(hf_egress_decide(&egress, ~0ULL, 0, HF_TCP, 111, 0, &rule), HF_WHY_RULE);
        assert_int_equal(rule, 4);
        assert_int_equal(hf_egress_decide(&egress, ~0ULL, 0, HF_UDP, 49, 0, &rule), HF_WHY_NO_RULE);
        assert_int_equal(rule, 0);
        assert_false(hf_egress_plain(&egress, ~0ULL, 49, 0));
        assert_true(hf_egress_plain(&egress, 1, 50, 0));
}

/* SipHash-c-d over bytes, written after the paper on its own: Aumasson and Bernstein 2012, section 2. */
static uint64_t siphash(int c, int d, const uint64_t key[2], const uint8_t *text, size_t length)
{
        uint64_t v[4] = { key[0] ^ 0x736f6d6570736575ULL, key[1] ^ 0x646f72616e646f6dULL, key[0] ^ 0x6c7967656e657261ULL,
                          key[1] ^ 0x7465646279746573ULL };
        size_t blocks = length / 8 + 1;

        for (size_t i = 0; i < blocks + 1; i++) {
                uint64_t m = 0;
                int rounds = i < blocks ? c : d;

                for (size_t j = 0; i < blocks && j < 8; j++)
                        if (8 * i + j < length)
                                m |= (uint64_t)text[8 * i + j] << 8 * j;
                if (i == blocks - 1)
                        m |= (uint64_t)(length & 0xff) << 56;
                if (i == blocks)
                        v[2] ^= 0xff;
                v[3] ^= m;
                while (rounds--) {
                        v[0] += v[1], v[2] += v[3];
                        v[1] = v[1] << 13 | v[1] >> 51, v[3] = v[3] << 16 | v[3] >> 48;
                        v[1] ^= v[0], v[3] ^= v[2];
                        v[0] = v[0] << 32 | v[0] >> 32;
                        v[2] += v[1], v[0] += v[3];
                        v[1] = v[1] << 17 | v[1] >> 47, v[3] = v[3] << 21 | v[3] >> 43;
                        v[1] ^= v[2], v[3] ^= v[0];
                        v[2] = v[2] << 32 | v[2] >> 32;
                }
                v[0] ^= m;
        }
        return v[0] ^ v[1] ^ v[2] ^ v[3];
}

/* What decide.h does with a name: whole words with zeros after the last byte, then the length in a word of its own. */
static uint64_t name_hash(const __u64 key[2], const char *name, size_t length)
{
        struct hf_hash h;

        hf_hash_start(&h, key);
        for (size_t i = 0; i < length; i += 8) {
                uint64_t word = 0;

                memcpy(&word, name + i, length - i < 8 ? length - i : 8);
                hf_hash_word(&h, word);
        }
        return hf_hash_finish(&h, (__u32)length);
}

static void the_reference_siphash_gives_the_papers_vector(void **state)
{
        const uint64_t key[2] = { 0x0706050403020100ULL, 0x0f0e0d0c0b0a0908ULL };
        uint8_t text[15];

        (void)state;
        for (uint8_t i = 0; i < 15; i++)
                text[i] = i;
        assert_true(siphash(2, 4, key, text, 15) == 0xa129ca6149be45e5ULL); /* appendix A */
}

/*
 * hf_hash pads the last word with zeros and puts the length into one more word, so for whole words it is SipHash-1-3 itself; for
 * the rest it is SipHash-1-3 of the padded name but for the length byte.
 */
static void the_hash_of_whole_words_is_siphash_1_3(void **state)
{
        const __u64 key[2] = { 0x0123456789abcdefULL, 0xfedcba9876543210ULL };
        const uint64_t same[2] = { key[0], key[1] };
        char name[248];

        (void)state;
        for (size_t i = 0; i < sizeof(name); i++)
                name[i] = (char)(i * 37 + 1);
        for (size_t length = 0; length <= sizeof(name); length += 8)
                assert_true(name_hash(key, name, length) == siphash(1, 3, same, (const uint8_t *)name, length));
}

static void padding_does_not_make_two_names_one(void **state)
{
        const __u64 key[2] = { 1, 2 };
        char name[16] = { 0 };
        uint64_t seen[16];

        (void)state;
        for (size_t length = 0; length < 16; length++) {
                seen[length] = name_hash(key, name, length);
                for (size_t i = 0; i < length; i++)
                        assert_true(seen[i] != seen[length]);
        }
        assert_true(name_hash(key, "abc", 3) != name_hash((const __u64[2]){ 1, 3 }, "abc", 3));
        assert_true(name_hash(key, "abc", 3) != name_hash(key, "abd", 3));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(without_a_node_everything_is_refused),
                cmocka_unit_test(a_right_is_allowed_by_any_live_capability),
                cmocka_unit_test(killing_a_capability_takes_it_from_the_live_ones),
                cmocka_unit_test(moving_gains_what_only_the_new_place_allows),
                cmocka_unit_test(a_refusal_is_explained_by_its_lowest_right),
                cmocka_unit_test(a_right_has_the_index_of_its_bit),
                cmocka_unit_test(egress_takes_the_first_live_entry_and_explains_the_first_match),
                cmocka_unit_test(a_capability_that_has_used_its_budget_opens_nothing),
                cmocka_unit_test(the_first_capability_is_charged_unless_one_needs_no_throttle),
                cmocka_unit_test(bytes_keep_to_their_rate),
                cmocka_unit_test(connections_keep_to_their_rate),
                cmocka_unit_test(without_a_limit_nothing_is_held_up),
                cmocka_unit_test(no_byte_leaves_beyond_a_budget),
                cmocka_unit_test(a_denial_of_ports_is_told_where_nothing_before_it_matches),
                cmocka_unit_test(the_reference_siphash_gives_the_papers_vector),
                cmocka_unit_test(the_hash_of_whole_words_is_siphash_1_3),
                cmocka_unit_test(padding_does_not_make_two_names_one),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
