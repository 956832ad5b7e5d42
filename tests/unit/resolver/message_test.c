/* SPDX-License-Identifier: Apache-2.0 */
/* DNS messages: what is read of a query, and what of an upstream's answer is passed on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "resolver/message.h"

#include <arpa/inet.h>
#include <errno.h>

#define ID 0x1234
#define ROOM_MAX 1232
#define RECURSE 0x0100 /* flags of the head */
#define CHECKING_DISABLED 0x0010

/* A message, made by hand. */
struct wire {
        uint8_t data[70000];
        size_t size;
};

static void put(struct wire *w, const void *bytes, size_t n)
{
        assert_true(w->size + n <= sizeof(w->data));
        memcpy(w->data + w->size, bytes, n);
        w->size += n;
}

static void put_u16(struct wire *w, unsigned value)
{
        const uint8_t bytes[2] = { (uint8_t)(value >> 8), (uint8_t)value };

        put(w, bytes, sizeof(bytes));
}

/* "a.b.": labels that end with dots. */
static void put_name(struct wire *w, const char *name)
{
        while (*name) {
                const uint8_t n = (uint8_t)strcspn(name, ".");

                put(w, &n, 1);
                put(w, name, n);
                name += n + 1;
        }
        put(w, "", 1);
}

static void put_head(struct wire *w, unsigned flags, unsigned qd, unsigned an, unsigned ns, unsigned ar)
{
        w->size = 0;
        put_u16(w, ID);
        put_u16(w, flags);
        put_u16(w, qd);
        put_u16(w, an);
        put_u16(w, ns);
        put_u16(w, ar);
}

static void put_question(struct wire *w, const char *name, unsigned type)
{
        put_name(w, name);
        put_u16(w, type);
        put_u16(w, LDNS_RR_CLASS_IN);
}

static void put_opt(struct wire *w, unsigned room)
{
        put(w, "", 1);
        put_u16(w, LDNS_RR_TYPE_OPT);
        put_u16(w, room);
        put(w, "\0\0\0\0\0\0", 6);
}

static void put_record(struct wire *w, const char *owner, unsigned type, unsigned klass, uint32_t ttl, const void *data, size_t size)
{
        put_name(w, owner);
        put_u16(w, type);
        put_u16(w, klass);
        put_u16(w, ttl >> 16);
        put_u16(w, ttl & 0xffff);
        put_u16(w, (unsigned)size);
        put(w, data, size);
}

static void put_a(struct wire *w, const char *owner, uint32_t ttl, const char *address)
{
        struct in_addr in;

        assert_int_equal(inet_pton(AF_INET, address, &in), 1);
        put_record(w, owner, LDNS_RR_TYPE_A, LDNS_RR_CLASS_IN, ttl, &in, sizeof(in));
}

static void put_alias(struct wire *w, const char *owner, uint32_t ttl, const char *to)
{
        static struct wire name;

        name.size = 0;
        put_name(&name, to);
        put_record(w, owner, LDNS_RR_TYPE_CNAME, LDNS_RR_CLASS_IN, ttl, name.data, name.size);
}

static void query_of(struct wire *w, const char *name, unsigned type)
{
        put_head(w, RECURSE, 1, 0, 0, 0);
        put_question(w, name, type);
}

/* How many answers, and authorities, there are; the question is "a.example". */
static void answer_of(struct wire *w, unsigned rcode, unsigned an, unsigned ns)
{
        put_head(w, 0x8180 | rcode, 1, an, ns, 0);
        put_question(w, "a.example.", LDNS_RR_TYPE_A);
}

static void read_good(const struct wire *w, struct query *q)
{
        assert_int_equal(query_read(w->data, w->size, q), 0);
}

/* The answer, read again. */
static ldns_pkt *sent(struct answer *a)
{
        ldns_pkt *p = NULL;

        assert_int_equal(ldns_wire2pkt(&p, a->wire, a->size), LDNS_STATUS_OK);
        assert_true(ldns_pkt_qr(p));
        assert_true(ldns_pkt_ra(p));
        assert_int_equal(ldns_pkt_id(p), ID);
        assert_int_equal(ldns_pkt_get_rcode(p), a->rcode);
        free(a->wire);
        a->wire = NULL;
        return p;
}

/* ---- queries ------------------------------------------------------------------------------------------------------------------- */

static void a_query_is_read(void **state)
{
        struct wire w;
        struct query q;

        (void)state;
        query_of(&w, "WWW.Example-1.", LDNS_RR_TYPE_AAAA);
        read_good(&w, &q);
        assert_string_equal(q.name, "www.example-1");
        assert_false(q.odd);
        assert_false(q.edns);
        assert_int_equal(q.type, LDNS_RR_TYPE_AAAA);
        assert_int_equal(q.klass, LDNS_RR_CLASS_IN);
        assert_int_equal(q.room, 512);
        query_clear(&q);
        assert_null(q.packet);
        query_of(&w, "", LDNS_RR_TYPE_NS);
        read_good(&w, &q);
        assert_string_equal(q.name, "");
        query_clear(&q);
}

