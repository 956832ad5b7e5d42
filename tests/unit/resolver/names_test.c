/* SPDX-License-Identifier: Apache-2.0 */
/* What the resolver knows of a session. What is open is looked up in a map of the kernel's; where there may be none, those tests are
 * skipped. */
#include "unit/policy/fake_fs.h"

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "holdfast/decide.h"
#include "resolver/names.h"

#define NOW 100000u
#define NOW_MS (NOW * 1000ull)
#define OLD 5u /* policies */
#define NEW 6u
#define MAP_ROOM 65536

#define WEB "{\"host\":\"web.example\",\"port\":443}"
#define MAIL "{\"host\":\"mail.example\",\"port\":25,\"proto\":\"tcp\"}"

struct session {
        struct names names;
        struct hf_policy policies[16];
};

/* A session whose policies have all of their capabilities. */
static int setup(void **state)
{
        struct session *s = calloc(1, sizeof(*s));

        assert_non_null(s);
        for (size_t i = 0; i < ARRAY_SIZE(s->policies); i++)
                s->policies[i].active = ~0ULL;
        s->names = (struct names){ .policies = s->policies, .opened = -1, .named = -1 };
        *state = s;
        return 0;
}

static int setup_map(void **state)
{
        LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = BPF_F_NO_PREALLOC);
        struct session *s;

        setup(state);
        s = *state;
        s->names.opened =
                bpf_map_create(BPF_MAP_TYPE_HASH, "opened", sizeof(struct hf_egress_key), sizeof(struct hf_egress), MAP_ROOM, &options);
        s->names.named =
                bpf_map_create(BPF_MAP_TYPE_HASH, "named", sizeof(struct hf_named_key), sizeof(struct hf_egress), MAP_ROOM, &options);
        return 0;
}

static int teardown(void **state)
{
        struct session *s = *state;

        names_clear(&s->names);
        if (s->names.opened >= 0)
                close(s->names.opened);
        if (s->names.named >= 0)
                close(s->names.named);
        free(s);
        return 0;
}

static struct names *with_map(void **state)
{
        struct session *s = *state;

        if (s->names.opened < 0)
                skip();
        return &s->names;
}

/* Under a policy, as the daemon hands it over. */
static void put_under(struct names *n, uint32_t policy, const char *text)
{
        static const struct ceiling none[HF_LAYERS];
        _cleanup_findings_ struct findings findings = FINDINGS_INIT;
        _cleanup_close_ int fd = memfd_create("names", MFD_CLOEXEC);
        _cleanup_free_ struct hosts *hosts = NULL;
        struct policy *p = parsed(text);

        assert_int_equal(policy_hosts(p, none, &hosts, &findings), 0);
        assert_non_null(hosts);
        assert_int_equal(write(fd, hosts, hosts_size(hosts)), hosts_size(hosts));
        assert_int_equal(names_rules(n, policy, fd), 0);
        policy_free(p);
}

static void address(const char *text, uint8_t out[16])
{
        memset(out, 0, 16);
        out[10] = out[11] = 0xff;
        if (inet_pton(AF_INET, text, out + 12) != 1)
                assert_int_equal(inet_pton(AF_INET6, text, out), 1);
}

static void address_number(uint32_t i, uint8_t out[16])
{
        address("198.0.0.0", out);
        out[13] = (uint8_t)(32 + (i >> 16));
        out[14] = (uint8_t)(i >> 8);
        out[15] = (uint8_t)i;
}

static bool open_at(struct names *n, const char *name, const char *at, uint32_t seconds, uint32_t now)
{
        uint8_t addr[16];

        address(at, addr);
        return names_open(n, name, addr, seconds, now);
}

/* What is open at the address; nothing: count is 0. */
static struct hf_egress opened(const struct names *n, uint32_t policy, const char *at)
{
        struct hf_egress_key key = { .prefix = HF_ADDRESS_BITS, .policy = policy };
        struct hf_egress egress = { 0 };

