/* SPDX-License-Identifier: Apache-2.0 */
#include "resolver/message.h"

#include "base/cleanup.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#define ROOM_WITHOUT_EDNS 512 /* RFC 1035 */
#define ROOM_MAX 1232         /* that no network splits */
#define CHAIN_MAX 16          /* aliases */
#define EDE_BLOCKED 15

static bool is_host_byte(uint8_t c)
{
        return isalnum(c) || c == '-' || c == '_';
}

/* The labels of a name in wire format, as text. */
static int read_name(const ldns_rdf *rdf, struct query *ret)
{
        const uint8_t *wire = ldns_rdf_data(rdf);
        size_t size = ldns_rdf_size(rdf), at = 0, out = 0;

        while (at < size && wire[at]) {
                size_t label = wire[at++];

                if (label > LDNS_MAX_LABELLEN || at + label >= size || out + label + 1 >= sizeof(ret->name))
                        return -EINVAL;
                if (out)
                        ret->name[out++] = '.';
                for (size_t i = 0; i < label; i++, at++) {
                        bool fits = is_host_byte(wire[at]);

                        ret->odd |= !fits;
                        ret->name[out++] = fits ? (char)tolower(wire[at]) : '?';
                }
        }
        ret->name[out] = '\0';
        return 0;
}

static uint16_t read_u16(const uint8_t *from)
{
        return (uint16_t)(from[0] << 8 | from[1]);
}

/* Whether it is one question, whose name is written out, and no more than an OPT record after it. */
static bool is_plain(const uint8_t *wire, size_t size)
{
        size_t at = LDNS_HEADER_SIZE;

        if (LDNS_QDCOUNT(wire) != 1 || LDNS_ANCOUNT(wire) || LDNS_NSCOUNT(wire) || LDNS_ARCOUNT(wire) > 1)
                return false;
        while (at < size && wire[at]) {
                if (wire[at] > LDNS_MAX_LABELLEN)
                        return false;
                at += wire[at] + 1U;
        }
        at += 1 + 2 * sizeof(uint16_t); /* its end, type and class */
        return !LDNS_ARCOUNT(wire) || (at + 3 <= size && !wire[at] && read_u16(wire + at + 1) == LDNS_RR_TYPE_OPT);
}

static int parse(const uint8_t *wire, size_t size, ldns_pkt **ret)
{
        if (ldns_wire2pkt(ret, wire, size) == LDNS_STATUS_OK)
                return 0;
        *ret = NULL;
        return -EBADMSG;
}

/* Without the additional section. */
static int parse_answer(const uint8_t *wire, size_t size, ldns_pkt **ret)
{
        _cleanup_free_ uint8_t *copy = size < LDNS_HEADER_SIZE ? NULL : malloc(size);

        if (!copy)
                return size < LDNS_HEADER_SIZE ? -EBADMSG : -ENOMEM;
        memcpy(copy, wire, size);
        memset(copy + LDNS_ARCOUNT_OFF, 0, sizeof(uint16_t));
        return parse(copy, size, ret);
}

/* The head alone, for an answer to what is not read any further. */
static int parse_head(const uint8_t *wire, ldns_pkt **ret)
{
        uint8_t head[LDNS_HEADER_SIZE] = { 0 };

        memcpy(head, wire, 4); /* id and flags; it counts nothing */
        return parse(head, sizeof(head), ret);
}

/* Types that are for data: RFC 6895, 3.1. */
static bool is_for_data(uint16_t type)
{
        return type && type != LDNS_RR_TYPE_OPT && (type < 128 || type > 255);
}

/*
 * ldns follows up to 65,535 pointers for each name, as many names as there are, and leaks all TSIG records but the last: so it is given
 * nothing that a query does not need.
 */
int query_read(const uint8_t *wire, size_t size, struct query *ret)
{
        const ldns_rr *question;
        size_t room;
        int r;

        *ret = (struct query){ .room = ROOM_WITHOUT_EDNS };
        if (size < LDNS_HEADER_SIZE || LDNS_QR_WIRE(wire))
                return -EBADMSG;
        r = LDNS_OPCODE_WIRE(wire) != LDNS_PACKET_QUERY ? -EOPNOTSUPP : is_plain(wire, size) ? 0 : -EINVAL;
        if (r < 0)
                return parse_head(wire, &ret->packet) < 0 ? -EBADMSG : r;
        r = parse(wire, size, &ret->packet);
        if (r < 0)
                return r;
        ret->edns = ldns_pkt_edns(ret->packet);
        room = ret->edns ? ldns_pkt_edns_udp_size(ret->packet) : 0;
        if (room > ret->room)
                ret->room = room < ROOM_MAX ? room : ROOM_MAX;
        question = ldns_rr_list_rr(ldns_pkt_question(ret->packet), 0);
        ret->type = (uint16_t)ldns_rr_get_type(question);
        ret->klass = (uint16_t)ldns_rr_get_class(question);
        if (ret->klass != LDNS_RR_CLASS_IN || !is_for_data(ret->type))
                return -EOPNOTSUPP;
        return read_name(ldns_rr_owner(question), ret);
}