static void a_query_of_ldns_is_read(void **state)
{
        ldns_pkt *p = NULL;
        uint8_t *wire = NULL;
        struct query q;
        size_t size;

        (void)state;
        assert_int_equal(ldns_pkt_query_new_frm_str(&p, "_sip._tcp.Example.", LDNS_RR_TYPE_SRV, LDNS_RR_CLASS_IN, LDNS_RD), LDNS_STATUS_OK);
        ldns_pkt_set_edns_udp_size(p, 1400);
        ldns_pkt_set_edns_do(p, true);
        assert_int_equal(ldns_pkt2wire(&wire, p, &size), LDNS_STATUS_OK);
        assert_int_equal(query_read(wire, size, &q), 0);
        assert_string_equal(q.name, "_sip._tcp.example");
        assert_int_equal(q.type, LDNS_RR_TYPE_SRV);
        assert_int_equal(q.room, ROOM_MAX);
        query_clear(&q);
        ldns_pkt_free(p);
        free(wire);
}

static void what_is_cut_off_is_no_query(void **state)
{
        struct wire w;
        struct query q;

        (void)state;
        put_head(&w, RECURSE, 1, 0, 0, 1);
        put_question(&w, "www.example.", LDNS_RR_TYPE_A);
        put_opt(&w, 1232);
        read_good(&w, &q);
        query_clear(&q);
        for (size_t n = 0; n < w.size; n++) {
                _cleanup_free_ uint8_t *copy = malloc(n + !n); /* so that a look behind its end is seen */
                int r;

                memcpy(copy, w.data, n);
                r = query_read(copy, n, &q);
                assert_true(r == -EBADMSG || (r == -EINVAL && n >= LDNS_HEADER_SIZE));
                assert_int_equal(r == -EBADMSG, !q.packet);
                query_clear(&q);
        }
}

static void an_answer_is_no_query(void **state)
{
        struct wire w;
        struct query q;

        (void)state;
        query_of(&w, "a.", LDNS_RR_TYPE_A);
        w.data[2] |= 0x80;
        assert_int_equal(query_read(w.data, w.size, &q), -EBADMSG);
        assert_null(q.packet);
}

/* What it gets: that code, with nothing but its head. */
static void assert_refused(const struct wire *w, int error)
{
        struct query q;
        struct answer a;
        ldns_pkt *p;

        assert_int_equal(query_read(w->data, w->size, &q), error);
        assert_int_equal(answer_empty(&q, LDNS_RCODE_FORMERR, NULL, &a), 0);
        assert_true(a.size <= 512);
        p = sent(&a);
        assert_int_equal(ldns_pkt_get_opcode(p), w->data[2] >> 3 & 15);
        assert_int_equal(ldns_pkt_ancount(p) + ldns_pkt_nscount(p) + ldns_pkt_arcount(p), 0);
        ldns_pkt_free(p);
        query_clear(&q);
}

static void only_one_question_and_an_opt_record_are_a_query(void **state)
{
        struct wire w;

        (void)state;
        put_head(&w, RECURSE, 0, 0, 0, 0);
        assert_refused(&w, -EINVAL);
        put_head(&w, RECURSE, 2, 0, 0, 0);
        put_question(&w, "a.", LDNS_RR_TYPE_A);
        put_question(&w, "b.", LDNS_RR_TYPE_A);
        assert_refused(&w, -EINVAL);
        put_head(&w, RECURSE, 1, 1, 0, 0);
        put_question(&w, "a.", LDNS_RR_TYPE_A);
        put_a(&w, "a.", 1, "192.0.2.1");
        assert_refused(&w, -EINVAL);
        put_head(&w, RECURSE, 1, 0, 1, 0);
        put_question(&w, "a.", LDNS_RR_TYPE_A);
        put_a(&w, "a.", 1, "192.0.2.1");
        assert_refused(&w, -EINVAL);
        put_head(&w, RECURSE, 1, 0, 0, 1);
        put_question(&w, "a.", LDNS_RR_TYPE_A);
        put_a(&w, "a.", 1, "192.0.2.1");
        assert_refused(&w, -EINVAL);
        put_head(&w, RECURSE, 1, 0, 0, 2);
        put_question(&w, "a.", LDNS_RR_TYPE_A);
        put_opt(&w, 512);
        put_opt(&w, 1232);
        assert_refused(&w, -EINVAL);
}