        address(at, key.addr);
        if (bpf_map_lookup_elem(n->opened, &key, &egress))
                assert_int_equal(errno, ENOENT);
        else
                assert_in_range(egress.count, 1, HF_PORTS);
        return egress;
}

/* Of one name, with one range of ports. */
static void assert_open(const struct names *n, uint32_t policy, const char *at, uint16_t port, uint32_t until)
{
        const struct hf_egress egress = opened(n, policy, at);
        unsigned found = 0;

        for (__u32 i = 0; i < egress.count; i++)
                if (egress.port[i].from == port && egress.port[i].to == port && egress.port[i].until == until)
                        found++;
        assert_int_equal(found, 1);
}

static unsigned map_entries(const struct names *n)
{
        struct hf_egress_key key, next;
        unsigned count = 0;

        while (!bpf_map_get_next_key(n->opened, count ? &key : NULL, &next)) {
                key = next;
                count++;
        }
        return count;
}

static enum resolver_why decided(struct names *n, const char *name, uint64_t now_ms)
{
        return names_decide(n, name, false, now_ms).what;
}

/* ---- decisions ----------------------------------------------------------------------------------------------------------------- */

static void without_a_policy_no_name_is_asked_for(void **state)
{
        struct names *n = &((struct session *)*state)->names;
        struct names_verdict v = names_decide(n, "web.example", false, NOW_MS);

        assert_int_equal(v.what, RESOLVER_REFUSED);
        assert_int_equal(v.why, HF_WHY_NO_RULE);
        assert_false(open_at(n, "web.example", "192.0.2.1", 300, NOW));
        assert_int_equal(n->n_addresses, 0);
}

static void the_policy_says_which_names_are_asked_for(void **state)
{
        struct session *s = *state;
        struct names *n = &s->names;
        struct names_verdict v;

        put_under(n, OLD, EGRESS(WEB ",{\"host\":\"*.example\"},{\"host\":\"no.example\",\"deny\":true}"));
        v = names_decide(n, "web.example", false, NOW_MS);
        assert_int_equal(v.what, RESOLVER_ANSWERED);
        assert_int_equal(v.rule, 1);
        assert_int_equal(v.policy, OLD);
        v = names_decide(n, "x.example", false, NOW_MS);
        assert_int_equal(v.what, RESOLVER_ANSWERED);
        assert_int_equal(v.rule, 2);
        v = names_decide(n, "no.example", false, NOW_MS);
        assert_int_equal(v.what, RESOLVER_REFUSED);
        assert_int_equal(v.why, HF_WHY_RULE);
        assert_int_equal(v.rule, 3);
        v = names_decide(n, "example", false, NOW_MS);
        assert_int_equal(v.what, RESOLVER_REFUSED);
        assert_int_equal(v.why, HF_WHY_NO_RULE);
        assert_int_equal(decided(n, "", NOW_MS), RESOLVER_REFUSED);
        s->policies[OLD].killed = 1;
        v = names_decide(n, "web.example", false, NOW_MS);
        assert_int_equal(v.what, RESOLVER_REFUSED);
        assert_int_equal(v.why, HF_WHY_INACTIVE);
}

static void an_odd_name_is_never_asked_for(void **state)
{
        struct names *n = &((struct session *)*state)->names;

        put_under(n, OLD, EGRESS("{\"host\":\"*.example\"}"));
        assert_int_equal(names_decide(n, "a?b.example", true, NOW_MS).what, RESOLVER_REFUSED);
        assert_int_equal(names_decide(n, "web.example", true, NOW_MS).what, RESOLVER_REFUSED);
        assert_int_equal(n->n_asked, 0);
}