void query_clear(struct query *q)
{
        ldns_pkt_free(q->packet);
        q->packet = NULL;
}

/* An answer's head. */
static ldns_pkt *reply_new(const struct query *q, ldns_pkt_rcode rcode)
{
        ldns_pkt *p = ldns_pkt_new();
        ldns_rr_list *question = ldns_rr_list_clone(ldns_pkt_question(q->packet));

        if (!p || !question) {
                ldns_pkt_free(p);
                ldns_rr_list_deep_free(question);
                return NULL;
        }
        ldns_pkt_set_id(p, ldns_pkt_id(q->packet));
        ldns_pkt_set_qr(p, true);
        ldns_pkt_set_opcode(p, ldns_pkt_get_opcode(q->packet));
        ldns_pkt_set_rd(p, ldns_pkt_rd(q->packet));
        ldns_pkt_set_cd(p, ldns_pkt_cd(q->packet));
        ldns_pkt_set_ra(p, true);
        ldns_pkt_set_rcode(p, (uint8_t)rcode);
        ldns_rr_list_deep_free(ldns_pkt_question(p));
        ldns_pkt_set_question(p, question);
        ldns_pkt_set_qdcount(p, (uint16_t)ldns_rr_list_rr_count(question));
        if (q->edns)
                ldns_pkt_set_edns_udp_size(p, ROOM_MAX);
        return p;
}

static int to_wire(const ldns_pkt *p, struct answer *ret)
{
        if (ldns_pkt2wire(&ret->wire, p, &ret->size) != LDNS_STATUS_OK)
                return -ENOMEM;
        ret->rcode = ldns_pkt_get_rcode(p);
        return 0;
}

static void add_blocked(ldns_pkt *p, const char *text)
{
        ldns_edns_option_list *list = ldns_edns_option_list_new();
        uint8_t data[2 + 200] = { 0, EDE_BLOCKED };
        size_t length = strnlen(text, sizeof(data) - 2);
        ldns_edns_option *option;

        memcpy(data + 2, text, length);
        option = ldns_edns_new_from_data(LDNS_EDNS_EDE, length + 2, data);
        if (!list || !option || !ldns_edns_option_list_push(list, option)) {
                ldns_edns_deep_free(option);
                ldns_edns_option_list_deep_free(list);
                return;
        }
        ldns_pkt_set_edns_option_list(p, list);
}

int answer_empty(const struct query *q, ldns_pkt_rcode rcode, const char *blocked, struct answer *ret)
{
        ldns_pkt *p = reply_new(q, rcode);
        int r;

        *ret = (struct answer){ 0 };
        if (!p)
                return -ENOMEM;
        if (blocked && q->edns)
                add_blocked(p, blocked);
        r = to_wire(p, ret);
        ldns_pkt_free(p);
        return r;
}

/* As ldns_dname_compare(), in one pass: that begins anew for each label. The lengths of labels are no letters. */
static bool is_same_name(const ldns_rdf *a, const ldns_rdf *b)
{
        const uint8_t *x = ldns_rdf_data(a), *y = ldns_rdf_data(b);

        if (ldns_rdf_size(a) != ldns_rdf_size(b))
                return false;
        for (size_t i = 0; i < ldns_rdf_size(a); i++)
                if (tolower(x[i]) != tolower(y[i]))
                        return false;
        return true;
}

static bool is_at(const ldns_rr *rr, const ldns_rdf *name, uint16_t type)
{
        return ldns_rr_get_type(rr) == type && ldns_rr_get_class(rr) == LDNS_RR_CLASS_IN && is_same_name(ldns_rr_owner(rr), name);
}

static const ldns_rr *find(const ldns_rr_list *list, const ldns_rdf *name, uint16_t type)
{
        for (size_t i = 0; i < ldns_rr_list_rr_count(list); i++)
                if (is_at(ldns_rr_list_rr(list, i), name, type))
                        return ldns_rr_list_rr(list, i);
        return NULL;
}

static int push(ldns_pkt *p, ldns_pkt_section section, const ldns_rr *rr)
{
        ldns_rr *copy = ldns_rr_clone(rr);

        if (copy && ldns_pkt_push_rr(p, section, copy))
                return 0;
        ldns_rr_free(copy);
        return -ENOMEM;
}

/* The address of an A or AAAA record. */
static bool read_address(const ldns_rr *rr, uint8_t addr[16])
{
        const ldns_rdf *rdf = ldns_rr_rd_count(rr) ? ldns_rr_rdf(rr, 0) : NULL;
        bool v4 = ldns_rr_get_type(rr) == LDNS_RR_TYPE_A;

        if (!rdf || ldns_rdf_size(rdf) != (v4 ? 4U : 16U))
                return false;
        memset(addr, 0, 16);
        if (v4)
                addr[10] = addr[11] = 0xff;
        memcpy(addr + (v4 ? 12 : 0), ldns_rdf_data(rdf), ldns_rdf_size(rdf));
        return true;
}