static void pointers_are_not_followed(void **state)
{
        struct wire w;

        (void)state;
        for (unsigned to = 12; to < 20; to++) { /* to itself, and behind */
                put_head(&w, RECURSE, 1, 0, 0, 0);
                put_u16(&w, 0xc000 | to);
                put_u16(&w, LDNS_RR_TYPE_A);
                put_u16(&w, LDNS_RR_CLASS_IN);
                assert_refused(&w, -EINVAL);
        }
        put_head(&w, RECURSE, 1, 0, 0, 0); /* two that point at each other, behind a label */
        put(&w, "\1a", 2);
        put_u16(&w, 0xc000 | 16);
        put_u16(&w, 0xc000 | 14);
        put_u16(&w, LDNS_RR_TYPE_A);
        put_u16(&w, LDNS_RR_CLASS_IN);
        assert_refused(&w, -EINVAL);
        put_head(&w, RECURSE, 1, 0, 0, 0); /* kinds of labels that never were */
        put(&w, "\x41", 1);
        put_question(&w, "a.", LDNS_RR_TYPE_A);
        assert_refused(&w, -EINVAL);
}

static void other_kinds_of_queries_are_not_implemented(void **state)
{
        static const uint16_t types[] = { 0,
                                          LDNS_RR_TYPE_OPT,
                                          128,
                                          LDNS_RR_TYPE_TKEY,
                                          LDNS_RR_TYPE_TSIG,
                                          LDNS_RR_TYPE_IXFR,
                                          LDNS_RR_TYPE_AXFR,
                                          LDNS_RR_TYPE_MAILB,
                                          LDNS_RR_TYPE_ANY };
        static const uint16_t classes[] = { 0, 3 /* CH */, 4, 254, 255 };
        struct wire w;

        (void)state;
        for (unsigned opcode = 1; opcode < 16; opcode++) {
                query_of(&w, "a.", LDNS_RR_TYPE_SOA);
                w.data[2] |= (uint8_t)(opcode << 3);
                assert_refused(&w, -EOPNOTSUPP);
        }
        for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
                query_of(&w, "a.", types[i]);
                assert_refused(&w, -EOPNOTSUPP);
        }
        for (size_t i = 0; i < ARRAY_SIZE(classes); i++) {
                query_of(&w, "a.", LDNS_RR_TYPE_TXT);
                w.data[w.size - 1] = (uint8_t)classes[i];
                assert_refused(&w, -EOPNOTSUPP);
        }
}

static void bytes_of_no_host_name_are_odd(void **state)
{
        static const struct {
                const char *wire;
                size_t size;
                const char *name;
        } odd[] = {
                { "\3a.b\1c", 6, "a?b.c" }, { "\3a\0b", 4, "a?b" }, { "\2\xff\xfe", 3, "??" },   { "\1*\1a", 4, "?.a" },
                { "\2a\\", 3, "a?" },       { "\1 ", 2, "?" },      { "\3\303\244x", 4, "??x" }, { "\2?a", 3, "?a" },
        };
        struct wire w;
        struct query q;

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(odd); i++) {
                put_head(&w, RECURSE, 1, 0, 0, 0);
                put(&w, odd[i].wire, odd[i].size);
                put_question(&w, "", LDNS_RR_TYPE_A);
                read_good(&w, &q);
                assert_true(q.odd);
                assert_string_equal(q.name, odd[i].name);
                query_clear(&q);
        }
}

/* A name of that many bytes in wire format, in labels of up to 63. */
static void name_of(struct wire *w, unsigned bytes)
{
        char label[63];

        memset(label, 'x', sizeof(label));
        for (unsigned left = bytes - 1; left;) {
                const uint8_t n = (uint8_t)(left > 64 ? 63 : left - 1);

                put(w, &n, 1);
                put(w, label, n);
                left -= n + 1U;
        }
        put(w, "", 1);
}

static void names_have_their_largest_size(void **state)
{
        struct wire w;
        struct query q;
        char label[64];

        (void)state;
        memset(label, 'y', sizeof(label));
        put_head(&w, RECURSE, 1, 0, 0, 0);
        name_of(&w, 255);
        put_u16(&w, LDNS_RR_TYPE_A);
        put_u16(&w, LDNS_RR_CLASS_IN);
        read_good(&w, &q);
        assert_int_equal(strlen(q.name), 253);
        query_clear(&q);
        put_head(&w, RECURSE, 1, 0, 0, 0);
        name_of(&w, 256);
        put_u16(&w, LDNS_RR_TYPE_A);
        put_u16(&w, LDNS_RR_CLASS_IN);
        assert_int_equal(query_read(w.data, w.size, &q), -EBADMSG);
        put_head(&w, RECURSE, 1, 0, 0, 0);
        put(&w, "\x3f", 1);
        put(&w, label, 63);
        put_question(&w, "", LDNS_RR_TYPE_A);
        read_good(&w, &q);
        assert_int_equal(strlen(q.name), 63);
        query_clear(&q);
        put_head(&w, RECURSE, 1, 0, 0, 0);
        put(&w, "\x40", 1);
        put(&w, label, 64);
        put_question(&w, "", LDNS_RR_TYPE_A);
        assert_refused(&w, -EINVAL);
}