static void the_newest_policy_decides(void **state)
{
        struct names *n = &((struct session *)*state)->names;

        put_under(n, OLD, EGRESS(WEB));
        put_under(n, NEW, EGRESS(MAIL));
        assert_int_equal(decided(n, "web.example", NOW_MS), RESOLVER_REFUSED);
        assert_int_equal(decided(n, "mail.example", NOW_MS), RESOLVER_ANSWERED);
        names_drop(n, NEW);
        assert_int_equal(decided(n, "web.example", NOW_MS), RESOLVER_ANSWERED);
        names_drop(n, NEW); /* that it does not know */
        names_drop(n, 0);
        assert_int_equal(decided(n, "web.example", NOW_MS), RESOLVER_ANSWERED);
        put_under(n, OLD, EGRESS(MAIL)); /* in the place of the other of that number */
        assert_int_equal(n->tables[1].policy, 0);
        assert_int_equal(decided(n, "web.example", NOW_MS), RESOLVER_REFUSED);
        names_drop(n, OLD);
        assert_int_equal(decided(n, "mail.example", NOW_MS), RESOLVER_REFUSED);
}

static void there_are_so_many_policies_at_once(void **state)
{
        struct names *n = &((struct session *)*state)->names;
        _cleanup_close_ int empty = memfd_create("empty", MFD_CLOEXEC);

        assert_true(names_rules(n, 1, empty) < 0);
        assert_true(names_rules(n, 1, -1) < 0);
        assert_int_equal(n->tables[0].policy, 0);
        for (uint32_t policy = 1; policy <= TABLES; policy++)
                put_under(n, policy, EGRESS(WEB));
        assert_int_equal(names_rules(n, TABLES + 1, empty), -EBUSY);
        names_drop(n, 2);
        put_under(n, TABLES + 1, EGRESS(MAIL));
        assert_int_equal(n->tables[0].policy, TABLES + 1);
        assert_int_equal(n->tables[TABLES - 1].policy, 1);
}

static void queries_come_at_a_rate(void **state)
{
        struct names *n = &((struct session *)*state)->names;
        unsigned good = 0;

        put_under(n, OLD, EGRESS(WEB));
        for (int i = 0; i < 3 * QUERIES_A_SECOND; i++)
                good += decided(n, "web.example", NOW_MS) == RESOLVER_ANSWERED;
        assert_int_equal(good, 2 * QUERIES_A_SECOND); /* that many at once */
        assert_int_equal(decided(n, "none.example", NOW_MS), RESOLVER_LIMIT);
        good = 0;
        for (int i = 0; i < QUERIES_A_SECOND; i++)
                good += decided(n, "web.example", NOW_MS + 100) == RESOLVER_ANSWERED;
        assert_int_equal(good, QUERIES_A_SECOND / 10);
        good = 0;
        for (int i = 0; i < 3 * QUERIES_A_SECOND; i++)
                good += decided(n, "web.example", NOW_MS + 3600000) == RESOLVER_ANSWERED;
        assert_int_equal(good, 2 * QUERIES_A_SECOND);
}

static void labels_below_a_star_are_short(void **state)
{
        struct names *n = &((struct session *)*state)->names;
        char name[128], label[LABEL_MAX + 2];

        memset(label, 'x', sizeof(label));
        label[LABEL_MAX + 1] = '\0';
        put_under(n, OLD,
                  EGRESS("{\"host\":\"*.example\"},{\"host\":\"*.y.test\"},"
                         "{\"host\":\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx.example\"}"));
        snprintf(name, sizeof(name), "%s.example", label + 1);
        assert_int_equal(decided(n, name, NOW_MS), RESOLVER_ANSWERED);
        snprintf(name, sizeof(name), "%s.example", label);
        assert_int_equal(decided(n, name, NOW_MS), RESOLVER_LIMIT);
        snprintf(name, sizeof(name), "a.%s.b.example", label);
        assert_int_equal(decided(n, name, NOW_MS), RESOLVER_LIMIT);
        /* One that a rule names itself carries nothing. */
        assert_int_equal(decided(n, "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx.example", NOW_MS), RESOLVER_ANSWERED);
        assert_int_equal(n->n_asked, 1);
}

