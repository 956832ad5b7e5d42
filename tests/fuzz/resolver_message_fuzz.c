/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DNS messages. The first byte chooses: any bytes as a query, or as the upstream's answer to a query of one name, or such an answer made of
 * records near that name. No address may be asked about, or passed on, that the name does not lead to in that very message.
 */
#include "base/buffer.h"
#include "base/cleanup.h"
#include "resolver/message.h"
#include "lib/check.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define RECORDS 64
#define STEPS 16 /* aliases that are followed */

enum choice {
        CHOICE_ANSWER = 1 << 0,
        CHOICE_MADE = 1 << 1, /* of records */
        CHOICE_UDP = 1 << 2,
        CHOICE_EDNS = 1 << 3,
        CHOICE_TYPE = 3 << 4, /* index into types[] */
        CHOICE_LARGE = 1 << 6,
};

static const uint16_t types[] = { LDNS_RR_TYPE_A, LDNS_RR_TYPE_AAAA, LDNS_RR_TYPE_CNAME, LDNS_RR_TYPE_TXT };

/* In wire format; the first is asked for. */
static const char *const names[] = { "\1a\7example", "\1A\7eXample", "\1b\7example", "\1c\7example", "\3a.b\0", "\2c\xff\1b\7example", "",
                                     "\1d" };

static void put_u16(struct buffer *b, uint16_t value)
{
        const uint8_t bytes[2] = { (uint8_t)(value >> 8), (uint8_t)value };

        CHECK(buffer_append(b, bytes, sizeof(bytes)) == 0);
}

static void put_name(struct buffer *b, uint8_t which)
{
        const char *name = names[which % ARRAY_SIZE(names)];

        CHECK(buffer_append(b, name, strlen(name) + 1) == 0);
}

static void put_head(struct buffer *b, uint16_t flags, uint16_t answers, uint16_t authorities, uint16_t additionals)
{
        put_u16(b, 0x1234);
        put_u16(b, flags);
        put_u16(b, 1);
        put_u16(b, answers);
        put_u16(b, authorities);
        put_u16(b, additionals);
}

static void make_query(struct buffer *b, uint8_t choice)
{
        put_head(b, 0x0110, 0, 0, choice & CHOICE_EDNS ? 1 : 0);
        put_name(b, 0);
        put_u16(b, types[(choice & CHOICE_TYPE) >> 4]);
        put_u16(b, LDNS_RR_CLASS_IN);
        if (!(choice & CHOICE_EDNS))
                return;
        CHECK(buffer_append(b, "", 1) == 0);
        put_u16(b, LDNS_RR_TYPE_OPT);
        put_u16(b, choice & CHOICE_LARGE ? 4096 : 600);
        CHECK(buffer_append(b, "\0\0\0\0\0\0", 6) == 0);
}

/* A record out of four bytes: owner, type, time, data. */
static void put_record(struct buffer *b, const uint8_t from[4])
{
        static const uint16_t kinds[] = { LDNS_RR_TYPE_A,   LDNS_RR_TYPE_AAAA, LDNS_RR_TYPE_CNAME, LDNS_RR_TYPE_CNAME,
                                          LDNS_RR_TYPE_TXT, LDNS_RR_TYPE_A,    LDNS_RR_TYPE_CNAME, LDNS_RR_TYPE_SOA };
        static const uint8_t addresses[2][16] = { { 192, 0, 2 }, { 0x20, 0x01, 0x0d, 0xb8 } };
        const uint16_t kind = kinds[from[1] % 8];
        _cleanup_buffer_ struct buffer rdata = { 0 };
        uint8_t addr[16];

        put_name(b, from[0]);
        put_u16(b, kind);
        put_u16(b, from[1] & 0x80 ? LDNS_RR_CLASS_CH : LDNS_RR_CLASS_IN);
        put_u16(b, from[2] & 0x80 ? 0xffff : 0);
        put_u16(b, from[2]);
        if (kind == LDNS_RR_TYPE_CNAME) {
                put_name(&rdata, from[3]);
        } else if (kind == LDNS_RR_TYPE_A || kind == LDNS_RR_TYPE_AAAA) {
                size_t n = kind == LDNS_RR_TYPE_A ? 4 : 16;

                memcpy(addr, addresses[kind != LDNS_RR_TYPE_A], sizeof(addr));
                addr[n - 1] = from[3];
                CHECK(buffer_append(&rdata, addr, from[0] & 0x80 ? n - 1 : n) == 0);
        } else {
                for (int i = 0; i < 22; i++)
                        CHECK(buffer_append(&rdata, i ? "" : "\25", 1) == 0);
        }
        put_u16(b, (uint16_t)rdata.length);
        CHECK(buffer_append(b, rdata.data, rdata.length) == 0);
}