static void edns_says_how_much_room_there_is(void **state)
{
        static const unsigned rooms[][2] = { { 0, 512 },     { 511, 512 },   { 512, 512 },       { 513, 513 },
                                             { 1232, 1232 }, { 1233, 1232 }, { 4096, ROOM_MAX }, { 65535, ROOM_MAX } };
        struct wire w;
        struct query q;

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(rooms); i++) {
                put_head(&w, RECURSE, 1, 0, 0, 1);
                put_question(&w, "a.", LDNS_RR_TYPE_A);
                put_opt(&w, rooms[i][0]);
                read_good(&w, &q);
                assert_true(q.edns);
                assert_int_equal(q.room, rooms[i][1]);
                query_clear(&q);
        }
}

/* ---- answers without records --------------------------------------------------------------------------------------------------- */

static void an_answer_repeats_what_was_asked(void **state)
{
        static const unsigned flags[] = { 0, RECURSE, CHECKING_DISABLED, RECURSE | CHECKING_DISABLED };
        struct wire w;
        struct query q;
        struct answer a;

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
                const ldns_rr *question;
                ldns_pkt *p;

                put_head(&w, flags[i], 1, 0, 0, 0);
                put_question(&w, "wWw.eXample.", LDNS_RR_TYPE_TXT);
                read_good(&w, &q);
                assert_int_equal(answer_empty(&q, LDNS_RCODE_REFUSED, "not sent: no EDNS", &a), 0);
                assert_int_equal(a.taken + a.left, 0);
                p = sent(&a);
                assert_int_equal(ldns_pkt_rd(p), !!(flags[i] & RECURSE));
                assert_int_equal(ldns_pkt_cd(p), !!(flags[i] & CHECKING_DISABLED));
                assert_false(ldns_pkt_aa(p) || ldns_pkt_ad(p) || ldns_pkt_tc(p) || ldns_pkt_edns(p));
                assert_int_equal(ldns_pkt_get_rcode(p), LDNS_RCODE_REFUSED);
                assert_int_equal(ldns_pkt_qdcount(p), 1);
                question = ldns_rr_list_rr(ldns_pkt_question(p), 0);
                assert_memory_equal(ldns_rdf_data(ldns_rr_owner(question)), "\3wWw\7eXample", 13);
                assert_int_equal(ldns_rr_get_type(question), LDNS_RR_TYPE_TXT);
                ldns_pkt_free(p);
                query_clear(&q);
        }
}

static void why_is_said_where_there_is_edns(void **state)
{
        static const char text[] = "the policy says no";
        const ldns_edns_option *option;
        char long_text[1000];
        struct wire w;
        struct query q;
        struct answer a;
        ldns_pkt *p;

        (void)state;
        memset(long_text, 'x', sizeof(long_text));
        long_text[sizeof(long_text) - 1] = '\0';
        put_head(&w, RECURSE, 1, 0, 0, 1);
        name_of(&w, 255);
        put_u16(&w, LDNS_RR_TYPE_A);
        put_u16(&w, LDNS_RR_CLASS_IN);
        put_opt(&w, 0);
        read_good(&w, &q);
        assert_int_equal(answer_empty(&q, LDNS_RCODE_REFUSED, text, &a), 0);
        p = sent(&a);
        assert_true(ldns_pkt_edns(p));
        assert_int_equal(ldns_pkt_edns_udp_size(p), ROOM_MAX);
        assert_int_equal(ldns_edns_option_list_get_count(ldns_pkt_edns_get_option_list(p)), 1);
        option = ldns_edns_option_list_get_option(ldns_pkt_edns_get_option_list(p), 0);
        assert_int_equal(ldns_edns_get_code(option), LDNS_EDNS_EDE);
        assert_int_equal(ldns_edns_get_size(option), 2 + strlen(text));
        assert_memory_equal(ldns_edns_get_data(option), "\0\17the policy says no", 2 + strlen(text));
        ldns_pkt_free(p);
        assert_int_equal(answer_empty(&q, LDNS_RCODE_SERVFAIL, NULL, &a), 0);
        p = sent(&a);
        assert_true(ldns_pkt_edns(p));
        assert_null(ldns_pkt_edns_get_option_list(p));
        ldns_pkt_free(p);
        assert_int_equal(answer_empty(&q, LDNS_RCODE_REFUSED, long_text, &a), 0);
        assert_true(a.size <= q.room);
        ldns_pkt_free(sent(&a));
        query_clear(&q);
}

/* ---- answers ------------------------------------------------------------------------------------------------------------------- */

struct asked {
        uint8_t last[64]; /* of the addresses that were asked for */
        uint32_t seconds[64];
        size_t n;
        uint8_t refuse; /* bits that a last byte may not have */
};

static bool allowed(void *context, const uint8_t addr[16], uint32_t seconds)
{
        struct asked *asked = context;

        if (asked->n < ARRAY_SIZE(asked->last)) {
                asked->last[asked->n] = addr[15];
                asked->seconds[asked->n] = seconds;
        }
        asked->n++;
        return !(addr[15] & asked->refuse);
}