static void names_below_a_star_are_counted_for_an_hour(void **state)
{
        struct names *n = &((struct session *)*state)->names;
        uint64_t now = NOW_MS;
        char name[64];

        put_under(n, OLD, EGRESS("{\"host\":\"*.example\"}," WEB));
        for (unsigned i = 0; i < NAMES_MAX; i++) {
                snprintf(name, sizeof(name), "n%u.example", i);
                assert_int_equal(decided(n, name, now += 1), RESOLVER_ANSWERED);
        }
        assert_int_equal(n->n_asked, NAMES_MAX);
        assert_int_equal(decided(n, "one-more.example", now), RESOLVER_LIMIT);
        assert_int_equal(decided(n, "n0.example", now), RESOLVER_ANSWERED); /* again */
        assert_int_equal(decided(n, "web.example", now), RESOLVER_ANSWERED);
        assert_int_equal(decided(n, "one-more.example", NOW_MS + 3599999), RESOLVER_LIMIT);
        assert_int_equal(decided(n, "one-more.example", NOW_MS + 3600000), RESOLVER_ANSWERED);
        assert_int_equal(n->n_asked, 1);
}

/* ---- what is open -------------------------------------------------------------------------------------------------------------- */

static void a_name_opens_its_ports_at_an_address(void **state)
{
        struct names *n = with_map(state);

        put_under(n, OLD, EGRESS(WEB "," MAIL));
        assert_true(open_at(n, "web.example", "192.0.2.1", 300, NOW));
        assert_int_equal(opened(n, OLD, "192.0.2.1").count, 1);
        assert_open(n, OLD, "192.0.2.1", 443, NOW + 300);
        assert_int_equal(opened(n, OLD, "192.0.2.1").port[0].proto, HF_TCP);
        assert_int_equal(opened(n, OLD, "192.0.2.1").port[0].flags, HF_PORT_TLS);
        assert_int_equal(opened(n, OLD, "192.0.2.1").port[0].rule, 1);
        assert_true(open_at(n, "mail.example", "2001:db8::1", 300, NOW));
        assert_open(n, OLD, "2001:db8::1", 25, NOW + 300);
        assert_int_equal(opened(n, OLD, "2001:db8::1").port[0].proto, HF_TCP);
        assert_int_equal(map_entries(n), 2);
        assert_false(open_at(n, "none.example", "192.0.2.1", 300, NOW));
        assert_false(open_at(n, "web.example", "10.0.0.1", 300, NOW));
        assert_false(open_at(n, "web.example", "127.0.0.1", 300, NOW));
        assert_int_equal(map_entries(n), 2);
        assert_int_equal(n->n_addresses, 2);
        assert_false(n->closed);
}

#define DENIED "{\"cidr\":\"192.0.2.0/24\",\"deny\":true}"

static void no_name_opens_an_address_that_the_policy_denies(void **state)
{
        struct names *n = with_map(state);

        put_under(n, OLD, EGRESS(WEB "," DENIED ",{\"cidr\":\"192.0.2.9\",\"port\":443}"));
        assert_int_equal(decided(n, "web.example", NOW_MS), RESOLVER_ANSWERED);
        assert_false(open_at(n, "web.example", "192.0.2.1", 300, NOW));
        assert_int_equal(map_entries(n), 0);
        assert_true(open_at(n, "web.example", "198.51.100.1", 300, NOW));
        /* What a rule by address opens again is no reason to refuse the name. */
        assert_true(open_at(n, "web.example", "192.0.2.9", 300, NOW));
        assert_int_equal(opened(n, OLD, "192.0.2.9").port[0].rule, 3);
}

static void an_address_that_a_later_policy_denies_is_not_open_under_it(void **state)
{
        struct names *n = with_map(state);

        put_under(n, OLD, EGRESS(WEB));
        assert_true(open_at(n, "web.example", "192.0.2.1", 300, NOW));
        put_under(n, NEW, EGRESS(WEB "," DENIED));
        assert_int_equal(opened(n, OLD, "192.0.2.1").count, 1);
        assert_int_equal(opened(n, NEW, "192.0.2.1").count, 0);
}