static void make_answer(struct buffer *b, const uint8_t *data, size_t size, uint8_t choice)
{
        uint8_t shape = size ? data[0] : 0;
        size_t n = size ? (size - 1) / 4 : 0;

        n = n < RECORDS ? n : RECORDS;
        put_head(b, 0x8180 | (shape & 0x0f), (uint16_t)(n - (shape & 0x80 ? n / 2 : 0)), (uint16_t)(shape & 0x80 ? n / 2 : 0), 0);
        put_name(b, shape >> 4);
        put_u16(b, types[(choice & CHOICE_TYPE) >> 4]);
        put_u16(b, LDNS_RR_CLASS_IN);
        for (size_t i = 0; i < n; i++)
                put_record(b, data + 1 + 4 * i);
}

static ldns_pkt *parsed(const uint8_t *wire, size_t size)
{
        ldns_pkt *p;

        return ldns_wire2pkt(&p, wire, size) == LDNS_STATUS_OK ? p : NULL;
}

/* What the upstream said, without its additional section, of which ldns leaks some. */
static ldns_pkt *parsed_answer(const uint8_t *wire, size_t size)
{
        _cleanup_buffer_ struct buffer copy = { 0 };

        if (size < LDNS_HEADER_SIZE)
                return NULL;
        CHECK(buffer_append(&copy, wire, size) == 0);
        copy.data[LDNS_ARCOUNT_OFF] = copy.data[LDNS_ARCOUNT_OFF + 1] = 0;
        return parsed((const uint8_t *)copy.data, copy.length);
}

/* The alias of the name; NULL: it has none. */
static const ldns_rr *alias_of(const ldns_rr_list *list, const ldns_rdf *name)
{
        for (size_t i = 0; i < ldns_rr_list_rr_count(list); i++) {
                const ldns_rr *rr = ldns_rr_list_rr(list, i);

                if (ldns_rr_get_type(rr) == LDNS_RR_TYPE_CNAME && ldns_rr_get_class(rr) == LDNS_RR_CLASS_IN &&
                    !ldns_dname_compare(ldns_rr_owner(rr), name))
                        return rr;
        }
        return NULL;
}

/* Whether the record is the name's, or one's that the name is an alias of, and holds for so long at least. */
static bool is_reached(const ldns_pkt *said, const ldns_rdf *name, const ldns_rr *record, uint32_t seconds)
{
        for (int i = 0; i <= STEPS && name && ldns_rr_ttl(record) >= seconds; i++) {
                const ldns_rr *alias;

                if (!ldns_dname_compare(ldns_rr_owner(record), name))
                        return true;
                alias = alias_of(ldns_pkt_answer(said), name);
                if (alias && ldns_rr_ttl(alias) < seconds)
                        return false;
                name = alias ? ldns_rr_rdf(alias, 0) : NULL;
        }
        return false;
}

static bool has_address(const ldns_rr *rr, uint16_t type, const uint8_t addr[16])
{
        static const uint8_t mapped[12] = { [10] = 0xff, 0xff };
        const ldns_rdf *rdf = ldns_rr_get_type(rr) == type && ldns_rr_get_class(rr) == LDNS_RR_CLASS_IN ? ldns_rr_rdf(rr, 0) : NULL;

        if (!rdf)
                return false;
        if (type == LDNS_RR_TYPE_A)
                return !memcmp(addr, mapped, 12) && ldns_rdf_size(rdf) == 4 && !memcmp(addr + 12, ldns_rdf_data(rdf), 4);
        return ldns_rdf_size(rdf) == 16 && !memcmp(addr, ldns_rdf_data(rdf), 16);
}

struct seen {
        const struct query *query;
        const ldns_pkt *said;
        unsigned allowed, refused;
};

/* The rule of the policy: no odd address. */
static bool allows(const uint8_t addr[16])
{
        return !(addr[15] & 1);
}

static bool on_address(void *context, const uint8_t addr[16], uint32_t seconds)
{
        struct seen *seen = context;
        const ldns_rr_list *list = ldns_pkt_answer(seen->said);
        const ldns_rdf *name = ldns_rr_owner(ldns_rr_list_rr(ldns_pkt_question(seen->query->packet), 0));
        bool found = false;

        for (size_t i = 0; i < ldns_rr_list_rr_count(list) && !found; i++)
                found = has_address(ldns_rr_list_rr(list, i), seen->query->type, addr) &&
                        is_reached(seen->said, name, ldns_rr_list_rr(list, i), seconds);
        CHECK(found);
        *(allows(addr) ? &seen->allowed : &seen->refused) += 1;
        return allows(addr);
}