/* What becomes of it as an answer to a query of "a.example". */
static int made(const struct wire *said, unsigned type, bool udp, struct asked *asked, struct answer *a)
{
        struct wire w;
        struct query q;
        int r;

        query_of(&w, "A.example.", type);
        read_good(&w, &q);
        r = answer_make(&q, said->data, said->size, udp, allowed, asked, a);
        query_clear(&q);
        return r;
}

static ldns_pkt *made_good(const struct wire *said, unsigned type, struct asked *asked, struct answer *a)
{
        assert_int_equal(made(said, type, true, asked, a), 0);
        return sent(a);
}

static void an_address_is_passed_on(void **state)
{
        struct asked asked = { 0 };
        struct wire w;
        struct answer a;
        ldns_pkt *p;

        (void)state;
        answer_of(&w, 0, 1, 0);
        put_a(&w, "a.EXAMPLE.", 300, "192.0.2.7");
        p = made_good(&w, LDNS_RR_TYPE_A, &asked, &a);
        assert_int_equal(ldns_pkt_ancount(p), 1);
        assert_int_equal(ldns_rr_ttl(ldns_rr_list_rr(ldns_pkt_answer(p), 0)), 300);
        assert_int_equal(a.left, 1);
        assert_int_equal(a.taken, 0);
        assert_int_equal(asked.n, 1);
        assert_int_equal(asked.last[0], 7);
        assert_int_equal(asked.seconds[0], 300);
        assert_false(ldns_pkt_ad(p) || ldns_pkt_aa(p));
        ldns_pkt_free(p);
}

static void records_that_are_no_addresses_need_no_leave(void **state)
{
        struct asked asked = { 0 };
        struct wire w;
        struct answer a;
        ldns_pkt *p;

        (void)state;
        answer_of(&w, 0, 3, 0);
        put_record(&w, "a.example.", LDNS_RR_TYPE_TXT, LDNS_RR_CLASS_IN, 1, "\1x", 2);
        put_record(&w, "a.example.", 65280, LDNS_RR_CLASS_IN, 1, "any bytes", 9);
        put_a(&w, "a.example.", 300, "192.0.2.7");
        p = made_good(&w, LDNS_RR_TYPE_TXT, &asked, &a);
        assert_int_equal(ldns_pkt_ancount(p), 1);
        ldns_pkt_free(p);
        p = made_good(&w, 65280, &asked, &a);
        assert_int_equal(ldns_pkt_ancount(p), 1);
        ldns_pkt_free(p);
        assert_int_equal(asked.n + a.left + a.taken, 0);
}

/* The aliases c1 of a.example, c2 of c1 and so on; the address is at the end. Their times go down, that of number 7 most. */
static void chain_of(struct wire *w, unsigned links)
{
        char from[16] = "a.example.", to[16];

        answer_of(w, 0, links + 1, 0);
        for (unsigned i = 1; i <= links; i++) {
                snprintf(to, sizeof(to), "c%u.", i);
                put_alias(w, from, i == 7 ? 61 : 1000 - i, to);
                memcpy(from, to, sizeof(from));
        }
        put_a(w, from, 2000, "192.0.2.7");
}

static void aliases_are_followed(void **state)
{
        static const unsigned links[][2] = { { 1, 999 }, { 6, 994 }, { 7, 61 }, { 15, 61 } };
        struct wire w;
        struct answer a;

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(links); i++) {
                struct asked asked = { 0 };
                ldns_pkt *p;

                chain_of(&w, links[i][0]);
                p = made_good(&w, LDNS_RR_TYPE_A, &asked, &a);
                assert_int_equal(ldns_pkt_ancount(p), links[i][0] + 1);
                assert_int_equal(a.left, 1);
                assert_int_equal(asked.n, 1);
                assert_int_equal(asked.seconds[0], links[i][1]); /* the least of all of them */
                ldns_pkt_free(p);
        }
}

static void too_many_aliases_are_no_answer(void **state)
{
        struct asked asked = { 0 };
        struct wire w;
        struct answer a;

        (void)state;
        chain_of(&w, 16);
        assert_int_equal(made(&w, LDNS_RR_TYPE_A, false, &asked, &a), -EBADMSG);
        chain_of(&w, 17);
        assert_int_equal(made(&w, LDNS_RR_TYPE_A, false, &asked, &a), -EBADMSG);
        answer_of(&w, 0, 3, 0);
        put_alias(&w, "a.example.", 1, "b.example.");
        put_alias(&w, "b.example.", 1, "a.example.");
        put_a(&w, "a.example.", 1, "192.0.2.7");
        assert_int_equal(made(&w, LDNS_RR_TYPE_A, false, &asked, &a), -EBADMSG);
        answer_of(&w, 0, 2, 0);
        put_alias(&w, "a.example.", 1, "a.example.");
        put_a(&w, "a.example.", 1, "192.0.2.7");
        assert_int_equal(made(&w, LDNS_RR_TYPE_A, false, &asked, &a), -EBADMSG);
        assert_int_equal(asked.n, 0);
}