static void an_address_is_open_for_a_minute_at_least_and_a_day_at_most(void **state)
{
        struct names *n = with_map(state);

        put_under(n, OLD, EGRESS(WEB));
        assert_true(open_at(n, "web.example", "192.0.2.1", 0, NOW));
        assert_open(n, OLD, "192.0.2.1", 443, NOW + OPENED_AT_LEAST);
        assert_true(open_at(n, "web.example", "192.0.2.2", 61, NOW));
        assert_open(n, OLD, "192.0.2.2", 443, NOW + 61);
        assert_true(open_at(n, "web.example", "192.0.2.3", UINT32_MAX, NOW));
        assert_open(n, OLD, "192.0.2.3", 443, NOW + 86400);
}

static void what_is_opened_again_is_open_for_longer_only(void **state)
{
        struct names *n = with_map(state);

        put_under(n, OLD, EGRESS(WEB));
        assert_true(open_at(n, "web.example", "192.0.2.1", 300, NOW));
        assert_true(open_at(n, "web.example", "192.0.2.1", 100, NOW + 1));
        assert_open(n, OLD, "192.0.2.1", 443, NOW + 300);
        assert_true(open_at(n, "web.example", "192.0.2.1", 300, NOW + 1));
        assert_open(n, OLD, "192.0.2.1", 443, NOW + 301);
        assert_int_equal(n->n_addresses, 1);
        assert_int_equal(n->n_openings, 1);
}

static void names_at_one_address_open_their_own_ports(void **state)
{
        struct names *n = with_map(state);

        put_under(n, OLD, EGRESS(WEB "," MAIL));
        assert_true(open_at(n, "web.example", "192.0.2.1", 100, NOW));
        assert_true(open_at(n, "mail.example", "192.0.2.1", 200, NOW));
        assert_int_equal(n->n_addresses, 1);
        assert_open(n, OLD, "192.0.2.1", 443, NOW + 100);
        assert_open(n, OLD, "192.0.2.1", 25, NOW + 200);
        assert_int_equal(names_expire(n, NOW + 100 + HF_GRACE), 1);
        assert_int_equal(opened(n, OLD, "192.0.2.1").count, 1);
        assert_open(n, OLD, "192.0.2.1", 25, NOW + 200);
        assert_true(n->closed);
        assert_int_equal(names_expire(n, NOW + 200 + HF_GRACE), 1);
        assert_int_equal(map_entries(n), 0);
        assert_int_equal(n->n_addresses + n->n_openings, 0);
}

static void what_has_ended_is_closed_after_the_grace(void **state)
{
        struct names *n = with_map(state);
        uint32_t rule;
        struct hf_egress egress;

        put_under(n, OLD, EGRESS(WEB));
        assert_true(open_at(n, "web.example", "192.0.2.1", 300, NOW));
        assert_int_equal(names_expire(n, NOW + 300), 0);
        assert_int_equal(names_expire(n, NOW + 300 + HF_GRACE - 1), 0);
        egress = opened(n, OLD, "192.0.2.1");
        assert_int_equal(egress.count, 1);
        assert_int_equal(hf_egress_decide(&egress, ~0ULL, 0, HF_TCP, 443, NOW + 300, &rule), HF_WHY_NO_RULE);
        assert_false(n->closed);
        assert_int_equal(names_expire(n, NOW + 300 + HF_GRACE), 1);
        assert_int_equal(opened(n, OLD, "192.0.2.1").count, 0);
        assert_true(n->closed);
        assert_int_equal(names_expire(n, NOW + 300 + HF_GRACE), 0);
        assert_int_equal(names_expire(n, 10), 0); /* the host has just begun */
}