/* What is sent is an answer to the query, and fits. */
static ldns_pkt *check_sent(const struct query *q, const struct answer *a, bool udp)
{
        ldns_pkt *sent = parsed(a->wire, a->size);

        CHECK(sent && ldns_pkt_qr(sent) && ldns_pkt_id(sent) == ldns_pkt_id(q->packet));
        CHECK(ldns_pkt_rd(sent) == ldns_pkt_rd(q->packet) && ldns_pkt_get_opcode(sent) == ldns_pkt_get_opcode(q->packet));
        CHECK(ldns_pkt_edns(sent) == q->edns && a->size <= (udp ? q->room : MESSAGE_MAX));
        CHECK(ldns_pkt_get_rcode(sent) == a->rcode && !ldns_pkt_arcount(sent));
        CHECK(ldns_pkt_qdcount(sent) == ldns_pkt_qdcount(q->packet));
        return sent;
}

static void check_name(const struct query *q)
{
        CHECK(strlen(q->name) <= 253 && q->odd == !!strchr(q->name, '?'));
        CHECK(strspn(q->name, "abcdefghijklmnopqrstuvwxyz0123456789-_.?") == strlen(q->name));
        CHECK(ldns_pkt_qdcount(q->packet) == 1 && q->klass == LDNS_RR_CLASS_IN);
}

static void try_query(const uint8_t *data, size_t size, uint8_t choice)
{
        struct query q;
        struct answer a;
        int r = query_read(data, size, &q);

        CHECK(r == 0 || r == -EINVAL || r == -EOPNOTSUPP || r == -EBADMSG);
        CHECK((r == -EBADMSG) == !q.packet);
        if (r == -EBADMSG)
                return;
        if (r == 0)
                check_name(&q);
        CHECK(q.room >= 512 && q.room <= 1232);
        CHECK(answer_empty(&q, LDNS_RCODE_REFUSED, choice & CHOICE_LARGE ? "so says the policy" : NULL, &a) == 0);
        ldns_pkt_free(check_sent(&q, &a, true));
        free(a.wire);
        query_clear(&q);
}

static void check_passed_on(const struct query *q, const struct answer *a, const struct seen *seen, bool udp)
{
        ldns_pkt *sent = check_sent(q, a, udp);
        const ldns_rr_list *list = ldns_pkt_answer(sent);
        unsigned n = 0;

        CHECK(a->left == seen->allowed && a->taken >= seen->refused);
        for (size_t i = 0; i < ldns_rr_list_rr_count(list); i++) {
                const ldns_rr *rr = ldns_rr_list_rr(list, i);

                CHECK(ldns_rr_get_type(rr) == q->type || ldns_rr_get_type(rr) == LDNS_RR_TYPE_CNAME);
                CHECK(is_reached(seen->said, ldns_rr_owner(ldns_rr_list_rr(ldns_pkt_question(q->packet), 0)), rr, 0));
                if (ldns_rr_get_type(rr) != LDNS_RR_TYPE_A && ldns_rr_get_type(rr) != LDNS_RR_TYPE_AAAA)
                        continue;
                CHECK(!(ldns_rdf_data(ldns_rr_rdf(rr, 0))[ldns_rdf_size(ldns_rr_rdf(rr, 0)) - 1] & 1));
                n++;
        }
        CHECK(ldns_pkt_tc(sent) ? udp && !ldns_rr_list_rr_count(list) : n == a->left);
        ldns_pkt_free(sent);
}

static void try_answer(const uint8_t *data, size_t size, uint8_t choice)
{
        _cleanup_buffer_ struct buffer query = { 0 };
        struct seen seen = { 0 };
        struct query q;
        struct answer a;
        int r;

        make_query(&query, choice);
        CHECK(query_read((const uint8_t *)query.data, query.length, &q) == 0);
        seen.query = &q;
        seen.said = parsed_answer(data, size);
        r = answer_make(&q, data, size, choice & CHOICE_UDP, on_address, &seen, &a);
        CHECK(r == 0 || r == -EBADMSG);
        CHECK(seen.said || r == -EBADMSG);
        if (r == 0) {
                check_passed_on(&q, &a, &seen, choice & CHOICE_UDP);
                free(a.wire);
        }
        ldns_pkt_free((ldns_pkt *)seen.said);
        query_clear(&q);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _cleanup_buffer_ struct buffer made = { 0 };
        const uint8_t choice = size ? data[0] : 0;

        if (!size)
                return 0;
        if (!(choice & CHOICE_ANSWER)) {
                try_query(data + 1, size - 1, choice);
        } else if (choice & CHOICE_MADE) {
                make_answer(&made, data + 1, size - 1, choice);
                try_answer((const uint8_t *)made.data, made.length, choice);
        } else {
                try_answer(data + 1, size - 1, choice);
        }
        return 0;
}