static void who_asks_for_an_alias_gets_it(void **state)
{
        struct asked asked = { 0 };
        struct wire w;
        struct answer a;
        ldns_pkt *p;

        (void)state;
        chain_of(&w, 3);
        p = made_good(&w, LDNS_RR_TYPE_CNAME, &asked, &a);
        assert_int_equal(ldns_pkt_ancount(p), 1);
        assert_int_equal(asked.n, 0);
        ldns_pkt_free(p);
}

static void nothing_else_is_passed_on_or_opened(void **state)
{
        struct asked asked = { 0 };
        struct wire w;
        struct answer a;
        ldns_pkt *p;

        (void)state;
        answer_of(&w, 0, 8, 1);
        put_a(&w, "example.", 1, "192.0.2.1");
        put_a(&w, "x.a.example.", 1, "192.0.2.2");
        put_a(&w, "a.example.example.", 1, "192.0.2.3");
        put_alias(&w, "b.example.", 1, "c.example.");
        put_a(&w, "c.example.", 1, "192.0.2.4");
        put_record(&w, "a.example.", LDNS_RR_TYPE_A, 3, 1, "\300\0\2\5", 4);
        put_record(&w, "a.example.", LDNS_RR_TYPE_AAAA, LDNS_RR_CLASS_IN, 1, "0123456789abcdef", 16);
        put_a(&w, "a.example.", 1, "192.0.2.7");
        put_a(&w, "a.example.", 1, "192.0.2.6"); /* in another section */
        p = made_good(&w, LDNS_RR_TYPE_A, &asked, &a);
        assert_int_equal(ldns_pkt_ancount(p), 1);
        assert_int_equal(ldns_pkt_nscount(p), 0);
        assert_int_equal(a.left, 1);
        assert_int_equal(asked.n, 1);
        assert_int_equal(asked.last[0], 7);
        ldns_pkt_free(p);
}

/* Of a name that is an alias, neither addresses of its own count nor a second alias. */
static void an_alias_stands_before_an_address(void **state)
{
        struct asked asked = { 0 };
        struct wire w;
        struct answer a;
        ldns_pkt *p;

        (void)state;
        answer_of(&w, 0, 5, 0);
        put_alias(&w, "a.example.", 1, "b.example.");
        put_alias(&w, "a.example.", 1, "c.example.");
        put_a(&w, "a.example.", 1, "192.0.2.1");
        put_a(&w, "b.example.", 1, "192.0.2.7");
        put_a(&w, "c.example.", 1, "192.0.2.2");
        p = made_good(&w, LDNS_RR_TYPE_A, &asked, &a);
        assert_int_equal(ldns_pkt_ancount(p), 2);
        assert_int_equal(asked.n, 1);
        assert_int_equal(asked.last[0], 7);
        ldns_pkt_free(p);
}

/* Of one that is too long ldns reads, and writes again, an address's bytes. */
static void an_address_has_its_size(void **state)
{
        struct asked asked = { 0 };
        struct wire w;
        struct answer a;
        ldns_pkt *p;

        (void)state;
        for (size_t n = 0; n < 4; n++) {
                answer_of(&w, 0, 1, 0);
                put_record(&w, "a.example.", LDNS_RR_TYPE_A, LDNS_RR_CLASS_IN, 1, "\300\0\2\7", n);
                if (made(&w, LDNS_RR_TYPE_A, true, &asked, &a) < 0)
                        continue;
                assert_int_equal(a.left, 0);
                free(a.wire);
        }
        assert_int_equal(asked.n, 0);
        answer_of(&w, 0, 1, 0);
        put_record(&w, "a.example.", LDNS_RR_TYPE_A, LDNS_RR_CLASS_IN, 1, "\300\0\2\7x", 5);
        p = made_good(&w, LDNS_RR_TYPE_A, &asked, &a);
        assert_int_equal(asked.last[0], 7);
        assert_int_equal(ldns_rdf_size(ldns_rr_rdf(ldns_rr_list_rr(ldns_pkt_answer(p), 0), 0)), 4);
        ldns_pkt_free(p);
}

static void what_is_cut_off_is_no_answer(void **state)
{
        struct asked asked = { 0 };
        struct wire w;
        struct answer a;

        (void)state;
        chain_of(&w, 2);
        for (size_t n = 0; n < w.size; n++) {
                _cleanup_free_ struct wire *copy = malloc(sizeof(*copy));

                memcpy(copy->data, w.data, n);
                copy->size = n;
                assert_int_equal(made(copy, LDNS_RR_TYPE_A, true, &asked, &a), -EBADMSG);
        }
        assert_int_equal(asked.n, 0);
}

/*
 * The question that an answer repeats is not looked at: libunbound makes both, and hands them over by the query. Records count by their
 * owners alone, and those are reached from the name that was asked for.
 */