static void while_policies_are_switched_both_have_what_is_open(void **state)
{
        struct names *n = with_map(state);

        put_under(n, OLD, EGRESS(WEB "," MAIL));
        assert_true(open_at(n, "web.example", "192.0.2.1", 300, NOW));
        assert_true(open_at(n, "mail.example", "192.0.2.2", 300, NOW));
        put_under(n, NEW,
                  EGRESS("{\"host\":\"*.example\",\"port\":80},{\"host\":\"mail.example\",\"deny\":true},{\"host\":\"n.example\"}"));
        /* The new one opens what it says of the same names. */
        assert_open(n, OLD, "192.0.2.1", 443, NOW + 300);
        assert_open(n, NEW, "192.0.2.1", 80, NOW + 300);
        assert_open(n, OLD, "192.0.2.2", 25, NOW + 300);
        assert_int_equal(opened(n, NEW, "192.0.2.2").count, 0);
        assert_true(open_at(n, "web.example", "192.0.2.3", 300, NOW));
        assert_open(n, OLD, "192.0.2.3", 443, NOW + 300);
        assert_open(n, NEW, "192.0.2.3", 80, NOW + 300);
        assert_true(open_at(n, "n.example", "192.0.2.4", 300, NOW)); /* the old one says nothing of it */
        assert_int_equal(opened(n, OLD, "192.0.2.4").count, 0);
        assert_int_equal(opened(n, NEW, "192.0.2.4").count, 3);          /* https apart */
        assert_false(open_at(n, "mail.example", "192.0.2.5", 300, NOW)); /* the new one refuses */
        assert_int_equal(opened(n, OLD, "192.0.2.5").count, 0);
        assert_int_equal(names_expire(n, NOW + 300 + HF_GRACE), 4);
        assert_int_equal(map_entries(n), 0);
}

/* What the name alone opens there, as the hello of TLS is compared with. */
static bool named(const struct names *n, uint32_t policy, const char *name, const char *at)
{
        struct hf_named_key key = { .policy = policy };
        struct hf_egress egress;

        address(at, key.addr);
        strcpy(key.name, name);
        return bpf_map_lookup_elem(n->named, &key, &egress) == 0;
}

static void names_are_known_where_a_rule_asks_for_tls(void **state)
{
        struct names *n = with_map(state);

        put_under(n, OLD, EGRESS("{\"host\":\"*.example\",\"port\":443},{\"host\":\"plain.example\",\"port\":443,\"tls\":false}"));
        assert_true(open_at(n, "a.example", "192.0.2.1", 60, NOW));
        assert_true(open_at(n, "b.example", "192.0.2.1", 300, NOW));
        assert_true(open_at(n, "plain.example", "192.0.2.1", 300, NOW));
        assert_true(named(n, OLD, "a.example", "192.0.2.1"));
        assert_true(named(n, OLD, "b.example", "192.0.2.1"));
        assert_false(named(n, OLD, "plain.example", "192.0.2.1"));
        assert_false(named(n, OLD, "a.example", "192.0.2.2"));
        put_under(n, NEW, EGRESS("{\"host\":\"b.example\",\"port\":8443,\"tls\":true}"));
        assert_true(named(n, NEW, "b.example", "192.0.2.1"));
        assert_false(named(n, NEW, "a.example", "192.0.2.1"));
        names_expire(n, NOW + 60 + HF_GRACE);
        assert_false(named(n, OLD, "a.example", "192.0.2.1"));
        assert_true(named(n, OLD, "b.example", "192.0.2.1"));
        names_expire(n, NOW + 300 + HF_GRACE);
        assert_false(named(n, OLD, "b.example", "192.0.2.1"));
        assert_false(named(n, NEW, "b.example", "192.0.2.1"));
}