/* Follows the aliases from the name on; *ttl gets the least of theirs. */
static int add_chain(ldns_pkt *p, const ldns_rr_list *list, const ldns_rdf **name, uint16_t type, uint32_t *ttl)
{
        for (int i = 0; type != LDNS_RR_TYPE_CNAME && i < CHAIN_MAX; i++) {
                const ldns_rr *alias = find(list, *name, LDNS_RR_TYPE_CNAME);
                int r;

                if (!alias || !ldns_rr_rd_count(alias))
                        return 0;
                r = push(p, LDNS_SECTION_ANSWER, alias);
                if (r < 0)
                        return r;
                if (ldns_rr_ttl(alias) < *ttl)
                        *ttl = ldns_rr_ttl(alias);
                *name = ldns_rr_rdf(alias, 0);
        }
        return type == LDNS_RR_TYPE_CNAME ? 0 : -EBADMSG; /* longer than any that makes sense */
}

static int add_records(ldns_pkt *p, const ldns_rr_list *list, const ldns_rdf *name, const struct query *q, uint32_t ttl,
                       address_allowed allowed, void *context, struct answer *ret)
{
        for (size_t i = 0; i < ldns_rr_list_rr_count(list); i++) {
                const ldns_rr *rr = ldns_rr_list_rr(list, i);
                uint8_t addr[16];
                int r;

                if (!is_at(rr, name, q->type))
                        continue;
                if (q->type == LDNS_RR_TYPE_A || q->type == LDNS_RR_TYPE_AAAA) {
                        if (!read_address(rr, addr) || !allowed(context, addr, ldns_rr_ttl(rr) < ttl ? ldns_rr_ttl(rr) : ttl)) {
                                ret->taken++;
                                continue;
                        }
                        ret->left++;
                }
                r = push(p, LDNS_SECTION_ANSWER, rr);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* That there is nothing may be remembered for as long as the zone says. */
static int add_authority(ldns_pkt *p, const ldns_rr_list *list)
{
        for (size_t i = 0; i < ldns_rr_list_rr_count(list); i++)
                if (ldns_rr_get_type(ldns_rr_list_rr(list, i)) == LDNS_RR_TYPE_SOA)
                        return push(p, LDNS_SECTION_AUTHORITY, ldns_rr_list_rr(list, i));
        return 0;
}

/* What does not fit is asked for again over TCP. There everything fits but what was packed more tightly than ldns packs. */
static int fit(ldns_pkt *p, const struct query *q, bool udp, struct answer *ret)
{
        int r = to_wire(p, ret);

        if (r < 0 || ret->size <= (udp ? q->room : MESSAGE_MAX))
                return r;
        free(ret->wire);
        ret->wire = NULL;
        if (!udp)
                return -EBADMSG;
        ldns_rr_list_deep_free(ldns_pkt_answer(p));
        ldns_pkt_set_answer(p, ldns_rr_list_new());
        ldns_pkt_set_ancount(p, 0);
        ldns_rr_list_deep_free(ldns_pkt_authority(p));
        ldns_pkt_set_authority(p, ldns_rr_list_new());
        ldns_pkt_set_nscount(p, 0);
        ldns_pkt_set_tc(p, true);
        return to_wire(p, ret);
}

int answer_make(const struct query *q, const uint8_t *from, size_t size, bool udp, address_allowed allowed, void *context,
                struct answer *ret)
{
        const ldns_rdf *name = ldns_rr_owner(ldns_rr_list_rr(ldns_pkt_question(q->packet), 0));
        ldns_pkt *said = NULL, *p = NULL;
        uint32_t ttl = UINT32_MAX;
        int r;

        *ret = (struct answer){ 0 };
        r = parse_answer(from, size, &said);
        if (r < 0)
                return r;
        r = -EBADMSG;
        if (ldns_pkt_get_rcode(said) != LDNS_RCODE_NOERROR && ldns_pkt_get_rcode(said) != LDNS_RCODE_NXDOMAIN)
                goto out;
        p = reply_new(q, ldns_pkt_get_rcode(said));
        if (!p) {
                r = -ENOMEM;
                goto out;
        }
        r = add_chain(p, ldns_pkt_answer(said), &name, q->type, &ttl);
        if (r == 0)
                r = add_records(p, ldns_pkt_answer(said), name, q, ttl, allowed, context, ret);
        if (r == 0 && !ret->left)
                r = add_authority(p, ldns_pkt_authority(said));
        if (r == 0)
                r = fit(p, q, udp, ret);
out:
        ldns_pkt_free(p);
        ldns_pkt_free(said);
        return r;
}