static void only_owners_say_whose_an_answer_is(void **state)
{
        struct asked asked = { 0 };
        struct wire w;
        struct answer a;
        ldns_pkt *p;

        (void)state;
        put_head(&w, 0x8180, 1, 2, 0, 0);
        put_question(&w, "b.example.", LDNS_RR_TYPE_AAAA);
        put_a(&w, "b.example.", 1, "192.0.2.1");
        put_a(&w, "a.example.", 1, "192.0.2.7");
        p = made_good(&w, LDNS_RR_TYPE_A, &asked, &a);
        assert_int_equal(asked.n, 1);
        assert_int_equal(asked.last[0], 7);
        assert_memory_equal(ldns_rdf_data(ldns_rr_owner(ldns_rr_list_rr(ldns_pkt_question(p), 0))), "\1A\7example", 11);
        ldns_pkt_free(p);
}

static void put_soa(struct wire *w, const char *owner)
{
        static const uint8_t soa[22] = { 0, 0, [21] = 60 };

        put_record(w, owner, LDNS_RR_TYPE_SOA, LDNS_RR_CLASS_IN, 60, soa, sizeof(soa));
}

static void that_there_is_nothing_is_passed_on(void **state)
{
        static const unsigned rcodes[] = { LDNS_RCODE_NOERROR, LDNS_RCODE_NXDOMAIN };
        struct asked asked = { 0 };
        struct wire w;
        struct answer a;

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(rcodes); i++) {
                ldns_pkt *p;

                answer_of(&w, rcodes[i], 0, 2);
                put_a(&w, "a.example.", 1, "192.0.2.1");
                put_soa(&w, "example.");
                p = made_good(&w, LDNS_RR_TYPE_A, &asked, &a);
                assert_int_equal(a.rcode, rcodes[i]);
                assert_int_equal(ldns_pkt_ancount(p), 0);
                assert_int_equal(ldns_pkt_nscount(p), 1);
                assert_int_equal(ldns_rr_get_type(ldns_rr_list_rr(ldns_pkt_authority(p), 0)), LDNS_RR_TYPE_SOA);
                ldns_pkt_free(p);
        }
        assert_int_equal(asked.n, 0);
}

static void a_failure_is_no_answer(void **state)
{
        struct asked asked = { 0 };
        struct wire w;
        struct answer a;

        (void)state;
        for (unsigned rcode = 1; rcode < 16; rcode++) {
                if (rcode == LDNS_RCODE_NXDOMAIN)
                        continue;
                answer_of(&w, rcode, 1, 0);
                put_a(&w, "a.example.", 1, "192.0.2.1");
                assert_int_equal(made(&w, LDNS_RR_TYPE_A, true, &asked, &a), -EBADMSG);
        }
        assert_int_equal(asked.n, 0);
}

static void addresses_that_are_refused_are_taken_out(void **state)
{
        struct asked some = { .refuse = 1 }, all = { .refuse = 0xff };
        struct wire w;
        struct answer a;
        ldns_pkt *p;

        (void)state;
        answer_of(&w, 0, 4, 1);
        put_alias(&w, "a.example.", 1, "b.example.");
        put_a(&w, "b.example.", 1, "192.0.2.1");
        put_a(&w, "b.example.", 1, "192.0.2.2");
        put_a(&w, "b.example.", 1, "192.0.2.3");
        put_soa(&w, "example.");
        p = made_good(&w, LDNS_RR_TYPE_A, &some, &a);
        assert_int_equal(a.left, 1);
        assert_int_equal(a.taken, 2);
        assert_int_equal(ldns_pkt_ancount(p), 2);
        assert_int_equal(ldns_rdf_data(ldns_rr_rdf(ldns_rr_list_rr(ldns_pkt_answer(p), 1), 0))[3], 2);
        ldns_pkt_free(p);
        p = made_good(&w, LDNS_RR_TYPE_A, &all, &a);
        assert_int_equal(a.left, 0);
        assert_int_equal(a.taken, 3);
        assert_int_equal(ldns_pkt_ancount(p), 1);
        ldns_pkt_free(p);
}

static void what_does_not_fit_over_udp_is_asked_for_again(void **state)
{
        static const unsigned rooms[] = { 512, 600, ROOM_MAX };
        struct wire said;

        (void)state;
        answer_of(&said, 0, 200, 0);
        for (int i = 0; i < 200; i++)
                put_a(&said, "a.example.", 1, "192.0.2.2");
        for (size_t i = 0; i < ARRAY_SIZE(rooms); i++) {
                struct asked asked = { 0 };
                struct wire w;
                struct query q;
                struct answer a;
                ldns_pkt *p;

                put_head(&w, RECURSE, 1, 0, 0, 1);
                put_question(&w, "a.example.", LDNS_RR_TYPE_A);
                put_opt(&w, rooms[i]);
                read_good(&w, &q);
                assert_int_equal(answer_make(&q, said.data, said.size, true, allowed, &asked, &a), 0);
                assert_true(a.size <= rooms[i]);
                p = sent(&a);
                assert_true(ldns_pkt_tc(p));
                assert_int_equal(ldns_pkt_ancount(p), 0);
                assert_true(ldns_pkt_edns(p));
                ldns_pkt_free(p);
                assert_int_equal(answer_make(&q, said.data, said.size, false, allowed, &asked, &a), 0);
                p = sent(&a);
                assert_false(ldns_pkt_tc(p));
                assert_int_equal(ldns_pkt_ancount(p), 200);
                ldns_pkt_free(p);
                query_clear(&q);
        }
}