/* What is open under a policy that is dropped goes when it is unloaded, all together. */
static void nothing_is_opened_or_closed_under_a_policy_that_was_dropped(void **state)
{
        struct names *n = with_map(state);

        put_under(n, OLD, EGRESS(WEB));
        assert_true(open_at(n, "web.example", "192.0.2.1", 300, NOW));
        put_under(n, NEW, EGRESS(WEB));
        names_drop(n, OLD);
        assert_open(n, NEW, "192.0.2.1", 443, NOW + 300);
        assert_true(open_at(n, "web.example", "192.0.2.1", 400, NOW));
        assert_open(n, OLD, "192.0.2.1", 443, NOW + 300);
        assert_open(n, NEW, "192.0.2.1", 443, NOW + 400);
        assert_true(open_at(n, "web.example", "192.0.2.2", 400, NOW));
        assert_int_equal(opened(n, OLD, "192.0.2.2").count, 0);
        names_expire(n, NOW + 400 + HF_GRACE);
        assert_int_equal(map_entries(n), 1);
        assert_open(n, OLD, "192.0.2.1", 443, NOW + 300);
}

static void many_names_at_one_address_take_each_others_place(void **state)
{
        struct names *n = with_map(state);
        char name[64];

        put_under(n, OLD, EGRESS("{\"host\":\"*.example\",\"port\":443}," MAIL));
        assert_true(open_at(n, "mail.example", "192.0.2.1", 400, NOW));
        for (unsigned i = 1; i < NAMES_AN_ADDRESS; i++) {
                snprintf(name, sizeof(name), "n%u.example", i);
                assert_true(open_at(n, name, "192.0.2.1", 300 + i, NOW));
        }
        assert_false(n->closed);
        assert_true(open_at(n, "one-more.example", "192.0.2.1", 500, NOW)); /* for n1 */
        assert_int_equal(n->n_openings, NAMES_AN_ADDRESS);
        assert_open(n, OLD, "192.0.2.1", 443, NOW + 500);
        assert_open(n, OLD, "192.0.2.1", 25, NOW + 400);
        assert_true(n->closed);
        assert_int_equal(names_expire(n, NOW + 301 + HF_GRACE), 0);
        assert_int_equal(names_expire(n, NOW + 302 + HF_GRACE), 1);
        assert_int_equal(n->n_openings, NAMES_AN_ADDRESS - 1);
}

static void so_many_addresses_are_open_at_once(void **state)
{
        struct names *n = with_map(state);
        uint8_t addr[16];

        put_under(n, OLD, EGRESS("{\"host\":\"web.example\",\"port\":80}"));
        for (uint32_t i = 0; i < ADDRESSES_MAX; i++) {
                address_number(i, addr);
                assert_true(names_open(n, "web.example", addr, i < 10 ? 100 : 300, NOW));
        }
        assert_int_equal(map_entries(n), ADDRESSES_MAX);
        assert_false(open_at(n, "web.example", "192.0.2.1", 300, NOW + 50));
        assert_int_equal(map_entries(n), ADDRESSES_MAX);
        assert_int_equal(opened(n, OLD, "192.0.2.1").count, 0);
        address_number(20, addr); /* one of them for longer */
        assert_true(names_open(n, "web.example", addr, 400, NOW + 50));
        assert_false(n->closed);
        assert_true(open_at(n, "web.example", "192.0.2.1", 300, NOW + 100)); /* for one of those whose time has ended */
        assert_open(n, OLD, "192.0.2.1", 80, NOW + 400);
        assert_int_equal(n->n_addresses, ADDRESSES_MAX - 10 + 1);
        assert_int_equal(map_entries(n), ADDRESSES_MAX - 10 + 1);
        assert_true(n->closed);
}

static void names_open_so_much_together(void **state)
{
        struct names *n = with_map(state);
        uint32_t good = 0;
        uint8_t addr[16];
        char name[64];

        put_under(n, OLD, EGRESS("{\"host\":\"*.example\",\"port\":80}"));
        for (uint32_t i = 0; i < OPENINGS_MAX + 100; i++) {
                address_number(i / 8, addr);
                snprintf(name, sizeof(name), "n%u.example", i % 8);
                good += names_open(n, name, addr, 300, NOW);
        }
        assert_int_equal(good, OPENINGS_MAX);
        assert_int_equal(n->n_openings, OPENINGS_MAX);
        names_expire(n, NOW + 300 + HF_GRACE);
        assert_int_equal(n->n_openings + n->n_addresses, 0);
        assert_int_equal(map_entries(n), 0);
}

static void names_for_tls_are_so_many(void **state)
{
        struct names *n = with_map(state);
        uint32_t good = 0;
        uint8_t addr[16];

        put_under(n, OLD, EGRESS(WEB));
        for (uint32_t i = 0; i < NAMED_MAX + 10; i++) {
                address_number(i, addr);
                good += names_open(n, "web.example", addr, 300, NOW);
        }
        assert_int_equal(good, NAMED_MAX);
        assert_int_equal(n->n_addresses, NAMED_MAX);
        names_expire(n, NOW + 300 + HF_GRACE);
        assert_int_equal(n->n_named + n->n_openings + n->n_addresses, 0);
}

static void what_cannot_be_opened_is_not_told(void **state)
{
        struct names *n = &((struct session *)*state)->names;

        put_under(n, OLD, EGRESS(WEB));
        assert_int_equal(n->opened, -1);
        assert_false(open_at(n, "web.example", "192.0.2.1", 300, NOW));
        assert_int_equal(n->n_addresses + n->n_openings, 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(without_a_policy_no_name_is_asked_for, setup, teardown),
                cmocka_unit_test_setup_teardown(the_policy_says_which_names_are_asked_for, setup, teardown),
                cmocka_unit_test_setup_teardown(an_odd_name_is_never_asked_for, setup, teardown),
                cmocka_unit_test_setup_teardown(the_newest_policy_decides, setup, teardown),
                cmocka_unit_test_setup_teardown(there_are_so_many_policies_at_once, setup, teardown),
                cmocka_unit_test_setup_teardown(queries_come_at_a_rate, setup, teardown),
                cmocka_unit_test_setup_teardown(labels_below_a_star_are_short, setup, teardown),
                cmocka_unit_test_setup_teardown(names_below_a_star_are_counted_for_an_hour, setup, teardown),
                cmocka_unit_test_setup_teardown(a_name_opens_its_ports_at_an_address, setup_map, teardown),
                cmocka_unit_test_setup_teardown(no_name_opens_an_address_that_the_policy_denies, setup_map, teardown),
                cmocka_unit_test_setup_teardown(an_address_that_a_later_policy_denies_is_not_open_under_it, setup_map, teardown),
                cmocka_unit_test_setup_teardown(an_address_is_open_for_a_minute_at_least_and_a_day_at_most, setup_map, teardown),
                cmocka_unit_test_setup_teardown(what_is_opened_again_is_open_for_longer_only, setup_map, teardown),
                cmocka_unit_test_setup_teardown(names_at_one_address_open_their_own_ports, setup_map, teardown),
                cmocka_unit_test_setup_teardown(what_has_ended_is_closed_after_the_grace, setup_map, teardown),
                cmocka_unit_test_setup_teardown(while_policies_are_switched_both_have_what_is_open, setup_map, teardown),
                cmocka_unit_test_setup_teardown(names_are_known_where_a_rule_asks_for_tls, setup_map, teardown),
                cmocka_unit_test_setup_teardown(nothing_is_opened_or_closed_under_a_policy_that_was_dropped, setup_map, teardown),
                cmocka_unit_test_setup_teardown(many_names_at_one_address_take_each_others_place, setup_map, teardown),
                cmocka_unit_test_setup_teardown(so_many_addresses_are_open_at_once, setup_map, teardown),
                cmocka_unit_test_setup_teardown(names_open_so_much_together, setup_map, teardown),
                cmocka_unit_test_setup_teardown(names_for_tls_are_so_many, setup_map, teardown),
                cmocka_unit_test_setup_teardown(what_cannot_be_opened_is_not_told, setup, teardown),
        };

        return cmocka_run_group_tests_name("names", tests, NULL, NULL);
}