/* The largest answer that is sent whole: one record less than one that is cut. */
static void what_just_fits_is_not_cut(void **state)
{
        struct wire said;
        struct answer a;
        unsigned whole = 0;

        (void)state;
        for (unsigned n = 1; n < 60; n++) {
                struct asked asked = { 0 };
                ldns_pkt *p;

                answer_of(&said, 0, n, 0);
                for (unsigned i = 0; i < n; i++)
                        put_a(&said, "a.example.", 1, "192.0.2.2");
                p = made_good(&said, LDNS_RR_TYPE_A, &asked, &a);
                if (!ldns_pkt_tc(p))
                        whole = n;
                ldns_pkt_free(p);
        }
        assert_int_equal(whole, (512 - 12 - 15) / 16);
}

/* Names within records may come packed where ldns does not pack them. */
static void what_is_no_message_any_more_is_no_answer(void **state)
{
        static struct wire said;
        struct asked asked = { 0 };
        struct answer a;
        unsigned n = 0;

        (void)state;
        put_head(&said, 0x8180, 1, 0, 0, 0);
        put_question(&said, "a.example.", LDNS_RR_TYPE_SRV);
        put_u16(&said, 0xc000 | 12); /* a long name, as the target of the first */
        for (bool first = true; said.size < 60000; first = false, n++) {
                const size_t at = said.size;

                if (!first)
                        put_u16(&said, 0xc000 | 12);
                put_u16(&said, LDNS_RR_TYPE_SRV);
                put_u16(&said, LDNS_RR_CLASS_IN);
                put(&said, "\0\0\0\1", 4);
                put_u16(&said, first ? 6 + 200 : 6 + 2);
                put_u16(&said, n);
                put(&said, "\0\0\0\0", 4);
                if (first)
                        name_of(&said, 200);
                else
                        put_u16(&said, 0xc000 | (12 + 15 + 12 + 6));
                assert_true(said.size > at);
        }
        said.data[6] = (uint8_t)(n >> 8);
        said.data[7] = (uint8_t)n;
        assert_int_equal(made(&said, LDNS_RR_TYPE_SRV, false, &asked, &a), -EBADMSG);
        assert_int_equal(made(&said, LDNS_RR_TYPE_SRV, true, &asked, &a), 0);
        free(a.wire);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_query_is_read),
                cmocka_unit_test(a_query_of_ldns_is_read),
                cmocka_unit_test(what_is_cut_off_is_no_query),
                cmocka_unit_test(an_answer_is_no_query),
                cmocka_unit_test(only_one_question_and_an_opt_record_are_a_query),
                cmocka_unit_test(pointers_are_not_followed),
                cmocka_unit_test(other_kinds_of_queries_are_not_implemented),
                cmocka_unit_test(bytes_of_no_host_name_are_odd),
                cmocka_unit_test(names_have_their_largest_size),
                cmocka_unit_test(edns_says_how_much_room_there_is),
                cmocka_unit_test(an_answer_repeats_what_was_asked),
                cmocka_unit_test(why_is_said_where_there_is_edns),
                cmocka_unit_test(an_address_is_passed_on),
                cmocka_unit_test(records_that_are_no_addresses_need_no_leave),
                cmocka_unit_test(aliases_are_followed),
                cmocka_unit_test(too_many_aliases_are_no_answer),
                cmocka_unit_test(who_asks_for_an_alias_gets_it),
                cmocka_unit_test(nothing_else_is_passed_on_or_opened),
                cmocka_unit_test(an_alias_stands_before_an_address),
                cmocka_unit_test(an_address_has_its_size),
                cmocka_unit_test(what_is_cut_off_is_no_answer),
                cmocka_unit_test(only_owners_say_whose_an_answer_is),
                cmocka_unit_test(that_there_is_nothing_is_passed_on),
                cmocka_unit_test(a_failure_is_no_answer),
                cmocka_unit_test(addresses_that_are_refused_are_taken_out),
                cmocka_unit_test(what_does_not_fit_over_udp_is_asked_for_again),
                cmocka_unit_test(what_just_fits_is_not_cut),
                cmocka_unit_test(what_is_no_message_any_more_is_no_answer),
        };

        return cmocka_run_group_tests_name("message", tests, NULL, NULL);
}
